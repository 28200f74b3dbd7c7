//! What the analysis finds without running a script, and that it finds nothing in scripts that are right.

use super::*;
use crate::script::ShownWarnings;
use std::fs;
use std::path::{Path, PathBuf};

/// What is found in a script: severity, line and column, message, help.
pub(super) fn found(text: &str) -> Vec<String> {
    found_in(Path::new("t.rhai"), text)
}

pub(super) fn found_in(path: &Path, text: &str) -> Vec<String> {
    let (mut runner, _) = runner();
    runner.run.enter(path);
    shown_findings(&mut runner, &path.to_string_lossy(), text)
}

/// What a runner finds in a script.
pub(super) fn shown_findings(runner: &mut Runner, name: &str, text: &str) -> Vec<String> {
    let checked = runner.check_text(name, text);
    let refused = checked.err().into_iter().flatten().map(|failure| shown(&failure));
    let found = runner.findings().iter().map(|finding| {
        let help = finding.help.as_ref().map(|help| format!(" | {help}")).unwrap_or_default();
        let (word, origin) = (finding.severity.word(), &finding.origin);
        format!("{word} {}:{}: {}{help}", origin.line, origin.column, finding.message)
    });
    refused.chain(found).collect()
}

#[track_caller]
pub(super) fn case(text: &str, wanted: &[&str]) {
    assert_eq!(found(text), wanted, "{text}");
}

#[track_caller]
pub(super) fn clean(text: &str) {
    case(text, &[]);
}

#[test]
fn mistakes_that_a_check_finds() {
    // In a branch that is never taken, nothing shows itself when the script runs.
    let board =
        "device B { task on() `return 1` task read_adc(ch, samples = 1) `return ch * samples` }\nlet b = B.open();\n";
    let on_board = |code: &str, wanted: &str| {
        assert_eq!(found(&format!("{board}if false {{ {code} }}")), [wanted], "{code}");
    };
    on_board("b.onn();", "error 3:14: `B` has no task or method `onn` | did you mean `on`?");
    on_board(
        "b.read_adc();",
        "error 3:14: task `read_adc` is called without the argument `ch` | it is declared as `read_adc(ch, samples = 1)`",
    );
    on_board(
        "b.read_adc(1, 2, 3);",
        "error 3:14: task `read_adc` takes 1 or 2 arguments, not 3 | it is declared as `read_adc(ch, samples = 1)`",
    );
    on_board(
        "b.read_adc(1, kw(#{ smaples: 2 }));",
        "error 3:14: task `read_adc` has no parameter `smaples` | did you mean `samples`?",
    );
    on_board(
        "b.read_adc(1, kw(#{ ch: 2 }));",
        "error 3:14: argument `ch` of task `read_adc` is given twice | it is declared as `read_adc(ch, samples = 1)`",
    );
    on_board("b.read_adc;", "error 3:14: `read_adc` of `B` is called with parentheses | write `.read_adc(…)`");
    on_board("b.prt;", "error 3:14: `B` has no property `prt` | did you mean `port`?");
    on_board("b.port();", "error 3:14: `port` of a device is a property | leave the parentheses out: `.port`");
    on_board("b.close(1);", "error 3:14: `close` of a device takes no arguments, not 1");
    on_board(
        "B.on();",
        "error 3:14: `on` is called on a device, and `B` is a class | open a device first: `let bench = B.open();`, then `bench.on(…)`",
    );
    on_board("B.opne();", "error 3:14: the class `B` has no function `opne` | did you mean `open`?");
    on_board("b.sync(\"x\", #{ minfy: true });", "error 3:27: `sync` has no option `minfy` | did you mean `minify`?");
    on_board(
        "B.open(\"sim\", #{ baud: 1 });",
        "error 3:29: `open` has no option `baud` | options: startup, attempts, baudrate, user, password, exclusive, timeout, dtr, rts, soft_reset, auto_sync_time, name",
    );
    on_board("b.sim.adcc(1, 2);", "error 3:18: a simulated board has no function `adcc` | did you mean `adc`?");
    on_board(
        "print(undefined_name);",
        "error 3:18: unknown variable `undefined_name` | declare it with `let undefined_name = …;`",
    );
    on_board("v = 5;", "error 3:12: `v` is assigned, but not declared | declare it with `let v = …;`");
    on_board("on();", "error 3:12: unknown function `on` | `on` is called on a device");
}

