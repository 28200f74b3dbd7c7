//! Language features that need no device.

use super::*;

#[test]
fn words_are_keywords_only_where_a_block_begins() {
    assert_eq!(printed("let task = 1; let device = 1; let test = 2; print(device + test + task);"), ["4"]);
    assert_eq!(
        printed("let device = 1;\ndevice + 1;\nlet x = #{ device: 2, test: 3 }; print(x.device + x.test);"),
        ["5"]
    );
    assert_eq!(printed("let thread = 1; let with = 2; let sync = 3; print(thread + with + sync);"), ["6"]);
    assert_eq!(printed("fn device(x) { x } print(device(4));"), ["4"]);
    assert_eq!(printed("let test = |x| x; print(test.call(4));"), ["4"]);
    assert_eq!(
        printed("let f = |x, y| x + y; let g = f.curry(1); print(g.call(2)); print([1, 2].map(|x| x + 1));"),
        ["3", "[2, 3]"]
    );
    assert_eq!(
        printed("let o = #{ n: 5, add: |x| this.n + x }; print(o.add(1)); let f = |x| this + x; print(2.call(f, 3));"),
        ["6", "5"]
    );
}

/// Every place of the grammar in which a word that begins a block may be a name.
#[test]
fn words_that_begin_blocks_are_names_everywhere_else() {
    for word in ["device", "test", "group", "setup_all", "teardown_each", "task", "thread", "args", "station", "match"]
    {
        let case = |text: &str, wanted: &str| {
            let text = text.replace('W', word);
            assert_eq!(printed(&text).join(" "), wanted, "{text}");
        };
        case("let W = 99; for W in [1, 2] { print(W); } print(W);", "1 2 99");
        case("for (W, i) in [7] { print(W + i); } for (v, W) in [8] { print(v + W); }", "7 8");
        case(
            "let W = 1; print(W in [1, 2]); print(W !in [1]); print(W /* in */ in [1]); print(W\n// x\n in [1]);",
            "true false true true",
        );
        case("let W = 1; W in [1]", "");
        case("let W = 1; if W in [1] { print(1); } while W in [1] { W += 1; } print(W);", "1 2");
        case("let W = 6; W -= 1; W *= 2; W = W + 1; print(W); const X = W; print(X);", "11 11");
        if !matches!(word, "thread" | "match") {
            case("fn W(W, x) { W in [x] } print(W(1, 1));", "true");
        }
        case("fn f(W) {\n    W in [1]\n}\nprint(f(1));", "true");
        case("let f = |W, x| W + x; print(f.call(1, 2)); let W = 3; let g = || W in [3]; print(g.call());", "3 true");
        case("try { throw 5 } catch (W) { print(W in [5]); print(W); }", "true 5");
        case("let m = #{ W: 1 }; print(m.W in [1]); m.W += 1; print(m?.W); m.W = #{ W: 4 }; print(m.W.W);", "true 2 4");
        case(
            "let W = 2; print(switch W { 2 => W, _ => 0 }); print(switch 1 { 1 if W in [2] => `is`, _ => W });",
            "2 is",
        );
        case(
            "let W = (); print(W ?? `none`); let W = [1]; print(W[0]); print(`${W in [[1]]} ${W}`);",
            "none 1 true [1]",
        );
        case("import \"std/stats\" as W; print(W::sum([1, 2]));", "3");
        case("let W = 1; export W as W; export const V = 2; print(W);", "1");
        case("fn f(x) { if x { return 1 } let W = 2; return W\n} print(f(false)); print(type_of(f));", "2 Fn");
    }
    assert_eq!(printed("let m = #{ \"call\": 1 }; print(m[\"call\"]); print([|x| x][0].call(2));"), ["1", "2"]);
}

