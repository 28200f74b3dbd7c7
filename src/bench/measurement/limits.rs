//! Limits of a single value: `min`, `max`, `equals`, `matches`, and their margins.
//!
//! Invariant: limits that contradict each other are refused, so that a verdict always means something.

use super::cause::Cause;
use super::read::{Read, finite, inside, limit, named, number, text, to_json, wrong};
use super::{Measurement, read};
use crate::bench::event::Outcome;
use crate::value::Value;
use regex_automata::meta::Regex;

/// The options that limit a single value.
pub const SINGLE: &[&str] =
    &["min", "max", "marginal_min", "marginal_max", "marginal_percent", "equals", "within_percent", "matches"];

/// Limits of a single value.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    min: Option<f64>,
    max: Option<f64>,
    marginal_min: Option<f64>,
    marginal_max: Option<f64>,
    marginal_percent: Option<f64>,
    within_percent: Option<f64>,
    equals: Option<Value>,
    matches: Option<(String, Regex)>,
}

/// The lowest and highest passing number of a range and of a number with a tolerance in percent.
pub fn range((min, max): (Option<f64>, Option<f64>), around: Option<(f64, f64)>) -> (Option<f64>, Option<f64>) {
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
    (tighter(min, low, f64::max), tighter(max, high, f64::min))
}

