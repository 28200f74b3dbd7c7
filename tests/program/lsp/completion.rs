//! Completion, and the signature of the call around the cursor.

use super::client::Client;
use serde_json::{Value as Json, json};

/// The candidates at the `^` in the text, which is left out.
#[track_caller]
fn complete(client: &mut Client, text: &str) -> Vec<Json> {
    let at = ask(client, text);
    let found = client.at("textDocument/completion", "a.rhai", at);
    found.as_array().unwrap_or_else(|| panic!("{found}")).clone()
}

/// Opens the text without its `^`; gives the place of that.
#[track_caller]
fn ask(client: &mut Client, text: &str) -> (usize, usize) {
    let (before, after) = text.split_once('^').expect("a cursor");
    client.open("a.rhai", &format!("{before}{after}"));
    let last = before.rsplit('\n').next().unwrap();
    (before.matches('\n').count(), last.encode_utf16().count())
}

fn labels(found: &[Json]) -> Vec<&str> {
    found.iter().map(|item| item["label"].as_str().unwrap()).collect()
}

#[track_caller]
fn named<'f>(found: &'f [Json], label: &str) -> &'f Json {
    found.iter().find(|item| item["label"] == label).unwrap_or_else(|| panic!("{label} is not in {:?}", labels(found)))
}

const BENCH: &str = "/// A bench.\ndevice Bench {\n    setup init(pin = 25) autoinit `\n        from machine import Pin\n        \
    import time\n        led = Pin(pin)\n    `\n    /// Reads a *channel*.\n    task read(ch, samples = 8) `return 1`\n    \
    task hidden() register = false `return 1`\n    /// In volts.\n    method volts |ch| { this.read(ch) }\n}\n";

