//! `:py`: opens the board's own prompt.
//!
//! Invariant: the board is not restarted; the session continues with the state that the user left.

use super::{Prompt, words};
use crate::cli::misuse;
use crate::diagnostic::Diagnostic;

/// Ctrl-].
const LEAVE: u8 = 0x1d;

impl Prompt {
    /// `:py [DEVICE]`.
    pub(in crate::cli::prompt) fn py(&mut self, argument: &str) {
        let outcome = self.talk(argument);
        self.report(outcome);
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
