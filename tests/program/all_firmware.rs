//! `selftest` passes on every available firmware, and skips only checks that the firmware really does not support.
//!
//! These are the longest tests: the module name sorts first, so that they start first.

use super::microbit::Microbit;
use super::selftest::{relay, report, with_result};
use crate::support::command::Outcome;
use crate::support::{interpreter, is_left_to_ci, node, programs};
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Attempts for a board whose link may lose bytes.
const RUNS: usize = 3;
/// MicroPython's WebAssembly port, which runs in Node.
const WEBASSEMBLY: (&str, &str) = ("@micropython/micropython-webassembly-pyscript", "1.27.0");

/// Nothing is wrong, and exactly these checks are skipped.
#[track_caller]
fn passes(port: &str, line_ends: &str, absent: &[&str]) -> Value {
    let mut run = report(port, &[]);
    let wrong = with_result(&run.0, "wrong");
    // How soon something stops is measured in time, of which a busy computer gives too little: once more, then.
    if !wrong.is_empty() && wrong.iter().all(|check| check["group"] == "stops") {
        println!("{port}: once more after {wrong:#?}");
        run = report(port, &[]);
    }
    passes_of(run, port, line_ends, absent)
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

/// Checks that a plain process skips.
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
    // Otherwise the tests of `selftest` do.
    if is_left_to_ci("others") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let flash = folder.path().join("flash").display().to_string();
    passes(&format!("sim:x?flash={flash}"), "CR LF", &[]);
    passes("sim:?crlf=off", "LF", &["sync-cut"]);
}

/// The profiles, and the checks that they skip: memory for 600 KB, threads.
const PROFILES: &[(&str, &[&str])] = &[
    ("pico", &["size-100k"]),
    ("esp8266", &["size-100k", "threads"]),
    ("esp32", &["size-100k"]),
    ("pico-w", &["size-100k"]),
    ("pyboard", &["size-100k", "threads"]),
];

/// Runs `test` for every profile, two at a time: a self test waits as long as it works.
fn on_every_profile(test: impl Fn(&str, &[&str]) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((board, absent)) = PROFILES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    test(board, absent);
                }
            });
        }
    });
}

#[test]
fn every_profile_passes() {
    // Otherwise the tests of `selftest` meet a board with these line ends.
    if is_left_to_ci("others") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    on_every_profile(|board, absent| {
        let flash = folder.path().join(board).display().to_string();
        passes(&format!("sim:x?board={board}&flash={flash}"), "CR LF", absent);
    });
}

#[test]
fn every_profile_passes_with_lf() {
    // Otherwise the process behind a link meets other line ends.
    if is_left_to_ci("others") {
        return;
    }
    on_every_profile(|board, absent| {
        // The flash goes with the port, in which `sync-cut` comes before `threads`.
        let mut absent = absent.to_vec();
        absent.insert(1, "sync-cut");
        passes(&format!("sim:?board={board}&crlf=off"), "LF", &absent);
    });
}

#[test]
fn a_process_passes() {
    // Otherwise the one behind a link with other line ends does.
    if is_left_to_ci("others") {
        return;
    }
    passes(&format!("exec:{} -i", interpreter::command()), "LF", OF_PROCESS);
}

#[test]
fn a_process_passes_over_a_link_with_cr_lf_line_ends() {
    let mut absent = OF_PROCESS.to_vec();
    absent.insert(4, "raw-bytes");
    let port = format!("exec:python3 '{}' crlf {} -i", relay(), interpreter::command());
    passes(&port, "CR LF", &absent);
}

#[test]
fn micropython_in_node_passes() {
    // Otherwise the process behind a link does.
    if programs::find(["node", "npm"]).is_none() || is_left_to_ci("others") {
        return;
    }
    let modules = node::installed(WEBASSEMBLY.0, WEBASSEMBLY.1).unwrap_or_else(|error| panic!("{error}"));
    let board = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/webassembly.mjs");
    let program = modules.join(WEBASSEMBLY.0).join("micropython.mjs");
    let port = format!("exec:node '{}' '{}'", board.display(), program.display());
    let absent = [
        // It runs in one thread, which reads nothing while a program runs.
        &["raw-interrupt", "raw-paste", "paste-cancel", "paste-interrupt", "paste-windows"][..],
        &["raw-reset", "exit-reset", "friendly-reset"],
        &["timeout-loop", "timeout-sleep", "timeout-print", "ctrl-c", "upload", "soft-reset", "hard-reset"],
        &["sync-cut", "mount", "threads"],
    ];
    // It has no memory for 100 KB, and takes a quarter of a minute to find that out.
    let report = passes_of(report(&port, &["--skip", "size-100k"]), &port, "LF", &absent.concat());
    assert_eq!(report["board"]["platform"], "webassembly");
    assert_eq!(report["link"]["interrupts"], false);
}

#[test]
fn a_microbit_with_micropython_1_9_passes() {
    // Otherwise the tests of `microbit` meet it.
    if is_left_to_ci("others") {
        return;
    }
    let Some(microbit) = Microbit::start() else { return };
    let absent = [
        &["raw-paste", "paste-cancel", "paste-interrupt", "paste-windows", "exit-reset"][..],
        &["size-10k", "size-100k", "raw-bytes"],
        &["files", "sync", "imports", "sync-cut", "file-speed", "mount", "threads", "left-as-found"],
    ];
    // Its link has no flow control, it has no memory to check code, and an emulator that gets no processor time for a while loses
    // bytes, as no board does.
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
