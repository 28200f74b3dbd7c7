//! `test "name" OPTION… { … }`: runs in place, is recorded, and a failure of it does not end the script.
//!
//! Invariant: whatever begins is recorded and announced, also if the script is interrupted in it.

use super::errors::{Fallible, kind_of, raise_at};
use super::functions::overdue;
use super::run::{Run, Stop, lock, place};
use super::syntax::{words, wrong};
use super::{convert, explain, text};
use crate::bench::event::{Event, Outcome, TestBegun};
use crate::device::class::seconds;
use crate::diagnostic::{Diagnostic, Place};
use crate::error::{Error, Kind};
use crate::value::Value;
use rhai::{Array, Dynamic, Engine, EvalAltResult, EvalContext, Expression, ImmutableString, ParseError, Position};
use std::sync::Arc;
use std::time::{Duration, Instant};

const OPTIONS: &[&str] = &["timeout", "retry"];

/// Registers the `test` block.
pub(super) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_custom_syntax_with_state_raw(
        text::TEST,
        |_, next, state| parse(next, state),
        false,
        move |context, inputs, state| evaluate(&shared, context, inputs, state),
    );
}

/// The letters: `N` name, `O` option, `V` its value, `B` block; `.` nothing yet, `=` after an equals sign.
fn parse(next: &str, state: &mut Dynamic) -> Result<Option<ImmutableString>, ParseError> {
    let mut ops =
        state.read_lock::<Array>().and_then(|array| array.first().cloned()?.into_string().ok()).unwrap_or_default();
    let segment = match ops.chars().last() {
        None if next == "string" => return wrong("the name of a test holds `${…}`", "write a fixed name"),
        None => ask(&mut ops, 'N', "$string$"),
        Some('B') => ask(&mut ops, 'Z', "$$test"),
        Some('Z') => None,
        Some('=') => {
            ops.pop();
            ask(&mut ops, 'V', "$expr$")
        }
        Some('O') if next == "=" => ask(&mut ops, '=', "="),
        _ if next == "{" => ask(&mut ops, 'B', "$block$"),
        _ if next.starts_with(|first: char| first.is_alphabetic()) => ask(&mut ops, 'O', "$token$"),
        _ => return wrong(format!("expected an option or `{{` after the test's name, found {}", words(next)), ""),
    };
    *state = Dynamic::from_array(vec![Dynamic::from(ops)]);
    Ok(segment.map(Into::into))
}

fn ask(ops: &mut String, op: char, segment: &'static str) -> Option<&'static str> {
    ops.push(op);
    Some(segment)
}

#[derive(Default)]
struct Options {
    timeout: Option<Duration>,
    retry: u32,
}

type Context<'a, 'b, 'c, 'd, 'e, 'f> = EvalContext<'a, 'b, 'c, 'd, 'e, 'f>;

fn evaluate(
    run: &Arc<Run>,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    inputs: &[Expression<'_>],
    state: &Dynamic,
) -> Fallible<Dynamic> {
    let source = context.source().unwrap_or_default().to_owned();
    let ops =
        state.read_lock::<Array>().and_then(|array| array.first().cloned()?.into_string().ok()).unwrap_or_default();
    let name = inputs.first().and_then(Expression::get_string_value).unwrap_or_default().to_owned();
    let options = options(context, &source, &ops, inputs)?;
    let Some((_, block)) = ops.chars().zip(inputs).find(|(op, _)| *op == 'B') else { return Ok(Dynamic::UNIT) };
    let at = inputs.first().map_or(Position::NONE, Expression::position);
    let Some(number) = begin(run, &name, &source, at) else {
        return Err(fail(Error::new(Kind::DeclarationError, "a test stands within a test"), &source, at));
    };
    let begun = Instant::now();
    let mut tries = 0;
    let (outcome, failure, ending) = loop {
        let result = attempt(run, context, block, options.timeout);
        let (outcome, ending) = judge(run, &result);
        let outcome = lock(&run.record).verdict(outcome);
        let failure = match &result {
            Err(error) if matches!(**error, EvalAltResult::Exit(..)) => Some(left_early(error, &source)),
            Err(error) if !outcome.has_passed() => Some(explain::of_failure(run, context.engine(), error, &source)),
            _ => None,
        };
        if outcome.has_passed() || ending || tries >= options.retry {
            break (outcome, failure, result.err().filter(|_| ending));
        }
        tries += 1;
        let error = failure.as_ref().map(|failure| run.failure(failure));
        run.emit(Event::TestAttempt { test: number, attempt: tries, outcome, error });
        lock(&run.record).again();
        run.observer.notice(&format!("test \"{name}\" did not pass, attempt {} of {}", tries + 1, options.retry + 1));
    };
    lock(&run.record).end(number, vec![name], outcome);
    run.emit(Event::TestEnded {
        test: number,
        outcome,
        duration_s: begun.elapsed().as_secs_f64(),
        reason: None,
        error: failure.as_ref().map(|failure| run.failure(failure)),
        ends_run: ending.as_ref().is_some_and(|error| !matches!(**error, EvalAltResult::Exit(..))),
    });
    ending.map_or(Ok(Dynamic::UNIT), Err)
}

/// Begins a test; gives its number, unless it stands within another one.
fn begin(run: &Run, name: &str, source: &str, at: Position) -> Option<u64> {
    let depth = run.parallel.load(std::sync::atomic::Ordering::Relaxed);
    let test = lock(&run.record).begin(depth)?;
    run.emit(Event::TestBegun(TestBegun {
        test,
        name: name.to_owned(),
        group: Vec::new(),
        tags: Vec::new(),
        file: source.to_owned(),
        line: at.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0),
    }));
    Some(test)
}

fn attempt(
    run: &Run,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    block: &Expression<'_>,
    timeout: Option<Duration>,
) -> Fallible<Dynamic> {
    let Some(limit) = timeout else { return context.eval_expression_tree(block) };
    let begun = Instant::now();
    run.within(limit, |id| match context.eval_expression_tree(block) {
        Err(error) if is_timeout(&error, id) || (begun.elapsed() >= limit && kind_of(&error) == Kind::TimeoutError) => {
            let message = format!("the test took longer than {} s", limit.as_secs_f64());
            Err(raise_at(overdue(&error, message), error.position()))
        }
        result => result,
    })
}

/// Whether an error is the end of the `timeout` with this number.
pub(super) fn is_timeout(error: &EvalAltResult, id: u64) -> bool {
    match error {
        EvalAltResult::ErrorTerminated(value, _) => {
            matches!(value.read_lock::<Stop>().as_deref(), Some(Stop::Timeout(ended)) if *ended == id)
        }
        _ => false,
    }
}

/// The verdict, and whether the script ends with it.
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
            (outcome, run.is_over())
        }
    }
}

