//! Boards that disappear, and ports without a board: the errors, and that they are reported soon.

use crate::support::command::{Program, unindent};
use crate::support::terminal::Terminal;
use crate::support::{extent, interpreter};
use std::time::{Duration, Instant};

/// The interpreter of the first board is killed while it runs code; the other board's teardown still runs.
#[test]
fn a_board_that_dies_is_a_lost_connection() {
    let program = Program::new()
        .script(
            "a.rhai",
            "
            device Bench {
                task spin() `
                    print('spinning')
                    while True: pass
                `
                teardown off() `print('off')`
            }
            let first = Bench.open(`sim:first`, #{ name: `first` });
            let second = Bench.open(`sim:second`, #{ name: `second` });
            first.spin();
            ",
        )
        .args(["run", "a.rhai"]);
    let running = program.start();
    running.said("spinning\n");
    let boards = running.children();
    assert_eq!(boards.len(), 2);
    rustix::process::kill_process(boards[0], rustix::process::Signal::KILL).unwrap();
    let (_, outcome) = running.finish();
    assert_eq!(outcome.stdout, "[first] spinning\n[second] off\n", "{}", outcome.stderr);
    let head = unindent(
        "
        error: `first`: task `spin`: the connection was lost: the simulated board was killed by signal 9
          --> a.rhai:10:7
           |
        10 | first.spin();
           |       ^^^^
        ",
    );
    assert!(outcome.stderr.starts_with(&head), "{}", outcome.stderr);
    assert_eq!(outcome.status, Some(3));
}

#[test]
fn a_lost_connection_can_be_caught() {
    let program = Program::new()
        .script(
            "a.rhai",
            "
            device Bench {
                task spin() `
                    print('spinning')
                    while True: pass
                `
                task add(a, b) `return a + b`
            }
            let bench = Bench.open();
            try { bench.spin(); } catch (error) {
                print(`${error.kind}: ${error.message}`);
                print(is_a(error, `ConnectionFailedError`));
            }
            try { bench.add(1, 2); } catch (error) { print(error.kind); }
            let again = Bench.open();
            print(again.add(1, 2));
            ",
        )
        .args(["run", "a.rhai", "-p", "sim"])
        .stdout(
            "
            spinning
            ConnectionLost: the connection was lost: the simulated board was killed by signal 9
            true
            ConnectionLost
            3
            ",
        );
    let running = program.start();
    running.said("spinning\r\n");
    let boards = running.children();
    assert_eq!(boards.len(), 1);
    rustix::process::kill_process(boards[0], rustix::process::Signal::KILL).unwrap();
    program.ends(running, 0);
}

/// Opening `port` fails with this message (and, unless it is empty, this help) and status 3, within this time.
#[track_caller]
fn refused(port: &str, within: Duration, message: &str, help: &str) {
    let begun = Instant::now();
    let outcome = Program::new().script("a.rhai", "Device.open();").args(["run", "a.rhai", "-p", port]).outcome();
    let took = begun.elapsed();
    println!("{port}: {took:?}");
    assert!(took < within, "it took {took:?}: {}", outcome.stderr);
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(3)));
    let head = format!(
        "error: `Device`: {message}\n  --> a.rhai:1:8\n   |\n 1 | Device.open();\n   |        ^^^^\n  help: {help}"
    );
    // Its output, and the attempts, come before.
    let (before, error) = outcome.stderr.split_at(outcome.stderr.find("error: ").unwrap_or(0));
    let strangers = before.lines().filter(|line| !line.starts_with("-- the board does not respond: trying ")).count();
    assert_eq!(strangers, 0, "{before}");
    assert!(error.starts_with(&head), "--- expected\n{head}\n--- actual\n{error}");
    assert_eq!(error.lines().count(), 6, "{error}");
}

const SOON: Duration = Duration::from_secs(4);
/// Something answers, and might be a board that is booting.
const PATIENT: Duration = Duration::from_secs(45);

#[test]
fn a_port_that_does_not_exist() {
    // The help lists the boards that are plugged in.
    refused("/dev/ttyNONE", SOON, "unknown serial port `/dev/ttyNONE`", "");
}

#[test]
fn a_file_is_not_a_port() {
    let help = "`belay-script devices` lists the boards that are plugged in\n";
    refused("/dev/null", SOON, "`/dev/null` is not a serial port: it is a character device, not a terminal", help);
}

#[test]
fn a_process_that_ends() {
    let message = "`exec:true` is not a MicroPython: the process ended with status 0";
    refused("exec:true", SOON, message, EXEC_HELP);
}

#[test]
fn a_process_that_is_not_found() {
    let message = "`exec:no-such-program` is not a MicroPython: the process ended with status 127: command not found";
    refused("exec:no-such-program", SOON, message, EXEC_HELP);
}

const EXEC_HELP: &str = "use a command that starts MicroPython 1.27 or newer with a prompt, or use `--port sim`\n";

/// All at once, because a board that is booting is waited for. One of those in `at_limits.rs`.
pub fn what_is_no_board_is_given_up() {
    let no_raw_repl = |command: &str| {
        refused(command, PATIENT, &format!("`{command}` is not a MicroPython: it has no raw REPL"), EXEC_HELP);
    };
    const TRIED: &str = "Ctrl-C, repeated Ctrl-C and a soft reset did not help";
    let silent = |port: &str| {
        let help = format!(
            "{TRIED}, and nothing responded: check that MicroPython or CircuitPython is on the board, that it has power, \
             and that this is its port; press its reset button and try again\n"
        );
        refused(port, PATIENT, &format!("no MicroPython board responded on `{port}`"), &help);
    };
    let talks = |port: &str| {
        let help = format!(
            "{TRIED}; press the reset button while you repeat the command, or erase the board's main.py with its firmware \
             tool, and let programs end on KeyboardInterrupt\n"
        );
        let message = format!(
            "the program on the board at `{port}` catches Ctrl-C: it printed `{}…`",
            &"rubbish ".repeat(9)[..60]
        );
        refused(port, PATIENT, &message, &help);
    };
    // On a serial port: a silent device, and one that prints rubbish.
    let (mute, babbling) = (Terminal::open(), Terminal::open());
    let _answers = babbling.answer(b"rubbish ");
    // A flood without end takes all of a processor.
    let flood = if extent::is_ci() { "yes" } else { "yes | head -c 200000; cat >/dev/null" };
    std::thread::scope(|scope| {
        scope.spawn(|| no_raw_repl("exec:cat"));
        scope.spawn(|| no_raw_repl(&format!("exec:sh -c '{flood}'")));
        scope.spawn(|| no_raw_repl("exec:python3 -q"));
        scope.spawn(|| silent(mute.port()));
        scope.spawn(|| talks(babbling.port()));
    });
}

#[test]
fn a_bare_interpreter_is_a_board() {
    Program::new()
        .args(["eval", "-p", &format!("exec:{} -i", interpreter::command()), "2 ** 70"])
        .stdout("1180591620717411303424\n")
        .status(0);
}
