//! Hooks of groups: `setup_all`, `setup_each`, `teardown_each`, `teardown_all`.
//!
//! The direct hooks of a group are known when it begins. Each is evaluated in the scope of its group, with
//! a fresh lookup of names.
//! Invariant: once a `setup_all` has begun, every `teardown_all` of its group runs; the same for `setup_each` and
//! `teardown_each`, whatever else fails.

use super::failing::{Context, fail};
use super::form::{letters, op};
use super::judging::{judge, limited};
use super::options::{HOOK_OPTIONS, Options, Whose, options, read_options};
use crate::bench::event::{Event, Outcome, TestBegun};
use crate::error::{Error, Kind};
use crate::script::diagnostics::explain;
use crate::script::errors::{Fallible, verdict_of};
use crate::script::lock::lock;
use crate::script::names;
use crate::script::run::Run;
use crate::script::run::groups::{GroupFrame, Hook, Moment, Prepared};
use rhai::{Caches, Dynamic, Engine, EvalAltResult, Expr, Expression, GlobalRuntimeState, Position, Scope, Stmt};
use std::sync::Arc;
use std::time::Instant;

/// Hooks by their keywords in [`names::HOOKS`].
pub const MOMENTS: [Moment; 4] = [Moment::SetupAll, Moment::SetupEach, Moment::TeardownEach, Moment::TeardownAll];

/// The hooks of one kind around a test, outermost first. An error if hooks do not reach the test because it is in a
/// function.
pub fn of_moment(run: &Run, context: &Context<'_, '_, '_, '_, '_, '_>, moment: Moment) -> Result<Vec<Hook>, Error> {
    let mut frames = lock(&run.recorder.groups);
    let (thread, level) = (std::thread::current().id(), context.call_level());
    let source = context.source().unwrap_or_default();
    let mut found = Vec::new();
    for frame in frames.around(run.recorder.depth()) {
        if frame.source != source || frame.hooks.is_empty() {
            continue;
        }
        if frame.level != level || frame.thread != thread {
            let message = format!("`{}` does not reach a test within a function", frame.hooks[0].moment.word());
            let help = "move the test to the script or a group, and call the function in it";
            return Err(Error::new(Kind::DeclarationError, message).with_help(help));
        }
        found.extend(frame.hooks.iter().filter(|hook| hook.moment == moment).cloned());
    }
    Ok(found)
}

/// Evaluates a hook in the context's scope, with a fresh lookup of names.
pub fn evaluate(run: &Run, context: &mut Context<'_, '_, '_, '_, '_, '_>, hook: &Hook) -> Fallible<Dynamic> {
    let state = context.global_runtime_state_mut();
    let searching = std::mem::replace(&mut state.always_search_scope, true);
    let block = Expression::from(&*hook.block);
    let result = limited(run, hook.timeout, hook.moment.word(), || context.eval_expression_tree(&block));
    context.global_runtime_state_mut().always_search_scope = searching;
    match result {
        Err(error) if matches!(*error, EvalAltResult::Return(..)) => Ok(Dynamic::UNIT),
        result => result,
    }
}

/// Runs the pending `setup_all` hooks around a test. Returns why to skip the test, if one failed.
///
/// # Errors
/// An error that ends the run.
pub fn prepare(run: &Run, context: &mut Context<'_, '_, '_, '_, '_, '_>) -> Fallible<Option<String>> {
    let ids: Vec<u64> = lock(&run.recorder.groups).around(run.recorder.depth()).iter().map(|frame| frame.id).collect();
    for id in ids {
        let (hooks, prepared) = match lock(&run.recorder.groups).iter_mut().find(|frame| frame.id == id) {
            Some(frame) => {
                let prepared = frame.prepared;
                if prepared == Prepared::Not {
                    frame.prepared = Prepared::Running;
                }
                (frame.hooks.clone(), prepared)
            }
            None => continue,
        };
        let failed = match prepared {
            Prepared::Done | Prepared::Running => false,
            Prepared::Failed => true,
            Prepared::Not => set_up(run, context, id, &hooks)?,
        };
        if failed {
            let frames = lock(&run.recorder.groups);
            let skip = frames.iter().find(|frame| frame.id == id).and_then(|frame| frame.skip.clone());
            return Ok(Some(skip.unwrap_or_else(|| "`setup_all` failed".to_owned())));
        }
    }
    Ok(None)
}

