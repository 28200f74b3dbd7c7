//! `editor`: writes the files of `editors/` for editors: colours of scripts and the MicroPython in them, and the language server.
//!
//! The files are embedded as they are. Invariant: existing files are overwritten only with `--force`.

use super::arguments::{Editor, EditorKind};
use super::console::Console;
use super::generated::{self, Existing};
use crate::diagnostic::Diagnostic;

/// Embeds files of `editors/`: their paths below a folder, and their texts. A list, because building an extension leaves packages
/// beside its files.
macro_rules! embedded {
    ($folder:literal: $($path:literal)*) => {
        &[$(($path, include_str!(concat!("../../../editors/", $folder, "/", $path)))),*]
    };
}

type Files = &'static [(&'static str, &'static str)];

const VSCODE: Files = embedded!("vscode":
    "README.md" "language-configuration.json" "package.json" "src/client.js" "src/events.js" "src/extension.js" "src/port.js"
    "src/program.js" "src/tasks.js" "src/testing.js" "syntaxes/rhai.tmLanguage.json");
const VIM: Files = embedded!("vim": "ftdetect/rhai.vim" "ftplugin/rhai.vim" "indent/rhai.vim" "syntax/rhai.vim");
const NEOVIM: Files = embedded!("neovim": "plugin/belay_script.lua");
const HELIX: Files = embedded!("helix": "languages.toml");
const ZED: Files = embedded!("zed": "Cargo.toml" "extension.toml" "languages/rhai/config.toml" "src/lib.rs");

/// The bundle that the packaged extension starts, and the sources that the written one starts.
const BUNDLE: (&str, &str) = ("\"./dist/extension.js\"", "\"./src/extension.js\"");

/// Writes the files of an editor; returns the exit status.
///
/// # Errors
/// If one of them already exists or cannot be written.
pub fn editor(options: &Editor, console: &Console) -> Result<u8, Diagnostic> {
    let existing = if options.force { Existing::Replace } else { Existing::Refuse };
    let made = generated::write(&options.folder, &files(options.kind), existing)?;
    console.text(&made.summary(&options.folder));
    console.text(next_step(options.kind));
    Ok(0)
}

/// What the user does next.
fn next_step(kind: EditorKind) -> &'static str {
    match kind {
        EditorKind::Vscode => {
            "for the language server, run `npm install --omit=dev` in this folder\n\
             restart the editor if the folder lies in its folder of extensions\n"
        }
        EditorKind::Vim => "Vim reads it if the folder lies in `pack/NAME/start` of `~/.vim`, or in its runtimepath\n",
        EditorKind::Neovim => {
            "Neovim reads it if the folder lies in `pack/NAME/start` of `~/.local/share/nvim/site`, or in its runtimepath\n"
        }
        EditorKind::Helix => "run `hx --health rhai` to see whether Helix finds the language server\n",
        EditorKind::Zed => {
            "run `zed: install dev extension` in Zed and choose this folder; Zed needs Rust from rustup for it\n"
        }
    }
}

/// The files with their paths and texts.
fn files(kind: EditorKind) -> Vec<(String, String)> {
    let parts: &[Files] = match kind {
        EditorKind::Vscode => &[VSCODE],
        EditorKind::Vim => &[VIM],
        EditorKind::Neovim => &[VIM, NEOVIM],
        EditorKind::Helix => &[HELIX],
        EditorKind::Zed => &[ZED],
    };
    let files = parts.iter().flat_map(|part| part.iter());
    files.map(|(path, text)| ((*path).to_owned(), text.replace(BUNDLE.0, BUNDLE.1))).collect()
}

#[cfg(test)]
mod tests;
