//! Parameters: what they take, and what is refused before anything is sent.
//!
//! Invariant: pure; a refusal is a phrase that completes "`v` is …".

use crate::value::Value;
use std::fmt;
use std::time::Duration;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParamKind {
    /// A number, a string or a bool.
    #[default]
    Any,
    /// A number.
    Float,
    /// A whole number.
    Int,
    /// `true` or `false`.
    Bool,
    /// A string without control characters.
    Str,
}

impl ParamKind {
    /// Each type with its name.
    pub const NAMES: [(&'static str, ParamKind); 4] =
        [("float", ParamKind::Float), ("int", ParamKind::Int), ("bool", ParamKind::Bool), ("str", ParamKind::Str)];

    fn word(self) -> &'static str {
        ParamKind::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// Which values a parameter takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Limits {
    /// Numbers from `low` to `high`; `high` itself only if `inclusive`.
    Range {
        /// The least.
        low: f64,
        /// The greatest.
        high: f64,
        /// `..=`
        inclusive: bool,
    },
    /// One of these.
    Choice(Vec<Value>),
}

impl Limits {
    fn takes(&self, value: &Value) -> bool {
        match self {
            Limits::Range { low, high, inclusive } => float(value)
                .is_some_and(|number| number >= *low && if *inclusive { number <= *high } else { number < *high }),
            Limits::Choice(all) => {
                all.iter().any(|one| one == value || float(one).is_some() && float(one) == float(value))
            }
        }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limits::Range { low, high, inclusive } => {
                write!(f, "{}{}{}", number(*low), if *inclusive { "..=" } else { ".." }, number(*high))
            }
            Limits::Choice(all) => {
                let all: Vec<String> = all.iter().map(shown).collect();
                write!(f, "[{}]", all.join(", "))
            }
        }
    }
}

/// One parameter of an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ParamKind,
    /// The unit of its numbers; may be empty.
    pub unit: String,
    /// Which values it takes.
    pub limits: Option<Limits>,
    /// Its default.
    pub default: Option<Value>,
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match (self.kind.word(), self.unit.as_str()) {
            ("", "") => {}
            ("", unit) => write!(f, ": float \"{unit}\"")?,
            (word, "") => write!(f, ": {word}")?,
            (word, unit) => write!(f, ": {word} \"{unit}\"")?,
        }
        if let Some(limits) = &self.limits {
            write!(f, " in {limits}")?;
        }
        match &self.default {
            Some(default) => write!(f, " = {}", shown(default)),
            None => Ok(()),
        }
    }
}

impl Param {
    /// A value that it takes, for a default that only a run knows.
    pub fn stand_in(&self) -> Value {
        match (&self.limits, self.kind) {
            (Some(Limits::Range { low, .. }), _) if low.fract() == 0.0 && low.abs() < 9e15 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "it has no fraction, and fits")]
                Value::Int(*low as i64)
            }
            (Some(Limits::Range { low, .. }), _) => Value::Float(*low),
            (Some(Limits::Choice(all)), _) => all.first().cloned().unwrap_or(Value::None),
            (None, ParamKind::Bool) => Value::Bool(false),
            (None, ParamKind::Str) => Value::Str(String::new()),
            (None, _) => Value::Int(0),
        }
    }

    /// Whether it takes a value.
    ///
    /// # Errors
    /// Why not: completes "`v` is …".
    pub fn accept(&self, value: &Value) -> Result<(), String> {
        let wanted = |what: &str| Err(format!("{}, not {what}", described(value)));
        match (self.kind, value) {
            (_, Value::Float(number)) if !number.is_finite() => return wanted("a finite number"),
            (ParamKind::Any | ParamKind::Float, Value::Int(_) | Value::Float(_))
            | (ParamKind::Int, Value::Int(_))
            | (ParamKind::Any | ParamKind::Bool, Value::Bool(_)) => {}
            (ParamKind::Any | ParamKind::Str, Value::Str(text)) if !text.chars().any(char::is_control) => {}
            (ParamKind::Any | ParamKind::Str, Value::Str(_)) => {
                return Err("a string with a control character, which could end the message".to_owned());
            }
            (ParamKind::Any, _) => return wanted("a number, a string or a bool"),
            (ParamKind::Float, _) => return wanted("a number"),
            (ParamKind::Int, _) => return wanted("a whole number"),
            (ParamKind::Bool, _) => return wanted("`true` or `false`"),
            (ParamKind::Str, _) => return wanted("a string"),
        }
        match &self.limits {
            Some(limits) if !limits.takes(value) => {
                let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
                Err(match limits {
                    Limits::Range { .. } => format!("{}{unit}, and must be in {limits}{unit}", shown(value)),
                    Limits::Choice(_) => format!("{}{unit}, and must be one of {limits}", shown(value)),
                })
            }
            _ => Ok(()),
        }
    }
}

fn float(value: &Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "limits are floats")]
    match value {
        Value::Int(whole) => Some(*whole as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

/// A number as instruments read it: the shortest text that means it.
pub fn number(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) { format!("{number:E}") } else { number.to_string() }
}

/// A positive number of seconds.
pub fn seconds(value: &Value) -> Option<Duration> {
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let number = match value {
        Value::Int(whole) => *whole as f64,
        Value::Float(number) => *number,
        _ => return None,
    };
    Some(number).filter(|number| *number > 0.0 && *number < 3.2e8).map(Duration::from_secs_f64)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Float(value) => number(*value),
        Value::Bool(on) => on.to_string(),
        Value::None => "()".to_owned(),
        other => crate::value::write::literal(other).unwrap_or_default().replace('\'', "\""),
    }
}

fn described(value: &Value) -> &'static str {
    match value {
        Value::None => "`()`",
        Value::Bool(_) => "a bool",
        Value::Int(_) => "an integer",
        Value::Float(number) if number.is_finite() => "a float",
        Value::Float(_) => "not finite",
        Value::Str(_) => "a string",
        Value::List(_) => "an array",
        Value::Dict(_) => "a map",
        _ => "a value of another type",
    }
}
