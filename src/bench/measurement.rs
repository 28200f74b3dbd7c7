//! A measured value, its limits, and the verdict.
//!
//! Invariant: a value that is not a number, or is nan, is never within limits.

use super::event::Outcome;
use super::limit_source::LimitSource;
use super::numbers;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A measured value with its limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// What was measured.
    pub name: String,
    /// The value: a number, string, bool or list; `"nan"`, `"inf"` and `"-inf"` represent floats that JSON lacks.
    pub value: Value,
    /// Unit of the value and of its limits, for example `V`; may be empty.
    pub unit: String,
    /// Lower limit, inclusive.
    #[serde(default, with = "numbers::maybe")]
    pub min: Option<f64>,
    /// Upper limit, inclusive.
    #[serde(default, with = "numbers::maybe")]
    pub max: Option<f64>,
    /// A number below this, but not below `min`, is marginal.
    #[serde(default, with = "numbers::maybe", skip_serializing_if = "Option::is_none")]
    pub marginal_min: Option<f64>,
    /// A number above this, but not above `max`, is marginal.
    #[serde(default, with = "numbers::maybe", skip_serializing_if = "Option::is_none")]
    pub marginal_max: Option<f64>,
    /// The expected value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// Tolerance around `equals`, which must then be a number, in percent.
    #[serde(default, with = "numbers::maybe", skip_serializing_if = "Option::is_none")]
    pub within_percent: Option<f64>,
    /// The regular expression that the text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// Description, one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// Where the limits came from, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitSource>,
    /// The verdict.
    pub outcome: Outcome,
}

impl Measurement {
    /// The value as a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        numbers::from_json(&self.value)
    }

    /// The lowest and highest passing number, from `min` and `max`, or from `equals` and `within_percent`.
    pub fn limits(&self) -> (Option<f64>, Option<f64>) {
        let around = self.equals.as_ref().and_then(numbers::from_json).zip(self.within_percent);
        let (low, high) = match around {
            Some((nominal, percent)) => {
                let away = (nominal * percent / 100.0).abs();
                (Some(nominal - away), Some(nominal + away))
            }
            None => (None, None),
        };
        let tighter = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(pick(a, b)),
            (a, b) => a.or(b),
        };
        (tighter(self.min, low, f64::max), tighter(self.max, high, f64::min))
    }

    /// Whether the measurement has any condition.
    pub fn is_judged(&self) -> bool {
        let limits = [self.min, self.max, self.marginal_min, self.marginal_max, self.within_percent];
        limits.iter().any(Option::is_some) || self.equals.is_some() || self.matches.is_some()
    }

    /// Judges the value; `is_match` says whether a text matches a regular expression.
    pub fn judge(&mut self, is_match: impl Fn(&str, &str) -> bool) {
        let number = self.number();
        let above = |limit: f64| number.is_some_and(|number| number >= limit);
        let below = |limit: f64| number.is_some_and(|number| number <= limit);
        let (low, high) = self.limits();
        let equal = match &self.equals {
            Some(_) if self.within_percent.is_some() => true,
            Some(wanted) => same(&self.value, wanted),
            None => true,
        };
        let matching = match (&self.matches, &self.value) {
            (Some(pattern), Value::String(text)) => is_match(pattern, text),
            (Some(pattern), other) => is_match(pattern, &other.to_string()),
            (None, _) => true,
        };
        let central = self.marginal_min.is_none_or(above) && self.marginal_max.is_none_or(below);
        self.outcome = if !(low.is_none_or(above) && high.is_none_or(below) && equal && matching) {
            Outcome::Fail
        } else if central {
            Outcome::Pass
        } else if number.is_none_or(f64::is_nan) {
            Outcome::Fail
        } else {
            Outcome::Marginal
        };
    }
}

/// Equality as in scripts: `1` equals `1.0`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn case(value: Value, limits: Value, expected: Outcome) {
        let mut object = json!({ "name": "m", "unit": "", "value": value, "outcome": "pass" });
        let (object, limits) = (object.as_object_mut().unwrap(), limits);
        object.extend(limits.as_object().unwrap().clone());
        let mut measurement: Measurement = serde_json::from_value(Value::Object(object.clone())).unwrap();
        measurement.judge(|pattern, text| text.contains(pattern));
        assert_eq!(measurement.outcome, expected, "{limits}");
    }

    #[test]
    fn judges_values() {
        use Outcome::{Fail, Marginal, Pass};
        case(json!(3.3), json!({}), Pass);
        case(json!("text"), json!({}), Pass);
        case(json!(3.3), json!({ "min": 3.3, "max": 3.3 }), Pass);
        case(json!(3), json!({ "min": 3.1 }), Fail);
        case(json!(4), json!({ "max": 3.9 }), Fail);
        case(json!("text"), json!({ "max": 3.9 }), Fail);
        case(json!("nan"), json!({ "min": 0 }), Fail);
        case(json!("inf"), json!({ "min": 0 }), Pass);
        case(json!(3.25), json!({ "min": 3.2, "max": 3.4, "marginal_min": 3.26 }), Marginal);
        case(json!(3.39), json!({ "min": 3.2, "max": 3.4, "marginal_max": 3.38 }), Marginal);
        case(json!(3.3), json!({ "min": 3.2, "max": 3.4, "marginal_min": 3.26, "marginal_max": 3.38 }), Pass);
        case(json!(3.1), json!({ "min": 3.2, "marginal_min": 3.26 }), Fail);
        case(json!("nan"), json!({ "marginal_min": 3.26 }), Fail);
        case(json!(1), json!({ "equals": 1.0 }), Pass);
        case(json!("a"), json!({ "equals": "b" }), Fail);
        case(json!([1, 2.0]), json!({ "equals": [1.0, 2] }), Pass);
        case(json!(true), json!({ "equals": true }), Pass);
        case(json!(3.4), json!({ "equals": 3.3, "within_percent": 5 }), Pass);
        case(json!(3.5), json!({ "equals": 3.3, "within_percent": 5 }), Fail);
        case(json!(-3.4), json!({ "equals": -3.3, "within_percent": 5 }), Pass);
        case(json!("SN-12"), json!({ "matches": "SN-" }), Pass);
        case(json!("12"), json!({ "matches": "SN-" }), Fail);
        case(json!(12), json!({ "matches": "12" }), Pass);
    }
}
