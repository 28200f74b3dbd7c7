//! Tools from PyPI, installed once and kept in Cargo's folder for tests.
//!
//! Invariant: what is in a folder under its final name is complete; processes that need it at once install it once.

use rustix::fs::{FlockOperation, flock};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds `package` and what it needs. `python3` with pip must be there, and PyPI be reached the first
/// time; where that fails, what pip said.
pub fn installed(package: &str, version: &str) -> Result<PathBuf, String> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(cache).expect("Cargo's folder for tests");
    let folder = cache.join(format!("{package}-{version}"));
    let lock = fs::File::create(cache.join(format!("{package}.lock"))).expect("a lock file");
    flock(&lock, FlockOperation::LockExclusive).expect("the lock");
    if !folder.exists() {
        let fresh = cache.join(format!(".{package}-{}", std::process::id()));
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]);
        pip.arg("--target").arg(&fresh).arg(format!("{package}=={version}"));
        let failed = |said: &str| format!("pip cannot install {package} {version}: {said}");
        let output = pip.output().map_err(|error| failed(&error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim_end()));
        }
        fs::rename(&fresh, &folder).expect("a folder of ours");
    }
    Ok(folder)
}
