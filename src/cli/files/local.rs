//! Files of this computer: listing folders, valid names, and writing without ever leaving partial files.
//!
//! Uses walkdir. Invariant: a [`Partial`] that is not kept leaves no file.

use super::find::{is_pattern, matcher};
use super::path::LocalPath;
use super::{check_interrupt, misused};
use crate::bound;
use crate::disk::{self, Replacement, reason};
use crate::error::{Error, Kind, Result};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalEntry {
    /// Where it is.
    pub path: PathBuf,
    /// Below the folder, with slashes.
    pub relative: String,
    /// Bytes of a file; `None`: a folder.
    pub size: Option<u64>,
}

/// The type of `path`: bytes of a file, `Some(None)` for a folder, `None` if it does not exist. Symlinks are followed.
///
/// # Errors
/// ParseError if the system reports an error.
pub fn stat(path: &Path) -> Result<Option<Option<u64>>> {
    match fs::metadata(path) {
        Ok(data) if data.is_dir() => Ok(Some(None)),
        Ok(data) => Ok(Some(Some(data.len()))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// As [`stat`], for something that must exist.
///
/// # Errors
/// ParseError if it is not.
pub fn there(path: &LocalPath) -> Result<Option<u64>> {
    stat(&path.path)?.ok_or_else(|| {
        let help = format!(
            "check the path and the current folder; a path on the board begins with a colon: `:{}`",
            path.written
        );
        misused(format!("file or folder not found: `{}`", path.written), help)
    })
}

/// What a path means that may be a pattern, for shells that leave patterns alone: an existing path is used literally.
///
/// # Errors
/// ParseError if nothing is there, or of an invalid pattern.
pub fn find(path: &LocalPath) -> Result<Vec<(LocalPath, Option<u64>)>> {
    if !is_pattern(&path.written) || stat(&path.path)?.is_some() {
        return Ok(vec![(path.clone(), there(path)?)]);
    }
    let pattern = path.written.trim_end_matches('/');
    let parts: Vec<&str> = pattern.split('/').take_while(|part| !is_pattern(part)).collect();
    let base = if parts.is_empty() { ".".to_owned() } else { format!("{}/", parts.join("/")) };
    let depth = if pattern.contains("**") { usize::MAX } else { pattern.split('/').count() - parts.len() };
    let mut found = Vec::new();
    if stat(Path::new(&base))? == Some(None) {
        let matcher = matcher(pattern)?;
        let hidden = pattern.split('/').skip(parts.len()).any(|part| part.starts_with('.'));
        for entry in walk(Path::new(&base), depth)? {
            let written = if parts.is_empty() { entry.relative.clone() } else { format!("{base}{}", entry.relative) };
            let is_hidden = entry.relative.split('/').any(|part| part.starts_with('.'));
            if matcher.is_match(&written) && (hidden || !is_hidden) {
                let contents = path.contents && entry.size.is_none();
                found.push((
                    LocalPath { path: written.clone().into(), written, folder: path.folder, contents },
                    entry.size,
                ));
            }
        }
    }
    if found.is_empty() {
        return Err(misused(
            format!("nothing on this computer matches `{}`", path.written),
            format!(
                "check the current folder; a pattern of paths on the board begins with a colon: `:{}`",
                path.written
            ),
        ));
    }
    Ok(found)
}

/// Removes a file, or an empty folder.
///
/// # Errors
/// ScriptError if the system refuses.
pub fn remove(path: &Path, is_folder: bool) -> Result<()> {
    let removed = if is_folder { fs::remove_dir(path) } else { fs::remove_file(path) };
    removed.map_err(|error| {
        let message = format!("`{}` cannot be removed: {}", path.display(), reason(&error));
        Error::new(Kind::ScriptError, message).with_help("check the permissions of its folder")
    })
}

/// The contents of the folder `root`, sorted, at most `depth` deep; a folder comes before its contents. Symlinks are
/// followed, unless they lead to a folder that contains them.
///
/// # Errors
/// ParseError for entries that cannot be read, are not files, or have names that are not UTF-8.
pub fn walk(root: &Path, depth: usize) -> Result<Vec<LocalEntry>> {
    let mut entries = Vec::new();
    // Without a `.` in the middle, which would be in messages.
    let root = &root.components().collect::<PathBuf>();
    for entry in WalkDir::new(root).follow_links(true).min_depth(1).max_depth(depth).sort_by_file_name() {
        check_interrupt()?;
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                return Err(unreadable(&path, &error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into())));
            }
        };
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let Some(relative) = relative.to_str().map(|text| text.replace(std::path::MAIN_SEPARATOR, "/")) else {
            let message = format!("the name `{}` is not UTF-8", entry.path().display());
            return Err(misused(message, "boards accept only UTF-8: rename the file"));
        };
        let size = match entry.file_type() {
            kind if kind.is_dir() => None,
            kind if kind.is_file() => {
                Some(entry.metadata().map_err(|error| unreadable(entry.path(), &error.into()))?.len())
            }
            _ => {
                let message = format!("`{}` is neither a file nor a folder", entry.path().display());
                return Err(misused(message, "move it out of the folder"));
            }
        };
        entries.push(LocalEntry { path: entry.path().to_owned(), relative, size });
    }
    Ok(entries)
}

