//! Runs tests that need their own process, because they interrupt or measure the whole process.
//!
//! Invariant: no other test runs in that process.

use std::process::Command;

/// The variable that names the test in that process.
const ALONE: &str = "BELAY_SCRIPT_TEST_ALONE";

/// Runs `test`, the body of the test that is called `name`, in a new process of this program. Fails if it fails there.
#[track_caller]
pub fn alone(name: &str, test: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some_and(|of| of == name) {
        return test();
    }
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", name, "--nocapture"]).env(ALONE, name);
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let [printed, errors] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    println!("{printed}{errors}");
    assert!(output.status.success() && printed.contains("\ntest result: ok. 1 passed"), "`{name}` failed alone");
}