#[test]
fn unknown_names_and_wrong_numbers_of_arguments() {
    case("let volts = 1;\nprint(volt + volts);", &["error 2:7: unknown variable `volt` | did you mean `volts`?"]);
    case(
        "let volts = 1;\nfn f() { volts }\nprint(f() + volts);",
        &[
            "error 2:10: unknown variable `volts` | functions do not see the variables of the script: pass it as an argument, or write `global::volts` for a constant",
        ],
    );
    case("fn settle(x) { x }\nsetle(1);", &["error 2:1: unknown function `setle` | did you mean `settle`?"]);
    case("fn settle(x) { x }\nsettle(1, 2);", &["error 2:1: `settle` takes 1 argument, not 2"]);
    case("print(\"a\", 3);", &["error 1:1: `print` takes 1 argument, not 2 | write one text: print(`a ${b}`)"]);
    case(
        "assert::equal(1, 1);",
        &["error 1:1: module `assert` is not imported | add `import \"std/assert\" as assert;`"],
    );
    case(
        "asert::equal(1, 1);",
        &["error 1:1: module `asert` is not imported | add `import \"std/assert\" as assert;`, and write `assert::`"],
    );
    let import = "import \"std/assert\" as assert;\n";
    case(
        &format!("{import}assert::equals(1, 1);"),
        &["error 2:9: `assert` has no function `equals` | did you mean `equal`?"],
    );
    case(&format!("{import}assert::equal(1);"), &["error 2:9: `assert::equal` takes 2 arguments, not 1"]);
    case(&format!("{import}assert::shown(1);"), &["error 2:9: `shown` of `assert` is private"]);
    case(
        "import \"std/gpio\" as gpio;\nlet p = gpio::Gpoi.open();\n",
        &[
            "warning 2:5: unused variable `p` | use it, or name it `_p`",
            "error 2:15: `gpio` has no `Gpoi` | did you mean `Gpio`?",
        ],
    );
    case("[1].frob(5);", &["error 1:5: an array has no function `frob`"]);
    case("[1].push();", &["error 1:5: `push` of an array takes 1 argument, not none"]);
    case("let a = [1];\na.lenght;", &["error 2:3: an array has no property `lenght`"]);
    case("fn f(x) { x.frobnicate() }\nf(1);", &["error 1:13: nothing has a task, method or function `frobnicate`"]);
    case("let f = |x| x;\nf(1);", &["error 2:1: unknown function `f` | `f` is a variable; call it with `f.call(…)`"]);
    case(
        "benhc.volts(26);\nlet bench = 1;\ndevice Bench { }\nprint(bench);",
        &["error 1:1: unknown variable `benhc` | did you mean `Bench`?"],
    );
    case(
        "let bench = 1;\ndevice Bench { }\nbenhc + bench;",
        &["error 3:1: unknown variable `benhc` | did you mean `bench`?"],
    );
}

#[test]
fn devices_are_known_wherever_they_go() {
    let class = "device B { task on() `return 1` method twice |n| { this.on() + this.onn() + n } }\n";
    let wanted = |line: usize, column: usize| {
        [
            "error 1:69: `B` has no task or method `onn` | did you mean `on`?".to_owned(),
            format!("error {line}:{column}: `B` has no task or method `of` | did you mean `on`?"),
        ]
    };
    for (code, column) in [
        ("let b = B.open(); b.of();", 21),
        ("B.session(|b| b.of());", 17),
        ("B.session(\"sim\", |b| { b.of() });", 26),
        ("for b in [B.open(), B.open()] { b.of(); }", 35),
        ("let all = [B.open(), B.open()]; all[0].of();", 40),
        ("let all = [\"sim\"].map(|p| B.open(p)); for_each_board(all, |b| b.of());", 65),
        ("let b = if true { B.open() } else { B.open(\"sim\") }; b.of();", 56),
        ("let b = B.open(); let again = || b.of(); again.call();", 36),
        ("let b = B.open(); test \"t\" { b.of(); }", 32),
    ] {
        assert_eq!(found(&format!("{class}{code}")), wanted(2, column), "{code}");
    }
    case(&class.replace(" + this.onn()", ""), &[]);
    case(
        "device B { method twice |n| n * 2 }\nB.open().twice();",
        &["error 2:10: method `twice` takes 1 argument, not none"],
    );
    case(
        "import \"std/gpio\" as gpio;\ndevice B : gpio::Gpio { task on() `1` }\nB.open().onn();",
        &["error 3:10: `B` has no task or method `onn` | did you mean `on`?"],
    );
}

