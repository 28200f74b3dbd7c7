//! Converts board values to Rhai values and back (language reference, "Values").
//!
//! Invariant: a value from a board is sent back unchanged, except that tuples become arrays.

use crate::device::Proxy;
use crate::script::handles::{
    BatchHandle, ClassHandle, DeferredHandle, DeviceHandle, GeneratorHandle, InstrumentClassHandle, InstrumentHandle,
    Kwargs, ProxyHandle, RegexHandle,
};
use crate::script::objects::values::{BigInteger, Complex, Dict, Ellipsis, NamedTuple, Opaque, PythonSet, Tuple};
use crate::script::run::console::ConsoleHandle;
use crate::value::Value;
use rhai::{Array, Blob, Dynamic, Engine, FnPtr, ImmutableString, Map};

/// Maximum depth of nesting that can be sent.
const DEEPEST: usize = 100;

/// Converts a board value.
pub(crate) fn to_dynamic(value: Value) -> Dynamic {
    match value {
        Value::None => Dynamic::UNIT,
        Value::Bool(on) => Dynamic::from_bool(on),
        Value::Int(number) => Dynamic::from_int(number),
        Value::BigInt(number) => Dynamic::from(BigInteger(number)),
        Value::Float(number) => Dynamic::from_float(number),
        Value::Str(text) => Dynamic::from(text),
        Value::Bytes(bytes) => Dynamic::from_blob(bytes),
        Value::List(items) | Value::Tuple(items) => Dynamic::from_array(items.into_iter().map(to_dynamic).collect()),
        Value::Dict(pairs) => {
            if pairs.iter().all(|(key, _)| matches!(key, Value::Str(_))) {
                let pairs = pairs.into_iter().filter_map(|(key, value)| match key {
                    Value::Str(key) => Some((key.into(), to_dynamic(value))),
                    _ => None,
                });
                return Dynamic::from_map(pairs.collect());
            }
            Dynamic::from(Dict::new(pairs, false))
        }
        Value::OrderedDict(pairs) => Dynamic::from(Dict::new(pairs, true)),
        Value::Set(items) => Dynamic::from(PythonSet { items, frozen: false }),
        Value::FrozenSet(items) => Dynamic::from(PythonSet { items, frozen: true }),
        Value::Complex(real, imaginary) => Dynamic::from(Complex(real, imaginary)),
        Value::NamedTuple(name, fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, to_dynamic(value))).collect();
            Dynamic::from(NamedTuple { name, fields })
        }
        Value::Ellipsis => Dynamic::from(Ellipsis),
        Value::Remote(remote) => match Proxy::of(&remote) {
            Some(proxy) => Dynamic::from(ProxyHandle::new(proxy)),
            None => Dynamic::from(Opaque(remote.expression().to_owned())),
        },
        Value::Opaque(text) => Dynamic::from(Opaque(text)),
    }
}

/// Converts to a board value. The error completes "argument 2 of `f` …".
pub(crate) fn to_value(value: &Dynamic) -> Result<Value, String> {
    sendable(value, 0)
}

fn sendable(value: &Dynamic, depth: usize) -> Result<Value, String> {
    if depth > DEEPEST {
        return Err(format!("is nested deeper than {DEEPEST}, which cannot be sent"));
    }
    if value.is_shared() {
        return sendable(&value.flatten_clone(), depth);
    }
    if value.is_unit() {
        return Ok(Value::None);
    }
    if let Ok(on) = value.as_bool() {
        return Ok(Value::Bool(on));
    }
    if let Ok(number) = value.as_int() {
        return Ok(Value::Int(number));
    }
    if let Ok(number) = value.as_float() {
        return Ok(Value::Float(number));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(Value::Str(letter.to_string()));
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(Value::Str(text.to_string()));
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(Value::Bytes(bytes.clone()));
    }
    if let Some(array) = value.read_lock::<Array>() {
        return Ok(Value::List(all(&array, depth)?));
    }
    if let Some(map) = value.read_lock::<Map>() {
        let pairs = map.iter().map(|(key, value)| Ok((Value::Str(key.to_string()), sendable(value, depth + 1)?)));
        return Ok(Value::Dict(pairs.collect::<Result<_, String>>()?));
    }
    own_type(value, depth)
}

fn all(items: &[Dynamic], depth: usize) -> Result<Vec<Value>, String> {
    items.iter().map(|item| sendable(item, depth + 1)).collect()
}

