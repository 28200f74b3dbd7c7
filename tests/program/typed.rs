//! Standard input of `run FILE.py` and `exec` reaches the program on the board, and nothing but the program.

use crate::support::command::{Outcome, Program};
use crate::support::terminal::Person;

const PORTS: [&str; 2] = ["sim", "sim:?crlf=off"];

/// What a program comes to on each port, with this standard input.
#[track_caller]
fn case(source: &str, typed: &[u8], printed: &str, status: i32) -> Vec<Outcome> {
    let run = |port: &str, exec: bool| {
        let program = match exec {
            true => Program::new().args(["exec", "-p", port, source]),
            false => Program::new().file("main.py", source.as_bytes()).args(["run", "main.py", "-p", port]),
        };
        let outcome = program.stdin_bytes(typed).outcome();
        let stdout = outcome.stdout.replace("\r\r\n", "\n").replace("\r\n", "\n");
        assert_eq!((stdout.as_str(), outcome.status), (printed, Some(status)), "{port} {exec}: {outcome:?}");
        outcome
    };
    PORTS.iter().flat_map(|port| [run(port, false), run(port, true)]).collect()
}

#[test]
fn a_line_of_a_pipe_is_input() {
    case("print(input('name? '))", b"Bob\n", "name? Bob\nBob\n", 0);
    // A last line without its end is one all the same.
    case("print(input('name? '))", b"Bob", "name? Bob\nBob\n", 0);
    case("print([input() for i in range(3)])", b"a\nb\n\nrest\n", "a\nb\n\n['a', 'b', '']\n", 0);
    case("import sys\nprint(sys.stdin.readline(), sys.stdin.read(3))", b"first\nabcdef", "first\n abc\n", 0);
}

/// One of those in `at_limits.rs`.
pub fn the_end_of_a_pipe_ends_input() {
    for typed in [b"".as_slice(), b"one\n"] {
        let source = "try:\n    while True: n = len(input())\nexcept EOFError: print('end')\n";
        let echo = if typed.is_empty() { "" } else { "one\n" };
        case(source, typed, &format!("{echo}end\n"), 0);
    }
    // Every further read gets the end of file again.
    case(
        "try: input()\nexcept EOFError: pass\ntry: input('again? ')\nexcept EOFError: print('end')",
        b"",
        "again? end\n",
        0,
    );
    for outcome in case("def ask():\n    return input('name? ')\n\nask()\n", b"", "name? ", 1) {
        assert!(outcome.stderr.starts_with("error: the board raised EOFError\n"), "{outcome:?}");
        assert!(outcome.stderr.ends_with("help: provide more input: standard input has ended\n"), "{outcome:?}");
    }
    let code = Program::new().args(["exec", "-p", "sim", "-"]).stdin("print(input())").outcome();
    assert!(code.stderr.starts_with("error: the board raised EOFError\n") && code.status == Some(1), "{code:?}");
}

#[test]
fn every_byte_of_a_pipe_is_data() {
    // Ctrl-C would interrupt: the program has to switch that off.
    let all: Vec<u8> = (0..=255).collect();
    let reads =
        "import sys, micropython\nmicropython.kbd_intr(-1)\nprint(sys.stdin.buffer.read(256) == bytes(range(256)))";
    for port in PORTS {
        let program = Program::new().args(["exec", "-p", port, reads]).stdin_bytes(&all);
        let outcome = program.outcome();
        assert_eq!((outcome.stdout.trim_end(), outcome.status), ("True", Some(0)), "{port}: {outcome:?}");
    }
    let interrupted = Program::new().args(["exec", "-p", "sim", "input('> ')"]).stdin_bytes(b"abc\x03def\n").outcome();
    assert_eq!(interrupted.status, Some(130), "{interrupted:?}");
    let expected = "standard input holds a Ctrl-C (0x03), which interrupts the program\nerror: interrupted\n";
    assert_eq!(interrupted.stderr, expected);
}

