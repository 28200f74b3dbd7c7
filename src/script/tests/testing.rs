//! Groups, hooks, selection and order of tests, measurements, series.

use super::*;
use crate::bench::report::Test;
use crate::bench::select::Selection;

/// What the tests of a run came to, with what it printed.
pub fn ran(text: &str, selection: Selection) -> (Finished, Vec<String>) {
    let (mut runner, watcher) = runner_with(RunOptions { selection, ..RunOptions::default() });
    let finished = runner.run_text("t.rhai", text);
    let printed = lock(&watcher.lines).iter().filter(|line| line.starts_with('=')).cloned().collect();
    (finished, printed)
}

pub fn outcomes(finished: &Finished) -> String {
    let said = |test: &Test| format!("{}: {}", test.path(), test.outcome.word());
    finished.report.tests.iter().map(said).collect::<Vec<_>>().join(", ")
}

/// Why tests were skipped.
pub fn reasons(finished: &Finished) -> Vec<String> {
    finished.report.tests.iter().filter_map(|test| test.reason.clone()).collect()
}

/// Runs a script; its tests and what it printed after `=` must be these.
#[track_caller]
pub fn case(text: &str, tests: &str, printed: &str) {
    let (finished, lines) = ran(text, Selection::default());
    assert_eq!(outcomes(&finished), tests, "{text}\n{:?}", finished.failure);
    assert_eq!(lines.concat(), printed, "{text}");
}

#[test]
fn the_words_of_tests_are_free_elsewhere() {
    let text = "let group = 1; let setup_all = 2; let teardown_each = 3; let s = #{ group: 4, setup_each: 5 };
        if setup_all == 2 { print(group + setup_all + teardown_each + s.group + s.setup_each); }
        fn setup_each() { 6 } print(setup_each());";
    assert_eq!(printed(text), ["15", "6"]);
}

#[test]
fn setups_and_teardowns_run_around_their_tests() {
    case(
        "let x = `=`; setup_all { print(x + `A`); } setup_each { print(`=e`); } teardown_each { print(`=d`); }
         teardown_all { print(`=Z`); }
         test `no` skip_if = true { }
         test \"one\" { print(`=1`); }
         group \"g\" { let y = `=`; setup_all { print(y + `B`); } setup_each { print(`=f`); }
             test \"two\" { print(`=2`); return; print(`=never`); }
             teardown_each { print(`=c`); } teardown_all { print(y + `Y`); } }
         group \"h\" { setup_all { print(`=never`); } teardown_all { print(`=never`); } }
         test \"three\" { print(`=3`); }",
        "no: skip, one: pass, g / two: pass, three: pass",
        "=A=e=1=d=B=e=f=2=c=d=Y=e=3=d=Z",
    );
}

#[test]
fn teardowns_run_whatever_happens() {
    let around = |body: &str| {
        format!(
            "setup_all {{ print(`=s`); }} group \"g\" {{ teardown_each {{ print(`=e`); }} teardown_all {{ print(`=a`); }} test \"t\" timeout = 0.2 {{ {body} }} }} teardown_all {{ print(`=z`); }}"
        )
    };
    case(&around("throw 1;"), "g / t: fail", "=s=e=a=z");
    case(&around("nonsense();"), "g / t: error", "=s=e=a=z");
    case(&around("loop { }"), "g / t: timeout", "=s=e=a=z");
    case(&around("exit(3);"), "g / t: error", "=s=e=a=z");
    case(&format!("{} throw 1;", around("")), "g / t: pass", "=s=e=a=z");
    case("group \"g\" { teardown_all { print(`=a`); } throw 1; }", "", "=a");
    case("group \"g\" { throw 1; teardown_all { print(`=a`); } }", "", "");
}

#[test]
fn a_run_that_is_out_of_time_is_torn_down() {
    let watcher = Arc::new(Watcher::default());
    let host = Host::new(HostOptions::default());
    let mut runner = Runner::new(
        host,
        watcher.clone(),
        RunOptions { limit: Some(Duration::from_millis(100)), ..RunOptions::default() },
    );
    let text =
        "teardown_each { for n in 0..1000 { } print(`each`); } teardown_all { print(`all`); } test \"t\" { loop { } }";
    let finished = runner.run_text("t.rhai", text);
    assert_eq!(finished.failure.map(|failure| failure.kind), Some(Kind::TimeoutError));
    assert_eq!((finished.report.outcome, finished.report.tests[0].outcome), (Outcome::Timeout, Outcome::Timeout));
    let lines = lock(&watcher.lines).clone();
    assert_eq!(lines[1..], ["each", "end timeout", "all"]);
}

