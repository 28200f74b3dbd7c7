//! Verdicts of the script, names, tables, groups and subtests, checkpoints, diagnoses, monitors.

use super::testing::{case, outcomes, ran, reasons};
use super::*;
use crate::bench::report::Report;
use crate::bench::select::Selection;

fn report(text: &str) -> Report {
    let (finished, _) = ran(text, Selection::default());
    assert!(finished.failure.is_none(), "{:?}", finished.failure);
    finished.report
}

#[test]
fn skip_and_fail_end_only_their_test() {
    case(
        "teardown_each { print(`=e`); }
         test \"a\" { try { skip(\"no probe\"); } catch { print(`=caught`); } print(`=never`); }
         fn f() { fail(\"too weak\"); }
         test \"b\" { try { f(); } catch (e) { print(`=caught`); } print(`=never`); }
         test \"c\" { parallel([|| skip(\"one is enough\")]); print(`=never`); }
         test \"d\" { }",
        "a: skip, b: fail, c: skip, d: pass",
        "=e=e=e=e",
    );
    let report =
        report("fn f() {\n fail(\"too weak\");\n}\ntest \"a\" { f(); }\ntest \"b\" retry = 2 { skip(\"no probe\"); }");
    let error = report.tests[0].error.clone().unwrap();
    assert_eq!((error.message.as_str(), error.line, report.tests[0].reason.as_deref()), ("too weak", Some(2), None));
    assert_eq!((report.tests[1].reason.as_deref(), report.tests[1].attempts.len()), (Some("no probe"), 0));
}

#[test]
fn a_failed_measurement_cannot_be_skipped_away() {
    case("test \"a\" { measure(\"u\", 1, #{ min: 2 }); skip(\"not needed\"); }", "a: fail", "");
    case("teardown_each { throw 1; } test \"a\" { skip(\"not needed\"); }", "a: fail", "");
}

#[test]
fn a_setup_may_skip_its_tests() {
    let text = "group \"g\" { setup_all { skip(\"no relay\"); } test \"a\" { } teardown_all { print(`=z`); } }
        setup_each { if true { skip(\"no power\"); } } test \"b\" { }";
    case(text, "g / a: skip, b: skip", "=z");
    assert_eq!(reasons(&ran(text, Selection::default()).0), ["no relay", "no power"]);
}

#[test]
fn verdicts_outside_of_tests_are_errors() {
    assert_eq!(
        failure("skip(\"x\");"),
        "DeclarationError: `skip` is outside of a test @ t.rhai:1:1 | call it in a test; a group has the option `skip_if`"
    );
    assert_eq!(
        failure("group \"g\" { fail(\"x\"); }"),
        "DeclarationError: `fail` is outside of a test @ t.rhai:1:13 | call it in a test or a subtest; elsewhere use `throw`"
    );
    assert_eq!(failure("skip(\" \");"), "ArgumentError: `skip` has no reason @ t.rhai:1:1 | write `skip(\"why\")`");
}

#[test]
fn names_may_be_computed() {
    case(
        "let found = [];
         for n in 1..3 { test `channel ${n} of ${2}` tags = \"x\" timeout = 5 { if n == 2 { throw n; } } }
         for n in 1..3 { test(`called ${n}`, || found.push(n)); }
         fn check(name) { test(name, #{ tags: [\"t\"], needs: \"called 1\" }, || { let x = 1; x }) }
         check(\"in a function\");
         for n in 1..3 { group `g${n}` { test \"a\" { } } }
         group(\"h\" + 1, || { test \"a\" { } test(\"b\", #{ skip_if: \"why\" }, || throw 1); });
         print(`=${found}`);",
        "channel 1 of 2: pass, channel 2 of 2: fail, called 1: pass, called 2: pass, in a function: pass, \
         g1 / a: pass, g2 / a: pass, h1 / a: pass, h1 / b: skip",
        "=[1, 2]",
    );
    case(
        "setup_each { print(`=s`); } teardown_each { print(`=t`); } let x = 1;
         for n in 0..2 { test(`a${n}`, || { print(`=${n + x}`); return; }); }",
        "a0: pass, a1: pass",
        "=s=1=t=s=2=t",
    );
}

#[test]
fn the_words_of_calls_are_free_for_functions() {
    let text =
        "fn test(x) { x + 1 } fn group(a, b) { a + b } print(test(1)); print(group(1, 2)); let m = #{ test: |x| x };
        print(m.test.call(5));";
    assert_eq!(printed(text), ["2", "3", "5"]);
}

#[test]
fn a_name_is_used_once_in_its_group() {
    assert_eq!(
        failure("print(1);\ntest \"a\" { }\ngroup \"g\" { test \"a\" { } }\ntest \"a\" { }"),
        "DeclarationError: a second test is named \"a\" @ t.rhai:4:6 | rename one of them: the first is at t.rhai:2:6"
    );
    assert_eq!(printed_until_failure("print(1); test \"a\" { } test \"a\" { }"), Vec::<String>::new());
    assert_eq!(
        failure("group \"g\" { } group \"g\" { }"),
        "DeclarationError: a second group is named \"g\" @ t.rhai:1:21 | rename one of them: the first is at t.rhai:1:7"
    );
    assert_eq!(
        failure("for n in 0..2 { test \"a\" { } }"),
        "DeclarationError: the test \"a\" runs more than once @ t.rhai:1:22 | write a computed name: test `a ${n}` { … }"
    );
    assert_eq!(
        failure("test \"a\" { }\nlet name = \"a\"; test(name, || 1);"),
        "DeclarationError: a second test is named \"a\" @ t.rhai:2:22 | rename one of them: the first is at t.rhai:1:6"
    );
}

fn printed_until_failure(text: &str) -> Vec<String> {
    let (mut runner, watcher) = runner();
    assert!(runner.run_text("t.rhai", text).failure.is_some());
    lock(&watcher.lines).iter().filter(|line| line.parse::<i64>().is_ok()).cloned().collect()
}

#[test]
fn a_misspelt_call_is_explained() {
    assert_eq!(
        failure("test(1, || 1);"),
        "DeclarationError: the name of a test is an integer, not a string @ t.rhai:1:6"
    );
    assert_eq!(
        failure("test(\"a\", 5);"),
        "DeclarationError: the last argument of `test` is an integer, not a closure @ t.rhai:1:11 | write `test(name, || …)`"
    );
    assert_eq!(
        failure("test(\"a\", #{ tag: 1 }, || 1);"),
        "DeclarationError: a test has no option `tag` @ t.rhai:1:11 | did you mean `tags`?"
    );
    assert_eq!(
        failure("test(\"a\");"),
        "ParseError: `test` has no closure @ t.rhai:1:9 | write `test(name, || …)` or `test(name, #{ tags: \"slow\" }, || …)`"
    );
}

#[test]
fn only_chosen_outcomes_are_retried() {
    let attempts = |options: &str, body: &str| {
        let report = report(&format!("test \"a\" retry = 2 {options} {{ {body} }}"));
        (report.tests[0].outcome.word(), report.tests[0].attempts.len())
    };
    assert_eq!(attempts("", "throw 1;"), ("fail", 2));
    assert_eq!(attempts("retry_on = [\"error\", \"timeout\"]", "throw 1;"), ("fail", 0));
    assert_eq!(attempts("retry_on = [\"error\", \"timeout\"]", "nonsense();"), ("error", 2));
    assert_eq!(attempts("retry_on = \"fail\"", "measure(\"u\", 1, #{ min: 2 });"), ("fail", 2));
    assert_eq!(
        failure("test \"a\" retry_on = \"pass\" { }"),
        "DeclarationError: the option `retry_on` takes one or several of \"fail\", \"timeout\", \"error\" @ t.rhai:1:10"
    );
}

#[test]
fn a_table_is_a_test_for_each_row() {
    case(
        "let gain = 2; let hidden = 3;
         test \"accuracy\" timeout = 5 for row in [#{ volts: 1.0 }, #{ volts: 2.5, range: \"5 V\" }, #{ name: \"zero\", volts: 0 }] skip_if = row.volts == 0 {
             let doubled = row.volts * gain; print(`=${doubled}`); if row.volts > 2 { throw \"high\"; }
             let later = || row.volts + gain; print(`=${later.call()}`);
         }
         test \"port\" for n in 1..=2 { print(`=p${n}${hidden}`); }
         test \"after\" needs = \"port\" { } test \"not after\" needs = \"accuracy\" { }",
        "accuracy [volts=1]: pass, accuracy [range=5 V, volts=2.5]: fail, accuracy [zero]: skip, port [n=1]: pass, \
         port [n=2]: pass, after: pass, not after: skip",
        "=2.0=3.0=5.0=p13=p23",
    );
    let report = report("test \"a\" for row in [#{ volts: 1.5, on: true, port: \"x\" }] parameters = #{ lot: 7 } { }");
    let parameters = serde_json::to_string(&report.tests[0].parameters).unwrap();
    assert_eq!(parameters, r#"{"lot":7,"on":true,"port":"x","volts":1.5}"#);
    assert_eq!(
        failure("test \"a\" for row in [] { }"),
        "DeclarationError: the table of the test has no rows @ t.rhai:1:21 | a test without rows checks nothing"
    );
    assert_eq!(
        failure("test \"a\" for n in [1, 1] { }"),
        "DeclarationError: the test \"a [n=1]\" runs more than once @ t.rhai:1:6 | write a computed name: test `a [n=1] ${n}` { … }"
    );
}

#[test]
fn computed_tests_are_selected_by_their_names() {
    let text = "test \"needed\" { } test \"adc\" for n in 1..=3 { } for n in 1..=3 { test `channel ${n}` needs = \"needed\" { } }
        test \"z\" needs = \"adc\" tags = \"z\" { }";
    let chosen = |patterns: &[&str], tags: &[&str]| {
        let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let selection = Selection { patterns: strings(patterns), tags: strings(tags), ..Selection::default() };
        outcomes(&ran(text, selection).0)
    };
    assert_eq!(chosen(&["n=2"], &[]), "needed: pass, adc [n=2]: pass");
    assert_eq!(chosen(&["channel 3"], &[]), "needed: pass, channel 3: pass");
    assert_eq!(chosen(&[], &["z"]), "adc [n=1]: pass, adc [n=2]: pass, adc [n=3]: pass, z: pass");
}

#[test]
fn a_group_may_stop_on_failure() {
    let text = "group \"g\" stop_on_failure { test \"a\" { } group \"h\" { test \"b\" { throw 1; } } print(`=x`); test \"c\" { } }
         group \"i\" { test \"a\" { throw 1; } test \"b\" { } } test \"d\" { }";
    case(text, "g / a: pass, g / h / b: fail, g / c: skip, i / a: fail, i / b: pass, d: pass", "=x");
    let (finished, _) = ran(text, Selection::default());
    assert_eq!(finished.report.tests[2].reason.as_deref(), Some("`b` did not pass, and the group stops"));
    let groups: Vec<String> =
        finished.report.groups.iter().map(|group| format!("{} {}", group.path(), group.outcome.word())).collect();
    assert_eq!(groups, ["g fail", "g / h fail", "i fail"]);
}

#[test]
fn a_subtest_fails_as_a_whole() {
    let text = "subtest \"one\" { test \"a\" { } test \"b\" { throw 1; } test \"c\" { } teardown_all { print(`=t`); } }
         subtest \"two\" { test \"a\" { } fail(\"no link\"); print(`=never`); test \"b\" { } group \"g\" { test \"c\" { } } }
         subtest \"three\" { test \"a\" { } nonsense(); }
         subtest \"four\" { skip(\"not fitted\"); test \"a\" { } }
         subtest \"five\" { test \"a\" { measure(\"u\", 1.0, #{ min: 1, marginal_min: 2 }); } }
         for n in 6..=7 { subtest(`${n}`, || { test \"a\" { } }); }";
    case(
        text,
        "one / a: pass, one / b: fail, one / c: skip, two / a: pass, two / b: skip, two / g / c: skip, three / a: pass, \
         four / a: skip, five / a: marginal, 6 / a: pass, 7 / a: pass",
        "=t",
    );
    let (finished, _) = ran(text, Selection::default());
    assert!(finished.failure.is_none() && finished.report.outcome == Outcome::Error);
    let of = |group: &crate::bench::report::Group| {
        let error = group.error.as_ref().map(|error| format!("{}:{}", error.message, error.line.unwrap_or(0)));
        format!("{} {}", group.outcome.word(), error.or(group.reason.clone()).unwrap_or_default())
    };
    let groups: Vec<String> = finished.report.groups.iter().filter(|group| group.group.len() == 1).map(of).collect();
    assert_eq!(
        groups,
        [
            "fail `b` did not pass, and the subtest stops",
            "fail no link:2",
            "error unknown function `nonsense`:3",
            "skip not fitted",
            "marginal ",
            "pass ",
            "pass "
        ]
    );
    assert_eq!(finished.tally.subtests.total(), 7);
    let only = report("subtest \"s\" { fail(\"x\"); }");
    assert_eq!((only.outcome, only.passed()), (Outcome::Fail, false));
}

#[test]
fn checkpoints_end_a_group_or_the_run() {
    let text = "group \"g\" { test \"a\" { throw 1; } print(`=${checkpoint(\"powered\")}`); test \"b\" { } } test \"c\" { }
         print(`=${checkpoint(\"all good\", #{ of: \"run\" })}`); group \"h\" { checkpoint(\"fresh\"); test \"d\" { } }";
    case(text, "g / a: fail, g / b: skip, c: pass, h / d: skip", "=false=false");
    let (finished, _) = ran(text, Selection::default());
    let reasons: Vec<Option<String>> =
        finished.report.checkpoints.iter().map(|checkpoint| checkpoint.reason.clone()).collect();
    let reason = |name: &str| Some(format!("`a` did not pass before the checkpoint \"{name}\""));
    assert_eq!(reasons, [reason("powered"), reason("all good"), None]);
    case(
        "diagnosis(\"weak supply\", \"the rail sags\"); checkpoint(\"supply\", #{ diagnosis: [\"x\", \"weak supply\"] }); test \"a\" { }",
        "a: skip",
        "",
    );
    let within = report("test \"a\" { checkpoint(\"x\"); }");
    assert_eq!(within.tests[0].error.as_ref().unwrap().message, "`checkpoint` is inside a test");
    assert!(failure("checkpoint(\"x\", #{ off: 1 });").contains("`checkpoint` has no option `off`"));
}

#[test]
fn diagnoses_fail_their_test_or_the_run() {
    let text = "test \"a\" { diagnosis(\"weak\", \"sags\", #{ failure: true, component: \"U4\" }); }
         test \"b\" retry = 1 { if !has_diagnosis(\"once\") { diagnosis(\"once\", \"first\", #{ failure: true }); } }
         test \"c\" { diagnosis(\"remark\", \"fine\"); }
         print(`=${outcome_of(\"a\")} ${outcome_of(\"c\")} ${has_diagnosis(\"weak\")} ${has_diagnosis(\"no\")}`);";
    case(text, "a: fail, b: fail, c: pass", "=fail pass true false");
    let (finished, _) = ran(text, Selection::default());
    let tests = &finished.report.tests;
    assert_eq!((tests[0].diagnoses[0].line, tests[0].diagnoses[0].component.as_deref()), (1, Some("U4")));
    assert_eq!((tests[1].diagnoses.len(), tests[1].attempts[0].diagnoses.len()), (1, 1));
    let report = report("test \"a\" { } diagnosis(\"weak\", \"sags\", #{ failure: true });");
    assert_eq!((report.outcome, report.passed(), report.diagnoses.len()), (Outcome::Fail, false, 1));
}

#[test]
fn outcomes_are_asked_for_by_name() {
    let text = "group \"g\" { test \"a\" { throw 1; } print(`=${outcome_of(\"a\")}`); } test \"t\" for n in 1..=2 { }
        print(`=${outcome_of(\"g/a\")}${outcome_of(\"t\")}${outcome_of(\"t [n=2]\")}${outcome_of(\"later\")}`); test \"later\" { }";
    case(text, "g / a: fail, t [n=1]: pass, t [n=2]: pass, later: pass", "=fail=failpasspass");
    assert_eq!(
        failure("test \"alpha\" { } outcome_of(\"alpah\");"),
        "ArgumentError: unknown test `alpah` @ t.rhai:1:18 | did you mean `alpha`?"
    );
}

#[test]
fn a_monitor_records_beside_its_test() {
    let text =
        "test \"a\" { let n = 0; monitor(\"level\", 0.01, #{ unit: \"V\", max: 3 }, || { n += 1; if n > 4 { skip(\"enough\"); } n }); sleep(30); }
         test \"b\" { monitor(\"short\", 60, || 5.5); }
         test \"c\" measures = \"level\" { monitor(\"level\", 60, #{ max: 9 }, || 5); }
         test \"d\" { measure(\"again\", get_measurement(\"c/level\").value, #{ equals: 5 }); }";
    let report = report(text);
    let [a, b, c, d] = report.tests.as_slice() else { panic!("{:?}", report.tests) };
    assert_eq!((c.outcome, d.outcome), (Outcome::Pass, Outcome::Pass), "{:?} {:?}", c.error, d.error);
    assert_eq!(c.measurements[0].limit.as_ref().map(|limit| limit.line), Some(3));
    // The closure works on its own copy of `n`.
    let samples: Vec<f64> = a.series[0].samples.iter().map(|sample| sample.values[0]).collect();
    assert!(
        samples.len() == 4 && samples.iter().zip(1..).all(|(sample, n)| (sample - f64::from(n)).abs() < 0.5),
        "{samples:?}"
    );
    assert_eq!((a.series[0].name.as_str(), a.series[0].unit.as_str(), a.outcome), ("level", "V", Outcome::Fail));
    assert_eq!(a.measurements[0].number(), samples.last().copied());
    assert_eq!((b.outcome, b.series[0].samples.len()), (Outcome::Pass, 1));
    assert_eq!(report.schedules.len(), 3);
}

#[test]
fn a_failed_monitor_ends_its_test() {
    let text = "fn hot(n) {\n    if n > 2 { throw \"too hot\"; }\n    n\n}
        test \"a\" { monitor(\"t\", 0.005, || hot(3)); sleep(30); print(`=never`); }
        test \"b\" { monitor(\"t\", 0.005, || fail(\"limit\")); loop { } }
        test \"c\" { monitor(\"t\", 0.005, || skip(\"no probe\")); sleep(30); }
        test \"d\" { monitor(\"t\", 0.005, || \"text\"); sleep(30); }
        test \"e\" { monitor(\"t\", 0.005, || throw \"first\"); sleep(0.1); throw \"own\"; } teardown_each { print(`=t`); }
        test \"f\" { }";
    let (finished, printed) = ran(text, Selection::default());
    assert_eq!(outcomes(&finished), "a: fail, b: fail, c: skip, d: error, e: fail, f: pass");
    assert_eq!(printed.concat(), "=t=t=t=t=t=t");
    let error = finished.report.tests[0].error.as_ref().unwrap();
    assert_eq!((error.message.as_str(), error.line), ("too hot", Some(2)));
    assert_eq!(error.notes, ["raised by the monitor \"t\""]);
    let error = finished.report.tests[3].error.as_ref().unwrap();
    assert_eq!((error.message.as_str(), error.line), ("the monitor \"t\" returned a string", Some(8)));
}

#[test]
fn monitors_end_with_their_attempt() {
    let text = "test \"a\" timeout = 0.1 { monitor(\"t\", 0.005, || 1); loop { } }
        test \"b\" retry = 1 { monitor(\"t\", 0.005, || 1); throw 1; }
        test \"c\" { let n = 0; monitor(\"slow\", 0.01, || { n += 1; if n > 3 { skip(\"enough\"); } sleep(0.04); 1 }); sleep(30); }
        group \"g\" { setup_each { monitor(\"each\", 5, || 2); } test \"d\" { } test \"e\" { parallel([|| monitor(\"inner\", 5, || 3)]); } }";
    let (finished, _) = ran(text, Selection::default());
    assert_eq!(outcomes(&finished), "a: timeout, b: fail, c: skip, g / d: pass, g / e: pass");
    let tests = &finished.report.tests;
    assert!(tests[1].error.as_ref().unwrap().notes.is_empty());
    assert_eq!((tests[1].series.len(), tests[3].series.len(), tests[4].series.len()), (2, 1, 2));
    let slow = finished.report.schedules.iter().find(|schedule| schedule.line == 3).unwrap();
    assert!(slow.skipped >= 9 && slow.calls == 4, "{slow:?}");
    let notices: Vec<&str> = finished.report.notices.iter().map(|notice| notice.text.as_str()).collect();
    assert!(
        notices.iter().any(|text| text.contains("monitor \"slow\": ") && text.contains("were skipped")),
        "{notices:?}"
    );
    assert_eq!(
        failure("monitor(\"t\", 1, || 1);"),
        "DeclarationError: `monitor` is outside of a test @ t.rhai:1:1 | call it in a test; in `setup_each` for every test of a group"
    );
    assert_eq!(
        failure("monitor(\"t\", 1, #{ maximum: 2 }, || 1);"),
        "ArgumentError: `monitor` has no option `maximum` @ t.rhai:1:1 | options of `monitor`: unit, min, max"
    );
}

#[test]
fn groups_with_computed_names_make_names_unique() {
    case(
        "for side in [\"left\", \"right\"] { group `${side}` { subtest \"channel\" { test \"a\" { } } } }
         group(\"called\", #{ tags: \"t\", stop_on_failure: true }, || { test \"x\" { throw 1; } test \"y\" { } });",
        "left / channel / a: pass, right / channel / a: pass, called / x: fail, called / y: skip",
        "",
    );
    assert_eq!(
        failure("group(\"a\", || { setup_each { } });"),
        "DeclarationError: `setup_each` is outside of the script and of any group @ t.rhai:1:17 | move it to the top level of the script, or into a `group` block"
    );
}

#[test]
fn tables_and_subtests_are_shuffled_with_their_neighbours() {
    let text = "test \"a\" for n in 1..=2 { } subtest \"s\" { test \"b\" { } test \"c\" needs \"b\" { } } test(\"d\", || 1); checkpoint(\"x\");
        test `e${1}` needs \"a\" { } test \"f\" { }";
    let mut orders = Vec::new();
    for seed in 0..8 {
        let (finished, _) = ran(text, Selection { shuffle: Some(seed), ..Selection::default() });
        let names: String = finished.report.tests.iter().map(|test| &test.name[..1]).collect();
        assert!(finished.report.tests.iter().all(|test| test.outcome == Outcome::Pass), "{}", outcomes(&finished));
        assert!(names[..5].contains("aa") && names[..5].contains("bc") && names[..5].contains('d'), "{names}");
        orders.push(names);
    }
    orders.sort();
    orders.dedup();
    assert!(orders.len() > 3, "{orders:?}");
}
