//! `definitions`: files for the Rhai language server.
//!
//! Uses [`crate::script`]. Invariant: files not created by this command are never overwritten.

use super::arguments::Definitions;
use super::console::Console;
use super::generated::{self, Existing};
use crate::device::{Host, HostOptions};
use crate::diagnostic::Diagnostic;
use crate::script::{RunOptions, Runner};
use std::path::{Component, Path};
use std::sync::Arc;

/// The first line of every file.
const MARK: &str = "// Made by `belay-script definitions`.";

/// Writes the definition files; returns the exit status.
///
/// # Errors
/// If they cannot be written.
pub fn definitions(options: &Definitions, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let mut runner = Runner::new(Host::new(HostOptions::new(console.clone())), console.clone(), RunOptions::default());
    let files = crate::script::definitions(&mut runner, depth(&options.folder));
    // A mistake in a standard module is a bug of belay-script; only the first one is reported.
    let files = files.map_err(|mut failures| failures.remove(0))?;
    let files: Vec<_> = files.into_iter().map(|(name, text)| (name, format!("{MARK}\n{text}"))).collect();
    let made = generated::write(&options.folder, &files, Existing::ReplaceMarked(MARK))?;
    console.text(&made.summary(&options.folder));
    Ok(0)
}

/// Depth of `folder` below the current folder; 0 if it is elsewhere.
fn depth(folder: &Path) -> usize {
    let mut depth = 0;
    for part in folder.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(_) => depth += 1,
            _ => return 0,
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_are_those_below_the_current_folder() {
        for (folder, wanted) in [(".", 0), ("a", 1), ("./a/b/", 2), ("../a", 0), ("/a/b", 0), (".rhai/definitions", 2)]
        {
            assert_eq!(depth(Path::new(folder)), wanted, "{folder}");
        }
    }
}
