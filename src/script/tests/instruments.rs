//! Instruments in scripts, over the loopback.

use super::*;
use crate::gate::Permissions;
use crate::instrument::tests::{known, serve};
use crate::script::analysis::Finding;
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
    assert!(refused.contains("--allow net=127.0.0.1:1`, or name it in the station"), "{refused}");
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
    case("Instrument.open(\"PSU\", #{ parity: \"maybe\" });", "ArgumentError: unknown parity \"maybe\"");
    case("Instrument.open(\"PSU\", #{ stop_bits: 3 });", "ArgumentError: the option `stop_bits` takes 1 or 2");
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

#[test]
fn check_counts_and_judges_the_arguments_of_instruments() {
    let found = |text: &str| {
        let (mut runner, _) = runner();
        let text = format!(
            r##"instrument Base {{ query level() -> float "LEV?" }}
            instrument Psu : Base {{
                command set_voltage(v: float "V" in 0..=30) "VOLT {{v}}"
                command set_range(r in [1, 10], kind: str = "AUTO") "RANG {{r}},{{kind}}"
                command set_output(on: bool) "OUTP {{on}}"
                command reach(v in -0.5..1) for "DP8*" "R {{v}}"
                command reach(v in -0.5..2.5) "R {{v}}"
                command wait(seconds: int in 1..=9 = 1 + 1) "W {{seconds}}"
                method ramp |from, to| {{ this.set_voltage(from); this.set_voltage(to) }}
            }}
            let psu = Psu.open("tcp://h:1"); {text} print(psu);"##
        );
        runner.check_text("t.rhai", &text).unwrap();
        let shown = |finding: &Finding| format!("{} | {}", finding.message, finding.help.clone().unwrap_or_default());
        runner.findings().iter().map(shown).collect::<Vec<String>>().join("\n")
    };
    for right in [
        "psu.set_voltage(3); psu.set_voltage(\"500 mV\"); psu.set_voltage(kw(#{ v: 30 })); psu.set_output(true);",
        "psu.set_range(10); psu.set_range(1, \"X\"); psu.set_range(kw(#{ r: 1, kind: \"X\" })); psu.reach(2); psu.reach(-0.5);",
        "psu.wait(); psu.wait(9); psu.ramp(1, 2); print(psu.level()); let v = 99; psu.set_voltage(v); psu.set_voltage(v * 2);",
        "set_voltage(psu, 3); psu.write(\"X\", #{ check_errors: true }); print(psu.query(\"V?\")); psu.timeout = 2; psu.lock(|| 1);",
        "print(psu.name + psu.port + psu.class.name + psu.sim.names); fn f(i) { i.set_voltage(3) } f(psu); psu.status_byte();",
        "Psu.session(\"tcp://h:1\", #{ name: \"a\" }, |p| p.set_voltage(3)); print(psu == psu); print(`${psu}`); psu.close();",
        "measure(\"v\", psu.level(), #{ by: psu }); let all = [psu]; all[0].set_voltage(3); let i = Instrument.open(#{}); i.query(\"X?\");",
    ] {
        assert_eq!(found(right), "", "{right}");
    }
    let declared = "it is declared as `set_voltage(v: float \"V\" in 0..=30)`";
    for (wrong, message) in [
        ("psu.set_voltage();", format!("command `set_voltage` is called without the argument `v` | {declared}")),
        ("psu.set_voltage(1, 2);", format!("command `set_voltage` takes 1 argument, not 2 | {declared}")),
        ("psu.set_voltage(31);", format!("command `set_voltage`: `v` is 31 V, and must be in 0..=30 V | {declared}")),
        ("psu.set_voltage(\"-1 mV\");", format!("command `set_voltage`: `v` is -0.001 V, and must be in 0..=30 V | {declared}")),
        ("psu.set_voltage(\"1 A\");", format!("command `set_voltage`: `v` is a string, not a number | {declared}")),
        ("psu.set_voltage(kw(#{ v: 31 }));", format!("command `set_voltage`: `v` is 31 V, and must be in 0..=30 V | {declared}")),
        ("psu.set_voltage(kw(#{ w: 1 }));", format!("command `set_voltage` has no parameter `w` | {declared}")),
        ("psu.set_output(1);", "command `set_output`: `on` is an integer, not `true` or `false` | it is declared as `set_output(on: bool)`".to_owned()),
        ("psu.set_range(2);", "command `set_range`: `r` is 2, and must be one of [1, 10] | it is declared as `set_range(r in [1, 10], kind: str = \"AUTO\")`".to_owned()),
        ("psu.reach(2.5);", "command `reach`: `v` is 2.5, and must be in -0.5..1 | it is declared as `reach(v in -0.5..1)`".to_owned()),
        ("psu.wait(2.5);", "command `wait`: `seconds` is a float, not a whole number | it is declared as `wait(seconds: int in 1..=9 = …)`".to_owned()),
        ("psu.ramp(1);", "method `ramp` takes 2 arguments, not 1 | ".to_owned()),
        ("psu.set_voltge(1);", "`Psu` has no command or query `set_voltge` | did you mean `set_voltage`?".to_owned()),
        ("psu.exec(\"1\");", "`Psu` has no command or query `exec` | it has level, ramp, reach, set_output, set_range, set_voltage, wait".to_owned()),
        ("psu.query();", "`query` of an instrument takes 1 or 2 arguments, not none | ".to_owned()),
        ("psu.query(\"X?\", #{ timout: 1 });", "`query` has no option `timout` | did you mean `timeout`?".to_owned()),
        ("print(psu.levle);", "an instrument has no property `levle` | ".to_owned()),
        ("print(psu.level);", "`level` of an instrument is called with parentheses | write `.level(…)`".to_owned()),
        ("psu.name();", "`name` of an instrument is a property | leave the parentheses out: `.name`".to_owned()),
        ("Psu.opn(\"tcp://h:1\");", "the class `Psu` has no function `opn` | did you mean `open`?".to_owned()),
        ("Psu.set_voltage(1);", "`set_voltage` is called on an instrument, and `Psu` is a class | open one first: `let i = Psu.open(…);`, then `i.set_voltage(…)`".to_owned()),
        ("Psu.open();", "`Psu.open` takes 1 or 2 arguments, not none | ".to_owned()),
        ("Psu.open(\"tcp://h:1\", #{ terminatr: \"x\" });", "`open` has no option `terminatr` | did you mean `terminator`?".to_owned()),
        ("Instrument.open(\"tcp://h:1\").voltage();", "`Instrument` has no command or query `voltage` | `write` and `query` send commands".to_owned()),
    ] {
        assert_eq!(found(wrong), message, "{wrong}");
    }
}

