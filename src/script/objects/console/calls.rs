//! What the functions of consoles share: patterns, time limits, errors.
//!
//! Invariant: every wait ends with the run, and with the innermost time limit.

use crate::console::failure::Failure;
use crate::console::incoming::Match;
use crate::console::pattern::Pattern;
use crate::error::{Error, Kind};
use crate::script::errors::{Fallible, argument, located, raise, stop};
use crate::script::handles::RegexHandle;
use crate::script::objects::convert::{describe, to_value};
use crate::script::run::Run;
use crate::script::run::console::ConsoleHandle;
use rhai::{Blob, Dynamic, ImmutableString, NativeCallContext as Context};
use std::time::Duration;

pub(crate) fn send(run: &Run, context: &Context<'_>, console: &ConsoleHandle, bytes: &[u8]) -> Fallible<()> {
    console.0.console.write(bytes, &|| run.clock.progress().is_some()).map_err(|failure| ended(run, context, failure))
}

/// The error of a call that ended early.
pub(crate) fn ended(run: &Run, context: &Context<'_>, failure: Failure) -> Box<rhai::EvalAltResult> {
    match failure {
        Failure::Error(error) => raise(located(error, context)),
        Failure::Stopped => match run.clock.progress() {
            Some(why) => stop(why),
            None => raise(located(Error::new(Kind::Interrupted, "interrupted"), context)),
        },
    }
}

/// The time limit of a call.
pub(crate) fn limit(function: &str, seconds: &Dynamic) -> Fallible<Duration> {
    let limit = to_value(seconds).ok().and_then(|value| crate::device::class::seconds(&value));
    match limit {
        Some(limit) => Ok(limit),
        None => argument(
            format!("the time limit of `{function}` is {}", describe(seconds)),
            "use a positive number of seconds",
        ),
    }
}

/// What to wait for.
pub(crate) fn pattern(value: &Dynamic) -> Fallible<Pattern> {
    let found = if let Some(text) = value.read_lock::<ImmutableString>() {
        Some(Pattern::text(&text))
    } else if let Some(bytes) = value.read_lock::<Blob>() {
        Some(Pattern::Exact(bytes.as_slice().into()))
    } else if let Some(regex) = value.read_lock::<RegexHandle>() {
        Some(Pattern::Regex(regex.0.clone()))
    } else {
        None
    };
    match found {
        Some(pattern) => Ok(pattern),
        None => argument(
            format!("a console cannot wait for {}", describe(value)),
            "use a string, a blob, or `regex(\"…\")`",
        ),
    }
}

pub(crate) fn found(
    run: &Run,
    context: &Context<'_>,
    console: &ConsoleHandle,
    limit: Duration,
    patterns: &[Pattern],
) -> Fallible<Match> {
    let stop = || run.clock.progress().is_some();
    console.0.console.expect(patterns, limit, &stop).map_err(|failure| ended(run, context, failure))
}
