//! Code lenses: "run" above a script, "test" above each test.
//!
//! Invariant: the server runs nothing; the editor's extension executes the commands.

use super::syntax::{Symbol, What};
use super::world::File;
use crate::bench::select::COMPUTED;
use lsp_types::{CodeLens, Command, Position, Range, Uri};
use serde_json::{Value as Json, json};

/// Runs the script: the URI is its argument.
pub const RUN: &str = "belay-script.run";

/// Runs a test: the script's URI, and the test's name after those of its groups.
pub const TEST: &str = "belay-script.test";

/// The lenses of a document.
pub fn lenses(file: &File, uri: &Uri) -> Vec<CodeLens> {
    let lens = |range: Range, title: &str, command: &str, arguments: Vec<Json>| CodeLens {
        range,
        command: Some(Command { title: title.to_owned(), command: command.to_owned(), arguments: Some(arguments) }),
        data: None,
    };
    if file.syntax.tokens.is_empty() {
        return Vec::new();
    }
    let top = Range::new(Position::new(0, 0), Position::new(0, 0));
    let mut found = vec![lens(top, "run", RUN, vec![json!(uri)])];
    let tests = file.syntax.symbols.iter().filter(|symbol| symbol.what == What::Test);
    let tests = tests.filter(|test| !path(file, test).is_empty());
    found.extend(
        tests.map(|test| lens(file.range(&test.whole), "test", TEST, vec![json!(uri), json!(path(file, test))])),
    );
    found
}

/// The name of a test after those of its groups, as `-k` compares it; of a computed name, the part that is known.
fn path(file: &File, test: &Symbol) -> String {
    let mut names = vec![test.name.as_str()];
    let mut parent = test.parent;
    while let Some(group) = parent.map(|parent| &file.syntax.symbols[parent]).filter(|_| names.len() < 64) {
        names.push(&group.name);
        parent = group.parent;
    }
    names.reverse();
    let path = names.join(" / ");
    path.split(COMPUTED).next().unwrap_or_default().to_owned()
}
