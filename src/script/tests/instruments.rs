//! Instruments in scripts, over the loopback.

use super::*;
use crate::gate::Permissions;
use crate::instrument::tests::{known, serve};
use std::io::Write as _;

/// A supply that remembers what it is set to.
fn supply() -> u16 {
    let volts = Mutex::new(0.0);
    let queue = Mutex::new(Vec::<&str>::new());
    serve(move |line, stream| {
        let mut volts = lock(&volts);
        match line {
            "SYST:ERR?" => writeln!(stream, "{}", lock(&queue).pop().unwrap_or("0,\"No error\"")).unwrap(),
            _ if known(line, stream) => {}
            "VOLT?" => writeln!(stream, "{:+.4E}", *volts).unwrap(),
            "MODE?" => writeln!(stream, "\"CV\"").unwrap(),
            "LIST?" => writeln!(stream, "1,2.5").unwrap(),
            "CURV?" => stream.write_all(b"#14\x00\x01\xff\xff\n").unwrap(),
            "SLOW?" => {}
            line if line.starts_with("VOLT ") => match line[5..].parse() {
                Ok(set) if (0.0..=30.0).contains(&set) => *volts = set,
                _ => lock(&queue).push("-222,\"Data out of range\""),
            },
            line if line.starts_with("ARB ") => {}
            _ => lock(&queue).push("-113,\"Undefined header\""),
        }
    })
}

/// What a script prints that may use the network; `PSU` in it is the supply.
fn on_supply(text: &str) -> (Finished, Vec<String>) {
    let mut permissions = Permissions::default();
    permissions.allow("net=127.0.0.1").unwrap();
    let (mut runner, watcher) = runner_with(RunOptions { permissions, ..RunOptions::default() });
    let finished = runner.run_text("t.rhai", &text.replace("PSU", &format!("tcp://127.0.0.1:{}", supply())));
    let lines = lock(&watcher.lines).clone();
    (finished, lines)
}

fn printed_on_supply(text: &str) -> Vec<String> {
    let (finished, lines) = on_supply(text);
    assert!(finished.failure.is_none(), "{text}\n{:?}", finished.failure);
    lines
}

fn failed_on_supply(text: &str) -> String {
    shown(&on_supply(text).0.failure.unwrap_or_else(|| panic!("no failure: {text}")))
}

