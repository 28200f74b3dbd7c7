//! Holds the rooms inside `script`, and how far files import one another in circles.
//!
//! Read as text, as in [`crate::layers`]: a file imports another one if a `use` or a path in it leads there. Unit tests of a
//! file do not count.

use crate::layers::{blank, is_word, rust_files, words};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What is held of the inside of one module at the top.
struct Inside {
    module: &'static str,
    /// Its rooms, which are its folders and the files beside them, each with its level: a file imports only from lower levels
    /// than its own, or from its own room. None: not held.
    rooms: &'static [(&'static str, u8)],
    /// Most files that import one another in a circle.
    largest_circle: usize,
}

const INSIDES: &[Inside] = &[
    Inside {
        module: "script",
        rooms: &[
            ("errors", 0),
            ("library", 0),
            ("lock", 0),
            ("manifests", 0),
            ("members", 0),
            ("sources", 0),
            ("stack", 0),
            ("handles", 1),
            ("names", 1),
            ("language", 2),
            ("observer", 1),
            ("run", 2),
            ("diagnostics", 3),
            ("reading", 3),
            ("compile", 4),
            ("objects", 4),
            ("modules", 5),
            ("natives", 5),
            ("testing", 5),
            ("analysis", 6),
            ("inputs", 6),
            ("variables", 6),
            ("engine", 7),
            ("findings", 7),
            ("sandbox", 7),
            ("runner", 8),
            ("session", 9),
            ("reference", 10),
        ],
        largest_circle: 3,
    },
    Inside { module: "device", rooms: &[], largest_circle: 4 },
];

/// The name of the file of a module itself, which may import all of its rooms and from which none imports.
const ROOT: &str = "";

/// Modules by their paths, and which modules each imports.
type Imports = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

#[test]
fn rooms_import_only_lower_rooms() {
    let imports = imports(&sources());
    for inside in INSIDES.iter().filter(|inside| !inside.rooms.is_empty()) {
        let problems = wrong_ways(inside, &imports);
        assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
        let rooms: BTreeSet<&str> =
            imports.keys().filter(|path| path[0] == inside.module).map(|path| room(path)).collect();
        for (name, _) in inside.rooms {
            assert!(rooms.contains(name), "there is no `{name}` in `{}` any more", inside.module);
        }
    }
}

#[test]
fn circles_of_files_stay_small() {
    let imports = imports(&sources());
    for inside in INSIDES {
        let circles = circles(&imports, inside.module);
        let largest = circles.first().cloned().unwrap_or_default();
        let shown: Vec<String> = largest.iter().map(|path| path.join("/")).collect();
        assert!(
            largest.len() <= inside.largest_circle,
            "{} files of `{}` import one another, at most {} may:\n{}\n",
            largest.len(),
            inside.module,
            inside.largest_circle,
            shown.join("\n")
        );
    }
}

/// The files of the library by their modules' paths, without their unit tests, comments and strings.
fn sources() -> BTreeMap<Vec<String>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = BTreeMap::new();
    for file in rust_files(&folder) {
        let name = file.strip_prefix(&folder).expect("inside src").to_string_lossy().replace('\\', "/");
        if name.ends_with("tests.rs") || name.contains("/tests/") {
            continue;
        }
        let mut path: Vec<String> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if path.last().is_some_and(|last| last == "mod") {
            path.pop();
        }
        let mut code = blank(&fs::read_to_string(&file).expect("a source file"));
        if let Some(tests) = code.find("mod tests {") {
            code.truncate(tests);
        }
        sources.insert(path, code);
    }
    assert!(sources.len() > 100, "only {} files were read", sources.len());
    sources
}

/// Which modules each module imports.
fn imports(sources: &BTreeMap<Vec<String>, String>) -> Imports {
    let of = |(path, code): (&Vec<String>, &String)| {
        let found = uses(code).into_iter().chain(paths(code));
        let mut targets: BTreeSet<Vec<String>> = found.filter_map(|used| resolve(sources, path, &used)).collect();
        targets.remove(path);
        (path.clone(), targets)
    };
    sources.iter().map(of).collect()
}

/// The module that a path leads to, seen from the module `from`; `None` if it is one of another crate, or no module.
fn resolve(sources: &BTreeMap<Vec<String>, String>, from: &[String], used: &[String]) -> Option<Vec<String>> {
    let mut rest = used.iter().peekable();
    let mut module = match rest.peek()?.as_str() {
        "crate" => {
            rest.next();
            Vec::new()
        }
        _ => from.to_vec(),
    };
    while rest.next_if(|part| *part == "self").is_some() {}
    while rest.next_if(|part| *part == "super").is_some() {
        module.pop();
    }
    let relative = !matches!(used[0].as_str(), "crate" | "self" | "super");
    let mut deeper = false;
    while let Some(part) = rest.next_if(|part| sources.contains_key(&[&module[..], &[part.to_string()]].concat())) {
        module.push(part.clone());
        deeper = true;
    }
    let leads_somewhere = if relative { deeper } else { sources.contains_key(&module) };
    leads_somewhere.then_some(module)
}

/// The paths of all `use` declarations.
fn uses(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for index in words(code, "use") {
        let text = &code[index + "use".len()..];
        expand(&[], text[..text.find(';').unwrap_or(text.len())].trim(), &mut found);
    }
    found
}

