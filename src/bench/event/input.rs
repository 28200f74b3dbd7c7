//! What decides the result of a run besides the script: the program, the station, modules, data, and folders sent to boards.
//!
//! Invariant: plain data; a digest is that of the content that was used, not of what the file became later.

use serde::{Deserialize, Serialize};

/// The executable that ran the script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its path.
    pub path: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
}

/// The station file that applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationFile {
    /// The file, as the user named it or as it was found.
    pub path: String,
    /// The station's name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
}

/// What a file was used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// A script that `import` loaded.
    #[default]
    Module,
    /// A standard module: a part of the program.
    Library,
    /// A file that the script read as data.
    Data,
}

impl InputKind {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            InputKind::Module => "module",
            InputKind::Library => "library",
            InputKind::Data => "data",
        }
    }
}

/// A file that the script loaded or read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// What it was used for.
    pub kind: InputKind,
    /// Its path as the script named it, resolved like an import; `std/…` for a standard module.
    pub path: String,
    /// SHA-256 of its content, in hexadecimal; of a module's text without a byte order mark.
    pub sha256: String,
}

/// How a board got a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentBy {
    /// Its files were copied to the board.
    #[default]
    Sync,
    /// The board reads it from this computer.
    Mount,
}

impl SentBy {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            SentBy::Sync => "sync",
            SentBy::Mount => "mount",
        }
    }
}

/// A folder of this computer that a board got, with its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The board's name.
    pub board: String,
    /// How it got the folder.
    pub by: SentBy,
    /// The folder, as the script named it.
    pub folder: String,
    /// Its place on the board.
    pub target: String,
    /// The merged subfolders, of `sync_dependencies`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subfolders: Vec<String>,
    /// The option `ignore`, if it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<Vec<String>>,
    /// Whether the board may change it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub writable: bool,
    /// Number of files.
    pub count: usize,
    /// Sum of their lengths, in bytes.
    pub size: u64,
    /// SHA-256 of all: of one line `SHA256  PATH` per file, sorted by path, as `sha256sum` prints it. `None` if the folder is larger
    /// than [`Manifest::MOST_COUNTED`] files or [`Manifest::MOST_BYTES`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The files, sorted by path; empty above [`Manifest::MOST_LISTED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ManifestFile>,
}

/// A file of a [`Manifest`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its path on the board, relative to the target.
    pub path: String,
    /// Its path on this computer, unless it has the same one in the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of the file on this computer, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Most files that are listed one by one.
    pub const MOST_LISTED: usize = 1000;

    /// Most files that are hashed.
    pub const MOST_COUNTED: usize = 10_000;

    /// Most bytes that are hashed.
    pub const MOST_BYTES: u64 = 256 << 20;

    /// This manifest with its files; more than [`Manifest::MOST_LISTED`] only count. Sorts them by path.
    #[must_use]
    pub fn of(mut self, mut files: Vec<ManifestFile>) -> Manifest {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let lines = files.iter().map(|file| format!("{}  {}\n", file.sha256, file.path));
        self.sha256 = Some(crate::bench::digests::of_bytes(lines.collect::<String>().as_bytes()));
        (self.count, self.size) = (files.len(), files.iter().map(|file| file.size).sum());
        self.files = if files.len() > Manifest::MOST_LISTED { Vec::new() } else { files };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_folder_has_only_its_digest() {
        let file = |index: usize| ManifestFile { path: format!("{index:05}"), size: 1, ..ManifestFile::default() };
        let few = Manifest::default().of((0..3).rev().map(file).collect());
        assert_eq!((few.count, few.size, few.files.len(), few.files[0].path.as_str()), (3, 3, 3, "00000"));
        let many = Manifest::default().of((0..=Manifest::MOST_LISTED).map(file).collect());
        assert_eq!((many.count, many.files.len()), (1001, 0));
        assert!(many.sha256.is_some() && many.sha256 != few.sha256);
    }
}
