//! Errors of the crate as script values, and helpers for native functions that raise them.
//!
//! Invariant: scripts cannot catch what ends a run (Ctrl-C, the run's deadline).

use crate::bench::event::Outcome;
use crate::error::{Error, Kind};
use crate::origin::Origin;
use rhai::{Array, Dynamic, EvalAltResult, ImmutableString, Map, NativeCallContext, Position};

/// The result of a fallible native function.
pub(crate) type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// An error as a script sees it.
#[derive(Clone)]
pub(crate) struct ScriptError {
    pub error: Error,
    /// Values and errors of a ParallelError.
    pub results: Option<Array>,
    /// A label for each of the results. Empty if the message already names them.
    pub labels: Vec<String>,
}

impl ScriptError {
    /// An error without results.
    pub fn new(error: Error) -> ScriptError {
        ScriptError { error, results: None, labels: Vec::new() }
    }
}

/// Raises an error of the crate in a script. Rhai adds the place of the call.
pub(crate) fn raise(error: Error) -> Box<EvalAltResult> {
    raise_at(error, Position::NONE)
}

/// Raises an error of the crate at a known position.
pub(crate) fn raise_at(error: Error, position: Position) -> Box<EvalAltResult> {
    if error.kind() == Kind::Interrupted {
        return Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(Stop::Error(error)), position));
    }
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(ScriptError::new(error)), position))
}

/// Adds the position of the call to an error without one, so that a script that catches it knows its
/// line.
pub(crate) fn placed<T>(context: &NativeCallContext<'_>, result: Fallible<T>) -> Fallible<T> {
    result.map_err(|mut error| {
        if let EvalAltResult::ErrorRuntime(value, _) = &mut *error
            && let Some(mut known) = value.write_lock::<ScriptError>()
            && known.error.origins().is_empty()
            && let Some(origin) = call_place(context).filter(|origin| !origin.file.starts_with("std/"))
        {
            known.error = known.error.clone().with_origin(origin);
        }
        error
    })
}

/// Stops the script.
pub(crate) fn stop(stop: Stop) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(stop), Position::NONE))
}

/// Raises an error of this kind, without a device.
pub(crate) fn refuse<T>(kind: Kind, message: impl Into<String>, help: impl Into<String>) -> Fallible<T> {
    let help = help.into();
    let error = Error::new(kind, message);
    Err(raise(if help.is_empty() { error } else { error.with_help(help) }))
}

/// Raises an ArgumentError.
pub(crate) fn argument<T>(message: impl Into<String>, help: impl Into<String>) -> Fallible<T> {
    refuse(Kind::ArgumentError, message, help)
}

/// The innermost error, without the frames of calls and modules around it.
pub(crate) fn innermost(error: &EvalAltResult) -> &EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            innermost(inner)
        }
        other => other,
    }
}

/// The kind of an error.
pub(crate) fn kind_of(error: &EvalAltResult) -> Kind {
    match innermost(error) {
        EvalAltResult::ErrorRuntime(value, _) => value_kind(value),
        EvalAltResult::ErrorParsing(..) => Kind::ParseError,
        EvalAltResult::ErrorTerminated(value, _) => match value.read_lock::<Stop>().as_deref() {
            Some(Stop::Error(error)) => error.kind(),
            Some(Stop::Timeout(_)) => Kind::TimeoutError,
            Some(Stop::Verdict(_) | Stop::Ended) | None => Kind::ScriptError,
        },
        EvalAltResult::ErrorModuleNotFound(..) => Kind::DeclarationError,
        _ => Kind::ScriptError,
    }
}

/// The kind of a thrown or caught value.
pub(crate) fn value_kind(value: &Dynamic) -> Kind {
    if let Some(error) = value.read_lock::<ScriptError>() {
        return error.error.kind();
    }
    // Only a caught Rhai error has both.
    let kind = value.read_lock::<Map>().filter(|map| map.contains_key("error")).and_then(|map| kind_in(&map));
    kind.unwrap_or(Kind::ScriptError)
}