/// What a script prints that declares this class, on the simulated supply that the program has.
fn of_class(text: &str) -> Vec<String> {
    printed(&format!(
        r##"
        /// A supply.
        instrument Psu {{
            /// Sets the output voltage.
            command set_voltage(v: float "V" in 0..=30) "VOLT {{v}}"
            command set_output(on: bool) "OUTP {{on}}"
            query voltage() "MEAS:VOLT?" -> float
            query setting() -> int "VOLT?"
            query who() for "SIM-*" "*IDN?"
            query who() for "34461A" "NEVER?"
            setup init(volts = 1.5) autoinit `
                *RST
                VOLT {{volts}}
            `
            teardown off() "OUTP OFF"
            method ramp |from, to| {{ for v in from..=to {{ this.set_voltage(v); }} this.setting() }}
        }}
        {text}"##
    ))
}

#[test]
fn instrument_classes_are_declared_as_device_classes_are() {
    let lines = of_class(
        r##"
        let psu = Psu.open("sim-instrument:std/psu", #{ name: "psu" });
        print(psu.sim.get("voltage"));
        psu.set_output(true);
        psu.set_voltage("2500 mV");
        print((psu.voltage() - 2.5).abs() < 0.01);
        print(psu.ramp(1, 4));
        print(psu.who().contains("SIM-PSU"));
        print(`${psu} ${psu.class} ${Psu.doc} ${Psu.items.len()} ${Psu.items[0].signature}`);
        psu.set_voltage(kw(#{ v: 3 }));
        print(psu.query("VOLT?"));
        fn through(p) { p.set_voltage(7); p.setting() }
        print(through(psu));
        let sim = psu.sim;
        psu.close();
        print(sim.get("output"));
        try { psu.set_voltage(1) } catch (e) { print(`${e.kind} ${e.task}`) }
        print(Psu.session("sim-instrument:std/psu", |p| p.query("VOLT?")));
        "##,
    );
    let expected = [
        "1.5",
        "true",
        "4",
        "true",
        "instrument psu on sim-instrument:std/psu instrument class Psu A supply. 8 set_voltage(v: float \"V\" in 0..=30)",
        "3",
        "7",
        "false",
        "ClosedError set_voltage",
        "1.5",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn mixins_and_modules_share_instrument_classes() {
    let lines = printed(
        "instrument Base { command a() \"VOLT 2\" query level() -> float \"VOLT?\" method twice || { this.level() * 2 } }
         instrument Other : Base { command a() \"VOLT 3\" }
         let i = Other.open(\"sim-instrument:std/psu\");
         i.a();
         print(i.twice());",
    );
    assert_eq!(lines, ["6.0"]);
}

#[test]
fn wrong_instrument_classes_are_refused_at_their_place() {
    let case = |text: &str, message: &str| {
        let shown = failure(text);
        assert!(shown.starts_with(message), "{text}\n{shown}");
    };
    case(
        "instrument A { command c(v: flot) \"X {v}\" }",
        "DeclarationError: unknown type `flot` @ t.rhai:1:29 | did you mean `float`?",
    );
    case("instrument A { command c(v: \"Vx\") \"X {v}\" }", "DeclarationError: unknown unit `Vx` @ t.rhai:1:29");
    case(
        "instrument A { command c(v in 3..=1) \"X {v}\" }",
        "DeclarationError: the lower limit is above the upper one @ t.rhai:1:",
    );
    case(
        "instrument A { command c() \"X {v}\" }",
        "DeclarationError: unknown parameter `v` in the message @ t.rhai:1:28",
    );
    case(
        "instrument A { query q() \"X\" }",
        "DeclarationError: the last message of query `q` is not a query @ t.rhai:1:22",
    );
    case(
        "instrument A { command write() \"X\" }",
        "SpecialFunctionNameError: `write` is a name that every instrument has already",
    );
    case(
        "instrument A { comand c() \"X\" }",
        "ParseError: expected `command`, `query`, `setup`, `teardown` or `method`, found `comand`",
    );
    case("instrument A { command c \"X\" }", "ParseError: expected `(` after `command c`, found a string");
    case("instrument A { query q() -> flot \"X?\" }", "DeclarationError: unknown type `flot`");
    case(
        "instrument A { command c() timout = 1 \"X\" }",
        "DeclarationError: a command has no option `timout` @ t.rhai:1:28 | did you mean `timeout`?",
    );
    case("instrument A : B { }", "DeclarationError: `B` is not an instrument class");
    case("instrument A { command c(", "ParseError: expected `,` or `)` in the parameters");
    let on = |call: &str| {
        failure(&format!(
            "instrument A {{ command c(v: float \"V\" in 0.5..=1.5) \"VOLT {{v}}\" }}\nlet a = A.open(\"sim-instrument:std/psu\");\n{call}"
        ))
    };
    let refused = on("a.c(2);");
    assert!(
        refused.starts_with("ArgumentError: `A`: command `c`: `v` is 2 V, and must be in 0.5..=1.5 V @ t.rhai:3:3"),
        "{refused}"
    );
    assert!(on("a.d(1);").starts_with("UnknownTaskError: `A` has no command or query `d` @ t.rhai:3:3 | it has c"));
    assert!(
        on("a.wait_done(1, 2);")
            .starts_with("ArgumentError: `wait_done` of an instrument was not called with these arguments")
    );
    assert!(on("A.open(5);").starts_with("ArgumentError: the address is an integer"));
    assert!(on("A.open(\"sim-instrument:none\");").contains("cannot read `none`"));
}

#[test]
fn simulated_instruments_are_described_and_wired_by_scripts() {
    let lines = printed(
        r##"
        let psu = Instrument.open(#{
            identity: "ACME,X1,SN9,2.0",
            properties: #{ voltage: #{ command: "VOLT", value: 0.0, max: 5.0 }, out: #{ query: "OUT?", value: 1 } },
            replies: [#{ query: "CURV?", reply: blob(2, 65) }],
        });
        let dmm = Instrument.open("sim-instrument:std/dmm", #{ name: "dmm" });
        dmm.sim.reads("voltage", || psu.sim.get("voltage") / 2.0);
        psu.sim.feeds("voltage", |v| print(`fed ${v}`));
        psu.write("VOLT 3");
        print((dmm.query("MEAS:VOLT:DC?") - 1.5).abs() < 0.001);
        psu.write("VOLT 3");
        print(psu.query_block("CURV?").len());
        psu.sim.fail(-240, "Hot");
        print(psu.errors()[0].text);
        psu.sim.silence(1);
        try { psu.query("OUT?", #{ timeout: 0.02 }) } catch (e) { print(e.kind) }
        print(`${psu.query("OUT?")} ${psu.sim.names} ${psu.name} ${psu.is_simulated}`);
        "##,
    );
    assert_eq!(lines, ["fed 0.0", "fed 3.0", "true", "2", "Hot", "TimeoutError", "1 [\"out\", \"voltage\"] X1 true"]);
}

#[test]
fn teardowns_of_instruments_run_however_a_script_ends() {
    for end in ["throw 1", "exit(3)", "psu.nothing()", "timeout(0.02, || loop { })"] {
        let text = format!(
            "instrument P {{ setup on() autoinit \"OUTP ON\" teardown off() \"OUTP OFF\" }}
             let psu = P.open(\"sim-instrument:std/psu\");
             psu.sim.feeds(\"output\", |on| print(`output ${{on}}`));
             {end};"
        );
        let (finished, lines) = run(&text);
        assert_eq!(lines, ["output true"], "{end}");
        assert!(finished.closing.is_empty(), "{end}: {:?}", finished.closing);
    }
    let (finished, _) = run(
        "instrument P { teardown off() check_errors \"NONE 1\" } let p = P.open(\"sim-instrument:std/psu\"); throw 1;",
    );
    let closing: Vec<String> = finished.closing.iter().map(shown).collect();
    assert!(
        closing[0].starts_with("InstrumentError: `P`: teardown `off`: `NONE 1` was refused: Undefined header (-113)"),
        "{closing:?}"
    );
}