#[test]
fn comments_may_precede_blocks_anywhere() {
    let text =
        "device /* a */ // b\n /* c */ Bench // d\n{ }\nprint(Bench.name); test /* x */ \"t\" { } group\n#\"g\"# { }";
    assert_eq!(printed(text), ["Bench", "begin t", "end pass"]);
    // A text that looks like a script stays as it is.
    assert_eq!(printed("print(`/// a\ndevice X {}`);"), ["/// a\ndevice X {}"]);
    assert_eq!(printed("print(#\"/// \"\n/// a\ndevice X {}\"#);"), ["/// \"\n/// a\ndevice X {}"]);
}

/// Preceding lines of any form do not change the number of the last line.
#[test]
fn lines_are_counted_in_every_form_of_text() {
    for text in [
        "let t = #\"one\"\ntwo\"#;\nlet u = #\"x = \"\ny\"#;",
        "let a = ##\"\"#\n\"\n\"#\r\n\"##; let b = #\"\n\"\n\"#;",
        "let a = `x ${ 1 +\n 2 } y ${#\"a\"\n\"#}\n z`;",
        "let a = `\n\n`; let b = `a``\n``${`\n${1}`}\n`;",
        "/* a /* b\n*/ \n // */\n// #\"\n",
        "let a = 1;\r\nlet b = `x\r\n${a}\r\n`;\r\nlet c = #\"a\"\r\n\"#;",
        "#!/usr/bin/env belay-script\nlet a = \"x \\\n  y\\\r\n\";",
        "#!belay \"\n/// Doc.\ndevice D { task a() #\"\n print(\"\")\n \"#\n task b() `\n` }",
        "let q = '\"'; let h = #{ a: 1 }; let c = '\\''; let s = \"a\\\"#\";\nlet d = `'`;",
    ] {
        let lines = text.split('\n').count() + 1;
        let found = failure(&format!("{text}\nthrow 5;"));
        assert_eq!(found, format!("ScriptError: 5 @ t.rhai:{lines}:1"), "{text}");
        // And nothing else changes: what is wrong in the parse is found there, too.
        let found = failure(&format!("{text}\n  let = 5;"));
        assert!(found.contains(&format!("@ t.rhai:{lines}:7")), "{text}: {found}");
    }
    assert_eq!(printed("print(#\"a\"\n  b\\n\"#);"), ["a\"\n  b\\n"]);
}

#[test]
fn tests_run_in_place_and_are_recorded() {
    let (finished, lines) = run(
        "import \"std/assert\" as assert;\ntest \"good\" { measure(\"u\", 1.5, #{ unit: \"V\", min: 1, max: 2 }); }\ntest \"bad\" {\n    assert::equal(1, 2);\n}\ntest \"worse\" { nonsense(); }\ntest \"limit\" { measure(\"u\", 3, #{ max: 2 }); }\ntest \"slow\" timeout = 0.05 { loop { } }\nlet tries = 0;\ntest \"again\" retry = 2 { tries += 1; if tries < 3 { throw \"not yet\"; } }\nprint(\"on\");",
    );
    assert!(finished.failure.is_none(), "{:?}", finished.failure);
    let tests = &finished.report.tests;
    let outcomes: Vec<_> = tests.iter().map(|test| (test.name.as_str(), test.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            ("good", Outcome::Pass),
            ("bad", Outcome::Fail),
            ("worse", Outcome::Error),
            ("limit", Outcome::Fail),
            ("slow", Outcome::Timeout),
            ("again", Outcome::Pass)
        ]
    );
    assert_eq!(shown(&tests[1].error.as_ref().unwrap().diagnostic()), "ScriptError: expected 2, found 1 @ t.rhai:4:13");
    assert_eq!(
        shown(&tests[4].error.as_ref().unwrap().diagnostic()).split(" @ ").next(),
        Some("TimeoutError: the test took longer than 0.05 s")
    );
    assert_eq!(lines[0..3], ["begin good", "measured u 1.5 true", "end pass"]);
    assert_eq!(lines.last().map(String::as_str), Some("on"));
}

