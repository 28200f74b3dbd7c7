//! Lists the contents of a folder, by name only, and merges trees into one.
//!
//! Uses the crate `walkdir` and [`super::ignore`]. Invariant: ignored entries are not inspected, so they cause neither
//! errors nor remarks; every walk ends, whatever the symlinks.

use super::ignore::{self, Ignore};
use super::local::{Remark, unreadable};
use super::options::is_or_is_below;
use super::parallel::check_interrupt;
use crate::error::{Error, Kind, Result};
use crate::gate::Confines;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Names separated by `/`; for a file its source, for a folder nothing.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) entries: BTreeMap<String, Option<PathBuf>>,
    pub(super) remarks: Vec<Remark>,
}

impl Tree {
    /// Merges `later` over this tree.
    pub(super) fn add(&mut self, later: Tree) {
        for (path, source) in later.entries {
            if source.is_some() && self.entries.get(&path).is_some_and(Option::is_none) {
                self.entries.retain(|other, _| !is_or_is_below(other, &path));
            }
            self.entries.insert(path, source);
        }
        self.remarks.extend(later.remarks);
    }
}

/// Whether `path` is a folder.
///
/// # Errors
/// [`Kind::ArgumentError`] if the file or folder does not exist.
pub(super) fn is_folder(path: &Path) -> Result<bool> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Error::new(Kind::ArgumentError, format!("`{}` does not exist", path.display()))
                .with_help("use a folder or file on this computer"))
        }
        Err(error) => Err(Error::new(Kind::ArgumentError, format!("cannot read `{}`: {error}", path.display()))
            .with_help("use a folder or file on this computer that you may read")),
    }
}

/// The folder `name` below `folder`.
pub(super) fn below(folder: &Path, name: &str) -> Result<PathBuf> {
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if name.is_empty() || !inside {
        return Err(Error::new(Kind::ArgumentError, format!("`{name}` is not below `{}`", folder.display()))
            .with_help("use subfolders relative to the folder, without `..`"));
    }
    let path = folder.join(name);
    if is_folder(&path)? {
        return Ok(path);
    }
    Err(Error::new(Kind::ArgumentError, format!("`{}` is not a folder", path.display()))
        .with_help("use a folder: only folders are merged"))
}

/// Rejects paths outside `confines`.
///
/// # Errors
/// [`Kind::PermissionError`].
pub(super) fn admit(path: &Path, confines: Option<&Confines>) -> Result<()> {
    confines.map_or(Ok(()), |confines| confines.admit(path, false).map(drop))
}

/// A tree of one file.
pub(super) fn single_file(source: &Path, confines: Option<&Confines>) -> Result<Tree> {
    admit(source, confines)?;
    let wrong = |problem: &str| {
        Err(Error::new(Kind::ArgumentError, format!("`{}` {problem}", source.display()))
            .with_help("use a folder or file on this computer"))
    };
    if !std::fs::metadata(source).is_ok_and(|metadata| metadata.is_file()) {
        return wrong("is neither a file nor a folder");
    }
    let Some(name) = source.file_name() else { return wrong("has no name") };
    let name = name.to_str().ok_or_else(|| not_unicode(source))?;
    Ok(Tree { entries: BTreeMap::from([(name.to_owned(), Some(source.to_owned()))]), remarks: Vec::new() })
}

/// The contents of `root` that are not ignored.
///
/// # Errors
/// [`Kind::ArgumentError`] if there are none, or if something cannot be read or named; [`Kind::PermissionError`] for paths
/// outside `confines`, by a symlink or by name.
pub(super) fn folder(root: &Path, ignore: &Ignore, confines: Option<&Confines>) -> Result<Tree> {
    admit(root, confines)?;
    let mut tree = Tree::default();
    let wanted = |entry: &DirEntry| {
        let is_folder = entry.file_type().is_dir();
        entry.depth() == 0 || !ignore.is_left_out(&shown(root, entry.path()), is_folder)
    };
    for entry in WalkDir::new(root).follow_links(true).min_depth(1).into_iter().filter_entry(wanted) {
        check_interrupt("reading a folder")?;
        match entry {
            Ok(entry) => {
                admit(entry.path(), confines)?;
                let path = relative(root, entry.path())?;
                match entry.file_type() {
                    kind if kind.is_dir() => tree.entries.insert(path, None),
                    kind if kind.is_file() => tree.entries.insert(path, Some(entry.into_path())),
                    _ => {
                        tree.remarks.push(Remark::Special { path });
                        None
                    }
                };
            }
            Err(error) => tree.remarks.extend(trouble(root, ignore, &error)?),
        }
    }
    if tree.entries.is_empty() {
        return Err(Error::new(Kind::ArgumentError, format!("`{}` has nothing to send", root.display()))
            .with_help("use `rm -r` to delete everything on the board"));
    }
    Ok(tree)
}

/// The error of a symlink that could not be followed, or of something unreadable.
fn trouble(root: &Path, ignore: &Ignore, error: &walkdir::Error) -> Result<Option<Remark>> {
    let path = error.path().unwrap_or(root);
    let is_loop = error.loop_ancestor().is_some();
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    // Its target is unknown: a pattern for folders may match it too.
    let is_ignored = |is_folder| ignore.is_left_out(&shown(root, path), is_folder);
    if path != root && (is_ignored(is_loop) || is_link && is_ignored(true)) {
        return Ok(None);
    }
    if is_loop {
        return Ok(Some(Remark::Loop { path: relative(root, path)? }));
    }
    if is_link && std::fs::metadata(path).is_err() {
        return Err(Error::new(Kind::ArgumentError, format!("`{}` is a broken symlink", path.display()))
            .with_help(format!("repair or remove it, or add it to `ignore` or `{}`", ignore::FILE)));
    }
    let fallback = std::io::Error::other("it cannot be walked");
    Err(unreadable(path, error.io_error().unwrap_or(&fallback)))
}

/// Like [`relative`], for patterns: names that are not UTF-8 may be ignored too.
fn shown(root: &Path, path: &Path) -> String {
    let names = path.strip_prefix(root).unwrap_or(path).iter();
    names.map(|name| name.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Names separated by `/`.
fn relative(root: &Path, path: &Path) -> Result<String> {
    let names = path.strip_prefix(root).unwrap_or(path).iter();
    let names: Option<Vec<&str>> = names.map(|name| name.to_str()).collect();
    names.map(|names| names.join("/")).ok_or_else(|| not_unicode(path))
}

fn not_unicode(path: &Path) -> Error {
    Error::new(Kind::ArgumentError, format!("the name of `{}` is not UTF-8", path.display()))
        .with_help(format!("rename it, or add it to `ignore` or `{}`: names on a board are UTF-8", ignore::FILE))
}