#[test]
fn options_units_limits_and_tests() {
    case(
        "measure(\"a\", 1, #{ unit: \"volts\", min: 2, max: 1, mx: 1 });",
        &[
            "error 1:26: unknown unit `volts` | did you mean `V`?",
            "error 1:35: `min` is above `max`: 2 > 1 | swap them",
            "error 1:51: `measure` has no option `mx` | did you mean `max`?",
        ],
    );
    case(
        "measure(\"a\", [1], #{ all: #{ mni: 1 }, mean: #{ min: 2, max: 1 }, min: 3, marginal_min: 2 });",
        &[
            "error 1:30: `all` has no option `mni` | did you mean `min`?",
            "error 1:49: `min` is above `max`: 2 > 1 | swap them",
            "error 1:67: `min` is above `marginal_min`: 3 > 2 | swap them",
        ],
    );
    case(
        "measure(\"a\", 1, #{ variants: #{ \"B\": #{ mx: 1 } } }, #{ unit: \"mv\" });\nunit(\"S\", #{ varient: \"B\" });",
        &[
            "error 1:41: `measure` has no option `mx` | did you mean `max`?",
            "error 1:63: unknown unit `mv` | did you mean `mV`?",
            "error 2:14: `unit` has no option `varient` | did you mean `variant`?",
        ],
    );
    case(
        "measure(\"a\", [[1]], #{ columns: [#{ name: \"x\", unti: \"V\", all: #{ max: 1, min: 2 } }] });",
        &[
            "error 1:48: `column` has no option `unti` | did you mean `unit`?",
            "error 1:75: `min` is above `max`: 2 > 1 | swap them",
        ],
    );
    case("test \"a\" retri = 2 { }", &["error 1:10: `test` has no option `retri` | did you mean `retry`?"]);
    case("group \"a\" { test \"b\" { } }\ntest \"b\" { }", &[]);
    case(
        "group \"a\" { test \"b\" { } test \"b\" { } }",
        &["error 1:31: a second test is named \"b\" | rename one of them: the first is in line 1"],
    );
    case(
        "if true { test \"b\" { } } else { test \"b\" { } }\nfor n in 0..2 { test `b${n}` { } group `g${n}` { test \"c\" { } } }",
        &[],
    );
    case(
        "for n in 0..2 { test \"b\" { print(n); } }",
        &[
            "warning 1:17: the test \"b\" runs once per round, and its name must be unique | use a computed name: test `b ${n}` { … }",
        ],
    );
    case(
        "let volts = 3;\ntest \"a\" for row in [volts] skip_if = row > 2 { print(row); }\ntest \"b\" needs = \"a [row=3]\" { }",
        &[],
    );
    case(
        "test(\"a\" + 1, #{ tag: 1 }, || print(rows));",
        &[
            "error 1:18: `test` has no option `tag` | did you mean `tags`?",
            "error 1:37: unknown variable `rows` | declare it with `let rows = …;`",
        ],
    );
    case(
        "checkpoint(\"a\", #{ off: 1 }); diagnosis(\"a\", \"b\", #{ fail: true });",
        &[
            "error 1:20: `checkpoint` has no option `off` | did you mean `of`?",
            "error 1:54: `diagnosis` has no option `fail` | options: failure, component",
        ],
    );
    case(
        "test \"power\" { }\ntest \"b\" needs = [\"pwer\"] { }",
        &["error 2:1: the test \"b\" needs an unknown test \"pwer\" | did you mean \"power\"?"],
    );
    case("group \"a\" { test \"b\" { } }\ntest \"c\" needs = \"a/b\" { }", &[]);
}

