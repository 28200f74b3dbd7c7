//! Holds the layers that `src/lib.rs` describes: a file uses only lower layers than its own, or its own.
//!
//! Read as text: comments and strings are blanked, then every path that begins with `crate::` is looked at. Besides, only
//! `script/` says rhai, and only `cli/` says clap, prints, or ends the process.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules at the top, and the layer of each.
const LAYERS: &[(&str, u8)] = &[
    ("error", 0),
    ("origin", 0),
    ("name", 0),
    ("value", 0),
    ("interrupt", 0),
    ("item", 0),
    ("phrase", 0),
    ("visible", 0),
    ("diagnostic", 0),
    ("bound", 0),
    ("extent", 0),
    ("disk", 0),
    ("python", 1),
    ("port", 1),
    ("message", 1),
    ("gate", 2),
    ("console", 2),
    ("repl", 2),
    ("board", 3),
    ("instrument", 3),
    ("modbus", 3),
    ("sync", 4),
    ("device", 4),
    ("packages", 4),
    ("bench", 4),
    ("script", 5),
    ("convert", 5),
    ("lsp", 6),
    ("cli", 7),
];

/// What `src/lib.rs` exports under the crate's own name.
const EXPORTED: &[&str] = &["Error", "Kind", "Result"];

/// Words that belong to one module: what is written, and where alone it may be.
const OWNED: &[(&str, &str)] = &[
    ("rhai", "script"),
    ("clap", "cli"),
    ("clap_complete", "cli"),
    ("clap_mangen", "cli"),
    ("ctrlc", "cli"),
    ("annotate_snippets", "cli"),
    ("indicatif", "cli"),
    ("RecommendedWatcher", "cli"),
    ("rustyline", "cli"),
    ("ureq", "packages"),
    ("lsp_server", "lsp"),
    ("lsp_types", "lsp"),
    ("println!", "cli"),
    ("eprintln!", "cli"),
    ("print!", "cli"),
    ("eprint!", "cli"),
    ("process::exit", "cli"),
];

/// What opens, reads or writes files directly, without the limits and atomic replacements of `disk`.
const OPENERS: &[&str] = &[
    "fs::read(",
    "fs::read_to_string",
    "fs::write(",
    "fs::copy(",
    "File::open",
    "File::create",
    "File::options",
    "OpenOptions::new",
    "io::stdin().read",
    "read_to_string(&mut",
    "read_to_end(&mut",
];

/// Who may, and why: a file and the opener.
const OPENS: &[(&str, &str, &str)] = &[
    ("port/sim/safety.rs", "fs::read_to_string", "the kernel's own files in /proc"),
    ("port/sim/safety.rs", "File::open", "the kernel's own files in /proc"),
    ("port/sim/symbols.rs", "File::open", "the interpreter that runs: parts of it, at places"),
    ("port/sim/install.rs", "fs::read_to_string", "the cache's own record"),
    ("port/sim/install.rs", "fs::write(", "the cache's own record, in a folder that is renamed whole"),
    ("port/sim/install.rs", "File::create", "a lock"),
    ("port/sim/flash.rs", "OpenOptions::new", "a flash: it is changed block by block"),
    ("port/sim/flash.rs", "read_to_end(&mut", "two blocks of it"),
    ("port/stream/usbtmc.rs", "File::options", "a device"),
    ("device/mount/beneath_elsewhere.rs", "OpenOptions::new", "a mounted folder: with its own guards, at places"),
    ("device/mount/handles.rs", "read_to_end(&mut", "a part of a mounted file"),
    ("sync/compile/run.rs", "read_to_end(&mut", "a program's output, with a bound"),
];

#[test]
fn only_disk_opens_files() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut problems = Vec::new();
    let mut used = vec![false; OPENS.len()];
    for path in rust_files(&source) {
        let name = path.strip_prefix(&source).expect("inside src").to_string_lossy().replace('\\', "/");
        if name.starts_with("disk/") || name.ends_with("tests.rs") || name.contains("/tests/") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        for (line, opener) in openers(&text) {
            match OPENS.iter().position(|(file, allowed, _)| *file == name && *allowed == opener) {
                Some(index) => used[index] = true,
                None => problems.push(format!("src/{name}:{line}: `{opener}`: use `crate::disk`")),
            }
        }
    }
    let unused =
        OPENS.iter().zip(used).filter(|(_, used)| !used).map(|((file, opener, _), _)| format!("{file}: {opener}"));
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
    let unused: Vec<String> = unused.collect();
    assert!(unused.is_empty(), "no longer used: {unused:?}");
}

