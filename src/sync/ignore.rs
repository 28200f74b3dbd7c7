//! The files that a sync ignores: git's patterns, relative to the synced folder.
//!
//! Uses `pattern` and [`crate::error`]. Invariant: a path is ignored both in the folder and on the board, so
//! ignored files are neither sent nor deleted.

use super::pattern::Pattern;
use crate::bound;
use crate::disk;
use crate::error::{Error, Kind, Result};
use std::io::ErrorKind;
use std::path::Path;

/// The patterns that apply if none are given.
pub const DEFAULTS: &[&str] = &["*.pyc", "__pycache__", ".DS_Store", ".pytest_cache"];

/// The file at the root of a folder with further patterns. It is never sent.
pub const FILE: &str = ".belayignore";

/// The patterns of one sync, in order; the last that matches decides.
#[derive(Clone, Debug)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

impl Ignore {
    /// The given patterns, each in the form of one line of a `.gitignore`; `None` means [`DEFAULTS`].
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for a pattern that could never match, such as one with a `[` and no `]`.
    pub fn new(patterns: Option<&[String]>) -> Result<Ignore> {
        let mut ignore = Ignore { patterns: Vec::new() };
        let given: Vec<&str> = match patterns {
            Some(patterns) => patterns.iter().map(String::as_str).collect(),
            None => DEFAULTS.to_vec(),
        };
        for pattern in given {
            ignore.add(pattern, || format!("the pattern `{pattern}` in `ignore`"))?;
        }
        Ok(ignore)
    }

    /// Like [`Ignore::new`], followed by the patterns of the [`FILE`] in `folder`, if it has one.
    ///
    /// # Errors
    /// As [`Ignore::new`]; and if the file cannot be read.
    pub fn of_folder(patterns: Option<&[String]>, folder: &Path) -> Result<Ignore> {
        let mut ignore = Ignore::new(patterns)?;
        ignore.add_file(&folder.join(FILE))?;
        Ok(ignore)
    }

    /// Adds the lines of the file at `path`, if there is one.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<()> {
        let shown = path.display();
        let unreadable = |problem: String| {
            Error::new(Kind::ArgumentError, format!("cannot read `{shown}`: {problem}")).with_help(
                "make it readable, or remove it: its patterns protect files from the sync; nothing was changed",
            )
        };
        let bytes = match disk::read(path, bound::SETTINGS) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unreadable(disk::reason(&error))),
        };
        let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
        for (index, line) in text.strip_prefix('\u{feff}').unwrap_or(&text).lines().enumerate() {
            self.add(line, || format!("the pattern `{line}` on line {} of `{shown}`", index + 1))?;
        }
        Ok(())
    }

    fn add(&mut self, line: &str, what: impl FnOnce() -> String) -> Result<()> {
        match Pattern::parse(line) {
            Ok(pattern) => self.patterns.extend(pattern),
            Err(problem) => {
                return Err(Error::new(Kind::ArgumentError, format!("{} can never match: {problem}", what()))
                    .with_help("use patterns in the form of git's `.gitignore`; a backslash escapes a character"));
            }
        }
        Ok(())
    }

    /// Whether the sync ignores `path`: names separated by `/`, relative to the folder, and so relative to the destination on
    /// the board. Everything below an ignored folder is ignored.
    pub fn is_ignored(&self, path: &str, is_folder: bool) -> bool {
        let folders = path.match_indices('/').map(|(index, _)| &path[..index]);
        folders.into_iter().any(|folder| self.is_left_out(folder, true)) || self.is_left_out(path, is_folder)
    }

    /// Like [`Ignore::is_ignored`], for a path whose folders are known not to be ignored.
    pub(super) fn is_left_out(&self, path: &str, is_folder: bool) -> bool {
        path == FILE
            || self
                .patterns
                .iter()
                .rev()
                .find(|pattern| pattern.matches(path, is_folder))
                .is_some_and(|pattern| !pattern.included)
    }
}

#[cfg(test)]
#[path = "ignore_tests.rs"]
mod tests;
