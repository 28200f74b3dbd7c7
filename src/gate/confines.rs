//! The folders that paths may not lead out of.

use crate::error::{Error, Kind, Result};
use std::path::{Component, Path, PathBuf};

/// The folder of a repository's own data, in which git finds programs to run.
const GIT: &str = ".git";

/// Folders in which files may be used. Plain data; whether a path leads out is found out when it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confines {
    /// In full, without links in them.
    folders: Vec<PathBuf>,
    /// What is never written, in or out; likewise.
    protected: Vec<PathBuf>,
}

impl Confines {
    /// Files may be used below `folders`, which need not exist, and be written but for those below `protected`.
    pub fn new(folders: Vec<PathBuf>, protected: Vec<PathBuf>) -> Confines {
        let resolved = |paths: Vec<PathBuf>| paths.iter().filter_map(|path| real(path)).collect();
        Confines { folders: resolved(folders), protected: resolved(protected) }
    }

    /// Gives where `path` leads, with every link followed, if that is inside. `write`: something there may be created or
    /// changed.
    ///
    /// # Errors
    /// [`Kind::PermissionError`].
    pub fn admit(&self, path: &Path, write: bool) -> Result<PathBuf> {
        let shown = path.display();
        let refused = |message: String| Error::new(Kind::PermissionError, message);
        let Some(real) = real(path) else {
            // Whoever writes to a broken symlink creates its target, wherever that is.
            return Err(refused(format!("the path \"{shown}\" leads to a broken symlink"))
                .with_help("remove the symlink, or name the file itself"));
        };
        match self.refusal(&real, write) {
            None => return Ok(real),
            Some(Refusal::Outside) => {}
            Some(Refusal::Git) => {
                return Err(refused(format!("the path \"{shown}\" is inside a `{GIT}` folder"))
                    .with_help("scripts do not use the data of a repository; `--allow files` allows all files"));
            }
            Some(Refusal::Protected) => {
                return Err(refused(format!("the path \"{shown}\" is inside the configuration of belay-script"))
                    .with_help("change it by hand: it says what scripts may do"));
            }
        }
        let folder = if real.is_dir() { real.as_path() } else { real.parent().unwrap_or(&real) };
        Err(refused(format!("the path \"{shown}\" is outside the script's folders")).with_help(format!(
            "allow it with `--allow files={}`; without that, scripts use files below their own folder and the current one",
            super::shown(&plain(folder))
        )))
    }

    /// Whether a path without links in it is inside. `write`: something there may be created or changed.
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

/// A path for a person: without the prefix of Windows for long ones.
fn plain(path: &Path) -> String {
    path.to_string_lossy().trim_start_matches(r"\\?\").to_owned()
}

fn is_git(part: &Component<'_>) -> bool {
    // Some file systems take `.GIT` for the same, and Windows `.git.` and `git~1`.
    let name = part.as_os_str().to_string_lossy();
    let name = name.trim_end_matches(['.', ' ']);
    name.eq_ignore_ascii_case(GIT) || cfg!(windows) && name.eq_ignore_ascii_case("git~1")
}

/// Where a path leads, with all links followed, whether or not anything is there yet. `None`: nowhere, as by a link
/// whose target is missing.
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