#[test]
fn failing_setups_and_teardowns_are_reported() {
    case(
        "group \"g\" { setup_all { throw 1; } test \"a\" { } group \"h\" { test \"b\" { } } teardown_all { print(`=t`); } } test \"c\" { }",
        "g / setup_all: fail, g / a: skip, g / h / b: skip, c: pass",
        "=t",
    );
    case("setup_each { nonsense(); } teardown_each { print(`=e`); } test \"a\" { print(`=never`); }", "a: error", "=e");
    case("teardown_each { throw 1; } test \"a\" { }", "a: fail", "");
    case("test \"a\" { } teardown_all { throw 1; }", "a: pass, teardown_all: fail", "");
    case("setup_all timeout = 0.1 { loop { } } test \"a\" { }", "setup_all: timeout, a: skip", "");
    let (finished, _) = ran("teardown_each { throw \"torn\"; } test \"a\" { throw \"first\"; }", Selection::default());
    let error = finished.report.tests[0].error.clone().unwrap();
    assert_eq!((error.message.as_str(), error.notes[0].as_str()), ("first", "`teardown_each` failed, too: torn"));
}

#[test]
fn a_test_is_skipped_unless_what_it_needs_has_passed() {
    case(
        "test \"a\" { } test \"b\" needs \"a\" { throw 1; } test \"c\" needs = [\"a\", \"b\"] { } test \"d\" needs = \"c\" { }
         test \"e\" needs = \"f\" { } test \"f\" { }
         group \"g\" { test \"a\" { throw 1; } test \"x\" needs = \"a\" { } } test \"y\" needs = \"a\" { }",
        "a: pass, b: fail, c: skip, d: skip, e: skip, f: pass, g / a: fail, g / x: skip, y: skip",
        "",
    );
    let (finished, _) = ran("test \"a\" needs = \"c\" { } test \"c\" skip_if = \"no board\" { }", Selection::default());
    let reasons: Vec<_> = finished.report.tests.iter().map(|test| test.reason.clone().unwrap()).collect();
    assert_eq!(reasons, ["`c` has not run", "no board"]);
    case("test \"a\" skip_if = nonsense() { print(`=never`); }", "a: error", "");
    case("group \"g\" skip_if = true { test \"a\" { } }", "g / a: skip", "");
}

#[test]
fn an_attempt_is_judged_by_its_own_measurements() {
    let text = "let n = 0; test \"a\" retry = 3 { n += 1; measure(\"n\", n, #{ min: 2, marginal_min: 3 }); }";
    let (finished, _) = ran(text, Selection::default());
    let test = &finished.report.tests[0];
    assert_eq!((test.outcome, test.attempts.len(), test.measurements.len()), (Outcome::Marginal, 1, 1));
    assert!(finished.report.passed());
}

#[test]
fn patterns_and_tags_select_tests() {
    let text = "test \"adc\" tags = [\"slow\"] { } group \"power\" tags = \"p\" { test \"on\" needs = \"adc\" { } test \"off\" { } }";
    let chosen = |patterns: &[&str], tags: &[&str]| {
        let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let selection = Selection { patterns: strings(patterns), tags: strings(tags), ..Selection::default() };
        outcomes(&ran(text, selection).0)
    };
    assert_eq!(chosen(&["ADC"], &[]), "adc: pass");
    assert_eq!(chosen(&["off"], &[]), "power / off: pass");
    assert_eq!(chosen(&[], &["p"]), "adc: pass, power / on: pass, power / off: pass");
    assert_eq!(chosen(&["!power"], &[]), "adc: pass");
    assert_eq!(chosen(&["nothing"], &[]), "");
    let text = "group \"g\" { test \"a\" { } test \"b\" { } } test \"c\" needs \"g/a\" { }";
    let selection = Selection { patterns: vec!["c".to_owned()], ..Selection::default() };
    assert_eq!(outcomes(&ran(text, selection).0), "g / a: pass, c: pass");
    let (finished, printed) = ran(
        "teardown_all { print(`=z`); } test \"a\" { } group \"g\" { test \"b\" { throw 1; } test \"c\" { } } print(`=never`);",
        Selection { fail_fast: true, ..Selection::default() },
    );
    assert_eq!((outcomes(&finished).as_str(), printed.concat().as_str()), ("a: pass, g / b: fail", "=z"));
    assert!(finished.failure.is_none());
}

