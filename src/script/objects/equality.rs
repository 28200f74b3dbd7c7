//! Equality and order of board values.
//!
//! Uses [`crate::value`]. Invariant: numbers of any types are compared without rounding.

use crate::script::objects::convert::to_value;
use crate::script::objects::values::{Complex, Dict, Ellipsis, NamedTuple, Opaque, PythonSet, Tuple};
use crate::value::Value;
use num_bigint::BigInt;
use rhai::{Array, Dynamic, Engine, Map};
use std::cmp::Ordering;

/// Python's equality, except that an array equals a tuple, because scripts have no tuples.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    use Value::{Dict as Pairs, Float, FrozenSet, List, NamedTuple as Named, OrderedDict, Set, Tuple};
    if let (Value::Int(a), Value::Int(b)) = (a, b) {
        return a == b;
    }
    if let (Some(a), Some(b)) = (whole(a), whole(b)) {
        return a == b;
    }
    match (a, b) {
        (Float(a), Float(b)) => a == b,
        (Float(float), other) | (other, Float(float)) => {
            whole(other).is_some_and(|whole| compare(&whole, *float) == Some(Ordering::Equal))
        }
        (Set(a) | FrozenSet(a), Set(b) | FrozenSet(b)) => {
            a.len() == b.len() && a.iter().all(|item| b.iter().any(|other| same(item, other)))
        }
        (OrderedDict(a), OrderedDict(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(&a.0, &b.0) && same(&a.1, &b.1))
        }
        (Pairs(a) | OrderedDict(a), Pairs(b) | OrderedDict(b)) => {
            let holds = |(key, value): &(Value, Value)| {
                b.iter().find(|(other, _)| same(key, other)).is_some_and(|(_, other)| same(value, other))
            };
            a.len() == b.len() && a.iter().all(holds)
        }
        (Tuple(_) | List(_) | Named(..), Tuple(_) | List(_) | Named(..)) => {
            let (a, b) = (items(a), items(b));
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => a == b,
    }
}

/// The items of a sequence.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(items) | Value::Tuple(items) => items.iter().collect(),
        Value::NamedTuple(_, fields) => fields.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

/// The integer value of what Python treats as one.
fn whole(value: &Value) -> Option<BigInt> {
    match value {
        Value::Bool(on) => Some(BigInt::from(u8::from(*on))),
        Value::Int(number) => Some(BigInt::from(*number)),
        Value::BigInt(number) => Some(number.clone()),
        _ => None,
    }
}

/// Compares as in Python, without rounding the integer.
pub(crate) fn compare(whole: &BigInt, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float.is_infinite() {
        return 0.0.partial_cmp(&float);
    }
    // A float's text without decimals is exact.
    let truncated: BigInt = format!("{:.0}", float.trunc()).parse().ok()?;
    match whole.cmp(&truncated) {
        Ordering::Equal => 0.0.partial_cmp(&float.fract()),
        different => Some(different),
    }
}

/// A number that compares with zero as two values compare with each other; nan if they have no order.
pub(crate) fn sign(order: Option<Ordering>) -> f64 {
    match order {
        Some(Ordering::Less) => -1.0,
        Some(Ordering::Equal) => 0.0,
        Some(Ordering::Greater) => 1.0,
        None => f64::NAN,
    }
}

/// Whether two script values are equal; unsendable values equal nothing.
fn equal(a: &Dynamic, b: &Dynamic) -> bool {
    matches!((to_value(a), to_value(b)), (Ok(a), Ok(b)) if same(&a, &b))
}

/// `==` and `!=` of Python's types, with each other and with equivalent Rhai values.
pub(crate) fn register(engine: &mut Engine) {
    macro_rules! equal {
        ($($a:ty, $b:ty);* $(;)?) => {$(
            engine
                .register_fn("==", |a: $a, b: $b| equal(&Dynamic::from(a), &Dynamic::from(b)))
                .register_fn("!=", |a: $a, b: $b| !equal(&Dynamic::from(a), &Dynamic::from(b)));
        )*};
    }
    equal!(
        Dict, Dict; Dict, Map; Map, Dict;
        PythonSet, PythonSet;
        Complex, Complex;
        NamedTuple, NamedTuple; NamedTuple, Tuple; NamedTuple, Array; Tuple, NamedTuple; Array, NamedTuple;
        Tuple, Tuple; Tuple, Array; Array, Tuple;
        Ellipsis, Ellipsis;
    );
    engine.register_fn("==", |a: Opaque, b: Opaque| a.0 == b.0).register_fn("!=", |a: Opaque, b: Opaque| a.0 != b.0);
}
