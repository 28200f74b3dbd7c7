//! Ctrl-C and time limits: the script stops, teardowns run, and the exit status shows it.

use crate::support::command::{Program, unindent};
use crate::support::terminal::{Terminal, readable};
use belay_script::port::address::Address;
use belay_script::port::open::open;
use belay_script::port::options::PortOptions;
use belay_script::port::{PortError, Wait};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Lines of every script, so that the places in the messages are the same.
const BENCH: &str = "
device Bench {
    task spin() `
        print('spinning')
        while True: __import__('time').sleep(1)
    `
    task doze() `
        import time
        print('dozing')
        time.sleep(1000)
    `
    task count() `
        number = 0
        while True:
            yield number
            number += 1
    `
    task add(a, b) `return a + b`
    task slow() timeout = 0.2 `
        while True: pass
    `
    teardown off() `print('off')`
}
let bench = Bench.open();
";

fn program(then: &str) -> Program {
    let bench = unindent(BENCH);
    Program::new().file("a.rhai", format!("{bench}{then}\n").as_bytes()).args(["run", "a.rhai", "-p", "sim"])
}

/// Runs `then`, presses Ctrl-C once `mark` has been said; the teardown must run.
#[track_caller]
fn interrupted(then: &str, mark: &str, stdout: &str, stderr: &str) {
    let program = program(then).stdout(&format!("{stdout}off\n")).stderr(stderr);
    let running = program.start();
    running.said(mark);
    running.interrupt();
    program.ends(running, 130);
}

#[test]
fn ctrl_c_stops_a_loop_of_the_script() {
    interrupted(
        "print(`ready`); loop { }",
        "ready",
        "ready\n",
        "
        error: interrupted
          --> a.rhai:24:22
           |
        24 | print(`ready`); loop { }
           |                      ^
        ",
    );
}

#[test]
fn ctrl_c_stops_a_sleep() {
    interrupted(
        "print(`ready`); sleep(1000);",
        "ready",
        "ready\n",
        "
        error: interrupted
          --> a.rhai:24:17
           |
        24 | print(`ready`); sleep(1000);
           |                 ^^^^^
        ",
    );
}

#[test]
fn ctrl_c_stops_scheduled_calls() {
    for (call, function) in [
        ("every(1000, |n| print(`ready`));", "every"),
        ("wait_until(1000, || { print(`ready`); sleep(1000); });", "wait_until"),
        ("for_each_board([bench], |b| { print(`ready`); retry(9, 1000, || throw 1) });", "for_each_board"),
    ] {
        let column = call.find(function).expect("it is there");
        let under = format!("{}{}", " ".repeat(column), "^".repeat(function.len()));
        let at = column + 1;
        let stderr = format!("error: interrupted\n  --> a.rhai:24:{at}\n   |\n24 | {call}\n   | {under}\n");
        let program = program(call).stdout("ready\noff\n");
        let running = program.start();
        running.said("ready");
        running.interrupt();
        let (_, outcome) = running.finish();
        assert_eq!((outcome.status, &*outcome.stdout), (Some(130), "ready\noff\r\n"), "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with(&stderr), "{}", outcome.stderr);
    }
}

#[test]
fn ctrl_c_stops_code_on_the_board() {
    interrupted(
        "bench.spin();",
        "spinning",
        "spinning\n",
        "
        error: `Bench`: task `spin`: interrupted
          --> a.rhai:24:7
           |
        24 | bench.spin();
           |       ^^^^
        ",
    );
    interrupted(
        "bench.doze();",
        "dozing",
        "dozing\n",
        "
        error: `Bench`: task `doze`: interrupted
          --> a.rhai:24:7
           |
        24 | bench.doze();
           |       ^^^^
        ",
    );
}

/// It may arrive between two items, in the script, or while waiting for one.
#[test]
fn ctrl_c_stops_a_generator() {
    let program = program("for number in bench.count() { if number == 3 { print(`three`); } }");
    let running = program.start();
    running.said("three");
    running.interrupt();
    let (_, outcome) = running.finish();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("three\noff\r\n", Some(130)), "{}", outcome.stderr);
    let first = outcome.stderr.lines().next().unwrap_or_default();
    let expected = ["error: interrupted", "error: `Bench`: task `count`: interrupted"];
    assert!(expected.contains(&first), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("a.rhai:24:"), "{}", outcome.stderr);
}

#[test]
fn ctrl_c_cannot_be_caught() {
    interrupted(
        "try { bench.spin(); } catch (error) { print(`caught`); } print(`went on`);",
        "spinning",
        "spinning\n",
        "
        error: `Bench`: task `spin`: interrupted
          --> a.rhai:24:13
           |
        24 | try { bench.spin(); } catch (error) { print(`caught`); } print(`went on`);
           |             ^^^^
        ",
    );
}

/// Every board is closed, the last opened one first.
#[test]
fn ctrl_c_runs_the_teardowns_of_every_board() {
    let program = program("let other = Bench.open(`sim:other`, #{ name: `other` }); print(`ready`); loop { }");
    let running = program.start();
    running.said("ready");
    running.interrupt();
    let (_, outcome) = running.finish();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("ready\n[other] off\noff\r\n", Some(130)));
}

