//! MicroPython's own tool, mpremote, installed from PyPI once and kept in Cargo's folder for tests.
//!
//! Invariant: what is in the folder under its final name is complete; processes that need it at once install it once.

use super::command::Outcome;
use super::running::Running;
use rustix::fs::{FlockOperation, flock};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const VERSION: &str = "1.29.0";

/// Runs mpremote with `args` in `folder`. `python3` with pip must be there, and PyPI be reached the first time.
pub fn run(folder: &Path, args: &[&str]) -> Outcome {
    let mut command = Command::new("python3");
    // Without the user's own settings.
    command.args(["-m", "mpremote"]).args(args).env("PYTHONPATH", installed()).env("HOME", folder);
    command.env("XDG_CONFIG_HOME", folder).env("PYTHONDONTWRITEBYTECODE", "1");
    Running::start(command, folder, None, Duration::from_secs(60)).finish().1
}

/// The folder that holds it.
fn installed() -> PathBuf {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(cache).expect("Cargo's folder for tests");
    let folder = cache.join(format!("mpremote-{VERSION}"));
    let lock = fs::File::create(cache.join("mpremote.lock")).expect("a lock file");
    flock(&lock, FlockOperation::LockExclusive).expect("the lock");
    if !folder.exists() {
        let fresh = cache.join(format!(".mpremote-{}", std::process::id()));
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]);
        pip.arg("--target").arg(&fresh).arg(format!("mpremote=={VERSION}"));
        let output = pip.output().expect("python3 starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pip cannot install mpremote {VERSION}: {said}");
        fs::rename(&fresh, &folder).expect("a folder of ours");
    }
    folder
}