/// Runs the `setup_all` among `hooks`; returns whether one failed, or called `skip`.
fn set_up(run: &Run, context: &mut Context<'_, '_, '_, '_, '_, '_>, id: u64, hooks: &[Hook]) -> Fallible<bool> {
    let finish = |prepared, skip: Option<String>| {
        if let Some(frame) = lock(&run.recorder.groups).iter_mut().find(|frame| frame.id == id) {
            frame.prepared = prepared;
            frame.skip = skip.or(frame.skip.take());
        }
    };
    for hook in hooks.iter().filter(|hook| hook.moment == Moment::SetupAll) {
        let begun = Instant::now();
        let result = evaluate(run, context, hook);
        let verdict = result.as_ref().err().and_then(|error| verdict_of(error));
        if let Some(skipped) = verdict.filter(|verdict| verdict.outcome == Outcome::Skip) {
            finish(Prepared::Failed, Some(skipped.reason));
            return Ok(true);
        }
        let source = context.source().unwrap_or_default().to_owned();
        if has_failed(run, context.engine(), id, hook, begun, &source, result)? {
            finish(Prepared::Failed, None);
            return Ok(true);
        }
    }
    finish(Prepared::Done, None);
    Ok(false)
}

/// Records a failed hook as a test with its name; returns whether it failed.
///
/// # Errors
/// An error that ends the run.
fn has_failed(
    run: &Run,
    engine: &Engine,
    id: u64,
    hook: &Hook,
    begun: Instant,
    source: &str,
    result: Fallible<Dynamic>,
) -> Fallible<bool> {
    let (outcome, ending) = judge(run, &result);
    let Err(error) = result else { return Ok(false) };
    let ends_run = ending && !matches!(*error, EvalAltResult::Exit(..));
    if outcome != Outcome::Pass {
        let group = path_to(run, id);
        let test = lock(&run.recorder.record).number();
        let name = hook.moment.word().to_owned();
        let file = source.to_owned();
        run.emit(Event::TestBegun(TestBegun { test, name, group, file, line: hook.line(), ..TestBegun::default() }));
        lock(&run.recorder.groups).ended(run.recorder.depth(), hook.moment.word(), outcome);
        let error = run.failure(&explain::of_failure(run, engine, &error, source));
        let duration_s = begun.elapsed().as_secs_f64();
        let (reason, error) = (None, Some(error));
        run.emit(Event::TestEnded { test, outcome, duration_s, reason, error, ends_run });
    }
    if ending { Err(error) } else { Ok(outcome != Outcome::Pass) }
}

/// The names of the groups down to the one with this number.
fn path_to(run: &Run, id: u64) -> Vec<String> {
    let mut frames = lock(&run.recorder.groups);
    frames
        .around(run.recorder.depth())
        .into_iter()
        .filter(|frame| frame.id <= id)
        .filter_map(|frame| frame.name.clone())
        .collect()
}

/// Ends a group or the script: runs its `teardown_all`. `eval` evaluates a hook in its scope; `last` sees the group at its end.
pub fn leave(
    run: &Run,
    engine: &Engine,
    mut result: Fallible<Dynamic>,
    eval: &mut dyn FnMut(&Hook) -> Fallible<Dynamic>,
    last: &mut dyn FnMut(&GroupFrame),
) -> Fallible<Dynamic> {
    let innermost = |frame: &mut GroupFrame| (frame.id, frame.hooks.clone(), frame.prepared, frame.source.clone());
    let frame = lock(&run.recorder.groups).around(run.recorder.depth()).pop().map(innermost);
    let Some((id, hooks, prepared, source)) = frame else { return result };
    let needs_setup = hooks.iter().any(|hook| hook.moment == Moment::SetupAll);
    let wanted = |hook: &&Hook| {
        let is_due = prepared != Prepared::Not || hook.reached && !needs_setup;
        hook.moment == Moment::TeardownAll && is_due
    };
    for hook in hooks.iter().filter(wanted) {
        let begun = Instant::now();
        let torn = run.clock.in_any_case(|| eval(hook));
        if let Err(error) = has_failed(run, engine, id, hook, begun, &source, torn)
            && result.is_ok()
        {
            result = Err(error);
        }
    }
    let mut frames = lock(&run.recorder.groups);
    frames.iter().filter(|frame| frame.id == id).for_each(last);
    frames.retain(|frame| frame.id != id);
    drop(frames);
    result
}

