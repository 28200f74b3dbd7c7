//! What is wrong with a script, told exactly: file, line, caret, what to do next.

use crate::support::command::{Program, unindent};

/// A class for the scripts whose calls are wrong. `let bench = …` stands on line 9.
const BENCH: &str = "
device Bench {
    task add(a, b = 2) `
        return a + b
    `
    task thing() `
        return object()
    `
}
let bench = Bench.open();
";

/// Runs `script` on a simulated board; it says nothing but this.
#[track_caller]
fn run(script: &str, stderr: &str, status: i32) {
    Program::new().script("a.rhai", script).args(["run", "a.rhai", "-p", "sim"]).stderr(stderr).status(status);
}

/// The same after the lines of [`BENCH`].
#[track_caller]
fn call(line: &str, stderr: &str, status: i32) {
    let script = format!("{}{line}\n", unindent(BENCH));
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "a.rhai", "-p", "sim"])
        .stderr(stderr)
        .status(status);
}

/// Both `check` and `run` refuse it with the same words and status 2.
#[track_caller]
fn refused(script: &str, stderr: &str) {
    Program::new().script("a.rhai", script).args(["check", "a.rhai"]).stderr(stderr).status(2);
    run(script, stderr, 2);
}

