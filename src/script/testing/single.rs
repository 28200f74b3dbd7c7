//! One test: whether it runs, its attempts, its end.
//!
//! Invariant: every test that begins is announced and recorded, even if the script is interrupted during it.

use super::body::{Body, name_of};
use super::call::Call;
use super::failing::{Context, fail, line_of};
use super::form::{letters, op};
use super::groups::again;
use super::hooks;
use super::judging::{is_exit, is_return, judge, left_early, limited};
use super::options::{OPTIONS, Options, Whose, options};
use super::rows::{Row, rows};
use crate::bench::event::{Event, Outcome, TestBegun};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};
use crate::phrase::{all_of, did_you_mean};
use crate::script::diagnostics::explain;
use crate::script::errors::{Fallible, is_ended, place, verdict_of};
use crate::script::lock::lock;
use crate::script::run::groups::{Hook, Moment};
use crate::script::run::{Run, monitors};
use rhai::{Dynamic, Engine, EvalAltResult, Expr, Expression, Position};
use std::time::{Duration, Instant};

type Segments<'a> = [(char, &'a Expression<'a>)];

/// A test at evaluation.
struct Test<'a> {
    name: String,
    /// The name of its table, if it is the test of a row.
    table: Option<String>,
    group: Vec<String>,
    options: Options,
    body: Body<'a>,
    source: String,
    at: Position,
    setups: Vec<Hook>,
    teardowns: Vec<Hook>,
}

