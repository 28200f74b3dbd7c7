//! The harness itself: it must be able to fail.

use crate::support::command::{Outcome, Program, difference, unindent};
use crate::support::golden;
use std::fs;
use std::time::Duration;

#[test]
fn expectations_may_be_indented_like_code() {
    assert_eq!(unindent("as it is\n  x"), "as it is\n  x");
    assert_eq!(
        unindent(
            "
            one
              two

            three
            "
        ),
        "one\n  two\n\nthree\n"
    );
}

#[test]
fn every_difference_is_reported() {
    let good = Outcome { stdout: "a\nb\n".into(), stderr: String::new(), status: Some(0) };
    assert_eq!(difference(&good, &good), None);
    let bad = Outcome { stdout: "a\nc\n".into(), stderr: "x\n".into(), status: None };
    let text = difference(&good, &bad).unwrap();
    for part in ["first difference in line 2", "actual stderr\nx\n", "expected status Some(0), actual None"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
#[should_panic(expected = "expected stdout")]
fn unexpected_output_fails_a_test() {
    Program::new().args(["--version"]).status(0);
}

#[test]
fn a_run_past_its_limit_is_killed() {
    let endless = Program::new().script("endless.rhai", "loop { }").args(["run", "endless.rhai"]);
    let outcome = endless.limit(Duration::from_millis(200)).outcome();
    assert_eq!(outcome.status, None);
}

#[test]
fn goldens_fail_until_they_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("missing");
    fs::create_dir(&case).unwrap();
    fs::write(case.join("args"), "check\ngone.rhai\n").unwrap();
    assert_eq!(golden::run_all(folder.path(), false).len(), 1);
    assert_eq!(golden::run_all(folder.path(), true), Vec::<String>::new());
    assert_eq!(fs::read_to_string(case.join("status")).unwrap(), "2\n");
    assert!(!case.join("stdout").exists());
    assert_eq!(golden::run_all(folder.path(), false), Vec::<String>::new());
}
