//! `group` and `subtest`, as blocks and as calls.
//!
//! A group only collects tests. A subtest has a verdict: its first failing test ends it, and `fail` in it fails it as a whole.
//! Invariant: every group that begins also ends, with its teardowns.

use super::body::{Body, name_of};
use super::call::Call;
use super::collect;
use super::failing::{Context, fail, line_of};
use super::form::letters;
use super::hooks::{evaluate, leave, standing_in};
use super::judging::{is_exit, judge};
use super::options::{GROUP_OPTIONS, Options, Whose, options};
use crate::bench::event::{Event, Failure, GroupBegun, GroupEnded, GroupKind, Outcome, TestBegun};
use crate::error::{Error, Kind};
use crate::origin::Origin;
use crate::script::diagnostics::explain;
use crate::script::errors::{Fallible, kind_of, place, verdict_of};
use crate::script::lock::lock;
use crate::script::run::Run;
use crate::script::run::groups::GroupFrame;
use rhai::{Dynamic, EvalAltResult, Expr, Expression, Position};
use std::time::Instant;

/// A group at evaluation.
struct Group<'a> {
    name: String,
    kind: GroupKind,
    options: Options,
    body: Body<'a>,
    source: String,
    at: Position,
}

/// A `group` or `subtest` block.
pub fn block(
    run: &Run,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    inputs: &[Expression<'_>],
    state: &Dynamic,
    kind: GroupKind,
) -> Fallible<Dynamic> {
    let source = context.source().unwrap_or_default().to_owned();
    let ops = letters(state);
    let segments: Vec<(char, &Expression<'_>)> = ops.chars().zip(inputs).collect();
    let (name, at) = name_of(context, inputs.first(), kind.word(), &source)?;
    let options = options(context, &Whose { source: &source, what: kind.word(), known: GROUP_OPTIONS }, &segments)?;
    let Some(body) = Body::of_block(&segments) else { return Ok(Dynamic::UNIT) };
    perform(run, context, Group { name, kind, options, body, source, at })
}

/// `group(name, || …)`, `group(name, options, || …)`.
pub fn call(
    run: &Run,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    inputs: &[Expression<'_>],
    kind: GroupKind,
) -> Fallible<Dynamic> {
    let Some(Call { name, at, options, body, source }) = Call::read(context, inputs, kind.word(), GROUP_OPTIONS)?
    else {
        return Ok(Dynamic::UNIT);
    };
    perform(run, context, Group { name, kind, options, body, source, at })
}

fn perform(run: &Run, context: &mut Context<'_, '_, '_, '_, '_, '_>, mut group: Group<'_>) -> Fallible<Dynamic> {
    let depth = run.recorder.depth();
    // Hooks in a closure belong to no group: their names are gone when they run.
    let level = if group.body.is_block() { context.call_level() } else { usize::MAX };
    let mut frame = GroupFrame::new(Some(group.name.clone()), &group.source, level, depth);
    frame.kind = group.kind;
    (frame.tags, frame.skip) =
        (std::mem::take(&mut group.options.tags), group.options.skip.take().unwrap_or(Ok(None))?);
    frame.stops = group.options.stop_on_failure.unwrap_or(group.kind == GroupKind::Subtest);
    if let Body::Block(block) = &group.body
        && let Expr::Stmt(statements) = &***block
    {
        frame.hooks = standing_in(statements.statements(), &group.source)?;
    }
    let mut frames = lock(&run.recorder.groups);
    let path = frames.path_of(depth, &group.name);
    let origin = place(Some(&group.source), group.at);
    if let Some(first) = origin.and_then(|origin| frames.declare(false, path.clone(), origin)) {
        drop(frames);
        return Err(again(group.kind.word(), &group.name, &first, &group.source, group.at));
    }
    frames.push(frame);
    drop(frames);
    let (kind, file, line) = (group.kind, group.source.clone(), line_of(group.at));
    run.emit(Event::GroupBegun(GroupBegun { group: path.clone(), kind, file, line }));
    let begun = Instant::now();
    let (length, state) = (context.scope().len(), context.global_runtime_state_mut());
    let (imports, searching) = (state.num_imports(), state.always_search_scope);
    // The names of the group are still visible to its teardowns.
    let result = group.body.run(context, false);
    let mut own = Own::default();
    let result = own.judge(run, context, &group, result);
    if own.ends_early() {
        let reason = own.reason.clone().unwrap_or_default();
        skip_the_rest(run, &group, &path, &reason);
    }
    let engine = context.engine();
    let last = |frame: &GroupFrame| (frame.worst, frame.reason());
    let mut ended = (None, None);
    let result = leave(run, engine, result, &mut |hook| evaluate(run, context, hook), &mut |frame| ended = last(frame));
    context.scope_mut().rewind(length);
    let state = context.global_runtime_state_mut();
    state.truncate_imports(imports);
    state.always_search_scope = searching;
    let (worst, reason) = ended;
    let early = result.as_ref().err().is_some_and(|error| !is_exit(error)).then_some(Outcome::Error);
    let outcome = worst.max(own.outcome).max(early);
    if own.outcome.is_some_and(|outcome| !outcome.is_good()) {
        lock(&run.recorder.groups).ended(depth, &group.name, own.outcome.unwrap_or_default());
    }
    let duration_s = begun.elapsed().as_secs_f64();
    let reason = own.reason.filter(|_| own.error.is_none()).or(reason);
    run.emit(Event::GroupEnded(GroupEnded { group: path, kind, outcome, duration_s, reason, error: own.error }));
    let stops_run = run.recorder.selection().fail_fast && own.outcome.is_some_and(|outcome| !outcome.is_good());
    if result.is_ok() && stops_run {
        return Err(Box::new(EvalAltResult::Exit(Dynamic::UNIT, Position::NONE)));
    }
    result.map(|_| Dynamic::UNIT)
}

/// What became of a subtest as a whole, besides its tests.
#[derive(Default)]
struct Own {
    outcome: Option<Outcome>,
    reason: Option<String>,
    error: Option<Failure>,
}

impl Own {
    /// Judges what ended the body. The errors of a subtest are its own, and end only it.
    fn judge(
        &mut self,
        run: &Run,
        context: &Context<'_, '_, '_, '_, '_, '_>,
        group: &Group<'_>,
        result: Fallible<Dynamic>,
    ) -> Fallible<Dynamic> {
        let (outcome, is_ending) = judge(run, &result);
        let Err(error) = result else { return result };
        let is_of_script = verdict_of(&error).is_none() && kind_of(&error) == Kind::DeclarationError;
        if group.kind != GroupKind::Subtest || is_ending || is_of_script || outcome == Outcome::Pass {
            return Err(error);
        }
        let failure = explain::of_failure(run, context.engine(), &error, &group.source);
        self.outcome = Some(outcome);
        self.reason = Some(failure.title.clone());
        self.error = (!outcome.is_good()).then(|| run.failure(&failure));
        Ok(Dynamic::UNIT)
    }

    fn ends_early(&self) -> bool {
        self.outcome.is_some()
    }
}

/// Records the tests that a subtest no longer reaches.
fn skip_the_rest(run: &Run, group: &Group<'_>, path: &[String], reason: &str) {
    let Body::Block(block) = &group.body else { return };
    let Expr::Stmt(statements) = &***block else { return };
    let selection = run.recorder.selection();
    for test in collect::certain_in(statements.statements()) {
        let whole: Vec<String> = path.iter().cloned().chain(test.path()).collect();
        let origin = Origin::new(group.source.as_str(), test.line, 0);
        if test.is_computed() || !selection.wants(&whole, &test.tags) {
            continue;
        }
        if lock(&run.recorder.groups).declare(true, whole.clone(), origin).is_some() {
            continue;
        }
        let number = lock(&run.recorder.record).number();
        run.emit(Event::TestBegun(TestBegun {
            test: number,
            name: test.name.clone(),
            group: whole[..whole.len() - 1].to_vec(),
            tags: test.tags,
            file: group.source.clone(),
            line: test.line,
            ..TestBegun::default()
        }));
        lock(&run.recorder.record).end(number, whole, None, Outcome::Skip);
        run.emit(Event::TestEnded {
            test: number,
            outcome: Outcome::Skip,
            duration_s: 0.0,
            reason: Some(format!("the {} has ended: {reason}", group.kind.word())),
            error: None,
            ends_run: false,
        });
    }
}

/// The error of a name that was used before in its group.
pub fn again(what: &str, name: &str, first: &Origin, source: &str, at: Position) -> Box<EvalAltResult> {
    let is_same = place(Some(source), at).is_some_and(|here| here == *first);
    let (message, help) = if is_same {
        let message = format!("the {what} \"{name}\" runs more than once");
        (message, format!("write a computed name: {what} `{name} ${{n}}` {{ … }}"))
    } else {
        (format!("a second {what} is named \"{name}\""), format!("rename one of them: the first is at {first}"))
    };
    fail(Error::new(Kind::DeclarationError, message).with_help(help), source, at)
}
