//! How a session begins and ends.

use super::client::Client;
use serde_json::json;

#[test]
fn exits_with_0_after_shutdown_and_with_1_without() {
    assert_eq!(Client::new().leave(), Some(0));
    let mut abrupt = Client::new();
    abrupt.notify("exit", json!(null));
    assert_eq!(abrupt.end(), Some(1));
    assert_eq!(Client::new().end(), Some(1));
    assert_eq!(Client::silent().end(), Some(1));
}

#[test]
fn refuses_what_comes_before_initialize_and_after_shutdown() {
    let mut client = Client::silent();
    let early = client.request("textDocument/hover", json!({}));
    assert_eq!(early["error"]["code"], -32002, "{early}");
    client.request("initialize", json!({ "capabilities": {} }));
    client.request("shutdown", json!(null));
    let late = client.request("textDocument/hover", json!({}));
    assert_eq!(late["error"]["code"], -32600, "{late}");
    client.notify("exit", json!(null));
    assert_eq!(client.end(), Some(0));
}

#[test]
fn unknown_requests_are_refused_and_unknown_notifications_ignored() {
    let mut client = Client::new();
    client.notify("$/setTrace", json!({ "value": "off" }));
    client.notify("textDocument/didOpen", json!({ "nonsense": true }));
    assert_eq!(client.request("textDocument/nonsense", json!({}))["error"]["code"], -32601);
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn announces_what_columns_count() {
    let mut client = Client::with(json!({ "general": { "positionEncodings": ["utf-8", "utf-16"] } }));
    assert_eq!(client.greeting["capabilities"]["positionEncoding"], "utf-8");
    client.open("a.rhai", "let _s = \"🐍é\"; nope();\n");
    let found = client.diagnostics("a.rhai", 1);
    assert_eq!(found[0]["range"]["start"]["character"], 19, "{found:?}");
    assert_eq!(Client::new().greeting["capabilities"]["positionEncoding"], "utf-16");
}
