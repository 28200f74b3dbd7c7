//! Snapshots of folders that were sent to boards, or that boards can read.
//!
//! Invariant: a snapshot reads a bounded number of files.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Maximum number of files in a snapshot; firmware has fewer.
pub(crate) const MOST_FILES: usize = 10_000;

/// How a board gets the files of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// They are copied to it.
    Synced,
    /// It reads them when it needs them.
    Mounted,
    /// It also changes them: only files that it can import count.
    MountedWritable,
}

/// A snapshot of a folder.
#[derive(Clone, PartialEq)]
pub(crate) struct Folder {
    pub path: PathBuf,
    /// How a board gets its files.
    pub access: Access,
    /// The script that has sent it, or an input of a session; empty: the command line.
    pub by: String,
    /// Path, length and modification time of each file, sorted.
    files: Vec<(PathBuf, u64, Option<SystemTime>)>,
}

impl Folder {
    /// Takes a snapshot of a folder or file.
    pub fn look(path: &Path, access: Access, by: &str) -> Folder {
        let entries = walkdir::WalkDir::new(path).follow_links(true).into_iter().filter_map(Result::ok);
        let counts = |entry: &walkdir::DirEntry| {
            let is_module = || entry.path().extension().is_some_and(|end| end == "py" || end == "mpy");
            entry.file_type().is_file() && (access != Access::MountedWritable || is_module())
        };
        let files = entries.filter(counts).take(MOST_FILES).filter_map(|entry| {
            let about = entry.metadata().ok()?;
            Some((entry.into_path(), about.len(), about.modified().ok()))
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        Folder { path: path.to_owned(), access, by: by.to_owned(), files }
    }

    /// The snapshot of now.
    pub fn again(&self) -> Folder {
        Folder::look(&self.path, self.access, &self.by)
    }

    /// The first file that differs.
    pub fn changed(&self) -> Option<String> {
        let now = self.again();
        let differs = now.files.iter().find(|file| !self.files.contains(file));
        let gone = || self.files.iter().find(|file| !now.files.iter().any(|other| other.0 == file.0));
        differs.or_else(gone).map(|file| file.0.to_string_lossy().into_owned())
    }
}