/// Reads a file piece by piece.
///
/// # Errors
/// ParseError of a file that cannot be read, those of `take`, and Interrupted.
pub fn read(path: &Path, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut file = disk::open(path).map_err(|error| unreadable(path, &error))?;
    let mut piece = vec![0; 64 * 1024];
    loop {
        check_interrupt()?;
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => take(&piece[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(path, &error)),
        }
    }
}

/// All of a file of at most [`bound::FILE`] bytes.
///
/// # Errors
/// As [`read`].
pub fn read_all(path: &Path) -> Result<Vec<u8>> {
    disk::read(path, bound::FILE).map_err(|error| unreadable(path, &error))
}

/// A file of this computer cannot be read.
pub fn unreadable(path: &Path, error: &io::Error) -> Error {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "check the path and the current folder, and broken symlinks",
        io::ErrorKind::PermissionDenied => "check its permissions",
        _ => "check the path",
    };
    misused(format!("`{}` cannot be read: {}", path.display(), reason(error)), help)
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied => "check the permissions of its folder",
        io::ErrorKind::NotFound => "create its folder first",
        _ => "nothing was changed",
    };
    Error::new(Kind::ScriptError, format!("`{}` cannot be written: {}", path.display(), reason(error))).with_help(help)
}

/// Creates a folder.
///
/// # Errors
/// ScriptError if the system refuses.
pub fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir(path).map_err(|error| unwritable(path, &error))
}

/// Checks that there is room for files of these sizes, each beside the one that it replaces. Marked are those that replace one
/// of their size, or need not be written: of them there is one at a time.
///
/// # Errors
/// ScriptError that says how much is missing. If the free space is unknown, nothing is refused.
pub fn check_space<'p>(files: impl Iterator<Item = (&'p Path, u64, bool)>) -> Result<()> {
    let mut needed: u64 = 0;
    let mut first = None;
    let mut passing = 0;
    for (path, size, same_size) in files {
        if same_size {
            passing = size.max(passing);
        } else {
            needed = needed.saturating_add(size);
        }
        first.get_or_insert(path);
    }
    let Some(path) = first else { return Ok(()) };
    needed = needed.saturating_add(passing);
    match disk::available(path) {
        Some(free) if free < needed => {
            let (needed, free) = (super::human(needed), super::human(free));
            let message = format!("`{}` needs {needed}, and {free} are free", path.display());
            Err(Error::new(Kind::ScriptError, message).with_help("free space on the disk; nothing was copied"))
        }
        _ => Ok(()),
    }
}

/// A file being written: it has a temporary name until it is complete.
pub struct Partial {
    target: PathBuf,
    replacement: Replacement,
}

impl Partial {
    /// Starts writing `target`; a symlink is followed.
    ///
    /// # Errors
    /// ScriptError if it cannot be created.
    pub fn create(target: &Path) -> Result<Partial> {
        let replacement = Replacement::create(target).map_err(|error| unwritable(target, &error))?;
        Ok(Partial { target: target.to_owned(), replacement })
    }