#[test]
fn a_shuffled_script_keeps_its_statements_and_needs() {
    let text = "let n = 0; test \"a\" needs = \"c\" { } test \"b\" { } test \"c\" { } n = 1; \
        group \"g\" { test \"d\" { if n != 1 { throw n; } } test \"e\" { } test \"f\" { } } test \"h\" { }";
    let mut orders = Vec::new();
    for seed in 0..12 {
        let (finished, _) = ran(text, Selection { shuffle: Some(seed), ..Selection::default() });
        let names: String = finished.report.tests.iter().map(|test| test.name.as_str()).collect();
        assert!(finished.report.tests.iter().all(|test| test.outcome == Outcome::Pass), "{}", outcomes(&finished));
        assert!(names.find('c') < names.find('a') && names[..3].chars().all(|name| "abc".contains(name)), "{names}");
        orders.push(names);
    }
    orders.sort();
    orders.dedup();
    assert!(orders.len() > 4, "{orders:?}");
}

#[test]
fn tests_are_listed_without_being_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.rhai");
    let text = "throw 1; group \"g\" tags = \"p\" {\ntest \"a\" needs \"b\" tags = [\"x\", \"y\"] { } }\nfn f() { test \"c\" retry = 2 { } }";
    std::fs::write(&path, text).unwrap();
    let tests = runner().0.tests_of(&path).unwrap();
    let said: Vec<String> = tests
        .iter()
        .map(|test| format!("{} {} {:?} {:?}", test.line, test.path().join("/"), test.tags, test.needs))
        .collect();
    assert_eq!(said, ["2 g/a [\"p\", \"x\", \"y\"] [\"b\"]", "3 c [] []"]);
    std::fs::write(&path, "test \"a\" {").unwrap();
    assert!(runner().0.tests_of(&path).is_err());
}

#[test]
fn misplaced_blocks_are_rejected() {
    assert_eq!(
        failure("setup_each { } fn f() { test \"t\" { } }\nf();"),
        "DeclarationError: `setup_each` does not reach a test within a function @ t.rhai:1:30, called from t.rhai:2:1 | move the test to the script or a group, and call the function in it"
    );
    assert_eq!(
        failure("fn f() { setup_all { } } f();"),
        "DeclarationError: `setup_all` is outside of the script and of any group @ t.rhai:1:10 | move it to the top level of the script, or into a `group` block"
    );
    assert_eq!(
        failure("setup_all retry = 2 { }"),
        "DeclarationError: `setup_all` has no option `retry` @ t.rhai:1:11 | options: timeout"
    );
    assert_eq!(
        failure("group \"g\" timeout = 2 { }"),
        "DeclarationError: a group has no option `timeout` @ t.rhai:1:11 | options: tags, skip_if, stop_on_failure"
    );
    assert_eq!(
        failure("test \"a\" tags = 5 { }"),
        "DeclarationError: the option `tags` takes an array of strings @ t.rhai:1:10"
    );
    assert_eq!(
        failure("test \"alpha\" { } test \"b\" needs \"alpah\" { }"),
        "DeclarationError: unknown test `alpah` in `needs` @ t.rhai:1:23 | did you mean `alpha`?"
    );
    assert_eq!(failure("group { }"), "ParseError: a group needs a name @ t.rhai:1:7 | write `group \"name\" { … }`");
    assert_eq!(
        failure("group \"g\" { test \"a\" 5 { } }"),
        "ParseError: expected an option or `{` after the test's name, found `5` @ t.rhai:1:22"
    );
}

#[test]
fn measurements_are_checked_and_judged() {
    let refused =
        |options: &str| failure(&format!("measure(\"u\", 1, #{{ {options} }});")).replace(" @ t.rhai:1:1", "");
    assert_eq!(refused("unit: \"volts\""), "ArgumentError: unknown unit `volts` | did you mean `V`?");
    assert_eq!(refused("min: 2, max: 1"), "ArgumentError: `min` is above `max`: 2 > 1 | swap them");
    assert_eq!(
        refused("within_percent: 5"),
        "ArgumentError: `within_percent` requires a number in `equals` | add `equals: 3.3`"
    );
    assert_eq!(refused("matches: \"(\""), "ArgumentError: `matches` is not a valid regular expression: unclosed group");
    assert_eq!(refused("max: 0, must: true"), "ScriptError: `u` is 1, and must be [≤ 0]");
    let judged = |value: &str, options: &str| {
        let (finished, _) = ran(&format!("measure(\"u\", {value}, #{{ {options} }});"), Selection::default());
        finished.report.measurements[0].outcome.word()
    };
    assert_eq!(judged("\"SN-1\"", "matches: \"^SN-\\\\d$\""), "pass");
    assert_eq!(judged("\"SN-x\"", "matches: \"^SN-\\\\d$\""), "fail");
    assert_eq!(judged("[1, 2.0]", "equals: [1, 2]"), "pass");
    assert_eq!(judged("0.0/0.0", "min: 1"), "fail");
    assert_eq!(judged("true", "equals: true"), "pass");
    assert_eq!(judged("3.25", "min: 3.2, marginal_min: 3.3"), "marginal");
}

