//! A real old firmware: MicroPython 1.9.2 of the BBC micro:bit, on the micro:bit of qemu, its UART at a TCP port.
//!
//! It has 10 KB of memory, 63 bytes of input buffer and neither raw paste, binascii, hashlib, threads nor `sys.stdin`. Each
//! test has a board of its own, which ends with it.

use super::network::free_port;
use crate::support::command::{Outcome, Program};
use crate::support::programs;
use crate::support::running::Running;
use crate::support::terminal::Person;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
const EMULATOR: &str = "qemu-system-arm";
const FIRMWARE: &str = "/usr/share/firmware-microbit-micropython/firmware.hex";

/// An emulated board, switched off on drop.
pub(super) struct Microbit {
    emulator: Option<Running>,
    number: u16,
    port: String,
    folder: tempfile::TempDir,
}

impl Microbit {
    /// A board that boots; `None` where the emulator or the firmware is missing.
    pub(super) fn start() -> Option<Microbit> {
        programs::find([EMULATOR, FIRMWARE])?;
        let folder = tempfile::tempdir().expect("a folder");
        let number = free_port();
        let emulator = Some(emulate(folder.path(), number));
        Some(Microbit { emulator, number, port: format!("tcp://127.0.0.1:{number}"), folder })
    }

    /// Its port, as `--port` takes it.
    pub(super) fn port(&self) -> &str {
        &self.port
    }

    /// Switches it off, and another one on at the same port.
    fn replace(&mut self) {
        self.switch_off();
        self.emulator = Some(emulate(self.folder.path(), self.number));
    }

    fn switch_off(&mut self) {
        self.emulator = None;
    }

    fn program(&self, args: &[&str]) -> Program {
        Program::new().args(args.iter().copied()).env("BELAY_DEVICE", &self.port).limit(LIMIT)
    }

    #[track_caller]
    fn says(&self, args: &[&str], stdout: &str) {
        let outcome = self.program(args).outcome_in(self.folder.path());
        assert_eq!(outcome, Outcome { stdout: stdout.to_owned(), stderr: String::new(), status: Some(0) }, "{args:?}");
    }

    fn run(&self, script: &str) -> Outcome {
        self.program(&["run", "a.rhai"]).script("a.rhai", script).outcome_in(self.folder.path())
    }
}

/// Starts the emulator, and waits until it listens.
fn emulate(folder: &Path, number: u16) -> Running {
    let mut command = Command::new(EMULATOR);
    command.args(["-M", "microbit", "-display", "none", "-monitor", "none"]);
    command.args(["-device", &format!("loader,file={FIRMWARE}")]);
    command.args(["-serial", &format!("tcp:127.0.0.1:{number},server=on,wait=off")]);
    let emulator = Running::start(command, folder, None, LIMIT);
    let deadline = Instant::now() + LIMIT;
    while let Err(error) = TcpStream::connect((Ipv4Addr::LOCALHOST, number)) {
        assert!(Instant::now() < deadline, "the emulator does not listen: {error}");
        std::thread::yield_now();
    }
    emulator
}

/// Uses every kind of item in a script. `said` collects unexpected results.
const BENCH: &str = r#"
device Bench {
    setup init(level = 3) autoinit `
        base = level
    `
    task add(a, b = 2) `return a + b + base`
    task echo(x) `return x`
    task squares(count) `
        for number in range(count):
            yield number * number
    `
    task divide(a, b) `
        # Minified away, but for its line.
        return a // b
    `
    task text(count) `return "ab" * count`
    task spin() timeout = 0.2 `
        while True:
            pass
    `
    task doze() timeout = 0.2 `
        import time
        time.sleep(30)
    `
    task now() return_time `return 5`
    task free() `
        import gc
        gc.collect()
        return gc.mem_free()
    `
    thread blink() `pass`
    teardown off() `print("off")`
}
fn said(closure) {
    try { closure.call(); } catch (error) { return `${error.kind}: ${error.message}`; }
    "nothing"
}
"#;

