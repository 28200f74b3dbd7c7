//! The same code ends in the same way with `run FILE.py`, `exec`, `exec -`, `eval` and a script's `d.exec`; standard
//! output contains only results.

use crate::support::command::{Outcome, Program};
use crate::support::extent;
use std::fs;
use std::path::Path;

const PORT: &str = "sim:?flash=board.img";

/// Runs `code` in each way: its name, and the outcome.
fn ways(code: &str) -> [(&'static str, Outcome); 4] {
    let run = Program::new().file("main.py", code.as_bytes()).args(["run", "main.py", "-p", "sim"]);
    let exec = Program::new().args(["exec", "-p", "sim", code]);
    let piped = Program::new().stdin(code).args(["exec", "-p", "sim", "-"]);
    let script = format!("Device.open().exec({:?});", code.replace('\r', ""));
    let script = Program::new().file("a.rhai", script.as_bytes()).args(["run", "a.rhai", "-p", "sim"]);
    [("run", run.outcome()), ("exec", exec.outcome()), ("exec -", piped.outcome()), ("d.exec", script.outcome())]
}

#[test]
fn system_exit_has_the_same_status_everywhere() {
    for (end, status, message) in [
        ("raise SystemExit", 0, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(0)", 0, ""),
        ("import sys; sys.exit(3)", 1, "the program ended with status 3"),
        ("import sys; sys.exit('no probe')", 1, "no probe"),
        ("import sys\nfor number in range(9):\n  sys.exit(number or None)", 0, ""),
        ("def f():\n  raise SystemExit(4)\nf()", 1, "the program ended with status 4"),
        ("import sys\n\n\nsys.exit(-1)", 1, "the program ended with status -1"),
    ] {
        let code = format!("print(1)\n{end}\nprint(2)\n");
        for (way, outcome) in ways(&code) {
            let printed = outcome.stdout.replace("\r\n", "\n");
            assert_eq!((printed.as_str(), outcome.status), ("1\n", Some(status)), "{way}: {end}: {outcome:?}");
            let first = outcome.stderr.lines().next().unwrap_or_default();
            assert!(first.ends_with(message) && first.is_empty() == message.is_empty(), "{way}: {end}: {outcome:?}");
        }
    }
    let evaluated = |code: &str| Program::new().args(["eval", "-p", "sim", code]).outcome();
    let ended = evaluated("__import__('sys').exit(3)");
    assert_eq!((ended.stderr.as_str(), ended.status), ("error: the program ended with status 3\n", Some(1)));
    let ended = evaluated("__import__('sys').exit()");
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str(), ended.status), ("", "", Some(0)));
}

#[test]
fn an_exception_shows_every_frame_in_user_lines() {
    let code = "def g():\n  return 1/0\ndef f():\n  g()\nf()\n";
    let excerpts = |name: &str| {
        format!(
            "error: the board raised ZeroDivisionError: divide by zero\n  --> {name}:2:3\n   |\n 2 |   return 1/0\n   |   \
             ^^^^^^^^^^\n  called from {name}:4:3\n   |\n 4 |   g()\n   |   ^^^\n  called from {name}:5:1\n   |\n 5 | \
             f()\n   | ^^^\n"
        )
    };
    let [(_, run), (_, exec), (_, piped), (_, script)] = ways(code);
    for (outcome, name) in [(run, "main.py"), (exec, "<exec>"), (piped, "<stdin>")] {
        assert_eq!((outcome.stdout.as_str(), outcome.stderr, outcome.status), ("", excerpts(name), Some(1)));
    }
    let lines =
        "line 2 of the code: `return 1/0`\n        called from line 4: `g()`\n        called from line 5: `f()`\n";
    assert!(script.stderr.contains(lines) && script.status == Some(1), "{script:?}");
}

