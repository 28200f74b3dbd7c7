//! `repl`: typed inputs, and the output.

use crate::support::command::Program;
use crate::support::terminal::Person;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const CLEAR: &[u8] = b"\x15";
const INTERRUPT: &[u8] = b"\x03";
const END: &[u8] = b"\x04";

/// A person at the prompt, whose history is in the folder `state`.
#[track_caller]
pub fn person(folder: &Path, args: &[&str]) -> Person {
    let state = folder.join("state").to_string_lossy().into_owned();
    let mut person = Person::start_session(folder, args, &[("XDG_STATE_HOME", &state), ("TERM", "xterm")]);
    person.sees("Ctrl-D to leave\r\n");
    person.sees("1> ");
    person
}

/// Types a line, and waits for its value.
#[track_caller]
pub fn comes_to(person: &mut Person, line: &str, wanted: &str) {
    person.types(format!("{line}\r").as_bytes());
    person.sees(&format!("\n{wanted}\r\n"));
    person.sees("> ");
}

#[test]
fn values_are_shown_and_definitions_stay() {
    let folder = tempfile::tempdir().unwrap();
    // Without a command, on a terminal.
    let mut person = person(folder.path(), &[]);
    comes_to(&mut person, "6 * 7", "42");
    person.types(b"let y = 5\r");
    person.sees("3> ");
    person.types(b"fn twice(x) { if x < 0 { throw \"negative\" }; x * 2 }\r");
    person.sees("4> ");
    person.types(b"let z = 1; twice(-y)\r");
    person.sees("error: negative\r\n  --> <3>:1:26\r\n");
    person.sees("called from <4>:1:12\r\n");
    person.sees("5> ");
    // What came before the failure stays, too.
    comes_to(&mut person, "twice(y) + z", "11");
    comes_to(&mut person, "let f = |x| x + y; [\"a\", f.call(1)]", "[\"a\", 6]");
    person.types(b"import \"std/stats\" as stats\r");
    person.sees("8> ");
    comes_to(&mut person, "stats::mean([1, 2])", "1.5");
    person.types(b"fn twice(x) { x * 20 }\r");
    person.sees("10> ");
    comes_to(&mut person, "[1, 2].map(|x| twice(x))", "[20, 40]");
    person.types(b"nonsense");
    person.types(INTERRUPT);
    person.sees("\n");
    person.sees("11> ");
    comes_to(&mut person, "1", "1");
    person.types(END);
    assert_eq!(person.ends(), Some(0));
    assert!(person.is_cooked());
}

#[test]
fn boards_are_used_over_several_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let mut person = person(folder.path(), &["repl", "-p", "sim"]);
    person.types(b"device Bench {\r\r    /// One more.\r    task more(x) `\r        return x + 1\r    `\r");
    person.types(b"    teardown off() `print('it is off')`\r}\r");
    person.sees("2> ");
    person.types(b"let bench = Bench.open()\r");
    person.sees("Bench 3> ");
    comes_to(&mut person, "bench.more(4)", "5");
    person.types(b"bench.more(\"a\")\r");
    person.sees("error: `Bench` raised TypeError in task `more`");
    person.sees("\r\n  --> <1>:5:9\r\n");
    person.sees("called from <4>:1:7\r\n");
    person.sees("Bench 5> ");
    // A board that is open keeps the tasks of its class.
    person.types(b"device Bench { task other() `return 9` }\r");
    person.sees("Bench 6> ");
    comes_to(&mut person, "bench.more(1)", "2");
    // The board is interrupted, and goes on.
    person.types(b"bench.exec(\"print('begun')\\nwhile True: pass\")\r");
    person.sees("begun\r\n");
    person.types(INTERRUPT);
    person.sees("error: `Bench`: interrupted\r\n");
    person.sees("Bench 8> ");
    comes_to(&mut person, "bench.mor\t2)", "3");
    person.types(END);
    person.sees("it is off\r\n");
    assert_eq!(person.ends(), Some(0));
}

