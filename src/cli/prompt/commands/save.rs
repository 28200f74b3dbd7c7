//! `:save`: what was typed, as a script.
//!
//! Invariant: an existing file is overwritten only by `:save!`, and atomically.

use super::{Prompt, words};
use crate::cli::{misuse, reason};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::Kind;
use crate::phrase::count;
use std::path::Path;

/// An input that succeeded.
#[derive(Clone, Debug)]
pub(in crate::cli::prompt) struct Kept {
    /// Its name in errors: `<3>`, or the name of a script file.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Prompt {
    /// `:save FILE`; `replace`: `:save! FILE`.
    pub(in crate::cli::prompt) fn save(&mut self, argument: &str, replace: bool) {
        let outcome = self.save_as(argument, replace);
        self.report(outcome);
    }

    fn save_as(&self, argument: &str, replace: bool) -> Result<(), Diagnostic> {
        let words = words(argument)?;
        let [file] = words.as_slice() else {
            return Err(misuse("`:save` takes one file", "for example `:save bench.rhai`"));
        };
        let inputs: Vec<&Kept> =
            self.kept.iter().filter(|kept| !self.session.is_superseded(&kept.name, &kept.text)).collect();
        if inputs.is_empty() {
            return Err(misuse("no input has succeeded yet", "`:save` writes only inputs that succeeded"));
        }
        let path = Path::new(file);
        write(path, &script(&inputs), replace).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                misuse(format!("file `{file}` already exists"), format!("use `:save! {argument}` to overwrite it"))
            }
            _ => Diagnostic {
                help: Some("name a file in an existing, writable folder".to_owned()),
                ..Diagnostic::new(Kind::ScriptError, format!("`{file}` cannot be written: {}", reason(&error)))
            },
        })?;
        self.console.text(&format!("saved {} in `{file}`\n", count(inputs.len(), "input")));
        Ok(())
    }
}

/// Writes a file that is not there yet, or replaces it in one step.
fn write(path: &Path, text: &str, replace: bool) -> std::io::Result<()> {
    let write = if replace { disk::replace } else { disk::create };
    write(path, text.as_bytes())
}

/// The inputs as one script.
fn script(inputs: &[&Kept]) -> String {
    let mut out = String::new();
    for Kept { name, text } in inputs {
        if !name.starts_with('<') {
            out.push_str(&format!("// From {name}:\n"));
        }
        let text = text.trim_end();
        out.push_str(text);
        let comment = text.lines().last().is_some_and(|last| last.contains("//"));
        match text {
            _ if comment => out.push_str("\n;"),
            text if text.ends_with(';') => {}
            _ => out.push(';'),
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_become_statements() {
        let kept = |name: &str, text: &str| Kept { name: name.to_owned(), text: text.to_owned() };
        let inputs = [
            kept("<1>", "let a = 1"),
            kept("<2>", "fn f() { 1 }"),
            kept("<3>", "a // one"),
            kept("b.rhai", "let b = 2;\n\n"),
        ];
        let wanted = "let a = 1;\nfn f() { 1 };\na // one\n;\n// From b.rhai:\nlet b = 2;\n";
        assert_eq!(script(&inputs.iter().collect::<Vec<_>>()), wanted);
    }

    #[test]
    fn a_file_is_overwritten_only_on_request() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.rhai");
        write(&file, "1", false).unwrap();
        assert_eq!(write(&file, "2", false).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
        write(&file, "3", true).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "3");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
