//! `test`, and the reports of `run` and `test`: about two seconds of processor time in all.

use crate::support::command::{Program, said};
use crate::support::mpremote::pypi;
use crate::support::programs;
use crate::support::python;
use std::path::Path;
use std::process::Command;

/// A script with every outcome.
const OUTCOMES: &str = r#"
    test "passes" tags = "quick" { measure("supply", 3.28, #{ unit: "V", min: 3.2, max: 3.4 }); print("<&\x1b\">"); }
    test "is marginal" { measure("supply", 3.21, #{ unit: "V", min: 3.2, max: 3.4, marginal_min: 3.25 }); }
    test "is skipped" skip_if = "not today" { }
    group "g" {
        test "fails" { throw "a <reason> & \"more\""; }
        test "is wrong" { nonsense(); }
    }
    test "hangs" timeout = 0.1 { loop { } }
    let s = record("ramp", "V", ["x"]);
    s.add(1); s.add(2.5);
"#;

/// Reads JUnit XML with junitparser, which is not ours. Prints the counts that the file holds and those that the reader finds, then each
/// case.
const READER: &str = r#"
import sys
from junitparser import JUnitXml, xunit2
xml = JUnitXml.fromfile(sys.argv[1])
def counts(): return (xml.tests, xml.failures, xml.errors, xml.skipped), [(s.tests, s.failures, s.errors, s.skipped) for s in xml]
written = counts()
xml.update_statistics()
print(*written, "right" if counts() == written else f"but {counts()}")
for suite in xunit2.JUnitXml.fromfile(sys.argv[1]):
    print("suite", suite.name, suite.file, bool(suite.hostname), len(suite.timestamp))
    for case in suite:
        interim = case.flaky_failures() + case.flaky_errors() + case.rerun_failures() + case.rerun_errors()
        place = case._elem.get("file") + ":" + case._elem.get("line")
        print(case.classname, case.name, place, [type(r).__name__ for r in case.result + interim])
        for property in case.properties(): print("   ", property.name, property.value)
"#;

fn junitparser(file: &Path) -> String {
    let installed = pypi::installed("junitparser", "5.0.3").unwrap_or_else(|error| panic!("{error}"));
    let mut command = python::command();
    command.args(["-c", READER]).arg(file).env("PYTHONPATH", installed).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().expect("python3");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn reports_are_accepted_by_their_readers() {
    let args = [
        "run",
        "a.rhai",
        // One of its tests has an error that the check finds.
        "--no-check",
        "--json",
        "r/a.json",
        "--jsonl",
        "r/a.jsonl",
        "--junit",
        "r/a.xml",
        "--csv",
        "r/csv",
        "--serial",
        "SN<1>",
    ];
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new().file("a.rhai", OUTCOMES.as_bytes()).env("TZ", "XXX-5:45").args(args);
    let outcome = program.start_in(folder.path()).finish().1;
    assert_eq!(outcome.status, Some(1), "{}", outcome.stderr);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("r").join(name)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&read("a.json")).unwrap();
    // The computer's zone in this test: 5:45 h east of Greenwich.
    let (utc, local) = (report["started"].as_str().unwrap(), report["started_local"].as_str().unwrap());
    assert!(utc.ends_with('Z') && local.ends_with("+05:45") && utc[17..23] == local[17..23], "{utc} {local}");
    for (pointer, expected) in [
        ("/schema", "2"),
        ("/script", "\"a.rhai\""),
        ("/outcome", "\"error\""),
        ("/serial", "\"SN<1>\""),
        ("/tests/0/measurements/0/value", "3.28"),
        ("/tests/1/outcome", "\"marginal\""),
        ("/tests/2/reason", "\"not today\""),
        ("/tests/3/error/kind", "\"ScriptError\""),
        ("/tests/3/error/line", "6"),
        ("/tests/3/group", "[\"g\"]"),
        ("/tests/5/error/kind", "\"TimeoutError\""),
        ("/series/0/samples/1/values", "[2.5]"),
    ] {
        assert_eq!(report.pointer(pointer).map(ToString::to_string).as_deref(), Some(expected), "{pointer}");
    }
    assert!(read("csv/ramp.csv").starts_with("host [s],board [s],x [V]\n1"), "{}", read("csv/ramp.csv"));
    // A report generated from the log is the same.
    let again = ["report", "r/a.jsonl", "--json", "-"];
    let outcome = Program::new().args(again).outcome_in(folder.path());
    // The current folder is in the report.
    let report = read("a.json").replace(&*folder.path().canonicalize().unwrap().to_string_lossy(), "[DIR]");
    said(&outcome, &report, 1);
    let cases = junitparser(&folder.path().join("r/a.xml"));
    let expected = "(6, 1, 2, 1) [(6, 1, 2, 1)] right
suite a.rhai a.rhai True 19
a passes a.rhai:2 []
    tags quick
    supply 3.28
    supply.unit V
    supply.min 3.2
    supply.max 3.4
    supply.outcome pass
a is marginal a.rhai:3 []
    supply 3.21
    supply.unit V
    supply.min 3.2
    supply.max 3.4
    supply.marginal_min 3.25
    supply.outcome marginal
a is skipped a.rhai:4 ['Skipped']
a.g fails a.rhai:6 ['Failure']
a.g is wrong a.rhai:7 ['Error']
a hangs a.rhai:9 ['Error']
";
    assert!(cases == expected, "{cases}");
}

/// Devices that cannot be torn down: two of one class, a third one that a script closes, a fourth one that fails to open.
const FAILING_TEARDOWNS: &str = r#"
device D {
    teardown first() `raise OSError(5)`
    teardown good() `print("off")`
    teardown second() `raise ValueError("the supply is still on")`
}
device E : D { setup start() autoinit `raise KeyError("early")` }
try { D.open("sim:a").close() } catch (e) { print(e.results.map(|error| error.message)); }
try { E.open("sim:e") } catch (e) { print(e.results.map(|error| `${error.device} ${error.task}`)); }
try { D.session("sim:s", |d| throw "body") } catch (e) { print(e); }
let one = D.open("sim:b", #{ name: "one" });
let two = D.open("sim:c", #{ name: "two" });
throw "the script failed first";
"#;

#[test]
fn every_teardown_that_fails_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["run", "a.rhai", "--json", "a.json", "--junit", "a.xml", "--html", "a.html"];
    let outcome =
        Program::new().file("a.rhai", FAILING_TEARDOWNS.as_bytes()).args(args).start_in(folder.path()).finish().1;
    let printed = [
        "off\r\n[\"OSError: [Errno 5] EIO\", \"ValueError: the supply is still on\"]\n",
        "off\r\n[\"E start\", \"E first\", \"E second\"]\n",
        "off\r\nbody\n",
        "[two] off\noff\r\n",
    ];
    said(&outcome, &printed.concat(), 1);
    let headlines: Vec<&str> = outcome.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    let failed = |device: &str| {
        ["OSError in teardown `first`: [Errno 5] EIO", "ValueError in teardown `second`: the supply is still on"]
            .map(|what| format!("error: `{device}` raised {what}"))
    };
    let mut wanted = vec!["error: the script failed first".to_owned()];
    wanted.extend(["D", "two", "one"].iter().flat_map(|device| failed(device)));
    assert_eq!(headlines, wanted);
    // Each with its own place.
    let places = outcome.stderr.matches("a.rhai:3:23").count() + outcome.stderr.matches("a.rhai:5:24").count();
    assert_eq!(places, 6, "{}", outcome.stderr);

    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&read("a.json")).unwrap();
    let kinds = |failure: &serde_json::Value| (failure["message"].to_string(), failure["line"].to_string());
    let closing = report["closing"].as_array().unwrap();
    assert_eq!(closing.len(), 3);
    for failure in closing {
        let others = failure["others"].as_array().unwrap();
        let found: Vec<_> = std::iter::once(failure).chain(others).map(kinds).collect();
        assert!(found[0].0.contains("teardown `first`") && found[0].1 == "3", "{found:?}");
        assert!(found[1].0.contains("teardown `second`") && found[1].1 == "5", "{found:?}");
    }
    for (name, times) in [("a.xml", 2), ("a.html", 1)] {
        let text = read(name);
        assert_eq!(text.matches("ValueError in teardown `second`").count(), 3, "{name}");
        // In JUnit XML also as the message of the first one.
        assert_eq!(text.matches("OSError in teardown `first`").count(), 3 * times, "{name}");
    }
}

/// Names that are hard for readers, attempts, and the same names in every run.
const HARD_TO_READ: &str = r#"
    let tries = 0;
    group "g]]> <b>" {
        test "at last 😀" retry = 1 { tries += 1; measure("tries", tries, #{ min: 2 }); }
        test "never \u0001\t\"é\"" retry = 1 { measure("leak ]]>", 1.5e-9, #{ unit: "A", max: 1e-9 }); print("\x00\x1b]]>"); }
        test "stops" retry = 1 { throw "no\x07"; }
    }
    let long = ""; long.pad(20000, "é");
    measure(long, 1, #{ max: 0 });
    throw "after the tests";
"#;

#[test]
fn junit_reports_fit_the_schema() {
    let Some([xmllint]) = programs::find(["xmllint"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let args = ["test", "--no-check", "a.rhai", "b.rhai", "--repeat", "2", "--junit", "a.xml", "--serial", "SN<1>"];
    let program = Program::new().file("a.rhai", HARD_TO_READ.as_bytes()).file("b.rhai", OUTCOMES.as_bytes());
    let outcome = program.args(args).outcome_in(folder.path());
    assert_eq!(outcome.status, Some(1), "{}", outcome.stderr);
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/junit.xsd");
    let lint =
        Command::new(xmllint).args(["--noout", "--schema"]).arg(schema).arg(folder.path().join("a.xml")).output();
    let lint = lint.expect("xmllint starts");
    assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stderr));
    let read = junitparser(&folder.path().join("a.xml"));
    for part in [
        "(22, 8, 6, 2) [(5, 3, 1, 0), (6, 1, 2, 1), (5, 3, 1, 0), (6, 1, 2, 1)] right\n",
        "a.g]]> <b> at last 😀 a.rhai:4 ['FlakyFailure']\n    attempts 2\n    tries 2\n",
        "['Failure', 'RerunFailure']\n    attempts 2\n    leak ]]> 1.5e-9\n    leak ]]>.unit A\n",
        "a.g]]> <b> stops a.rhai:6 ['Failure', 'RerunFailure']\n",
        "a script a.rhai:10 ['Error']\n",
        "a.g]]> <b> at last 😀 (2) a.rhai:4 ['FlakyFailure']\n",
        "b passes (2) b.rhai:2 []\n",
    ] {
        assert!(read.contains(part), "{part}\n{read}");
    }
}

#[test]
fn a_killed_run_leaves_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let text = "test \"one\" { } test \"two\" { measure(\"u\", 1); print(\"working\"); loop { } }";
    let program = Program::new()
        .file("a.rhai", text.as_bytes())
        .args(["run", "a.rhai", "--jsonl", "a.jsonl", "--json", "a.json"]);
    let running = program.start_in(folder.path());
    running.said("working\n");
    rustix::process::kill_process(running.id(), rustix::process::Signal::KILL).unwrap();
    running.finish();
    assert!(!folder.path().join("a.json").exists());
    let outcome = Program::new().args(["report", "a.jsonl"]).outcome_in(folder.path());
    assert_eq!(outcome.status, Some(1));
    assert!(outcome.stdout.starts_with("started 2"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("test one ... pass"), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("test two ... error") && outcome.stdout.contains("    u  1\n"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains("the record ends here: the run was killed or is still running"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn an_interrupted_run_is_torn_down_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let text = "
        teardown_all { for n in 0..100 { } print(\"all\"); }
        group \"g\" {
            teardown_each { for n in 0..100 { } print(\"each\"); }
            test \"t\" { print(\"working\"); loop { } }
        }
        print(\"never\");";
    let program = Program::new().file("a.rhai", text.as_bytes()).args(["run", "a.rhai", "--json", "a.json"]);
    let running = program.start_in(folder.path());
    running.said("working\n");
    running.interrupt();
    let outcome = running.finish().1;
    said(&outcome, "working\neach\ntest g / t ... error\nall\n1 test: 1 error\n", 130);
    let report = std::fs::read_to_string(folder.path().join("a.json")).unwrap();
    assert!(report.contains("\"kind\": \"Interrupted\""), "{report}");
}

fn bench() -> Program {
    let board = "device Bench { task echo(x) `print(x)\n return x` }\n";
    Program::new()
        .file("b/test_one.rhai", format!("{board}let b = Bench.open(); test \"echo\" {{ b.echo(1); }}").as_bytes())
        .file(
            "b/two_test.rhai",
            format!("{board}let b = Bench.open(); test \"echo\" {{ b.echo(2); throw `no`; }}").as_bytes(),
        )
        .file("b/other.rhai", b"test \"other\" { }")
        .file(
            "b/test_three.rhai",
            b"test \"slow\" tags = [\"slow\"] { }\ngroup \"g\" { test \"needs\" needs \"slow\" { } }",
        )
}

#[test]
fn tests_of_many_scripts_are_collected_and_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let args = ["test", "-p", "sim"].into_iter().chain(args.iter().copied());
        bench().args(args).start_in(folder.path()).finish().1
    };
    said(
        &run(&["--list"]),
        "b/test_one.rhai:3  echo\nb/test_three.rhai:1  slow  [slow]\nb/test_three.rhai:2  g / needs\nb/two_test.rhai:3  echo\n",
        0,
    );
    said(
        &run(&["--list", "--jsonl", "-", "--tag", "slow"]),
        "{\"computed\":false,\"depends\":false,\"event\":\"test_listed\",\"file\":\"b/test_three.rhai\",\"group\":[],\"line\":1,\"name\":\"slow\",\"tags\":[\"slow\"]}\n",
        0,
    );
    said(&run(&["--list", "--jsonl", "list.jsonl", "-k", "needs"]), "", 0);
    let list = std::fs::read_to_string(folder.path().join("list.jsonl")).unwrap();
    assert_eq!(list.lines().count(), 2, "{list}");
    said(&run(&["--list", "-k", "needs"]), "b/test_three.rhai:1  slow  [slow]\nb/test_three.rhai:2  g / needs\n", 0);
    said(
        &run(&["b", "--tag", "slow", "--json", "a.json"]),
        "b/test_one.rhai\nb/test_three.rhai\ntest slow ... pass\nb/two_test.rhai\n1 test: 1 passed\nsimulated: Bench – not a verdict on hardware\n",
        0,
    );
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("a.json")).unwrap()).unwrap();
    assert_eq!(report["runs"].as_array().unwrap().len(), 3);
    assert_eq!(report["runs"][0]["boards"][0]["implementation"], "micropython");
    // The run that opened no board is not simulated.
    let simulated: Vec<&serde_json::Value> = (0..3).map(|run| &report["runs"][run]["simulated"]).collect();
    assert_eq!((&report["simulated"], simulated), (&true.into(), vec![&true.into(), &false.into(), &true.into()]));
    let board = &report["runs"][0]["boards"][0];
    assert_eq!((&board["source"], &board["simulated"]), (&"simulator".into(), &true.into()));
    said(
        &run(&["b/test_three.rhai", "b/other.rhai", "--repeat", "2"]),
        "round 1 of 2\nb/test_three.rhai\ntest slow ... pass\ntest g / needs ... pass\nb/other.rhai\ntest other ... pass\nround 2 of 2\nb/test_three.rhai\ntest slow ... pass\ntest g / needs ... pass\nb/other.rhai\ntest other ... pass\n6 tests: 6 passed\n",
        0,
    );
    let none = run(&["-k", "nothing", "b/other.rhai"]);
    let reason = "error: no test ran in `b/other.rhai`: -k and --tag leave out its test";
    assert_eq!((none.stderr.lines().next(), none.status), (Some(reason), Some(5)));
    let none = run(&["-k", "nothing", "b"]);
    assert_eq!((none.stderr.lines().next(), none.status), (Some("error: no test ran"), Some(5)));
    let none = run(&["-k", "nothing", "--list"]);
    assert_eq!((none.stderr.lines().next(), none.status), (Some("error: no matching tests"), Some(5)));
    let none = run(&["gone"]);
    assert_eq!((none.stderr.lines().next(), none.status), (Some("error: file not found: `gone`"), Some(2)));
}

#[test]
fn a_script_that_tests_nothing_does_not_pass() {
    let bench = |args: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::new()
            .file("e/a_test.rhai", b"test \"a\" { }")
            .file("e/b_test.rhai", b"test \"b\" { }")
            .file("e/early_test.rhai", b"exit(0); test \"a\" { }")
            .file("e/measures_test.rhai", b"measure(\"a\", 1);")
            .file("e/plain_test.rhai", b"print(1);")
            .file("e/skipped_test.rhai", b"test \"a\" skip_if = \"no Wi-Fi\" { } test \"b\" needs \"a\" { }")
            .args(["test", "e", "--json", "r.json"])
            .args(args.iter().copied());
        let outcome = program.start_in(folder.path()).finish().1;
        let report = std::fs::read_to_string(folder.path().join("r.json")).unwrap();
        (outcome, serde_json::from_str::<serde_json::Value>(&report).unwrap())
    };
    let reasons = [
        ("e/early_test.rhai", "the script ended before its first test"),
        ("e/plain_test.rhai", "the script has no tests, and measures nothing"),
        ("e/skipped_test.rhai", "all 2 tests were skipped"),
    ];
    let messages = |before: &str| reasons.map(|(file, why)| format!("{before}no test ran in `{file}`: {why}"));
    let (outcome, report) = bench(&[]);
    let shown: Vec<&str> = outcome.stderr.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!((shown, outcome.status), (messages("error: ").each_ref().map(String::as_str).to_vec(), Some(5)));
    let of = |report: &serde_json::Value, field: &str| -> Vec<serde_json::Value> {
        report["runs"].as_array().unwrap().iter().map(|run| run[field].clone()).collect()
    };
    assert_eq!(of(&report, "outcome"), ["pass", "pass", "error", "pass", "error", "error"]);
    let null = serde_json::Value::Null;
    let empty = [null.clone(), null.clone(), reasons[0].1.into(), null, reasons[1].1.into(), reasons[2].1.into()];
    assert_eq!(of(&report, "empty"), empty);
    assert_eq!(report["runs"][2]["error"]["kind"], "NothingTestedError");

    let (outcome, report) = bench(&["--allow-empty"]);
    let shown: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!((shown, outcome.status), (messages("").each_ref().map(String::as_str).to_vec(), Some(0)));
    assert_eq!(of(&report, "outcome"), ["pass", "pass", "skip", "pass", "skip", "skip"]);
    assert_eq!(of(&report, "empty"), empty);

    // With several scripts -k may leave out all tests of some.
    let (outcome, report) = bench(&["-k", "!b"]);
    assert_eq!(outcome.status, Some(5), "{}", outcome.stderr);
    assert_eq!(of(&report, "outcome"), ["pass", "skip", "error", "pass", "error", "error"]);
    assert_eq!(of(&report, "empty")[1], "-k and --tag leave out its test");
    assert!(outcome.stderr.contains("skipped_test.rhai`: 1 skipped, 1 left out by -k and --tag"), "{}", outcome.stderr);
}

#[test]
fn scripts_run_on_several_boards_at_once() {
    let mut outcome = bench().args(["test", "b", "-p", "sim", "-j", "3"]).outcome();
    outcome.stdout = outcome.stdout.replace("\r\n", "\n");
    assert_eq!(outcome.status, Some(1), "{}", outcome.stderr);
    for whole in [
        "b/test_one.rhai\n1\ntest echo ... pass\n",
        "b/two_test.rhai\n2\ntest echo ... fail\n",
        "b/test_three.rhai\ntest slow ... pass\ntest g / needs ... pass\n",
    ] {
        assert!(outcome.stdout.contains(whole), "{whole}\n{}", outcome.stdout);
    }
    assert!(
        outcome.stdout.ends_with("4 tests: 3 passed, 1 failed\nsimulated: Bench – not a verdict on hardware\n"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stderr.starts_with("error: no\n  --> b/two_test.rhai:3:"), "{}", outcome.stderr);
    let alone = bench().args(["test", "b", "-p", "/dev/null", "-j", "2"]).outcome();
    assert_eq!(alone.stderr.lines().next(), Some("error: -j 2 needs 2 boards"));
    assert_eq!(alone.status, Some(2));
}

#[test]
fn a_repetition_ends_with_the_first_failure() {
    let text = "let n = if read_file(\"n\") == \"\" { 0 } else { parse_int(read_file(\"n\")) };
        write_file(\"n\", `${n + 1}`); test \"t\" { if n == 2 { throw n; } }";
    let outcome = Program::new()
        .file("a.rhai", text.as_bytes())
        .file("n", b"")
        .args(["test", "a.rhai", "--until-fail", "--json", "-"])
        .outcome();
    assert_eq!(outcome.status, Some(1));
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((report["runs"].as_array().unwrap().len(), &report["outcome"]), (3, &"fail".into()));
    assert!(
        outcome.stderr.contains("round 3\n") && outcome.stderr.contains("3 tests: 2 passed, 1 failed\n"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn paths_without_tests_are_refused() {
    Program::new()
        .file("main.py", b"print(1)")
        .args(["run", "main.py", "--json", "a.json", "-p", "sim"])
        .stderr(
            "
            error: `main.py` is a Python file, which has no tests
              help: omit the options for tests and reports, or run a .rhai script
            ",
        )
        .status(2);
    let outcome = Program::new()
        .script("a.rhai", "test \"t\" { }")
        .args(["run", "a.rhai", "--json", "-", "--junit", "-"])
        .outcome();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(2)));
    assert!(outcome.stderr.starts_with("error: two reports go to standard output\n"), "{}", outcome.stderr);
    let outcome =
        Program::new().script("a.rhai", "test \"t\" { }").args(["run", "a.rhai", "--json", "a.rhai/x"]).outcome();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("test t ... pass\n1 test: 1 passed\n", Some(2)));
    assert!(outcome.stderr.starts_with("error: the report `a.rhai/x` cannot be written: "), "{}", outcome.stderr);
}

#[test]
fn a_test_for_each_board_has_its_name() {
    let text = "
        let boards = [Device.open(`sim:a`, #{ name: `left` }), Device.open(`sim:b`, #{ name: `right` })];
        group \"all\" {
            for_each_board(boards, |b| {
                test \"on\" { if b.name == `right` { throw `dark`; } }
                test \"lit\" needs \"on\" { b.exec(`print(1)`); }
            });
        }";
    let outcome = Program::new().file("a.rhai", text.as_bytes()).args(["run", "a.rhai"]).outcome();
    let mut lines: Vec<&str> = outcome.stdout.lines().filter(|line| line.starts_with("test ")).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "test all / left / lit ... pass",
            "test all / left / on ... pass",
            "test all / right / lit ... skip (`on` did not pass)",
            "test all / right / on ... fail",
        ],
        "{}",
        outcome.stderr
    );
}

#[test]
fn piped_scripts_are_set_up_and_torn_down() {
    Program::new()
        .args(["repl", "-p", "sim"])
        .stdin("let log = [];\nsetup_all { log.push(1); }\ntest \"a\" { log.push(2); }\nteardown_all { print(log); }\n")
        .stdout(
            "
            test a ... pass
            [1, 2]
            1 test: 1 passed
            ",
        )
        .status(0);
}