#[test]
fn options_of_a_test_are_checked() {
    assert_eq!(
        failure("test \"a\" timout = 1 { }"),
        "DeclarationError: a test has no option `timout` @ t.rhai:1:10 | did you mean `timeout`?"
    );
    let nested = run("test \"a\" { test \"b\" { } }").0;
    let reason = nested.report.tests[0].error.as_ref().map(|error| shown(&error.diagnostic()));
    assert_eq!(reason.as_deref(), Some("DeclarationError: a test inside another test @ t.rhai:1:17"));
    assert_eq!(
        failure("test \"a\" retry = \"x\" { }"),
        "DeclarationError: the option `retry` takes a number from 0 to 1000 @ t.rhai:1:10"
    );
    assert_eq!(
        failure("measure(\"u\", 1, #{ mni: 0 });"),
        "ArgumentError: `measure` has no option `mni` @ t.rhai:1:1 | did you mean `min`?"
    );
}

#[test]
fn a_script_can_exit_with_a_status() {
    let (finished, lines) = run("fn f() { exit(3); }\ntest \"t\" { f(); }\nprint(\"never\");");
    assert!(finished.failure.is_none());
    assert_eq!((finished.exit, lines.last().map(String::as_str)), (Some(3), Some("end error")));
    let reason = finished.report.tests[0].error.as_ref().map(|error| shown(&error.diagnostic()));
    assert_eq!(
        reason.as_deref(),
        Some(
            "ScriptError: the script ended here, before the end of the test @ t.rhai:2:12 | leave a test with `return`; call `exit` after the tests"
        )
    );
    assert_eq!(run("exit();").0.exit, Some(0));
    assert!(failure("exit(300);").starts_with("ArgumentError: the exit status is 300 @ t.rhai:1:1"));
}

#[test]
fn closures_run_in_parallel_and_in_order() {
    assert_eq!(printed("let x = 5; let r = parallel([|| { sleep(0.05); x + 1 }, || 2]); print(r);"), ["[6, 2]"]);
    let lines = printed(
        "try { parallel([|| 1, || { throw \"no\"; }]) } catch (e) { print(e.kind); print(e.results[0]); print(e.results[1].message); print(e.results[1].kind); }",
    );
    assert_eq!(lines, ["ParallelError", "1", "no", "ScriptError"]);
    let failed = failure("parallel([|| 1,\n|| nonsense()]);");
    assert_eq!(
        failed,
        "ParallelError: 1 of 2 closures failed, the first one: unknown function `nonsense` @ t.rhai:2:4, called from t.rhai:1:1"
    );
    assert!(failure("parallel([1]);").starts_with("ArgumentError: element 1 for `parallel` is an integer"));
}

#[test]
fn time_limits_end_loops_and_sleeps() {
    assert_eq!(printed("try { timeout(0.05, || { loop { } }) } catch (e) { print(e.kind); }"), ["TimeoutError"]);
    assert_eq!(
        printed("try { timeout(0.05, || { try { sleep(9); } catch { } }) } catch (e) { print(e.message); }"),
        ["this took longer than 0.05 s"]
    );
    assert_eq!(printed("print(timeout(5, || 3)); sleep(0); sleep(0.01);"), ["3"]);
    let watcher = Arc::new(Watcher::default());
    let host = Host::new(HostOptions::default());
    let mut runner =
        Runner::new(host, watcher, RunOptions { limit: Some(Duration::from_millis(50)), ..RunOptions::default() });
    let finished = runner.run_text("t.rhai", "try { loop { } } catch { }\n");
    let failure = shown(&finished.failure.unwrap());
    assert!(failure.starts_with("TimeoutError: the run took longer than `--timeout` allows @ t.rhai:1:"), "{failure}");
}

#[test]
fn arguments_are_visible_everywhere() {
    assert_eq!(printed("fn f() { args[0] } print(f()); print(args.len());"), ["one", "1"]);
    assert_eq!(printed("let args = [1, 2]; print(args);"), ["[1, 2]"]);
}