/// What to say about a test in which the script called `exit`: what follows in it was not tested.
fn left_early(error: &EvalAltResult, source: &str) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(Kind::ScriptError, "the script ended here, before the end of the test");
    diagnostic.help = Some("leave a test with `return`; call `exit` behind the tests".to_owned());
    let origin = place(Some(source), error.position());
    diagnostic.places.extend(origin.map(|origin| Place { origin, label: String::new() }));
    diagnostic
}

/// Whether the script threw this itself: an assertion, or its own `throw`.
fn is_thrown(error: &EvalAltResult) -> bool {
    matches!(super::errors::innermost(error), EvalAltResult::ErrorRuntime(..))
}

fn options(
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    source: &str,
    ops: &str,
    inputs: &[Expression<'_>],
) -> Fallible<Options> {
    let mut options = Options::default();
    let mut segments = ops.chars().zip(inputs).peekable();
    while let Some((op, input)) = segments.next() {
        if op != 'O' {
            continue;
        }
        let name = input.get_string_value().unwrap_or_default();
        let value = match segments.peek() {
            Some(('V', value)) => convert::to_value(&context.eval_expression_tree(value)?).unwrap_or(Value::None),
            _ => Value::Bool(true),
        };
        let refuse = |message: String, help: Option<String>| {
            let error = Error::new(Kind::DeclarationError, message);
            let error = match help {
                Some(help) => error.with_help(help),
                None => error,
            };
            Err(fail(error, source, input.position()))
        };
        match (name, &value) {
            ("timeout", value) => match seconds(value) {
                Some(limit) => options.timeout = Some(limit),
                None => return refuse("the option `timeout` takes a positive number of seconds".to_owned(), None),
            },
            ("retry", Value::Bool(on)) => options.retry = u32::from(*on),
            ("retry", Value::Int(times)) if (0..=1000).contains(times) => {
                options.retry = u32::try_from(*times).unwrap_or(0);
            }
            ("retry", _) => return refuse("the option `retry` takes a number from 0 to 1000".to_owned(), None),
            (other, _) => {
                let near = crate::name::nearest(other, OPTIONS.iter().copied());
                let help = near.map_or_else(
                    || format!("options of a test: {}", OPTIONS.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                return refuse(format!("a test has no option `{other}`"), Some(help));
            }
        }
    }
    Ok(options)
}

fn fail(error: Error, source: &str, position: Position) -> Box<EvalAltResult> {
    let error = match place(Some(source), position) {
        Some(origin) => error.with_origin(origin),
        None => error,
    };
    raise_at(error, position)
}
