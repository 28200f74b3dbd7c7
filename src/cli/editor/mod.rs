//! `editor`: writes extensions for editors that highlight scripts and the MicroPython in them.
//!
//! The files of `vscode/` and `vim/` are embedded as they are. Both grammars hand the text between the quotes of a body
//! to the editor's own Python. Invariant: existing files are overwritten only with `--force`.

use super::arguments::{Editor, EditorKind};
use super::console::Console;
use super::generated::{self, Existing};
use crate::diagnostic::Diagnostic;
use include_dir::{Dir, include_dir};

static VSCODE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/editor/vscode");
static VIM: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/editor/vim");

/// Writes the files of an editor; returns the exit status.
///
/// # Errors
/// If one of them already exists or cannot be written.
pub fn editor(options: &Editor, console: &Console) -> Result<u8, Diagnostic> {
    let existing = if options.force { Existing::Replace } else { Existing::Refuse };
    let made = generated::write(&options.folder, &files(options.kind), existing)?;
    console.text(&made.summary(&options.folder));
    console.text(match options.kind {
        EditorKind::Vscode => "restart the editor if the folder lies in its folder of extensions\n",
        EditorKind::Vim => "Vim reads it if the folder lies in `pack/NAME/start` of `~/.vim`, or in its runtimepath\n",
    });
    Ok(0)
}

/// The files with their paths and texts.
fn files(kind: EditorKind) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(if kind == EditorKind::Vscode { &VSCODE } else { &VIM }, &mut found);
    found.sort();
    for (_, text) in &mut found {
        *text = text.replace("{VERSION}", env!("CARGO_PKG_VERSION"));
    }
    found
}

fn collect(folder: &Dir<'_>, found: &mut Vec<(String, String)>) {
    for file in folder.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        found.extend(file.contents_utf8().map(|text| (path, text.to_owned())));
    }
    for inner in folder.dirs() {
        collect(inner, found);
    }
}

#[cfg(test)]
mod tests;
