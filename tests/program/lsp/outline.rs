//! Symbols, folding, semantic tokens, code lenses.

use super::client::Client;
use serde_json::{Value as Json, json};

const SCRIPT: &str = "import \"std/assert\" as assert;\n// One.\n// Two.\ndevice Bench {\n    setup init() autoinit `\n        \
    x = 1  # é🐍\n    `\n    task read(ch) `return x + ch`\n}\nlet bench = Bench.open();\n\
    group \"supply\" {\n    test \"is \" {\n        assert::equal(bench.read(1), 2);\n    }\n}\ntest \"alone\" { }\n";

#[test]
fn the_outline_is_a_tree_or_a_list() {
    let names = |symbols: &Json| -> Vec<String> {
        symbols.as_array().unwrap().iter().map(|symbol| symbol["name"].as_str().unwrap().to_owned()).collect()
    };
    let tree = json!({ "textDocument": { "documentSymbol": { "hierarchicalDocumentSymbolSupport": true } } });
    let mut client = Client::with(tree);
    client.open("a.rhai", SCRIPT);
    let found = client.about("textDocument/documentSymbol", "a.rhai");
    assert_eq!(names(&found), ["assert", "Bench", "bench", "supply", "alone"]);
    assert_eq!(names(&found[1]["children"]), ["init", "read"]);
    assert_eq!(found[1]["children"][1]["detail"], "task read(ch)");
    assert_eq!(found[1]["range"]["end"], json!({ "line": 8, "character": 1 }));
    assert_eq!(names(&found[3]["children"]), ["is "]);
    let mut client = Client::new();
    client.open("a.rhai", SCRIPT);
    let found = client.about("textDocument/documentSymbol", "a.rhai");
    assert_eq!(found[2]["containerName"], "Bench", "{found}");
}

#[test]
fn blocks_bodies_and_comments_fold() {
    let mut client = Client::new();
    client.open("a.rhai", SCRIPT);
    let found = client.about("textDocument/foldingRange", "a.rhai");
    let mut lines: Vec<(u64, u64)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|range| (range["startLine"].as_u64().unwrap(), range["endLine"].as_u64().unwrap()))
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, [(1, 2), (3, 7), (4, 5), (10, 13), (11, 12)]);
}

/// The tokens of a document with their texts.
fn decoded(client: &Client, found: &Json, text: &str) -> Vec<(String, String)> {
    let kinds = &client.greeting["capabilities"]["semanticTokensProvider"]["legend"]["tokenTypes"];
    let data: Vec<usize> = found["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|number| usize::try_from(number.as_u64().unwrap()).unwrap())
        .collect();
    let lines: Vec<Vec<u16>> = text.split('\n').map(|line| line.encode_utf16().collect()).collect();
    let (mut line, mut column) = (0, 0);
    let mut shown = Vec::new();
    for token in data.chunks(5) {
        column = if token[0] == 0 { column + token[1] } else { token[1] };
        line += token[0];
        let written = String::from_utf16(&lines[line][column..column + token[2]]).expect("whole characters");
        shown.push((kinds[token[3]].as_str().unwrap().to_owned(), written));
    }
    shown
}

#[test]
fn tokens_are_those_of_the_script_and_of_python() {
    let mut client = Client::new();
    client.open("a.rhai", SCRIPT);
    let found = client.about("textDocument/semanticTokens/full", "a.rhai");
    let shown = decoded(&client, &found, SCRIPT);
    for wanted in [
        ("keyword", "import"),
        ("string", "\"std/assert\""),
        ("namespace", "assert"),
        ("comment", "// One."),
        ("keyword", "device"),
        ("class", "Bench"),
        ("keyword", "setup"),
        ("property", "autoinit"),
        ("comment", "# é🐍"),
        ("keyword", "return"),
        ("parameter", "ch"),
        ("method", "read"),
        ("number", "1"),
        ("function", "equal"),
        ("variable", "bench"),
        ("keyword", "test"),
    ] {
        assert!(shown.contains(&(wanted.0.to_owned(), wanted.1.to_owned())), "{wanted:?} is not in {shown:?}");
    }
    let asked = json!({
        "textDocument": { "uri": client.uri("a.rhai") },
        "range": { "start": { "line": 9, "character": 0 }, "end": { "line": 9, "character": 30 } },
    });
    let part = client.request("textDocument/semanticTokens/range", asked);
    let words: Vec<String> = decoded(&client, &part, SCRIPT).into_iter().map(|(_, text)| text).collect();
    assert_eq!(words, ["let", "bench", "Bench", "open"]);
}

#[test]
fn lenses_name_commands_that_the_server_does_not_run() {
    let mut client = Client::new();
    client.open("a.rhai", SCRIPT);
    let found = client.about("textDocument/codeLens", "a.rhai");
    let uri = client.uri("a.rhai");
    let commands: Vec<(&Json, &Json)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|lens| (&lens["command"]["command"], &lens["command"]["arguments"]))
        .collect();
    let wanted = [
        (json!("belay-script.run"), json!([uri])),
        (json!("belay-script.test"), json!([uri, "supply / is "])),
        (json!("belay-script.test"), json!([uri, "alone"])),
    ];
    let wanted: Vec<(&Json, &Json)> = wanted.iter().map(|(command, arguments)| (command, arguments)).collect();
    assert_eq!(commands, wanted);
    assert!(client.greeting["capabilities"].get("executeCommandProvider").is_none());
    let asked = json!({ "command": "belay-script.run", "arguments": [uri] });
    assert_eq!(client.request("workspace/executeCommand", asked)["error"]["code"], -32601);
    // What the server does not do is not announced.
    assert!(client.greeting["capabilities"].get("documentFormattingProvider").is_none());
}
