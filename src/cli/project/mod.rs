//! `new`: creates a project that runs immediately on a simulated board.
//!
//! The files of `template/` are embedded as they are. Invariant: existing files are never changed, whatever the
//! options are.

use super::arguments::New;
use super::console::Console;
use super::generated::{self, Existing};
use super::{misuse, reason};
use crate::diagnostic::Diagnostic;
use include_dir::{Dir, include_dir};
use std::io::ErrorKind;
use std::path::Path;

static TEMPLATE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/project/template");

/// Makes the project; returns the exit status.
///
/// # Errors
/// A misuse, if the folder is not empty, or cannot be written.
pub fn new(options: &New, console: &Console) -> Result<u8, Diagnostic> {
    let folder = &options.folder;
    let empty = is_empty(folder)?;
    if !empty && !options.force {
        let message = format!("the folder `{}` is not empty", folder.display());
        return Err(misuse(message, "name a new folder, or add `--force`, which keeps existing files"));
    }
    let made = generated::write(folder, &files(&title(folder)), Existing::Keep)?;
    let mut text = made.summary(folder);
    for path in &made.kept {
        text.push_str(&format!("kept `{}` unchanged\n", path.display()));
    }
    text.push_str("\nnext:\n");
    let shown = folder.display().to_string();
    if folder.components().any(|part| part != std::path::Component::CurDir) {
        text.push_str(&format!("  cd {}\n", quoted(&shown)));
    }
    text.push_str("  belay-script run bench.rhai --simulate\n  belay-script test --simulate\n");
    console.text(&text);
    Ok(0)
}

/// Whether the folder is empty, except for git's own files.
fn is_empty(folder: &Path) -> Result<bool, Diagnostic> {
    let shown = folder.display();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(misuse(format!("`{shown}` is a file"), "name a new folder"));
        }
        Err(error) => {
            return Err(misuse(format!("`{shown}` cannot be read: {}", reason(&error)), "name another folder"));
        }
    };
    Ok(entries.into_iter().all(|entry| entry.is_ok_and(|entry| entry.file_name() == ".git")))
}

/// The name of the folder, as a heading.
fn title(folder: &Path) -> String {
    let full = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let name = full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if name.trim().is_empty() { "Bench".to_owned() } else { name }
}

/// The files with their paths and texts.
fn files(title: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in std::iter::once(&TEMPLATE).chain(TEMPLATE.dirs()) {
        for file in folder.files() {
            let path = file.path().to_string_lossy().replace('\\', "/");
            // Under its own name it would tell git what to ignore in the template.
            let path = if path == "gitignore" { ".gitignore".to_owned() } else { path };
            found.extend(file.contents_utf8().map(|text| (path, text.replace("{NAME}", title))));
        }
    }
    found.sort();
    found
}

/// A path as a word of a shell.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./~\\:".contains(c);
    if path.chars().all(plain) && !path.starts_with('-') {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_words_of_a_shell() {
        for (path, wanted) in
            [("a/b-1", "a/b-1"), ("prüf", "prüf"), ("my bench", "'my bench'"), ("it's", "'it'\\''s'"), ("$x", "'$x'")]
        {
            assert_eq!(quoted(path), wanted);
        }
    }

    #[test]
    fn the_template_is_complete() {
        let files = files("A bench");
        let names: Vec<&str> = files.iter().map(|file| file.0.as_str()).collect();
        assert_eq!(
            names,
            [
                ".gitignore",
                "README.md",
                "bench.rhai",
                "board.rhai",
                "firmware/divider.py",
                "station.toml",
                "tests/test_divider.rhai"
            ]
        );
        assert!(files[1].1.starts_with("# A bench\n"));
    }

    #[test]
    fn folders_with_files_are_not_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(is_empty(&path.join("new")), Ok(true));
        std::fs::create_dir(path.join(".git")).unwrap();
        assert_eq!(is_empty(path), Ok(true));
        std::fs::write(path.join("a"), "").unwrap();
        assert_eq!(is_empty(path), Ok(false));
        assert!(is_empty(&path.join("a")).unwrap_err().title.ends_with("` is a file"));
    }
}
