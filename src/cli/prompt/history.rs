//! Where the history of the prompt is kept: each project has its own.
//!
//! Invariant: only the user can read it: passwords of boards may stand in it.

use super::helper::PromptHelper;
use rustyline::Editor;
use rustyline::history::FileHistory;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What marks the folder of a project.
const MARKS: &[&str] = &[".git", "station.toml"];

/// The file of the history, in `belay-script/histories` in `XDG_STATE_HOME`, or in the system's own place for such files: that of
/// the project in whose folder the program was started, and if that is not known one for all. `None` if there is no place.
pub fn file() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("XDG_STATE_HOME").filter(|path| path.is_absolute()).or_else(|| {
        if cfg!(windows) { variable("LOCALAPPDATA") } else { variable("HOME").map(|home| home.join(".local/state")) }
    })?;
    let started_in = std::env::current_dir().ok();
    let name = started_in.map_or_else(|| "common".to_owned(), |folder| name(project(&folder)));
    Some(folder.join("belay-script").join("histories").join(name))
}

/// The nearest folder from `folder` upwards that is one of a project; else `folder` itself.
fn project(folder: &Path) -> &Path {
    let is_project = |folder: &&Path| MARKS.iter().any(|mark| folder.join(mark).exists());
    folder.ancestors().find(is_project).unwrap_or(folder)
}

/// A name of a file that stands for `folder`, and that a person recognises.
fn name(folder: &Path) -> String {
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let mut name: String = folder.file_name().unwrap_or_default().to_string_lossy().chars().take(40).collect();
    name.push('-');
    for byte in digest.iter().take(8) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Adds the latest inputs to the file, which is made if there is none.
///
/// # Errors
/// If it cannot be written.
pub fn append(editor: &mut Editor<PromptHelper, FileHistory>, path: &Path) -> rustyline::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // It makes the file with the mode 0600.
    editor.append_history(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_project_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("bench/scripts");
        std::fs::create_dir_all(&inner).unwrap();
        assert_eq!(project(&inner), inner);
        std::fs::write(folder.path().join("bench/station.toml"), "").unwrap();
        assert_eq!(project(&inner), folder.path().join("bench"));
        let named = name(project(&inner));
        assert!(named.starts_with("bench-") && named.len() == "bench-".len() + 16, "{named}");
        assert_ne!(named, name(&folder.path().join("other/bench")));
    }
}
