//! `:ls`: lists files of an open board.
//!
//! Uses [`crate::cli::files`]. Invariant: nothing on the board changes.

use super::{Prompt, words};
use crate::cli::files::list;
use crate::cli::misuse;
use crate::diagnostic::Diagnostic;

impl Prompt {
    /// `:ls [DEVICE] [PATH]`.
    pub(in crate::cli::prompt) fn ls(&mut self, argument: &str) {
        let outcome = self.list(argument);
        self.report(outcome);
    }

    fn list(&mut self, argument: &str) -> Result<(), Diagnostic> {
        let words = words(argument)?;
        let (device, rest) = self.device_of(&words)?;
        let path = match rest {
            [] => "/",
            [path] => path.as_str(),
            [first, ..] => {
                return Err(misuse(
                    format!("no device `{first}` is open"),
                    "`:ls PATH`, or with several boards `:ls DEVICE PATH`",
                ));
            }
        };
        let console = self.console.clone();
        let text = self.calling(|_| list::of_device(&device, &console, path));
        let text = text.map_err(|error| {
            let mut failure = Diagnostic::from_error(&error);
            // Here the command has another name.
            failure.help = failure.help.map(|help| help.replace("belay-script ls :/", ":ls"));
            failure
        })?;
        self.console.text(if text.is_empty() { "the directory is empty\n" } else { &text });
        Ok(())
    }
}
