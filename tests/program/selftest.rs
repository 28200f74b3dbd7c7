//! `selftest` on every firmware that packages bring: nothing is wrong, and what a board lacks is what it really lacks.

use super::microbit::Microbit;
use crate::support::command::{Outcome, Program};
use crate::support::{interpreter, node, programs};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// Longest time of one run, on a busy computer.
const LIMIT: Duration = Duration::from_secs(240);
/// How often a board is tried whose link may lose bytes.
const RUNS: usize = 3;
/// MicroPython's WebAssembly port, which runs in Node.
const WEBASSEMBLY: (&str, &str) = ("@micropython/micropython-webassembly-pyscript", "1.27.0");

/// A quick self test; gives its report.
#[track_caller]
fn report(port: &str, more: &[&str]) -> (Value, Outcome) {
    let args = ["selftest", "--quick", "--json", "-p", port].into_iter().chain(more.iter().copied());
    let outcome = Program::new().args(args).limit(LIMIT).outcome();
    let report = serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    (report, outcome)
}

/// The checks of a report with this result.
fn with_result<'a>(report: &'a Value, result: &str) -> Vec<&'a Value> {
    report["checks"].as_array().expect("checks").iter().filter(|check| check["result"] == result).collect()
}

/// Nothing is wrong, and these checks are not on this board.
#[track_caller]
fn passes(port: &str, line_ends: &str, absent: &[&str]) -> Value {
    passes_of(report(port, &[]), port, line_ends, absent)
}

#[track_caller]
fn passes_of((report, outcome): (Value, Outcome), port: &str, line_ends: &str, absent: &[&str]) -> Value {
    let wrong = with_result(&report, "wrong");
    assert!(wrong.is_empty(), "{port}: {wrong:#?}");
    let names: Vec<&str> =
        with_result(&report, "not on this board").iter().filter_map(|check| check["name"].as_str()).collect();
    assert_eq!(names, absent, "{report:#}");
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert_eq!(report["link"]["line_ends"], line_ends);
    assert_eq!(report["totals"]["not_on_this_board"], absent.len());
    assert!(report["measured"]["calls_per_second"].as_f64().is_some_and(|calls| calls > 1.0), "{report:#}");
    println!("{port}: {line_ends}, {}, {} s", report["totals"], report["seconds"]);
    report
}

/// What a process without a board around it lacks.
const OF_PROCESS: &[&str] = &[
    "paste-interrupt",
    "raw-reset",
    "exit-reset",
    "friendly-reset",
    "upload",
    "soft-reset",
    "hard-reset",
    "left-as-found",
];

#[test]
fn simulated_boards_pass_with_both_line_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let flash = folder.path().join("flash").display().to_string();
    passes(&format!("sim:x?flash={flash}"), "CR LF", &[]);
    passes("sim:?crlf=off", "LF", &["sync-cut"]);
}

/// The profiles, and what such a board lacks: memory for 600 KB, threads.
const PROFILES: &[(&str, &[&str])] = &[
    ("pico", &["size-100k"]),
    ("pico-w", &["size-100k"]),
    ("esp32", &["size-100k"]),
    ("esp8266", &["size-100k", "threads"]),
    ("pyboard", &["size-100k", "threads"]),
];

#[test]
fn every_profile_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    for (board, absent) in PROFILES {
        let flash = folder.path().join(board).display().to_string();
        passes(&format!("sim:x?board={board}&flash={flash}"), "CR LF", absent);
    }
}

#[test]
fn every_profile_passes_with_lf() {
    for (board, absent) in PROFILES {
        // The flash goes with the port, in which `sync-cut` comes before `threads`.
        let mut absent = absent.to_vec();
        absent.insert(1, "sync-cut");
        passes(&format!("sim:?board={board}&crlf=off"), "LF", &absent);
    }
}

#[test]
fn a_process_passes() {
    passes(&format!("exec:{} -i", interpreter::command()), "LF", OF_PROCESS);
}

#[test]
fn a_process_passes_behind_a_link_that_ends_lines_in_cr_lf() {
    let mut absent = OF_PROCESS.to_vec();
    absent.insert(4, "raw-bytes");
    let port = format!("exec:python3 '{}' crlf {} -i", relay(), interpreter::command());
    passes(&port, "CR LF", &absent);
}

fn relay() -> String {
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
fn micropython_in_node_passes() {
    if programs::find(["node", "npm"]).is_none() {
        return;
    }
    let modules = node::installed(WEBASSEMBLY.0, WEBASSEMBLY.1).unwrap_or_else(|error| panic!("{error}"));
    let board = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/webassembly.mjs");
    let program = modules.join(WEBASSEMBLY.0).join("micropython.mjs");
    let port = format!("exec:node '{}' '{}'", board.display(), program.display());
    let absent = [
        // It runs in one thread, which reads nothing while a program runs; its raw paste waits for ever.
        &["raw-interrupt", "raw-paste", "paste-cancel", "paste-interrupt", "paste-windows"][..],
        &["raw-reset", "exit-reset", "friendly-reset", "size-100k"],
        &["timeout-loop", "timeout-sleep", "timeout-print", "ctrl-c", "upload", "soft-reset", "hard-reset"],
        &["sync-cut", "mount", "threads"],
    ];
    let report = passes(&port, "LF", &absent.concat());
    assert_eq!(report["board"]["platform"], "webassembly");
    assert_eq!(report["link"]["interrupts"], false);
}

#[test]
fn a_microbit_with_micropython_1_9_passes() {
    let Some(microbit) = Microbit::start() else { return };
    let absent = [
        &["raw-paste", "paste-cancel", "paste-interrupt", "paste-windows", "exit-reset"][..],
        &["size-1k", "size-10k", "size-100k", "raw-bytes"],
        &["files", "sync", "sync-cut", "file-speed", "mount", "threads", "left-as-found"],
    ];
    // Its link has no flow control, and an emulator that gets no processor time for a while loses bytes, as no board does.
    let mut run = report(microbit.port(), &[]);
    for _ in 1..RUNS {
        if with_result(&run.0, "wrong").is_empty() {
            break;
        }
        run = report(microbit.port(), &[]);
    }
    let report = passes_of(run, microbit.port(), "CR LF", &absent.concat());
    assert_eq!(report["board"]["float_bits"], 30);
    assert_eq!(report["board"]["platform"], "microbit");
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