#[test]
fn big_integers_and_python_types_work() {
    fn case(expression: &str, wanted: &str) {
        assert_eq!(printed(&format!("print({expression});")), [wanted], "{expression}");
    }
    case("bigint(\"123456789012345678901\") + 1", "123456789012345678902");
    case("bigint(\"9223372036854775808\") - 1", "9223372036854775807");
    case("type_of(bigint(\"9223372036854775808\") - 1)", "i64");
    case("bigint(\"123456789012345678901\") > 5", "true");
    case("bigint(\"123456789012345678901\") == bigint(\"123456789012345678901\")", "true");
    case("-bigint(\"123456789012345678901\") * 2", "-246913578024691357802");
    case("{ let d = dict(); d[1] = \"a\"; d[\"b\"] = 2; d }", "{1: 'a', 'b': 2}");
    case("{ let d = dict(); d[1] = 5; d[1.0] + d.len() }", "6");
    case("{ let d = dict(); d[3] = 1; d[1] = 2; let s = 0; for k in d { s = s * 10 + k; } s }", "31");
    case("set([1, 2, 1]).len()", "2");
    case("set([1, 2]) == set([2, 1])", "true");
    case("complex(1.0, 2.0).imag", "2.0");
    case("tuple([1, \"a\"])", "(1, 'a')");
}

#[test]
fn big_integers_compare_with_floats() {
    fn case(expression: &str, wanted: &str) {
        let text = format!("let big = bigint(\"18446744073709551616\"); print({expression});");
        assert_eq!(printed(&text), [wanted], "{expression}");
    }
    case(
        "[big > 1.5, big < 1.5, big >= 1.5, big <= 1.5, big == 1.5, big != 1.5]",
        "[true, false, true, false, false, true]",
    );
    case("[1.5 > big, 1.5 < big, 1.5 == big, 1.5 != big]", "[false, true, false, true]");
    case("[big == 18446744073709551616.0, big + 1 == 18446744073709551616.0]", "[true, false]");
    case(
        "[-big < -0.5, big > 1.0/0.0, big < 1.0/0.0, big == 0.0/0.0, big < 0.0/0.0]",
        "[true, false, true, false, false]",
    );
    case("big.to_int() == big && big.to_float() == 18446744073709551616.0", "true");
    case("[big / 2.0, 0.5 * big] == [9223372036854775808.0, 9223372036854775808.0]", "true");
    let (finished, lines) = run("measure(\"big\", bigint(\"18446744073709551616\"), #{ min: 0, max: 1e30 });");
    assert!(finished.failure.is_none() && finished.report.passed(), "{lines:?}");
}

#[test]
fn python_types_compare_by_content() {
    fn case(a: &str, b: &str, equal: bool) {
        let text = format!(
            "import \"std/assert\" as assert; let a = {a}; let b = {b}; print(a == b); print(a != b); print([a] == [b]); \
             try {{ assert::equal([a], [b]); print(true); }} catch {{ print(false); }} \
             try {{ assert::not_equal(a, b); print(true); }} catch {{ print(false); }}"
        );
        let (yes, no) = if equal { ("true", "false") } else { ("false", "true") };
        assert_eq!(printed(&text), [yes, no, yes, yes, no], "{a} {b}");
    }
    case("set([1, 2])", "set([2, 1.0])", true);
    case("set([1, 2])", "frozenset([2, 1])", true);
    case("set([1, 2])", "set([1, 3])", false);
    case("{ let d = dict(); d[1] = 2; d[2] = 3; d }", "{ let d = dict(); d[2] = 3; d[1] = 2; d }", true);
    case("{ let d = dict(); d[1] = 2; d }", "{ let d = dict(); d[1] = 3; d }", false);
    case("dict()", "#{}", true);
    case("#{ a: 1 }", "{ let d = dict(); d[\"a\"] = 1; d }", true);
    case("complex(1.0, 2.0)", "complex(1.0, 2.0)", true);
    case("complex(1.0, 2.0)", "complex(1.0, 3.0)", false);
    case("tuple([1, 2])", "tuple([1, 2])", true);
    case("tuple([1, 2])", "[1, 2]", true);
    case("[1, 3]", "tuple([1, 2])", false);
    case("bigint(\"18446744073709551616\")", "bigint(\"18446744073709551616\")", true);
    case("Device", "Device", true);
    case("set([1])", "1", false);
}