#[test]
fn a_bench_with_everything() {
    let Some(microbit) = Microbit::start() else { return };
    let outcome = microbit.run(&format!(
        "{BENCH}{}",
        r#"let b = Bench.open();
print(`${b.implementation.name} ${b.implementation.version} ${b.implementation.platform}`);
let free = b.free();
for number in 0..10 { b.add(number); }
let after_loop = b.free();
if free - after_loop > 600 { throw `the loop for calls takes ${free - after_loop} bytes`; }
print(`${b.add(1)} ${b.add(1, 1)}`);
for value in [(), true, -5, 1.5, "tex't é 😀\n", [1, [2, "x"]], #{ a: 1 }, blob(200, 200), 123456789012345] {
    if b.echo(value) != value { throw `${value} came back as ${b.echo(value)}`; }
}
let sum = 0;
for number in b.squares(10) { sum += number; }
print(sum);
print(said(|| b.divide(1, 0)));
print(said(|| b.spin()));
print(said(|| b.doze()));
print(said(|| b.blink()));
print(b.exec("2 ** 100"));

// What the helpers leave: the one for generators, and the others below.
let generators = after_loop - b.free();
// MicroPython takes memory for names in pieces of some 200 bytes: one falls to whoever needs the next name.
if generators > 950 { throw `generators take ${generators} bytes`; }

b.sync_time();
let first = b.now();
let passed = b.now()[1] - first[1];
if first[0] != 5 || passed <= 0.0 || passed > 5.0 { throw `${passed} s passed`; }
b.exec("kept = [1, 2, [3]]\nclass C:\n def __init__(self): self.v = 4\n def m(self, x): return x + self.v\nc = C()");
if true {
    let list = b.proxy("kept");
    let object = b.proxy("c");
    let count = 0;
    for item in list { count += 1; }
    print(`${list.len()} ${list[0]} ${list[2]} ${object.m(3)} ${object.v} ${count}`);
}
let all = free - b.free();
if all > 4200 { throw `the helpers take ${all} bytes`; }
b.soft_reset();
print(said(|| b.add(1)));
b.init(4);
print(b.add(1));
"#
    ));
    let said = "micropython [1, 9, 2] microbit\n6 5\n285\n\
        DeviceException: ZeroDivisionError: division by zero\n\
        TimeoutError: no reply within 0.2 s\n\
        TimeoutError: no reply within 0.2 s\n\
        FeatureUnavailableError: the board has no threads\n\
        1267650600228229401496703205376\n\
        3 1 [3] 7 4 3\n\
        DeviceException: NameError: name 'base' is not defined\n\
        7\noff\r\n";
    assert_eq!((outcome.stderr.as_str(), outcome.stdout.as_str(), outcome.status), ("", said, Some(0)));
}

/// Calls of integers go without compiling; everything else about them is as before.
#[test]
fn calls_that_follow_one_another() {
    let Some(microbit) = Microbit::start() else { return };
    let script = r#"
        device Small {
            task same(x) `return x`
            task nothing() `pass`
            task say(x) `
                print("said", x)
                return x * 2
            `
            task divide(x) `return 10 // x`
            task text(x) `return "a" * x`
            task spin() timeout = 0.3 `
                while True:
                    pass
            `
        }
        let b = Small.open();
        for i in 0..30 { if b.same(i) != i { throw `${i} is another number`; } }
        for i in -3..12 { if b.same(-i) != -i || b.nothing() != () { throw `${i} is another number`; } }
        print(`${b.say(3)} ${b.say(-3)}`);
        try { b.divide(0) } catch (e) { print(e.message) }
        for i in 0..3 { print(b.divide(3)); }
        for i in 0..3 { print(b.text(4)); }
        print(`${b.same(1.5)} ${b.same("x")}`);
        for i in 0..4 { b.same(1); }
        try { b.spin() } catch (e) { print(e.message) }
        for i in 0..4 { b.same(1); }
        print(b.exec("1 + 1"));
        for i in 0..4 { b.same(1); }
        print(b.same(123456789012345678));
        "#;
    let program = microbit.program(&["run", "a.rhai", "--record", "record.txt"]).script("a.rhai", script);
    let outcome = program.outcome_in(microbit.folder.path());
    let said = "said 3\r\nsaid -3\r\n6 -6\nZeroDivisionError: division by zero\n3\n3\n3\naaaa\naaaa\naaaa\n1.5 x\n\
        no reply within 0.3 s\n2\n123456789012345678\n";
    assert_eq!((outcome.stderr.as_str(), outcome.stdout.as_str(), outcome.status), ("", said, Some(0)));
    let record = std::fs::read_to_string(microbit.folder.path().join("record.txt")).expect("a recording");
    let lines = record.lines().filter(|line| line.contains(" > \"") && line.ends_with("\\r\"")).count();
    assert!(lines > 40, "{lines} of 90 calls");
}