#[test]
fn the_head_of_a_test_has_its_options() {
    let mut client = Client::new();
    let found = complete(&mut client, "test \"a\" ret^ { }");
    assert_eq!(labels(&found), ["retry", "retry_on"]);
    let found = complete(&mut client, "subtest `channel ${1}` tags = \"x\" ^");
    assert!(labels(&found).contains(&"stop_on_failure") && !labels(&found).contains(&"retry"), "{found:?}");
    let found = complete(&mut client, "let limit = 5;\ntest \"a\" timeout = lim^");
    named(&found, "limit");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn members_of_a_device_have_signatures_and_documentation() {
    let mut client = Client::new();
    // The text does not parse, and a character before the cursor takes two units.
    let found = complete(&mut client, &format!("{BENCH}let bench = Bench.open();\nlet s = \"🐍\"; bench.re^"));
    let read = named(&found, "read");
    assert_eq!(read["detail"], "task read(ch, samples = 8)");
    assert_eq!(read["documentation"]["value"], "Reads a *channel*.");
    assert_eq!(read["textEdit"]["range"]["start"]["character"], 20, "{read}");
    assert_eq!(named(&found, "reconnect")["detail"], "d.reconnect()");
    assert!(labels(&found).iter().all(|label| label.starts_with("re")), "{found:?}");
    for before in ["Bench.open(\"sim\").", "Bench.session(|b| b.", "for b in [Bench.open()] { b.", "let c = bench; c."]
    {
        let found = complete(&mut client, &format!("{BENCH}let bench = Bench.open();\n{before}^"));
        assert_eq!(named(&found, "volts")["detail"], "method volts |ch|", "{before}");
        assert!(!labels(&found).contains(&"hidden"), "{before}");
    }
    let found = complete(&mut client, &format!("{BENCH}Bench.^"));
    assert!(labels(&found).contains(&"open") && !labels(&found).contains(&"read"), "{found:?}");
    // Inside of a method, `this` is the device.
    let found = complete(&mut client, &BENCH.replace("this.read(ch)", "this.^"));
    named(&found, "read");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn names_of_the_script_and_of_the_language_are_offered() {
    let mut client = Client::new();
    let text = "import \"std/stats\" as stats;\n/// Adds.\nfn add(a, b) { a + b }\nconst LIMIT = 1;\nlet value = 2;\n^";
    let found = complete(&mut client, text);
    assert_eq!(named(&found, "add")["documentation"]["value"], "Adds.");
    assert_eq!(named(&found, "add")["detail"], "fn add(a, b)");
    for label in ["stats", "LIMIT", "value", "measure", "device", "Device", "while"] {
        named(&found, label);
    }
    assert!(named(&found, "measure")["documentation"]["value"].as_str().unwrap().contains("limits"), "{found:?}");
    let found = complete(&mut client, "import \"std/stats\" as stats;\nstats::^");
    assert_eq!(named(&found, "mean")["detail"], "fn mean(values)");
    assert!(!named(&found, "mean")["documentation"]["value"].as_str().unwrap().is_empty());
    let found = complete(&mut client, "let x = par^");
    named(&found, "parse_int");
    assert_eq!(complete(&mut client, "// a comment, me^"), Vec::<Json>::new());
    let found = complete(&mut client, "device A {\n    ^\n}\n");
    assert_eq!(labels(&found), ["setup", "task", "thread", "teardown", "method"]);
    let found = complete(&mut client, "device A {\n    setup a() auto^ `x`\n}\n");
    assert_eq!(labels(&found), ["autoinit"]);
}

#[test]
fn maps_offer_the_options_of_their_function() {
    let mut client = Client::new();
    let found = complete(&mut client, "measure(\"a\", [1, 2], #{ unit: \"V\", m^");
    assert!(labels(&found).contains(&"marginal_min") && !labels(&found).contains(&"measure"), "{found:?}");
    let found = complete(&mut client, "device B {}\nlet b = B.open(#{ ^ });");
    assert!(labels(&found).contains(&"timeout"), "{found:?}");
    // A value is an expression.
    let found = complete(&mut client, "measure(\"a\", 1, #{ min: me^");
    assert!(labels(&found).contains(&"measure"), "{found:?}");
}

#[test]
fn strings_offer_modules_ports_and_boards() {
    let mut client = Client::new();
    client.write("lib/pico.rhai", "");
    client.write("station.toml", "[boards.left]\nport = \"sim:left\"\n[constants]\ndivider = 2.0\n");
    let found = complete(&mut client, "import \"std/st^\" as x;");
    assert!(named(&found, "std/stats")["documentation"]["value"].as_str().unwrap().len() > 10);
    named(&complete(&mut client, "import \"^"), "lib/");
    named(&complete(&mut client, "import \"lib/^\n"), "lib/pico");
    let found = complete(&mut client, "device B {}\nlet b = B.open(\"^");
    for label in ["left", "sim"] {
        named(&found, label);
    }
    named(&complete(&mut client, "let x = station.constants.^"), "divider");
    named(&complete(&mut client, "let x = station.^"), "constants");
    assert_eq!(complete(&mut client, "print(\"op^\");"), Vec::<Json>::new());
}

#[test]
fn bodies_offer_names_of_the_board_and_modules_of_micropython() {
    let mut client = Client::new();
    let inside = |body: &str| BENCH.replace("return 1`\n    task", &format!("{body}`\n    task"));
    let found = complete(&mut client, &inside("\n        ^\n    "));
    for label in ["led", "pin", "ch", "samples", "Pin", "time", "machine", "len", "while", "read"] {
        named(&found, label);
    }
    assert!(!labels(&found).contains(&"measure"), "{found:?}");
    let found = complete(&mut client, &inside("led.^"));
    assert_eq!(named(&found, "toggle")["detail"], "toggle()");
    named(&complete(&mut client, &inside("time.sl^")), "sleep_ms");
    named(&complete(&mut client, &inside("from machine import ^")), "ADC");
    named(&complete(&mut client, &inside("import neo^")), "neopixel");
    named(&complete(&mut client, &inside("machine.Pin.^")), "PULL_UP");
    assert_eq!(complete(&mut client, &inside("# se^")), Vec::<Json>::new());
    assert_eq!(complete(&mut client, &inside("x = 'se^'")), Vec::<Json>::new());
}

#[test]
fn the_signature_around_the_cursor_is_shown() {
    let mut client = Client::new();
    let mut help = |text: &str| {
        let at = ask(&mut client, text);
        client.at("textDocument/signatureHelp", "a.rhai", at)
    };
    let found = help(&format!("{BENCH}let bench = Bench.open();\nbench.read(f(1, 2), ^"));
    assert_eq!(found["signatures"][0]["label"], "task read(ch, samples = 8)");
    assert_eq!(found["signatures"][0]["parameters"][1]["label"], "samples = 8");
    assert_eq!(found["activeParameter"], 1);
    let found = help("measure(\"a\", 1, ^");
    let active = usize::try_from(found["activeSignature"].as_u64().unwrap()).unwrap();
    assert_eq!(found["signatures"][active]["parameters"].as_array().unwrap().len(), 3, "{found}");
    let found = help(&BENCH.replace("led = Pin(pin)", "led = Pin(^)"));
    assert!(found["signatures"][0]["label"].as_str().unwrap().starts_with("Pin(id"), "{found}");
    assert_eq!(help("let x = (1 + ^"), json!(null));
}

#[test]
fn instruments_have_their_own_members() {
    let mut client = Client::new();
    let class = "/// A supply.\ninstrument Psu {\n    /// Sets the *voltage*.\n    command set_voltage(v: float \"V\" in 0..=30) \
                 \"VOLT {v:.3}\"\n    query voltage() \"MEAS:VOLT?\" -> float\n    method ramp |to| { this.set_voltage(to) }\n}\n";
    let found = complete(&mut client, &format!("{class}let psu = Psu.open(\"std/psu\");\npsu.^"));
    let set = named(&found, "set_voltage");
    assert_eq!(set["detail"], "command set_voltage(v: float \"V\" in 0..=30) \"VOLT {v:.3}\"");
    assert_eq!(set["documentation"]["value"], "Sets the *voltage*.");
    assert_eq!(named(&found, "voltage")["detail"], "query voltage() \"MEAS:VOLT?\" -> float");
    assert_eq!(named(&found, "query_numbers")["detail"], "i.query_numbers(command: String) -> Array");
    named(&found, "ramp");
    for foreign in ["exec", "sync", "open", "session", "items"] {
        assert!(!labels(&found).contains(&foreign), "{foreign}");
    }
    let found = complete(&mut client, &format!("{class}Psu.^"));
    assert_eq!(labels(&found), ["open", "session", "name", "doc", "items"]);
    let found = complete(&mut client, "Instrument.open(\"tcp://h:1\").que^");
    assert_eq!(labels(&found), ["query", "query_text", "query_numbers", "query_block"]);
    let found = complete(&mut client, &class.replace("this.set_voltage(to)", "this.set_^"));
    assert_eq!(labels(&found), ["set_voltage"]);
    let found = complete(&mut client, "instrument Psu {\n    ^\n}");
    assert_eq!(labels(&found), ["command", "query", "setup", "teardown", "method"]);
    let found = complete(&mut client, "instrument Psu {\n    query curve() -> list ^\n}");
    assert!(labels(&found).contains(&"byte_order") && !labels(&found).contains(&"emitter"), "{found:?}");
    let text = format!("{class}let psu = Psu.open(\"x\");\npsu.set_voltage(^");
    let at = ask(&mut client, &text);
    let help = client.at("textDocument/signatureHelp", "a.rhai", at);
    assert_eq!(help["signatures"][0]["parameters"][0]["label"], "v: float \"V\" in 0..=30", "{help}");
    assert_eq!(client.leave(), Some(0));
}
