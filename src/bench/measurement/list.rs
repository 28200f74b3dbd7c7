//! The values of an array, of a series or of a column, each at its place.
//!
//! Invariant: a place is shown with its index from 0, as in scripts, and with its `x` if there is one.

use super::read::{named, number};
use super::statistics;
use crate::bench::units;
use crate::value::Value;
use std::borrow::Cow;

/// Values in order.
#[derive(Clone, Debug)]
pub enum Values {
    /// Numbers alone.
    Numbers(Vec<f64>),
    /// Values of any type.
    Mixed(Vec<Value>),
}

/// Values with their places.
#[derive(Clone, Debug)]
pub struct List {
    /// The values.
    pub values: Values,
    /// Where each value belongs, one number per value; `None`: its index.
    pub x: Option<Vec<f64>>,
    /// Name of `x` in reasons; may be empty.
    pub x_name: String,
    /// Unit of `x`; may be empty.
    pub x_unit: String,
    /// What it is, for reasons: `array`, `series`, `column`.
    pub noun: &'static str,
}

impl Values {
    /// Values of any type.
    pub fn of(values: Vec<Value>) -> Values {
        let exact = |value: &Value| match value {
            Value::Int(whole) => whole.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS,
            other => matches!(other, Value::Float(_)),
        };
        if values.iter().all(exact) {
            return Values::Numbers(values.iter().filter_map(number).collect());
        }
        Values::Mixed(values)
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Values::Numbers(numbers) => numbers.len(),
            Values::Mixed(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Cow<'_, Value> {
        match self {
            Values::Numbers(numbers) => Cow::Owned(Value::Float(numbers[index])),
            Values::Mixed(values) => Cow::Borrowed(&values[index]),
        }
    }

    /// The smallest and the largest number, if all are numbers.
    pub fn extremes(&self) -> Option<(f64, f64)> {
        match self {
            Values::Numbers(numbers) => statistics::extremes(numbers),
            Values::Mixed(_) => None,
        }
    }
}

impl List {
    /// The values as numbers.
    ///
    /// # Errors
    /// Which one is not a finite number: a figure of it would be meaningless.
    pub fn numbers(&self) -> Result<Cow<'_, [f64]>, String> {
        let numbers = match &self.values {
            Values::Numbers(numbers) => Cow::Borrowed(numbers.as_slice()),
            Values::Mixed(values) => {
                let mut numbers = Vec::with_capacity(values.len());
                for (index, value) in values.iter().enumerate() {
                    let wrong = || format!("{} is {}, not a number", self.place(index), named(value));
                    numbers.push(number(value).ok_or_else(wrong)?);
                }
                Cow::Owned(numbers)
            }
        };
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(index) => Err(format!("{} is {}", self.place(index), shown(numbers[index]))),
            None => Ok(numbers),
        }
    }

    /// The place of each value.
    #[expect(clippy::cast_precision_loss, reason = "a list has fewer than 2^53 values")]
    pub fn places(&self) -> Cow<'_, [f64]> {
        match &self.x {
            Some(x) => Cow::Borrowed(x),
            None => Cow::Owned((0..self.values.len()).map(|index| index as f64).collect()),
        }
    }

    /// The place of a value, if it has one besides its index.
    pub fn x(&self, index: usize) -> Option<f64> {
        self.x.as_ref().and_then(|x| x.get(index)).copied()
    }

    /// `[3]`, `[3] at 0.25 s`, `[3] at frequency 1 kHz`.
    pub fn place(&self, index: usize) -> String {
        match self.x(index) {
            Some(x) if self.x_name.is_empty() => format!("[{index}] at {}", units::engineering(x, &self.x_unit)),
            Some(x) => format!("[{index}] at {} {}", self.x_name, units::engineering(x, &self.x_unit)),
            None => format!("[{index}]"),
        }
    }
}

/// A number that is not finite, as reasons show it.
fn shown(number: f64) -> String {
    if number.is_nan() { "nan".to_owned() } else { number.to_string() }
}