#[test]
fn what_is_probably_not_meant() {
    case(
        "let x = 1;\nlet _y = 2;\nfor i in 0..3 { }\nexport const Z = 1;",
        &["warning 1:5: unused variable `x` | use it, or name it `_x`"],
    );
    case(
        "fn f() { return 1; print(2); }\nf();",
        &["warning 1:20: unreachable code | `return` leaves the block before it"],
    );
    case("loop { break; print(1); }", &["warning 1:15: unreachable code | `break` leaves the block before it"]);
    case(
        "let x = 7;\nprint(x / 2);",
        &[
            "warning 2:9: dividing two integers may drop a remainder | for a fraction, write `2.0`; for the whole part, write `floor_div(a, 2)`",
        ],
    );
    for exact in [
        "let x = 7;\nprint(x / 2.0);",
        "print(6 / 2);",
        "let a = [1, 2, 3]; print(a[a.len() / 2]);",
        "let x = 7; x = 1.5; print(x / 2);",
    ] {
        clean(exact);
    }
    case(
        "let c = 1;\nconst D = 2;\ndevice B { }\ntest \"t\" { D = 3; print(c); }",
        &["error 4:12: cannot assign to the constant `D` | declare it with `let`"],
    );
    case("try { nonsense(); } catch { }", &["warning 1:7: unknown function `nonsense`"]);
}

#[test]
fn what_is_right_is_not_told() {
    for text in [
        // Names that functions, closures and blocks see.
        "fn f(n) { if n == 0 { 0 } else { f(n - 1) } } print(f(3));",
        "fn f() { g() } fn g() { 1 } print(f());",
        "let f = |x| x + 1; print([1].map(f)); print(f.call(2));",
        "fn double(x) { x * 2 } print([1].map(double)); print([1].map(Fn(\"double\")));",
        "let n = 0; let count = || n += 1; count.call(); print(n);",
        "let x = 5; let y = switch x { 1 => 2, 2..5 if x > 2 => 3, _ => { let z = x; z } }; print(y);",
        "const A = 1; fn f() { global::A } print(f());",
        "if true { import \"std/stats\" as stats; print(stats::mean([1, 2])); }",
        "import \"std/stats\" as s; fn f(x) { s::mean(x) } print(f([1]));",
        "try { throw 1; } catch (e) { print(e.message); }",
        "setup_each { x = 1; }\nlet x = 0;\ntest \"a\" { print(x); }",
        "group \"g\" { setup_all { board = 1; }\nlet board = ();\ntest \"a\" { print(board); } }",
        "if is_def_var(\"nothing\") { }",
        "for (item, index) in [1, 2] { print(`${index}: ${item}`); }",
        "let x = 1; x += 1; print(x);",
        "do { print(1) } while false;",
        "let m = #{ f: |x| x }; print(m.f(1)); print(m.g);",
        "fn call_it(m) { m.run_it(1) } print(call_it(#{ run_it: |x| x }));",
        "let m = #{}; m.deep = #{ go_on: || 1 }; print(m.deep.go_on());",
        "print(args.len()); print(station.name);",
        "let t = \"abc\"; print(t.len); print(t.sub_string(1)); print(t[0]);",
        "let x = 5; print(x.type_of()); print(x.to_string());",
        // Devices.
        "device B { task f(a, b = 1) `1` }\nlet b = B.open(); b.f(1); b.f(1, 2); b.f(1, kw(#{ b: 2 })); b.f(kw(#{ a: 1 }));",
        "device B { task f(a) for \"micropython\" `1` task f(a, b) for \"circuitpython\" `1` }\nlet b = B.open(); b.f(1); b.f(1, 2);",
        "let b = Device.open(); b.task(\"def later(x): return x\"); b.later(1);",
        "let b = Device.open(); let code = \"def \" + \"f(): pass\"; b.task(code); b.f();",
        "let b = Device.open(); let m = b.proxy(\"machine\"); m.Pin(1).anything(2);",
        "device B { method settle |n| { this.wait(n) } task wait(n) `1` }\nB.open().settle(1);",
        "device B { task on() `1` }\nfn twice(dev) { dev.on(); dev.on(); }\ntwice(B.open());",
        "fn avg(n) { this.exec(\"1\") + n }\nDevice.open().avg(2);",
        "device A { task on() `1` }\ndevice B : A { task off() `1` }\nlet b = B.open(); b.on(); b.off(); print(b.class.name);",
        "let b = (); b = Device.open(); b.exec(\"1\");",
        "let b = Device.open(#{ vid: 1, pid: 2 }); print(b.time_offset); b.call(\"f\", []);",
        "let all = []; all.push(Device.open()); for b in all { b.close(); }",
        "device B { task on() `1` }\nlet b = B.open(); print(on(b));",
        "if args.len() > 0 { device B { task one() `1` } } else { device B { task two() `2` } }\nB.open().one();",
        "device B { task f(a, b) `1` }\nlet rest = kw(#{ a: 1, b: 2 }); B.open().f(rest);",
        "let all = [Device.open(), Device.open()]; for board in all[0..1] { board.close(); } print(all[0..1].len());",
        "fn f() { x + 1 } let x = 1; print(f!());",
        "let a = [1, 2, 3]; let middle = a.len() / 2; print(a[middle]);",
        // What fails, and is meant to.
        "import \"std/assert\" as assert;\nassert::throws(\"ScriptError\", || nonsense());",
        "measure(\"a\", 1, #{ unit: \"mV\", min: 1, max: 1 }); measure(\"b\", 2);",
    ] {
        clean(text);
    }
}

