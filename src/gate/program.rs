//! Programs that may be started.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that a [`Gate`](super::Gate) has allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(PathBuf);

impl Program {
    pub(super) fn new(name: &str) -> Program {
        Program(PathBuf::from(name))
    }

    /// The command to start it.
    pub fn command(&self) -> Command {
        Command::new(&self.0)
    }

    /// Its name or path, as written.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Whether an allowed program is the requested one: the same text, or the same file.
pub(super) fn is_same(allowed: &str, asked: &str) -> bool {
    if allowed == asked {
        return true;
    }
    match (found(allowed), found(asked)) {
        (Some(allowed), Some(asked)) => allowed == asked,
        _ => false,
    }
}

/// The file of a name, found on PATH unless it is a path, with symlinks resolved.
fn found(name: &str) -> Option<PathBuf> {
    if Path::new(name).components().count() != 1 || name.contains(['/', '\\']) {
        return Path::new(name).canonicalize().ok();
    }
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(name));
    places.find(|file| file.is_file())?.canonicalize().ok()
}

/// The program of a line of plain words; `None` if a shell could interpret the line as more than that.
pub(super) fn plain_words(line: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:+-@,% ".contains(c) || c == '=';
    if !line.chars().all(plain) {
        return None;
    }
    line.split_whitespace().next().filter(|program| !program.contains('='))
}