    /// Appends content.
    ///
    /// # Errors
    /// ScriptError, of a full disk for example.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.replacement.write_all(bytes).map_err(|error| unwritable(&self.target, &error))
    }

    /// Completes the file: it takes its final name.
    ///
    /// # Errors
    /// ScriptError; then nothing has changed.
    pub fn keep(self) -> Result<()> {
        self.replacement.keep().map_err(|error| unwritable(&self.target, &error))
    }
}

/// Refuses a path from a board with a part that is not a valid name here.
///
/// # Errors
/// FeatureUnavailableError naming the path.
pub fn check_names(relative: &str) -> Result<()> {
    match relative.split('/').find(|name| !disk::is_name(name, cfg!(windows))) {
        None => Ok(()),
        Some(_) => Err(Error::new(
            Kind::FeatureUnavailableError,
            format!("`{relative}` cannot be a file on this computer: its system does not accept the name"),
        )
        .with_help("rename it on the board with `belay-script mv`, or copy the others by a pattern")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::path::Place;
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_copy_that_does_not_fit_is_refused_before_it_begins() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("new/a"), folder.path().join("b"));
        assert_eq!(check_space([(a.as_path(), 1, false), (b.as_path(), 1, false)].into_iter()).map_err(drop), Ok(()));
        let error = check_space([(a.as_path(), 1 << 60, false), (b.as_path(), 1, true)].into_iter()).unwrap_err();
        assert!(error.message().contains("needs 1024.0 PiB, and "), "{error}");
        assert!(check_space([(a.as_path(), 1 << 60, true)].into_iter()).is_err());
    }

    #[test]
    fn a_partial_file_that_is_not_kept_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        fs::write(&target, "old").unwrap();
        let mut partial = Partial::create(&target).unwrap();
        partial.write(b"half").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"old");
        drop(partial);
        let mut partial = Partial::create(&target).unwrap();
        partial.write(b"new").unwrap();
        partial.keep().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn patterns_of_this_computer_are_as_in_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("lib/deep")).unwrap();
        for name in ["a.py", "b.py", ".c.py", "lib/d.py", "lib/deep/e.py", "[x].txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let root = folder.path().to_str().unwrap().replace('\\', "/");
        let found = |pattern: &str| -> Result<Vec<String>> {
            let Place::Local(path) = Place::parse(&format!("{root}/{pattern}"))? else { panic!("{pattern}") };
            Ok(find(&path)?.into_iter().map(|(path, _)| path.written.replace(&format!("{root}/"), "")).collect())
        };
        assert_eq!(found("*.py").unwrap(), ["a.py", "b.py"]);
        assert_eq!(found("lib/*.py").unwrap(), ["lib/d.py"]);
        assert_eq!(found("**/e.py").unwrap(), ["lib/deep/e.py"]);
        assert_eq!(found(".*").unwrap(), [".c.py"]);
        // It exists.
        assert_eq!(found("[x].txt").unwrap(), ["[x].txt"]);
        let missing = found("*.mpy").unwrap_err();
        assert!(missing.message().starts_with("nothing on this computer matches `"), "{missing}");
    }

    #[cfg(unix)]
    #[test]
    fn symlinks_are_followed_but_not_in_a_loop() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("b")).unwrap();
        fs::create_dir(folder.path().join("elsewhere")).unwrap();
        fs::write(folder.path().join("elsewhere/x"), "12").unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), root.join("a")).unwrap();
        std::os::unix::fs::symlink(&root, root.join("b/again")).unwrap();
        let found = |depth| {
            let entries = walk(&root, depth).unwrap();
            entries.into_iter().map(|entry| (entry.relative, entry.size)).collect::<Vec<_>>()
        };
        let entry = |path: &str, size| (path.to_owned(), size);
        assert_eq!(found(9), [entry("a", None), entry("a/x", Some(2)), entry("b", None)]);
        assert_eq!(found(1), [entry("a", None), entry("b", None)]);
        std::os::unix::fs::symlink("nowhere", root.join("c")).unwrap();
        assert!(walk(&root, 9).unwrap_err().message().contains("cannot be read"));
    }
}