#[test]
fn a_failing_expression_is_shown_as_written() {
    for (expression, raised) in [
        ("undefined_name", "NameError: name 'undefined_name' isn't defined"),
        ("1+", "SyntaxError: invalid syntax"),
        ("1) + (2", "SyntaxError: invalid syntax"),
        ("x = 1", "SyntaxError: invalid syntax"),
        ("(lambda: 1/0)()  # a comment", "ZeroDivisionError: divide by zero"),
    ] {
        let outcome = Program::new().args(["eval", "-p", "sim", expression]).outcome();
        let marks = "^".repeat(expression.len());
        let expected =
            format!("error: the board raised {raised}\n  --> <eval>:1:1\n   |\n 1 | {expression}\n   | {marks}\n");
        assert_eq!(
            (outcome.stdout.as_str(), outcome.stderr.as_str(), outcome.status),
            ("", expected.as_str(), Some(1))
        );
    }
}

/// The numbers that code on the board prints, writes into files and prints from threads are those of the file.
#[test]
fn tracebacks_printed_by_the_board_have_file_lines() {
    let code = "import sys, io, _thread, time
def f():
    raise ValueError('x')
try:
    f()
except ValueError as error:
    sys.print_exception(error)
    with open('log.txt', 'w') as log:
        sys.print_exception(error, log)
    print(open('log.txt').read(), end='')
def thread():
    raise ValueError('in thread')
_thread.start_new_thread(thread, ())
time.sleep(0.2)
";
    let [run, exec, piped, _] = ways(code);
    for (way, outcome) in [run, exec, piped] {
        let printed = outcome.stdout.replace("\r\n", "\n");
        let numbers: Vec<&str> = printed
            .lines()
            .filter_map(|line| line.strip_prefix("  File \"<stdin>\", line ")?.split(',').next())
            .collect();
        assert_eq!(numbers, ["5", "3", "5", "3", "12"], "{way}: {outcome:?}");
    }
}

#[test]
fn bytes_of_a_program_pass_as_they_are() {
    let code = "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe\\x80 a\\rb\\r\\nc\\n\\x00\\x04d')\n";
    let expected = b"\xff\xfe\x80 a\rb\r\nc\n\x00\x04d";
    for program in [
        Program::new().file("main.py", code.as_bytes()).args(["run", "main.py", "-p", "sim"]),
        Program::new().args(["exec", "-p", "sim", code]),
        Program::new().stdin(code).args(["exec", "-p", "sim", "-"]),
    ] {
        let (bytes, outcome) = program.start().finish();
        assert_eq!(bytes.escape_ascii().to_string(), expected.escape_ascii().to_string());
        assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(0)));
    }
}

/// The board finds the error while it still receives code in windows.
#[test]
fn a_paste_that_is_cut_off_prints_nothing() {
    for length in [100, 180, 200, 256, 300, 700].into_iter().step_by(extent::one_of("pastes")) {
        let code = format!("x = (\n#{}\n", "a".repeat(length));
        for round in 0..2 {
            for (way, outcome) in ways(&code).into_iter().take(3) {
                assert_eq!(
                    (outcome.stdout.as_str(), outcome.status),
                    ("", Some(1)),
                    "{way} {length} {round}: {outcome:?}"
                );
                assert!(outcome.stderr.contains("SyntaxError"), "{way} {length}: {outcome:?}");
            }
        }
    }
}

/// A folder with a board whose boot.py prints, and the same without a line end.
fn loud_board() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = "f = open('boot.py', 'w')\nf.write('print(\"loud boot\")\\nprint(\"no end\", end=\"\")')\nf.close()\n\
                 f = open('a.bin', 'wb')\nf.write(b'\\x00\\xffa\\r\\n')\nf.close()\n";
    let outcome = Program::new().args(["exec", "-p", PORT, write]).outcome_in(folder.path());
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    folder
}

fn at(folder: &Path, args: &[&str]) -> (Vec<u8>, Outcome) {
    Program::new().args(args.iter().copied().chain(["-p", PORT])).start_in(folder).finish()
}

