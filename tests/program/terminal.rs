//! `terminal` and `reset` on a terminal.

use crate::support::command::Program;
use crate::support::running::Running;
use crate::support::terminal::Person;
use std::path::Path;

const LEAVE: &[u8] = b"\x1d";

fn server(folder: &Path) -> Running {
    let running = Program::new().args(["sim", "serve", "--link", "board"]).start_in(folder);
    running.said("press Ctrl-C to stop\n");
    running
}

/// Ends the server. Not by killing it: its link would stay, and might lead to the terminal of another test.
fn unplug(server: Running) {
    server.interrupt();
    assert_eq!(server.finish().1.status, Some(0));
}

#[test]
fn keys_go_to_the_board_and_answers_to_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let mut person = Person::start(folder.path(), &["terminal", "-p", "sim"]);
    person.sees("-- connected to `sim`; press Ctrl-] to leave\r\n");
    assert!(!person.is_cooked());
    person.sees(">>> ");
    person.types(b"1+1\r");
    person.sees("1+1\r\n2\r\n>>> ");
    // A key that a terminal in its usual modes makes a signal of.
    person.types(b"while True: pass\r\r");
    person.sees("pass\r\n... \r\n");
    person.types(b"\x03");
    person.sees("KeyboardInterrupt: \r\n>>> ");
    person.types(b"print('in', 'order'); x = 5\r");
    person.sees("\r\nin order\r\n>>> ");
    person.types(b"\x04");
    person.sees("MPY: soft reboot\r\n");
    person.sees(">>> ");
    person.types(b"x\r");
    person.sees("NameError");
    person.sees(">>> ");
    person.types(LEAVE);
    person.sees("-- left");
    assert_eq!(person.ends(), Some(0));
    assert!(person.is_cooked());
}

#[test]
fn terminal_modes_are_restored_on_every_exit() {
    let folder = tempfile::tempdir().unwrap();
    let mut person = Person::start(folder.path(), &["terminal", "-p", "sim"]);
    person.sees(">>> ");
    assert!(!person.is_cooked());
    rustix::process::kill_process(person.id(), rustix::process::Signal::TERM).unwrap();
    assert_eq!(person.ends(), Some(130));
    assert!(person.is_cooked());

    let mut person = Person::start(folder.path(), &["terminal", "-p", "sim", "--log", "/dev/full"]);
    person.sees("error: the transcript can no longer be written: no space left on device");
    assert_eq!(person.ends(), Some(2));
    assert!(person.is_cooked());

    let mut person = Person::start(folder.path(), &["terminal", "-p", "./gone"]);
    person.sees("error: unknown serial port `./gone`");
    assert_eq!(person.ends(), Some(3));
    assert!(person.is_cooked());
}

#[test]
fn a_mounted_folder_is_there_at_the_prompt_and_after_a_soft_reset() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("probe.py"), "print('pro' + 'bed')\n").unwrap();
    std::fs::write(folder.path().join("try.py"), "for n in (6, 7):\n    print(n * 100)\n").unwrap();
    let mut person = Person::start(folder.path(), &["terminal", "-p", "sim", "--mount", ".", "--inject", "try.py"]);
    person.sees("press Ctrl-] to leave\r\n");
    person.types(b"\rimport probe\r");
    person.sees("\r\nprobed\r\n>>> ");
    person.types(b"\x0b");
    person.sees("\r\n600\r\n700\r\n");
    person.sees(">>> ");
    person.types(b"\x04");
    person.sees("soft reboot");
    // Mounted again, it is at the prompt again.
    person.sees("press Ctrl-] to leave\r\n");
    person.types(b"\rimport probe\r");
    person.sees("\r\nprobed\r\n>>> ");
    person.types(LEAVE);
    person.sees("-- left");
    assert_eq!(person.ends(), Some(0));
    assert!(person.is_cooked());
}

