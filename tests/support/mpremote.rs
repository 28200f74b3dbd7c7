//! MicroPython's own tool, mpremote, from PyPI.
//!
//! Invariant: it runs without the user's own settings.

#[path = "pypi.rs"]
pub mod pypi;

use super::command::Outcome;
use super::python;
use super::running::Running;
use std::path::Path;
use std::time::Duration;

const VERSION: &str = "1.29.0";

/// Runs mpremote with `args` in `folder`. `python3` with pip must be there, and PyPI be reached the first time.
pub fn run(folder: &Path, args: &[&str]) -> Outcome {
    let mut command = python::command();
    let installed = pypi::installed("mpremote", VERSION).unwrap_or_else(|error| panic!("{error}"));
    command.args(["-m", "mpremote"]).args(args).env("PYTHONPATH", installed).env("HOME", folder);
    command.env("XDG_CONFIG_HOME", folder).env("PYTHONDONTWRITEBYTECODE", "1");
    Running::start(command, folder, None, Duration::from_secs(60)).finish().1
}
