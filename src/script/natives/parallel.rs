//! `parallel([|| …, || …])` and `for_each_board([…], |b| …)`: closures on separate threads, results in order.
//!
//! Invariant: all closures have ended when the call returns, even if one fails.

use crate::error::{Error, Kind};
use crate::script::diagnostics::explain;
use crate::script::errors;
use crate::script::errors::{Fallible, ScriptError, argument, as_value, call_place, kind_of, placed, stop};
use crate::script::handles::DeviceHandle;
use crate::script::lock::lock;
use crate::script::objects::convert::describe;
use crate::script::observer::Activity;
use crate::script::run::{Run, board};
use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, Map, NativeCallContext, Position};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Stack size of a closure's thread: enough for 64 nested script calls, and for dropping nested values. Memory is committed
/// as it is used. If the system grants less, [`LEAST_STACK`] is enough for the calls.
const STACK: usize = if cfg!(target_pointer_width = "64") { 512 << 20 } else { 16 << 20 };
const LEAST_STACK: usize = 16 << 20;

/// Usage of `for_each_board`.
const FOR_EACH: &str = "write `for_each_board([one, two], |board| …)`, with `#{ jobs: 4 }` before the closure to limit how many run at once";

/// Registers `parallel` and `for_each_board`.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("parallel", move |context: NativeCallContext<'_>, closures: Array| {
        placed(&context, parallel(&shared, &context, closures))
    });
    let shared = run.clone();
    engine.register_fn("for_each_board", move |context: NativeCallContext<'_>, boards: Dynamic, body: Dynamic| {
        placed(&context, for_each_board(&shared, &context, boards, &Map::new(), body))
    });
    let shared = run.clone();
    engine.register_fn(
        "for_each_board",
        move |context: NativeCallContext<'_>, boards: Dynamic, options: Map, body: Dynamic| {
            placed(&context, for_each_board(&shared, &context, boards, &options, body))
        },
    );
}

/// One closure to run.
struct Job {
    function: FnPtr,
    /// The board passed to it, if any.
    board: Option<DeviceHandle>,
}

impl Job {
    /// Captured variables are locked during use, so each closure gets its own copies.
    fn new(mut function: FnPtr, board: Option<DeviceHandle>) -> Job {
        for captured in function.iter_curry_mut() {
            *captured = captured.flatten_clone();
        }
        Job { function, board }
    }

    /// Its name in notes.
    fn label(&self, number: usize) -> String {
        match &self.board {
            Some(board) => format!("board `{}`", board.device.name()),
            None => format!("closure {number}"),
        }
    }

    fn run(&self, context: &NativeCallContext<'_>) -> Fallible<Dynamic> {
        let Some(board) = &self.board else { return self.function.call_raw(context, None, Vec::new()) };
        board::set(Some(board.device.name().to_owned()));
        let result = self.function.call_raw(context, None, vec![Dynamic::from(board.clone())]);
        board::set(None);
        result
    }
}

fn parallel(run: &Arc<Run>, context: &NativeCallContext<'_>, closures: Array) -> Fallible<Dynamic> {
    let mut jobs = Vec::new();
    for (index, closure) in closures.into_iter().enumerate() {
        let Some(function) = closure.flatten_clone().try_cast::<FnPtr>() else {
            return argument(
                format!("element {} for `parallel` is {}", index + 1, describe(&closure)),
                "use an array of closures: `parallel([|| …, || …])`",
            );
        };
        jobs.push(Job::new(function, None));
    }
    let outcomes = run_all(run, context, &jobs, usize::MAX);
    collect(run, context, &jobs, "closures", outcomes)
}

fn for_each_board(
    run: &Arc<Run>,
    context: &NativeCallContext<'_>,
    boards: Dynamic,
    options: &Map,
    body: Dynamic,
) -> Fallible<Dynamic> {
    let Some(function) = body.clone().try_cast::<FnPtr>() else {
        return argument(format!("the last argument of `for_each_board` is {}", describe(&body)), FOR_EACH);
    };
    let Some(boards) = boards.clone().try_cast::<Array>() else {
        return argument(format!("the boards are {}, not an array", describe(&boards)), FOR_EACH);
    };
    let limit = limit(options)?;
    let mut jobs: Vec<Job> = Vec::new();
    for (index, board) in boards.into_iter().enumerate() {
        let Some(board) = board.flatten_clone().try_cast::<DeviceHandle>() else {
            let help = "open the boards first, at once if you like: `parallel([|| Bench.open(\"left\"), || Bench.open(\"right\")])`";
            return argument(format!("board {} is {}, not an open device", index + 1, describe(&board)), help);
        };
        if jobs.iter().filter_map(|job| job.board.as_ref()).any(|other| other.device.is(&board.device)) {
            return argument(
                format!("board {} is `{}` a second time", index + 1, board.device.name()),
                "list each board once",
            );
        }
        jobs.push(Job::new(function.clone(), Some(board)));
    }
    let outcomes = run_all(run, context, &jobs, limit);
    collect(run, context, &jobs, "boards", outcomes)
}

/// The maximum number of concurrent jobs.
fn limit(options: &Map) -> Fallible<usize> {
    let mut limit = usize::MAX;
    for (name, value) in options {
        let count = value.as_int().ok().and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
        match (name.as_str(), count) {
            ("jobs", Some(count)) => limit = count,
            ("jobs", None) => {
                let help = "`for_each_board(boards, #{ jobs: 4 }, |b| …)` runs four at once";
                return argument("`jobs` must be a positive integer", help);
            }
            (other, _) => return argument(format!("`for_each_board` has no option `{other}`"), "it has `jobs`"),
        }
    }
    Ok(limit)
}

