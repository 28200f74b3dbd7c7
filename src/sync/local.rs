//! The tree that a sync wants on the board, read from a folder on this computer.
//!
//! Uses the crate `walkdir`, [`super::ignore`], [`mod@crate::board::digest`] and [`crate::python`]. Invariant: a [`Local`] is sorted,
//! contains every folder of every file, and has no duplicate names; reading a file returns the hashed content, or an error.

use super::compile::stays_source;
use super::ignore::{self, Ignore};
use super::options::{SyncOptions, join, one_line};
use super::{parallel, walk};
use crate::board::content;
use crate::board::digest::{DigestKind, digest, digest_reader};
use crate::bound;
use crate::disk::{self, Steady};
use crate::error::{Error, Kind, Result};
use crate::python::lines::{Code, levels};
use crate::python::minify::minify;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The wanted tree of a folder or of one file.
#[derive(Clone, Debug)]
pub struct Local {
    /// Every folder, sorted: names separated by `/`, relative to the destination.
    pub folders: Vec<String>,
    /// Every file, sorted by path.
    pub files: Vec<LocalFile>,
    /// The files that are neither sent nor deleted on the board.
    pub ignore: Ignore,
    /// Whether it is a single file, not a folder: then nothing is deleted.
    pub single_file: bool,
    /// Remarks, in the order of paths.
    pub remarks: Vec<Remark>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct LocalFile {
    /// Its path on the board: names separated by `/`, relative to the destination.
    pub path: String,
    /// Its path on this computer.
    pub source: PathBuf,
    /// Its content for the board.
    pub content: Content,
}

/// The content of a file for the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// These bytes, made from the source.
    Bytes(Vec<u8>),
    /// The source file, read on demand.
    Source {
        /// Its length in bytes.
        size: u64,
    },
}

/// A remark about a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// A symlink to a folder that contains it. It is skipped.
    Loop {
        /// The symlink.
        path: String,
    },
    /// A socket, a pipe or a device. It is skipped.
    Special {
        /// Its path.
        path: String,
    },
    /// A `.py` file that is sent without minifying.
    NotMinified {
        /// Its path.
        path: String,
        /// The reason, as a phrase.
        reason: String,
    },
    /// Two names in one folder that are the same name on a FAT filesystem.
    OnlyCaseDiffers {
        /// The path that sorts first.
        path: String,
        /// The other.
        other: String,
    },
}

impl Remark {
    /// Its path, relative to the destination.
    pub fn path(&self) -> &str {
        match self {
            Remark::Loop { path }
            | Remark::Special { path }
            | Remark::NotMinified { path, .. }
            | Remark::OnlyCaseDiffers { path, .. } => path,
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = one_line(self.path());
        match self {
            Remark::Loop { .. } => write!(f, "`{path}` is skipped: it is a symlink to a folder that contains it"),
            Remark::Special { .. } => write!(f, "`{path}` is skipped: it is neither a file nor a folder"),
            Remark::NotMinified { reason, .. } => write!(f, "`{path}` is sent without minifying: {reason}"),
            Remark::OnlyCaseDiffers { other, .. } => {
                let other = one_line(other);
                write!(f, "`{path}` and `{other}` are the same name on a board with a FAT filesystem")
            }
        }
    }
}

impl Local {
    /// Reads `folder`, a folder or a single file, with the patterns of `options`, and minifies `.py` files if requested.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] if it does not exist or has nothing to send, if a pattern is invalid, or if something in it
    /// cannot be sent: it is unreadable, a broken symlink, or has a name that is not UTF-8.
    /// [`Kind::Interrupted`] after Ctrl-C.
    pub fn read(folder: &Path, options: &SyncOptions) -> Result<Local> {
        let confines = options.confines.as_ref();
        if walk::is_folder(folder)? {
            walk::admit(&folder.join(ignore::FILE), confines)?;
            let ignore = Ignore::of_folder(options.ignore.as_deref(), folder)?;
            let tree = walk::folder(folder, &ignore, confines)?;
            return load(tree, ignore, false, options);
        }
        let ignore = Ignore::new(options.ignore.as_deref())?;
        load(walk::single_file(folder, confines)?, ignore, true, options)
    }

    /// The sum of the files' sizes, in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().map(LocalFile::size).sum()
    }

    /// The digest of every file, in order; computed on all cores.
    ///
    /// # Errors
    /// As [`LocalFile::digest`]; [`Kind::Interrupted`] after Ctrl-C.
    pub fn digests(&self, kind: DigestKind) -> Result<Vec<Vec<u8>>> {
        parallel::map(&self.files, "hashing files", |file| file.digest(kind))
    }
}

/// Reads the folders `subfolders` below `folder` and merges them into one tree: the later of two files with the same path
/// wins. The patterns of all their [`ignore::FILE`]s apply to the merged tree.
///
/// # Errors
/// As [`Local::read`]; and if there are no subfolders, or one of them is missing, empty, not a folder or not below `folder`.
pub fn merge(folder: &Path, subfolders: &[String], options: &SyncOptions) -> Result<Local> {
    if !walk::is_folder(folder)? {
        return Err(Error::new(Kind::ArgumentError, format!("`{}` is not a folder", folder.display()))
            .with_help("use the folder that contains the subfolders"));
    }
    if subfolders.is_empty() {
        return Err(Error::new(Kind::ArgumentError, format!("no subfolder of `{}` is given", folder.display()))
            .with_help("add at least one folder with dependencies, for example `\"dependencies/main\"`"));
    }
    let mut ignore = Ignore::new(options.ignore.as_deref())?;
    let roots = subfolders.iter().map(|name| walk::below(folder, name)).collect::<Result<Vec<_>>>()?;
    let confines = options.confines.as_ref();
    for root in &roots {
        walk::admit(&root.join(ignore::FILE), confines)?;
        ignore.add_file(&root.join(ignore::FILE))?;
    }
    let mut merged = walk::Tree::default();
    for root in &roots {
        merged.add(walk::folder(root, &ignore, confines)?);
    }
    load(merged, ignore, false, options)
}