#[test]
fn the_standard_modules_work() {
    fn case(expression: &str, wanted: &str) {
        let text = format!("import \"std/stats\" as stats;\nimport \"std/csv\" as csv;\nprint({expression});");
        assert_eq!(printed(&text), [wanted], "{expression}");
    }
    case("stats::sum([1, 2, 3])", "6");
    case("stats::mean([1, 2])", "1.5");
    case("stats::median([3, 1, 2])", "2.0");
    case("stats::median([4, 1, 2, 3])", "2.5");
    case("stats::min([3, 1, 2]) + stats::max([3, 1, 2])", "4");
    case("stats::variance([1, 2, 3, 4])", "1.6666666666666667");
    case("stats::stdev([1.0, 3.0])", "1.4142135623730951");
    case("stats::percentile([1, 2, 3, 4, 5], 90)", "4.6");
    case("stats::rms([3, 4])", "3.5355339059327378");
    case("csv::format([[\"a\", 1, 2.5, ()], [\"x,y\", true]])", "a,1,2.5,\n\"x,y\",true\n");
    case("csv::parse(\"a,b\\n1,\\\"x y\\\"\\n\")", "[[\"a\", \"b\"], [\"1\", \"x y\"]]");
}

#[test]
fn assertions_hold_or_point_at_their_line() {
    fn holds(call: &str) {
        printed(&format!("import \"std/assert\" as assert;\nassert::{call};"));
    }
    fn fails(call: &str, wanted: &str) {
        let text = format!("import \"std/assert\" as assert;\nassert::{call};");
        assert_eq!(failure(&text), format!("ScriptError: {wanted} @ t.rhai:2:9"), "{call}");
    }
    holds("equal([1, #{ a: 2 }], [1, #{ a: 2 }])");
    holds("close(1.0, 1, 0.1)");
    holds("contains([1, 2], 2)");
    holds("contains(\"abc\", \"b\")");
    holds("between(2, 1, 3)");
    holds("throws(\"ScriptError\", || { throw \"x\"; })");
    fails("equal(\"a\", 1)", "expected 1, found \"a\"");
    fails("not_equal(1, 1)", "expected anything but 1");
    fails("is_true(1)", "expected true, found 1");
    fails("close(1.2, 1, 0.1)", "expected 1 ± 0.1, found 1.2");
    fails("between(4, 1, 3)", "expected 1 to 3, found 4");
    fails("throws(\"ClosedError\", || 1)", "expected ClosedError, but nothing was raised");
    fails("throws(\"ClosedError\", || { throw \"x\"; })", "expected ClosedError, but ScriptError was raised: x");
}

#[test]
fn maps_work_as_in_rhai() {
    assert_eq!(
        printed("let m = #{}; m.a = 1; m.a += 1; m[\"b\"] = 3; print(m); print(m.kind == ()); print(m.error == ());"),
        ["#{\"a\": 2, \"b\": 3}", "true", "true"]
    );
}

#[test]
fn a_runner_runs_one_script_after_the_other() {
    let (mut runner, watcher) = runner();
    assert!(runner.check_text("a.rhai", "device A { }").is_ok());
    let classes = runner.check_text("b.rhai", "device B { }").unwrap();
    assert_eq!(classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>(), ["B"]);
    assert!(runner.run_text("c.rhai", "loop { throw 1; }").failure.is_some());
    assert!(runner.run_text("d.rhai", "import \"std/stats\" as s; print(s::sum([1]));").failure.is_none());
    assert_eq!(*lock(&watcher.lines), ["1"]);
}

#[test]
fn documentation_is_allowed_above_blocks() {
    assert_eq!(
        printed(
            "/// One.\n/** Two. */\ndevice A {\n}\n/// Checks.\ntest \"t\" { }\n/// F.\nfn f() { 1 }\nprint(A.doc);"
        )[2..],
        ["One.\nTwo."]
    );
}
