//! Tests the editors' files without the editors.

use super::*;
use serde_json::Value;
use std::collections::BTreeSet;

fn text(kind: EditorKind, name: &str) -> String {
    files(kind).into_iter().find(|file| file.0 == name).unwrap_or_else(|| panic!("no {name}")).1
}

fn json(name: &str) -> Value {
    serde_json::from_str(&text(EditorKind::Vscode, name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Calls `look` for every object within a value.
fn each<'v>(value: &'v Value, look: &mut impl FnMut(&'v serde_json::Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            look(map);
            map.values().for_each(|value| each(value, look));
        }
        Value::Array(items) => items.iter().for_each(|value| each(value, look)),
        _ => {}
    }
}

/// The number of groups of a pattern, or what is wrong with it. Assertions, which the parser does not know, become
/// groups without a number.
fn groups(pattern: &str) -> Result<usize, String> {
    let mut plain = pattern.replace("\\G", "").replace("\\1", "");
    for assertion in ["(?<=", "(?<!", "(?=", "(?!"] {
        plain = plain.replace(assertion, "(?:");
    }
    let mut parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build();
    let parsed = parser.parse(&plain).map_err(|error| format!("{pattern}: {error}"))?;
    Ok(parsed.properties().explicit_captures_len())
}

/// Files that only the development of an extension needs.
const OF_DEVELOPERS: &[&str] = &["build.mjs", "package-lock.json", "tsconfig.json", ".vscodeignore", "LICENSE"];

#[test]
fn every_file_for_users_is_embedded() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("editors");
    for (folder, embedded) in [("vscode", VSCODE), ("vim", VIM), ("neovim", NEOVIM), ("helix", HELIX), ("zed", ZED)] {
        let folder = root.join(folder);
        // What a build leaves in the folder.
        let is_built = |entry: &walkdir::DirEntry| {
            ["node_modules", "dist", "target"].iter().any(|name| entry.file_name() == *name)
        };
        let found = walkdir::WalkDir::new(&folder).into_iter().filter_entry(|entry| !is_built(entry));
        let found = found.map(Result::unwrap).filter(|entry| entry.file_type().is_file());
        let found: BTreeSet<String> = found
            .map(|entry| entry.path().strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/"))
            .filter(|path| !OF_DEVELOPERS.contains(&path.as_str()) && !path.ends_with(".vsix"))
            .filter(|path| path != "Cargo.lock")
            .collect();
        assert_eq!(found, embedded.iter().map(|file| file.0.to_owned()).collect(), "{}", folder.display());
    }
}

#[test]
fn versions_are_those_of_the_program() {
    for (kind, name) in [(EditorKind::Zed, "Cargo.toml"), (EditorKind::Zed, "extension.toml")] {
        let text = text(kind, name);
        assert!(text.contains(&format!("version = \"{}\"", env!("CARGO_PKG_VERSION"))), "{name}");
    }
}

#[test]
fn the_written_extension_needs_no_build() {
    let package = json("package.json");
    let main = package["main"].as_str().unwrap().strip_prefix("./").unwrap();
    let source = text(EditorKind::Vscode, main);
    for part in source.split("require(\"./").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        text(EditorKind::Vscode, &format!("src/{part}.js"));
    }
}

#[test]
fn the_extension_names_existing_files() {
    let package = json("package.json");
    assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
    let language = &package["contributes"]["languages"][0];
    let grammar = &package["contributes"]["grammars"][0];
    assert_eq!((&language["extensions"][0], &grammar["language"]), (&".rhai".into(), &language["id"]));
    for path in [&language["configuration"], &grammar["path"]] {
        json(path.as_str().unwrap().strip_prefix("./").unwrap());
    }
    assert_eq!(json("syntaxes/rhai.tmLanguage.json")["scopeName"], grammar["scopeName"]);
    assert_eq!(grammar["embeddedLanguages"]["meta.embedded.block.python"], "python");
}

#[test]
fn the_grammar_is_valid() {
    let grammar = json("syntaxes/rhai.tmLanguage.json");
    let defined: BTreeSet<String> = grammar["repository"].as_object().unwrap().keys().cloned().collect();
    let mut used = BTreeSet::new();
    let mut patterns = 0;
    let mut python = 0;
    each(&grammar, &mut |rule| {
        for key in ["match", "begin", "end", "while"] {
            let Some(pattern) = rule.get(key).and_then(Value::as_str) else { continue };
            patterns += 1;
            let groups = groups(pattern).unwrap_or_else(|fault| panic!("{fault}"));
            let captures = match key {
                "match" => rule.get("captures"),
                other => rule.get(&format!("{other}Captures")),
            };
            for number in captures.and_then(Value::as_object).into_iter().flat_map(|map| map.keys()) {
                assert!(number.parse::<usize>().unwrap() <= groups, "{pattern} has no group {number}");
            }
        }
        assert_eq!(rule.contains_key("begin"), rule.contains_key("end") || rule.contains_key("while"), "{rule:?}");
        match rule.get("include").and_then(Value::as_str) {
            Some("source.python") => python += 1,
            Some(name) => drop(used.insert(name.strip_prefix('#').expect("a rule of this grammar").to_owned())),
            None => {}
        }
    });
    assert_eq!(used, defined, "rules that are used, and those that are there");
    assert!(patterns > 50 && python == 10, "{patterns} patterns, Python in {python} places");
    assert!(groups("(a").is_err() && groups("[").is_err());
    assert_eq!(groups("(?<=a)b\\G(c|\\(d)(?!`)"), Ok(1));
}

#[test]
fn the_options_of_items_are_all_coloured() {
    use crate::device::class::{ItemKind, ItemOptions};
    let grammar = text(EditorKind::Vscode, "syntaxes/rhai.tmLanguage.json");
    let known = grammar.split("(minify|").nth(1).and_then(|rest| rest.split(')').next()).unwrap();
    for kind in [ItemKind::Setup, ItemKind::Task, ItemKind::Thread, ItemKind::Teardown] {
        for name in ItemOptions::names(kind) {
            assert!(format!("minify|{known}").split('|').any(|word| word == *name), "{name}");
        }
        for text in [&grammar, &text(EditorKind::Vim, "syntax/rhai.vim")] {
            assert!(text.contains(kind.word()), "{kind}");
        }
    }
}

#[test]
fn vim_links_every_group_that_it_defines() {
    let syntax = text(EditorKind::Vim, "syntax/rhai.vim");
    let groups = |prefix: &str| -> BTreeSet<String> {
        let lines = syntax.lines().filter_map(|line| line.strip_prefix(prefix));
        lines.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect()
    };
    let defined: BTreeSet<String> =
        ["syntax keyword ", "syntax match ", "syntax region "].iter().flat_map(|prefix| groups(prefix)).collect();
    // These groups have no highlighting.
    let bare =
        ["rhaiBlock", "rhaiBody", "rhaiDeviceBlock", "rhaiInterpolation", "rhaiItemParameters", "rhaiParameterGroup"];
    let mut linked = groups("highlight default link ");
    // Names of quotes and brackets that a region gives its ends.
    assert!(linked.remove("rhaiQuote") && linked.remove("rhaiDelimiter"));
    linked.extend(bare.map(str::to_owned));
    assert_eq!(linked, defined);
    for name in ["ftdetect/rhai.vim", "ftplugin/rhai.vim", "indent/rhai.vim"] {
        assert!(text(EditorKind::Vim, name).ends_with('\n'), "{name}");
    }
}