/// The kind that a map claims to be.
pub(crate) fn kind_in(map: &Map) -> Option<Kind> {
    Kind::from_name(map.get("kind")?.read_lock::<ImmutableString>()?.as_str())
}

/// The error as a script's `catch` would see it.
pub(crate) fn as_value(error: &EvalAltResult) -> Dynamic {
    match innermost(error) {
        EvalAltResult::ErrorRuntime(value, _) => value.clone(),
        EvalAltResult::ErrorTerminated(value, _) => match value.read_lock::<Stop>().as_deref() {
            Some(Stop::Error(error)) => Dynamic::from(ScriptError::new(error.clone())),
            _ => Dynamic::from("ended".to_owned()),
        },
        other => {
            let mut map = Map::new();
            map.insert("error".into(), Dynamic::from("ErrorRuntime".to_owned()));
            map.insert("message".into(), Dynamic::from(other.to_string()));
            Dynamic::from_map(map)
        }
    }
}

/// Why a script stops, in a way that it cannot catch.
#[derive(Clone)]
pub(crate) enum Stop {
    /// Ctrl-C, or the run's time limit.
    Error(Error),
    /// The time limit of the innermost `timeout` with this number passed.
    Timeout(u64),
    /// A monitor of the running test failed, or the test of a monitor has ended.
    Ended,
    /// The script gave its verdict on the running test.
    Verdict(Verdict),
}

/// `skip("reason")` or `fail("reason")`.
#[derive(Clone)]
pub(crate) struct Verdict {
    /// [`Outcome::Skip`] or [`Outcome::Fail`].
    pub outcome: Outcome,
    pub reason: String,
    /// Where it was called.
    pub origin: Option<Origin>,
}

/// Whether the monitors of a test ended it.
pub(crate) fn is_ended(error: &EvalAltResult) -> bool {
    match innermost(error) {
        EvalAltResult::ErrorTerminated(value, _) => matches!(value.read_lock::<Stop>().as_deref(), Some(Stop::Ended)),
        _ => false,
    }
}

/// The script's verdict, if it ended with one.
pub(crate) fn verdict_of(error: &EvalAltResult) -> Option<Verdict> {
    match innermost(error) {
        EvalAltResult::ErrorTerminated(value, _) => match value.read_lock::<Stop>().as_deref() {
            Some(Stop::Verdict(verdict)) => Some(verdict.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Converts a Rhai position, if it is known.
pub(crate) fn place(source: Option<&str>, position: Position) -> Option<Origin> {
    let line = u32::try_from(position.line()?).ok()?;
    let column = position.position().and_then(|column| u32::try_from(column).ok()).unwrap_or(0);
    Some(Origin::new(source?, line, column))
}

/// The place where a native function was called.
pub(crate) fn call_place(context: &rhai::NativeCallContext<'_>) -> Option<Origin> {
    place(context.call_source(), context.call_position())
}

/// Adds the place of the call to an error.
pub(crate) fn located(error: Error, context: &NativeCallContext<'_>) -> Error {
    match call_place(context) {
        Some(origin) => error.with_origin(origin),
        None => error,
    }
}

/// Whether the `timeout` with this number raised an error.
pub(crate) fn is_timeout(error: &EvalAltResult, id: u64) -> bool {
    match error {
        EvalAltResult::ErrorTerminated(value, _) => {
            matches!(value.read_lock::<Stop>().as_deref(), Some(Stop::Timeout(ended)) if *ended == id)
        }
        _ => false,
    }
}

/// The TimeoutError of a script's time limit, with the device and item that were active when it passed.
pub(crate) fn overdue(cause: &EvalAltResult, message: String) -> Error {
    let mut error = Error::new(Kind::TimeoutError, message);
    if let EvalAltResult::ErrorRuntime(value, _) = innermost(cause)
        && let Some(cause) = value.read_lock::<ScriptError>()
    {
        for origin in cause.error.origins() {
            error = error.with_origin(origin.clone());
        }
        if let Some(device) = cause.error.device() {
            error = error.with_device(device);
        }
        if let Some(item) = cause.error.item() {
            error = error.with_item(item.clone());
        }
    }
    error
}
