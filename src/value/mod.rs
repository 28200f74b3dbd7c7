//! What a script and a board exchange: Python's literals as data.
//!
//! [`mod@write`] makes Python source of a value, [`parse`] reads the `repr` that a board printed. Both are pure.
//! Invariant: `parse(write(v)) == v` for every value that a board can send back.

pub mod parse;
pub mod write;

use num_bigint::BigInt;

/// A Python value that has a literal, or close to one.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// `True`, `False`.
    Bool(bool),
    /// An `int` within 64 bits.
    Int(i64),
    /// An `int` outside 64 bits. Never within: [`Value::integer`] keeps that.
    BigInt(BigInt),
    /// A `float`, infinities and nan included.
    Float(f64),
    /// A `str`.
    Str(String),
    /// `bytes`, `bytearray` or `memoryview`.
    Bytes(Vec<u8>),
    /// `list`, and on the way from a board `range`, dict views and `array`.
    List(Vec<Value>),
    /// A `tuple`.
    Tuple(Vec<Value>),
    /// A `dict`, in the order of its pairs.
    Dict(Vec<(Value, Value)>),
    /// An `OrderedDict`.
    OrderedDict(Vec<(Value, Value)>),
    /// A `set`, in the order in which it was printed.
    Set(Vec<Value>),
    /// A `frozenset`.
    FrozenSet(Vec<Value>),
    /// A `complex` number: real and imaginary part.
    Complex(f64, f64),
    /// A `namedtuple`: name of its class, fields in order.
    NamedTuple(String, Vec<(String, Value)>),
    /// `Ellipsis`.
    Ellipsis,
    /// An object that stays on the board, by the expression that names it there.
    Remote(String),
    /// The `repr` of something that has no literal (only from items marked `trusted`). It cannot be sent.
    Opaque(String),
}

impl Value {
    /// An integer in its smallest form.
    pub fn integer(number: BigInt) -> Value {
        match i64::try_from(&number) {
            Ok(small) => Value::Int(small),
            Err(_) => Value::BigInt(number),
        }
    }
}
