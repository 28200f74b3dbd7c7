//! `:sync`: syncs a folder to an open board, with the options of the command `sync`.
//!
//! Invariant: the options are parsed before the board is used.

use super::{Prompt, words};
use crate::cli::arguments::SyncLine;
use crate::cli::misuse;
use crate::cli::sync;
use crate::diagnostic::Diagnostic;
use clap::Parser as _;

impl Prompt {
    /// `:sync [DEVICE] FOLDER [options]`.
    pub(in crate::cli::prompt) fn sync(&mut self, argument: &str) {
        let outcome = self.send(argument);
        self.report(outcome);
    }

    fn send(&mut self, argument: &str) -> Result<(), Diagnostic> {
        let line = match SyncLine::try_parse_from(words(argument)?) {
            Ok(line) => line,
            Err(answer) if answer.exit_code() == 0 => {
                self.console.text(&answer.to_string());
                return Ok(());
            }
            Err(answer) => return Err(misunderstood(&answer.to_string())),
        };
        let (device, folder) = match line.places.as_slice() {
            [device, folder] => (self.device(Some(device))?, folder),
            [folder] => (self.device(None)?, folder),
            _ => return Err(misuse("missing folder", "for example `:sync firmware`")),
        };
        let local = sync::local(std::path::Path::new(folder), &line.choice, &self.console)?;
        let (console, sources) = (self.console.clone(), self.session.sources());
        let outcome = self.calling(|_| sync::carry_out(&device, local, &line.choice, &console, &sources));
        outcome.map_err(|error| Diagnostic::from_error(&error))
    }
}

/// Converts an error of the command line parser to a misuse.
fn misunderstood(answer: &str) -> Diagnostic {
    let first = answer.lines().next().unwrap_or_default();
    let title = first.strip_prefix("error: ").unwrap_or(first).replace('\'', "`");
    let missing = answer.lines().nth(1).filter(|_| title.ends_with(':')).map(str::trim).unwrap_or_default();
    let title = format!("{title} {missing}");
    misuse(title.trim_end(), "`:sync --help` lists the options")
}
