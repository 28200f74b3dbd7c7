//! Hover, definitions, references and renames, across imports and between bodies.

use super::client::{Client, range};
use serde_json::{Value as Json, json};

const MODULE: &str = "/// The LED of a board.\ndevice Led {\n    setup init(pin = 25) autoinit `\n        \
    from machine import Pin\n        led = Pin(pin)\n    `\n    /// Switches it.\n    task light(on) `led.value(on)`\n}\n\n\
    /// Doubles.\nfn twice(x) { x * 2 }\n";

const SCRIPT: &str = "import \"lib/led\" as led;\n\ndevice Bench : led::Led {\n    task blink(count) `\n        \
    for _ in range(count):\n            light(1)\n            led.toggle()\n    `\n    \
    method all |n| { this.blink(n); this.light(0) }\n}\nlet bench = Bench.open();\nlet s = \"é🐍\"; bench.blink(led::twice(2));\n\
    bench.light(1);\nbench.all(3);\n";

fn opened() -> Client {
    let mut client = Client::new();
    client.write("lib/led.rhai", MODULE);
    client.open("a.rhai", SCRIPT);
    client
}

/// The place of a text in a document, `skip` characters in.
fn place(text: &str, wanted: &str, skip: usize) -> (usize, usize) {
    let at = text.find(wanted).unwrap_or_else(|| panic!("{wanted} is not there")) + skip;
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    (line, text[start..at].encode_utf16().count())
}

#[test]
fn hover_shows_declarations_and_documentation() {
    let mut client = opened();
    let mut shown = |wanted: &str, skip: usize| {
        let found = client.at("textDocument/hover", "a.rhai", place(SCRIPT, wanted, skip));
        found["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(shown("bench.light", 7), "```rhai\ntask light(on)\n```\n\nSwitches it.\n\nof `Led`\n");
    assert_eq!(shown("bench.all", 7), "```rhai\nmethod all |n|\n```\n\nof `Bench`\n");
    assert!(shown("twice", 1).contains("fn twice(x)\n```\n\nDoubles."));
    assert!(shown("Bench.open", 7).contains("Opens a device"), "{}", shown("Bench.open", 7));
    assert!(shown("lib/led", 1).contains("import \"lib/led\""));
    assert!(shown("count):", 1).contains("count"));
    assert!(shown("range(count)", 1).contains("range(start, stop, step)"));
    assert!(shown("light(1)\n  ", 1).contains("task light(on)"));
    assert!(shown("led.toggle", 1).contains("led = Pin(pin)"), "{}", shown("led.toggle", 1));
    assert!(shown("led.toggle", 5).contains("toggle()"));
    assert_eq!(shown("let s", 1), "");
}

#[test]
fn definitions_are_found_across_imports_and_between_bodies() {
    let mut client = opened();
    let mut defined = |wanted: &str, skip: usize| {
        let found = client.at("textDocument/definition", "a.rhai", place(SCRIPT, wanted, skip));
        (
            found[0]["uri"].as_str().unwrap_or_default().rsplit('/').next().unwrap().to_owned(),
            found[0]["range"]["start"].clone(),
        )
    };
    let at = |text: &str, wanted: &str, skip: usize| {
        let (line, character) = place(text, wanted, skip);
        json!({ "line": line, "character": character })
    };
    assert_eq!(defined("bench.light", 8), ("led.rhai".to_owned(), at(MODULE, "light(on)", 0)));
    assert_eq!(defined("bench.blink", 6), ("a.rhai".to_owned(), at(SCRIPT, "blink(count)", 0)));
    assert_eq!(defined("twice(2)", 0), ("led.rhai".to_owned(), at(MODULE, "twice", 0)));
    assert_eq!(defined("led::Led", 6), ("led.rhai".to_owned(), at(MODULE, "device Led", 7)));
    assert_eq!(defined("lib/led", 2), ("led.rhai".to_owned(), json!({ "line": 0, "character": 0 })));
    // A setup's name that is used in another body, and a task that a body calls.
    assert_eq!(defined("led.toggle", 1), ("led.rhai".to_owned(), at(MODULE, "led = Pin", 0)));
    assert_eq!(defined("light(1)\n  ", 1), ("led.rhai".to_owned(), at(MODULE, "light(on)", 0)));
    assert_eq!(defined("(count):", 1), ("a.rhai".to_owned(), at(SCRIPT, "count)", 0)));
    assert_eq!(defined("let s", 1).1, Json::Null);
}

#[test]
fn standard_modules_open_as_files() {
    let mut client = Client::new();
    client.open("a.rhai", "import \"std/assert\" as assert;\nassert::equal(1, 1);\n");
    let found = client.at("textDocument/definition", "a.rhai", (1, 10));
    let path = found[0]["uri"].as_str().unwrap().strip_prefix("file://").unwrap().to_owned();
    let text = std::fs::read_to_string(path).unwrap();
    let line = usize::try_from(found[0]["range"]["start"]["line"].as_u64().unwrap()).unwrap();
    assert_eq!(text.lines().nth(line), Some("fn equal(actual, expected) {"));
}

#[test]
fn references_are_found_in_scripts_that_are_not_open() {
    let mut client = opened();
    client.write("other.rhai", "import \"lib/led\" as l;\nlet d = l::Led.open();\nd.light(1);\n");
    client.open("lib/led.rhai", MODULE);
    let uri = client.uri("lib/led.rhai");
    let (line, character) = place(MODULE, "light(on)", 2);
    let asked = json!({
        "textDocument": { "uri": uri },
        "position": { "line": line, "character": character },
        "context": { "includeDeclaration": false },
    });
    let found = client.request("textDocument/references", asked);
    let mut places: Vec<String> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!("{}:{}", one["uri"].as_str().unwrap().rsplit('/').next().unwrap(), one["range"]["start"]["line"])
        })
        .collect();
    places.sort();
    assert_eq!(places, ["a.rhai:12", "a.rhai:5", "a.rhai:8", "other.rhai:2"]);
    let found = client.at("textDocument/documentHighlight", "a.rhai", place(SCRIPT, "blink(count)", 0));
    assert_eq!(found.as_array().unwrap().len(), 3, "{found}");
}