#[test]
fn modules_of_a_person_are_analysed_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("lib.rhai", "fn good(x) { helper(x) }\nprivate fn helper(x) { x + undefined }\nexport const LIMIT = 1;\n");
    let path = folder.path().join("main.rhai");
    let text = "import \"lib\" as lib;\nlib::good(lib::LIMIT);\nlib::helper(1);\nlib::LIMTI;\n";
    write("main.rhai", text);
    assert_eq!(
        found_in(&path, text),
        [
            "error 3:6: `helper` of `lib` is private",
            "error 4:6: `lib` has no `LIMTI` | did you mean `LIMIT`?",
            "error 2:28: unknown variable `undefined` | write `()` for no value",
        ]
    );
}

#[test]
fn a_script_that_is_surely_wrong_is_not_run() {
    let run = |text: &str, checked: bool| {
        let (mut runner, watcher) =
            runner_with(RunOptions { checked: checked.then(ShownWarnings::default), ..RunOptions::default() });
        let finished = runner.run_text("t.rhai", text);
        let lines = lock(&watcher.lines).clone();
        (finished.failure, lines)
    };
    let text = "print(1);\nif false { v = 5; nothing(); }\nlet x = 1;";
    let (failure, lines) = run(text, true);
    let failure = failure.expect("refused");
    assert_eq!(
        shown(&failure),
        "ParseError: `v` is assigned, but not declared @ t.rhai:2:12 | declare it with `let v = …;`"
    );
    assert_eq!(
        failure.others.iter().map(shown).collect::<Vec<_>>(),
        ["ParseError: unknown function `nothing` @ t.rhai:2:19"]
    );
    assert_eq!(lines, ["notice: t.rhai:3:5: warning: unused variable `x`\n  help: use it, or name it `_x`"]);
    let (failure, lines) = run(text, false);
    assert!(failure.is_none());
    assert_eq!(lines, ["1"]);
}