/// A `test` block: one test, or one for each row of its table.
pub fn block(
    run: &Run,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    inputs: &[Expression<'_>],
    state: &Dynamic,
) -> Fallible<Dynamic> {
    let source = context.source().unwrap_or_default().to_owned();
    let ops = letters(state);
    let segments: Vec<(char, &Expression<'_>)> = ops.chars().zip(inputs).collect();
    let find = |wanted: char| segments.iter().find(|(op, _)| *op == wanted).map(|(_, input)| *input);
    let (Some(table), Some(variable)) = (find(op::TABLE), find(op::ROW)) else {
        return of_block(run, context, &segments, &source, None);
    };
    let value = context.eval_expression_tree(table)?;
    let variable = match &**variable {
        Expr::Variable(of, ..) => of.1.clone(),
        _ => "row".into(),
    };
    for row in rows(&variable, &value, &source, table.position())? {
        let length = context.scope().len();
        context.scope_mut().push_dynamic(row.variable.clone(), row.value.clone());
        let result = of_block(run, context, &segments, &source, Some(&row));
        context.scope_mut().rewind(length);
        let _ = result?;
    }
    Ok(Dynamic::UNIT)
}

fn of_block(
    run: &Run,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    segments: &Segments<'_>,
    source: &str,
    row: Option<&Row>,
) -> Fallible<Dynamic> {
    let (name, at) = name_of(context, segments.first().map(|(_, input)| *input), "test", source)?;
    let mut options = options(context, &Whose { source, what: "test", known: OPTIONS }, segments)?;
    let Some(body) = Body::of_block(segments) else { return Ok(Dynamic::UNIT) };
    let (name, table) = match row {
        None => (name, None),
        Some(row) => (format!("{name} [{}]", row.label()), Some(name)),
    };
    for (parameter, value) in row.into_iter().flat_map(Row::parameters) {
        options.parameters.entry(parameter).or_insert(value);
    }
    let (setups, teardowns) = (Vec::new(), Vec::new());
    let source = source.to_owned();
    perform(run, context, Test { name, table, group: Vec::new(), options, body, source, at, setups, teardowns })
}

/// `test(name, || …)`, `test(name, options, || …)`.
pub fn call(run: &Run, context: &mut Context<'_, '_, '_, '_, '_, '_>, inputs: &[Expression<'_>]) -> Fallible<Dynamic> {
    let Some(Call { name, at, options, body, source }) = Call::read(context, inputs, "test", OPTIONS)? else {
        return Ok(Dynamic::UNIT);
    };
    let (table, setups, teardowns) = (None, Vec::new(), Vec::new());
    perform(run, context, Test { name, table, group: Vec::new(), options, body, source, at, setups, teardowns })
}

/// Runs a test, unless it is not selected or is skipped.
fn perform(run: &Run, context: &mut Context<'_, '_, '_, '_, '_, '_>, mut test: Test<'_>) -> Fallible<Dynamic> {
    let depth = run.recorder.depth();
    let mut frames = lock(&run.recorder.groups);
    let (tags, skip) = frames.inherited(depth);
    test.group = frames.path(depth);
    let path: Vec<String> = test.group.iter().chain([&test.name]).cloned().collect();
    let origin = place(Some(&test.source), test.at);
    let earlier = origin.and_then(|origin| frames.declare(true, path.clone(), origin));
    drop(frames);
    if !may_begin(run) {
        return Err(fail(Error::new(Kind::DeclarationError, "a test inside another test"), &test.source, test.at));
    }
    if let Some(first) = earlier {
        return Err(again("test", &test.name, &first, &test.source, test.at));
    }
    test.options.tags.splice(0..0, tags);
    let selection = run.recorder.selection();
    let of_table = test.table.iter().map(|table| test.group.iter().chain([table]).cloned().collect::<Vec<_>>());
    let is_needed = of_table.into_iter().any(|path| selection.needs(&path));
    if !is_needed && !selection.wants(&path, &test.options.tags) {
        run.recorder.deselect();
        return Ok(Dynamic::UNIT);
    }
    let of_moment = |moment| hooks::of_moment(run, context, moment).map_err(|error| fail(error, &test.source, test.at));
    (test.setups, test.teardowns) = (of_moment(Moment::SetupEach)?, of_moment(Moment::TeardownEach)?);
    // Tear down in reverse order.
    test.teardowns.reverse();
    if let Some(error) = unknown(run, &test.options.needs) {
        return Err(fail(error, &test.source, test.at));
    }
    let unmet = || unmet(run, &test.group, &test.options.needs);
    let reason = match skip.or_else(unmet).or_else(|| take_reason(&mut test.options)) {
        Some(reason) => Some(reason),
        None => hooks::prepare(run, context)?,
    };
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
    !monitors::is_here() && lock(&run.recorder.record).may_begin(run.recorder.depth())
}

/// Checks the names of needed tests: a misspelling would skip the test in every run.
fn unknown(run: &Run, needs: &[String]) -> Option<Error> {
    let is_known = |name: &String| lock(&run.recorder.record).outcome_of(&[], name).is_some();
    let name = needs.iter().find(|name| !run.recorder.may_be_written(name) && !is_known(name))?;
    let near = run.recorder.nearest_written(name);
    let help = near.map_or_else(|| "name a test of this script".to_owned(), |near| did_you_mean(&near));
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
fn run_test(run: &Run, context: &mut Context<'_, '_, '_, '_, '_, '_>, test: &mut Test<'_>) -> Fallible<Outcome> {
    let depth = run.recorder.depth();
    let Some(number) = lock(&run.recorder.record).begin(depth) else {
        let error = Error::new(Kind::DeclarationError, "a test inside another test");
        return Err(fail(error, &test.source, test.at));
    };
    begun(run, test, number);
    let start = Instant::now();
    let retry = test.options.retry;
    let mut tries = 0;
    let (outcome, reason, failure, ending) = loop {
        let (result, notes) = match test.options.skip.take() {
            // The skip condition failed.
            Some(Err(error)) => (Err(error), Vec::new()),
            _ => attempt(run, context, test, number),
        };
        let result = complete(run, test, number, result);
        let (outcome, ending) = judge(run, &result);
        let outcome = lock(&run.recorder.record).verdict(outcome);
        let verdict = result.as_ref().err().and_then(|error| verdict_of(error));
        let reason = verdict.filter(|_| outcome == Outcome::Skip).map(|verdict| verdict.reason);
        let mut failure = match &result {
            Err(error) if is_exit(error) => Some(left_early(error, &test.source)),
            Err(error) if !outcome.is_good() && !is_return(error) => {
                Some(explain::of_failure(run, context.engine(), error, &test.source))
            }
            _ => None,
        };
        if let Some(failure) = &mut failure {
            failure.notes.extend(notes);
        }
        let is_retried = test.options.retry_on.is_empty() || test.options.retry_on.contains(&outcome);
        if outcome.is_good() || ending || tries >= retry || !is_retried {
            break (outcome, reason, failure, result.err().filter(|_| ending));
        }
        tries += 1;
        let error = failure.as_ref().map(|failure| run.failure(failure));
        run.emit(Event::TestAttempt { test: number, attempt: tries, outcome, error });
        lock(&run.recorder.record).again();
        let message = format!("test \"{}\" did not pass, attempt {} of {}", test.name, tries + 1, retry + 1);
        run.notice(&message);
    };
    let ends_run = ending.as_ref().is_some_and(|error| !is_exit(error));
    ended(run, test, number, outcome, (start.elapsed(), reason, failure, ends_run));
    ending.map_or(Ok(outcome), Err)
}

/// Fails an attempt that ran to its end without a measurement that the test declares.
fn complete(run: &Run, test: &Test<'_>, number: u64, result: Fallible<Dynamic>) -> Fallible<Dynamic> {
    if result.as_ref().is_err_and(|error| !is_return(error)) {
        return result;
    }
    let results = lock(&run.recorder.results);
    let missing = test.options.measures.iter().filter(|name| !results.measured(number, name));
    let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
    if missing.is_empty() {
        return result;
    }
    let message = format!("the test ended without measuring {}", all_of(&missing));
    let error =
        Error::new(Kind::ScriptError, message).with_help("the option `measures` names what a test must measure");
    Err(fail(error, &test.source, test.at))
}

/// Announces the start of a test.
fn begun(run: &Run, test: &Test<'_>, number: u64) {
    run.emit(Event::TestBegun(TestBegun {
        test: number,
        name: test.name.clone(),
        group: test.group.clone(),
        tags: test.options.tags.clone(),
        file: test.source.clone(),
        line: line_of(test.at),
        parameters: test.options.parameters.clone(),
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
    lock(&run.recorder.record).end(number, path, test.table.clone(), outcome);
    lock(&run.recorder.groups).ended(run.recorder.depth(), &test.name, outcome);
    let error = failure.as_ref().map(|failure| run.failure(failure));
    let duration_s = duration.as_secs_f64();
    run.emit(Event::TestEnded { test: number, outcome, duration_s, reason, error, ends_run });
}

/// Runs the body once, between its setups and teardowns. Returns the outcome and further errors.
fn attempt(
    run: &Run,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    test: &Test<'_>,
    number: u64,
) -> (Fallible<Dynamic>, Vec<String>) {
    let engine = context.engine();
    let body = || {
        limited(run, test.options.timeout, "the test", || {
            for hook in &test.setups {
                let _ = hooks::evaluate(run, context, hook)?;
            }
            test.body.run(context, true)
        })
    };
    let (mut result, mut notes) = beside_monitors(run, engine, number, &test.source, body);
    for hook in &test.teardowns {
        let Err(torn) = run.clock.in_any_case(|| hooks::evaluate(run, context, hook)) else { continue };
        let well = result.as_ref().err().is_none_or(|error| is_return(error) || is_skip(error));
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

/// Runs the body of an attempt, and the monitors that it starts. A failed monitor fails the attempt.
fn beside_monitors(
    run: &Run,
    engine: &Engine,
    number: u64,
    source: &str,
    body: impl FnOnce() -> Fallible<Dynamic>,
) -> (Fallible<Dynamic>, Vec<String>) {
    if !run.sources.mention("monitor") {
        return (body(), Vec::new());
    }
    let (mut result, desk) = run.recorder.desks.beside(number, engine, |desk| {
        let before = run.clock.end_with(Some(desk.has_failed.clone()));
        let result = body();
        run.clock.end_with(before);
        result
    });
    let mut notes = Vec::new();
    for (name, error) in desk.take_failed() {
        let well = result.as_ref().err().is_none_or(|error| is_return(error) || is_skip(error) || is_ended(error));
        if well {
            notes.push(format!("raised by the monitor \"{name}\""));
            result = Err(error);
        } else {
            let failure = explain::of_failure(run, engine, &error, source);
            notes.push(format!("the monitor \"{name}\" failed, too: {}", failure.title));
        }
    }
    (result, notes)
}

/// Whether a body ended with `skip`.
fn is_skip(error: &EvalAltResult) -> bool {
    verdict_of(error).is_some_and(|verdict| verdict.outcome == Outcome::Skip)
}
