//! `new`: creates a project that runs immediately on a simulated board.
//!
//! The files of `templates/` are embedded as they are, a folder for each template; those beside the folders belong to all.
//! Invariant: existing files are never changed, whatever the
//! options are.

use super::arguments::{New, Template};
use super::console::Console;
use super::generated::{self, Existing};
use super::{misuse, reason};
use crate::diagnostic::Diagnostic;
use include_dir::{Dir, File, include_dir};
use std::io::ErrorKind;
use std::path::Path;

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/project/templates");

/// How many commands of a project's README are printed when it is made.
const COMMANDS: usize = 2;

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
    let files = files(options.template, &title(folder));
    let made = generated::write(folder, &files, Existing::Keep)?;
    let mut text = made.summary(folder);
    for path in &made.kept {
        text.push_str(&format!("kept `{}` unchanged\n", path.display()));
    }
    text.push_str("\nnext:\n");
    let shown = folder.display().to_string();
    if folder.components().any(|part| part != std::path::Component::CurDir) {
        text.push_str(&format!("  cd {}\n", quoted(&shown)));
    }
    for command in commands(&files).take(COMMANDS) {
        text.push_str(&format!("  {command}\n"));
    }
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

/// The files of a project with their paths and texts.
fn files(template: Template, title: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<&Dir<'_>> = TEMPLATES.get_dir(template.folder()).into_iter().collect();
    let mut all: Vec<&File<'_>> = TEMPLATES.files().collect();
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        all.extend(folder.files());
    }
    for file in all {
        let path = file.path().strip_prefix(template.folder()).unwrap_or(file.path());
        let path = path.to_string_lossy().replace('\\', "/");
        // Under its own name it would tell git what to ignore in the template.
        let path = if path == "gitignore" { ".gitignore".to_owned() } else { path };
        found.extend(file.contents_utf8().map(|text| (path, text.replace("{NAME}", title))));
    }
    found.sort();
    found
}

/// The commands that the README shows.
fn commands(files: &[(String, String)]) -> impl Iterator<Item = &str> {
    let readme = files.iter().filter(|(path, _)| path == "README.md");
    readme.flat_map(|(_, text)| text.lines()).filter_map(|line| line.strip_prefix("$ "))
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
    use clap::ValueEnum as _;

    #[test]
    fn paths_are_words_of_a_shell() {
        for (path, wanted) in
            [("a/b-1", "a/b-1"), ("prüf", "prüf"), ("my bench", "'my bench'"), ("it's", "'it'\\''s'"), ("$x", "'$x'")]
        {
            assert_eq!(quoted(path), wanted);
        }
    }

    #[test]
    fn every_template_has_a_readme_with_three_commands() {
        for template in Template::value_variants() {
            let files = files(*template, "A bench");
            let readme = files.iter().find(|(path, _)| path == "README.md").expect("a README");
            assert!(readme.1.starts_with("# A bench\n"), "{template:?}");
            assert_eq!(commands(&files).count(), 3, "{template:?}");
            assert!(commands(&files).all(|command| command.starts_with("belay-script ")), "{template:?}");
            assert!(files.iter().any(|(path, _)| path == ".gitignore"), "{template:?}");
            assert!(files.iter().all(|(_, text)| text.lines().count() < 60), "{template:?} is long");
        }
        assert_eq!(TEMPLATES.dirs().count(), Template::value_variants().len());
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
