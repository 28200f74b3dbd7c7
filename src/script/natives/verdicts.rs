//! `skip`, `fail`, `outcome_of` and `checkpoint`: what a script says about its tests, and asks about them.
//!
//! Invariant: a script cannot catch its own verdict.

use crate::bench::event::{Checked, Event, GroupKind, Outcome};
use crate::error::Kind;
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, Stop, Verdict, argument, call_place, placed, refuse, stop};
use crate::script::lock::lock;
use crate::script::objects::convert::describe;
use crate::script::run::groups::Prepared;
use crate::script::run::{Run, board, monitors};
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext};
use std::sync::Arc;

type Context<'a> = NativeCallContext<'a>;

/// The options of `checkpoint`.
pub(crate) const CHECKPOINT: &[&str] = &["of", "diagnosis"];

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    for (name, outcome) in [("skip", Outcome::Skip), ("fail", Outcome::Fail)] {
        let shared = run.clone();
        engine.register_fn(name, move |context: Context<'_>, reason: ImmutableString| {
            placed(&context, end_test(&shared, &context, name, outcome, &reason))
        });
    }
    let shared = run.clone();
    engine.register_fn("outcome_of", move |context: Context<'_>, name: ImmutableString| {
        placed(&context, outcome_of(&shared, &name))
    });
    let shared = run.clone();
    engine.register_fn("checkpoint", move |context: Context<'_>, name: ImmutableString| {
        placed(&context, checkpoint(&shared, &context, &name, &Map::new()))
    });
    let shared = run.clone();
    engine.register_fn("checkpoint", move |context: Context<'_>, name: ImmutableString, options: Map| {
        placed(&context, checkpoint(&shared, &context, &name, &options))
    });
}

/// Ends the running test, or the subtest around, with this outcome.
fn end_test(run: &Run, context: &Context<'_>, name: &str, outcome: Outcome, reason: &str) -> Fallible<()> {
    if reason.trim().is_empty() {
        return argument(format!("`{name}` has no reason"), format!("write `{name}(\"why\")`"));
    }
    let in_test = monitors::is_here() || lock(&run.recorder.record).test().is_some();
    let mut frames = lock(&run.recorder.groups);
    let takes = frames
        .around(run.recorder.depth())
        .iter()
        .any(|frame| frame.kind == GroupKind::Subtest || frame.prepared == Prepared::Running);
    drop(frames);
    if !in_test && !takes {
        let help = if outcome == Outcome::Skip {
            "call it in a test; a group has the option `skip_if`"
        } else {
            "call it in a test or a subtest; elsewhere use `throw`"
        };
        return refuse(Kind::DeclarationError, format!("`{name}` is outside of a test"), help);
    }
    Err(stop(Stop::Verdict(Verdict { outcome, reason: reason.to_owned(), origin: call_place(context) })))
}

/// The outcome of an earlier test, as a word; `()` if it has not run.
fn outcome_of(run: &Run, name: &str) -> Fallible<Dynamic> {
    let group = lock(&run.recorder.groups).path(run.recorder.depth());
    match lock(&run.recorder.record).outcome_of(&group, name) {
        Some(outcome) => Ok(outcome.word().into()),
        None if run.recorder.may_be_written(name) => Ok(Dynamic::UNIT),
        None => {
            let near = run.recorder.nearest_written(name).map(|near| did_you_mean(&near));
            argument(format!("unknown test `{name}`"), near.unwrap_or_else(|| "name a test of this script".to_owned()))
        }
    }
}

/// What ends at a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Group,
    Run,
}

/// Skips the rest of the group or of the run, if a test of it did not pass, or if a diagnosis was made. Returns whether it goes on.
fn checkpoint(run: &Run, context: &Context<'_>, name: &str, options: &Map) -> Fallible<bool> {
    let (mut of, mut diagnoses) = (Of::Group, None);
    for (option, value) in options {
        match option.as_str() {
            "of" => match value.read_lock::<ImmutableString>().as_deref().map(ImmutableString::as_str) {
                Some("group") => of = Of::Group,
                Some("run") => of = Of::Run,
                _ => return argument(format!("`of` is {}", describe(value)), "use \"group\" or \"run\""),
            },
            "diagnosis" => match names(value) {
                Some(names) => diagnoses = Some(names),
                None => {
                    return argument(
                        format!("`diagnosis` is {}", describe(value)),
                        "use the name of a diagnosis, or an array of names",
                    );
                }
            },
            other => {
                let near = crate::name::nearest(other, CHECKPOINT.iter().copied()).map(did_you_mean);
                let help = near.unwrap_or_else(|| format!("options of `checkpoint`: {}", CHECKPOINT.join(", ")));
                return argument(format!("`checkpoint` has no option `{other}`"), help);
            }
        }
    }
    if lock(&run.recorder.record).test().is_some() {
        let help = "move it between the tests; in a test use `skip` or `fail`";
        return refuse(Kind::DeclarationError, "`checkpoint` is inside a test", help);
    }
    let made = diagnoses.as_ref().map(|names| {
        let record = lock(&run.recorder.record);
        names
            .iter()
            .find(|name| record.has_diagnosis(name, board::board().as_deref()))
            .map(|name| format!("the diagnosis \"{name}\" was made"))
    });
    let mut frames = lock(&run.recorder.groups);
    let depth = run.recorder.depth();
    let group = frames.path(depth);
    let mut around = frames.around(depth);
    let Some(frame) = (if of == Of::Run { around.into_iter().next() } else { around.pop() }) else { return Ok(true) };
    let why = match made {
        Some(made) => made,
        None => frame.first_failed().map(|failed| format!("`{}` did not pass", failed.name)),
    };
    let reason = why.map(|why| format!("{why} before the checkpoint \"{name}\""));
    if let Some(reason) = &reason {
        frame.skip_rest(reason);
    }
    drop(frames);
    let place = call_place(context);
    let goes_on = reason.is_none();
    run.emit(Event::Checked(Checked {
        name: name.to_owned(),
        group,
        ends_run: of == Of::Run,
        reason,
        file: place.as_ref().map(|place| place.file.to_string()).unwrap_or_default(),
        line: place.map_or(0, |place| place.line),
    }));
    Ok(goes_on)
}

/// One string, or several.
fn names(value: &Dynamic) -> Option<Vec<String>> {
    let text = |value: &Dynamic| value.read_lock::<ImmutableString>().map(|text| text.to_string());
    if let Some(array) = value.read_lock::<Array>() {
        return array.iter().map(text).collect();
    }
    Some(vec![text(value)?])
}
