//! Numbers that JSON does not have: `"nan"`, `"inf"` and `"-inf"`.
//!
//! Invariant: every float arrives as it was, or as a nan.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A float as JSON has it.
pub fn to_json(number: f64) -> Value {
    if number.is_finite() {
        return Value::from(number);
    }
    let word = if number.is_nan() {
        "nan"
    } else if number > 0.0 {
        "inf"
    } else {
        "-inf"
    };
    Value::from(word)
}

/// The float that a JSON value stands for.
pub fn from_json(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(word) => match word.as_str() {
            "nan" => Some(f64::NAN),
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// Fields that hold several of them.
pub mod many {
    use super::{Deserialize as _, Deserializer, Serialize as _, Serializer, Value, from_json, to_json};
    use serde::de::Error as _;

    /// Writes them.
    ///
    /// # Errors
    /// Of the serializer.
    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        values.iter().map(|value| to_json(*value)).collect::<Vec<Value>>().serialize(serializer)
    }

    /// Reads them.
    ///
    /// # Errors
    /// If one is no number.
    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Value>::deserialize(deserializer)?;
        let number = |value: &Value| from_json(value).ok_or_else(|| D::Error::custom("a sample is no number"));
        values.iter().map(number).collect()
    }
}

/// Fields that may hold one of them.
pub mod maybe {
    use super::{Deserialize as _, Deserializer, Serialize as _, Serializer, Value, from_json, to_json};
    use serde::de::Error as _;

    /// Writes it.
    ///
    /// # Errors
    /// Of the serializer.
    pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(to_json).serialize(serializer)
    }

    /// Reads it.
    ///
    /// # Errors
    /// If it is no number.
    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        let value = Option::<Value>::deserialize(deserializer)?;
        let number = |value: Value| from_json(&value).ok_or_else(|| D::Error::custom("a limit is no number"));
        value.map(number).transpose()
    }
}
