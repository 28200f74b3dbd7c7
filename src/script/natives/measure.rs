//! `measure(name, value, options)`.
//!
//! Invariant: a measurement is recorded before an error is raised for it.

use crate::bench::event::{Event, Outcome};
use crate::bench::measurement::Measurement;
use crate::bench::{numbers, units};
use crate::error::Kind;
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, placed, refuse};
use crate::script::lock::lock;
use crate::script::natives::provenance;
use crate::script::objects::convert::describe;
use crate::script::objects::values::BigInteger;
use crate::script::run::Run;
use regex_automata::meta::Regex;
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext};
use serde_json::Value;
use std::sync::Arc;

pub(crate) const OPTIONS: &[&str] =
    &["unit", "min", "max", "marginal_min", "marginal_max", "equals", "matches", "within_percent", "doc", "must"];

/// Registers the function.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("measure", move |context: NativeCallContext<'_>, name: ImmutableString, value: Dynamic| {
        placed(&context, measure(&shared, &context, &name, value, &Map::new()))
    });
    let shared = run.clone();
    engine.register_fn(
        "measure",
        move |context: NativeCallContext<'_>, name: ImmutableString, value: Dynamic, options: Map| {
            placed(&context, measure(&shared, &context, &name, value, &options))
        },
    );
}

/// Formats a value as `print` does.
pub(crate) fn shown(context: &NativeCallContext<'_>, value: &Dynamic) -> String {
    let text = context.call_native_fn::<ImmutableString>("to_string", (value.clone(),));
    text.map_or_else(|_| value.to_string(), |text| text.to_string())
}

/// A value as a number, if it is one.
#[expect(clippy::cast_precision_loss, reason = "a measured value is judged as a float")]
pub(crate) fn number(value: &Dynamic) -> Option<f64> {
    let small = value.as_float().ok().or_else(|| value.as_int().ok().map(|whole| whole as f64));
    small.or_else(|| value.read_lock::<BigInteger>().map(|whole| whole.to_float()))
}

/// Converts a value to JSON; what JSON lacks becomes a string.
fn json(context: &NativeCallContext<'_>, value: &Dynamic) -> Value {
    if let Ok(whole) = value.as_int() {
        return whole.into();
    }
    if let Some(number) = number(value) {
        return numbers::to_json(number);
    }
    if let Ok(on) = value.as_bool() {
        return on.into();
    }
    match value.read_lock::<Array>() {
        Some(items) => items.iter().map(|item| json(context, item)).collect(),
        None => shown(context, value).into(),
    }
}

fn limit(name: &str, given: &Dynamic) -> Fallible<f64> {
    match number(given).filter(|number| !number.is_nan()) {
        Some(number) => Ok(number),
        None => argument(format!("`{name}` is {}", describe(given)), "use a number"),
    }
}

fn text(name: &str, given: &Dynamic, help: &str) -> Fallible<String> {
    given.clone().into_string().or_else(|_| argument(format!("`{name}` is {}", describe(given)), help))
}

/// Checks a unit.
pub(crate) fn unit(given: &Dynamic) -> Fallible<String> {
    let unit = text("unit", given, "use a string such as \"V\"")?;
    match units::check(&unit) {
        Ok(()) => Ok(unit),
        Err(meant) => {
            let help = meant.map_or_else(
                || "use an SI or lab unit, with any prefix: \"mV\", \"kΩ\", \"m/s\", \"°C\", \"dBm\"".to_owned(),
                |meant| did_you_mean(&meant),
            );
            argument(format!("unknown unit `{unit}`"), help)
        }
    }
}

/// Reads the options; returns whether a failure ends the test.
fn read(context: &NativeCallContext<'_>, measurement: &mut Measurement, options: &Map) -> Fallible<bool> {
    let mut must = false;
    for (option, given) in options {
        match option.as_str() {
            "unit" => measurement.unit = unit(given)?,
            "doc" => measurement.doc = text(option, given, "use a string")?,
            "min" => measurement.min = Some(limit(option, given)?),
            "max" => measurement.max = Some(limit(option, given)?),
            "marginal_min" => measurement.marginal_min = Some(limit(option, given)?),
            "marginal_max" => measurement.marginal_max = Some(limit(option, given)?),
            "within_percent" => measurement.within_percent = Some(limit(option, given)?),
            "equals" => measurement.equals = Some(json(context, given)),
            "matches" => measurement.matches = Some(text(option, given, "use a regular expression")?),
            "must" => match given.as_bool() {
                Ok(on) => must = on,
                Err(_) => return argument(format!("`must` is {}", describe(given)), "use `true` or `false`"),
            },
            other => {
                let near = crate::name::nearest(other, OPTIONS.iter().copied());
                let help = near.map_or_else(|| format!("options of `measure`: {}", OPTIONS.join(", ")), did_you_mean);
                return argument(format!("`measure` has no option `{other}`"), help);
            }
        }
    }
    check(measurement)?;
    Ok(must)
}

/// Rejects limits that no value can meet.
fn check(measurement: &Measurement) -> Fallible<()> {
    if let Some(percent) = measurement.within_percent {
        if measurement.equals.as_ref().and_then(numbers::from_json).is_none() {
            return argument("`within_percent` requires a number in `equals`", "add `equals: 3.3`");
        }
        if percent < 0.0 {
            return argument("`within_percent` is negative", "use a positive tolerance in percent");
        }
    }
    if let (Some(min), Some(max)) = (measurement.min, measurement.max)
        && min > max
    {
        return argument(format!("`min` is above `max`: {min} > {max}"), "swap them");
    }
    Ok(())
}

fn measure(run: &Run, context: &NativeCallContext<'_>, name: &str, value: Dynamic, options: &Map) -> Fallible<Dynamic> {
    let mut measurement = Measurement { name: name.to_owned(), value: json(context, &value), ..Measurement::default() };
    let must = read(context, &mut measurement, options)?;
    measurement.limit = provenance::of(run, context, options);
    let pattern = match measurement.matches.as_deref().map(Regex::new) {
        None => None,
        Some(Ok(pattern)) => Some(pattern),
        Some(Err(error)) => {
            let reason = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            return argument(format!("`matches` is not a valid regular expression: {reason}"), "");
        }
    };
    measurement.judge(|_, text| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text)));
    let outcome = measurement.outcome;
    let mut record = lock(&run.recorder.record);
    let test = record.test();
    record.measured(outcome);
    drop(record);
    let said = units::format(&measurement);
    run.emit(Event::Measured { test, measurement });
    if must && outcome == Outcome::Fail {
        let message = format!("`{name}` is {}, and must be {}", said.value, said.limits);
        return refuse(Kind::ScriptError, message, "");
    }
    Ok(value)
}
