//! Permissions of a script: the native functions' access to the gate.
//!
//! Uses [`crate::gate`]. Invariant: one gate of the run for ports and paths.

use crate::device::{Host, HostOptions};
use crate::gate::{Gate, Program, Readable, Writable};
use crate::script::errors::{Fallible, raise};
use crate::script::lock::lock;
use crate::script::run::Run;
use std::path::Path;
use std::sync::Arc;

impl Run {
    /// Sets the script that runs.
    pub fn enter(&self, script: &Path) {
        let mut gate = lock(&self.gate);
        *gate = Arc::new(gate.for_script(script));
    }

    /// What the script may use.
    pub fn gate(&self) -> Arc<Gate> {
        lock(&self.gate).clone()
    }

    /// The host from which the script opens devices, with its permissions.
    pub fn host_of_script(&self) -> Host {
        let gate = Gate::clone(&self.gate());
        let options = lock(&self.bench).options.clone();
        self.host.with_options(HostOptions { gate, args: self.options.args.clone(), ..options })
    }

    /// Checks a path for reading.
    ///
    /// # Errors
    /// PermissionError; ArgumentError for an invalid path.
    pub fn readable(&self, path: &str) -> Fallible<Readable> {
        self.gate().read(path).map_err(raise)
    }

    /// Checks a path for writing.
    ///
    /// # Errors
    /// As [`Run::readable`].
    pub fn writable(&self, path: &str) -> Fallible<Writable> {
        self.gate().write(path).map_err(raise)
    }

    /// Checks a program before it is started.
    ///
    /// # Errors
    /// PermissionError.
    pub fn program(&self, name: &str) -> Fallible<Program> {
        self.gate().program(name).map_err(raise)
    }
}
