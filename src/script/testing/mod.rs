//! `test "name" OPTION… { … }`: runs in place and is recorded; its failure does not end the script.
//!
//! Groups and hooks are in `hooks`. Invariant: every test that begins is announced and recorded, even
//! if the script is interrupted during it.

pub(crate) mod collect;
mod hooks;
mod options;

pub(crate) use hooks::perform;

use crate::bench::event::{Event, Outcome, TestBegun};
use crate::diagnostic::{Diagnostic, Place};
use crate::error::{Error, Kind};
use crate::phrase::did_you_mean;
use crate::script::diagnostics::explain;
use crate::script::errors::{Fallible, is_timeout, kind_of, overdue, place, raise_at};
use crate::script::language::syntax::{words, wrong};
use crate::script::lock::lock;
use crate::script::names;
use crate::script::run::Run;
use crate::script::run::groups::{Hook, Moment};
use options::{Options, options};
use rhai::{Array, Dynamic, Engine, EvalAltResult, EvalContext, Expression, ImmutableString, ParseError, Position};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) const OPTIONS: &[&str] = &["timeout", "retry", "needs", "skip_if", "tags"];
pub(crate) const GROUP_OPTIONS: &[&str] = &["tags", "skip_if"];
pub(crate) const HOOK_OPTIONS: &[&str] = &["timeout"];

/// Hooks by their keywords in [`names::HOOKS`].
const MOMENTS: [Moment; 4] = [Moment::SetupAll, Moment::SetupEach, Moment::TeardownEach, Moment::TeardownAll];

/// Registers the `test` block, groups and hooks.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_custom_syntax_with_state_raw(
        names::TEST,
        |_, next, state| parse(next, state, "test"),
        false,
        move |context, inputs, state| evaluate(&shared, context, inputs, state),
    );
    let shared = run.clone();
    engine.register_custom_syntax_with_state_raw(
        names::GROUP,
        |_, next, state| parse(next, state, "group"),
        false,
        move |context, inputs, state| hooks::group(&shared, context, inputs, state),
    );
    for ((key, word), moment) in names::HOOKS.into_iter().zip(MOMENTS) {
        let shared = run.clone();
        // Declared as changing the scope, so that names in the block are looked up when it is evaluated, which happens elsewhere.
        engine.register_custom_syntax_with_state_raw(
            key,
            move |_, next, state| parse(next, state, word),
            true,
            move |context, inputs, state| hooks::hook(&shared, context, inputs, state, moment),
        );
    }
}

/// The letters of a block, from the stored state.
pub(crate) fn letters(state: &Dynamic) -> String {
    state.read_lock::<Array>().and_then(|array| array.first().cloned()?.into_string().ok()).unwrap_or_default()
}

/// The letters: `N` name, `O` option, `V` its value, `B` block; `.` no name, `=` after an equals sign.
fn parse(next: &str, state: &mut Dynamic, word: &'static str) -> Result<Option<ImmutableString>, ParseError> {
    let named = matches!(word, "test" | "group");
    let mut ops = letters(state);
    let segment = match ops.chars().last() {
        None if named && next == "string" => {
            return wrong(format!("the name of a {word} holds `${{…}}`"), "write a fixed name");
        }
        None if named => ask(&mut ops, 'N', "$string$"),
        Some('B') => ask(&mut ops, 'Z', "$$test"),
        Some('Z') => None,
        Some('=') => {
            ops.pop();
            ask(&mut ops, 'V', "$expr$")
        }
        Some('O') if next == "=" => ask(&mut ops, '=', "="),
        Some('O') if next.starts_with('"') => ask(&mut ops, 'V', "$string$"),
        _ if next == "{" => ask(&mut ops, 'B', "$block$"),
        _ if next.starts_with(|first: char| first.is_alphabetic()) => ask(&mut ops, 'O', "$token$"),
        _ if named => {
            let message = format!("expected an option or `{{` after the {word}'s name, found {}", words(next));
            return wrong(message, "");
        }
        _ => return wrong(format!("expected an option or `{{` after `{word}`, found {}", words(next)), ""),
    };
    *state = Dynamic::from_array(vec![Dynamic::from(ops)]);
    Ok(segment.map(Into::into))
}

fn ask(ops: &mut String, op: char, segment: &'static str) -> Option<&'static str> {
    ops.push(op);
    Some(segment)
}

type Context<'a, 'b, 'c, 'd, 'e, 'f> = EvalContext<'a, 'b, 'c, 'd, 'e, 'f>;

/// A test at evaluation.
struct Test<'a> {
    name: String,
    group: Vec<String>,
    options: Options,
    block: &'a Expression<'a>,
    source: String,
    at: Position,
    setups: Vec<Hook>,
    teardowns: Vec<Hook>,
}

