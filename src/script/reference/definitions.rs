//! Definition files for the Rhai language server: Rhai's own functions, those of belay-script, and the standard
//! modules.
//!
//! The server does not know `device` and `test` blocks and reports them as mistakes. Their declarations cannot be described
//! to it. Invariant: the server's own parser reads every file without an error, and every function has its comment
//! directly above it, overloads too, because the server does not join comments.

use crate::diagnostic::Diagnostic;
use crate::script::reference::{BUILTIN, Page, module_names};
use crate::script::runner::Runner;
use rhai::Engine;
use std::fmt::Write as _;

/// Words that the server does not accept as names. One such function would make it misread the rest.
const REFUSED: &[&str] = &[
    "async",
    "await",
    "case",
    "default",
    "exit",
    "go",
    "goto",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "protected",
    "public",
    "spawn",
    "static",
    "super",
    "sync",
    "thread",
    "use",
    "var",
    "void",
    "with",
    "yield",
];

/// The definition files, each with its path relative to their folder, which is `depth` folders below the scripts.
///
/// # Errors
/// A problem of a standard module, which is a defect.
pub fn definitions(runner: &mut Runner, depth: usize) -> Result<Vec<(String, String)>, Vec<Diagnostic>> {
    let engine = Engine::new();
    let own = engine.definitions().iter_files().map(|(name, text)| (name, readable(&text))).collect::<Vec<_>>();
    let mut files = own;
    files.push(("__belay-script__.d.rhai".to_owned(), documented(BUILTIN)));
    for name in module_names() {
        // Its first page is the module itself.
        let pages = runner.reference_module(&name).transpose()?.unwrap_or_default();
        if let Some(page) = pages.first() {
            files.push((format!("{name}.d.rhai"), module(page, depth)));
        }
    }
    Ok(files)
}

/// Repeats comments for overloads in a definition file.
fn documented(text: &str) -> String {
    let mut out = String::new();
    let mut doc: Vec<&str> = Vec::new();
    let mut is_fresh = false;
    for line in text.lines() {
        if line.starts_with("///") {
            if !is_fresh {
                doc.clear();
            }
            is_fresh = true;
            doc.push(line);
            continue;
        }
        if line.starts_with("// ") {
            // Group titles are for readers of that file.
            continue;
        }
        if line.is_empty() {
            (doc, is_fresh) = (Vec::new(), false);
            continue;
        }
        is_fresh = false;
        if is_refused(line) {
            continue;
        }
        for comment in &doc {
            let _ = writeln!(out, "{comment}");
        }
        let _ = writeln!(out, "{line}\n");
    }
    out
}

fn is_refused(line: &str) -> bool {
    let name = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next());
    name.is_some_and(|name| REFUSED.contains(&name))
}

/// Removes what the server cannot read from Rhai's output: rejected names, invalid types.
fn readable(text: &str) -> String {
    let mut out = String::new();
    let mut doc = String::new();
    for line in text.lines() {
        if line.starts_with("///") {
            doc.push_str(line);
            doc.push('\n');
            continue;
        }
        let doc = std::mem::take(&mut doc);
        if !is_refused(line) {
            let line = line.replace(" range=", " range").replace(") -> ;", ") -> ?;");
            let _ = writeln!(out, "{doc}{line}");
        }
    }
    out
}

pub(crate) fn module(page: &Page, depth: usize) -> String {
    let mut out = String::new();
    let comment = |out: &mut String, doc: &str| {
        for line in doc.lines() {
            let _ = writeln!(out, "{}", format!("/// {line}").trim_end());
        }
    };
    comment(&mut out, &page.doc);
    // The server looks for a module next to the script that imports it.
    let up = "../".repeat(depth + page.name.matches('/').count());
    let _ = writeln!(out, "module \"{up}{}\";", page.name);
    for section in &page.sections {
        let class = [("device ", "DeviceClass"), ("instrument ", "InstrumentClass"), ("console ", "ConsoleClass")];
        if let Some((_, class)) = class.iter().find(|(word, _)| section.title.starts_with(word)) {
            out.push('\n');
            comment(&mut out, &section.doc);
            let _ = writeln!(out, "const {}: {class};", section.owner);
            continue;
        }
        for entry in &section.entries {
            for head in entry.heads.iter().filter(|head| !head.contains('.')) {
                out.push('\n');
                comment(&mut out, &entry.doc);
                let _ = match head.split_once('(') {
                    Some((name, rest)) => {
                        let params: Vec<String> = rest
                            .trim_end_matches(')')
                            .split(", ")
                            .filter(|param| !param.is_empty())
                            .map(|param| format!("{param}: ?"))
                            .collect();
                        writeln!(out, "fn {name}({}) -> ?;", params.join(", "))
                    }
                    None => writeln!(out, "const {head}: ?;"),
                };
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overloads_have_their_comment_each() {
        let text = "/// All.\nmodule static;\n\n// # Group\n\n/// One.\n/// Two.\nfn f(a: ?);\nfn f(a: ?, b: ?);\n\n\
                    /// Ends.\nfn exit();\n\nfn g();\n";
        assert_eq!(
            documented(text),
            "/// All.\nmodule static;\n\n/// One.\n/// Two.\nfn f(a: ?);\n\n\
             /// One.\n/// Two.\nfn f(a: ?, b: ?);\n\nfn g();\n\n"
        );
    }

    #[test]
    fn what_the_server_cannot_read_is_left_out() {
        let text = "module static;\n\n/// Ends.\nfn exit() -> X;\n\n/// Bits.\n\
                    fn bits(v: int, range: range=) -> ;\n\nfn get sync(x: ?) -> int;\n";
        assert_eq!(
            readable(text),
            "module static;\n\n\n/// Bits.\nfn bits(v: int, range: range) -> ?;\n\nfn get sync(x: ?) -> int;\n"
        );
        let all: String = Engine::new().definitions().iter_files().map(|(_, text)| readable(&text)).collect();
        assert!(all.lines().count() > 3000, "{}", all.lines().count());
        for line in all.lines().filter(|line| line.starts_with("fn ")) {
            assert!(line.ends_with(';') && !line.ends_with("-> ;") && !line.contains('='), "{line}");
        }
    }
}