/// A port without an answering board.
#[test]
fn ctrl_c_stops_connecting() {
    let terminal = Terminal::open();
    let program =
        Program::new().script("a.rhai", "Device.open();").args(["run", "a.rhai", "-p", terminal.port()]).stderr(
            "
        error: `Device`: interrupted
          --> a.rhai:1:8
           |
         1 | Device.open();
           |        ^^^^
        ",
        );
    let running = program.start();
    // It has tried to connect.
    terminal.wait();
    running.interrupt();
    program.ends(running, 130);
}

/// A handle to a process of ours, which becomes readable when it ends.
fn handle(process: Pid) -> OwnedFd {
    pidfd_open(process, PidfdFlags::empty()).unwrap()
}

#[test]
fn the_second_ctrl_c_leaves_at_once() {
    let program = Program::new()
        .script(
            "a.rhai",
            "
            device Bench {
                teardown off() `
                    print('hanging')
                    while True: pass
                `
            }
            let bench = Bench.open();
            print(`ready`);
            loop { }
            ",
        )
        .args(["run", "a.rhai", "-p", "sim"])
        .stdout("ready\nhanging\n");
    let running = program.start();
    running.said("ready");
    let boards: Vec<OwnedFd> = running.children().into_iter().map(handle).collect();
    assert_eq!(boards.len(), 1);
    running.interrupt();
    running.said("hanging\r\n");
    running.interrupt();
    program.ends(running, 130);
    // The interpreter ends with the program.
    readable(&boards[0]);
}

#[test]
fn other_commands_are_interrupted_too() {
    for args in [&["exec", "-p", "sim", "print('on')\nwhile True: pass"][..], &["run", "a.py", "-p", "sim"]] {
        let program = Program::new().file("a.py", b"print('on')\nwhile True: pass\n").args(args.iter().copied());
        let running = program.start();
        let on = "on\r\n";
        running.said(on);
        running.interrupt();
        let (_, outcome) = running.finish();
        assert_eq!((outcome.stdout.as_str(), outcome.status), (on, Some(130)), "{args:?}: {}", outcome.stderr);
        assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    }
}

/// A real Ctrl-C, typed into the program's own terminal.
#[test]
fn ctrl_c_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let bench = unindent(BENCH);
    std::fs::write(folder.path().join("a.rhai"), format!("{bench}bench.spin();\n")).unwrap();
    let (folder, binary) = (folder.path().display(), env!("CARGO_BIN_EXE_belay-script"));
    // The port of processes gives them a terminal that makes signals of Ctrl-C.
    let address: Address = format!("exec:env -C '{folder}' NO_COLOR=1 '{binary}' run a.rhai -p sim").parse().unwrap();
    let mut terminal = open(&address, &PortOptions::default(), &|_| ()).unwrap();
    let wait = Wait::for_at_most(Duration::from_secs(30));
    let mut seen = Vec::new();
    let mut pressed = false;
    let end = loop {
        // The whole line: what a board has not sent when it is interrupted, it never sends.
        if !pressed && seen.contains(&b'\n') {
            terminal.write(b"\x03", wait).unwrap();
            pressed = true;
        }
        match terminal.read(&mut seen, wait) {
            Ok(_) => {}
            Err(PortError::Gone(how)) => break how,
            Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&seen)),
        }
    };
    let seen = String::from_utf8_lossy(&seen).replace('\r', "");
    assert_eq!(end.to_string(), "the process ended with status 130", "{seen}");
    assert!(seen.starts_with("spinning\noff\nerror: `Bench`: task `spin`: interrupted\n"), "{seen}");
}

#[test]
fn a_task_over_its_timeout_is_an_error() {
    program("bench.slow();")
        .stdout("off\n")
        .stderr(
            "
            error: `Bench`: task `slow`: no reply within 0.2 s
              --> a.rhai:24:7
               |
            24 | bench.slow();
               |       ^^^^
              help: the board was interrupted and can be used again; allow more with `timeout = seconds`
            ",
        )
        .status(1);
}

#[test]
fn a_timeout_can_be_caught_and_the_board_goes_on() {
    program("try { bench.slow(); } catch (error) { print(error.kind); print(error.task); } print(bench.add(1, 2));")
        .stdout("TimeoutError\nslow\n3\noff\n")
        .status(0);
}

/// One of those in `at_limits.rs`.
pub fn a_run_over_its_timeout_stops_the_script() {
    program("print(`ready`); loop { }")
        .args(["--timeout", "1.5"])
        .stdout("ready\noff\n")
        .stderr(
            "
            error: the run took longer than `--timeout` allows
              --> a.rhai:24:22
               |
            24 | print(`ready`); loop { }
               |                      ^
              help: allow more with `--timeout SECONDS`
            ",
        )
        .status(1);
}

/// One of those in `at_limits.rs`.
pub fn a_run_over_its_timeout_stops_the_board() {
    program("bench.spin();")
        .args(["--timeout", "1.5"])
        .stdout("spinning\noff\n")
        .stderr(
            "
            error: `Bench`: task `spin`: the run took longer than `--timeout` allows
              --> a.rhai:24:7
               |
            24 | bench.spin();
               |       ^^^^
              help: the board was interrupted; allow more with `--timeout SECONDS`
            ",
        )
        .status(1);
}

/// One of those in `at_limits.rs`.
pub fn a_run_over_its_timeout_cannot_be_caught() {
    let outcome = program("loop { try { bench.spin(); } catch (error) { print(`caught`); } }")
        .args(["--timeout", "1.5"])
        .outcome();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("spinning\r\noff\r\n", Some(1)), "{}", outcome.stderr);
}
