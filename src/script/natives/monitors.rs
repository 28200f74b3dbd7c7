//! `monitor(name, period, closure)`: a series recorded beside a test.
//!
//! Invariant: a monitor ends with the attempt of its test, whatever ends that; ticks that have passed are skipped, never made up.

use crate::bench::event::{Event, Outcome};
use crate::bench::measurement::Measurement;
use crate::device::class::seconds;
use crate::error::{Error, Kind};
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, call_place, kind_of, located, placed, raise, refuse};
use crate::script::lock::lock;
use crate::script::natives::functions::wait_for;
use crate::script::natives::measure::{number, unit};
use crate::script::natives::provenance;
use crate::script::natives::series::{self, SeriesHandle};
use crate::script::natives::timing::Kept;
use crate::script::objects::convert::{describe, to_value};
use crate::script::run::monitors::{self, Desk};
use crate::script::run::{Run, board};
use crate::value::Value;
use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, Map, NativeCallContext};
use std::sync::Arc;
use std::time::{Duration, Instant};

type Context<'a> = NativeCallContext<'a>;

/// The options of `monitor`.
pub(crate) const OPTIONS: &[&str] = &["unit", "min", "max"];

const USAGE: &str = "write `monitor(\"temperature\", 0.5, || dut.celsius())`";

/// Registers the function.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn(
        "monitor",
        move |context: Context<'_>, name: ImmutableString, period: Dynamic, body: Dynamic| {
            placed(&context, start(&shared, &context, &name, &period, &Map::new(), &body))
        },
    );
    let shared = run.clone();
    engine.register_fn(
        "monitor",
        move |context: Context<'_>, name: ImmutableString, period: Dynamic, options: Map, body: Dynamic| {
            placed(&context, start(&shared, &context, &name, &period, &options, &body))
        },
    );
}

/// A monitor at work.
struct Monitor {
    run: Arc<Run>,
    desk: Arc<Desk>,
    test: u64,
    name: String,
    period: Duration,
    function: FnPtr,
    series: SeriesHandle,
    /// The limits of each sample; without a value.
    limits: Measurement,
}

fn start(
    run: &Arc<Run>,
    context: &Context<'_>,
    name: &str,
    period: &Dynamic,
    options: &Map,
    body: &Dynamic,
) -> Fallible<()> {
    let Some(period) = seconds(&to_value(period).unwrap_or(Value::None)).filter(|period| !period.is_zero()) else {
        return argument("the period of `monitor` must be a number of seconds, at least 1e-9", USAGE);
    };
    let Some(mut function) = body.read_lock::<FnPtr>().as_deref().cloned() else {
        return argument(format!("the last argument of `monitor` is {}, not a closure", describe(body)), USAGE);
    };
    // Captured variables are locked during use: the thread gets its own copies, which its calls share.
    for captured in function.iter_curry_mut() {
        *captured = captured.flatten_clone().into_shared();
    }
    let limits = Measurement { limit: provenance::of(run, context, options), ..read(name, options)? };
    let test = if monitors::is_here() { None } else { lock(&run.recorder.record).test() };
    let Some((test, desk)) = test.and_then(|test| Some((test, run.recorder.desks.of(test)?))) else {
        let help = "call it in a test; in `setup_each` for every test of a group";
        return refuse(Kind::DeclarationError, "`monitor` is outside of a test", help);
    };
    let series = series::begin(run, name, &Dynamic::from(limits.unit.clone()), Array::new())?;
    let (run, name) = (run.clone(), name.to_owned());
    #[expect(deprecated, reason = "Rhai marks this as volatile that way; the version is pinned")]
    let store = context.store_data();
    let (deadlines, board, origin) = (run.clock.deadlines(), board::board(), call_place(context));
    let monitor = Monitor { run, desk: desk.clone(), test, name, period, function, series, limits };
    let begun = desk.start(move |engine| {
        monitor.run.clock.work_within(deadlines);
        board::set(board);
        lock(&monitor.run.recorder.record).help(monitor.test);
        #[expect(deprecated, reason = "Rhai marks this as volatile that way; the version is pinned")]
        let context = store.create_context(engine);
        let kept = monitor.keep(&context);
        if kept.skipped > 0 {
            let of = kept.calls + kept.skipped;
            let (name, period) = (&monitor.name, monitor.period.as_secs_f64());
            let why = format!("{} of {of} samples were skipped: a call took longer than {period} s", kept.skipped);
            monitor.run.notice(&format!("monitor \"{name}\": {why}"));
        }
        monitor.run.emit(Event::Scheduled(kept.schedule(origin, monitor.period)));
    });
    if !begun {
        return Err(raise(Error::new(Kind::InternalError, "the monitor cannot start")));
    }
    Ok(())
}