/// What accesses the computer directly, bypassing the gate.
const REACHES: &[&str] = &[
    "fs::",
    "env::",
    "net::",
    "disk::",
    "Command::new",
    "TcpStream",
    "WalkDir",
    ".exists()",
    ".is_file()",
    ".is_dir()",
    ".metadata()",
    "canonicalize",
    "port::open",
    "unix::",
];

/// What of `script/` may, and why: a file and the word.
const REACHING: &[(&str, &str, &str)] = &[
    ("script/run/recorder.rs", "env::", "the computer's name and system, for reports"),
    ("script/natives/files.rs", "disk::", "the words of an error"),
    ("script/objects/console/mod.rs", "disk::", "the words of an error"),
    ("script/modules.rs", "disk::", "the words of an error"),
    ("script/sources.rs", "disk::", "the script that the person names; excerpts of errors, for the person"),
    ("script/natives/process.rs", "unix::", "the group of a program that the gate has let pass"),
    ("script/run/folder.rs", "WalkDir", "times of files in a folder that was synced"),
    ("script/run/folder.rs", ".metadata()", "times of files in a folder that was synced"),
    ("script/run/folder.rs", ".is_file()", "times of files in a folder that was synced"),
    ("script/manifests.rs", "WalkDir", "digests of files in a folder that was mounted"),
    ("script/manifests.rs", ".metadata()", "digests of files in a folder that was mounted"),
    ("script/manifests.rs", ".is_file()", "digests of files in a folder that was mounted"),
    ("script/inputs.rs", ".is_file()", "whether a module that was missing is there"),
];

/// Who may look at the system's clock, and why. Everything else measures time by `Instant`, which no clock jump moves.
const SYSTEM_CLOCK: &[(&str, &str)] = &[
    ("bench/date.rs", "dates of reports"),
    ("cli/terminal/transcript.rs", "dates of a transcript's lines"),
    ("cli/selftest/items.rs", "compares the board's clock"),
    ("device/clock.rs", "the board's time as a date"),
    ("disk/steady.rs", "timestamps of files"),
    ("lsp/world.rs", "timestamps of files"),
    ("script/natives/functions.rs", "the function `time`"),
    ("script/natives/random.rs", "a seed"),
    ("script/run/folder.rs", "timestamps of files"),
];

#[test]
fn nothing_waits_by_the_system_clock() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for path in rust_files(&root) {
        let code = blank(&fs::read_to_string(&path).unwrap());
        if code.contains("SystemTime") || code.contains("CLOCK_REALTIME") || code.contains("ClockId::Realtime") {
            found.push(path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"));
        }
    }
    found.sort();
    let mut allowed: Vec<&str> = SYSTEM_CLOCK.iter().map(|(file, _)| *file).collect();
    allowed.sort_unstable();
    assert_eq!(found, allowed);
}

#[test]
fn script_reaches_nothing_around_the_gate() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut problems = Vec::new();
    let mut used = vec![false; REACHING.len()];
    for path in rust_files(&source.join("script")) {
        let name = path.strip_prefix(&source).expect("inside src").to_string_lossy().replace('\\', "/");
        if name.contains("/tests") {
            continue;
        }
        for (line, word) in reaches(&fs::read_to_string(&path).expect("a source file")) {
            match REACHING.iter().position(|(file, allowed, _)| *file == name && *allowed == word) {
                Some(index) => used[index] = true,
                None => problems.push(format!("src/{name}:{line}: `{word}`: ask `crate::gate`")),
            }
        }
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
    let unused =
        REACHING.iter().zip(used).filter(|(_, used)| !used).map(|((file, word, _), _)| format!("{file}: {word}"));
    let unused: Vec<String> = unused.collect();
    assert!(unused.is_empty(), "no longer used: {unused:?}");
}

/// What reaches out in the code, up to its unit tests, each with its line.
fn reaches(text: &str) -> Vec<(usize, &'static str)> {
    let code = blank(text);
    let code = &code[..code.find("mod tests {").unwrap_or(code.len())];
    let mut found = Vec::new();
    for word in REACHES {
        for (index, _) in code.match_indices(word) {
            let before = code[..index].chars().next_back();
            // Constants of the build are no variables of the environment.
            let is_constant = code[index..].starts_with("env::consts");
            if !(is_constant || word.starts_with(is_word) && before.is_some_and(is_word)) {
                found.push((code[..index].matches('\n').count() + 1, *word));
            }
        }
    }
    found
}