/// Much more than any buffer holds, echoed and not.
/// One of those in `at_limits.rs`.
pub fn a_long_pipe_arrives_whole() {
    let text: String = (0..3000).map(|number| format!("line {number}\n")).collect();
    let count = "n = 0\ntry:\n    while True: n += len(input())\nexcept EOFError: print('total', n)\n";
    let (_, outcome) = Program::new().args(["exec", "-p", "sim", count]).stdin(&text).start().finish();
    assert!(outcome.stdout.ends_with(&format!("total {}\r\n", text.len() - 3000)), "{:?}", outcome.stderr);
    let sum = format!("import sys\nprint(sum(sys.stdin.buffer.read({})))", text.len());
    let expected: u32 = text.bytes().map(u32::from).sum();
    case(&sum, text.as_bytes(), &format!("{expected}\n"), 0);
}

/// Input that a program does not read is not executed at the prompt afterwards.
/// One of those in `at_limits.rs`.
pub fn unread_input_is_not_executed() {
    let typed =
        b"print('EVIL')\n\x04print('EVIL')\x04\x02print('EVIL')\r\n\x05A\x01\x04import machine\nmachine.reset()\n\x04";
    for (source, printed, status) in [
        ("import time\nprint('on')\ntime.sleep(0.3)", "on\n", 0),
        ("import time\nprint('on')\ntime.sleep(0.3)\n1/0", "on\n", 1),
        ("import time\nprint('on')\ntime.sleep(0.3)\nraise SystemExit(2)", "on\n", 1),
        ("print('on'", "", 1),
        // No line gives way for a guard here.
        ("def f():\n    import time\n    print('on')\n    time.sleep(0.3)\n    1/0\nf()", "on\n", 1),
        // Some of it is read.
        ("import time\nprint(input())\ntime.sleep(0.3)", "print('EVIL')\nprint('EVIL')\n", 0),
    ] {
        for outcome in case(source, typed, printed, status) {
            assert!(!outcome.stderr.contains("EVIL") && !outcome.stderr.contains("REPL"), "{outcome:?}");
        }
    }
}

/// The next use of the board sees none of it.
#[test]
fn the_next_command_is_not_disturbed() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = "sim:?flash=board.img";
    for typed in [b"left\nover".as_slice(), b"\x04\x04", b"'''"] {
        let run =
            |args: [&str; 4], typed: &[u8]| Program::new().args(args).stdin_bytes(typed).outcome_in(folder.path());
        let first = run(["exec", "-p", port, "import time\ntime.sleep(0.2)\nopen('a', 'w').close()"], typed);
        assert_eq!((first.stdout.as_str(), first.stderr.as_str(), first.status), ("", "", Some(0)));
        let second = run(["eval", "-p", port, "6 * 7"], b"");
        assert_eq!((second.stdout.as_str(), second.status), ("42\n", Some(0)), "{second:?}");
    }
}

fn person(source: &str) -> (tempfile::TempDir, Person) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("main.py"), source).expect("a file");
    let person = Person::start_session(folder.path(), &["run", "main.py", "-p", "sim"], &[]);
    (folder, person)
}

#[test]
fn a_person_types_and_sees_it() {
    let (_folder, mut person) = person("print('Hello', input('name? '))\nprint(input('again? '))\n");
    person.sees("name? ");
    person.types(b"Bpb\x08\x08ob\r");
    person.sees("Hello Bob");
    person.sees("again? ");
    person.types(b"\x04");
    person.sees("EOFError");
    assert_eq!(person.ends(), Some(1));
    assert!(person.is_cooked());
}

#[test]
fn ctrl_c_interrupts_a_program_that_waits_for_keys() {
    let (_folder, mut person) = person("print(input('name? '))\n");
    person.sees("name? ");
    person.types(b"Bo\x03");
    person.sees("error: interrupted");
    assert_eq!(person.ends(), Some(130));
    assert!(person.is_cooked());
}

#[test]
fn code_of_a_script_that_waits_for_input_says_so() {
    for script in [
        "let d = Device.open(#{ timeout: 0.5 }); d.exec(\"input()\");",
        "device D { task ask() timeout = 0.5 `return input('name? ')` }\nD.open().ask();",
        "let d = Device.open(#{ timeout: 0.5 }); d.exec(\"import sys\\nsys.stdin.readline()\");",
    ] {
        let outcome = Program::new().file("a.rhai", script.as_bytes()).args(["run", "a.rhai", "-p", "sim"]).outcome();
        let expected = "help: the code may be waiting for input, which a script does not provide";
        assert!(outcome.stderr.contains(expected) && outcome.status == Some(1), "{outcome:?}");
    }
}
