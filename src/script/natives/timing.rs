//! `every`, `wait_until` and `retry`: repeated actions.
//!
//! Uses the waits of [`crate::script::natives::functions`]. Invariant: every wait ends with the run, the innermost time limit, or
//! Ctrl-C; the n-th call of `every` never starts early.

use crate::bench::event::Event;
use crate::bench::schedule::Schedule;
use crate::device::class::seconds;
use crate::error::{Error, Kind};
use crate::origin::Origin;
use crate::script::errors::{
    Fallible, ScriptError, argument, call_place, is_timeout, kind_of, located, overdue, placed,
};
use crate::script::natives::functions::{duration, wait_for};
use crate::script::natives::measure::shown;
use crate::script::objects::convert::describe;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, Map, NativeCallContext, Position};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The first and the longest interval between checks of a condition. Each is 1.5 times the previous one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(100));

/// Usage of the functions.
const EVERY: &str = "write `every(seconds, |n| …)` or `every(seconds, times, |n| …)`";
const WAIT_UNTIL: &str = "write `wait_until(seconds, || condition)`";
const RETRY: &str = "write `retry(times, seconds, || …)`";

type Context<'a> = NativeCallContext<'a>;

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("every", move |context: Context<'_>, period: Dynamic, body: Dynamic| {
        placed(&context, every(&shared, &context, &period, None, &body))
    });
    let shared = run.clone();
    engine.register_fn("every", move |context: Context<'_>, period: Dynamic, times: Dynamic, body: Dynamic| {
        placed(&context, every(&shared, &context, &period, Some(&times), &body))
    });
    let shared = run.clone();
    engine.register_fn("wait_until", move |context: Context<'_>, limit: Dynamic, condition: Dynamic| {
        placed(&context, wait_until(&shared, &context, &limit, &condition))
    });
    let shared = run.clone();
    engine.register_fn("retry", move |context: Context<'_>, times: Dynamic, pause: Dynamic, body: Dynamic| {
        placed(&context, retry(&shared, &context, &times, &pause, &body))
    });
}

fn number(value: &Dynamic) -> Value {
    crate::script::objects::convert::to_value(value).unwrap_or(Value::None)
}

fn count(function: &str, value: &Dynamic, usage: &str) -> Fallible<i64> {
    match value.as_int() {
        Ok(count) if count >= 0 => Ok(count),
        _ => argument(format!("the number of times of `{function}` must be an integer of at least 0"), usage),
    }
}

/// A closure, and whether it takes the call's number.
struct Body {
    function: FnPtr,
    numbered: bool,
}

impl Body {
    fn new(context: &Context<'_>, value: &Dynamic, usage: &str) -> Fallible<Body> {
        let Some(function) = value.read_lock::<FnPtr>().as_deref().cloned() else {
            return argument(format!("the last argument is {}, not a closure", describe(value)), usage);
        };
        let parameters = context.iter_namespaces().find_map(|module| {
            module.iter_script_fn_info().find(|(_, _, name, _, _)| *name == function.fn_name()).map(|info| info.3)
        });
        let numbered = parameters.is_some_and(|parameters| parameters > function.curry().len());
        Ok(Body { function, numbered })
    }

    fn call(&self, context: &Context<'_>, number: i64) -> Fallible<Dynamic> {
        let arguments = if self.numbered { vec![Dynamic::from_int(number)] } else { Vec::new() };
        self.function.call_raw(context, None, arguments)
    }
}