fn evaluate(
    run: &Arc<Run>,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    inputs: &[Expression<'_>],
    state: &Dynamic,
) -> Fallible<Dynamic> {
    let source = context.source().unwrap_or_default().to_owned();
    let ops = letters(state);
    let name = inputs.first().and_then(Expression::get_string_value).unwrap_or_default().to_owned();
    let at = inputs.first().map_or(Position::NONE, Expression::position);
    let Some((_, block)) = ops.chars().zip(inputs).find(|(op, _)| *op == 'B') else { return Ok(Dynamic::UNIT) };
    let mut options = options(context, &source, &ops, inputs, "test", OPTIONS)?;
    let (tags, skip) = hooks::inherited(run);
    options.tags.splice(0..0, tags);
    let group = hooks::path(run);
    let mut path = group.clone();
    path.push(name.clone());
    let selection = run.recorder.selection();
    if !selection.wants(&path, &options.tags) {
        run.recorder.deselect();
        return Ok(Dynamic::UNIT);
    }
    if !may_begin(run) {
        return Err(fail(Error::new(Kind::DeclarationError, "a test inside another test"), &source, at));
    }
    let of_moment = |moment| hooks::of_moment(run, context, moment).map_err(|error| fail(error, &source, at));
    let (setups, mut teardowns) = (of_moment(Moment::SetupEach)?, of_moment(Moment::TeardownEach)?);
    // Tear down in reverse order.
    teardowns.reverse();
    if let Some(error) = unknown(run, &options.needs) {
        return Err(fail(error, &source, at));
    }
    let reason = match skip.or_else(|| unmet(run, &group, &options.needs)).or_else(|| take_reason(&mut options)) {
        Some(reason) => Some(reason),
        None => hooks::prepare(run, context)?,
    };
    let mut test = Test { name, group, options, block, source, at, setups, teardowns };
    if let Some(reason) = reason {
        let number = lock(&run.recorder.record).number();
        begun(run, &test, number);
        ended(run, &test, number, Outcome::Skip, (Duration::ZERO, Some(reason), None, false));
        return Ok(Dynamic::UNIT);
    }
    let outcome = run_test(run, context, &mut test)?;
    if selection.fail_fast && !outcome.is_good() {
        return Err(Box::new(EvalAltResult::Exit(Dynamic::UNIT, Position::NONE)));
    }
    Ok(Dynamic::UNIT)
}

/// Why a test skips itself. Errors while evaluating that are kept.
fn take_reason(options: &mut Options) -> Option<String> {
    match options.skip.take() {
        Some(Ok(reason)) => reason,
        other => {
            options.skip = other;
            None
        }
    }
}

/// Whether a test may begin on this thread: not inside another test.
fn may_begin(run: &Run) -> bool {
    lock(&run.recorder.record).may_begin(run.recorder.depth())
}

/// Checks the names of needed tests: a misspelling would skip the test in every run.
fn unknown(run: &Run, needs: &[String]) -> Option<Error> {
    let written = run.recorder.written();
    let is_known = |name: &String| written.contains(name) || lock(&run.recorder.record).outcome_of(&[], name).is_some();
    let name = needs.iter().find(|name| !written.is_empty() && !is_known(name))?;
    let near = crate::name::nearest(name, written.iter().map(String::as_str));
    let help = near.map_or_else(|| "name a test of this script".to_owned(), did_you_mean);
    Some(Error::new(Kind::DeclarationError, format!("unknown test `{name}` in `needs`")).with_help(help))
}

/// Why a test is skipped because of the tests it needs.
fn unmet(run: &Run, group: &[String], needs: &[String]) -> Option<String> {
    let record = lock(&run.recorder.record);
    needs.iter().find_map(|name| match record.outcome_of(group, name) {
        Some(outcome) if outcome.has_passed() => None,
        Some(_) => Some(format!("`{name}` did not pass")),
        None => Some(format!("`{name}` has not run")),
    })
}

/// Runs a test with all its attempts; returns the outcome.
fn run_test(run: &Arc<Run>, context: &mut Context<'_, '_, '_, '_, '_, '_>, test: &mut Test<'_>) -> Fallible<Outcome> {
    let depth = run.recorder.depth();
    let Some(number) = lock(&run.recorder.record).begin(depth) else {
        let error = Error::new(Kind::DeclarationError, "a test inside another test");
        return Err(fail(error, &test.source, test.at));
    };
    begun(run, test, number);
    let start = Instant::now();
    let retry = test.options.retry;
    let mut tries = 0;
    let (outcome, failure, ending) = loop {
        let (result, notes) = match test.options.skip.take() {
            // The skip condition failed.
            Some(Err(error)) => (Err(error), Vec::new()),
            _ => attempt(run, context, test),
        };
        let (outcome, ending) = judge(run, &result);
        let outcome = lock(&run.recorder.record).verdict(outcome);
        let mut failure = match &result {
            Err(error) if matches!(**error, EvalAltResult::Exit(..)) => Some(left_early(error, &test.source)),
            Err(error) if !outcome.has_passed() && !is_return(error) => {
                Some(explain::of_failure(run, context.engine(), error, &test.source))
            }
            _ => None,
        };
        if let Some(failure) = &mut failure {
            failure.notes.extend(notes);
        }
        if outcome.has_passed() || ending || tries >= retry {
            break (outcome, failure, result.err().filter(|_| ending));
        }
        tries += 1;
        let error = failure.as_ref().map(|failure| run.failure(failure));
        run.emit(Event::TestAttempt { test: number, attempt: tries, outcome, error });
        lock(&run.recorder.record).again();
        let message = format!("test \"{}\" did not pass, attempt {} of {}", test.name, tries + 1, retry + 1);
        run.notice(&message);
    };
    let ends_run = ending.as_ref().is_some_and(|error| !matches!(**error, EvalAltResult::Exit(..)));
    ended(run, test, number, outcome, (start.elapsed(), None, failure, ends_run));
    ending.map_or(Ok(outcome), Err)
}

fn is_return(error: &EvalAltResult) -> bool {
    matches!(error, EvalAltResult::Return(..))
}

/// Announces the start of a test.
fn begun(run: &Run, test: &Test<'_>, number: u64) {
    run.emit(Event::TestBegun(TestBegun {
        test: number,
        name: test.name.clone(),
        group: test.group.clone(),
        tags: test.options.tags.clone(),
        file: test.source.clone(),
        line: test.at.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0),
    }));
}

