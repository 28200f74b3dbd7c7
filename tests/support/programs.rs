//! Programs that some tests need, and that a plain machine lacks.
//!
//! The table is `programs.txt`, which `.ci/run` reads as well. A test without its program passes, and the last test target,
//! `tests/what_was_not_checked.rs`, says what was not checked. With `CI` set a missing program fails the test.
//! Invariant: what is not in the table is on every machine that builds this crate.

use super::extent::is_ci;
use std::path::PathBuf;

const TABLE: &str = include_str!("programs.txt");

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// Its name on `PATH`, or its path.
    pub name: &'static str,
    /// The Debian package that brings it.
    pub package: &'static str,
    /// What is checked with it.
    pub checks: &'static str,
}

/// The lines of the table.
pub fn table() -> impl Iterator<Item = Needed> {
    TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, rest) = line.split_once(' ').expect("a name");
        let (package, checks) = rest.trim_start().split_once(' ').expect("a package");
        Needed { name, package, checks: checks.trim() }
    })
}

impl Needed {
    /// Where it is. Programs for the administrator are in folders that are not on everyone's `PATH`, beside those that are.
    pub fn find(&self) -> Option<PathBuf> {
        if self.name.starts_with('/') {
            return Some(PathBuf::from(self.name)).filter(|path| path.is_file());
        }
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let beside = |folder: PathBuf| [folder.with_file_name("sbin"), folder];
        std::env::split_paths(&folders)
            .flat_map(beside)
            .map(|folder| folder.join(self.name))
            .find(|path| path.is_file())
    }
}

/// The programs or files of these names, for a test that needs all of them; `None` if one is missing.
///
/// # Panics
/// If `CI` is set and one is missing, or if one is not in the table.
pub fn find<const COUNT: usize>(names: [&str; COUNT]) -> Option<[PathBuf; COUNT]> {
    let mut found = Vec::new();
    for name in names {
        let needed =
            table().find(|needed| needed.name == name).unwrap_or_else(|| panic!("`{name}` is not in the table"));
        match needed.find() {
            Some(path) => found.push(path),
            None if is_ci() => panic!("`{name}` is missing: `apt-get install {}`", needed.package),
            None => {
                eprintln!("not checked: {} (`{name}` is missing)", needed.checks);
                return None;
            }
        }
    }
    found.try_into().ok()
}