#[test]
fn scripts_talk_to_instruments() {
    let lines = printed_on_supply(
        r##"
        let psu = Instrument.open("PSU", #{ name: "psu", calibrated: "2026-05-01" });
        psu.write("VOLT 5");
        print(psu.query("VOLT?"));
        print(psu.query_text("VOLT?"));
        print(psu.query("MODE?"));
        print(psu.query_numbers("LIST?"));
        print(psu.query_numbers("CURV?", #{ format: "i16" }));
        print(psu.query_numbers("CURV?", #{ format: "u16", byte_order: "little" }));
        print(psu.query_block("CURV?").len());
        psu.write("CURV?");
        print(psu.read_block().len());
        psu.write("VOLT?");
        print(psu.read_reply());
        psu.write_block("ARB", blob(3, 7));
        print(psu.identify().model + " " + psu.identity.firmware + " " + psu.calibrated + " " + psu.name);
        print(psu.errors());
        psu.write("VOLT 99");
        print(psu.errors());
        try { psu.write("VOLT 98", #{ check_errors: true }) } catch (e) { print(`${e.kind} ${e.code} ${e.text}`) }
        try { psu.query("SLOW?", #{ timeout: 0.02 }) } catch (e) { print(e.kind) }
        print(psu.query("VOLT?"));
        psu.wait_done();
        psu.wait_done(2);
        psu.clear();
        psu.timeout = 1.5;
        print(`${psu.timeout} ${psu.is_open} ${psu.is_simulated}`);
        print(psu.lock(|| psu.query("VOLT?") + psu.query("VOLT?")));
        print(parallel([|| psu.query("VOLT?"), || psu.lock(|| psu.query("MODE?"))]));
        psu.close();
        print(psu.is_open);
        print(Instrument.session("PSU", |i| i.name));
        "##,
    );
    let expected = [
        "5.0",
        "+5.0000E0",
        "CV",
        "[1, 2.5]",
        "[1, -1]",
        "[256, 65535]",
        "4",
        "4",
        "5.0",
        "PSU-1 1.0 2026-05-01 psu",
        "[]",
        "[#{\"code\": -222, \"text\": \"Data out of range\"}]",
        "InstrumentError -222 Data out of range",
        "TimeoutError",
        "5.0",
        "1.5 true false",
        "10.0",
        "[5.0, \"CV\"]",
        "false",
        "PSU-1",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn instruments_on_the_network_need_a_permission() {
    let refused = failure("Instrument.open(\"tcp://127.0.0.1:1\");");
    assert!(
        refused.starts_with("PermissionError: scripts may not connect to `tcp://127.0.0.1:1` @ t.rhai:1:12"),
        "{refused}"
    );
    assert!(refused.contains("--allow net=127.0.0.1:1"), "{refused}");
    // The person may name it.
    let (mut runner, _) = runner_with(RunOptions::default());
    let text = format!("Instrument.open(\"tcp://127.0.0.1:{}\");", supply());
    let address = text.split('"').nth(1).unwrap().to_owned();
    let watcher = Arc::new(Watcher::default());
    let options = RunOptions { args: vec![address], ..RunOptions::default() };
    let mut named = Runner::new(Host::new(HostOptions::default()), watcher, options);
    assert!(named.run_text("t.rhai", &text).failure.is_none());
    assert!(runner.run_text("t.rhai", &text).failure.is_some());
}

#[test]
fn wrong_uses_of_instruments_are_explained() {
    let case = |text: &str, message: &str| {
        let shown = failed_on_supply(&format!("let i = Instrument.open(\"PSU\");\n{text}"));
        assert!(shown.starts_with(message), "{shown}");
    };
    case(
        "i.write(\"VOLT 99\", #{ check_errors: true });",
        "InstrumentError: `PSU-1`: `VOLT 99` was refused: Data out of range (-222) @ t.rhai:2:3",
    );
    case(
        "i.query(\"VOLT?\", #{ timout: 1 });",
        "ArgumentError: `query` has no option `timout` @ t.rhai:2:3 | did you mean `timeout`?",
    );
    case("i.query_numbers(\"CURV?\", #{ format: \"i7\" });", "ArgumentError: the option `format` takes one of \"i8\"");
    case(
        "i.query_numbers(\"MODE?\");",
        "ProtocolError: `PSU-1`: the reply to `MODE?` holds `\\\"CV\\\"`, which is not a number",
    );
    case("i.wait_done(-1);", "ArgumentError: `wait_done` is an integer");
    case("Instrument.open(\"PSU\", #{ parity: \"maybe\" });", "ArgumentError: the option `parity` takes one of");
    case(
        "Instrument.open(\"PSU\", #{ stop_bits: 3 });",
        "ArgumentError: the option `stop_bits` takes a whole number from 1 to 2",
    );
    case("i.close(); i.query(\"VOLT?\");", "ClosedError: `PSU-1`: the instrument is closed");
    case(
        "i.query(\"SLOW?\", #{ timeout: 0.01 });",
        "TimeoutError: `PSU-1`: timed out after 10ms waiting for the reply to `SLOW?`",
    );
}

#[test]
fn check_knows_instruments() {
    let (mut runner, _) = runner();
    let text =
        "let i = Instrument.open(\"tcp://h:1\", #{ name: \"a\" });\nprint(i.query(\"X?\"));\nInstrumnt.open(\"x\");";
    runner.check_text("t.rhai", text).unwrap();
    let found: Vec<String> = runner.findings().iter().map(|finding| finding.message.clone()).collect();
    assert_eq!(found, ["unknown variable `Instrumnt`"]);
}