/// Announces and records the end of a test.
fn ended(
    run: &Run,
    test: &Test<'_>,
    number: u64,
    outcome: Outcome,
    (duration, reason, failure, ends_run): (Duration, Option<String>, Option<Diagnostic>, bool),
) {
    let path = test.group.iter().chain([&test.name]).cloned().collect();
    lock(&run.recorder.record).end(number, path, outcome);
    let error = failure.as_ref().map(|failure| run.failure(failure));
    let duration_s = duration.as_secs_f64();
    run.emit(Event::TestEnded { test: number, outcome, duration_s, reason, error, ends_run });
}

/// Runs the body once, between its setups and teardowns. Returns the outcome and further errors.
fn attempt(
    run: &Run,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    test: &Test<'_>,
) -> (Fallible<Dynamic>, Vec<String>) {
    let mut result = limited(run, test.options.timeout, "the test", || {
        for hook in &test.setups {
            let _ = hooks::evaluate(run, context, hook)?;
        }
        context.eval_expression_tree(test.block)
    });
    let mut notes = Vec::new();
    for hook in &test.teardowns {
        let Err(torn) = run.clock.in_any_case(|| hooks::evaluate(run, context, hook)) else { continue };
        let well = result.as_ref().err().is_none_or(|error| is_return(error));
        if well {
            result = Err(torn);
        } else {
            let failure = explain::of_failure(run, context.engine(), &torn, &test.source);
            for failure in std::iter::once(&failure).chain(&failure.others) {
                notes.push(format!("`teardown_each` failed, too: {}", failure.title));
            }
        }
    }
    (result, notes)
}

/// Runs `work` within a time limit; the TimeoutError says that `what` took longer.
fn limited(
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

/// The verdict, and whether it ends the script.
fn judge(run: &Run, result: &Fallible<Dynamic>) -> (Outcome, bool) {
    let Err(error) = result else { return (Outcome::Pass, false) };
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

/// The error of a test in which the script called `exit`: the rest of it was not tested.
fn left_early(error: &EvalAltResult, source: &str) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(Kind::ScriptError, "the script ended here, before the end of the test");
    diagnostic.help = Some("leave a test with `return`; call `exit` after the tests".to_owned());
    let origin = place(Some(source), error.position());
    diagnostic.places.extend(origin.map(|origin| Place { origin, label: String::new() }));
    diagnostic
}

/// Whether the script threw this itself: an assertion, or its own `throw`.
fn is_thrown(error: &EvalAltResult) -> bool {
    matches!(crate::script::errors::innermost(error), EvalAltResult::ErrorRuntime(..))
}

fn fail(error: Error, source: &str, position: Position) -> Box<EvalAltResult> {
    let error = match place(Some(source), position) {
        Some(origin) => error.with_origin(origin),
        None => error,
    };
    raise_at(error, position)
}