/// What the threads of one call share.
struct Shared<'a> {
    run: &'a Run,
    jobs: &'a [Job],
    next: AtomicUsize,
    /// Threads still running.
    running: AtomicUsize,
    interrupted: AtomicBool,
    outcomes: Mutex<Vec<Option<Fallible<Dynamic>>>>,
    main: std::thread::Thread,
}

impl Shared<'_> {
    /// Runs jobs until none are left.
    fn work(&self, context: &NativeCallContext<'_>) {
        let _leaving = Leaving(self);
        loop {
            let index = self.next.fetch_add(1, Ordering::SeqCst);
            let Some(job) = self.jobs.get(index) else { return };
            let result = match self.run.clock.progress() {
                Some(why) => Err(stop(why)),
                None => job.run(context),
            };
            if result.as_ref().is_err_and(|error| kind_of(error) == Kind::Interrupted) {
                self.interrupted.store(true, Ordering::SeqCst);
            }
            if let Some(outcome) = lock(&self.outcomes).get_mut(index) {
                *outcome = Some(result);
            }
        }
    }
}

/// Runs all jobs, at most `limit` of them at once.
fn run_all(run: &Arc<Run>, context: &NativeCallContext<'_>, jobs: &[Job], limit: usize) -> Vec<Fallible<Dynamic>> {
    #[expect(deprecated, reason = "Rhai marks this as volatile that way; the version is pinned")]
    let store = context.store_data();
    let engine = context.engine();
    let count = jobs.len().min(limit);
    let shared = Shared {
        run,
        jobs,
        next: AtomicUsize::new(0),
        running: AtomicUsize::new(count),
        interrupted: AtomicBool::new(false),
        outcomes: Mutex::new(jobs.iter().map(|_| None).collect()),
        main: std::thread::current(),
    };
    let deadlines = run.clock.deadlines();
    if run.recorder.begin_parallel() {
        run.events.show(&Activity::Parallel(true));
    }
    let mut refused = None;
    std::thread::scope(|scope| {
        for _ in 0..count {
            let (store, shared, deadlines) = (&store, &shared, deadlines.clone());
            let work = move || {
                run.clock.work_within(deadlines.clone());
                #[expect(deprecated, reason = "Rhai marks this as volatile that way; the version is pinned")]
                let context = store.create_context(engine);
                shared.work(&context);
            };
            let start = |size| std::thread::Builder::new().stack_size(size).spawn_scoped(scope, work.clone());
            let thread = start(STACK).or_else(|_| start(LEAST_STACK));
            if let Err(error) = thread {
                shared.running.fetch_sub(1, Ordering::SeqCst);
                refused = Some(error.to_string());
            }
        }
        // One closure consumed the Ctrl-C; pass it on to the others.
        while shared.running.load(Ordering::SeqCst) > 0 {
            std::thread::park_timeout(Duration::from_millis(25));
            if shared.interrupted.load(Ordering::SeqCst) && shared.running.load(Ordering::SeqCst) > 0 {
                run.clock.stop(Error::new(Kind::Interrupted, "interrupted"));
                crate::interrupt::raise();
            }
        }
    });
    if run.recorder.end_parallel() {
        run.events.show(&Activity::Parallel(false));
    }
    if shared.interrupted.load(Ordering::SeqCst) {
        crate::interrupt::take();
    }
    let outcomes = std::mem::take(&mut *lock(&shared.outcomes));
    let message = match refused {
        Some(error) => format!("cannot start a thread: {error}"),
        None => "a closure of `parallel` panicked".to_owned(),
    };
    let missing = || Err(errors::raise(Error::new(Kind::InternalError, message.clone())));
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect()
}

/// Decrements the thread count on drop, also after a panic.
struct Leaving<'a, 'b>(&'a Shared<'b>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.main.unpark();
    }
}

/// Returns the results in order, or a ParallelError. A stop of the script is passed on.
fn collect(
    run: &Run,
    context: &NativeCallContext<'_>,
    jobs: &[Job],
    noun: &str,
    outcomes: Vec<Fallible<Dynamic>>,
) -> Fallible<Dynamic> {
    let mut results = Array::new();
    let mut failures = Vec::new();
    let mut ending = None;
    let count = outcomes.len();
    for outcome in outcomes {
        match outcome {
            Ok(value) => results.push(value),
            Err(error) => {
                if matches!(*error, EvalAltResult::ErrorTerminated(..) | EvalAltResult::Exit(..)) {
                    ending.get_or_insert(error);
                    continue;
                }
                let source = context.call_source().unwrap_or_default();
                let known = explain::to_error(run, context.engine(), &error, source);
                results.push(match as_value(&error) {
                    value if value.is::<ScriptError>() => value,
                    _ => Dynamic::from(ScriptError::new(known.clone())),
                });
                failures.push(known);
            }
        }
    }
    if let Some(ending) = ending.or_else(|| run.clock.progress().map(stop)) {
        return Err(ending);
    }
    let Some(first) = failures.first() else { return Ok(Dynamic::from_array(results)) };
    let message = format!("{} of {count} {noun} failed, the first one: {}", failures.len(), first.headline());
    let mut error = Error::new(Kind::ParallelError, message);
    if let Some(help) = first.help() {
        error = error.with_help(help.to_owned());
    }
    for origin in first.origins() {
        error = error.with_origin(origin.clone());
    }
    if let Some(origin) = call_place(context) {
        error = error.with_origin(origin);
    }
    let labels = jobs.iter().enumerate().map(|(index, job)| job.label(index + 1)).collect();
    let value = ScriptError { error, results: Some(results), labels };
    Err(Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(value), Position::NONE)))
}
