//! Diagnostics while typing.

use super::client::{Client, range};
use serde_json::{Value as Json, json};

/// Message and range of each diagnostic.
fn shown(found: &[Json]) -> Vec<(&str, Json)> {
    found.iter().map(|one| (one["message"].as_str().unwrap(), one["range"].clone())).collect()
}

#[test]
fn follows_the_text_as_it_is_typed() {
    let mut client = Client::new();
    client.open("a.rhai", "let _s = \"🐍\"; prnt(1);\n");
    let found = client.diagnostics("a.rhai", 1);
    let message = "unknown function `prnt`\nhelp: did you mean `print`?";
    assert_eq!(shown(&found), [(message, range((0, 15), (0, 19)))]);
    assert_eq!((&found[0]["severity"], &found[0]["source"]), (&json!(1), &json!("belay-script")));
    client.change("a.rhai", 2, Some(range((0, 17), (0, 17))), "i");
    assert_eq!(client.diagnostics("a.rhai", 2), Vec::<Json>::new());
    client.change("a.rhai", 3, Some(range((0, 22), (1, 0))), "");
    let found = client.diagnostics("a.rhai", 3);
    assert_eq!(found.len(), 1, "{found:?}");
    client.change("a.rhai", 4, None, "let unused = 1;\n");
    let found = client.diagnostics("a.rhai", 4);
    assert_eq!(found[0]["severity"], 2, "{found:?}");
    assert_eq!(found[0]["range"], range((0, 4), (0, 10)));
}

#[test]
fn modules_are_read_from_the_editor_before_they_are_saved() {
    let mut client = Client::new();
    client.write("lib/m.rhai", "fn old() { 1 }\n");
    client.open("a.rhai", "import \"lib/m\" as m;\nprint(m::fresh());\n");
    let found = client.diagnostics("a.rhai", 1);
    assert!(found[0]["message"].as_str().unwrap().starts_with("`m` has no function `fresh`"), "{found:?}");
    client.open("lib/m.rhai", "fn fresh() { 1 }\n");
    assert_eq!(client.diagnostics("a.rhai", 1), Vec::<Json>::new());
    // A module that does not parse is named at its import.
    client.change("lib/m.rhai", 2, None, "fn fresh( { 1 }\n");
    let found = client.diagnostics("a.rhai", 1);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0]["message"].as_str().unwrap().contains("m.rhai:1"), "{found:?}");
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": client.uri("lib/m.rhai") } }));
    let closed = client.wait("an empty list", |message| message["params"]["version"].is_null());
    assert_eq!(closed["params"]["diagnostics"], json!([]));
}

#[test]
fn declarations_of_the_station_are_known() {
    let mut client = Client::new();
    client.write("station.toml", "[constants]\ndivider = 2.0\n");
    client.open("a.rhai", "device A { task t(x = station.constants.divider) `return x` }\nA.open().t();\n");
    assert_eq!(client.diagnostics("a.rhai", 1), Vec::<Json>::new());
    client.write("station.toml", "[constants\n");
    client.notify("textDocument/didSave", json!({ "textDocument": { "uri": client.uri("a.rhai") } }));
    let found = client.diagnostics("a.rhai", 1);
    assert!(found[0]["message"].as_str().unwrap().contains("station.toml"), "{found:?}");
}

#[test]
fn quick_fixes_are_those_of_the_analysis() {
    let mut client = Client::new();
    client.open("a.rhai", "let _s = \"🐍\"; prnt(assert::equal(1, 1));\n");
    assert_eq!(client.diagnostics("a.rhai", 1).len(), 2);
    let mut ask = |from: (usize, usize), to: (usize, usize)| {
        let uri = client.uri("a.rhai");
        let asked =
            json!({ "textDocument": { "uri": uri }, "range": range(from, to), "context": { "diagnostics": [] } });
        let found = client.request("textDocument/codeAction", asked);
        let found = found.as_array().unwrap().iter();
        let edits = found.map(|one| (one["title"].clone(), one["edit"]["changes"][&uri][0].clone()));
        edits.collect::<Vec<_>>()
    };
    let (title, edit) = ask((0, 16), (0, 16)).remove(0);
    assert_eq!((title, &edit["newText"]), (json!("Replace `prnt` by `print`"), &json!("print")));
    assert_eq!(edit["range"], range((0, 15), (0, 19)));
    let (title, edit) = ask((0, 22), (0, 23)).remove(0);
    assert_eq!(title, "Insert `import \"std/assert\" as assert;`");
    assert_eq!(
        (&edit["newText"], &edit["range"]),
        (&json!("import \"std/assert\" as assert;\n"), &range((0, 0), (0, 0)))
    );
    assert_eq!(ask((0, 0), (0, 1)), []);
}
