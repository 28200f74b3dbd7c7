//! What the end of a body means: the outcome, and whether it ends the script.
//!
//! Invariant: Ctrl-C and the run's time limit always end the script.

use crate::bench::event::Outcome;
use crate::diagnostic::{Diagnostic, Place};
use crate::error::Kind;
use crate::script::errors::{Fallible, innermost, is_timeout, kind_of, overdue, place, raise_at, verdict_of};
use crate::script::run::Run;
use rhai::{Dynamic, EvalAltResult};
use std::time::{Duration, Instant};

/// The verdict, and whether it ends the script.
pub fn judge(run: &Run, result: &Fallible<Dynamic>) -> (Outcome, bool) {
    let Err(error) = result else { return (Outcome::Pass, false) };
    if let Some(verdict) = verdict_of(error) {
        return (verdict.outcome, false);
    }
    match &**error {
        EvalAltResult::Return(..) => (Outcome::Pass, false),
        EvalAltResult::Exit(..) => (Outcome::Error, true),
        EvalAltResult::LoopBreak(..) => (Outcome::Pass, true),
        EvalAltResult::ErrorTerminated(..) => {
            let timeout = kind_of(error) == Kind::TimeoutError;
            (if timeout { Outcome::Timeout } else { Outcome::Error }, true)
        }
        _ => {
            let outcome = match kind_of(error) {
                Kind::ScriptError if is_thrown(error) => Outcome::Fail,
                Kind::TimeoutError => Outcome::Timeout,
                _ => Outcome::Error,
            };
            (outcome, run.clock.is_over())
        }
    }
}

/// Whether the script threw this itself: an assertion, or its own `throw`.
fn is_thrown(error: &EvalAltResult) -> bool {
    matches!(innermost(error), EvalAltResult::ErrorRuntime(..))
}

pub fn is_return(error: &EvalAltResult) -> bool {
    matches!(error, EvalAltResult::Return(..))
}

pub fn is_exit(error: &EvalAltResult) -> bool {
    matches!(error, EvalAltResult::Exit(..))
}

/// The error of a test in which the script called `exit`: the rest of it was not tested.
pub fn left_early(error: &EvalAltResult, source: &str) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(Kind::ScriptError, "the script ended here, before the end of the test");
    diagnostic.help = Some("leave a test with `return`; call `exit` after the tests".to_owned());
    let origin = place(Some(source), error.position());
    diagnostic.places.extend(origin.map(|origin| Place { origin, label: String::new() }));
    diagnostic
}

/// Runs `work` within a time limit; the TimeoutError says that `what` took longer.
pub fn limited(
    run: &Run,
    limit: Option<Duration>,
    what: &str,
    work: impl FnOnce() -> Fallible<Dynamic>,
) -> Fallible<Dynamic> {
    let Some(limit) = limit else { return work() };
    let begun = Instant::now();
    run.clock.within(limit, |id| match work() {
        Err(error) if is_timeout(&error, id) || (begun.elapsed() >= limit && kind_of(&error) == Kind::TimeoutError) => {
            let message = format!("{what} took longer than {} s", limit.as_secs_f64());
            Err(raise_at(overdue(&error, message), error.position()))
        }
        result => result,
    })
}