fn own_type(value: &Dynamic, depth: usize) -> Result<Value, String> {
    if let Some(number) = value.read_lock::<BigInteger>() {
        return Ok(Value::integer(number.0.clone()));
    }
    if let Some(tuple) = value.read_lock::<Tuple>() {
        return Ok(Value::Tuple(all(&tuple.0, depth)?));
    }
    if let Some(dict) = value.read_lock::<Dict>() {
        let pairs = dict.pairs.iter().map(|(key, value)| Ok((key.clone(), sendable(value, depth + 1)?)));
        let pairs = pairs.collect::<Result<Vec<_>, String>>()?;
        return Ok(if dict.ordered { Value::OrderedDict(pairs) } else { Value::Dict(pairs) });
    }
    if let Some(set) = value.read_lock::<PythonSet>() {
        let items = set.items.clone();
        return Ok(if set.frozen { Value::FrozenSet(items) } else { Value::Set(items) });
    }
    if let Some(number) = value.read_lock::<Complex>() {
        return Ok(Value::Complex(number.0, number.1));
    }
    if let Some(tuple) = value.read_lock::<NamedTuple>() {
        let fields = tuple.fields.iter().map(|(name, value)| Ok((name.clone(), sendable(value, depth + 1)?)));
        return Ok(Value::NamedTuple(tuple.name.clone(), fields.collect::<Result<_, String>>()?));
    }
    if value.is::<Ellipsis>() {
        return Ok(Value::Ellipsis);
    }
    if let Some(handle) = value.read_lock::<ProxyHandle>() {
        return Ok(Value::Remote(handle.proxy.remote()));
    }
    if let Some(range) = value.read_lock::<std::ops::Range<i64>>() {
        return numbers(range.start, range.end);
    }
    if let Some(range) = value.read_lock::<std::ops::RangeInclusive<i64>>() {
        return numbers(*range.start(), range.end().saturating_add(1));
    }
    if depth == 0 {
        Err(format!("is {}, which cannot be sent", describe(value)))
    } else {
        Err(format!("holds {}, which cannot be sent", describe(value)))
    }
}

/// Converts a range to a list, up to a size limit.
fn numbers(start: i64, end: i64) -> Result<Value, String> {
    if end.saturating_sub(start) > 1_000_000 {
        return Err("is a range of more than a million numbers, which cannot be sent".to_owned());
    }
    Ok(Value::List((start..end).map(Value::Int).collect()))
}

/// Describes a value in words.
pub(crate) fn describe(value: &Dynamic) -> String {
    let value = value.flatten_clone();
    let known = [
        (value.is::<FnPtr>(), "a function"),
        (value.is::<DeviceHandle>(), "a device"),
        (value.is::<ClassHandle>(), "a device class"),
        (value.is::<InstrumentHandle>(), "an instrument"),
        (value.is::<InstrumentClassHandle>(), "an instrument class"),
        (value.is::<GeneratorHandle>(), "a generator of a board"),
        (value.is::<ConsoleHandle>(), "a console"),
        (value.is::<RegexHandle>(), "a regular expression"),
        (value.is::<ProxyHandle>(), "an object of a board"),
        (value.is::<BatchHandle>(), "a batch"),
        (value.is::<DeferredHandle>(), "the result of a call in a batch, whose value is its `.value`"),
        (value.is::<Kwargs>(), "named arguments"),
        (value.is::<Opaque>(), "the text of an object that stayed on the board"),
        (value.is::<crate::script::errors::ScriptError>(), "an error"),
        (value.is_unit(), "`()`"),
        (value.is_bool(), "a bool"),
        (value.is_int(), "an integer"),
        (value.is_float(), "a float"),
        (value.is_string(), "a string"),
        (value.is_array(), "an array"),
        (value.is_map(), "a map"),
    ];
    match known.into_iter().find(|(is, _)| *is) {
        Some((_, words)) => words.to_owned(),
        None => format!("a value of type {}", value.type_name().rsplit("::").next().unwrap_or("?")),
    }
}

/// Registers the types that Rhai lacks.
pub(crate) fn register(engine: &mut Engine) {
    crate::script::objects::types::register(engine);
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;

    #[test]
    fn values_round_trip() {
        let big: BigInt = "123456789012345678901234567890".parse().unwrap();
        let values = [
            Value::None,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::BigInt(big),
            Value::Float(-0.5),
            Value::Float(f64::INFINITY),
            Value::Str("ä\0`${x}".into()),
            Value::Bytes(vec![0, 255]),
            Value::List(vec![Value::Int(1), Value::List(vec![])]),
            Value::Dict(vec![(Value::Str("a".into()), Value::Int(1))]),
            Value::Dict(vec![(Value::Int(2), Value::Int(1)), (Value::Tuple(vec![Value::Int(1)]), Value::None)]),
            Value::OrderedDict(vec![(Value::Str("b".into()), Value::Int(1)), (Value::Str("a".into()), Value::None)]),
            Value::Set(vec![Value::Int(3), Value::Str("x".into())]),
            Value::FrozenSet(vec![]),
            Value::Complex(1.0, -2.0),
            Value::NamedTuple("Point".into(), vec![("x".into(), Value::Int(1))]),
            Value::Ellipsis,
        ];
        for value in values {
            assert_eq!(to_value(&to_dynamic(value.clone())), Ok(value));
        }
    }

    #[test]
    fn errors_name_what_cannot_be_sent() {
        let function = Dynamic::from(FnPtr::new("f").unwrap());
        assert_eq!(to_value(&function).unwrap_err(), "is a function, which cannot be sent");
        let inside = Dynamic::from_array(vec![function]);
        assert_eq!(to_value(&inside).unwrap_err(), "holds a function, which cannot be sent");
        let opaque = to_dynamic(Value::Opaque("<Pin>".into()));
        assert!(to_value(&opaque).is_err());
    }

    #[test]
    fn nesting_round_trips_to_a_depth_of_100() {
        let mut value = Value::Int(1);
        for _ in 0..100 {
            value = Value::List(vec![value]);
        }
        assert_eq!(to_value(&to_dynamic(value.clone())), Ok(value.clone()));
        assert!(to_value(&to_dynamic(Value::List(vec![value]))).is_err());
    }
}