/// Calls `body` on a fixed schedule: the n-th call at n periods. Calls whose time has passed are
/// skipped, so that the others keep their times.
fn every(
    run: &Run,
    context: &Context<'_>,
    period: &Dynamic,
    times: Option<&Dynamic>,
    body: &Dynamic,
) -> Fallible<Dynamic> {
    let Some(period) = seconds(&number(period)).filter(|period| !period.is_zero()) else {
        return argument("the period of `every` must be a number of seconds, at least 1e-9", EVERY);
    };
    let times = times.map_or(Ok(i64::MAX), |times| count("every", times, EVERY))?;
    let body = Body::new(context, body, EVERY)?;
    let mut kept = Kept::default();
    let result = keep(run, context, (period, times), &body, &mut kept);
    // On every way out: most schedules run until an error ends them.
    if kept.calls > 0 {
        run.emit(Event::Scheduled(kept.schedule(call_place(context), period)));
    }
    result.map(|()| kept.into_map())
}

/// Makes the calls.
fn keep(
    run: &Run,
    context: &Context<'_>,
    (period, times): (Duration, i64),
    body: &Body,
    kept: &mut Kept,
) -> Fallible<()> {
    let begun = Instant::now();
    let mut tick = 0;
    while tick < times {
        let due = u32::try_from(tick).ok().and_then(|tick| period.checked_mul(tick));
        let Some(due) = due.and_then(|due| begun.checked_add(due)) else { break };
        wait_for(run, due)?;
        kept.began(due.elapsed());
        if matches!(body.call(context, tick)?.as_bool(), Ok(false)) {
            break;
        }
        // The next call whose time has not passed; a call that is due just now is late but made.
        let gone = i64::try_from(begun.elapsed().as_nanos() / period.as_nanos()).unwrap_or(i64::MAX);
        let next = gone.max(tick + 1).min(times);
        kept.skipped += next - tick - 1;
        tick = next;
    }
    Ok(())
}

/// Statistics of a schedule.
#[derive(Default)]
pub(crate) struct Kept {
    pub calls: i64,
    pub skipped: i64,
    late: Duration,
    latest: Duration,
}

impl Kept {
    pub fn began(&mut self, late: Duration) {
        self.calls += 1;
        self.late += late;
        self.latest = self.latest.max(late);
    }

    /// Mean delay of calls, in seconds.
    #[expect(clippy::cast_precision_loss, reason = "a count of calls that were made")]
    fn mean(&self) -> f64 {
        self.late.as_secs_f64() / self.calls.max(1) as f64
    }

    /// For the report.
    pub fn schedule(&self, place: Option<Origin>, period: Duration) -> Schedule {
        Schedule {
            file: place.as_ref().map(|place| place.file.to_string()).unwrap_or_default(),
            line: place.map_or(0, |place| place.line),
            period_s: period.as_secs_f64(),
            calls: u64::try_from(self.calls).unwrap_or(0),
            skipped: u64::try_from(self.skipped).unwrap_or(0),
            jitter_mean_s: self.mean(),
            jitter_max_s: self.latest.as_secs_f64(),
        }
    }

    fn into_map(self) -> Dynamic {
        let mut map = Map::new();
        map.insert("calls".into(), Dynamic::from_int(self.calls));
        map.insert("skipped".into(), Dynamic::from_int(self.skipped));
        map.insert("jitter_mean".into(), Dynamic::from_float(self.mean()));
        map.insert("jitter_max".into(), Dynamic::from_float(self.latest.as_secs_f64()));
        Dynamic::from_map(map)
    }
}

/// Polls a condition until it returns something other than `false` and `()`. Returns that value.
fn wait_until(run: &Run, context: &Context<'_>, limit: &Dynamic, condition: &Dynamic) -> Fallible<Dynamic> {
    let limit = duration("wait_until", &number(limit))?;
    let condition = Body::new(context, condition, WAIT_UNTIL)?;
    let mut last = Dynamic::UNIT;
    let begun = Instant::now();
    if limit.is_zero() {
        let value = condition.call(context, 0)?;
        return if holds(&value) { Ok(value) } else { Err(in_vain(context, limit, value)) };
    }
    run.clock.within(limit, |id| {
        let waited = poll(run, context, &condition, begun + limit, &mut last);
        match waited {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(in_vain(context, limit, last)),
            Err(error) if is_timeout(&error, id) || is_late(&error, begun, limit) => {
                let text = in_vain_text(context, limit, &last);
                let error = located(overdue(&error, text), context);
                Err(with_last(error, last))
            }
            Err(error) => Err(error),
        }
    })
}

