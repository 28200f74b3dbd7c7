//! Packages for Node from npm, installed once and kept in Cargo's folder for tests.
//!
//! Invariant: what is in a folder under its final name is complete; processes that need it at once install it once.

use rustix::fs::{FlockOperation, flock};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder `node_modules` that holds `package`. `npm` must be there, and its registry be reached the first time; where
/// that fails, what npm said.
pub fn installed(package: &str, version: &str) -> Result<PathBuf, String> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(cache).expect("Cargo's folder for tests");
    let name = package.trim_start_matches('@').replace('/', "-");
    let folder = cache.join(format!("{name}-{version}"));
    let lock = fs::File::create(cache.join(format!("{name}.lock"))).expect("a lock file");
    flock(&lock, FlockOperation::LockExclusive).expect("the lock");
    if !folder.exists() {
        let fresh = cache.join(format!(".{name}-{}", std::process::id()));
        fs::create_dir_all(&fresh).expect("a folder of ours");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--loglevel=error"]);
        npm.arg("--prefix").arg(&fresh).arg(format!("{package}@{version}"));
        let failed = |said: &str| format!("npm cannot install {package} {version}: {said}");
        let output = npm.output().map_err(|error| failed(&error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim_end()));
        }
        fs::rename(&fresh, &folder).expect("a folder of ours");
    }
    Ok(folder.join("node_modules"))
}
