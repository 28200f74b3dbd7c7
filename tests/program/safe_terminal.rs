//! Output of boards and scripts: byte for byte to a file or pipe, escaped on a terminal.

use crate::support::terminal::Person;
use std::process::{Command, Stdio};

const SCRIPT: &str = r#"
device Board { task shout() `
    import sys
    print("\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m 12%\rforged")
    sys.stdout.buffer.write(b"\xff\xfe\x00\rraw\r\n")
` }
let board = Board.open();
board.shout();
print("script \x1b[1;1H\u202e here");
test "name\ntest other ... pass" { measure("value\nforged ... pass", 1.0, #{ min: 0.0 }); }
"#;

#[test]
fn a_pipe_gets_every_byte_of_a_board() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rhai"), SCRIPT).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_belay-script"))
        .args(["run", "a.rhai", "-p", "sim"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let board = b"\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m 12%\rforged\r\n\xff\xfe\x00\rraw\r\nscript ";
    assert_eq!(output.stdout[..board.len()].escape_ascii().to_string(), board.escape_ascii().to_string());
    let rest = String::from_utf8_lossy(&output.stdout[board.len()..]).into_owned();
    assert!(rest.contains("test name␊test other ... pass ... pass\n"), "{rest}");
    assert!(rest.contains("value␊forged ... pass  1  [≥ 0]  pass\n"), "{rest}");
}

#[test]
fn a_terminal_gets_no_command() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rhai"), SCRIPT).unwrap();
    let mut person = Person::start(folder.path(), &["run", "a.rhai", "-p", "sim"]);
    for seen in [
        "red 12%\r\nforged\r\n",
        "\u{fffd}\u{fffd}␀\r\nraw\r\n",
        "script <U+202E> here\r\n",
        "test name␊test other ... pass ... ",
        "value␊forged ... pass",
    ] {
        person.sees(seen);
    }
    person.sees("1 passed");
}
