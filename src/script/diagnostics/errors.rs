//! Converts errors to script values and back.
//!
//! Invariant: scripts cannot catch what ends a run (Ctrl-C, the run's deadline).

use crate::error::{Error, Kind};
use crate::item::ItemLabel;
use crate::origin::Origin;
use crate::phrase::did_you_mean;
use crate::script::diagnostics::wording;
use crate::script::errors::{Fallible, ScriptError, argument, kind_in, placed, value_kind};
use crate::script::run::Run;
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext};

/// The result of each part of a failed operation.
fn results(error: &ScriptError) -> Dynamic {
    let others = error.error.others();
    if error.results.is_none() && !others.is_empty() {
        let all = std::iter::once(&error.error).chain(others);
        return all.map(|error| Dynamic::from(ScriptError::new(error.clone()))).collect::<Array>().into();
    }
    error.results.clone().map_or(Dynamic::UNIT, Dynamic::from_array)
}

fn text(value: Option<&str>) -> Dynamic {
    value.map_or(Dynamic::UNIT, |text| Dynamic::from(text.to_owned()))
}

fn line(origin: Option<&Origin>) -> Dynamic {
    origin.map_or(Dynamic::UNIT, |origin| Dynamic::from(i64::from(origin.line)))
}

/// The innermost script line, if any: code declared at run time is in no script.
fn script_line(error: &Error) -> Dynamic {
    line(error.origins().iter().find(|origin| !origin.file.starts_with('<')))
}

/// Registers errors as a type of the language.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<ScriptError>("Error")
        .register_get("kind", |e: &mut ScriptError| e.error.kind().name())
        .register_get("message", |e: &mut ScriptError| e.error.message().to_owned())
        .register_get("help", |e: &mut ScriptError| text(e.error.help()))
        .register_get("device", |e: &mut ScriptError| text(e.error.device()))
        .register_get("task", |e: &mut ScriptError| text(e.error.item().map(ItemLabel::name)))
        .register_get("traceback", |e: &mut ScriptError| text(e.error.traceback()))
        .register_get("script_line", |e: &mut ScriptError| script_line(&e.error))
        .register_get("line", |e: &mut ScriptError| line(e.error.origins().last()))
        .register_get("results", |e: &mut ScriptError| results(e))
        .register_get("code", |e: &mut ScriptError| {
            e.error.fault().map_or(Dynamic::UNIT, |(code, _)| Dynamic::from_int(code))
        })
        .register_get("text", |e: &mut ScriptError| text(e.error.fault().map(|(_, text)| text)))
        .register_fn("to_string", |e: &mut ScriptError| e.error.to_string())
        .register_fn("to_debug", |e: &mut ScriptError| e.error.to_string())
        .register_fn("kind_of", |error: Dynamic| value_kind(&error).name())
        .register_fn("is_a", |context: NativeCallContext<'_>, error: Dynamic, kind: ImmutableString| {
            placed(&context, is_a(&error, &kind))
        });
    // `throw "text"`, `throw 5`: `catch` gets the value itself; it gets the properties of every error.
    thrown::<ImmutableString>(engine);
    thrown::<i64>(engine);
    thrown::<f64>(engine);
    thrown::<bool>(engine);
    thrown::<char>(engine);
}

/// Registers the properties of an error for a type.
fn thrown<T: rhai::Variant + Clone + std::fmt::Display>(engine: &mut Engine) {
    engine
        .register_get("kind", |_: &mut T| Kind::ScriptError.name())
        .register_get("message", |value: &mut T| value.to_string());
    for absent in ["help", "device", "task", "traceback", "script_line", "line", "results", "code", "text"] {
        engine.register_get(absent, |_: &mut T| ());
    }
}

/// Adds the properties of every error to a caught Rhai error, which is a map.
pub(crate) fn complete(run: &Run, engine: &Engine, value: &Dynamic) -> Option<Dynamic> {
    let map = value.read_lock::<Map>()?;
    let message = map.get("message")?.to_string();
    if !map.contains_key("error") || map.contains_key("kind") {
        return None;
    }
    let source = map.get("source").map(ToString::to_string).unwrap_or_default();
    let caught = wording::caught_error(engine, run, &message, &source);
    let mut complete = map.clone();
    complete.insert("kind".into(), Dynamic::from(caught.kind.name()));
    complete.insert("message".into(), Dynamic::from(caught.title));
    complete.insert("help".into(), text(caught.help.as_deref()));
    let innermost = caught.line.map_or_else(|| map.get("line").cloned().unwrap_or_default(), Dynamic::from_int);
    complete.insert("script_line".into(), innermost);
    for absent in ["device", "task", "traceback", "results", "code", "text"] {
        complete.entry(absent.into()).or_insert(Dynamic::UNIT);
    }
    Some(Dynamic::from_map(complete))
}

fn is_a(error: &Dynamic, kind: &str) -> Fallible<bool> {
    match Kind::from_name(kind) {
        Some(wanted) => {
            let said = error.read_lock::<Map>().and_then(|map| kind_in(&map));
            Ok(said.unwrap_or_else(|| value_kind(error)).is_a(wanted))
        }
        None => {
            let near = crate::name::nearest(kind, Kind::ALL.iter().map(|kind| kind.name()));
            let help = near.map(did_you_mean).unwrap_or_default();
            argument(format!("unknown error kind `{kind}`"), help)
        }
    }
}
