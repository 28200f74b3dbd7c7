//! The scripts of this repository: what the server reads in them, against what they are.

use super::lines::Encoding;
use super::syntax::{Form, What};
use super::world::World;
use super::{catalog, resolve, syntax};
use std::path::{Path, PathBuf};

fn scripts() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<PathBuf> = ["scripts", "scripts/openhtf", "stdlib"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rhai"))
        .collect();
    found.sort();
    assert!(found.len() > 30, "only {} scripts", found.len());
    found
}

/// Variables and functions that no table lists.
const KNOWN: &[&str] = &[
    "args",
    "station",
    "Console",
    "Device",
    "Instrument",
    "global",
    "Fn",
    "is_def_var",
    "is_def_fn",
    "type_of",
    "call",
    "curry",
];

#[test]
fn every_name_of_working_scripts_is_known() {
    let world = World::new(Encoding::Utf8, Vec::new());
    let mut unknown = Vec::new();
    for path in scripts() {
        let file = world.file(&path.to_string_lossy()).unwrap();
        for name in &file.syntax.names {
            let text = file.at(&name.at);
            let is_known = match &name.form {
                Form::Plain => {
                    file.syntax.lookup(text, name.scope, name.at.start).is_some()
                        || KNOWN.contains(&text)
                        || catalog::functions().any(|entry| entry.name == text)
                        || catalog::of_rhai().iter().any(|entry| entry.name == text)
                }
                Form::Of(alias) => alias == "global" || !resolve::declarations(&world, &file, name.at.start).is_empty(),
                _ => true,
            };
            if !is_known {
                let line = file.lines.line_of(name.at.start) + 1;
                unknown.push(format!("{}:{line}: {text}", path.display()));
            }
        }
    }
    assert!(unknown.is_empty(), "\n{}\n", unknown.join("\n"));
}

#[test]
fn every_body_of_working_scripts_is_found_and_without_mistakes() {
    let world = World::new(Encoding::Utf16, Vec::new());
    let mut count = 0;
    for path in scripts() {
        let file = world.file(&path.to_string_lossy()).unwrap();
        let is_python = |symbol: &&syntax::Symbol| {
            let class = symbol.parent.map(|class| &file.syntax.symbols[class]);
            symbol.what.is_item() && class.is_none_or(|class| !class.is_instrument)
        };
        let items = file.syntax.symbols.iter().filter(is_python).count();
        let bodies = file.syntax.bodies.iter().filter(|body| body.item.is_some()).count();
        assert_eq!(items, bodies, "{}", path.display());
        for body in &file.syntax.bodies {
            assert_eq!(super::bodies::mistake(&file.text, body), None, "{}", path.display());
        }
        count += bodies;
    }
    assert!(count > 50, "only {count} bodies");
}

#[test]
fn names_in_bodies_lead_to_their_setups() {
    let world = World::new(Encoding::Utf16, Vec::new());
    let mut unknown = Vec::new();
    for path in scripts() {
        let file = world.file(&path.to_string_lossy()).unwrap();
        for body in file.syntax.bodies.iter().filter(|body| body.item.is_some()) {
            for name in body.names.iter().filter(|name| name.how == syntax::python::Use::Read) {
                let text = file.at(&name.at);
                // Made by `globals().setdefault("name", …)`; and an exception that only CircuitPython has.
                let is_made = file.text.contains(&format!("\"{text}\"")) || text == "ConnectionError";
                let is_known = is_made
                    || catalog::at(&format!(".{text}")).is_some()
                    || catalog::IMPORTED.iter().any(|(bound, _)| *bound == text)
                    || !resolve::declarations(&world, &file, name.at.start).is_empty();
                if !is_known {
                    let line = file.lines.line_of(name.at.start) + 1;
                    unknown.push(format!("{}:{line}: {text}", path.display()));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "\n{}\n", unknown.join("\n"));
}

#[test]
fn classes_of_working_scripts_are_those_of_the_language() {
    for path in scripts() {
        let text = std::fs::read_to_string(&path).unwrap();
        let read = syntax::Syntax::new(&text);
        let is_wanted = |symbol: &&syntax::Symbol| matches!(symbol.what, What::Class | What::Function);
        let found = read.symbols.iter().filter(is_wanted).count();
        let heads = text.lines().filter(|line| {
            let line = line.strip_prefix("private ").unwrap_or(line);
            let is_class = ["device ", "instrument ", "console "].iter().any(|word| line.starts_with(word));
            line.starts_with("fn ") || is_class && line.contains('{')
        });
        assert_eq!(found, heads.count(), "{}", path.display());
    }
}
