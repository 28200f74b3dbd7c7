//! The maps of options of instruments.
//!
//! Invariant: an unknown option is an error that lists the known ones.

use crate::instrument::block::Format;
use crate::instrument::{CallOptions, InstrumentOptions, NumberOptions};
use crate::phrase::did_you_mean;
use crate::port::options::LineOptions;
use crate::script::errors::{Fallible, argument};
use crate::script::objects::convert::describe;
use crate::script::objects::line;
use rhai::{Dynamic, Map};
use std::time::Duration;

/// Options of `Instrument.open`.
pub(crate) const OPEN: &[&str] = &[
    "name",
    "timeout",
    "retries",
    "check_errors",
    "error_query",
    "identify",
    "calibrated",
    "terminator",
    "read_terminator",
    "baudrate",
    "data_bits",
    "parity",
    "stop_bits",
    "flow",
    "dtr",
    "rts",
    "user",
    "password",
];

/// Options of one command.
pub(crate) const WRITE: &[&str] = &["timeout", "check_errors"];

/// Options of reading without a command.
pub(crate) const READ: &[&str] = &["timeout"];

/// Options of `query_numbers`.
pub(crate) const NUMBERS: &[&str] = &["timeout", "check_errors", "format", "byte_order"];

/// What the options of one call say.
#[derive(Clone, Copy, Default)]
pub(crate) struct Call {
    pub call: CallOptions,
    pub numbers: NumberOptions,
}

/// A number of seconds above 0.
pub(crate) fn seconds(what: &str, value: &Dynamic) -> Fallible<Duration> {
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let number = value.as_float().ok().or_else(|| value.as_int().ok().map(|whole| whole as f64));
    match number.filter(|number| *number > 0.0).and_then(|number| Duration::try_from_secs_f64(number).ok()) {
        Some(limit) => Ok(limit),
        None => argument(format!("`{what}` is {}", describe(value)), "use a positive number of seconds"),
    }
}

fn known(of: &str, name: &str, known: &[&str]) -> Fallible<()> {
    if known.contains(&name) {
        return Ok(());
    }
    let near = crate::name::nearest(name, known.iter().copied());
    let help = near.map_or_else(|| format!("options of `{of}`: {}", known.join(", ")), did_you_mean);
    argument(format!("`{of}` has no option `{name}`"), help)
}

fn flag(name: &str, value: &Dynamic) -> Fallible<bool> {
    value.as_bool().or_else(|_| wanted(name, "`true` or `false`"))
}

fn text(name: &str, value: &Dynamic) -> Fallible<String> {
    value.clone().into_string().or_else(|_| wanted(name, "a string"))
}

fn wanted<T>(name: &str, what: &str) -> Fallible<T> {
    argument(format!("the option `{name}` takes {what}"), "")
}

/// One of some words.
fn one_of<T: Copy>(name: &str, value: &Dynamic, all: &[(&str, T)]) -> Fallible<T> {
    let given = value.clone().into_string().unwrap_or_default();
    match all.iter().find(|(word, _)| *word == given) {
        Some((_, meant)) => Ok(*meant),
        None => {
            let words: Vec<String> = all.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            wanted(name, &format!("one of {}", words.join(", ")))
        }
    }
}

/// A whole number in a range.
fn whole(name: &str, value: &Dynamic, low: i64, high: i64) -> Fallible<u32> {
    let number = value.as_int().ok().filter(|number| (low..=high).contains(number));
    match number.and_then(|number| u32::try_from(number).ok()) {
        Some(number) => Ok(number),
        None => wanted(name, &format!("a whole number from {low} to {high}")),
    }
}

/// The options of `open`.
pub(crate) fn of_open(map: &Map) -> Fallible<InstrumentOptions> {
    let mut options = InstrumentOptions::default();
    for (name, value) in map {
        known("open", name, OPEN)?;
        if value.is_unit() {
            continue;
        }
        match name.as_str() {
            "name" => options.name = Some(text(name, value)?).filter(|name| !name.is_empty()),
            "timeout" => options.timeout = Some(seconds(name, value)?),
            "retries" => options.retries = Some(whole(name, value, 0, 100)?),
            "check_errors" => options.check_errors = Some(flag(name, value)?),
            "error_query" => options.error_query = Some(text(name, value)?),
            "identify" => options.identify = Some(flag(name, value)?),
            "calibrated" => options.calibrated = Some(text(name, value)?),
            "terminator" => options.terminator = Some(text(name, value)?),
            "read_terminator" => match text(name, value)? {
                empty if empty.is_empty() => return wanted(name, "a string that is not empty"),
                text => options.read_terminator = Some(text),
            },
            name if LineOptions::NAMES.contains(&name) => line::set(&mut options.line, name, value)?,
            "user" => options.line.user = Some(text(name, value)?),
            _ => options.line.password = Some(text(name, value)?),
        }
    }
    if options.read_terminator().is_empty() {
        return wanted("terminator", "a string that is not empty, or set `read_terminator` too");
    }
    Ok(options)
}

/// The options of one call of `function`.
pub(crate) fn of_call(function: &str, names: &[&str], map: &Map) -> Fallible<Call> {
    let mut options = Call::default();
    for (name, value) in map {
        known(function, name, names)?;
        match name.as_str() {
            "timeout" => options.call.timeout = Some(seconds(name, value)?),
            "check_errors" => options.call.check_errors = Some(flag(name, value)?),
            "format" => options.numbers.format = Some(one_of(name, value, &Format::NAMES)?),
            _ => options.numbers.little = one_of(name, value, &[("big", false), ("little", true)])?,
        }
    }
    Ok(options)
}
