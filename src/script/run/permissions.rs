//! What a script may reach: the way of the natives to the one gate.
//!
//! Uses [`crate::gate`]. Invariant: the gate of a run is that of its host, so that ports and paths pass the same one.

use crate::gate::{Program, Readable, Writable};
use crate::script::errors::{Fallible, raise};
use crate::script::run::Run;
use std::path::Path;

impl Run {
    /// Notes which script is run.
    pub fn enter(&self, script: &Path) {
        self.host.set_gate(self.host.gate().for_script(script));
    }

    /// A path that the script may read.
    ///
    /// # Errors
    /// PermissionError; ArgumentError for a path that is none.
    pub fn readable(&self, path: &str) -> Fallible<Readable> {
        self.host.gate().read(path).map_err(raise)
    }

    /// A path that the script may write.
    ///
    /// # Errors
    /// As [`Run::readable`].
    pub fn writable(&self, path: &str) -> Fallible<Writable> {
        self.host.gate().write(path).map_err(raise)
    }

    /// A program that the script may start.
    ///
    /// # Errors
    /// PermissionError.
    pub fn program(&self, name: &str) -> Fallible<Program> {
        self.host.gate().program(name).map_err(raise)
    }
}
