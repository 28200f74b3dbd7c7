//! The folders within which paths must stay.

use crate::error::{Error, Kind, Result};
use std::path::{Component, Path, PathBuf};

/// The folder of a repository's data, in which git finds programs to run.
const GIT: &str = ".git";

/// Folders in which files may be used. Plain data; paths are checked on access.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confines {
    /// Absolute, with symlinks resolved.
    folders: Vec<PathBuf>,
    /// Folders that are never written; likewise.
    protected: Vec<PathBuf>,
}

impl Confines {
    /// Allows files below `folders`, which need not exist, and writing them except below `protected`.
    pub fn new(folders: Vec<PathBuf>, protected: Vec<PathBuf>) -> Confines {
        let resolved = |paths: Vec<PathBuf>| paths.iter().filter_map(|path| real(path)).collect();
        Confines { folders: resolved(folders), protected: resolved(protected) }
    }

    /// Resolves `path`, following every symlink, if the result is inside. `write`: it may be created or changed.
    ///
    /// # Errors
    /// [`Kind::PermissionError`].
    pub fn admit(&self, path: &Path, write: bool) -> Result<PathBuf> {
        let shown = path.display();
        let refused = |message: String| Error::new(Kind::PermissionError, message);
        let Some(real) = real(path) else {
            // Writing to a broken symlink creates its target, wherever that is.
            return Err(refused(format!("the path \"{shown}\" leads to a broken symlink"))
                .with_help("remove the symlink, or name the file itself"));
        };
        match self.refusal(&real, write) {
            None => return Ok(real),
            Some(Refusal::Outside) => {}
            Some(Refusal::Git) => {
                return Err(refused(format!("the path \"{shown}\" is inside a `{GIT}` folder"))
                    .with_help("use `--allow files` to allow all files, including a repository's data"));
            }
            Some(Refusal::Protected) => {
                return Err(refused(format!("the path \"{shown}\" is inside the configuration of belay-script"))
                    .with_help("edit it yourself: it controls what scripts may do"));
            }
        }
        let folder = if real.is_dir() { real.as_path() } else { real.parent().unwrap_or(&real) };
        Err(refused(format!("the path \"{shown}\" is outside the script's folders")).with_help(format!(
            "allow it with `--allow files={}`; without that, scripts use files below their own folder and the current one",
            super::shown(&plain(folder))
        )))
    }

    /// Whether a path without symlinks is inside. `write`: it may be created or changed.
    pub fn holds(&self, real: &Path, write: bool) -> bool {
        self.refusal(real, write).is_none()
    }

    fn refusal(&self, path: &Path, write: bool) -> Option<Refusal> {
        let inner = self.folders.iter().filter_map(|folder| path.strip_prefix(folder).ok());
        let inner: Vec<&Path> = inner.collect();
        if inner.is_empty() {
            return Some(Refusal::Outside);
        }
        if inner.iter().all(|inner| inner.components().any(|part| is_git(&part))) {
            return Some(Refusal::Git);
        }
        let is_protected = |folder: &PathBuf| path.starts_with(folder);
        (write && self.protected.iter().any(is_protected)).then_some(Refusal::Protected)
    }
}

/// Why a path is not inside.
enum Refusal {
    Outside,
    Git,
    Protected,
}

/// A path for display: without the prefix of Windows for long paths.
fn plain(path: &Path) -> String {
    path.to_string_lossy().trim_start_matches(r"\\?\").to_owned()
}

fn is_git(part: &Component<'_>) -> bool {
    // Some file systems treat `.GIT` as the same, and Windows `.git.` and `git~1`.
    let name = part.as_os_str().to_string_lossy();
    let name = name.trim_end_matches(['.', ' ']);
    name.eq_ignore_ascii_case(GIT) || cfg!(windows) && name.eq_ignore_ascii_case("git~1")
}

/// Resolves a path, following all symlinks, whether or not it exists yet. `None`: a broken symlink.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Some(real);
    }
    let mut found = if path.is_absolute() { PathBuf::new() } else { Path::new(".").canonicalize().ok()? };
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                found.pop();
            }
            Component::Prefix(_) | Component::RootDir => found.push(part),
            Component::Normal(name) => {
                found.push(name);
                if found.symlink_metadata().is_ok() {
                    found = found.canonicalize().ok()?;
                }
            }
        }
    }
    Some(found)
}