#[test]
fn helpers_have_room_beside_the_loop() {
    // The lines that `input()` keeps lay scattered over all the memory after calls: with this much in use, nothing compiled any more.
    for in_use in [150, 1500] {
        let Some(microbit) = Microbit::start() else { return };
        let script = r#"
        device Small {
            task nothing() `pass`
            task same(x) `return x`
            task say(n) `
                for i in range(n):
                    print(i)
            `
            task count(n) prefetch = 8 `
                for i in range(n):
                    yield i
            `
        }
        let b = Small.open();
        b.exec("ballast=bytearray(IN_USE)\nclass C:pass\nthing=C()\nthing.v=5\n");
        for i in 0..20 { if b.same(i) != i || b.nothing() != () { throw `${i} is another number`; } }
        let sum = 0;
        for number in b.count(20) { sum += number; }
        print(sum);
        print(b.batch(|b| { for i in 0..10 { b.same(i); } }));
        b.say(2);
        for i in 0..40 { if b.same(i) != i { throw `${i} is another number`; } }
        print(b.proxy("thing").v);
        for i in 0..20 { if b.same(i) != i { throw `${i} is another number`; } }
        print(b.exec("'__belay_r'in globals()"));
        "#;
        let outcome = microbit.run(&script.replace("IN_USE", &in_use.to_string()));
        let said = "190\n[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n0\r\n1\r\n5\ntrue\n";
        assert_eq!((outcome.stderr.as_str(), outcome.stdout.as_str(), outcome.status), ("", said, Some(0)), "{in_use}");
    }
}

#[test]
fn memory_to_its_limits() {
    let Some(microbit) = Microbit::start() else { return };
    let outcome = microbit.run(
        r#"
        device Small {
            task text(count) `return "ab" * count`
            task echo(x) `return x`
        }
        let b = Small.open();
        let long = "";
        for n in 0..120 { long += "0123456789"; }
        print(b.echo(long) == long);
        print(b.text(1000).len);
        // Neither scattered garbage nor too large items prevent later calls.
        for n in 0..12 { b.exec("def f" + n + "(x):\n y = x + " + n + "\n return y * 2"); }
        print(b.exec("f11(1)"));
        try { b.text(4000) } catch (error) { print(error.message) }
        long += long + long;
        try { b.echo(long) } catch (error) { print(error.message) }
        print(b.text(500).len);
        // And the remaining memory.
        b.exec("kept = []\ntry:\n  while True: kept.append(bytearray(64))\nexcept MemoryError: pass");
        "#,
    );
    let mut lines = outcome.stdout.lines();
    for expected in ["true", "2000", "24", "MemoryError: ", "MemoryError: ", "1000"] {
        assert!(lines.next().is_some_and(|line| line.starts_with(expected)), "{expected}: {outcome:?}");
    }
    let full = microbit.program(&["info"]).outcome_in(microbit.folder.path());
    let expected = format!("error: the board at `{}` has not enough free memory: MemoryError", microbit.port);
    assert!(full.stderr.starts_with(&expected) && full.status == Some(3), "{full:?}\n{outcome:?}");
    microbit.says(&["exec", "pass"], "");
    microbit.says(&["eval", "--no-reset", "6 * 7"], "42\n");
}

#[test]
fn a_helper_that_does_not_fit_is_reported_without_disconnecting() {
    let Some(microbit) = Microbit::start() else { return };
    let outcome = microbit.run(
        r#"
        device Counter {
            task count(to) `
                for number in range(to):
                    yield number
            `
            task pushed() stream = true `yield 1`
        }
        let b = Counter.open();
        // Its firmware has no `sys.stdin`.
        try { for number in b.pushed() { } } catch (error) { print(error.kind); }
        b.exec("full = []\ntry:\n while True: full.append(bytearray(64))\nexcept MemoryError:\n del full[-15:]");
        try { for number in b.count(4) { } } catch (error) { print(error.message.split(": ")[0]); }
        b.exec("full = 0");
        let sum = 0;
        for number in b.count(4) { sum += number; }
        print(sum);
        "#,
    );
    let said = "FeatureUnavailableError\nMemoryError\n6\n";
    assert_eq!((outcome.stderr.as_str(), outcome.stdout.as_str(), outcome.status), ("", said, Some(0)));
}