#[test]
fn a_task_is_renamed_everywhere() {
    let mut client = opened();
    let at = place(SCRIPT, "bench.light", 7);
    let prepared = client.at("textDocument/prepareRename", "a.rhai", at);
    assert_eq!((&prepared["placeholder"], &prepared["range"]), (&json!("light"), &range((12, 6), (12, 11))));
    let mut rename = |at: (usize, usize), new: &str| {
        let uri = client.uri("a.rhai");
        let position = json!({ "line": at.0, "character": at.1 });
        client.request(
            "textDocument/rename",
            json!({ "textDocument": { "uri": uri }, "position": position, "newName": new }),
        )
    };
    let found = rename(at, "shine");
    let changes = found["changes"].as_object().unwrap_or_else(|| panic!("{found}"));
    let count = |name: &str| {
        let (_, edits) = changes.iter().find(|(uri, _)| uri.ends_with(name)).unwrap();
        edits.as_array().unwrap().len()
    };
    assert_eq!((changes.len(), count("a.rhai"), count("led.rhai")), (2, 3, 1));
    for (new, part) in [
        ("blink me", "not a valid name"),
        ("while", "word of the language"),
        ("close", "every device has already"),
        ("lambda", "lambda"),
    ] {
        let refused = rename(at, new);
        assert!(refused["error"]["message"].as_str().unwrap_or_default().contains(part), "{new}: {refused}");
    }
    let refused = rename(place(SCRIPT, "bench.blink", 6), "all");
    assert!(refused["error"]["message"].as_str().unwrap().contains("declared already"), "{refused}");
    let refused = rename(place(SCRIPT, "Bench.open", 7), "start");
    assert!(refused["error"]["message"].as_str().unwrap().contains("not declared"), "{refused}");
    let found = rename(place(SCRIPT, "let bench", 4), "board");
    assert_eq!(found["changes"].as_object().unwrap().values().next().unwrap().as_array().unwrap().len(), 4, "{found}");
}

#[test]
fn a_rename_that_may_mean_something_else_is_refused() {
    let mut client = Client::new();
    let text =
        "device A { task go_on() `1` }\ndevice B { task go_on() `2` }\nfn f(d) { d.go_on() }\nA.open().go_on();\n";
    client.open("a.rhai", text);
    let position = json!({ "line": 3, "character": 10 });
    let asked = json!({ "textDocument": { "uri": client.uri("a.rhai") }, "position": position, "newName": "walk" });
    let refused = client.request("textDocument/rename", asked);
    assert!(refused["error"]["message"].as_str().unwrap().contains("a.rhai:3 may mean something else"), "{refused}");
}
