//! Global functions: `sleep`, `timeout`, `exit`, time and environment.
//!
//! Invariant: every wait ends with the run, and with the innermost time limit.

use crate::device::class::seconds;
use crate::error::Kind;
use crate::script::errors::{Fallible, argument, is_timeout, kind_of, located, overdue, placed, raise, stop};
use crate::script::lock::lock;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, NativeCallContext, Position};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Longest interval between checks for Ctrl-C.
const SLICE: Duration = Duration::from_millis(25);

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    waiting(engine, run);
    let shared = run.clone();
    engine.register_fn("exit", move |context: NativeCallContext<'_>, status: i64| -> Fallible<()> {
        let Ok(status) = u8::try_from(status) else {
            let wrong = argument(format!("the exit status is {status}"), "use a number from 0 to 255");
            return placed(&context, wrong);
        };
        lock(&shared.recorder.ending).exit = Some(status);
        Err(Box::new(EvalAltResult::Exit(Dynamic::UNIT, Position::NONE)))
    });
    let shared = run.clone();
    engine.register_fn("exit", move || -> Fallible<()> {
        lock(&shared.recorder.ending).exit = Some(0);
        Err(Box::new(EvalAltResult::Exit(Dynamic::UNIT, Position::NONE)))
    });
    let shared = run.clone();
    engine
        .register_fn("time", || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()))
        .register_fn("env", move |context: NativeCallContext<'_>, name: ImmutableString| {
            let value = shared.gate().variable(&name).map_err(raise);
            placed(&context, value.map(|value| value.map_or(Dynamic::UNIT, Dynamic::from)))
        });
}

/// Parses the duration of `sleep`, `timeout` and similar functions.
pub(crate) fn duration(function: &str, value: &Value) -> Fallible<Duration> {
    match value {
        Value::Int(0) => Ok(Duration::ZERO),
        Value::Float(zero) if *zero == 0.0 => Ok(Duration::ZERO),
        other => match seconds(other) {
            Some(duration) => Ok(duration),
            None => argument(format!("`{function}` takes a number of seconds that is not negative"), ""),
        },
    }
}

fn sleep(run: &Run, value: &Value) -> Fallible<()> {
    wait_for(run, Instant::now() + duration("sleep", value)?)
}

/// Waits until `end`, unless the script must stop earlier.
pub(crate) fn wait_for(run: &Run, end: Instant) -> Fallible<()> {
    loop {
        if let Some(why) = run.clock.progress() {
            return Err(stop(why));
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::park_timeout(left.min(SLICE));
    }
}

fn waiting(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("sleep", move |context: NativeCallContext<'_>, seconds: i64| {
        placed(&context, sleep(&shared, &Value::Int(seconds)))
    });
    let shared = run.clone();
    engine.register_fn("sleep", move |context: NativeCallContext<'_>, seconds: f64| {
        placed(&context, sleep(&shared, &Value::Float(seconds)))
    });
    let shared = run.clone();
    engine.register_fn("timeout", move |context: NativeCallContext<'_>, seconds: i64, body: FnPtr| {
        placed(&context, timeout(&shared, &context, &Value::Int(seconds), &body))
    });
    let shared = run.clone();
    engine.register_fn("timeout", move |context: NativeCallContext<'_>, seconds: f64, body: FnPtr| {
        placed(&context, timeout(&shared, &context, &Value::Float(seconds), &body))
    });
}

/// Calls `body`; raises a TimeoutError when the time limit passes.
fn timeout(run: &Run, context: &NativeCallContext<'_>, value: &Value, body: &FnPtr) -> Fallible<Dynamic> {
    let limit = duration("timeout", value)?;
    let begun = Instant::now();
    run.clock.within(limit, |id| match body.call_raw(context, None, Vec::new()) {
        Err(error) if is_timeout(&error, id) || (begun.elapsed() >= limit && kind_of(&error) == Kind::TimeoutError) => {
            let error = overdue(&error, format!("this took longer than {} s", limit.as_secs_f64()));
            Err(raise(located(error, context)))
        }
        result => result,
    })
}