#[test]
fn every_command() {
    let Some(microbit) = Microbit::start() else { return };
    let port = &microbit.port;
    let expected = format!(
        "implementation  micropython 1.9.2\nplatform        microbit\narch            unknown\n\
         emitters        none\nport            {port}\n"
    );
    microbit.says(&["info"], &expected);
    microbit.says(&["exec", "import gc; print(gc.mem_free() > 6000)"], "True\r\n");
    microbit.says(&["eval", "'é' * 300"], &format!("{}\n", "é".repeat(300)));
    microbit.says(&["reset"], "");
    microbit.says(&["reset", "--hard"], "");
    let file = "def f():\n    1/0\nprint('hello from', __name__)\nf()\n";
    let program = microbit.program(&["run", "main.py"]).file("main.py", file.as_bytes());
    let outcome = program.outcome_in(microbit.folder.path());
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("hello from __main__\r\n", Some(1)), "{outcome:?}");
    assert!(outcome.stderr.contains("ZeroDivisionError: division by zero\n  --> main.py:2:5"), "{outcome:?}");

    // It has no file system of the usual kind, and no memory for the code of a mounted folder.
    let begun = Instant::now();
    let outcome = microbit.program(&["df"]).outcome_in(microbit.folder.path());
    assert!(outcome.stderr.starts_with("error: ") && outcome.status != Some(0), "{outcome:?}");
    let outcome = microbit.program(&["run", "main.py", "--mount", "."]).outcome_in(microbit.folder.path());
    let said = "error: the board cannot mount a folder of this computer: its firmware has no `os.mount`\n  \
        help: ";
    assert!(outcome.stderr.starts_with(said) && outcome.status == Some(4), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    microbit.says(&["eval", "--no-reset", "6 * 7"], "42\n");

    let outcome = microbit.run(&format!("{BENCH}let b = Bench.open();\nb.divide(1, 0);\n"));
    let place = "raised ZeroDivisionError in task `divide`: division by zero\n  --> a.rhai:13:9";
    assert!(outcome.stderr.contains(place) && outcome.status == Some(1), "{outcome:?}");

    let mut person = Person::start(microbit.folder.path(), &["terminal", "-p", port]);
    person.sees("press Ctrl-] to leave\r\n");
    person.types(b"\r");
    person.sees(">>> ");
    person.types(b"6*7\r");
    person.sees("6*7\r\n42\r\n>>> ");
    person.types(b"\x04");
    person.sees("soft reboot\r\n");
    person.sees(">>> ");
    person.types(b"\x1d");
    assert_eq!(person.ends(), Some(0));
}

#[test]
fn interrupted_and_lost() {
    let Some(mut microbit) = Microbit::start() else { return };
    let spin = "
        device Bench {
            task spin() `
                print('spinning')
                while True: pass
            `
            task add(a, b) `return a + b`
            teardown off() `print('off')`
        }
        let b = Bench.open(#{ attempts: parse_int(args[0]) });
        try { b.spin() } catch (error) { print(error.kind); if error.kind == `Interrupted` { throw error } }
        print(b.add(1, 2));
    ";
    let folder = microbit.folder.path().to_owned();
    let port = microbit.port.clone();
    let start = |attempts: &str| {
        let program = Program::new().script("spin.rhai", spin).env("BELAY_DEVICE", &port).limit(LIMIT);
        program.args(["run", "spin.rhai", "--", attempts]).start_in(&folder)
    };
    let running = start("0");
    running.said("spinning\r\n");
    running.interrupt();
    let outcome = running.finish().1;
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("spinning\r\noff\r\n", Some(130)), "{outcome:?}");
    assert!(outcome.stderr.starts_with("error: `Bench`: task `spin`: interrupted\n"), "{outcome:?}");

    let running = start("20");
    running.said("spinning\r\n");
    microbit.replace();
    let outcome = running.finish().1;
    let said = "spinning\r\nConnectionLost\n3\noff\r\n";
    assert_eq!((outcome.stdout.as_str(), outcome.status), (said, Some(0)), "{outcome:?}");

    let running = start("0");
    running.said("spinning\r\n");
    microbit.switch_off();
    let outcome = running.finish().1;
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("spinning\r\nConnectionLost\n", Some(3)), "{outcome:?}");
}