/// Evaluates the statements of a script or of a session's input, then their teardowns.
///
/// # Errors
/// What ended it early; or an invalid option of a hook among the statements.
pub fn perform(
    run: &Run,
    engine: &Engine,
    source: &str,
    statements: &[Stmt],
    state: &mut GlobalRuntimeState,
    scope: &mut Scope<'_>,
) -> Fallible<Dynamic> {
    let mut frame = GroupFrame::new(None, source, 0, run.recorder.depth());
    frame.hooks = standing_in(statements, source)?;
    let mut frames = lock(&run.recorder.groups);
    frames.reset();
    frames.push(frame);
    drop(frames);
    let mut caches = Caches::new();
    #[expect(deprecated, reason = "Rhai marks its volatile functions that way; the version is pinned")]
    let result = engine.eval_statements_raw(state, &mut caches, scope, statements);
    let mut eval = |hook: &Hook| {
        limited(run, hook.timeout, hook.moment.word(), || {
            let searching = std::mem::replace(&mut state.always_search_scope, true);
            let block = [Stmt::Expr(Box::new((*hook.block).clone()))];
            #[expect(deprecated, reason = "Rhai marks its volatile functions that way; the version is pinned")]
            let torn = engine.eval_statements_raw(state, &mut caches, scope, &block);
            state.always_search_scope = searching;
            torn
        })
    };
    leave(run, engine, result, &mut eval, &mut |_| {})
}

/// The hooks directly among `statements`.
pub fn standing_in(statements: &[Stmt], source: &str) -> Fallible<Vec<Hook>> {
    let mut found = Vec::new();
    for statement in statements {
        let Stmt::Expr(expression) = statement else { continue };
        let Expr::Custom(custom, _) = &**expression else { continue };
        let key = custom.tokens.first().map_or("", |key| key.as_str());
        let moment = names::HOOKS.iter().zip(MOMENTS).find(|((known, _), _)| *known == key);
        let Some((_, moment)) = moment else { continue };
        let ops = letters(&custom.state);
        let literal = |value: &Expr| match value.get_literal_value(None) {
            Some(value) => Ok(value),
            None => {
                let message = format!("an option of `{}` is written as a plain value", moment.word());
                Err(fail(Error::new(Kind::DeclarationError, message), source, value.position()))
            }
        };
        let segments = || ops.chars().zip(&custom.inputs);
        let options = read_options(segments(), &Whose { source, what: moment.word(), known: HOOK_OPTIONS }, literal)?;
        if let Some((_, block)) = segments().find(|(op, _)| *op == op::BLOCK) {
            let at = custom.inputs.last().map_or(Position::NONE, Expr::position);
            let block = Arc::new(block.clone());
            found.push(Hook { moment, block, timeout: options.timeout, at, reached: false });
        }
    }
    Ok(found)
}

/// Handles a reached hook such as `setup_all`.
pub fn hook(
    run: &Run,
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    inputs: &[Expression<'_>],
    state: &Dynamic,
    moment: Moment,
) -> Fallible<Dynamic> {
    let source = context.source().unwrap_or_default().to_owned();
    let ops = letters(state);
    let segments: Vec<(char, &Expression<'_>)> = ops.chars().zip(inputs).collect();
    let whose = Whose { source: &source, what: moment.word(), known: HOOK_OPTIONS };
    let Options { timeout, .. } = options(context, &whose, &segments)?;
    let Some((_, block)) = segments.iter().find(|(op, _)| *op == op::BLOCK) else { return Ok(Dynamic::UNIT) };
    let position = inputs.last().map_or(Position::NONE, Expression::position);
    let (thread, level) = (std::thread::current().id(), context.call_level());
    let mut frames = lock(&run.recorder.groups);
    match frames.around(run.recorder.depth()).pop() {
        Some(frame) if frame.thread == thread && frame.level == level && frame.source == source => {
            match frame.hooks.iter_mut().find(|hook| hook.at == position) {
                Some(known) => known.reached = true,
                None => {
                    let block = Arc::new((***block).clone());
                    frame.hooks.push(Hook { moment, block, timeout, at: position, reached: true });
                }
            }
            Ok(Dynamic::UNIT)
        }
        _ => {
            let message = format!("`{}` is outside of the script and of any group", moment.word());
            let help = "move it to the top level of the script, or into a `group` block";
            Err(fail(Error::new(Kind::DeclarationError, message).with_help(help), &source, position))
        }
    }
}
