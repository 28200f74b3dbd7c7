//! `run FILE.py`: output passes unchanged and immediately, errors point into the file.

use crate::support::command::Program;

fn python(source: &[u8]) -> Program {
    Program::new().file("main.py", source).args(["run", "main.py", "-p", "sim"])
}

#[test]
fn every_byte_passes() {
    // All bytes, among them the marks of the raw REPL, three times over; then pieces that look like its answers.
    let source = b"
import sys
for _ in range(3):
    sys.stdout.buffer.write(bytes(range(256)))
sys.stdout.buffer.write(b'\\x04\\x04>OK\\x04>raw REPL; CTRL-B to exit\\r\\n')
";
    let (bytes, outcome) = python(source).start().finish();
    assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(0)));
    let mut expected: Vec<u8> = (0..=255).cycle().take(3 * 256).collect();
    expected.extend_from_slice(b"\x04\x04>OK\x04>raw REPL; CTRL-B to exit\r\n");
    assert_eq!(bytes.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

#[test]
fn printed_text_passes() {
    python("print('no end', end='')\nprint(' é \u{1F600}')\nprint()\nprint('last', end='')\n".as_bytes())
        .stdout("no end é \u{1F600}\r\n\r\nlast")
        .status(0);
}

#[test]
fn much_output_passes() {
    let source = b"for number in range(20000): print(number, '.' * 20)\n";
    let outcome = python(source).outcome();
    let expected: String = (0..20000).map(|number| format!("{number} {}\r\n", ".".repeat(20))).collect();
    assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(0)));
    assert!(outcome.stdout == expected, "{} bytes and not {}", outcome.stdout.len(), expected.len());
}

/// A line appears before the program has ended: this one waits for its end by force.
#[test]
fn output_is_passed_on_immediately() {
    let program = python(b"print('first')\nprint('half a line', end='')\nwhile True: pass\n");
    let running = program.start();
    running.said("first\r\nhalf a line");
    running.interrupt();
    let (_, outcome) = running.finish();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("first\r\nhalf a line", Some(130)), "{}", outcome.stderr);
}

#[test]
fn an_exception_names_the_line_of_the_file() {
    python(b"# A comment\n\ndef divide(a, b):\n    return a // b\n\nprint('before')\n\nprint(divide(1, 0))\n")
        .stdout("before\r\n")
        .stderr(
            "
            error: the board raised ZeroDivisionError: divide by zero
              --> main.py:4:5
               |
             4 |     return a // b
               |     ^^^^^^^^^^^^^
              called from main.py:8:1
               |
             8 | print(divide(1, 0))
               | ^^^^^^^^^^^^^^^^^^^
            ",
        )
        .status(1);
}

#[test]
fn a_syntax_error_names_the_line_of_the_file() {
    python(b"print('before')\n\nif True\n    pass\n")
        .stderr(
            "
            error: the board raised SyntaxError: invalid syntax
              --> main.py:3:1
               |
             3 | if True
               | ^^^^^^^
            ",
        )
        .status(1);
}

/// Longer than any window, with tabs, form feeds, continuation lines, strings over several lines and carriage returns.
#[test]
fn odd_sources_run() {
    let mut source =
        String::from("\u{feff}#!/usr/bin/env micropython\r\nx = 1 + \\\r\n    2\r\nif x:\r\n\ty = '''a\r\nb'''\r\n");
    for number in 0..500 {
        source.push_str(&format!("z = {number}  # a comment\r\n\r\n"));
    }
    source.push_str("print(x, repr(y), z)");
    python(source.as_bytes()).stdout("3 'a\\nb' 499\r\n").status(0);
}

#[test]
fn an_empty_file_does_nothing() {
    for source in ["", "\n\n", "# nothing\n", "'''nothing'''\n"] {
        python(source.as_bytes()).status(0);
    }
}

#[test]
fn a_program_sees_a_fresh_board() {
    python(b"print(__name__, [name for name in dir() if name[0] != '_'])\n").stdout("__main__ []\r\n").status(0);
}

/// One of those in `at_limits.rs`.
pub fn a_program_over_its_time_is_stopped() {
    let outcome = python(b"import time\nwhile True: time.sleep(1)\n").args(["--timeout", "1.5"]).outcome();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(1)));
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
}
