//! A system clock that jumps changes no wait, no time limit and no duration.

use crate::support::command::Program;
use crate::support::programs;
use std::fs;

/// Reads the system clock from a file; the monotonic clock stays.
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// Moves the clock itself, by years, while it waits.
const SCRIPT: &str = r#"
import "std/file" as file;
let jumps = ["2036-01-01 00:00:00", "2001-01-01 00:00:00", "2031-06-01 00:00:00"];
let d = Device.open();
let begun = timestamp();
every(0.05, 6, |n| {
    file::write("clock", jumps[n % 3]);
    d.exec("1");
});
print(begun.elapsed >= 0.25);
try {
    parallel([
        || d.exec("import time\ntime.sleep(60)", #{ timeout: 0.5 }),
        || every(0.1, 3, |n| file::write("clock", jumps[n])),
    ]);
} catch (e) { print(e.results[0].kind); }
test "waits" timeout = 20 {
    every(0.1, 3, |n| file::write("clock", jumps[n]));
    measure("x", 1, #{ max: 2 });
}
print(begun.elapsed < 10.0);
"#;

#[test]
fn a_clock_that_jumps_changes_no_wait_and_no_duration() {
    if programs::find([LIBRARY]).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = folder.path().join("clock");
    fs::write(&clock, "2026-01-01 00:00:00").unwrap();
    let outcome = Program::new()
        .file("a.rhai", SCRIPT.as_bytes())
        .args(["run", "a.rhai", "-p", "sim", "--timeout", "60", "--json", "report.json"])
        .env("LD_PRELOAD", LIBRARY)
        .env("FAKETIME_TIMESTAMP_FILE", &clock.to_string_lossy())
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .outcome_in(folder.path());
    assert_eq!((outcome.stderr.as_str(), outcome.status), ("", Some(0)), "{outcome:?}");
    assert!(outcome.stdout.starts_with("true\nTimeoutError\n") && outcome.stdout.contains("\ntrue\n"), "{outcome:?}");
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    for part in [&report, &report["tests"][0]] {
        let seconds = part["duration_s"].as_f64().unwrap_or_default();
        assert!((0.2..10.0).contains(&seconds), "{report}");
    }
}
