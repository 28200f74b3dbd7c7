//! `--record FILE` and `replay:FILE`.

use crate::support::command::Program;
use std::path::Path;

#[track_caller]
fn same_again(script: &str, args: &[&str], status: i32) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |port: &str, more: &[&str]| {
        let mut program = Program::new().args(["run", script, "-p", port]).args(more.iter().copied());
        if port.starts_with("replay:") {
            // A replay must not need an interpreter.
            program = program.env("BELAY_SCRIPT_MICROPYTHON", "/nowhere").env("PATH", "/nowhere");
        }
        program.args(args.iter().copied()).outcome_in(folder.path())
    };
    let recorded = run("sim", &["--record", "run.log"]);
    assert_eq!(recorded.status, Some(status), "{recorded:?}");
    let mut replayed = run("replay:run.log", &[]);
    // The summary names the recording.
    replayed.stdout = replayed.stdout.replace(" (recording) – ", " – ");
    assert_eq!(recorded, replayed);
    std::fs::read_to_string(folder.path().join("run.log")).expect("the recording")
}

fn bench_script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name).display().to_string()
}

#[test]
fn a_bench_script_is_replayed_without_a_board() {
    let recording = same_again(&bench_script("test_bench.rhai"), &[], 0);
    assert!(recording.starts_with("belay-script recording 1\n"), "{recording}");
    assert!(recording.ends_with("> \"\\x02\"\n"), "{recording}");
}

#[test]
fn a_failed_run_is_replayed_with_its_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("a.rhai");
    // Two openings, a time limit that passes, output that nobody asked for, an exception that is not caught.
    let text = "
        device Bench {
            task hang() timeout = 0.2 `
                while True: pass
            `
            task beep() `
                import _thread, time
                _thread.start_new_thread(lambda: print('beep'), ())
            `
        }
        for n in 0..2 {
            let bench = Bench.open();
            try { bench.hang() } catch (error) { print(error.kind); }
            bench.beep();
            bench.close();
        }
        Bench.open().exec(`[1, 2][n]`);
    ";
    std::fs::write(&script, text).expect("a file");
    let recording = same_again(&script.display().to_string(), &[], 1);
    assert!(recording.contains("\n3 port \"sim\""), "{recording}");
    assert!(recording.contains(" ! timeout\n"), "{recording}");
}

#[test]
fn a_different_run_reports_where_it_departs() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| Program::new().args(args.iter().copied()).outcome_in(folder.path());
    assert_eq!(run(&["eval", "-p", "sim", "--record", "run.log", "1 + 1"]).stdout, "2\n");
    assert_eq!(run(&["eval", "-p", "replay:run.log", "1 + 1"]).stdout, "2\n");
    let other = run(&["eval", "-p", "replay:run.log", "1 + 2"]);
    assert!(other.stderr.contains("the session differs from `replay:run.log` at line "), "{other:?}");
    assert!(other.stderr.contains("the recorded host writes \"") && other.stderr.contains("1 + 2"), "{other:?}");
    assert_eq!(other.status, Some(3));
}

#[test]
fn a_killed_run_leaves_a_recording() {
    let mut running = Program::new()
        .args(["exec", "-p", "sim", "--record", "run.log", "print('he' + 're')\nwhile True: pass"])
        .start();
    running.said("here");
    let folder = running.folder().to_owned();
    rustix::process::kill_process(running.id(), rustix::process::Signal::KILL).expect("the program runs");
    let text = std::fs::read_to_string(folder.join("run.log")).expect("the recording");
    // What the host sent does not hold the word whole; its line end may not have come yet.
    assert!(text.contains("here"), "{text}");
    running.feed(Vec::new());
}

#[test]
fn a_recording_that_cannot_be_written_is_misuse() {
    Program::new()
        .args(["eval", "-p", "sim", "--record", "no/run.log", "1"])
        .stderr(
            "
            error: the recording `no/run.log` cannot be written: no such file or directory
              help: name a file in an existing, writable folder
            ",
        )
        .status(2);
}

#[test]
fn an_invalid_recording_is_an_error() {
    Program::new()
        .file("run.log", b"hello\n")
        .args(["eval", "-p", "replay:run.log", "1"])
        .stderr(
            "
            error: `run.log` is not a recording
              help: make one with `--record FILE`
            ",
        )
        .status(3);
}

#[test]
fn every_command_with_a_board_records_and_is_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.rhai"), "print(Device.open().exec(`6 * 7`));").expect("a file");
    std::fs::write(folder.path().join("a.py"), "print(6 * 7)").expect("a file");
    let commands: &[(&[&str], &str, &str)] = &[
        (&["run", "a.rhai"], "", "42\n"),
        (&["run", "a.py"], "", "42\r\n"),
        (&["exec", "print(6 * 7)"], "", "42"),
        (&["eval", "6 * 7"], "", "42\n"),
        (&["eval", "6, 7"], "", "(6, 7)\n"),
        (&["info"], "", "micropython"),
        (&["reset"], "", ""),
        (&["terminal"], "print(6 * 7)\n", "42\r\n"),
    ];
    for (index, (args, typed, shown)) in commands.iter().enumerate() {
        let log = format!("{index}.log");
        let program = || Program::new().args(args.iter().copied()).stdin(typed);
        let recorded = program().args(["-p", "sim", "--record", &log]).outcome_in(folder.path());
        assert_eq!((recorded.stderr.as_str(), recorded.status), ("", Some(0)), "{args:?}");
        assert!(recorded.stdout.contains(shown), "{args:?}: {}", recorded.stdout);
        let text = std::fs::read_to_string(folder.path().join(&log)).expect("a recording");
        assert!(text.starts_with("belay-script recording 1\n") && text.contains(" < "), "{args:?}: {text}");
        if args[0] != "terminal" && args[0] != "info" {
            let replayed = program().args(["-p", &format!("replay:{log}")]).outcome_in(folder.path());
            assert_eq!(recorded, replayed, "{args:?}");
        }
    }
}
