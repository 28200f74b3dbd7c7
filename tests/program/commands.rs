//! Every command without a board: help, misuse, lists.

use crate::support::command::Program;

#[track_caller]
fn says(args: &[&str], parts: &[&str]) -> String {
    let outcome = Program::new().args(args.iter().copied()).outcome();
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{args:?}");
    for part in parts {
        assert!(outcome.stdout.contains(part), "{part:?} is not in the output of {args:?}:\n{}", outcome.stdout);
    }
    outcome.stdout
}

#[test]
fn version() {
    Program::new().args(["--version"]).stdout(concat!("belay-script ", env!("CARGO_PKG_VERSION"), "\n")).status(0);
}

#[test]
fn help_has_examples_and_the_exit_statuses() {
    says(
        &["--help"],
        &[
            "belay-script run test_bench.rhai --port sim",
            "  0  success\n",
            "  1  the script, a test, or code on the board failed\n",
            "  2  wrong usage",
            "  3  no connection",
            "  4  the board cannot",
            "  5  `test` ran no test\n",
            " 70  a bug",
            " 74  output",
            "130  interrupted",
        ],
    );
    says(&["run", "--help"], &["--timeout <SECONDS>", "--baudrate <BITS>", "BELAY_DEVICE", "-- 100 out.csv"]);
    says(&["sim", "serve", "--help"], &["--link <PATH>", "--heap", "--flash", "--flash-size", "mpremote connect"]);
    says(&["reset", "--help"], &["--hard", "--bootloader", "boot.py"]);
    says(&["terminal", "--help"], &["--log <FILE>", "--timestamps", "Ctrl-] leaves"]);
    for command in ["ls", "tree", "cat", "cp", "rm", "mkdir", "rmdir", "touch", "mv", "df", "hash", "edit"] {
        says(&[command, "--help"], &["Usage: belay-script", "Example", "\n  belay-script ", ":/", "--no-reset"]);
    }
    for command in ["doc", "definitions", "editor", "new"] {
        says(&[command, "--help"], &["Usage: belay-script", "Example", "\n  belay-script "]);
    }
    for command in
        ["check", "exec", "eval", "info", "reset", "terminal", "selftest", "devices", "sim", "completions", "man"]
    {
        says(&[command, "--help"], &["Usage: belay-script"]);
    }
}

#[test]
fn a_missing_command_is_misuse_and_shows_help() {
    let outcome = Program::new().outcome();
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.stderr.contains("Usage: belay-script [OPTIONS] <COMMAND> [+ <COMMAND>]..."), "{}", outcome.stderr);
}

#[test]
fn an_unknown_command_is_misuse() {
    Program::new()
        .args(["devcies"])
        .stderr(
            "
            error: unrecognized subcommand 'devcies'

              tip: a similar subcommand exists: 'devices'

            Usage: belay-script [OPTIONS] <COMMAND> [+ <COMMAND>]...

            For more information, try '--help'.
            ",
        )
        .status(2);
}

#[test]
fn a_missing_script_is_misuse() {
    for command in ["run", "check"] {
        Program::new()
            .args([command, "gone.rhai"])
            .stderr(
                "
                error: file not found: `gone.rhai`
                  help: check the path and the current folder
                ",
            )
            .status(2);
    }
}

#[test]
fn a_folder_is_not_a_script() {
    Program::new()
        .file("scripts/a.rhai", b"")
        .args(["run", "scripts"])
        .stderr("error: `scripts` is a folder\n  help: name a script\n")
        .status(2);
}

#[test]
fn an_empty_script_is_fine() {
    Program::new().script("a.rhai", "").args(["run", "a.rhai", "--", "1"]).env("NO_COLOR", "1").stdin("x").status(0);
}

#[test]
fn scripts_are_checked_one_by_one() {
    Program::new()
        .script("a.rhai", "")
        .script("b.rhai", "")
        .args(["check", "a.rhai", "gone.rhai", "b.rhai"])
        .stdout("a.rhai: ok (0 classes, 0 items)\nb.rhai: ok (0 classes, 0 items)\n")
        .stderr("error: file not found: `gone.rhai`\n  help: check the path and the current folder\n")
        .status(2);
}

