//! Edits: large documents, late and cancelled requests, random changes.

use super::client::{Client, position, range};
use crate::support::extent;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

/// A script of 2 000 lines: classes, functions, tests, with their uses.
fn large() -> String {
    let mut text = String::from("import \"std/assert\" as assert;\n");
    for number in 0.. {
        let part = format!(
            "/// Bench {number}.\ndevice Bench{number} {{\n    setup init{number}(pin = {number}) autoinit `\n        \
             from machine import Pin\n        led = Pin(pin)\n    `\n    /// Reads.\n    task read{number}(ch, n = 8) `\n        \
             led.toggle()\n        return sum(ch for _ in range(n))\n    `\n    method volts{number} |ch| {{ this.read{number}(ch) * 3.3 }}\n}}\n\
             fn sum{number}(values) {{\n    let total = 0;\n    for value in values {{ total += value; }}\n    total\n}}\n\
             test \"number {number}\" {{\n    let bench = Bench{number}.open(\"sim\");\n    \
             assert::equal(sum{number}([bench.read{number}(1), 2]), 10);\n}}\n"
        );
        if text.lines().count() + part.lines().count() > 2000 {
            return text;
        }
        text.push_str(&part);
    }
    text
}

/// A generous bound for a debug build on a loaded machine; a release build answers in under 30 ms.
const SLOWEST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 5000 } else { 30 });

#[test]
fn edits_of_2000_lines_are_answered_at_once() {
    let mut client = Client::new();
    let text = large();
    let last = text.lines().count();
    client.open("a.rhai", &text);
    client.diagnostics("a.rhai", 1);
    let typed = "\nlet bench = Bench3.open();\nbench.";
    let mut slowest: Vec<(&str, Duration)> = Vec::new();
    let mut version = 1;
    let (mut line, mut column) = (last, 0);
    let methods = [
        "textDocument/completion",
        "textDocument/hover",
        "textDocument/signatureHelp",
        "textDocument/definition",
        "textDocument/documentSymbol",
        "textDocument/foldingRange",
        "textDocument/semanticTokens/full",
        "textDocument/codeLens",
        "textDocument/documentHighlight",
    ];
    for (number, letter) in typed.chars().enumerate() {
        version += 1;
        client.change("a.rhai", version, Some(range((line, column), (line, column))), &letter.to_string());
        (line, column) = if letter == '\n' { (line + 1, 0) } else { (line, column + 1) };
        let method = methods[number % methods.len()];
        let begun = Instant::now();
        let uri = client.uri("a.rhai");
        let found =
            client.request(method, json!({ "textDocument": { "uri": uri }, "position": position(line, column) }));
        slowest.push((method, begun.elapsed()));
        assert!(found.get("error").is_none(), "{method}: {found}");
    }
    let found = client.at("textDocument/completion", "a.rhai", (line, column));
    assert!(found.as_array().unwrap().iter().any(|item| item["label"] == "read3"), "the task is offered");
    let begun = Instant::now();
    client.change("a.rhai", version + 1, Some(range((line, column), (line, column))), "read3(1);");
    let found = client.diagnostics("a.rhai", version + 1);
    eprintln!("diagnostics after {:?}", begun.elapsed());
    assert_eq!(found, Vec::<Json>::new());
    slowest.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    eprintln!("{:?}", &slowest[..4]);
    let (method, time) = slowest[0];
    assert!(time < SLOWEST, "{method} took {time:?}");
}

#[test]
fn cancelled_requests_are_refused_and_late_ones_answered_in_order() {
    let mut client = Client::new();
    client.open("a.rhai", &large());
    let document = json!({ "uri": client.uri("a.rhai") });
    // The first ones keep the server busy, so that the last ones wait.
    let asked: Vec<i64> =
        (0..50).map(|_| client.ask("textDocument/semanticTokens/full", json!({ "textDocument": document }))).collect();
    client.change("a.rhai", 2, None, "let a = 1;");
    let late = client.ask("textDocument/documentSymbol", json!({ "textDocument": document }));
    let (cancelled, kept) = (asked[49], asked[48]);
    client.notify("$/cancelRequest", json!({ "id": cancelled }));
    client.notify("$/cancelRequest", json!({ "id": 99999 }));
    client.notify("$/cancelRequest", json!({ "id": "a text" }));
    let refused = client.answer(cancelled);
    // It may have had its turn before it was cancelled.
    assert!(refused["error"]["code"] == -32800 || refused["data"].is_array(), "{refused}");
    assert!(client.answer(kept)["data"].as_array().unwrap().len() > 5000, "of the text before the change");
    assert_eq!(client.answer(late)[0]["name"], "a", "of the text after the change");
    assert_eq!(client.leave(), Some(0));
}

/// Pieces of scripts, broken and whole.
const PIECES: &[&str] = &[
    "device A {\n",
    "task t(a, b = 1) `\n  return a\n`\n",
    "`",
    "``",
    "${",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "#\"",
    "'",
    "let x = A.open();\n",
    "x.t(1);\n",
    "x.",
    "::",
    "import \"std/stats\" as s;\n",
    "s::",
    "fn f(a) { a }\n",
    "é🐍",
    "\r\n",
    "\r",
    "\n",
    "/*",
    "*/",
    "// c\n",
    "test \"t\" {",
    "group \"g\" {",
    "method m |a| {",
    "|",
    ";",
    "\u{feff}",
    "\0",
    "for i in ",
    "0..",
];

#[test]
fn random_edits_never_end_the_server() {
    let mut client = Client::new();
    client.open("a.rhai", "");
    let mut version = 1;
    let edit = (0_usize..12, 0_usize..30, 0_usize..3, 0_usize..12, prop::sample::select(PIECES));
    let edits = prop::collection::vec(edit, 1..12);
    let mut runner = TestRunner::new(Config {
        cases: 40 / extent::one_of("edits") as u32,
        failure_persistence: None,
        ..Config::default()
    });
    let client_cell = std::cell::RefCell::new((&mut client, &mut version));
    let result = runner.run(&edits, |edits| {
        let mut guard = client_cell.borrow_mut();
        let (client, version) = &mut *guard;
        for (line, column, lines, columns, text) in edits {
            **version += 1;
            let changed = range((line, column), (line + lines, column + columns));
            client.change("a.rhai", **version, Some(changed), text);
            for method in ["completion", "hover", "signatureHelp", "definition", "documentHighlight", "prepareRename"] {
                let found = client.at(&format!("textDocument/{method}"), "a.rhai", (line, column + text.len()));
                prop_assert!(found["error"]["code"] != -32603, "{method}: {found}");
            }
            for method in ["documentSymbol", "foldingRange", "semanticTokens/full", "codeLens"] {
                let found = client.about(&format!("textDocument/{method}"), "a.rhai");
                prop_assert!(found.get("error").is_none(), "{method}: {found}");
            }
        }
        Ok(())
    });
    result.unwrap();
    client.diagnostics("a.rhai", version);
    // Without a defect on the way.
    assert_eq!(client.leave(), Some(0));
}