fn read(name: &str, options: &Map) -> Fallible<Measurement> {
    let mut limits = Measurement { name: name.to_owned(), ..Measurement::default() };
    for (option, given) in options {
        match option.as_str() {
            "unit" => limits.unit = unit(given)?,
            "min" => limits.min = Some(limit(option, given)?),
            "max" => limits.max = Some(limit(option, given)?),
            other => {
                let near = crate::name::nearest(other, OPTIONS.iter().copied()).map(did_you_mean);
                let help = near.unwrap_or_else(|| format!("options of `monitor`: {}", OPTIONS.join(", ")));
                return argument(format!("`monitor` has no option `{other}`"), help);
            }
        }
    }
    Ok(limits)
}

fn limit(name: &str, given: &Dynamic) -> Fallible<f64> {
    match number(given).filter(|number| !number.is_nan()) {
        Some(number) => Ok(number),
        None => argument(format!("`{name}` is {}", describe(given)), "use a number"),
    }
}

impl Monitor {
    /// Takes samples until the test has ended: at least one.
    fn keep(&self, context: &Context<'_>) -> Kept {
        let mut kept = Kept::default();
        let mut worst: Option<f64> = None;
        let begun = Instant::now();
        let mut tick = 0;
        loop {
            let due = u32::try_from(tick).ok().and_then(|tick| self.period.checked_mul(tick));
            let Some(due) = due.and_then(|due| begun.checked_add(due)) else { break };
            if let Err(error) = wait_for(&self.run, due) {
                self.end(error);
                break;
            }
            kept.began(due.elapsed());
            match self.sample(context) {
                Ok(sample) => worst = Some(self.worse(worst, sample)),
                Err(error) => {
                    self.end(error);
                    break;
                }
            }
            // A short test gets its first sample.
            self.run.clock.end_with(Some(self.desk.stopped.clone()));
            let gone = i64::try_from(begun.elapsed().as_nanos() / self.period.as_nanos()).unwrap_or(i64::MAX);
            let next = gone.max(tick + 1);
            // Those that the end of the test leaves out were not due.
            if self.run.clock.progress().is_none() {
                kept.skipped += next - tick - 1;
            }
            tick = next;
        }
        if let Some(worst) = worst.filter(|_| self.limits.min.is_some() || self.limits.max.is_some()) {
            self.judge(worst);
        }
        kept
    }

    fn sample(&self, context: &Context<'_>) -> Fallible<f64> {
        let value = self.function.call_raw(context, None, Vec::new())?;
        let Some(sample) = number(&value) else {
            let message = format!("the monitor \"{}\" returned {}", self.name, describe(&value));
            let error = Error::new(Kind::ArgumentError, message).with_help("return a number");
            return Err(raise(located(error, context)));
        };
        self.series.add(&value, None)?;
        Ok(sample)
    }

    /// What ended the monitor: nothing if the test or the run ends, otherwise an error, which ends the test.
    fn end(&self, error: Box<rhai::EvalAltResult>) {
        if kind_of(&error) == Kind::Interrupted {
            self.desk.interrupt();
        } else if self.run.clock.progress().is_none() {
            self.desk.fail(&self.name, error);
        }
    }

    /// The sample that is further outside of the limits, or closer to them.
    fn worse(&self, worst: Option<f64>, sample: f64) -> f64 {
        let beyond = |value: f64| {
            let low = self.limits.min.map_or(f64::NEG_INFINITY, |min| min - value);
            let high = self.limits.max.map_or(f64::NEG_INFINITY, |max| value - max);
            if value.is_nan() { f64::INFINITY } else { low.max(high) }
        };
        worst.filter(|worst| beyond(*worst) >= beyond(sample)).unwrap_or(sample)
    }

    /// Records the worst sample as a measurement of the test.
    fn judge(&self, worst: f64) {
        let mut measurement = Measurement { value: crate::bench::numbers::to_json(worst), ..self.limits.clone() };
        measurement.doc = "the worst sample".to_owned();
        measurement.judge();
        let outcome: Outcome = measurement.outcome;
        lock(&self.run.recorder.record).measured(outcome);
        self.run.emit(Event::Measured { test: Some(self.test), measurement: Box::new(measurement) });
    }
}