/// The paths of a tree of a `use`, below `before`.
fn expand(before: &[String], tree: &str, found: &mut Vec<Vec<String>>) {
    let Some((head, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        let parts = path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
        found.push(before.iter().cloned().chain(parts).collect());
        return;
    };
    let head = head.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
    let before: Vec<String> = before.iter().cloned().chain(head).collect();
    let (mut depth, mut part) = (0, String::new());
    for letter in group.chars() {
        match letter {
            '}' | ',' if depth == 0 => {
                if !part.trim().is_empty() {
                    expand(&before, part.trim(), found);
                }
                part.clear();
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        part.push(letter);
    }
}

/// The paths in code of at least two parts, those of `use` declarations included.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if length > 0 {
            path.push(rest[..length].to_owned());
            rest = &rest[length..];
            match rest.strip_prefix("::") {
                Some(after) => rest = after,
                None => found.push(std::mem::take(&mut path)),
            }
        } else {
            path.clear();
            rest = &rest[first.len_utf8()..];
        }
    }
    found.retain(|path| path.len() > 1);
    found
}

/// The circles among the files of a module at the top, the largest first: files of which each leads to each other one.
fn circles(imports: &Imports, module: &str) -> Vec<BTreeSet<Vec<String>>> {
    let inside = || imports.keys().filter(|path| path[0] == module);
    let reach = |start: &Vec<String>| {
        let mut reached: BTreeSet<Vec<String>> = BTreeSet::new();
        let mut waiting = vec![start.clone()];
        while let Some(path) = waiting.pop() {
            for target in imports[&path].iter().filter(|target| target[0] == module) {
                if reached.insert(target.clone()) {
                    waiting.push(target.clone());
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> = inside().map(|path| (path, reach(path))).collect();
    let mut circles: Vec<BTreeSet<Vec<String>>> = Vec::new();
    for (path, targets) in &reached {
        let circle: BTreeSet<Vec<String>> =
            targets.iter().filter(|target| reached[target].contains(*path)).cloned().collect();
        if !circle.is_empty() && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    circles
}

/// The room of a module: its folder, or its file beside them.
fn room(path: &[String]) -> &str {
    path.get(1).map_or(ROOT, String::as_str)
}

/// What imports from a room that is not lower.
fn wrong_ways(inside: &Inside, imports: &Imports) -> Vec<String> {
    let level = |name: &str| match name {
        ROOT => Some(u8::MAX),
        name => inside.rooms.iter().find(|(known, _)| *known == name).map(|(_, level)| *level),
    };
    let mut problems = Vec::new();
    for (path, targets) in imports.iter().filter(|(path, _)| path[0] == inside.module) {
        let own = room(path);
        let Some(own_level) = level(own) else {
            problems.push(format!("src/{}: `{own}` is not in the table of rooms in {}", path.join("/"), file!()));
            continue;
        };
        for target in targets.iter().filter(|target| target[0] == inside.module && room(target) != own) {
            if level(room(target)).is_none_or(|other| other >= own_level) {
                let (from, to) = (path.join("/"), target.join("/"));
                problems.push(format!("src/{from} imports src/{to}: `{own}` may not use `{}`", room(target)));
            }
        }
    }
    problems
}

/// Imports among files that are given as path and text.
fn imports_of(files: &[(&str, &str)]) -> Imports {
    let path = |name: &str| name.split('/').map(str::to_owned).collect::<Vec<_>>();
    imports(&files.iter().map(|(name, text)| (path(name), blank(text))).collect())
}

#[test]
fn imports_are_found_however_they_are_written() {
    let files = [
        ("s", "mod a; pub use a::X;"),
        ("s/a", "use crate::{e, s::{b::{self, Y}, c as d}};"),
        ("s/b", "fn f() { super::c::g(); crate::s::r::h() } // super::a"),
        ("s/c", "use super::Z; use std::fs; let x = \"crate::s::a\"; s::a::x"),
        ("s/r", "mod i; pub(crate) use i::J; self::i::k()"),
        ("s/r/i", "use super::super::a::{\n    X,\n    V,\n};"),
        ("e", ""),
    ];
    let imports = imports_of(&files);
    let case = |name: &str, wanted: &[&str]| {
        let path: Vec<String> = name.split('/').map(str::to_owned).collect();
        let found: Vec<String> = imports[&path].iter().map(|target| target.join("/")).collect();
        assert_eq!(found, wanted, "{name}");
    };
    case("s", &["s/a"]);
    case("s/a", &["e", "s/b", "s/c"]);
    case("s/b", &["s/c", "s/r"]);
    case("s/c", &["s"]);
    case("s/r", &["s/r/i"]);
    case("s/r/i", &["s/a"]);
    let circles: Vec<usize> = circles(&imports, "s").iter().map(BTreeSet::len).collect();
    assert_eq!(circles, [6]);
}

#[test]
fn circles_and_wrong_ways_are_found() {
    let files = [
        ("s", "use crate::s::top::A;"),
        ("s/low", "use crate::s::mid::m;"),
        ("s/mid", ""),
        ("s/mid/m", "use super::n::N;"),
        ("s/mid/n", "use super::m::M;"),
        ("s/top", "use crate::s::{low, mid::m};"),
        ("s/new", ""),
        ("other", "use crate::s::top;"),
    ];
    let imports = imports_of(&files);
    let sizes: Vec<usize> = circles(&imports, "s").iter().map(BTreeSet::len).collect();
    assert_eq!(sizes, [2]);
    let inside = Inside { module: "s", rooms: &[("low", 0), ("mid", 1), ("top", 2)], largest_circle: 1 };
    let problems = wrong_ways(&inside, &imports);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert_eq!(problems[0], "src/s/low imports src/s/mid/m: `low` may not use `mid`");
    assert!(problems[1].contains("`new` is not in the table of rooms"), "{}", problems[1]);
}