#[test]
fn ctrl_c_stops_the_input_but_not_the_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let mut person = person(folder.path(), &["repl"]);
    for number in [1, 2] {
        person.types(b"print(\"runs\"); loop {}\r");
        person.sees("\nruns\r\n");
        person.types(INTERRUPT);
        person.sees("error: interrupted\r\n");
        person.sees(&format!("--> <{number}>:1:"));
        person.sees(&format!("{}> ", number + 1));
    }
    comes_to(&mut person, "1 + 1", "2");
    person.types(b"exit(7)\r");
    assert_eq!(person.ends(), Some(7));
}

#[test]
fn commands() {
    let folder = tempfile::tempdir().unwrap();
    let script =
        "/// A bench.\ndevice Rig {\n    /// Three.\n    task three(a = 1) `return 3`\n}\nlet rig = Rig.open();\n";
    std::fs::write(folder.path().join("rig.rhai"), script).unwrap();
    let mut person = person(folder.path(), &["repl", "-p", "sim"]);
    comes_to(&mut person, ":devices", "no device is open; use `:open PORT` to open one");
    person.types(b":open sim\r");
    person.sees("Device 2> ");
    comes_to(&mut person, "d.exec(\"2 + 2\")", "4");
    person.types(b":run ri\t\r");
    person.sees("Device, Rig 3> ");
    comes_to(&mut person, "rig.three()", "3");
    comes_to(&mut person, ":help rig.three", "of Rig:\r\ntask three(a = 1)\r\n    Three.");
    person.types(b":close Device\r");
    person.sees("\x1b[KRig 4> ");
    person.types(b":devices\r");
    person.sees("\nRig  sim  micropython 1.");
    person.sees("Rig 4> ");
    person.types(b":close nobody\r");
    person.sees("error: no device `nobody` is open\r\n");
    person.types(CLEAR);
    person.types(b":qiut\r");
    person.sees("  help: did you mean `:quit`?\r\n");
    person.types(b":run gone.rhai\r");
    person.sees("error: file not found: `gone.rhai`\r\n");
    person.types(b":quit\r");
    assert_eq!(person.ends(), Some(0));
}

#[test]
fn a_script_can_be_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let script = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/test_bench.rhai")).unwrap();
    // Some terminals mark pasted text; others send it as keys, which arrive while inputs run.
    for pasted in [format!("\x1b[200~{script}\x1b[201~\r"), script.replace('\n', "\r")] {
        let mut person = person(folder.path(), &["repl", "-p", "sim"]);
        person.types(pasted.as_bytes());
        person.sees("\ntest the divider sits at its nominal voltage ... pass");
        person.sees("\ntest a board exception reaches the script as a value ... pass");
        person.sees("\ntest a generator gives one reading at a time ... pass");
        comes_to(&mut person, "\"the \" + \"end\"", "\"the end\"");
        person.types(END);
        assert_eq!(person.ends(), Some(0));
    }
}

#[test]
fn the_history_outlives_the_prompt() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rhai"), "let loaded = 10;").unwrap();
    let mut first = person(folder.path(), &["repl"]);
    comes_to(&mut first, "40 + 2", "42");
    first.types(END);
    assert_eq!(first.ends(), Some(0));
    let history =
        std::fs::read_dir(folder.path().join("state/belay-script/histories")).unwrap().next().unwrap().unwrap();
    assert_eq!(std::fs::metadata(history.path()).unwrap().permissions().mode() & 0o777, 0o600);
    let mut second = person(folder.path(), &["repl", "--load", "a.rhai"]);
    // The arrow up.
    second.types(b"\x1b[A + loaded\r");
    second.sees("\n52\r\n");
    second.sees("2> ");
    // A signal from outside, and no key.
    rustix::process::kill_process(second.id(), rustix::process::Signal::TERM).unwrap();
    assert_eq!(second.ends(), Some(130));
    assert!(second.is_cooked());
}

#[test]
fn input_that_is_not_a_terminal_is_run_as_a_script() {
    Program::new()
        .args(["repl", "-p", "sim"])
        .stdin("let d = Device.open();\nprint(d.exec(\"1 + 1\"));\n5\n")
        .stdout("2\n")
        .status(0);
    Program::new()
        .args(["repl"])
        .stdin("print(1);\nnope")
        .stdout("1\n")
        .stderr(
            "
            error: unknown variable `nope`
              --> <stdin>:2:1
               |
             2 | nope
               | ^^^^
            ",
        )
        .status(1);
    Program::new().args(["repl"]).stdin("exit(4)").status(4);
}
