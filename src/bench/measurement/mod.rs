//! Measured values, their limits, and their verdicts.
//!
//! [`Plan`] reads the options of `measure` and judges a value; [`Measurement`] is what is recorded. A list is judged by parts
//! (all of its values, their mean, their slope …), each a measurement of its own. Uses [`crate::value`].
//! Invariants: a value of another type than a limit, nan, nothing and an empty list never pass a limit; a failed measurement
//! says why.

mod cause;
mod limits;
mod list;
mod parts;
mod plan;
mod read;
mod statistics;
mod table;

use super::event::Outcome;
use super::limit_source::LimitSource;
use super::numbers;
pub use limits::{Limits, SINGLE};
pub use list::{List, Values};
pub use parts::{FIGURES, ListLimits};
pub use plan::{CLOSURES, Judged, OPTIONS, Plan, SeriesSamples, Subject};
pub use read::{Wrong, named, to_json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
pub use table::COLUMN;

/// A measured value with its limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// What was measured.
    pub name: String,
    /// The value that was judged: a number, string, bool, list or null; `"nan"`, `"inf"` and `"-inf"` represent floats that
    /// JSON lacks. For a series, `{"series": its name, "samples": their number}`. For the part `all`, `{"lowest", "highest"}`.
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
    /// The percentage from which the marginal limits were computed.
    #[serde(default, with = "numbers::maybe", skip_serializing_if = "Option::is_none")]
    pub marginal_percent: Option<f64>,
    /// The expected value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// Tolerance around `equals`, which must then be a number, in percent.
    #[serde(default, with = "numbers::maybe", skip_serializing_if = "Option::is_none")]
    pub within_percent: Option<f64>,
    /// The regular expression that the text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// How the values of a list must change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotonic: Option<Direction>,
    /// Limits of a list that depend on the place of each value, linear between these points. The value is then the smallest
    /// distance from a limit; it is negative outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub envelope: Vec<EnvelopePoint>,
    /// Digits after the decimal point to which the value was rounded before it was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<u8>,
    /// The value before it was transformed, converted to `unit`, and rounded, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Value>,
    /// The unit of `raw`, if it differs from `unit`; empty if a closure transformed the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_unit: Option<String>,
    /// The variant of the unit under test whose limits were used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The board for which a closure of `for_each_board` measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<String>,
    /// The instrument that gave the value, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Columns of a table: the value is a list of rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    /// Description, one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// Where the limits came from, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitSource>,
    /// The verdict: the worst of its own and those of its parts.
    pub outcome: Outcome,
    /// Why it failed, one sentence each; those of its parts are in the parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The first value of a list that is outside of the limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violation: Option<Violation>,
    /// What was computed of a list, the columns of a table, and the checks of the script, each with its verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Measurement>,
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Unit of its values; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
}

/// A point of an envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EnvelopePoint {
    /// The place: seconds from the start of a series, or the index in an array, or a value of `x`.
    pub x: f64,
    /// Lower limit there; `None`: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Upper limit there; `None`: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// How values must change from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// None is below the one before it.
    #[serde(rename = "rising")]
    Rising,
    /// None is above the one before it.
    #[serde(rename = "falling")]
    Falling,
    /// Each is above the one before it.
    #[serde(rename = "strictly rising")]
    StrictlyRising,
    /// Each is below the one before it.
    #[serde(rename = "strictly falling")]
    StrictlyFalling,
}

impl Direction {
    /// All of them.
    pub const ALL: [Direction; 4] =
        [Direction::Rising, Direction::Falling, Direction::StrictlyRising, Direction::StrictlyFalling];

    /// The word in options and reports.
    pub fn word(self) -> &'static str {
        match self {
            Direction::Rising => "rising",
            Direction::Falling => "falling",
            Direction::StrictlyRising => "strictly rising",
            Direction::StrictlyFalling => "strictly falling",
        }
    }
}

/// The first value of a list that is outside of the limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// Its index, from 0.
    pub index: usize,
    /// Its place: seconds from the start of a series, or its `x`, or the value in the first column.
    #[serde(default, with = "numbers::maybe", skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// The value.
    pub value: Value,
    /// Number of values outside of the limits.
    pub count: usize,
}

impl Measurement {
    /// The value as a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        numbers::from_json(&self.value)
    }

    /// The lowest and highest passing number, from `min` and `max`, or from `equals` and `within_percent`.
    pub fn limits(&self) -> (Option<f64>, Option<f64>) {
        let nominal = self.equals.as_ref().and_then(numbers::from_json);
        limits::range((self.min, self.max), nominal.zip(self.within_percent))
    }

    /// Whether the measurement has any condition.
    pub fn is_judged(&self) -> bool {
        let limits = [self.min, self.max, self.marginal_min, self.marginal_max, self.within_percent];
        let single = limits.iter().any(Option::is_some) || self.equals.is_some() || self.matches.is_some();
        single || self.is_judged_as_list() || self.parts.iter().any(Measurement::is_judged) || !self.reasons.is_empty()
    }

    /// Whether it has a condition that only lists have.
    fn is_judged_as_list(&self) -> bool {
        self.monotonic.is_some() || !self.envelope.is_empty()
    }

    /// Whether the value and the limits show by themselves why it failed: a number outside of its limits, a text that is
    /// not the expected one.
    pub fn is_obvious(&self) -> bool {
        let (low, high) = self.limits();
        let outside = |number: f64| low.is_some_and(|low| number < low) || high.is_some_and(|high| number > high);
        match (&self.value, self.number()) {
            (_, Some(number)) if number.is_finite() && self.matches.is_none() => {
                outside(number) || self.equals.as_ref().is_some_and(Value::is_number)
            }
            (Value::Bool(_), _) => self.equals.as_ref().is_some_and(Value::is_boolean),
            (Value::String(_), None) => {
                (low, high) == (None, None) && self.equals.as_ref().is_none_or(Value::is_string)
            }
            _ => false,
        }
    }

    /// Judges the recorded value by its own limits, without parts.
    pub fn judge(&mut self) {
        let limits = Limits::of(self);
        limits.apply(&read::from_json(&self.value), self);
    }

    /// It and its parts, with their depths: 0 for itself.
    pub fn flat(&self) -> Vec<(usize, &Measurement)> {
        let mut all = vec![(0, self)];
        for part in &self.parts {
            all.extend(part.flat().into_iter().map(|(depth, item)| (depth + 1, item)));
        }
        all
    }

    /// Why it failed: its reasons, then those of its parts after their names.
    pub fn all_reasons(&self) -> Vec<String> {
        let of_parts = self.parts.iter().flat_map(|part| {
            part.all_reasons().into_iter().map(|reason| format!("{}: {reason}", part.name)).collect::<Vec<_>>()
        });
        self.reasons.iter().cloned().chain(of_parts).collect()
    }

    /// Adds a part; its verdict counts.
    pub fn add_part(&mut self, part: Measurement) {
        self.outcome = self.outcome.max(part.outcome);
        self.parts.push(part);
    }

    /// Adds a reason for which it fails.
    pub fn fail(&mut self, reason: impl Into<String>) {
        self.outcome = self.outcome.max(Outcome::Fail);
        self.reasons.push(reason.into());
    }
}

#[cfg(test)]
mod tests;
