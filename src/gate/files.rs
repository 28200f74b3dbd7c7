//! Files that a gate has allowed, with their allowed operations.
//!
//! Uses [`crate::disk`]. Invariant: only a [`Gate`](super::Gate) makes these values.

use crate::disk;
use std::io;
use std::path::{Path, PathBuf};

/// A path that may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readable(PathBuf);

/// A path that may be written, or created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writable(PathBuf);

impl Readable {
    pub(super) fn new(real: PathBuf) -> Readable {
        Readable(real)
    }

    /// The resolved path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether it exists.
    pub fn is_there(&self) -> bool {
        self.0.exists()
    }

    /// The content of a file of at most `most` bytes.
    ///
    /// # Errors
    /// As [`disk::read`].
    pub fn bytes(&self, most: u64) -> io::Result<Vec<u8>> {
        disk::read(&self.0, most)
    }

    /// The names in a folder in alphabetical order; folders have a trailing slash.
    ///
    /// # Errors
    /// If it is not a folder, or cannot be read.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            let slash = if entry.path().is_dir() { "/" } else { "" };
            names.push(format!("{}{slash}", entry.file_name().to_string_lossy()));
        }
        names.sort();
        Ok(names)
    }
}

impl Writable {
    pub(super) fn new(real: PathBuf) -> Writable {
        Writable(real)
    }

    /// Replaces the content, or appends to it; creates missing folders.
    ///
    /// # Errors
    /// As [`disk::replace`] and [`disk::append`].
    pub fn write(&self, content: &[u8], append: bool) -> io::Result<()> {
        disk::make_folder(&self.0)?;
        if append { disk::append(&self.0, content) } else { disk::replace(&self.0, content) }
    }
}
