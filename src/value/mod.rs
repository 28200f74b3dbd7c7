//! Values exchanged between a script and a board: Python's literals as data.
//!
//! [`mod@write`] makes Python source of a value, [`parse`] reads the `repr` that a board printed, [`same`] compares, [`toml`]
//! reads files. All are pure.
//! Invariant: `parse(write(v)) == v` for every value that a board can send back.

pub mod parse;
pub mod same;
pub mod toml;
pub mod write;

use num_bigint::BigInt;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

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
    /// A `float`, including infinities and nan.
    Float(f64),
    /// A `str`.
    Str(String),
    /// `bytes`, `bytearray` or `memoryview`.
    Bytes(Vec<u8>),
    /// `list`; from a board also `range`, dict views and `array`.
    List(Vec<Value>),
    /// A `tuple`.
    Tuple(Vec<Value>),
    /// A `dict`, in the order of its pairs.
    Dict(Vec<(Value, Value)>),
    /// An `OrderedDict`.
    OrderedDict(Vec<(Value, Value)>),
    /// A `set`, in printed order.
    Set(Vec<Value>),
    /// A `frozenset`.
    FrozenSet(Vec<Value>),
    /// A `complex` number: real and imaginary part.
    Complex(f64, f64),
    /// A `namedtuple`: class name, and fields in order.
    NamedTuple(String, Vec<(String, Value)>),
    /// `Ellipsis`.
    Ellipsis,
    /// An object that stays on the board.
    Remote(Remote),
    /// The `repr` of something without a literal (only from items marked `trusted`). It cannot be sent.
    Opaque(String),
}

/// An object that stays on its board: the expression for it there, and what keeps it alive.
#[derive(Clone)]
pub struct Remote {
    expression: Arc<str>,
    keeper: Arc<dyn Any + Send + Sync>,
}

impl Remote {
    /// The object of `expression`, valid as long as `keeper` lives.
    pub fn new(expression: impl Into<Arc<str>>, keeper: Arc<dyn Any + Send + Sync>) -> Remote {
        Remote { expression: expression.into(), keeper }
    }

    /// The expression for it on its board.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// What keeps it alive; its creator knows the type.
    pub fn keeper(&self) -> &Arc<dyn Any + Send + Sync> {
        &self.keeper
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({})", self.expression)
    }
}

impl PartialEq for Remote {
    fn eq(&self, other: &Remote) -> bool {
        Arc::ptr_eq(&self.keeper, &other.keeper) && self.expression == other.expression
    }
}

impl Value {
    /// The boards' objects in it, at any depth.
    pub fn remotes(&self) -> Vec<&Remote> {
        let mut found = Vec::new();
        self.find_remotes(&mut found);
        found
    }

    fn find_remotes<'v>(&'v self, found: &mut Vec<&'v Remote>) {
        match self {
            Value::Remote(remote) => found.push(remote),
            Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
                items.iter().for_each(|item| item.find_remotes(found));
            }
            Value::Dict(pairs) | Value::OrderedDict(pairs) => pairs.iter().for_each(|(key, value)| {
                key.find_remotes(found);
                value.find_remotes(found);
            }),
            Value::NamedTuple(_, fields) => fields.iter().for_each(|(_, value)| value.find_remotes(found)),
            _ => {}
        }
    }

    /// An integer in its smallest form.
    pub fn integer(number: BigInt) -> Value {
        match i64::try_from(&number) {
            Ok(small) => Value::Int(small),
            Err(_) => Value::BigInt(number),
        }
    }
}
