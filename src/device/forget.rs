//! Makes a board forget the modules that it has imported from files, because the files have changed since.
//!
//! `import` returns what is in `sys.modules`, whatever has become of the file. All modules from files are forgotten, not only those
//! of changed files: the others may hold objects of a changed one. Frozen modules stay, and the WebREPL, over which the connection may
//! run. Uses [`crate::board`]. Invariant: nothing but `sys.modules` changes on the board.

use crate::board::Helper;
use crate::device::changes::{FileChanges, forget};
use crate::device::handle::Device;
use crate::error::{Kind, Result};

impl Device {
    /// Makes the board forget the modules that it has imported from files: the next `import` loads them again. Names that
    /// already refer to such a module keep it.
    ///
    /// Does nothing on a board that cannot: it is restarted when its connection is used again.
    ///
    /// # Errors
    /// Interrupted, or TimeoutError. Errors of the connection show at the next call.
    pub fn forget_modules(&self) -> Result<()> {
        let mut state = self.lock();
        if state.is_lost() {
            return Ok(());
        }
        match state.run_with(self.host(), &self.quiet_run(), Helper::Forget, &forget(true)) {
            Err(error) if matches!(error.kind(), Kind::Interrupted | Kind::TimeoutError) => {
                Err(error.with_device(self.name()))
            }
            _ => Ok(()),
        }
    }

    /// Records how files of the board change, for the next user of its connection.
    pub(crate) fn note_file_changes(&self, changes: FileChanges) {
        let mut state = self.lock();
        state.file_changes = state.file_changes.max(changes);
    }
}
