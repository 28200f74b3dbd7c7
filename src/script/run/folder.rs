//! Snapshots of folders that were sent to boards.
//!
//! Invariant: a snapshot reads a bounded number of files.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Maximum number of files in a snapshot; firmware has fewer.
pub(crate) const MOST_FILES: usize = 10_000;

/// A snapshot of a folder.
#[derive(Clone, PartialEq)]
pub(crate) struct Folder {
    pub path: PathBuf,
    /// Path, length and modification time of each file, sorted.
    files: Vec<(PathBuf, u64, Option<SystemTime>)>,
}

impl Folder {
    /// Takes a snapshot of a folder or file.
    pub fn look(path: &Path) -> Folder {
        let entries = walkdir::WalkDir::new(path).follow_links(true).into_iter().filter_map(Result::ok);
        let files = entries.filter(|entry| entry.file_type().is_file()).take(MOST_FILES).filter_map(|entry| {
            let about = entry.metadata().ok()?;
            Some((entry.into_path(), about.len(), about.modified().ok()))
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        Folder { path: path.to_owned(), files }
    }

    /// The first file that differs.
    pub(crate) fn changed(&self) -> Option<PathBuf> {
        let now = Folder::look(&self.path);
        let differs = now.files.iter().find(|file| !self.files.contains(file));
        let gone = || self.files.iter().find(|file| !now.files.iter().any(|other| other.0 == file.0));
        differs.or_else(gone).map(|file| file.0.clone())
    }
}