#[test]
fn a_reconnected_board_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path());
    let mut person = Person::start(folder.path(), &["terminal", "-p", "./board", "--log", "log", "--timestamps"]);
    person.sees("-- connected to `./board`");
    person.types(b"\x03\rx = 1; print('before')\r");
    person.sees("\r\nbefore\r\n>>> ");
    unplug(first);
    person.sees(
        "-- `./board` is gone: the board was unplugged, or it restarted its USB; waiting for it to come back\r\n",
    );
    person.types(b"lost\r");
    let _second = server(folder.path());
    person.sees("-- `./board` is back\r\n");
    person.types(b"\x03\rprint('after', 'x' in dir())\r");
    person.sees("\r\nafter False\r\n>>> ");
    person.types(LEAVE);
    assert_eq!(person.ends(), Some(0));
    assert!(person.is_cooked());

    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("Z before\r\n") && log.contains("Z after False\r\n"), "{log}");
    assert!(!log.contains("lost") && !log.contains("-- "), "{log}");
    for line in log.lines() {
        let stamp: Vec<&str> = line.splitn(2, ' ').collect();
        assert!(stamp[0].len() == 24 && stamp[0].starts_with("20") && stamp[0].ends_with('Z'), "{line:?}");
    }
}

#[test]
fn waiting_for_a_board_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let mut person = Person::start(folder.path(), &["terminal", "-p", "./board"]);
    person.sees("-- connected to `./board`");
    unplug(server);
    person.sees("waiting for it to come back");
    person.types(LEAVE);
    assert_eq!(person.ends(), Some(0));
    assert!(person.is_cooked());
}

/// One of those in `at_limits.rs`.
pub fn a_pipe_is_typed_and_its_end_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let lines = "print(6*7)\nprint('\x1d'.encode())\r\nfor i in range(2): print('no', i)\n\n";
    let program = Program::new().args(["terminal", "-p", "sim", "--log", "log"]).stdin(lines);
    let (raw, outcome) = program.start_in(folder.path()).finish();
    assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(0)), "{}", outcome.stdout);
    for part in ["print(6*7)\r\n42\r\n>>> ", "\r\nno 0\r\nno 1\r\n>>> "] {
        assert!(outcome.stdout.contains(part), "{part:?} is not in {:?}", outcome.stdout);
    }
    // Byte for byte; the next session is appended.
    assert_eq!(std::fs::read(folder.path().join("log")).unwrap(), raw);
    let (again, _) = program.start_in(folder.path()).finish();
    assert_eq!(std::fs::read(folder.path().join("log")).unwrap(), [raw, again].concat());
}

#[test]
fn time_stamps_need_a_transcript() {
    let outcome = Program::new().args(["terminal", "-p", "sim", "--timestamps"]).outcome();
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("--log <FILE>"), "{}", outcome.stderr);
    Program::new()
        .args(["terminal", "-p", "sim", "--log", "no/such"])
        .stderr(
            "
            error: the transcript `no/such` cannot be written: no such file or directory
              help: name a file in an existing, writable folder
            ",
        )
        .status(2);
}

#[test]
fn each_reset_runs_the_board_s_own_programs_again() {
    let folder = tempfile::tempdir().unwrap();
    let port = "sim:?flash=board.img";
    let files = "
        with open('boot.py', 'w') as f: f.write('print(\"boot\")')
        with open('main.py', 'w') as f: f.write('import machine as m\\nprint(m.reset_cause() == m.SOFT_RESET, m.reset_cause() == m.HARD_RESET)')
    ";
    let files = Program::new().script("files.py", files).args(["run", "files.py", "-p", port]);
    assert_eq!(files.outcome_in(folder.path()).status, Some(0));
    for (option, expected) in [
        (None, "boot\r\nTrue False\r\n"),
        (Some("--hard"), "boot\r\nFalse True\r\n"),
        (Some("--bootloader"), "boot\r\nFalse True\r\n"),
    ] {
        let program = Program::new().args(["reset", "-p", port]).args(option);
        let outcome = program.outcome_in(folder.path());
        assert_eq!((outcome.stdout.as_str(), outcome.status), (expected, Some(0)), "{}", outcome.stderr);
        // Output from before the command is not part of the result.
        assert!(!outcome.stderr.contains("error"), "{}", outcome.stderr);
    }
}