#[test]
fn a_restart_during_the_program_is_not_its_output() {
    let folder = loud_board();
    let folder = folder.path();
    // The last program prints the banner of a restart, but the board does not restart.
    let imitation = "MicroPython v1 on 2020-01-01; X with Y\r\nType \"help()\" for more information.\r\n>>> and on";
    for (end, expected, restarts) in [
        ("machine.reset()", "a\r\n".to_owned(), true),
        ("machine.soft_reset()", "a\r\n".to_owned(), true),
        ("machine.WDT(timeout=200)\nwhile True: pass", "a\r\n".to_owned(), true),
        ("print('no end', end='')\nmachine.reset()", "a\r\nno end".to_owned(), true),
        (&format!("sys.stdout.buffer.write({imitation:?})"), format!("a\r\n{imitation}"), false),
    ] {
        fs::write(folder.join("main.py"), format!("import machine, sys\nprint('a')\n{end}\n")).expect("a file");
        let (bytes, outcome) = at(folder, &["run", "main.py"]);
        assert_eq!(String::from_utf8_lossy(&bytes), expected, "{end}: {outcome:?}");
        // The board starts, is reset before the program, and restarts because of it.
        let boots = outcome.stderr.matches("loud boot").count();
        assert_eq!((boots, outcome.status), if restarts { (3, Some(3)) } else { (2, Some(0)) }, "{end}: {outcome:?}");
        assert!(!restarts || outcome.stderr.contains("\nerror: the board restarted during the call\n"), "{outcome:?}");
    }
}

#[test]
fn restart_output_is_not_part_of_the_result() {
    let folder = loud_board();
    let folder = folder.path();
    fs::create_dir(folder.join("src")).expect("a folder");
    fs::write(folder.join("src/b.py"), "b = 1\n").expect("a file");
    fs::write(folder.join("main.py"), "print('main')\n").expect("a file");
    fs::write(folder.join("a.rhai"), "let d = Device.open(); d.exec(\"print('task')\"); print(d.exec(\"1\"));")
        .expect("a file");
    let exactly: [(&[&str], &[u8]); 5] = [
        (&["cat", ":/a.bin"], b"\x00\xffa\r\n"),
        (&["eval", "6 * 7"], b"42\n"),
        (&["run", "main.py"], b"main\n"),
        (&["exec", "print('main')"], b"main\n"),
        (&["run", "a.rhai"], b"task\n1\n"),
    ];
    for (args, expected) in exactly {
        let (bytes, outcome) = at(folder, args);
        let bytes = if args[0] == "cat" { bytes } else { outcome.stdout.replace("\r\n", "\n").into_bytes() };
        assert_eq!(bytes.escape_ascii().to_string(), expected.escape_ascii().to_string(), "{args:?}");
        assert!(outcome.stderr.contains("loud boot") && outcome.stderr.contains("no end"), "{args:?}: {outcome:?}");
        assert_eq!(outcome.status, Some(0), "{args:?}: {outcome:?}");
    }
    for args in [
        &["ls", "--json"][..],
        &["df", "--json"],
        &["tree", "--json"],
        &["hash", "--json", ":/a.bin"],
        &["sync", "src", "--dst", "/lib", "--json"],
        &["info", "--json"],
    ] {
        let (bytes, outcome) = at(folder, args);
        assert_eq!(outcome.status, Some(0), "{args:?}: {outcome:?}");
        serde_json::from_slice::<serde_json::Value>(&bytes)
            .unwrap_or_else(|error| panic!("{args:?}: {error}: {outcome:?}"));
    }
    let (bytes, outcome) = at(folder, &["cp", ":/a.bin", "copied.bin"]);
    assert_eq!((bytes.as_slice(), outcome.status), (b"".as_slice(), Some(0)), "{outcome:?}");
    assert_eq!(fs::read(folder.join("copied.bin")).expect("a file"), b"\x00\xffa\r\n");
}

/// The output of an expression is not its value.
#[test]
fn eval_prints_only_the_value() {
    let outcome = Program::new().args(["eval", "-p", "sim", "print('aside') or 5"]).outcome();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.trim_end(), outcome.status), ("5\n", "aside", Some(0)));
}