#[test]
fn ways_around_the_gate_are_found() {
    let found = |text: &str| reaches(text).into_iter().map(|(_, word)| word).collect::<Vec<_>>();
    assert_eq!(found("std::fs::read(path); // fs::x"), ["fs::"]);
    assert_eq!(found("std::env::var(a); std::env::consts::OS"), ["env::"]);
    assert_eq!(found("if path.exists() { Command::new(x) }"), ["Command::new", ".exists()"]);
    assert_eq!(found("use crate::disk::read;"), ["disk::"]);
    assert!(found("offs::x; \"fs::\"; \nmod tests {\n fs::read(x)").is_empty());
}

/// The openers in the code, up to its unit tests, each with its line.
fn openers(text: &str) -> Vec<(usize, &'static str)> {
    let code = blank(text);
    let end =
        ["mod tests {", "mod properties {"].iter().filter_map(|tests| code.find(tests)).min().unwrap_or(code.len());
    let mut found = Vec::new();
    for opener in OPENERS {
        for (index, _) in code[..end].match_indices(opener) {
            // `disk::read` and `device::OpenOptions` are others.
            let before = code[..index].chars().next_back();
            if !before.is_some_and(is_word) {
                found.push((code[..index].matches('\n').count() + 1, *opener));
            }
        }
    }
    found
}

#[test]
fn openers_are_found() {
    let found = |text: &str| openers(text).into_iter().map(|(_, opener)| opener).collect::<Vec<_>>();
    assert_eq!(found("std::fs::read(path)"), ["fs::read("]);
    assert_eq!(found("use std::fs::{File, self};\nlet a = File::open(x); // fs::read(y)"), ["File::open"]);
    assert_eq!(found("io::stdin().read_to_string(&mut a)"), ["io::stdin().read", "read_to_string(&mut"]);
    assert!(found("disk::read(path, 4); fs::read_dir(x); \nmod tests {\n fs::read(x)").is_empty());
}

#[test]
fn every_file_uses_only_lower_layers() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut problems = Vec::new();
    let mut count = 0;
    for path in rust_files(&source) {
        let name = path.strip_prefix(&source).expect("inside src").to_string_lossy().replace('\\', "/");
        if matches!(name.as_str(), "lib.rs" | "main.rs") {
            continue;
        }
        count += 1;
        problems.extend(check(&name, &fs::read_to_string(&path).expect("a source file")));
    }
    assert!(count > 10, "only {count} files were read");
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What is wrong with one file; `name` is its path below `src`.
fn check(name: &str, text: &str) -> Vec<String> {
    let module = name.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    let Some(own) = layer(module) else {
        return vec![format!("src/{name}: `{module}` is not in the table of layers in tests/library/layers.rs")];
    };
    let code = blank(text);
    let line_of = |index: usize| code[..index].matches('\n').count() + 1;
    let shown = |index: usize| text.lines().nth(line_of(index) - 1).unwrap_or_default().trim();
    let mut problems = Vec::new();
    for (index, used) in crate_paths(&code) {
        let place = format!("src/{name}:{}: `{}`", line_of(index), shown(index));
        match layer(&used) {
            _ if EXPORTED.contains(&used.as_str()) => {}
            None => {
                problems.push(format!("{place}: `{used}` is not in the table of layers in tests/library/layers.rs"))
            }
            Some(other) if other > own => {
                problems.push(format!("{place}: `{module}` (layer {own}) may not use `{used}` (layer {other})"));
            }
            Some(_) => {}
        }
    }
    for (word, owner) in OWNED.iter().filter(|(_, owner)| *owner != module) {
        for index in words(&code, word) {
            let place = format!("src/{name}:{}: `{}`", line_of(index), shown(index));
            problems.push(format!("{place}: only `{owner}` may say `{word}`"));
        }
    }
    problems
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The places of `word` as a whole word.
pub(crate) fn words(code: &str, word: &str) -> Vec<usize> {
    let alone = |index: &usize| {
        let before = code[..*index].chars().next_back();
        let after = code[index + word.len()..].chars().next();
        !(before.is_some_and(is_word) || word.ends_with(is_word) && after.is_some_and(is_word))
    };
    code.match_indices(word).map(|(index, _)| index).filter(alone).collect()
}

/// The first names after `crate::`, each with its place; of `crate::{a::b, c}` those are `a` and `c`.
fn crate_paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for index in words(code, "crate") {
        let Some(rest) = code[index + "crate".len()..].trim_start().strip_prefix("::") else { continue };
        let rest = rest.trim_start();
        match rest.strip_prefix('{') {
            None => found.push((index, first_name(rest))),
            Some(group) => found.extend(group_names(group).into_iter().map(|name| (index, name))),
        }
    }
    found
}

fn first_name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| is_word(*c)).collect()
}

