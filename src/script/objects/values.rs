//! Python types that Rhai lacks, as script values.
//!
//! Invariant: each is sent back unchanged, except [`Opaque`].

use crate::value::Value;
use num_bigint::BigInt;
use rhai::{Array, Dynamic};

/// An integer outside of 64 bits.
#[derive(Clone, PartialEq, PartialOrd)]
pub(crate) struct BigInteger(pub BigInt);

/// A dictionary with keys other than strings, or with an order that matters.
#[derive(Clone)]
pub(crate) struct Dict {
    pub pairs: Vec<(Value, Dynamic)>,
    pub ordered: bool,
}

/// A set or a frozenset.
#[derive(Clone, PartialEq)]
pub(crate) struct PythonSet {
    pub items: Vec<Value>,
    pub frozen: bool,
}

/// A complex number.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Complex(pub f64, pub f64);

/// A namedtuple.
#[derive(Clone)]
pub(crate) struct NamedTuple {
    pub name: String,
    pub fields: Vec<(String, Dynamic)>,
}

/// An array to be sent as a tuple.
#[derive(Clone)]
pub(crate) struct Tuple(pub Array);

/// Python's `...`.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Ellipsis;

/// The `repr` of something that has no literal.
#[derive(Clone)]
pub(crate) struct Opaque(pub String);

impl BigInteger {
    /// The nearest float; infinite beyond the range of floats.
    pub fn to_float(&self) -> f64 {
        self.0.to_string().parse().unwrap_or(f64::NAN)
    }
}
