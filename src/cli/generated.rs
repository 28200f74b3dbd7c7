//! Writes generated files: checks all existing files before writing anything.
//!
//! Uses [`crate::disk`]. Invariant: if one file conflicts, none is written.

use super::{misuse, reason};
use crate::bound;
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::phrase;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What to do with an existing file with different content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing<'m> {
    /// Refuse; the error names the option that overwrites it.
    Refuse,
    /// Overwrite it if it contains this mark, which shows that belay-script created it.
    ReplaceMarked(&'m str),
    /// Keep it.
    Keep,
    /// Overwrite it.
    Replace,
}

/// The result.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Files that were written.
    pub written: Vec<PathBuf>,
    /// Files that existed with the same content.
    pub unchanged: usize,
    /// Files that were kept although their content differs.
    pub kept: Vec<PathBuf>,
}

/// Writes `files`, given as paths with `/` below `folder` and texts, and creates the folders that they need.
///
/// # Errors
/// A misuse that names the file, if it conflicts or cannot be written.
pub fn write(folder: &Path, files: &[(String, String)], existing: Existing<'_>) -> Result<Made, Diagnostic> {
    let mut made = Made::default();
    let mut plan = Vec::new();
    for (name, text) in files {
        let path = name.split('/').fold(folder.to_owned(), |path, part| path.join(part));
        let is_fresh = match disk::read(&path, bound::FILE) {
            Ok(bytes) if bytes == text.as_bytes() => {
                made.unchanged += 1;
                continue;
            }
            Ok(bytes) => match existing {
                Existing::Keep => {
                    made.kept.push(path);
                    continue;
                }
                Existing::Refuse => {
                    return Err(in_the_way(&path, "use `--force` to overwrite it, or choose another folder"));
                }
                Existing::ReplaceMarked(mark) if !String::from_utf8_lossy(&bytes).contains(mark) => {
                    return Err(in_the_way(&path, "it was not created by this command: choose another folder"));
                }
                Existing::Replace | Existing::ReplaceMarked(_) => false,
            },
            Err(error) if error.kind() == ErrorKind::NotFound => true,
            Err(error) => return Err(failed(&path, &error)),
        };
        plan.push((path, text, is_fresh));
    }
    for (path, text, is_fresh) in plan {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
        }
        // A broken symlink conflicts too: its target may be anywhere.
        let write = if is_fresh { disk::create } else { disk::replace };
        write(&path, text.as_bytes()).map_err(|error| failed(&path, &error))?;
        made.written.push(path);
    }
    Ok(made)
}

fn in_the_way(path: &Path, help: &str) -> Diagnostic {
    misuse(format!("`{}` already exists with different content", path.display()), help)
}

/// A file or folder that cannot be created.
pub fn failed(path: &Path, error: &std::io::Error) -> Diagnostic {
    misuse(
        format!("`{}` cannot be created: {}", path.display(), reason(error)),
        "name a writable folder in which no file has the name of a folder",
    )
}

impl Made {
    /// `wrote 3 files to `site``, and what was there already.
    pub fn summary(&self, folder: &Path) -> String {
        let shown = folder.display();
        match (self.written.len(), self.unchanged) {
            (0, _) => format!("nothing to do: `{shown}` is up to date\n"),
            (count, 0) => format!("wrote {} to `{shown}`\n", phrase::count(count, "file")),
            (count, same) => format!("wrote {} to `{shown}`; {same} unchanged\n", phrase::count(count, "file")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn existing_files_are_overwritten_only_if_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let case = |first: &str, second: &str, existing: Existing<'_>| {
            let files = [("a/one".to_owned(), first.to_owned()), ("two".to_owned(), second.to_owned())];
            let made = write(folder.path(), &files, existing).map_err(|failure| failure.help.unwrap());
            let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
            (
                made.map(|made| (made.written.len(), made.unchanged, made.kept.len())),
                read("a/one") + read("two").as_str(),
            )
        };
        let refuses = |help: &str| Err(help.to_owned());
        assert_eq!(case("1", "2", Existing::Refuse), (Ok((2, 0, 0)), "12".to_owned()));
        assert_eq!(case("1", "2", Existing::Refuse), (Ok((0, 2, 0)), "12".to_owned()));
        // The first one could be written, and is not.
        std::fs::remove_file(folder.path().join("a/one")).unwrap();
        let refused = refuses("use `--force` to overwrite it, or choose another folder");
        assert_eq!(case("1", "3", Existing::Refuse), (refused, "2".to_owned()));
        let foreign = refuses("it was not created by this command: choose another folder");
        assert_eq!(case("1", "3", Existing::ReplaceMarked("mark")), (foreign, "2".to_owned()));
        assert_eq!(case("1", "3", Existing::Keep), (Ok((1, 0, 1)), "12".to_owned()));
        assert_eq!(case("1", "3", Existing::ReplaceMarked("2")), (Ok((1, 1, 0)), "13".to_owned()));
        assert_eq!(case("4", "5", Existing::Replace), (Ok((2, 0, 0)), "45".to_owned()));
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "").unwrap();
        let failure = write(folder.path(), &[("a/b".to_owned(), String::new())], Existing::Replace).unwrap_err();
        assert!(failure.title.contains("cannot be created"), "{}", failure.title);
        assert_eq!(failure.kind.exit_status(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_broken_symlink_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        std::fs::create_dir(folder.path().join("in")).unwrap();
        std::os::unix::fs::symlink(&outside, folder.path().join("in/a")).unwrap();
        let files = [("a".to_owned(), "text".to_owned())];
        let failure = write(&folder.path().join("in"), &files, Existing::Replace).unwrap_err();
        assert!(failure.title.contains("cannot be created"), "{}", failure.title);
        assert!(!outside.exists());
    }
}