/// The first name of each part of a `use` group, up to its closing brace.
fn group_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut part = 0;
    for (index, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                names.push(first_name(&group[part..index]));
                part = index + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The code with comments, strings and characters as blanks: same length in bytes, same lines.
pub(crate) fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let rest = &text[index..];
        let fresh = !text[..index].chars().next_back().is_some_and(is_word);
        let skipped = match bytes[index] {
            b'/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => block_comment(rest),
            b'"' => string(rest),
            b'r' | b'b' | b'c' if fresh => prefixed_string(rest),
            b'\'' => character(rest),
            _ => 0,
        };
        if skipped == 0 {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            out.extend_from_slice(&bytes[index..index + length]);
            index += length;
        } else {
            out.extend(bytes[index..index + skipped].iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }));
            index += skipped;
        }
    }
    String::from_utf8(out).expect("whole characters")
}

/// The length of a block comment, which may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut index = 0;
    while index < text.len() {
        let rest = &text.as_bytes()[index..];
        match rest {
            [b'/', b'*', ..] => (depth, index) = (depth + 1, index + 2),
            [b'*', b'/', ..] => (depth, index) = (depth - 1, index + 2),
            _ => index += 1,
        }
        if depth == 0 {
            break;
        }
    }
    index
}

/// The length of a string literal that begins with its quote.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `c"…"`; 0 if it is a name.
fn prefixed_string(text: &str) -> usize {
    let prefix = text.bytes().take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count();
    let hashes = text.bytes().skip(prefix).take_while(|byte| *byte == b'#').count();
    let start = prefix + hashes;
    if prefix > 2 || text.as_bytes().get(start) != Some(&b'"') {
        return 0;
    }
    if !text[..prefix].contains('r') {
        return if hashes == 0 { start + string(&text[start..]) } else { 0 };
    }
    let end = format!("\"{}", "#".repeat(hashes));
    text[start + 1..].find(&end).map_or(text.len(), |index| start + 1 + index + end.len())
}

/// The length of a character literal; 0 if it is a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text[3.min(text.len())..].find('\'').map_or(0, |index| index + 4),
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(index, _)| index + 1),
        None => 0,
    }
}

#[test]
fn uses_of_higher_layers_are_found() {
    let case = |name: &str, text: &str, expected: &[&str]| {
        let problems = check(name, text);
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, part) in problems.iter().zip(expected) {
            assert!(problem.contains(part), "{part} is not in {problem}");
        }
    };
    case("port/serial.rs", "use crate::error::Error;\nuse crate::python::x;\nuse super::Wait;", &[]);
    case(
        "port/serial.rs",
        "\n  use crate::script::Runner;",
        &["src/port/serial.rs:2: `use crate::script::Runner;`: `port` (layer 1) may not use `script` (layer 5)"],
    );
    case("error.rs", "fn f() { crate::port::open() }", &["`error` (layer 0) may not use `port` (layer 1)"]);
    case(
        "repl/mod.rs",
        "use crate::{error::{Error, Kind}, board, cli::{x, y}};",
        &["`board` (layer 3)", "`cli` (layer 7)"],
    );
    case("repl/mod.rs", "use crate :: { Error, Result };", &[]);
    case("bench/mod.rs", "use crate::gizmo::X;", &["src/bench/mod.rs:1", "`gizmo` is not in the table"][1..]);
    case("gizmo/mod.rs", "", &["`gizmo` is not in the table"]);
    case("board/mod.rs", "pub(crate) fn f() {} // crate::cli\n/* crate::script /* */ crate::cli */", &[]);
    case(
        "board/mod.rs",
        "let a = \"\\\" crate::cli\"; let b = r#\"\" crate::cli\"#; let c = '\"'; crate::cli::x",
        &["cli"],
    );
    case("board/mod.rs", "fn f<'a>(x: &'a str) { let q = '\\''; crate::cli::x(\"é\") }", &["layer 7"]);
}

#[test]
fn words_of_one_module_are_found_elsewhere() {
    let count = |name: &str, text: &str| check(name, text).len();
    assert_eq!(count("device/mod.rs", "use rhai::Engine;"), 1);
    assert_eq!(count("script/mod.rs", "use rhai::Engine;"), 0);
    assert_eq!(count("device/mod.rs", "let rhaiish = 1; // rhai\nlet a = \"a.rhai\";"), 0);
    assert_eq!(count("script/mod.rs", "use clap::Parser;"), 1);
    assert_eq!(count("port/mod.rs", "println!(); eprintln!(); std::process::exit(1)"), 3);
    assert_eq!(count("cli/mod.rs", "println!(); eprintln!(); std::process::exit(1)"), 0);
    assert_eq!(
        check("port/mod.rs", "\n\nprintln!(\"x\")"),
        ["src/port/mod.rs:3: `println!(\"x\")`: only `cli` may say `println!`"]
    );
}