impl Limits {
    /// Reads the option `key` of the map `path`; returns whether it limits a single value.
    ///
    /// # Errors
    /// If its value has the wrong type.
    pub fn read(&mut self, path: &str, key: &str, value: &Value) -> Read<bool> {
        let at = inside(path, key);
        match key {
            "min" => self.min = Some(limit(&at, value)?),
            "max" => self.max = Some(limit(&at, value)?),
            "marginal_min" => self.marginal_min = Some(limit(&at, value)?),
            "marginal_max" => self.marginal_max = Some(limit(&at, value)?),
            "marginal_percent" => self.marginal_percent = Some(finite(&at, value)?),
            "within_percent" => self.within_percent = Some(finite(&at, value)?),
            "equals" if matches!(value, Value::Float(number) if number.is_nan()) => {
                return wrong(&at, format!("`{at}` is nan, which no value equals"), "use a number");
            }
            "equals" => self.equals = Some(value.clone()),
            "matches" => {
                let pattern = text(&at, value, "use a regular expression")?;
                let regex = regex(&at, &pattern)?;
                self.matches = Some((pattern, regex));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Reads a map that has only such options.
    ///
    /// # Errors
    /// Of an option, and as [`Limits::complete`].
    pub fn read_map(path: &str, value: &Value) -> Read<Limits> {
        let mut limits = Limits::default();
        let pairs = read::pairs(path, value, "use a map such as `#{ min: 3.2, max: 3.4 }`")?;
        if pairs.is_empty() {
            return wrong(path, format!("`{path}` has no limits"), "add `min` or `max`");
        }
        for (key, value) in pairs {
            if !limits.read(path, key, value)? {
                return read::unknown(path, key, &format!("`{path}`"), SINGLE);
            }
        }
        limits.complete(path)?;
        Ok(limits)
    }

    /// Checks that the limits agree, and computes the margins.
    ///
    /// # Errors
    /// If no value can meet them, or one of them has no effect.
    pub fn complete(&mut self, path: &str) -> Read<()> {
        let at = |key: &str| inside(path, key);
        self.check_tolerance(path)?;
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            return wrong(&at("min"), format!("`{}` is above `{}`: {min} > {max}", at("min"), at("max")), "swap them");
        }
        if let Some(percent) = self.marginal_percent {
            if self.marginal_min.is_some() || self.marginal_max.is_some() {
                let message = format!("`{}` and a marginal limit are both given", at("marginal_percent"));
                return wrong(&at("marginal_percent"), message, "remove one of them");
            }
            (self.marginal_min, self.marginal_max) = self.margins(path, percent)?;
        }
        self.check_margins(path)
    }

    fn check_tolerance(&self, path: &str) -> Read<()> {
        let Some(percent) = self.within_percent else { return Ok(()) };
        let at = inside(path, "within_percent");
        let Some(nominal) = self.equals.as_ref().and_then(number) else {
            return wrong(&at, format!("`{at}` requires a number in `equals`"), "add `equals: 3.3`");
        };
        if percent < 0.0 {
            return wrong(&at, format!("`{at}` is negative"), "use a positive tolerance in percent");
        }
        if nominal == 0.0 || nominal.is_infinite() {
            return wrong(&at, format!("`{at}` of {nominal} is not a tolerance"), "use `min` and `max`");
        }
        Ok(())
    }

    /// The marginal limits for a percentage.
    fn margins(&self, path: &str, percent: f64) -> Read<(Option<f64>, Option<f64>)> {
        let at = inside(path, "marginal_percent");
        if percent <= 0.0 {
            return wrong(&at, format!("`{at}` is {percent}"), "use a positive percentage");
        }
        if let Some((within, nominal)) = self.within_percent.zip(self.equals.as_ref().and_then(number)) {
            if percent >= within {
                let message = format!("`{at}` is not below `within_percent`: {percent} and {within}");
                return wrong(&at, message, "values between both percentages are marginal");
            }
            return Ok(range((None, None), Some((nominal, percent))));
        }
        match (self.min, self.max) {
            (Some(min), Some(max)) if (max - min).is_finite() => {
                if percent >= 50.0 {
                    return wrong(&at, format!("`{at}` is {percent}, at both ends"), "use a percentage below 50");
                }
                let margin = (max - min) * percent / 100.0;
                Ok((Some(min + margin), Some(max - margin)))
            }
            (min, max) => {
                let of = |limit: Option<f64>| limit.filter(|limit| limit.is_finite() && *limit != 0.0);
                let (low, high) = (of(min), of(max));
                if (low, high) == (None, None) {
                    let message = format!("`{at}` needs a limit other than 0");
                    return wrong(&at, message, "add `min` and `max`, or use `marginal_min` or `marginal_max`");
                }
                let margin = |limit: f64| limit.abs() * percent / 100.0;
                Ok((low.map(|low| low + margin(low)), high.map(|high| high - margin(high))))
            }
        }
    }

    fn check_margins(&self, path: &str) -> Read<()> {
        let (low, high) = self.range();
        let (first, last) = (inside(path, "marginal_min"), inside(path, "marginal_max"));
        if self.marginal_min.is_some() && low.is_none() {
            return wrong(&first, format!("`{first}` without `min`"), "add `min`: below it the measurement fails");
        }
        if self.marginal_max.is_some() && high.is_none() {
            return wrong(&last, format!("`{last}` without `max`"), "add `max`: above it the measurement fails");
        }
        for (key, limit) in [(&first, self.marginal_min), (&last, self.marginal_max)] {
            let outside = |limit: &f64| low.is_some_and(|low| *limit < low) || high.is_some_and(|high| *limit > high);
            if let Some(limit) = limit.filter(outside) {
                let message = format!("`{key}` is outside of the limits: {limit}");
                return wrong(key, message, "marginal limits are inside of `min` and `max`");
            }
        }
        match (self.marginal_min, self.marginal_max) {
            (Some(min), Some(max)) if min > max => {
                wrong(&first, format!("`{first}` is above `{last}`: {min} > {max}"), "swap them")
            }
            _ => Ok(()),
        }
    }

    /// The limits that a measurement holds.
    pub fn of(item: &Measurement) -> Limits {
        let matches = item.matches.as_ref().and_then(|pattern| Some((pattern.clone(), Regex::new(pattern).ok()?)));
        Limits {
            min: item.min,
            max: item.max,
            marginal_min: item.marginal_min,
            marginal_max: item.marginal_max,
            marginal_percent: item.marginal_percent,
            within_percent: item.within_percent,
            equals: item.equals.as_ref().map(read::from_json),
            matches,
        }
    }

    /// The lowest and highest passing number.
    pub fn range(&self) -> (Option<f64>, Option<f64>) {
        range((self.min, self.max), self.equals.as_ref().and_then(number).zip(self.within_percent))
    }

    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        !self.is_numeric() && self.equals.is_none() && self.matches.is_none()
    }

    fn is_numeric(&self) -> bool {
        self.numeric().is_some()
    }

    /// The first option, for errors.
    pub fn first(&self) -> &'static str {
        let other = if self.equals.is_some() { "equals" } else { "matches" };
        self.numeric().unwrap_or(other)
    }

