//! `parallel([|| …, || …])`: every closure on a thread of its own, results in order.
//!
//! Invariant: all closures have ended when the call returns, whatever became of one of them.

use super::convert::describe;
use super::errors::{Fallible, ScriptError, argument, as_value, kind_of, placed};
use super::run::{Run, call_place};
use super::{errors, explain};
use crate::error::{Error, Kind};
use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext, Position};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Stack of a closure's thread: enough for 64 nested calls of a script.
const STACK: usize = 16 << 20;

/// Registers `parallel`.
pub(super) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("parallel", move |context: NativeCallContext<'_>, closures: Array| {
        placed(&context, parallel(&shared, &context, closures))
    });
}

fn parallel(run: &Arc<Run>, context: &NativeCallContext<'_>, closures: Array) -> Fallible<Dynamic> {
    let mut functions = Vec::new();
    for (index, closure) in closures.into_iter().enumerate() {
        let Some(mut function) = closure.flatten_clone().try_cast::<FnPtr>() else {
            return argument(
                format!("element {} for `parallel` is {}", index + 1, describe(&closure)),
                "it takes an array of closures: `parallel([|| …, || …])`",
            );
        };
        // A captured variable is locked while it is used: each closure gets copies of its own.
        for captured in function.iter_curry_mut() {
            *captured = captured.flatten_clone();
        }
        functions.push(function);
    }
    let outcomes = run_all(run, context, &functions);
    collect(run, context, outcomes)
}

fn run_all(run: &Arc<Run>, context: &NativeCallContext<'_>, functions: &[FnPtr]) -> Vec<Fallible<Dynamic>> {
    #[expect(deprecated, reason = "Rhai marks this as volatile that way; the version is pinned")]
    let store = context.store_data();
    let engine = context.engine();
    let running = AtomicUsize::new(functions.len());
    let interrupted = AtomicBool::new(false);
    let main = std::thread::current();
    if run.parallel.fetch_add(1, Ordering::Relaxed) == 0 {
        run.observer.parallel(true);
    }
    let outcomes = std::thread::scope(|scope| {
        let threads: Vec<_> = functions
            .iter()
            .map(|function| {
                let (store, running, interrupted, main) = (&store, &running, &interrupted, main.clone());
                std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || {
                    let _leaving = Leaving { running, main };
                    #[expect(deprecated, reason = "Rhai marks this as volatile that way; the version is pinned")]
                    let context = store.create_context(engine);
                    let result = function.call_raw(&context, None, Vec::new());
                    if result.as_ref().is_err_and(|error| kind_of(error) == Kind::Interrupted) {
                        interrupted.store(true, Ordering::SeqCst);
                    }
                    result
                })
            })
            .collect();
        // One closure has taken the press of Ctrl-C: it is meant for the others, too.
        while running.load(Ordering::SeqCst) > 0 {
            std::thread::park_timeout(Duration::from_millis(25));
            if interrupted.load(Ordering::SeqCst) && running.load(Ordering::SeqCst) > 0 {
                run.stop(Error::new(Kind::Interrupted, "interrupted"));
                crate::interrupt::raise();
            }
        }
        threads.into_iter().map(finish).collect()
    });
    if run.parallel.fetch_sub(1, Ordering::Relaxed) == 1 {
        run.observer.parallel(false);
    }
    if interrupted.load(Ordering::SeqCst) {
        crate::interrupt::take();
    }
    outcomes
}

/// Counts a thread out when it ends, also by a panic.
struct Leaving<'a> {
    running: &'a AtomicUsize,
    main: std::thread::Thread,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.running.fetch_sub(1, Ordering::SeqCst);
        self.main.unpark();
    }
}

type Handle<'a> = std::io::Result<std::thread::ScopedJoinHandle<'a, Fallible<Dynamic>>>;

fn finish(thread: Handle<'_>) -> Fallible<Dynamic> {
    let internal = |message: String| Err(errors::raise(Error::new(Kind::InternalError, message)));
    match thread {
        Ok(thread) => thread.join().unwrap_or_else(|_| internal("a closure of `parallel` panicked".to_owned())),
        Err(error) => internal(format!("no thread could be started: {error}")),
    }
}

/// The results in order, or a ParallelError. What ends the script ends it here, too.
fn collect(run: &Run, context: &NativeCallContext<'_>, outcomes: Vec<Fallible<Dynamic>>) -> Fallible<Dynamic> {
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
                    _ => Dynamic::from(ScriptError { error: known.clone(), results: None }),
                });
                failures.push(known);
            }
        }
    }
    if let Some(ending) = ending {
        return Err(ending);
    }
    let Some(first) = failures.first() else { return Ok(Dynamic::from_array(results)) };
    let message = format!("{} of {count} closures failed, the first one: {}", failures.len(), first.headline());
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
    let value = ScriptError { error, results: Some(results) };
    Err(Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(value), Position::NONE)))
}