#[test]
fn a_test_fails_without_what_it_measures() {
    let text = "let on = false;
        test \"whole\" measures = [\"u\", \"i\"] { measure(\"u\", 1); measure(\"i\", 1); }
        test \"a branch\" measures = [\"u\", \"i\"] { measure(\"u\", 1); if on { measure(\"i\", 1); } }
        test \"early\" measures = \"u\" { if !on { return; } measure(\"u\", 1); }
        let n = 0;
        test \"retried\" measures = \"u\" retry = 1 { n += 1; if n == 2 { measure(\"u\", 1); } }
        test \"lost\" measures = \"u\" retry = 1 { n += 1; if n == 3 { measure(\"u\", 1); throw \"x\"; } }
        test \"an error\" measures = \"u\" { nonsense(); }
        test \"skipped\" measures = \"u\" { skip(\"not today\"); }";
    let (finished, _) = ran(text, Selection::default());
    let tests: Vec<String> = finished
        .report
        .tests
        .iter()
        .map(|test| {
            let error = test.error.as_ref().map(|error| format!(": {}", error.message)).unwrap_or_default();
            format!("{} {}{error}", test.name, test.outcome.word())
        })
        .collect();
    assert_eq!(
        tests,
        [
            "whole pass",
            "a branch fail: the test ended without measuring `i`",
            "early fail: the test ended without measuring `u`",
            "retried pass",
            "lost fail: the test ended without measuring `u`",
            "an error error: unknown function `nonsense`",
            "skipped skip",
        ]
    );
}

#[test]
fn series_and_attachments_belong_to_their_test() {
    let (finished, _) = ran(
        "test \"a\" { let s = record(\"u\", \"V\", [\"x\", \"y\"]); s.add([1, 2.5]); s.add([3, 4], 12.5); attach(\"n.txt\", \"hi\".to_blob()); }
         let t = record(\"loose\"); t.add(5); unit(\"SN-1\");",
        Selection::default(),
    );
    assert!(finished.failure.is_none(), "{:?}", finished.failure);
    let (report, test) = (&finished.report, &finished.report.tests[0]);
    assert_eq!((test.series[0].samples.len(), test.series[0].samples[1].host), (2, 12.5));
    assert_eq!((test.attachments[0].media.as_str(), test.attachments[0].content.as_str()), ("text/plain", "aGk="));
    assert_eq!((report.series[0].columns.join(","), report.serial.as_deref()), ("loose".to_owned(), Some("SN-1")));
    assert_eq!(
        failure("record(\"u\", \"V\").add([1, 2]);"),
        "ArgumentError: `u` has one column, and the sample 2 @ t.rhai:1:18 | give one number for each column, in an array"
    );
    let text = "let s = record(\"u\", \"V\", [\"a\", \"b\"]); s.add([1, 2.5], 10.0); s.add([3, 4], 12.5);
        print(`=${s.len()} ${s.times()} ${s.values(\"b\")} ${record(\"v\").values()}`);";
    assert_eq!(ran(text, Selection::default()).1, ["=2 [0.0, 2.5] [2.5, 4.0] []"]);
    assert_eq!(
        failure("record(\"u\", \"V\", [\"ab\", \"b\"]).values(\"aa\");"),
        "ArgumentError: the series `u` has no column `aa` @ t.rhai:1:31 | did you mean `ab`?"
    );
    assert_eq!(
        failure("record(\"u\", \"V\", [\"a\", \"b\"]).values();"),
        "ArgumentError: `u` has 2 columns @ t.rhai:1:30 | name one of them: a, b"
    );
    assert_eq!(failure("record(\"u\").add(\"x\");").split(" @").next(), Some("ArgumentError: a sample holds a string"));
    assert_eq!(
        failure("attach(\"x\", \"../secret\");").split(" @").next(),
        Some("PermissionError: the path \"../secret\" is outside the script's folders")
    );
}
