//! `:py`: the board's own prompt, and back.
//!
//! Invariant: the board is not restarted by it; the session goes on with what the person has left there.

use super::{Prompt, words};
use crate::cli::misuse;
use crate::diagnostic::Diagnostic;

/// Ctrl-].
const LEAVE: u8 = 0x1d;

impl Prompt {
    /// `:py [DEVICE]`.
    pub(in crate::cli::prompt) fn py(&mut self, argument: &str) {
        let outcome = self.talk(argument);
        self.told(outcome);
    }

    fn talk(&mut self, argument: &str) -> Result<(), Diagnostic> {
        let words = words(argument)?;
        let device = match words.as_slice() {
            [] => self.device(None)?,
            [name] => self.device(Some(name))?,
            _ => return Err(misuse("`:py` takes one device", "for example `:py Bench`")),
        };
        self.calling(|_| device.terminal(LEAVE)).map_err(|error| Diagnostic::from_error(&error))
    }
}
