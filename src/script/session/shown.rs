//! Converts script values to plain data, to display them without Rhai.
//!
//! Uses [`crate::script::objects::convert`]. Invariant: every value converts; what a board cannot receive becomes text ([`Value::Opaque`]).

use crate::script::errors::Fallible;
use crate::script::objects::convert;
use crate::script::objects::values::{Dict, NamedTuple, Tuple};
use crate::value::Value;
use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map, NativeCallContext};
use std::time::{Duration, Instant};

/// Maximum depth of nesting.
const DEEPEST: usize = 100;

/// Converts `value`. Board objects are asked for their text.
///
/// # Errors
/// If a board object fails.
pub(crate) fn plain(context: &NativeCallContext<'_>, value: &Dynamic, depth: usize) -> Fallible<Value> {
    if value.is_shared() {
        return plain(context, &value.flatten_clone(), depth);
    }
    if depth > DEEPEST {
        return Ok(Value::Opaque("…".to_owned()));
    }
    let all =
        |items: &[Dynamic]| items.iter().map(|item| plain(context, item, depth + 1)).collect::<Fallible<Vec<Value>>>();
    if let Ok(letter) = value.as_char() {
        return Ok(Value::Opaque(format!("{letter:?}")));
    }
    if let Some(moment) = value.read_lock::<Instant>() {
        return Ok(Value::Opaque(format!("the moment {} ago", duration(moment.elapsed()))));
    }
    if let Some(function) = value.read_lock::<FnPtr>()
        && function.is_anonymous()
    {
        return Ok(Value::Opaque("closure".to_owned()));
    }
    if let Some(items) = value.read_lock::<Array>() {
        return all(&items).map(Value::List);
    }
    if let Some(tuple) = value.read_lock::<Tuple>() {
        return all(&tuple.0).map(Value::Tuple);
    }
    if let Some(map) = value.read_lock::<Map>() {
        let pairs = map.iter().map(|(key, value)| Ok((Value::Str(key.to_string()), plain(context, value, depth + 1)?)));
        return pairs.collect::<Fallible<_>>().map(Value::Dict);
    }
    if let Some(dict) = value.read_lock::<Dict>() {
        let pairs = dict.pairs.iter().map(|(key, value)| Ok((key.clone(), plain(context, value, depth + 1)?)));
        let pairs = pairs.collect::<Fallible<Vec<_>>>()?;
        return Ok(if dict.ordered { Value::OrderedDict(pairs) } else { Value::Dict(pairs) });
    }
    if let Some(tuple) = value.read_lock::<NamedTuple>() {
        let fields = tuple.fields.iter().map(|(name, value)| Ok((name.clone(), plain(context, value, depth + 1)?)));
        return Ok(Value::NamedTuple(tuple.name.clone(), fields.collect::<Fallible<_>>()?));
    }
    match convert::to_value(value) {
        // Convertible to a list, but not one.
        Ok(value) if value.remotes().is_empty() && !matches!(value, Value::List(_)) => Ok(value),
        _ => {
            let text = context.call_native_fn::<ImmutableString>("to_debug", (value.clone(),))?;
            Ok(Value::Opaque(text.to_string()))
        }
    }
}

/// Formats a duration with a suitable unit: `850 ns`, `1.25 ms`, `12.3 s`, `2 min 5 s`, `3 h 20 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let digits = |number: f64, unit: &str| {
        let decimals = if number < 9.995 {
            2
        } else if number < 99.95 {
            1
        } else {
            0
        };
        format!("{number:.decimals$} {unit}")
    };
    match seconds {
        _ if time.as_nanos() < 1000 => format!("{} ns", time.as_nanos()),
        _ if seconds < 0.000_999_5 => digits(seconds * 1e6, "µs"),
        _ if seconds < 0.999_5 => digits(seconds * 1e3, "ms"),
        _ if seconds < 59.95 => digits(seconds, "s"),
        _ => {
            let whole = seconds.round() as u64;
            match (whole / 3600, whole / 60 % 60, whole % 60) {
                (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
                (hours, minutes, _) => format!("{hours} h {minutes} min"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_unit_that_fits() {
        let case = |seconds: f64, wanted: &str| assert_eq!(duration(Duration::from_secs_f64(seconds)), wanted);
        case(0.0, "0 ns");
        case(850e-9, "850 ns");
        case(1.25e-6, "1.25 µs");
        case(0.000_999_9, "1.00 ms");
        case(0.012_34, "12.3 ms");
        case(0.123_4, "123 ms");
        case(12.34, "12.3 s");
        case(59.99, "1 min 0 s");
        case(12_000.0, "3 h 20 min");
    }
}