/// Whether an error is that of a board call that was cut off by the limit.
fn is_late(error: &EvalAltResult, begun: Instant, limit: Duration) -> bool {
    begun.elapsed() >= limit
        && kind_of(error) == Kind::TimeoutError
        && !matches!(error, EvalAltResult::ErrorTerminated(..))
}

/// The condition's value once it holds; `None` if it does not before `end`. `last` is its latest value.
fn poll(
    run: &Run,
    context: &Context<'_>,
    condition: &Body,
    end: Instant,
    last: &mut Dynamic,
) -> Fallible<Option<Dynamic>> {
    let mut pause = PAUSES.0;
    for number in 0.. {
        let asked = Instant::now();
        let value = condition.call(context, number)?;
        if holds(&value) {
            return Ok(Some(value));
        }
        *last = value;
        // The last check starts early enough to finish in time.
        let took = asked.elapsed();
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let room = left.saturating_sub(took * 2).max(PAUSES.0);
        wait_for(run, Instant::now() + pause.min(room))?;
        pause = (pause * 3 / 2).min(PAUSES.1);
    }
    Ok(None)
}

fn holds(value: &Dynamic) -> bool {
    !value.is_unit() && !matches!(value.as_bool(), Ok(false))
}

fn in_vain_text(context: &Context<'_>, limit: Duration, last: &Dynamic) -> String {
    let last = if last.is_unit() { "()".to_owned() } else { shown(context, last) };
    format!("the condition did not hold within {} s; it last returned {last}", limit.as_secs_f64())
}

fn in_vain(context: &Context<'_>, limit: Duration, last: Dynamic) -> Box<EvalAltResult> {
    let error = Error::new(Kind::TimeoutError, in_vain_text(context, limit, &last));
    with_last(located(error, context), last)
}

/// An error whose `results` hold the condition's latest value.
fn with_last(error: Error, last: Dynamic) -> Box<EvalAltResult> {
    let results = Some(Array::from([last]));
    Box::new(EvalAltResult::ErrorRuntime(
        Dynamic::from(ScriptError { error, results, labels: Vec::new() }),
        Position::NONE,
    ))
}

/// Calls `body`, and retries it up to `times` times if it raises an error, pausing before each. Raises the last error.
fn retry(run: &Run, context: &Context<'_>, times: &Dynamic, pause: &Dynamic, body: &Dynamic) -> Fallible<Dynamic> {
    let times = count("retry", times, RETRY)?;
    let pause = duration("retry", &number(pause))?;
    let body = Body::new(context, body, RETRY)?;
    let mut tried = 0;
    loop {
        match body.call(context, tried) {
            Err(error) if tried < times && can_be_caught(&error) => wait_for(run, Instant::now() + pause)?,
            result => return result,
        }
        tried += 1;
    }
}

fn can_be_caught(error: &EvalAltResult) -> bool {
    !matches!(error, EvalAltResult::ErrorTerminated(..) | EvalAltResult::Exit(..))
        && crate::script::errors::innermost(error).is_catchable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_how_late_calls_begin() {
        let mut kept = Kept::default();
        for late in [1, 3, 2] {
            kept.began(Duration::from_millis(late));
        }
        let map = kept.into_map().cast::<Map>();
        assert_eq!(map["calls"].as_int(), Ok(3));
        assert!((map["jitter_mean"].as_float().unwrap() - 0.002).abs() < 1e-9);
        assert!((map["jitter_max"].as_float().unwrap() - 0.003).abs() < 1e-9);
        let nothing = Kept::default().into_map().cast::<Map>();
        assert_eq!(nothing["jitter_mean"].as_float(), Ok(0.0));
    }
}
