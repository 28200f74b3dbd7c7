//! The tree that a sync wants on the board, read from a folder of this machine.
//!
//! Uses the crate `walkdir`, [`super::ignore`], [`mod@crate::board::digest`] and [`crate::python`]. Invariant: a [`Local`] is sorted,
//! names every folder of every file, and has no name twice; what a file gives is what was hashed, or an error.

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

/// What a folder, or one file, wants on the board.
#[derive(Clone, Debug)]
pub struct Local {
    /// Every folder, sorted: names with `/` between them, relative to the destination.
    pub folders: Vec<String>,
    /// Every file, sorted by path.
    pub files: Vec<LocalFile>,
    /// What is not sent; what of the board is not deleted.
    pub ignore: Ignore,
    /// Whether one file was named, not a folder: then nothing is deleted.
    pub single_file: bool,
    /// What a person should know, in the order of paths.
    pub remarks: Vec<Remark>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct LocalFile {
    /// What it is called on the board: names with `/` between them, relative to the destination.
    pub path: String,
    /// Where it lies on this machine.
    pub source: PathBuf,
    /// What the board is to have.
    pub content: Content,
}

/// What the board is to have in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// These bytes, made of the source.
    Bytes(Vec<u8>),
    /// What the source has, which is read when it is needed.
    Source {
        /// Its length in bytes.
        size: u64,
    },
}

/// What a person should know about a folder that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// A link to a folder that it lies in. The link is left out.
    Loop {
        /// The link.
        path: String,
    },
    /// A socket, a pipe or a device. It is left out.
    Special {
        /// What it is called.
        path: String,
    },
    /// A `.py` file that is sent as it is.
    NotMinified {
        /// Its path.
        path: String,
        /// Why, as a phrase.
        reason: String,
    },
    /// Two names in one folder that are one name on a FAT filesystem.
    OnlyCaseDiffers {
        /// The path that sorts first.
        path: String,
        /// The other.
        other: String,
    },
}

impl Remark {
    /// The path it is about, relative to the destination.
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
            Remark::Loop { .. } => write!(f, "`{path}` is left out: it is a link to a folder that it lies in"),
            Remark::Special { .. } => write!(f, "`{path}` is left out: it is neither a file nor a folder"),
            Remark::NotMinified { reason, .. } => write!(f, "`{path}` is sent as it is, not minified: {reason}"),
            Remark::OnlyCaseDiffers { other, .. } => {
                let other = one_line(other);
                write!(f, "`{path}` and `{other}` are the same name on a board with a FAT filesystem")
            }
        }
    }
}

impl Local {
    /// Reads `folder`, a folder or a single file, as `options` say: patterns, and whether `.py` files are minified.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] if it does not exist or has nothing to send, if a pattern is wrong, or if something in
    /// it cannot be sent: it is unreadable, a link that leads nowhere, or has a name that is not UTF-8.
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

    /// The digest of every file, in their order; computed on all cores.
    ///
    /// # Errors
    /// As [`LocalFile::digest`]; [`Kind::Interrupted`] after Ctrl-C.
    pub fn digests(&self, kind: DigestKind) -> Result<Vec<Vec<u8>>> {
        parallel::map(&self.files, "hashing files", |file| file.digest(kind))
    }
}

/// Reads the folders `subfolders` below `folder` and merges them into one tree: of two files with the same path, that of
/// the later subfolder is taken. The patterns of all their [`ignore::FILE`]s hold for the merged tree.
///
/// # Errors
/// As [`Local::read`]; and if there are no subfolders, or one of them is missing, empty, no folder or not below `folder`.
pub fn merge(folder: &Path, subfolders: &[String], options: &SyncOptions) -> Result<Local> {
    if !walk::is_folder(folder)? {
        return Err(Error::new(Kind::ArgumentError, format!("`{}` is not a folder", folder.display()))
            .with_help("name the folder that the subfolders lie in"));
    }
    if subfolders.is_empty() {
        return Err(Error::new(Kind::ArgumentError, format!("no subfolder of `{}` is named", folder.display()))
            .with_help("name at least one folder with dependencies, for example `\"dependencies/main\"`"));
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
    // What is compiled need not be minified.
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

/// Names that differ only by case, in folders that do not.
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

/// What is wanted of a source; and why it is not minified, if it should be.
fn content(path: &str, source: &Path, minified: bool) -> Result<(Content, Option<String>)> {
    let unreadable = |error: io::Error| unreadable(source, &error);
    // Opened in any case: what cannot be read is said before anything changes.
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
    // Only what stays the same may have been refused.
    let reason = if short == text { refusal(&text) } else { None };
    Ok((Content::Bytes(short.into_bytes()), reason))
}

/// Why [`minify`] returns `text` as it is, if it is no Python.
fn refusal(text: &str) -> Option<String> {
    let code = Code::new(text);
    if let Some(token) = code.first_error() {
        return Some(format!("line {} is no Python", token.line + 1));
    }
    let index = levels(code.lines.iter().map(|line| line.column)).err()?;
    let line = code.lines.get(index).map_or(0, |line| line.first_line);
    Some(format!("the indentation of line {} fits no block", line + 1))
}

impl LocalFile {
    /// The length in bytes of what the board is to have.
    pub fn size(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Source { size } => *size,
        }
    }

    /// The digest of what the board is to have.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] if the source cannot be read or has another size than before.
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
            .with_help("sync again when nothing writes to the folder; what the board has of the file is as it was")
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

/// Something in the folder cannot be read.
pub(super) fn unreadable(source: &Path, error: &io::Error) -> Error {
    Error::new(Kind::ArgumentError, format!("cannot read `{}`: {}", source.display(), disk::reason(error)))
        .with_help(format!("make it readable, or name it in `ignore` or `{}`; nothing was changed", ignore::FILE))
}

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