/// One of those in `at_limits.rs`.
pub fn a_reset_leaves_a_program_that_never_ends_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let _server = server(folder.path());
    let files = "with open('main.py', 'w') as f: f.write('import time\\nprint(\"on\")\\nwhile True: time.sleep(1)')\n";
    let files = Program::new().file("files.py", files.as_bytes()).args(["run", "files.py", "-p", "./board"]);
    assert_eq!(files.outcome_in(folder.path()).status, Some(0));
    for option in [None, Some("--hard")] {
        let program = Program::new().args(["reset", "-p", "./board"]).args(option);
        let outcome = program.outcome_in(folder.path());
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str(), outcome.status), ("on\r\n", "", Some(0)));
        // It still runs: only Ctrl-C brings a prompt, and it is the friendly one.
        let mut person = Person::start(folder.path(), &["terminal", "-p", "./board"]);
        person.sees("-- connected to `./board`");
        person.types(b"\x03");
        person.sees("KeyboardInterrupt: \r\n");
        person.sees(">>> ");
        person.types(LEAVE);
        assert_eq!(person.ends(), Some(0));
    }
}

#[test]
fn unsupported_resets_are_errors() {
    let port = format!("exec:{}", crate::support::interpreter::command());
    for (option, message) in [
        (None, "error: a soft reset ends the program on this port\n"),
        (Some("--hard"), "error: the firmware cannot reset the board\n"),
        (Some("--bootloader"), "error: the firmware cannot start a boot loader\n"),
    ] {
        let outcome = Program::new().args(["reset", "-p", &port]).args(option).outcome();
        assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(4)), "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with(message), "{}", outcome.stderr);
    }
    let outcome = Program::new().args(["reset", "--hard", "--bootloader"]).outcome();
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
}

/// Starts a script with a person at the terminal.
fn script_with_person(folder: &Path, port: &str, script: &str) -> Person {
    std::fs::write(folder.join("bench.rhai"), script).unwrap();
    Person::start(folder, &["run", "bench.rhai", "-p", port])
}

const VISITED: &str = r#"
device Bench {
    task twice(x) `return 2 * x`
    task stream() `
        yield 1
        yield 2
    `
    setup begin() autoinit `level = 7`
    teardown off() `print("off, level", level)`
}
let b = Bench.open();
b.exec("kept = 'kept'; print('half', end='')");
let open = b.stream();
print(open.next());
print("before");
b.terminal(LEAVE);
print(b.twice(21));
print(b.exec("typed"));
print(b.exec("kept"));
print(open.next());
print(b.history.len());
"#;

#[test]
fn a_script_hands_its_board_to_the_person_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut person = script_with_person(folder.path(), "sim", &VISITED.replace("LEAVE", ""));
    person.sees("half");
    person.sees("before\r\n");
    person.sees("-- connected to `Bench` on `sim`; press Ctrl-] to leave\r\n");
    assert!(!person.is_cooked());
    person.sees(">>> ");
    person.types(b"twice(4), level\r");
    person.sees("\r\n(8, 7)\r\n>>> ");
    // A press of Ctrl-C is the board's; what still runs when the person leaves is stopped.
    person.types(b"while True: pass\r\r");
    person.sees("... \r\n");
    person.types(b"\x03");
    person.sees("KeyboardInterrupt: \r\n>>> ");
    person.types(b"typed = 'typed'; print('un' 'ending')\r");
    person.sees("\r\nunending\r\n>>> ");
    person.types(b"while True: pass\r\r");
    person.sees("... \r\n");
    person.types(LEAVE);
    person.sees("-- left\r\n");
    for line in ["42\r\n", "typed\r\n", "kept\r\n", "2\r\n"] {
        person.sees(line);
    }
    person.sees("off, level 7\r\n");
    assert_eq!(person.ends(), Some(0));
    assert!(person.is_cooked());
}

