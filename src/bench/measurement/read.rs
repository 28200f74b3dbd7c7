//! Reads options of `measure` from plain values, of a script or of a station file.
//!
//! Invariant: an option of the wrong type is an error that names the option.

use crate::name::nearest;
use crate::phrase::did_you_mean;
use crate::value::Value;
use serde_json::Value as Json;

/// An option that cannot be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// The keys that lead to it: `all`, `min`.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

/// The result of reading options.
pub type Read<T> = Result<T, Wrong>;

impl Wrong {
    /// An error of the option `path`, whose keys are separated by dots.
    pub fn new(path: &str, message: impl Into<String>, help: impl Into<String>) -> Wrong {
        let path = path.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        Wrong { path, message: message.into(), help: help.into() }
    }
}

/// An error of this option.
pub fn wrong<T>(path: &str, message: impl Into<String>, help: impl Into<String>) -> Read<T> {
    Err(Wrong::new(path, message, help))
}

/// The name of an option in a map of options.
pub fn inside(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The type of a value in words.
pub fn named(value: &Value) -> &'static str {
    match value {
        Value::None => "`()`",
        Value::Bool(_) => "a bool",
        Value::Int(_) | Value::BigInt(_) => "an integer",
        Value::Float(number) if number.is_nan() => "nan",
        Value::Float(_) => "a float",
        Value::Str(_) => "a string",
        Value::Bytes(_) => "a blob",
        Value::List(_) | Value::Tuple(_) => "an array",
        Value::Dict(_) | Value::OrderedDict(_) | Value::NamedTuple(..) => "a map",
        Value::Set(_) | Value::FrozenSet(_) => "a set",
        Value::Complex(..) => "a complex number",
        Value::Ellipsis | Value::Remote(_) | Value::Opaque(_) => "an object",
    }
}

/// The value as a number. Bools are none.
#[expect(clippy::cast_precision_loss, reason = "limits and values are compared as floats")]
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::BigInt(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// A limit: a number other than nan.
pub fn limit(path: &str, value: &Value) -> Read<f64> {
    match number(value).filter(|number| !number.is_nan()) {
        Some(number) => Ok(number),
        None => wrong(path, format!("`{path}` is {}", named(value)), "use a number"),
    }
}

/// A finite number.
pub fn finite(path: &str, value: &Value) -> Read<f64> {
    match limit(path, value)? {
        number if number.is_finite() => Ok(number),
        number => wrong(path, format!("`{path}` is {number}"), "use a finite number"),
    }
}

/// A string.
pub fn text(path: &str, value: &Value, help: &str) -> Read<String> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        other => wrong(path, format!("`{path}` is {}", named(other)), help),
    }
}

/// `true` or `false`.
pub fn flag(path: &str, value: &Value) -> Read<bool> {
    match value {
        Value::Bool(on) => Ok(*on),
        other => wrong(path, format!("`{path}` is {}", named(other)), "use `true` or `false`"),
    }
}

/// The items of an array.
pub fn items<'v>(path: &str, value: &'v Value, help: &str) -> Read<&'v [Value]> {
    match value {
        Value::List(items) | Value::Tuple(items) => Ok(items),
        other => wrong(path, format!("`{path}` is {}", named(other)), help),
    }
}

/// The pairs of a map.
pub fn pairs<'v>(path: &str, value: &'v Value, help: &str) -> Read<Vec<(&'v str, &'v Value)>> {
    let (Value::Dict(pairs) | Value::OrderedDict(pairs)) = value else {
        return wrong(path, format!("`{path}` is {}", named(value)), help);
    };
    Ok(pairs
        .iter()
        .filter_map(|(key, value)| match key {
            Value::Str(key) => Some((key.as_str(), value)),
            _ => None,
        })
        .collect())
}

/// A unit of the SI or of a lab.
pub fn unit(path: &str, value: &Value) -> Read<String> {
    let unit = text(path, value, "use a string such as \"V\"")?;
    match crate::bench::units::check(&unit) {
        Ok(()) => Ok(unit),
        Err(meant) => {
            let any = "use an SI or lab unit, with any prefix: \"mV\", \"kΩ\", \"m/s\", \"°C\", \"dBm\"";
            let help = meant.map_or_else(|| any.to_owned(), |meant| did_you_mean(&meant));
            wrong(path, format!("unknown unit `{unit}`"), help)
        }
    }
}

/// The error of an option that `what` does not have.
pub fn unknown<T>(path: &str, key: &str, what: &str, known: &[&str]) -> Read<T> {
    let help = nearest(key, known.iter().copied());
    let help = help.map_or_else(|| format!("options of {what}: {}", known.join(", ")), did_you_mean);
    wrong(&inside(path, key), format!("{what} has no option `{key}`"), help)
}

/// The JSON of a value in a record. What JSON lacks becomes text.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(on) => (*on).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => crate::bench::numbers::to_json(*number),
        Value::BigInt(_) => number(value).map_or(Json::Null, crate::bench::numbers::to_json),
        Value::Str(text) => text.clone().into(),
        Value::List(items) | Value::Tuple(items) => items.iter().map(to_json).collect(),
        other => crate::value::write::literal(other).unwrap_or_default().into(),
    }
}

/// The value that a record holds.
pub fn from_json(value: &Json) -> Value {
    match value {
        Json::Null => Value::None,
        Json::Bool(on) => Value::Bool(*on),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => match crate::bench::numbers::from_json(value) {
            Some(number) => Value::Float(number),
            None => Value::Str(text.clone()),
        },
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(map) => {
            Value::Dict(map.iter().map(|(key, value)| (Value::Str(key.clone()), from_json(value))).collect())
        }
    }
}
