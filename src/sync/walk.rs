//! What lies in a folder, by its names only; and trees merged into one.
//!
//! Uses the crate `walkdir` and [`super::ignore`]. Invariant: what is ignored is not looked at, so it can neither fail nor
//! be remarked on; every walk ends, whatever the links.

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

/// Names with `/` between them; for a file its source, for a folder nothing.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) entries: BTreeMap<String, Option<PathBuf>>,
    pub(super) remarks: Vec<Remark>,
}

impl Tree {
    /// Puts `later` over this tree.
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
/// [`Kind::ArgumentError`] if there is no such file or folder.
pub(super) fn is_folder(path: &Path) -> Result<bool> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Error::new(Kind::ArgumentError, format!("`{}` does not exist", path.display()))
                .with_help("name a folder, or a file, of this machine"))
        }
        Err(error) => Err(Error::new(Kind::ArgumentError, format!("cannot read `{}`: {error}", path.display()))
            .with_help("name a folder, or a file, of this machine that you may read")),
    }
}

/// The folder `name` below `folder`.
pub(super) fn below(folder: &Path, name: &str) -> Result<PathBuf> {
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if name.is_empty() || !inside {
        return Err(Error::new(Kind::ArgumentError, format!("`{name}` does not lie below `{}`", folder.display()))
            .with_help("name subfolders relative to the folder, without `..`"));
    }
    let path = folder.join(name);
    if is_folder(&path)? {
        return Ok(path);
    }
    Err(Error::new(Kind::ArgumentError, format!("`{}` is not a folder", path.display()))
        .with_help("only folders are merged"))
}

/// Refuses what is outside of `confines`.
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
            .with_help("name a folder, or a file, of this machine"))
    };
    if !std::fs::metadata(source).is_ok_and(|metadata| metadata.is_file()) {
        return wrong("is neither a file nor a folder");
    }
    let Some(name) = source.file_name() else { return wrong("has no name") };
    let name = name.to_str().ok_or_else(|| not_unicode(source))?;
    Ok(Tree { entries: BTreeMap::from([(name.to_owned(), Some(source.to_owned()))]), remarks: Vec::new() })
}

/// What lies in `root` and is not ignored.
///
/// # Errors
/// [`Kind::ArgumentError`] if that is nothing, or if something cannot be read or named; [`Kind::PermissionError`] for what
/// is outside of `confines`, by a symlink or by its name.
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
        return Err(Error::new(Kind::ArgumentError, format!("`{}` has nothing to send", root.display())).with_help(
            "a sync with nothing would delete everything on the board: if that is what you want, say so with `rm -r`",
        ));
    }
    Ok(tree)
}

/// A link that could not be followed, or something that could not be read.
fn trouble(root: &Path, ignore: &Ignore, error: &walkdir::Error) -> Result<Option<Remark>> {
    let path = error.path().unwrap_or(root);
    let is_loop = error.loop_ancestor().is_some();
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    // Whatever it leads to is not known: a pattern for folders may mean it as well.
    let is_ignored = |is_folder| ignore.is_left_out(&shown(root, path), is_folder);
    if path != root && (is_ignored(is_loop) || is_link && is_ignored(true)) {
        return Ok(None);
    }
    if is_loop {
        return Ok(Some(Remark::Loop { path: relative(root, path)? }));
    }
    if is_link && std::fs::metadata(path).is_err() {
        return Err(Error::new(Kind::ArgumentError, format!("the link `{}` leads nowhere", path.display()))
            .with_help(format!("repair or remove it, or name it in `ignore` or `{}`", ignore::FILE)));
    }
    let fallback = std::io::Error::other("it cannot be walked");
    Err(unreadable(path, error.io_error().unwrap_or(&fallback)))
}

/// As [`relative`], for patterns: what is not UTF-8 may be ignored, too.
fn shown(root: &Path, path: &Path) -> String {
    let names = path.strip_prefix(root).unwrap_or(path).iter();
    names.map(|name| name.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Names with `/` between them.
fn relative(root: &Path, path: &Path) -> Result<String> {
    let names = path.strip_prefix(root).unwrap_or(path).iter();
    let names: Option<Vec<&str>> = names.map(|name| name.to_str()).collect();
    names.map(|names| names.join("/")).ok_or_else(|| not_unicode(path))
}

fn not_unicode(path: &Path) -> Error {
    Error::new(Kind::ArgumentError, format!("the name of `{}` is not UTF-8", path.display()))
        .with_help(format!("names on a board are UTF-8: rename it, or name it in `ignore` or `{}`", ignore::FILE))
}
