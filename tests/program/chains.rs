//! Chains of commands over one connection, and mpremote's words in them.

use crate::support::command::{Program, said};
use std::fs;

/// Entries of the raw REPL in a recording: the board greets each.
fn entries(recording: &str) -> usize {
    recording.matches("raw REPL; CTRL-B to exit").count()
}

#[test]
fn a_chain_shares_one_connection_and_one_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("app.py"), "n = 7\n").expect("a file");
    let run = |line: &[&str]| Program::new().args(line.iter().copied()).outcome_in(folder.path());
    let chain = "-p sim --record chain.log exec n=1 + cp app.py :/ + eval n + exec pass eval ADC.__name__ + ls + soft-reset \
                 exec print('n'in(globals())) mount . exec print(__import__('os').getcwd()) umount fs cat :app.py + exec --mount . print(open('app.py').read(5))";
    let line: Vec<&str> = chain.split_whitespace().collect();
    said(&run(&line), "1\nADC\napp.py\nFalse\r\n/remote\r\nn = 7\nn = 7\r\n", 0);
    let alone = run(&["-p", "sim", "--record", "alone.log", "exec", "1"]);
    said(&alone, "", 0);
    let recorded = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a recording");
    // One restart more.
    assert_eq!(entries(&recorded("chain.log")), entries(&recorded("alone.log")) + 1);
}

#[test]
fn the_first_failure_ends_a_chain() {
    let outcome = Program::new().args(["a9", "eval", "1", "+", "version"]).outcome();
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(3), ""), "{}", outcome.stderr);
    let outcome = Program::new().args(["-p", "sim", "eval", "1", "+", "exec", "1/0", "+", "version"]).outcome();
    said(&outcome, "1\n", 1);
    let outcome = Program::new().args(["mount", "."]).outcome();
    assert_eq!(
        (outcome.stderr.as_str(), outcome.status),
        (
            "error: `mount` lasts only as long as its chain of commands\n  help: add the command that uses it: `belay-script mount . + run main.py`\n",
            Some(2)
        )
    );
}

#[test]
fn the_clock_and_the_link_of_a_board() {
    let line = ["-p", "sim", "rtc", "--set", "--zone", "UTC", "+", "rtc", "+", "latency", "--json"];
    let outcome = Program::new().args(line).outcome();
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    let (clock, figures) = outcome.stdout.split_once('\n').expect("two results");
    let now = belay_script::bench::date::utc_of(belay_script::bench::date::now());
    // To the hour, unless it is the first second of one.
    assert!(clock[..13].replace(' ', "T") == now[..13] || now[14..].starts_with("00:0"), "{clock} {now}");
    let figures: serde_json::Value = serde_json::from_str(figures).expect("JSON");
    assert!(figures["round_trip_ms"]["median"].as_f64().is_some_and(|trip| trip > 0.0), "{figures}");
    let outcome = Program::new().args(["rtc", "--set", "--zone", "Mars", "-p", "sim"]).outcome();
    assert_eq!(outcome.status, Some(2), "{}", outcome.stderr);
}

#[test]
fn recipes_are_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let station =
        "[recipes]\nsay = \"eval {what=6*7}\"\ntwice = \"say + say {other}\"\nround = \"round\"\nls = \"df\"\n";
    fs::create_dir(folder.path().join("belay-script")).expect("a folder");
    fs::write(folder.path().join("belay-script/config.toml"), station).expect("a file");
    let run = |line: &[&str]| {
        let program = Program::new().args(line.iter().copied());
        program.env("XDG_CONFIG_HOME", folder.path().to_str().expect("UTF-8")).outcome_in(folder.path())
    };
    said(&run(&["-p", "sim", "twice", "'a b'", "+", "say", "1+1"]), "42\na b\n2\n", 0);
    let listed =
        "say [WHAT]     eval {what=6*7}\ntwice <OTHER>  say + say {other}\nround          round\nls             df\n";
    said(&run(&["--list"]), listed, 0);
    let refused = |line: &[&str], message: &str| {
        let outcome = run(line);
        assert_eq!((outcome.stderr.as_str(), outcome.stdout.as_str(), outcome.status), (message, "", Some(2)));
    };
    refused(
        &["twice"],
        "error: the recipe `twice` needs an argument: other\n  help: use `belay-script twice <OTHER>`\n",
    );
    refused(&["round"], "error: the recipe `round` leads to itself\n  help: end it with another command\n");
    // A found station file is not trusted.
    fs::write(folder.path().join("station.toml"), "[recipes]\nsay = \"version\"\n").expect("a file");
    let outcome = run(&["say"]);
    let message = "error: the recipe `say` is in `station.toml`, which you have not trusted\n  help: read the file, then run `belay-script trust`\n";
    assert_eq!((outcome.stderr.as_str(), outcome.stdout.as_str()), (message, ""));
}
