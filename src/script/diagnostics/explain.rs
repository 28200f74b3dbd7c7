//! Converts Rhai's errors to [`Diagnostic`]s: plain titles, places across scripts, and help.
//!
//! Invariant: the first place is the innermost line of a user's script; lines of `std/…` are shown only if there is
//! nothing else.

use crate::diagnostic::{Diagnostic, Place};
use crate::error::{Error, Kind};
use crate::origin::Origin;
use crate::script::diagnostics::wording;
use crate::script::errors::{ScriptError, Stop, innermost, kind_of, place};
use crate::script::run::Run;
use rhai::{Dynamic, Engine, EvalAltResult, Map, Position};

/// A frame around an error: its place and label.
struct StackFrame {
    origin: Origin,
    label: &'static str,
}

/// The diagnostic of an uncaught error. `source` is the main script.
pub(crate) fn of_failure(run: &Run, engine: &Engine, error: &EvalAltResult, source: &str) -> Diagnostic {
    let mut frames: Vec<StackFrame> = Vec::new();
    let mut current = source.to_owned();
    let mut inner = error;
    loop {
        let (label, position, next, nested) = match inner {
            EvalAltResult::ErrorInFunctionCall(name, source, nested, position) => {
                let source = run.declarations.loader.closure(name).unwrap_or_else(|| source.clone());
                ("called from", position, source, nested)
            }
            EvalAltResult::ErrorInModule(name, nested, position) => ("imported from", position, name.clone(), nested),
            _ => break,
        };
        if let Some(origin) = place(Some(&current), *position) {
            frames.push(StackFrame { origin, label });
        }
        if !next.is_empty() {
            current = next;
        }
        inner = nested;
    }
    frames.reverse();
    let mut diagnostic = headline(run, engine, inner, &current);
    let position = position_of(inner);
    if let Some(origin) = place(Some(&current), position) {
        frames.insert(0, StackFrame { origin, label: "called from" });
    }
    surround(&mut diagnostic, &frames);
    for other in &mut diagnostic.others {
        surround(other, &frames);
    }
    diagnostic
}

/// The diagnostic of one of the crate's errors.
pub(crate) fn of_error(error: &Error) -> Diagnostic {
    Diagnostic::from_error(error)
}

/// Adds the frames around an error.
fn surround(diagnostic: &mut Diagnostic, frames: &[StackFrame]) {
    for frame in frames {
        add(diagnostic, frame.origin.clone(), frame.label);
    }
    hide_library(diagnostic);
    if let Some(first) = diagnostic.places.first_mut() {
        first.label.clear();
    }
}

/// Adds a place unless its line is already listed.
fn add(diagnostic: &mut Diagnostic, origin: Origin, label: &str) {
    let same =
        diagnostic.places.iter_mut().find(|known| known.origin.file == origin.file && known.origin.line == origin.line);
    match same {
        Some(known) if known.origin.column == 0 && !known.label.is_empty() => known.origin = origin,
        Some(_) => {}
        None => diagnostic.places.push(Place { origin, label: label.to_owned() }),
    }
}

fn hide_library(diagnostic: &mut Diagnostic) {
    let is_library = |place: &Place| place.origin.file.starts_with("std/");
    if diagnostic.places.iter().any(|place| !is_library(place)) {
        diagnostic.places.retain(|place| !is_library(place));
    }
}

fn position_of(error: &EvalAltResult) -> Position {
    match error {
        EvalAltResult::ErrorParsing(_, position) => *position,
        other => other.position(),
    }
}

/// Title, kind and help of the innermost error, with its own places.
fn headline(run: &Run, engine: &Engine, error: &EvalAltResult, source: &str) -> Diagnostic {
    match error {
        EvalAltResult::ErrorRuntime(value, _) => thrown(value),
        EvalAltResult::ErrorTerminated(value, _) => match value.read_lock::<Stop>().as_deref() {
            Some(Stop::Error(error)) => Diagnostic::from_error(error),
            Some(Stop::Verdict(verdict)) => {
                let mut diagnostic = Diagnostic::new(Kind::ScriptError, verdict.reason.clone());
                let place = |origin: &Origin| Place { origin: origin.clone(), label: String::new() };
                diagnostic.places.extend(verdict.origin.iter().map(place));
                diagnostic
            }
            _ => Diagnostic::new(Kind::TimeoutError, "a `timeout` passed"),
        },
        EvalAltResult::ErrorParsing(kind, position) => {
            let text = run.sources.get(source).unwrap_or_default();
            let (title, help) = wording::parse_error(kind, *position, &text);
            Diagnostic { help, ..Diagnostic::new(Kind::ParseError, title) }
        }
        other => {
            let text = run.sources.get(source).unwrap_or_default();
            let (title, help) = wording::runtime_error(engine, run, other, &text);
            Diagnostic { help, ..Diagnostic::new(kind_of(other), title) }
        }
    }
}

fn thrown(value: &Dynamic) -> Diagnostic {
    if let Some(error) = value.read_lock::<ScriptError>() {
        let mut diagnostic = Diagnostic::from_error(&error.error);
        for (label, result) in error.labels.iter().zip(error.results.iter().flatten()) {
            if let Some(failed) = result.read_lock::<ScriptError>() {
                diagnostic.notes.push(format!("{label}: {}", failed.error.headline()));
            }
        }
        return diagnostic;
    }
    if let Some(map) = value.read_lock::<Map>() {
        let text = |name: &str| map.get(name).filter(|value| value.is_string()).map(ToString::to_string);
        if let Some(message) = text("message") {
            // A rethrown Rhai error, or an error that the script built itself.
            let known = map.contains_key("error");
            let kind = text("kind").filter(|kind| !known && !kind.is_empty() && kind != Kind::ScriptError.name());
            let title = kind.map_or_else(|| message.clone(), |kind| format!("{kind}: {message}"));
            return Diagnostic {
                help: text("help"),
                ..Diagnostic::new(crate::script::errors::value_kind(value), title)
            };
        }
    }
    let title = if value.is_unit() { "the script threw an error without a text".to_owned() } else { value.to_string() };
    Diagnostic::new(Kind::ScriptError, title)
}

/// Converts to an error of the crate, where one is required (a slot of `parallel`).
pub(crate) fn to_error(run: &Run, engine: &Engine, error: &EvalAltResult, source: &str) -> Error {
    if let EvalAltResult::ErrorRuntime(value, _) = innermost(error)
        && let Some(known) = value.read_lock::<ScriptError>()
    {
        return known.error.clone();
    }
    let diagnostic = of_failure(run, engine, error, source);
    let mut known = Error::new(kind_of(error), diagnostic.title);
    if let Some(help) = diagnostic.help {
        known = known.with_help(help);
    }
    for place in diagnostic.places {
        known = known.with_origin(place.origin);
    }
    known
}
