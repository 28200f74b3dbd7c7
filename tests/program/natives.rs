//! Every function of Rhai and of belay-script with hostile arguments: huge, negative, not a number, deep. A call may fail, and
//! may want too much memory or time; the program ends properly then, and soon.
//!
//! The functions are those of `belay-script definitions`, so that a new one is tried without being named here.

use crate::bounds::measure;
use crate::support::command::Program;
use crate::support::extent;
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

/// Calls of a signature.
const CALLS: usize = 5;

/// Functions that are not called: they wait for a person or a time, open boards, or are not part of the language.
const LEFT_OUT: &[&str] =
    &["sleep", "exit", "open", "ask", "confirm", "instruct", "list_devices", "eval", "print", "debug"];

const PRELUDE: &str = r#"
let MAX = 9223372036854775807; let MIN = -MAX - 1; let NAN = 0.0 / 0.0; let INF = 1.0 / 0.0;
let BIG = ""; BIG.pad(600000, "ab "); let MANY = []; MANY.pad(50000, 7); let BLOB = blob(600000, 65);
let MAP = #{}; for i in 0..2000 { MAP["k" + i] = i; }
let DEEP = []; for i in 0..200 { DEEP = [DEEP]; }
let DEEP_MAP = #{}; for i in 0..200 { DEEP_MAP = #{ a: DEEP_MAP }; }
let CHAIN = || 1; for i in 0..2000 { let inner = CHAIN; CHAIN = || inner; }
"#;

/// Values of a type, as it is called in definitions.
fn values(kind: &str) -> &'static [&'static str] {
    match kind {
        "int" => &["MAX", "MIN", "-1", "0", "4294967296", "3"],
        "float" => &["NAN", "INF", "-INF", "1e300", "1e-300", "0.0"],
        "string" | "String" => &["BIG", "\"\"", "\"\\u202e\u{e9}\\n\"", "\"a\""],
        "array" | "Array" => &["MANY", "DEEP", "[]", "[1.5, \"x\", [], #{}]"],
        "blob" | "Blob" => &["BLOB", "blob()", "blob(3)"],
        "range" | "Range<int>" | "Range<int >" | "RangeInclusive<int>" => &["0..MAX", "MIN..MAX", "5..2", "-5..=MAX"],
        "Fn" | "FnPtr" => &["|x| x", "|a, b| a", "|| ()", "CHAIN", "|a| throw a"],
        "char" => &["'a'", "'\\U0010ffff'"],
        "bool" => &["true", "false"],
        "map" | "Map" => &["MAP", "DEEP_MAP", "#{}", "#{ a: 1 }"],
        "?" => &["MAX", "NAN", "BIG", "MANY", "DEEP", "MAP", "()", "BLOB", "|x| x", "0..MAX", "CHAIN", "DEEP_MAP"],
        _ => &[],
    }
}

/// Name and types of the parameters of a line of a definition file.
fn signature(line: &str) -> Option<(String, Vec<String>)> {
    let line = line.trim();
    let rest = line.strip_prefix("fn ").or(line.strip_prefix("op "))?;
    let (name, rest) = rest.split_once('(')?;
    let (parameters, _) = rest.rsplit_once(')')?;
    let parameters = parameters.rsplit_once(") ->").map_or(parameters, |(parameters, _)| parameters);
    let of = |parameter: &str| {
        parameter.rsplit(':').next().unwrap_or_default().trim().trim_start_matches("&mut ").to_owned()
    };
    let types = parameters.split(',').filter(|text| !text.trim().is_empty()).map(of).collect();
    Some((name.trim().to_owned(), types))
}

/// The statement with a function or operator and the variables `x0`, `x1` …
fn call(name: &str, count: usize) -> Option<String> {
    let operator = name == "in" || !name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ' '));
    let arguments: Vec<String> = (0..count).map(|index| format!("x{index}")).collect();
    let assigns = operator && name.ends_with('=') && !["==", "!=", "<=", ">="].contains(&name);
    match (name.split_once(' '), operator, count) {
        (Some(("get", property)), ..) => Some(format!("let r = x0.{property};")),
        (Some(_), ..) => None,
        (None, true, 1) => Some(format!("let r = {name}x0;")),
        (None, true, 2) if assigns => Some(format!("x0 {name} x1;")),
        (None, true, 2) => Some(format!("let r = x0 {name} x1;")),
        (None, true, _) => None,
        (None, false, _) => Some(format!("let r = {name}({});", arguments.join(", "))),
    }
}

