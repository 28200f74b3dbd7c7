//! `:mount`: shows a board a folder of this computer.
//!
//! Invariant: the folder is mounted until the device is closed.

use super::{Prompt, words};
use crate::cli::misuse;
use crate::diagnostic::Diagnostic;
use std::path::Path;

impl Prompt {
    /// `:mount [DEVICE] FOLDER`; `write`: the board may change it.
    pub(in crate::cli::prompt) fn mount(&mut self, argument: &str, write: bool) {
        let outcome = self.mount_folder(argument, write);
        self.report(outcome);
    }

    fn mount_folder(&mut self, argument: &str, write: bool) -> Result<(), Diagnostic> {
        let words = words(argument)?;
        let (device, rest) = self.device_of(&words)?;
        let [folder] = rest else {
            return Err(misuse(
                "`:mount` takes one folder",
                "for example `:mount .`, or with several boards `:mount DEVICE .`",
            ));
        };
        self.calling(|_| device.mount_within(Path::new(folder), write, None))
            .map_err(|error| Diagnostic::from_error(&error))
    }
}
