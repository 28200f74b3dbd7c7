//! An integer division that drops a remainder gives a notice on standard error and in the event log.

use crate::support::command::Program;
use std::fs;

const SCRIPT: &str = "\
import \"m\" as m;
device B { task raw() `return 32768` }
let b = B.open();
test \"scaled\" {
    for round in 0..3 { measure(`v${round}`, b.raw() / 65535 * 3.3, #{ unit: \"V\", max: 1.7 }); }
    measure(\"w\", b.raw() / 65535.0 * 3.3, #{ unit: \"V\", max: 1.7 });
    measure(\"t\", m::third(10));
}
";

const NOTICES: [&str; 2] = [
    "a.rhai:5:54: 32768 / 65535 is 0: dividing two integers drops the remainder\n  help: for a fraction write \
     `a.to_float() / b`, or `7.0` for `7`; for the whole part write `floor_div(a, b)`",
    "m.rhai:1:17: 10 / 3 is 3: dividing two integers drops the remainder",
];

#[test]
fn a_lost_remainder_is_a_notice_in_every_report_of_events() {
    for command in ["run", "test"] {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::new()
            .file("a.rhai", SCRIPT.as_bytes())
            .file("m.rhai", b"fn third(x) { x / 3 }\n")
            .args([command, "a.rhai", "-p", "sim", "--jsonl", "log.jsonl", "--json", "a.json", "--html", "a.html"]);
        let outcome = program.outcome_in(folder.path());
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        assert_eq!(outcome.stderr, format!("{}\n{}\n", NOTICES[0], NOTICES[1]), "{outcome:?}");
        let log = fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
        let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let notices: Vec<String> = events
            .filter(|event| event["event"] == "notice")
            .map(|event| event["text"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(notices, NOTICES, "{log}");
        let report = fs::read_to_string(folder.path().join("a.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let run = if command == "run" { &report } else { &report["runs"][0] };
        let listed =
            run["notices"].as_array().unwrap().iter().map(|notice| notice["text"].as_str().unwrap_or_default());
        assert_eq!(listed.collect::<Vec<_>>(), NOTICES, "{report}");
        assert!(run["notices"][0]["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{report}");
        let page = fs::read_to_string(folder.path().join("a.html")).unwrap();
        assert!(page.contains("2 notices") && page.contains(NOTICES[1]), "{page}");
    }
}

#[test]
fn a_run_reports_only_divisions_that_drop_a_remainder() {
    let text = "print(2 * 9 / 6);\nprint(2 * 9 / 5);\n";
    let outcome = Program::new().script("a.rhai", text).args(["run", "a.rhai"]).outcome();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("3\n3\n", Some(0)), "{outcome:?}");
    assert_eq!(
        outcome.stderr.lines().next(),
        Some("a.rhai:2:13: 18 / 5 is 3: dividing two integers drops the remainder")
    );
    assert_eq!(outcome.stderr.matches("remainder").count(), 1, "{outcome:?}");
}

#[test]
fn notices_of_a_session_name_the_input() {
    let outcome = Program::new().stdin("let x = 9;\nx /= 2;\nprint(x / 3.0);\n").args(["repl"]).outcome();
    assert!(outcome.stderr.starts_with("<stdin>:2:3: 9 / 2 is 4: "), "{outcome:?}");
    assert_eq!(outcome.stderr.matches("drops the remainder").count(), 1, "{outcome:?}");
}
