//! Permissions of a script: the native functions' access to the gate.
//!
//! Uses [`crate::gate`]. Invariant: the run uses the gate of its host, so that ports and paths share one gate.

use crate::gate::{Program, Readable, Writable};
use crate::script::errors::{Fallible, raise};
use crate::script::run::Run;
use std::path::Path;

impl Run {
    /// Sets the script that runs.
    pub fn enter(&self, script: &Path) {
        self.host.set_gate(self.host.gate().for_script(script));
    }

    /// Checks a path for reading.
    ///
    /// # Errors
    /// PermissionError; ArgumentError for an invalid path.
    pub fn readable(&self, path: &str) -> Fallible<Readable> {
        self.host.gate().read(path).map_err(raise)
    }

    /// Checks a path for writing.
    ///
    /// # Errors
    /// As [`Run::readable`].
    pub fn writable(&self, path: &str) -> Fallible<Writable> {
        self.host.gate().write(path).map_err(raise)
    }

    /// Checks a program before it is started.
    ///
    /// # Errors
    /// PermissionError.
    pub fn program(&self, name: &str) -> Fallible<Program> {
        self.host.gate().program(name).map_err(raise)
    }
}