/// Calls of every function, as statements.
fn calls(definitions: &BTreeSet<(String, Vec<String>)>) -> Vec<String> {
    let mut statements = Vec::new();
    for (name, types) in definitions {
        let kinds: Vec<&[&str]> = types.iter().map(|kind| values(kind)).collect();
        let Some(call) = call(name, types.len()) else { continue };
        if LEFT_OUT.contains(&name.as_str()) || kinds.iter().any(|kinds| kinds.is_empty()) {
            continue;
        }
        for turn in 0..if types.is_empty() { 1 } else { CALLS } {
            // Neighbouring parameters step through their values differently, so that combinations vary.
            let set = kinds.iter().enumerate().map(|(index, kinds)| {
                let value = kinds[(turn * (index + 1) + index) % kinds.len()];
                format!("let x{index} = {value};")
            });
            statements.push(format!("{} {call}", set.collect::<Vec<_>>().join(" ")));
        }
    }
    statements
}

#[test]
fn no_native_hangs_or_aborts() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    assert_eq!(Program::new().args(["definitions", "d"]).outcome_in(root).status, Some(0));
    let mut definitions = BTreeSet::new();
    for file in ["__static__", "__builtin__", "__builtin-operators__", "__belay-script__"] {
        let text = fs::read_to_string(root.join(format!("d/{file}.d.rhai"))).unwrap();
        definitions.extend(text.lines().filter_map(signature));
    }
    let calls = calls(&definitions);
    assert!(calls.len() > 2000, "{}", calls.len());
    let calls: Vec<String> = calls.into_iter().step_by(extent::one_of("natives")).collect();
    let mut next = 0;
    let mut ended = Vec::new();
    while next < calls.len() {
        let mut script = PRELUDE.to_owned();
        for (number, call) in calls.iter().enumerate().skip(next) {
            script.push_str(&format!("append_file(\"at\", \"{number}\\n\"); try {{ {call} }} catch {{ }}\n"));
        }
        fs::write(root.join("n.rhai"), script).unwrap();
        let run = measure(root, &["run", "n.rhai", "--no-check", "--timeout", "20", "--max-memory", "256m"]);
        let text = fs::read_to_string(root.join("at")).unwrap_or_else(|_| panic!("{}", run.stderr));
        let at: usize = text.lines().last().and_then(|line| line.parse().ok()).expect("a number");
        let soon = run.took < Duration::from_secs(30) && run.peak < 1000;
        // Remarks come first.
        let proper = run.status == Some(0) || run.status == Some(1) && run.stderr.contains("error: the ");
        assert!(
            proper && soon,
            "{:?} after {:?}, {} MiB: {}\n{}",
            run.status,
            run.took,
            run.peak,
            calls[at],
            run.stderr
        );
        if run.status == Some(0) {
            break;
        }
        ended.push(calls[at].clone());
        next = at + 1;
    }
    // A run that ends at a call is the exception.
    assert!(ended.len() < 30, "{ended:#?}");
}

/// Nested values of a script are released at its end, however deep, and its teardowns run.
#[test]
fn deep_chains_are_released() {
    let folder = tempfile::tempdir().unwrap();
    let bench = "device Bench { teardown off() `print('off')` }\nlet bench = Bench.open();\n";
    for (name, chain) in [
        ("closures", "let f = || 1; for i in 0..300000 { let g = f; f = || g; } f = (); print(\"released\");"),
        ("at_the_end", "let f = || 1; for i in 0..300000 { let g = f; f = || g; } print(\"released\");"),
        (
            "in_a_thread",
            "parallel([|| { let f = || 1; for i in 0..300000 { let g = f; f = || g; } }]); print(\"released\");",
        ),
        ("arrays", "let a = []; for i in 0..5000 { a = [take(a)]; } print(\"released\");"),
        ("maps", "let a = #{}; for i in 0..5000 { a = #{ a: take(a) }; } print(\"released\");"),
    ]
    .into_iter()
    .step_by(extent::one_of("chains"))
    {
        fs::write(folder.path().join("a.rhai"), format!("{bench}{chain}")).unwrap();
        let outcome = Program::new().args(["run", "a.rhai", "-p", "sim"]).outcome_in(folder.path());
        assert_eq!((&*outcome.stdout, outcome.status), ("released\noff\r\n", Some(0)), "{name}: {}", outcome.stderr);
    }
}
