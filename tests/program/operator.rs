//! Questions to the operator: answered at a terminal, on the command line, or not at all.

use crate::support::command::Program;
use crate::support::terminal::Person;
use std::fs;

fn start(script: &str, args: &[&str]) -> (tempfile::TempDir, Person) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.rhai"), script).unwrap();
    let args: Vec<&str> = ["run", "a.rhai"].iter().chain(args).copied().collect();
    let person = Person::start_session(folder.path(), &args, &[]);
    (folder, person)
}

#[test]
fn a_person_answers_questions() {
    let script = r#"
print(confirm("Is the LED on?", #{ default: true }));
print(ask("Which fixture?", #{ choices: ["left", 2], default: 2 }));
print(ask("Serial number", #{ pattern: "[A-Z][0-9]+" }));
instruct("Plug it in", "plug.png");
print("end");
"#;
    let (_folder, mut person) = start(script, &[]);
    person.sees("? Is the LED on?\r\n\r\x1b[K[Y/n] ");
    person.types(b"x\r");
    person.sees("  the answer must be `yes` or `no`\r\n\r\x1b[K[Y/n] ");
    person.types(b"\r");
    person.sees("\r\ntrue\r\n");
    // One of the choices is a number: none is chosen by its number.
    person.sees("? Which fixture?\r\n  left\r\n  2\r\n\r\x1b[K[2] > ");
    person.types(b"LEFT\r");
    person.sees("\r\nleft\r\n");
    person.sees("? Serial number\r\n\r\x1b[K> ");
    person.types(b"\x1b[Aa1\r");
    person.sees("  `a1` does not match the pattern `[A-Z][0-9]+`\r\n\r\x1b[K> ");
    person.types(b"xB\x7f\x7fA17\r");
    person.sees("\r\nA17\r\n");
    person.sees("? Plug it in\r\n  picture: plug.png\r\n\r\x1b[Kpress Enter when it is done ");
    person.types(b"\r");
    person.sees("\r\nend\r\n");
    assert_eq!(person.ends(), Some(0));
    assert!(person.is_cooked());
}

#[test]
fn board_output_appears_above_the_typed_line() {
    let script = r#"
import "std/file" as file;
let b = Device.open();
parallel([
    || {
        wait_until(30, || file::exists("typed"));
        for part in ["one ", "two\\n", "th"] { b.exec(`print("${part}", end="")`) }
    },
    || ask("Name?"),
]);
"#;
    let (folder, mut person) = start(script, &["-p", "sim"]);
    person.sees("? Name?\r\n\r\x1b[K> ");
    person.types(b"Bo");
    person.sees("Bo");
    fs::write(folder.path().join("typed"), "").unwrap();
    // Only whole lines are printed; the typed line is redrawn below.
    person.sees("one two\r\n\r\x1b[K> Bo");
    person.types(b"b\r");
    person.sees("> Bob\r\n");
    person.sees("th");
    assert_eq!(person.ends(), Some(0));
}

#[test]
fn ctrl_c_and_time_limits_end_a_question() {
    let (_folder, mut person) = start("ask(\"Name?\");", &[]);
    person.sees("> ");
    assert!(!person.is_cooked());
    person.types(b"abc\x03");
    person.sees("error: interrupted\r\n  --> a.rhai:1:1\r\n");
    assert_eq!(person.ends(), Some(130));
    assert!(person.is_cooked());

    let script = r#"
try { ask("Quick?", #{ timeout: 0.05 }) } catch (e) { print(e.kind + ": " + e.message) }
print(ask("Default?", #{ timeout: 0.05, default: "x" }));
try { timeout(0.05, || ask("Within?")) } catch (e) { print(e.message) }
ask("Never?");
"#;
    let (_folder, mut person) = start(script, &["--timeout", "1"]);
    person.sees("TimeoutError: nobody answered \"Quick?\" within 0.05 s\r\n");
    person.sees("? Default? x\r\nx\r\n");
    person.sees("this took longer than 0.05 s\r\n");
    person.sees("error: the run took longer than `--timeout` allows\r\n");
    assert_eq!(person.ends(), Some(1));
    assert!(person.is_cooked());
}

#[test]
fn answers_can_be_given_on_the_command_line() {
    let script = r#"
print(confirm("Is it on?", #{ name: "led" }));
print(confirm("Is it on?", #{ name: "led" }));
print(ask("Which fixture?", #{ choices: ["left", "right"] }));
print(ask("Number", #{ default: 7 }));
instruct("Plug it in");
"#;
    let answers = ["led=no", "led=y", "Which fixture?=2", "Number=", "Plug it in="];
    let args = ["run", "a.rhai"].into_iter().chain(answers.iter().flat_map(|answer| ["--answer", answer]));
    Program::new()
        .script("a.rhai", script)
        .args(args)
        .stdout("false\ntrue\nright\n7\n")
        .stderr("? Is it on? no\n? Is it on? yes\n? Which fixture? right\n? Number 7\n? Plug it in done\n")
        .status(0);
}

#[test]
fn without_a_terminal_the_error_names_the_answer_option() {
    let run = |script: &str, answer: &str| {
        Program::new().script("a.rhai", script).args(["run", "a.rhai", "--answer", answer]).outcome()
    };
    let outcome = run("confirm(\"Is it on?\", #{ name: \"led\" });", "ledd=yes");
    let expected = "\
error: cannot ask \"Is it on?\": stdin is not a terminal
  --> a.rhai:1:1
   |
 1 | confirm(\"Is it on?\", #{ name: \"led\" });
   | ^^^^^^^
  help: add `--answer 'led=yes'`; `--answer ledd=…` is for another question
";
    assert_eq!((outcome.status, &*outcome.stderr), (Some(4), expected));
    let outcome = run("ask(\"x\", #{ choices: [1, 2] });", "x=3");
    let expected = "error: `--answer` gives \"3\" for \"x\": the answer must be one of `1`, `2`\n";
    assert_eq!((outcome.status, outcome.stderr.starts_with(expected)), (Some(1), true), "{}", outcome.stderr);
    let outcome = run("", "x");
    assert_eq!((outcome.status, outcome.stderr.contains("write `KEY=VALUE`")), (Some(2), true), "{}", outcome.stderr);
}
