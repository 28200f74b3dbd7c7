//! Where the history of the prompt is kept.
//!
//! Invariant: only the user can read it: passwords of boards may stand in it.

use super::helper::PromptHelper;
use rustyline::Editor;
use rustyline::history::FileHistory;
use std::path::{Path, PathBuf};

/// The file of the history: `belay-script/history` in `XDG_STATE_HOME`, or in the system's own place for such files. `None`
/// if there is none.
pub fn file() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("XDG_STATE_HOME").filter(|path| path.is_absolute()).or_else(|| {
        if cfg!(windows) { variable("LOCALAPPDATA") } else { variable("HOME").map(|home| home.join(".local/state")) }
    })?;
    Some(folder.join("belay-script").join("history"))
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
