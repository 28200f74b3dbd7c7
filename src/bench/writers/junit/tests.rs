//! JUnit documents of reports in memory.

use super::*;
use crate::bench::event::{Diagnosis, Failure, GroupKind};
use crate::bench::measurement::Measurement;
use crate::bench::report::{Attempt, Group, Notice, Test};
use serde_json::json;

fn written(reports: &[Report]) -> String {
    let mut written = Vec::new();
    write(&Archive::of(reports), &mut written).unwrap();
    String::from_utf8(written).unwrap()
}

fn test(name: &str, outcome: Outcome) -> Test {
    Test { name: name.to_owned(), outcome, file: "lib.rhai".to_owned(), line: 7, ..Test::default() }
}

#[test]
fn outcomes_become_elements() {
    let tests = Outcome::ALL.map(|outcome| test("t", outcome)).to_vec();
    let report =
        Report { script: "a/b.rhai".to_owned(), host: "bench-3, linux x86_64".to_owned(), tests, ..Report::default() };
    let text = written(&[report]);
    let counts = "tests=\"6\" failures=\"1\" errors=\"2\" skipped=\"1\"";
    assert_eq!(text.matches(counts).count(), 2, "of the suite and of all: {text}");
    let first = "<testcase name=\"t\" classname=\"a.b\" file=\"lib.rhai\" line=\"7\" time=\"0.000\">";
    assert!(text.contains(first) && text.contains(" hostname=\"bench-3\" file=\"a/b.rhai\">"), "{text}");
    for name in ["t (2)", "t (3)", "t (6)"] {
        assert!(text.contains(&format!("<testcase name=\"{name}\" classname=\"a.b\"")), "{name}: {text}");
    }
    assert_eq!(text.matches("<error type=").count(), 2);
}

#[test]
fn names_are_unique_in_the_document() {
    let names = ["t", "t (2)", "t", "t"];
    let tests = names.map(|name| test(name, Outcome::Pass)).to_vec();
    let report = Report { script: "a.rhai".to_owned(), tests, ..Report::default() };
    let text = written(&[report.clone(), report]);
    let mut found: Vec<&str> =
        text.split("<testcase name=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(found[..4], ["t", "t (2)", "t (3)", "t (4)"]);
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 8, "{found:?}");
}

