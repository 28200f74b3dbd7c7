//! Non-ASCII text for a board whose firmware may have no Unicode strings.
//!
//! Such firmware stores the bytes of `"\u{e9}"` as two characters, and rejects `"\\u2028"`. The board is asked when the first
//! such text is sent. Invariant: no text is changed silently.

use crate::board::command::Command;
use crate::device::handle::Device;
use crate::device::lock::lock;
use crate::device::state::{Run, State};
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// Whether a text in `value` contains a non-ASCII character.
pub(super) fn has_unicode(value: &Value) -> bool {
    match value {
        Value::Str(text) => !text.is_ascii(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
            items.iter().any(has_unicode)
        }
        Value::NamedTuple(_, fields) => fields.iter().any(|(_, value)| has_unicode(value)),
        Value::Dict(pairs) | Value::OrderedDict(pairs) => {
            pairs.iter().any(|(key, value)| has_unicode(key) || has_unicode(value))
        }
        _ => false,
    }
}

impl Device {
    /// Rejects a text that the board cannot store. `what` names it in the error.
    pub(super) fn admit_text(&self, state: &mut State, what: &str, value: &Value) -> Result<()> {
        if !has_unicode(value) {
            return Ok(());
        }
        let known = *lock(&self.0.unicode);
        let has = match known {
            Some(known) => known,
            None => {
                let run = Run { device: self.name(), item: None, piece: None, limit: self.default_limit() };
                // Do not use a global name: a program may redefine it.
                let reply = state.run(self.host(), &run, &Command::expression("'\u{e9}'[1:]"));
                let has = match reply.map(|payload| payload.value()) {
                    Ok(value) => !matches!(value, Ok(Value::Str(rest)) if !rest.is_empty()),
                    Err(error) if error.kind() == Kind::DeviceException => false,
                    Err(error) => return Err(error),
                };
                *lock(&self.0.unicode) = Some(has);
                has
            }
        };
        if has {
            return Ok(());
        }
        Err(Error::new(
            Kind::ArgumentError,
            format!("{what} contains non-ASCII characters, but the board has no Unicode strings"),
        )
        .with_help("send the text as bytes, or use firmware that is built with Unicode strings"))
    }
}