#[test]
fn warnings_are_shown_once() {
    let shown = ShownWarnings::default();
    let mut count = 0;
    for _ in 0..2 {
        let (mut runner, watcher) = runner_with(RunOptions { checked: Some(shown.clone()), ..RunOptions::default() });
        assert!(runner.run_text("t.rhai", "let x = 1;").failure.is_none());
        count += lock(&watcher.lines).len();
    }
    assert_eq!(count, 1);
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn rhai_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rhai") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn scripts_and_modules_are_clean() {
    let mut problems = Vec::new();
    let files = [rhai_files("scripts"), rhai_files("stdlib")].concat();
    assert!(files.len() > 20, "{files:?}");
    for path in files {
        let text = fs::read_to_string(&path).expect("a script");
        problems.extend(found_in(&path, &text).into_iter().map(|problem| format!("{}: {problem}", path.display())));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn scripts_of_tests_are_clean_but_for_what_they_catch() {
    let files = [rhai_files("tests/golden"), rhai_files("tests/data")].concat();
    assert!(files.len() > 15, "{files:?}");
    let mut problems = Vec::new();
    // It shows where the board stumbles over a misspelt name.
    let is_mistaken = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "traceback_setup");
    for path in files.into_iter().filter(|path| !is_mistaken(path)) {
        let text = fs::read_to_string(&path).expect("a script");
        let (mut runner, _) = runner();
        runner.run.enter(&path);
        let checked = runner.check_text(&path.to_string_lossy(), &text);
        assert!(checked.is_ok(), "{}", path.display());
        let is_told = |finding: &&crate::script::Finding| !finding.is_caught;
        problems.extend(
            runner.findings().iter().filter(is_told).map(|finding| format!("{}: {}", finding.origin, finding.message)),
        );
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_is_surely_wrong_fails_when_it_runs() {
    for text in [
        "v = 5;",
        "print(nothing);",
        "nothing();",
        "print(1, 2);",
        "sqrt(2);",
        "let f = |x| x;\nf(1);",
        "fn f(x) { x }\nf(1, 2);",
        "fn f() { volts }\nlet volts = 1;\nf();",
        "assert::equal(1, 1);",
        "import \"std/assert\" as assert;\nassert::equals(1, 1);",
        "import \"std/assert\" as assert;\nassert::equal(1);",
        "import \"std/assert\" as assert;\nassert::shown(1);",
        "import \"std/gpio\" as gpio;\ngpio::Gpoi;",
        "[1].frob(5);",
        "[1].push();",
        "[1].lenght;",
        "let x = 5;\nx.frobnicate();",
        "fn f(x) { x.frobnicate() }\nf(1);",
        "device B { task on() `1` }\nB.on();",
        "device B { task on() `1` }\nB.opne();",
        "device B { task on() `1` }\nB.on;",
        "measure(\"a\", 1, #{ unit: \"volts\" });",
        "measure(\"a\", 1, #{ min: 2, max: 1 });",
        "measure(\"a\", 1, #{ mn: 2 });",
        "test \"b\" retri = 2 { }",
        "test \"b\" needs = \"c\" { }",
        "const C = 1;\ndevice B { }\nC = 2;",
        "global::NOTHING;",
        "range(3);",
    ] {
        let problems = found(text);
        assert!(problems.iter().any(|problem| problem.starts_with("error")), "{text}\n{problems:?}");
        failure(text);
    }
}

/// The `rhai` blocks of a document: scripts, with as many empty lines before as it has there.
fn blocks(document: &str) -> Vec<String> {
    let (mut scripts, mut together) = (Vec::new(), String::new());
    let mut open: Option<(String, usize, String)> = None;
    for (line, text) in (1..).zip(document.lines()) {
        match (&mut open, text.strip_prefix("```")) {
            (None, Some(kind)) => open = Some((kind.to_owned(), line, String::new())),
            (None, None) => {}
            (Some(_), Some(_)) => {
                let Some((kind, line, text)) = open.take() else { continue };
                let script = format!("{}{text}", "\n".repeat(line));
                match kind.as_str() {
                    "rhai" | "rhai,check" => {
                        if together.is_empty() && kind == "rhai" {
                            together.clone_from(&script);
                        }
                        scripts.push(script);
                    }
                    "rhai,fragment" => {
                        let missing = (line - 1).saturating_sub(together.lines().count());
                        together.push_str(&format!("{}{{\n{text}}}\n", "\n".repeat(missing)));
                    }
                    _ => {}
                }
            }
            (Some((_, _, block)), None) => {
                block.push_str(text);
                block.push('\n');
            }
        }
    }
    scripts.push(together);
    scripts
}

#[test]
fn scripts_of_documents_are_clean() {
    let mut documents: Vec<PathBuf> = fs::read_dir(root().join("docs/src"))
        .expect("the book")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    documents.push(root().join("README.md"));
    let (mut problems, mut count) = (Vec::new(), 0);
    for path in documents {
        let document = fs::read_to_string(&path).expect("a document");
        for script in blocks(&document) {
            count += 1;
            let name = path.with_extension("rhai");
            let found = found_in(&name, &script);
            // The book shows what errors in a `try` block say.
            let shown = |problem: &String| {
                let line = problem.split([' ', ':']).nth(1).and_then(|line| line.parse::<usize>().ok()).unwrap_or(1);
                script.lines().nth(line - 1).is_some_and(|line| line.starts_with("try {"))
            };
            let found = found.into_iter().filter(|problem| !shown(problem));
            problems.extend(found.map(|problem| format!("{}: {problem}", path.display())));
        }
    }
    assert!(count > 30, "only {count} scripts were found");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
