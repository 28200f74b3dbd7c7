//! Checks of a script: closures that judge a value.
//!
//! Invariant: only `true` passes; a check that throws fails the measurement with its text, and one that returns something
//! else than a bool is an error.

use crate::bench::event::Outcome;
use crate::bench::measurement::Measurement;
use crate::script::errors::{Fallible, argument, as_value, innermost};
use crate::script::objects::convert::describe;
use rhai::{Dynamic, EvalAltResult, FnPtr, ImmutableString, Map, NativeCallContext};

/// Runs the checks; each is a part of the measurement.
pub(super) fn run(
    context: &NativeCallContext<'_>,
    checks: &[(String, FnPtr)],
    value: &Dynamic,
    measurement: &mut Measurement,
) -> Fallible<()> {
    for (name, check) in checks {
        let mut part = Measurement { name: name.clone(), equals: Some(true.into()), ..Measurement::default() };
        match check.call_raw(context, None, [value.clone()]) {
            Ok(answer) => match answer.as_bool() {
                Ok(true) => part.value = true.into(),
                Ok(false) => {
                    part.value = false.into();
                    part.fail("the check returned false");
                }
                Err(_) => {
                    let message = format!("the check \"{name}\" returned {}", describe(&answer));
                    return argument(message, "return `true` if the value is good, else `false`");
                }
            },
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => part.fail(format!("the check threw: {}", text(&error))),
        }
        debug_assert!(part.outcome == Outcome::Fail || part.value == true);
        measurement.add_part(part);
    }
    Ok(())
}

/// Whether a script cannot catch it: a stop, or `exit`.
fn is_final(error: &EvalAltResult) -> bool {
    matches!(innermost(error), EvalAltResult::ErrorTerminated(..) | EvalAltResult::Exit(..))
}

/// The text of what was thrown.
fn text(error: &EvalAltResult) -> String {
    let value = as_value(error);
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return text.to_string();
    }
    if let Some(known) = value.read_lock::<crate::script::errors::ScriptError>() {
        return known.error.message().to_owned();
    }
    let message = value.read_lock::<Map>().and_then(|map| map.get("message").map(ToString::to_string));
    message.unwrap_or_else(|| value.to_string())
}