    /// The first option that needs a number.
    fn numeric(&self) -> Option<&'static str> {
        let given = [
            (self.min.is_some(), "min"),
            (self.max.is_some(), "max"),
            (self.within_percent.is_some(), "within_percent"),
            (self.marginal_min.is_some(), "marginal_min"),
            (self.marginal_max.is_some(), "marginal_max"),
        ];
        given.into_iter().find(|(is, _)| *is).map(|(_, option)| option)
    }

    /// The expected value, if exactly this is expected.
    pub fn expected(&self) -> Option<&Value> {
        self.equals.as_ref().filter(|_| self.within_percent.is_none())
    }

    /// Writes the limits into a record.
    pub fn record(&self, to: &mut Measurement) {
        (to.min, to.max) = (self.min, self.max);
        (to.marginal_min, to.marginal_max) = (self.marginal_min, self.marginal_max);
        (to.marginal_percent, to.within_percent) = (self.marginal_percent, self.within_percent);
        to.equals = self.equals.as_ref().map(to_json);
        to.matches = self.matches.as_ref().map(|(pattern, _)| pattern.clone());
    }

    /// Judges a value: pass, marginal, or the causes for which it fails.
    ///
    /// # Errors
    /// The causes.
    pub fn judge(&self, value: &Value) -> Result<Outcome, Vec<Cause>> {
        if self.is_empty() {
            return Ok(Outcome::Pass);
        }
        if matches!(value, Value::None) && !matches!(self.expected(), Some(Value::None)) {
            return Err(vec![Cause::Nothing]);
        }
        if matches!(value, Value::Float(number) if number.is_nan()) {
            return Err(vec![Cause::Nan]);
        }
        let mut causes = Vec::new();
        let mut is_central = true;
        if let Some(option) = self.numeric() {
            match number(value) {
                Some(number) => {
                    causes.extend(self.outside(number));
                    let above = self.marginal_min.is_none_or(|limit| number >= limit);
                    is_central = above && self.marginal_max.is_none_or(|limit| number <= limit);
                }
                None => causes.push(Cause::Type { option, needs: "a number", is: named(value) }),
            }
        }
        if let Some(wanted) = self.expected() {
            match equal(value, wanted) {
                Some(true) => {}
                Some(false) => causes.push(Cause::Unequal),
                None => causes.push(Cause::OtherType { wanted: named(wanted), is: named(value) }),
            }
        }
        if let Some((_, regex)) = &self.matches {
            match value {
                Value::Str(text) if regex.is_match(text) => {}
                Value::Str(_) => causes.push(Cause::NoMatch),
                other => causes.push(Cause::Type { option: "matches", needs: "a string", is: named(other) }),
            }
        }
        match causes.is_empty() {
            true if is_central => Ok(Outcome::Pass),
            true => Ok(Outcome::Marginal),
            false => Err(causes),
        }
    }

    /// Why a number is outside of the range. An infinite number needs a limit on its side.
    fn outside(&self, number: f64) -> Option<Cause> {
        let (low, high) = self.range();
        if low.is_some_and(|low| number < low) {
            return Some(Cause::Below);
        }
        if high.is_some_and(|high| number > high) {
            return Some(Cause::Above);
        }
        let missing = match number {
            f64::INFINITY if high.is_none() => "max",
            f64::NEG_INFINITY if low.is_none() => "min",
            _ => return None,
        };
        Some(Cause::Infinite { missing })
    }

    /// Judges a value, and records limits, outcome and reasons. The record's value must be set.
    pub fn apply(&self, value: &Value, to: &mut Measurement) {
        self.record(to);
        match self.judge(value) {
            Ok(outcome) => to.outcome = to.outcome.max(outcome),
            Err(causes) => {
                for cause in causes {
                    let reason = cause.reason(to);
                    to.fail(reason);
                }
            }
        }
    }
}

/// Compiles a regular expression.
fn regex(path: &str, pattern: &str) -> Read<Regex> {
    Regex::new(pattern).or_else(|error| {
        let reason = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        wrong(path, format!("`{path}` is not a valid regular expression: {reason}"), "")
    })
}

/// Equality as in scripts: `1` equals `1.0`. `None` if the types differ.
fn equal(a: &Value, b: &Value) -> Option<bool> {
    let all =
        |a: &[Value], b: &[Value]| Some(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b) == Some(true)));
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a == b),
        (Value::BigInt(a), Value::BigInt(b)) => Some(a == b),
        (Value::List(a) | Value::Tuple(a), Value::List(b) | Value::Tuple(b)) => all(a, b),
        (Value::Dict(a) | Value::OrderedDict(a), Value::Dict(b) | Value::OrderedDict(b)) => {
            let has = |(key, a): &(Value, Value)| b.iter().any(|(other, b)| key == other && equal(a, b) == Some(true));
            Some(a.len() == b.len() && a.iter().all(has))
        }
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => Some(a == b),
            (None, None) if std::mem::discriminant(a) == std::mem::discriminant(b) => Some(a == b),
            _ => None,
        },
    }
}
