//! Floats that JSON lacks: `"nan"`, `"inf"` and `"-inf"`.
//!
//! Invariant: every float is read back unchanged, or as a nan.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Converts a float to JSON.
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

/// Reads a float from a JSON value.
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

/// Serializes fields that hold several floats.
pub mod many {
    use super::{Deserialize as _, Deserializer, Serialize as _, Serializer, Value, from_json, to_json};
    use serde::de::Error as _;

    /// Writes them.
    ///
    /// # Errors
    /// If the serializer fails.
    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        values.iter().map(|value| to_json(*value)).collect::<Vec<Value>>().serialize(serializer)
    }

    /// Reads them.
    ///
    /// # Errors
    /// If an item is not a number.
    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Value>::deserialize(deserializer)?;
        let number = |value: &Value| from_json(value).ok_or_else(|| D::Error::custom("a sample is not a number"));
        values.iter().map(number).collect()
    }
}

/// Serializes optional floats.
pub mod maybe {
    use super::{Deserialize as _, Deserializer, Serialize as _, Serializer, Value, from_json, to_json};
    use serde::de::Error as _;

    /// Writes it.
    ///
    /// # Errors
    /// If the serializer fails.
    pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(to_json).serialize(serializer)
    }

    /// Reads it.
    ///
    /// # Errors
    /// If it is not a number.
    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        let value = Option::<Value>::deserialize(deserializer)?;
        let number = |value: Value| from_json(&value).ok_or_else(|| D::Error::custom("a limit is not a number"));
        value.map(number).transpose()
    }
}
