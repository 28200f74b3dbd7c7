//! `measure(name, value, options)`, `measure(name, value, limits, options)`.
//!
//! Invariant: a measurement is recorded before an error is raised for it; what closures decide is recorded with it, so that a
//! report needs no script.

mod checks;
mod options;

use crate::bench::event::{Event, Outcome};
use crate::bench::limit_source::LimitSource;
use crate::bench::measurement::{self, Measurement, Subject};
use crate::bench::{numbers, units};
use crate::error::Kind;
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, placed, refuse};
use crate::script::handles::GeneratorHandle;
use crate::script::lock::lock;
use crate::script::natives::provenance;
use crate::script::natives::series::SeriesHandle;
use crate::script::objects::convert::{describe, to_dynamic, to_value};
use crate::script::objects::values::BigInteger;
use crate::script::run::Run;
use crate::script::run::board::board;
use crate::value::Value as BoardValue;
use options::Asked;
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext};
use serde_json::Value;
use std::sync::Arc;

pub(crate) use measurement::{FIGURES, OPTIONS, SINGLE};

/// The options of a column of a table.
pub(crate) fn column_options() -> Vec<&'static str> {
    [measurement::COLUMN, measurement::FIGURES, &["monotonic", "envelope"]].concat()
}

type Context<'a> = NativeCallContext<'a>;

/// Registers the function.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("measure", move |context: Context<'_>, name: ImmutableString, value: Dynamic| {
        placed(&context, measure(&shared, &context, &name, value, (Map::new(), None)))
    });
    let shared = run.clone();
    engine.register_fn("measure", move |context: Context<'_>, name: ImmutableString, value: Dynamic, options: Map| {
        placed(&context, measure(&shared, &context, &name, value, (options, None)))
    });
    let shared = run.clone();
    engine.register_fn(
        "measure",
        move |context: Context<'_>, name: ImmutableString, value: Dynamic, limits: Map, options: Map| {
            placed(&context, measure(&shared, &context, &name, value, (limits, Some(options))))
        },
    );
}

/// Formats a value as `print` does.
pub(crate) fn shown(context: &Context<'_>, value: &Dynamic) -> String {
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
fn json(context: &Context<'_>, value: &Dynamic) -> Value {
    if let Ok(whole) = value.as_int() {
        return whole.into();
    }
    if let Some(number) = number(value) {
        return numbers::to_json(number);
    }
    if let Ok(on) = value.as_bool() {
        return on.into();
    }
    if value.is_unit() {
        return Value::Null;
    }
    match value.read_lock::<Array>() {
        Some(items) => items.iter().map(|item| json(context, item)).collect(),
        None => shown(context, value).into(),
    }
}

/// Checks a unit.
pub(crate) fn unit(given: &Dynamic) -> Fallible<String> {
    let Ok(unit) = given.clone().into_string() else {
        return argument(format!("`unit` is {}", describe(given)), "use a string such as \"V\"");
    };
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

/// The value as plain data. What has none is judged as an object of its type.
fn plain(value: &Dynamic) -> BoardValue {
    to_value(value).unwrap_or_else(|_| BoardValue::Opaque(describe(value)))
}

fn measure(
    run: &Run,
    context: &Context<'_>,
    name: &str,
    value: Dynamic,
    (limits, about): (Map, Option<Map>),
) -> Fallible<Dynamic> {
    let source = source(run, context, &limits, about.as_ref());
    let asked = Asked::read(limits, about, run.variant())?;
    let test = lock(&run.recorder.record).test();
    let results = lock(&run.recorder.results);
    let is_doubled = results.has_measured(test, results.board(test, board()), name);
    drop(results);
    if is_doubled {
        let help = "give each measurement its own name, or measure an array: `all` limits each of its values";
        return argument(format!("`{name}` was measured already in this test"), help);
    }
    let (mut measurement, value) = judge(context, name, value, &asked)?;
    measurement.limit = source;
    finish(run, measurement, asked.plan.must)?;
    Ok(value)
}

/// Where the limits came from.
fn source(run: &Run, context: &Context<'_>, limits: &Map, about: Option<&Map>) -> Option<LimitSource> {
    match about {
        None => provenance::of(run, context, limits),
        Some(about) => {
            let mut all = about.clone();
            all.extend(limits.clone());
            provenance::of(run, context, &all)
        }
    }
}

/// Judges a value; returns the measurement, and the value that was judged.
fn judge(context: &Context<'_>, name: &str, value: Dynamic, asked: &Asked) -> Fallible<(Measurement, Dynamic)> {
    let given = value.flatten_clone();
    let value = match given.read_lock::<GeneratorHandle>() {
        Some(generator) => Dynamic::from_array(generator.collect()?),
        None => value,
    };
    if let Some(series) = given.read_lock::<SeriesHandle>() {
        if asked.transform.is_some() {
            return argument("`transform` of a series", "measure an array: `series.values()`");
        }
        let judged = asked.plan.judge(name, Subject::Series(series.samples())).or_else(options::raise)?;
        let mut measurement = judged.measurement;
        checks::run(context, &asked.checks, &value, &mut measurement)?;
        asked.label(&mut measurement);
        return Ok((measurement, value));
    }
    let (transformed, raw) = match &asked.transform {
        None => (value, None),
        Some(transform) => {
            let raw = json(context, &value);
            (transform.call_raw(context, None, [value])?, Some(raw))
        }
    };
    let judged = asked.plan.judge(name, Subject::Value(plain(&transformed))).or_else(options::raise)?;
    let mut measurement = judged.measurement;
    let value = match judged.changed {
        Some(changed) => to_dynamic(changed),
        None => transformed,
    };
    if measurement.columns.is_empty() {
        measurement.value = json(context, &value);
    }
    if raw.is_some() {
        // The unit of what a closure gets is not known.
        (measurement.raw, measurement.raw_unit) = (raw, Some(String::new()));
    }
    checks::run(context, &asked.checks, &value, &mut measurement)?;
    asked.label(&mut measurement);
    Ok((measurement, value))
}

/// Records a measurement; `must`: raises an error if it failed.
fn finish(run: &Run, measurement: Measurement, must: bool) -> Fallible<()> {
    let outcome = measurement.outcome;
    let message = (must && outcome == Outcome::Fail).then(|| why(&measurement));
    let mut record = lock(&run.recorder.record);
    let test = record.test();
    record.measured(outcome);
    drop(record);
    let board = lock(&run.recorder.results).board(test, board());
    let measurement = Measurement { board, ..measurement };
    run.emit(Event::Measured { test, measurement: Box::new(measurement) });
    match message {
        Some(message) => refuse(Kind::ScriptError, message, ""),
        None => Ok(()),
    }
}

/// The message of a failed measurement that ends its test.
fn why(measurement: &Measurement) -> String {
    if measurement.is_obvious() {
        let said = units::format(measurement);
        return format!("`{}` is {}, and must be {}", measurement.name, said.value, said.limits);
    }
    format!("`{}`: {}", measurement.name, measurement.all_reasons().join("; "))
}
