//! `diagnosis(name, text, options)` and `has_diagnosis(name)`: named conclusions from results.
//!
//! Invariant: a failing diagnosis fails the running test, or the run outside of tests.

use crate::bench::event::{Diagnosis, Event};
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, call_place, placed};
use crate::script::lock::lock;
use crate::script::objects::convert::describe;
use crate::script::run::{Run, board};
use rhai::{Engine, ImmutableString, Map, NativeCallContext};
use std::sync::Arc;

type Context<'a> = NativeCallContext<'a>;

/// The options of `diagnosis`.
pub(crate) const OPTIONS: &[&str] = &["failure", "component"];

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("diagnosis", move |context: Context<'_>, name: ImmutableString, text: ImmutableString| {
        placed(&context, make(&shared, &context, &name, &text, &Map::new()))
    });
    let shared = run.clone();
    engine.register_fn(
        "diagnosis",
        move |context: Context<'_>, name: ImmutableString, text: ImmutableString, options: Map| {
            placed(&context, make(&shared, &context, &name, &text, &options))
        },
    );
    let shared = run.clone();
    engine.register_fn("has_diagnosis", move |name: ImmutableString| {
        lock(&shared.recorder.record).has_diagnosis(&name, board::board().as_deref())
    });
}

fn make(run: &Run, context: &Context<'_>, name: &str, text: &str, options: &Map) -> Fallible<()> {
    if name.trim().is_empty() {
        return argument(
            "the name of the diagnosis is empty",
            "write `diagnosis(\"weak supply\", \"the 3.3 V rail sags\")`",
        );
    }
    let mut diagnosis = Diagnosis { name: name.to_owned(), text: text.to_owned(), ..Diagnosis::default() };
    for (option, value) in options {
        match option.as_str() {
            "failure" => match value.as_bool() {
                Ok(failure) => diagnosis.failure = failure,
                Err(_) => return argument(format!("`failure` is {}", describe(value)), "use `true` or `false`"),
            },
            "component" => match value.read_lock::<ImmutableString>() {
                Some(component) => diagnosis.component = Some(component.to_string()),
                None => return argument(format!("`component` is {}", describe(value)), "use a string"),
            },
            other => {
                let near = crate::name::nearest(other, OPTIONS.iter().copied()).map(did_you_mean);
                let help = near.unwrap_or_else(|| format!("options of `diagnosis`: {}", OPTIONS.join(", ")));
                return argument(format!("`diagnosis` has no option `{other}`"), help);
            }
        }
    }
    let place = call_place(context);
    diagnosis.file = place.as_ref().map(|place| place.file.to_string()).unwrap_or_default();
    diagnosis.line = place.map_or(0, |place| place.line);
    diagnosis.board = board::board();
    let test = lock(&run.recorder.record).diagnosed(name, diagnosis.board.clone(), diagnosis.failure);
    run.emit(Event::Diagnosed { test, diagnosis });
    Ok(())
}