#[test]
fn the_leave_key_is_configurable_on_every_port() {
    let folder = tempfile::tempdir().unwrap();
    let process = format!("exec:{}", crate::support::interpreter::command());
    for port in ["sim", &process] {
        let mut person = script_with_person(folder.path(), port, &VISITED.replace("LEAVE", r#""\x18""#));
        person.sees("press Ctrl-X to leave\r\n");
        person.sees(">>> ");
        person.types(b"typed = 3\r\x1d");
        person.sees("typed = 3\r\n>>> ");
        // An incomplete line is not run.
        person.types(b"typed = 4\x18");
        person.sees("-- left\r\n");
        person.sees("42\r\n3\r\nkept\r\n");
        assert_eq!(person.ends(), Some(0));
    }
}

#[test]
fn a_board_that_the_person_restarts_has_its_declarations_again() {
    let folder = tempfile::tempdir().unwrap();
    let script = VISITED.replace("LEAVE", "").replace("print(b.exec(\"typed\"));\nprint(b.exec(\"kept\"));\n", "");
    let script = script.replace(
        "print(open.next());\nprint(b.history",
        "try { open.next() } catch (e) { print(e.message); }\nb.begin();\nprint(b.history",
    );
    for restart in [&b"\x04"[..], b"import machine; machine.reset()\r"] {
        let mut person = script_with_person(folder.path(), "sim", &script);
        person.sees("press Ctrl-] to leave\r\n");
        person.sees(">>> ");
        person.types(restart);
        person.sees("Type \"help()\"");
        person.sees(">>> ");
        person.types(LEAVE);
        person.sees("-- left\r\n42\r\n");
        person.sees("the generator is gone: the board has restarted since\r\n1\r\n");
        person.sees("off, level 7\r\n");
        assert_eq!(person.ends(), Some(0));
    }
}

/// One of those in `at_limits.rs`.
pub fn a_conversation_ends_with_the_run_s_time_a_signal_or_the_board() {
    let folder = tempfile::tempdir().unwrap();
    let script = VISITED.replace("LEAVE", "");
    std::fs::write(folder.path().join("bench.rhai"), &script).unwrap();
    let mut person = Person::start(folder.path(), &["run", "bench.rhai", "-p", "sim", "--timeout", "3"]);
    person.sees(">>> ");
    person.sees("-- left\r\n");
    person.sees("off, level 7\r\n");
    person.sees("the run took longer than");
    assert_eq!(person.ends(), Some(1));
    assert!(person.is_cooked());

    let mut person = script_with_person(folder.path(), "sim", &script);
    person.sees(">>> ");
    rustix::process::kill_process(person.id(), rustix::process::Signal::TERM).unwrap();
    person.sees("-- left\r\n");
    person.sees("off, level 7\r\n");
    assert_eq!(person.ends(), Some(130));
    assert!(person.is_cooked());

    let server = server(folder.path());
    let mut person = script_with_person(folder.path(), "./board", &script);
    person.sees("press Ctrl-] to leave\r\n");
    person.sees(">>> ");
    unplug(server);
    person.sees("-- left\r\n");
    person.sees("error: `Bench`: the connection was lost");
    person.sees("--> bench.rhai:16:3");
    assert_eq!(person.ends(), Some(3));
    assert!(person.is_cooked());
}

#[test]
fn without_a_person_a_script_gets_an_error_and_its_board_is_left_alone() {
    let script = r#"
let d = Device.open();
d.exec("x = 1");
try { d.terminal() } catch (e) { print(e.kind); }
for leave in ["", "ab", "é", 1] { try { d.terminal(leave) } catch (e) { print(e.kind); } }
print(d.exec("x"));
d.close();
try { d.terminal() } catch (e) { print(e.kind); }
Device.open().terminal();
"#;
    Program::new()
        .script("a.rhai", script)
        .args(["run", "a.rhai", "-p", "sim"])
        .stdout("FeatureUnavailableError\nArgumentError\nArgumentError\nArgumentError\nArgumentError\n1\nClosedError\n")
        .stderr(
            "
            error: `Device`: `terminal()` needs an interactive terminal, but standard input is not one
              --> a.rhai:8:15
               |
             8 | Device.open().terminal();
               |               ^^^^^^^^
              help: run the script in a terminal, or catch this error
            ",
        )
        .status(4);
}