#[test]
fn measurements_are_properties_and_attempts_those_of_surefire() {
    let measurement = |value: f64, outcome| Measurement {
        name: "supply".to_owned(),
        value: json!(value),
        unit: "V".to_owned(),
        min: Some(3.2),
        max: Some(3.4),
        outcome,
        ..Measurement::default()
    };
    let failure = Failure { kind: "ScriptError".to_owned(), message: "a\u{0} <b>".to_owned(), ..Failure::default() };
    let attempts = vec![
        Attempt {
            outcome: Outcome::Fail,
            error: None,
            measurements: vec![measurement(3.5, Outcome::Fail)],
            ..Attempt::default()
        },
        Attempt { outcome: Outcome::Error, error: Some(failure), ..Attempt::default() },
    ];
    let measurements = vec![measurement(3.28, Outcome::Pass), measurement(3.3, Outcome::Pass)];
    let passed = Test { attempts: attempts.clone(), measurements, ..test("on", Outcome::Pass) };
    let failed = Test {
        attempts: attempts[..1].to_vec(),
        measurements: vec![measurement(9.0, Outcome::Fail)],
        ..test("off", Outcome::Fail)
    };
    let text = written(&[Report { script: "a.rhai".to_owned(), tests: vec![passed, failed], ..Report::default() }]);
    let expected = [
        "    <testcase name=\"on\" classname=\"a\" file=\"lib.rhai\" line=\"7\" time=\"0.000\">\n",
        "      <properties>\n",
        "        <property name=\"attempts\" value=\"3\"/>\n",
        "        <property name=\"supply\" value=\"3.28\"/>\n",
        "        <property name=\"supply.unit\" value=\"V\"/>\n",
        "        <property name=\"supply.min\" value=\"3.2\"/>\n",
        "        <property name=\"supply.max\" value=\"3.4\"/>\n",
        "        <property name=\"supply.outcome\" value=\"pass\"/>\n",
        "        <property name=\"supply (2)\" value=\"3.3\"/>\n",
    ];
    assert!(text.contains(&expected.concat()), "{text}");
    for part in [
        "<flakyFailure type=\"fail\" message=\"supply 3.5 V [3.2 … 3.4]\"><stackTrace>supply 3.5 V [3.2 … 3.4]</stackTrace>\
         <system-out>supply 3.5 V [3.2 … 3.4] fail\n</system-out></flakyFailure>",
        "<flakyError type=\"ScriptError\" message=\"a\u{fffd} &lt;b&gt;\"><stackTrace>a\u{fffd} &lt;b&gt;</stackTrace></flakyError>",
        "<failure type=\"fail\" message=\"supply 9 V [3.2 … 3.4]\">supply 9 V [3.2 … 3.4]</failure>\n      <rerunFailure type=",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn what_fails_outside_of_tests_is_a_case() {
    let failure = Failure { kind: "ScriptError".to_owned(), message: "no link".to_owned(), ..Failure::default() };
    let subtest = |name: &str, error: Option<Failure>| Group {
        group: vec!["bus".to_owned(), name.to_owned()],
        kind: GroupKind::Subtest,
        file: "a.rhai".to_owned(),
        line: 3,
        outcome: if error.is_some() { Outcome::Fail } else { Outcome::Pass },
        error,
        ..Group::default()
    };
    let diagnosis = |failure| Diagnosis {
        name: "weak".to_owned(),
        text: "sags".to_owned(),
        failure,
        file: "a.rhai".to_owned(),
        line: 9,
        ..Diagnosis::default()
    };
    let parameters = json!({ "volts": 1.5 }).as_object().cloned().unwrap();
    let one = Test { parameters, diagnoses: vec![diagnosis(true)], ..test("on", Outcome::Fail) };
    let text = written(&[Report {
        script: "a.rhai".to_owned(),
        tests: vec![one],
        groups: vec![subtest("left", Some(failure)), subtest("right", None)],
        diagnoses: vec![diagnosis(true), diagnosis(false)],
        ..Report::default()
    }]);
    for part in [
        "tests=\"3\" failures=\"3\" errors=\"0\"",
        "<property name=\"subtest\" value=\"bus / right: pass\"/>",
        "<testcase name=\"left\" classname=\"a.bus\" file=\"a.rhai\" line=\"3\"",
        "<failure type=\"ScriptError\" message=\"no link\"",
        "<testcase name=\"weak\" classname=\"a\" file=\"a.rhai\" line=\"9\"",
        "<property name=\"parameter volts\" value=\"1.5\"/>",
        "<failure type=\"fail\" message=\"weak: sags\"",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn simulated_runs_are_suites_and_packages_of_their_own() {
    let mut report = Report { script: "a.rhai".to_owned(), tests: vec![test("t", Outcome::Pass)], ..Report::default() };
    report.notices = vec![Notice { time: "2026-11-23T09:30:01.000Z".to_owned(), text: "led? yes".to_owned() }];
    let real = report.clone();
    let board =
        |name: &str| crate::bench::event::Board { name: name.to_owned(), port: "sim".to_owned(), ..Default::default() };
    report.add_board(board("dut"));
    let text = written(&[report, real]);
    for part in [
        "<testsuites name=\"belay-script (simulated)\"",
        "<testsuite name=\"a.rhai (simulated)\"",
        "<property name=\"simulated\" value=\"dut\"/>",
        "<testcase name=\"t\" classname=\"simulated.a\"",
        "<testsuite name=\"a.rhai\"",
        "<testcase name=\"t\" classname=\"a\"",
        "<system-err>2026-11-23T09:30:01.000Z led? yes\n</system-err>",
    ] {
        assert_eq!(text.matches(part).count(), if part.contains("system-err") { 2 } else { 1 }, "{part}\n{text}");
    }
}