fn load(tree: walk::Tree, ignore: Ignore, single_file: bool, options: &SyncOptions) -> Result<Local> {
    let mut remarks = tree.remarks;
    let folders: Vec<String> =
        tree.entries.iter().filter(|(_, source)| source.is_none()).map(|(path, _)| path.clone()).collect();
    remarks.extend(only_case_differs(tree.entries.keys()));
    let found: Vec<(String, PathBuf)> =
        tree.entries.into_iter().filter_map(|(path, source)| Some((path, source?))).collect();
    let mut files = Vec::with_capacity(found.len());
    let destination = options.destination()?;
    // Compiled files need not be minified.
    let stays = |path: &str| options.mpy_cross.is_none() || stays_source(&join(&destination, path));
    let loaded =
        parallel::map(&found, "reading files", |(path, source)| content(path, source, options.minify && stays(path)))?;
    for ((path, source), (content, reason)) in found.into_iter().zip(loaded) {
        remarks.extend(reason.map(|reason| Remark::NotMinified { path: path.clone(), reason }));
        files.push(LocalFile { path, source, content });
    }
    remarks.sort_by(|left, right| left.path().cmp(right.path()));
    Ok(Local { folders, files, ignore, single_file, remarks })
}

/// Names that differ only by case, in the same folder.
fn only_case_differs<'a>(paths: impl Iterator<Item = &'a String>) -> Vec<Remark> {
    let mut seen = std::collections::HashMap::new();
    let mut remarks = Vec::new();
    for path in paths {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match seen.entry((folder, name.to_lowercase())) {
            std::collections::hash_map::Entry::Vacant(vacant) => {
                vacant.insert(path);
            }
            std::collections::hash_map::Entry::Occupied(first) => {
                remarks.push(Remark::OnlyCaseDiffers { path: (*first.get()).clone(), other: path.clone() });
            }
        }
    }
    remarks
}

/// The content of a source; and why it is not minified, if it should be.
fn content(path: &str, source: &Path, minified: bool) -> Result<(Content, Option<String>)> {
    let unreadable = |error: io::Error| unreadable(source, &error);
    // Open it in any case: report an unreadable file before anything changes.
    let file = disk::open(source).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if !minified || !path.ends_with(".py") {
        return Ok((Content::Source { size }, None));
    }
    let bytes = disk::read(source, bound::FILE).map_err(unreadable)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Ok((Content::Bytes(error.into_bytes()), Some("it is not UTF-8".to_owned()))),
    };
    let short = minify(&text);
    // Only unchanged text may have been rejected.
    let reason = if short == text { refusal(&text) } else { None };
    Ok((Content::Bytes(short.into_bytes()), reason))
}

/// Why [`minify`] returns `text` unchanged, if it is not valid Python.
fn refusal(text: &str) -> Option<String> {
    let code = Code::new(text);
    if let Some(token) = code.first_error() {
        return Some(format!("line {} is not valid Python", token.line + 1));
    }
    let index = levels(code.lines.iter().map(|line| line.column)).err()?;
    let line = code.lines.get(index).map_or(0, |line| line.first_line);
    Some(format!("the indentation of line {} matches no block", line + 1))
}

impl LocalFile {
    /// The length of the content for the board, in bytes.
    pub fn size(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Source { size } => *size,
        }
    }

    /// The digest of the content for the board.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] if the source cannot be read or its size has changed.
    pub fn digest(&self, kind: DigestKind) -> Result<Vec<u8>> {
        let size = match &self.content {
            Content::Bytes(bytes) => return Ok(digest(kind, bytes)),
            Content::Source { size } => *size,
        };
        let unreadable = |error: io::Error| unreadable(&self.source, &error);
        let mut file = disk::open(&self.source).map_err(unreadable)?;
        match digest_reader(kind, &mut file, size.saturating_add(1)).map_err(unreadable)? {
            (digest, length) if length == size => Ok(digest),
            _ => Err(self.changed()),
        }
    }

    fn changed(&self) -> Error {
        Error::new(Kind::ArgumentError, format!("`{}` changed while it was synced", self.source.display()))
            .with_help("sync again when no program writes to the folder; the board's file is unchanged")
    }
}

impl content::Content for LocalFile {
    fn size(&self) -> u64 {
        LocalFile::size(self)
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        match &self.content {
            Content::Bytes(bytes) => content::Content::open(bytes),
            Content::Source { size } => Ok(Box::new(Steady::open(&self.source, *size)?)),
        }
    }

    fn failed(&self, error: &io::Error) -> Error {
        if disk::has_changed(error) { self.changed() } else { unreadable(&self.source, error) }
    }
}

/// The error of an unreadable file in the folder.
pub(super) fn unreadable(source: &Path, error: &io::Error) -> Error {
    Error::new(Kind::ArgumentError, format!("cannot read `{}`: {}", source.display(), disk::reason(error)))
        .with_help(format!("make it readable, or add it to `ignore` or `{}`; nothing was changed", ignore::FILE))
}

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
