//! `selftest`: its output, its cleanup, and its errors. `all_firmware` runs it on every firmware.

use crate::support::command::{Outcome, Program};
use crate::support::interpreter;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// Longest time of one run, on a busy computer.
pub const LIMIT: Duration = Duration::from_secs(240);
/// A quick self test; gives its report.
#[track_caller]
pub fn report(port: &str, more: &[&str]) -> (Value, Outcome) {
    let args = ["selftest", "--quick", "--json", "-p", port].into_iter().chain(more.iter().copied());
    let outcome = Program::new().args(args).limit(LIMIT).outcome();
    let report = serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    (report, outcome)
}

/// The checks of a report with this result.
pub fn with_result<'a>(report: &'a Value, result: &str) -> Vec<&'a Value> {
    report["checks"].as_array().expect("checks").iter().filter(|check| check["result"] == result).collect()
}

pub fn relay() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/relay.py").display().to_string()
}

#[test]
fn a_link_that_changes_bytes_is_wrong() {
    let port = format!("exec:python3 '{}' swap fe ff {} -i", relay(), interpreter::command());
    let (report, outcome) = report(&port, &["--only", "raw-bytes", "line-ends"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(1), ""), "{outcome:?}");
    assert_eq!(report["totals"], serde_json::json!({ "ok": 1, "not_on_this_board": 0, "wrong": 1 }));
    let wrong = &report["checks"][1];
    assert_eq!((wrong["name"].as_str(), wrong["result"].as_str()), (Some("raw-bytes"), Some("wrong")));
    let texts = (wrong["expected"].as_str().unwrap(), wrong["actual"].as_str().unwrap());
    assert!(texts.0.ends_with(r"\xfd\xfe\xff") && texts.1.ends_with(r"\xfd\xff\xff"), "{texts:?}");
    assert!(!outcome.stdout.contains("relay.py"), "{outcome:?}");
}

#[test]
fn ctrl_c_leaves_nothing_on_the_board() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = format!("sim:x?flash={}", folder.path().join("flash").display());
    let board = |args: &[&str]| {
        let args = args.iter().copied().chain(["-p", &port]);
        Program::new().args(args).file("a.txt", b"precious").outcome_in(folder.path())
    };
    assert_eq!(board(&["cp", "a.txt", ":/a.txt"]).status, Some(0));
    let args = ["selftest", "-p", &port, "--only", "files", "sync-cut"];
    let running = Program::new().args(args).limit(LIMIT).start_in(folder.path());
    // The first check has made the scratch folder, and the next one uses it.
    running.said("ok     files");
    running.interrupt();
    let outcome = running.finish().1;
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(130), "stopped by Ctrl-C\n"), "{outcome:?}");
    assert!(outcome.stdout.contains("ok     left-as-found    1 files and directories\n"), "{outcome:?}");
    assert_eq!(board(&["ls", ":/"]).stdout, "a.txt\n");
    assert_eq!(board(&["cat", ":/a.txt"]).stdout, "precious");
}

#[test]
fn a_full_flash_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = format!("sim:x?flash={}&flash_size=64k", folder.path().join("flash").display());
    let (report, outcome) = report(&port, &["--only", "files"]);
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let reason = report["checks"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("its flash has ") && reason.ends_with("the check wants 72 KB"), "{report:#}");
}

#[test]
fn text_names_every_check_and_no_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let flash = folder.path().join("secret name").display().to_string();
    let port = format!("sim:x?flash={flash}");
    let outcome = Program::new().args(["selftest", "-p", &port, "--only", "clock", "line-ends"]).outcome();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines[0].starts_with("belay-script ") && lines[0].ends_with(" selftest"), "{lines:#?}");
    assert_eq!(lines[2], "link    sim; line ends: CR LF; Ctrl-C interrupts programs");
    assert_eq!(&lines[4..7], ["", "output", "ok     line-ends        CR LF"]);
    assert!(lines.iter().any(|line| line.starts_with("ok     clock            two measurements differ by ")));
    assert!(lines.last().unwrap().starts_with("2 ok, 0 not on this board, 0 wrong, in "), "{lines:#?}");
    assert!(!outcome.stdout.contains("secret"), "{outcome:?}");
    assert_eq!(outcome.status, Some(0));
}

#[test]
fn checks_are_listed_and_unknown_names_refused() {
    let list = Program::new().args(["selftest", "--list"]).outcome();
    for line in ["conformance\n  raw-repl ", "\nvalues\n  kinds ", "\n  sync-cut ", "\nspeed\n  calls "] {
        assert!(list.stdout.contains(line), "{line:?}: {list:?}");
    }
    assert_eq!(list.status, Some(0));
    Program::new()
        .args(["selftest", "-p", "sim", "--only", "clok"])
        .stderr("error: unknown check `clok`\n  help: did you mean `clock`?\n")
        .status(2);
}

#[test]
fn without_a_connection_it_ends_with_status_3() {
    let outcome = Program::new().args(["selftest", "-p", "exec:false", "--json"]).outcome();
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(3), ""), "{outcome:?}");
    assert!(outcome.stderr.starts_with("error: "), "{outcome:?}");
}