#[test]
fn a_python_file_takes_no_arguments() {
    Program::new()
        .file("main.py", b"print(1)\n")
        .args(["run", "main.py", "-p", "sim", "--", "1"])
        .stderr("error: a Python file on a board takes no arguments\n  help: only `.rhai` scripts get arguments\n")
        .status(2);
    Program::new()
        .file("main.py", b"print('\xff')\n")
        .args(["run", "main.py", "-p", "sim"])
        .stderr("error: `main.py` is not valid UTF-8\n  help: boards accept only UTF-8: convert the file\n")
        .status(2);
}

#[test]
fn eval_needs_an_expression() {
    Program::new()
        .args(["eval", " "])
        .stderr("error: missing expression\n  help: for example `belay-script eval '1 + 1'`\n")
        .status(2);
}

#[test]
fn a_timeout_is_a_positive_number() {
    let outcome = Program::new().args(["run", "a.rhai", "--timeout", "0"]).outcome();
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("not a positive number of seconds"), "{}", outcome.stderr);
}

#[test]
fn devices_are_json() {
    let text = says(&["devices", "--json"], &[]);
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    for port in list.as_array().expect("an array") {
        assert!(port["port"].is_string() && port["accessible"].is_boolean(), "{port}");
    }
}

#[test]
fn devices_name_the_simulated_board_when_there_are_none() {
    let list: serde_json::Value = serde_json::from_str(&says(&["devices", "--json"], &[])).unwrap();
    let expected = if list.as_array().is_some_and(Vec::is_empty) { "--port sim" } else { "VID:PID" };
    says(&["devices"], &[expected]);
}

/// A reader that closes the output early, as `head` does, is not reported as a failure.
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    for args in [&["completions", "bash"][..], &["--help"], &["devices"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_belay-script"))
            .args(args)
            .stdin(std::process::Stdio::null())
            .stdout(writer)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
        assert!(output.status.code().is_some_and(|status| status != 70), "{args:?}: {}", output.status);
    }
}

#[cfg(unix)]
#[test]
fn sim_serve_never_overwrites_an_existing_file() {
    Program::new()
        .file("board", b"precious")
        .args(["sim", "serve", "--link", "board"])
        .stderr(
            "
            error: `board` already exists
              help: remove it, or name another path: only a broken symlink is replaced
            ",
        )
        .status(2);
    Program::new()
        .args(["sim", "serve", "--link", "no/board"])
        .stderr(
            "
            error: the link `no/board` cannot be created: no such file or directory
              help: name a path in an existing, writable folder
            ",
        )
        .status(2);
}

#[test]
fn a_profile_shows_where_the_time_went() {
    let script = "device D { task f(x) `return x + 1` }\nlet d = D.open();\nfor i in 0..150 { d.f(i); }\nprint(\"done\");\nsleep(0.01);";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rhai"), script).unwrap();
    let program = Program::new().args(["run", "a.rhai", "-p", "sim", "--profile=stacks"]);
    let outcome = program.outcome_in(folder.path());
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("done\n", Some(0)), "{outcome:?}");
    let row = outcome.stderr.lines().find(|line| line.ends_with("  D: task `f`")).expect("a row");
    let columns: Vec<&str> = row.split_whitespace().collect();
    // Times and bytes have units. The uploads of the task, and of the loop for its calls, are exchanges too.
    let exchanges: u32 = columns[8].parse().expect("a number");
    assert!((150..160).contains(&exchanges), "{row}");
    let folded = std::fs::read_to_string(folder.path().join("stacks")).unwrap();
    assert!(folded.lines().all(|line| line.rsplit_once(' ').is_some_and(|(_, time)| time.parse::<u64>().is_ok())));
    assert!(folded.contains("run;D;task `f`;board ") && folded.contains("run;script "), "{folded}");
}
