//! Errors of scripts as displayed: kind, title, places across files, help.

use super::*;

#[test]
fn errors_have_a_title_and_places() {
    fn case(text: &str, wanted: &str) {
        assert_eq!(failure(text), wanted, "{text}");
    }
    case("let x = 1;\nthrow \"no power\";", "ScriptError: no power @ t.rhai:2:1");
    case("let volts = 1;\nprint(volt);", "ScriptError: unknown variable `volt` @ t.rhai:2:7 | did you mean `volts`?");
    case(
        "fn settle(x) { x }\nsetle(1);",
        "ScriptError: unknown function `setle` for (int) @ t.rhai:2:1 | did you mean `settle`?",
    );
    case(
        "fn settle(x) { x }\nsettle(1, 2);",
        "ScriptError: `settle` was called with 2 arguments @ t.rhai:2:1 | it takes 1 argument",
    );
    case(
        "let volts = 1;\nfn f() { volts }\nf();",
        "ScriptError: unknown variable `volts` @ t.rhai:2:10, called from t.rhai:3:1 | functions do not see the script's variables: pass it as an argument, or write `global::volts` for a constant",
    );
    case(
        "let x = 1\nlet y = 2;",
        "ParseError: expected `;` to terminate this statement @ t.rhai:2:1 | add `;` at the end of the previous statement: `let x = 1`",
    );
    case("var x = 1;", "ParseError: `var` is a reserved word @ t.rhai:1:1 | declare a variable with `let`");
    case("let x = 1 / 0;", "ScriptError: division by zero: 1 / 0 @ t.rhai:1:11");
    case("const x = 1;\nx = 2;", "ParseError: `x` is a constant @ t.rhai:2:1 | declare it with `let` to change it");
    case("let a = [1];\na[5];", "ScriptError: array index 5 out of bounds: only 1 element in array @ t.rhai:2:3");
    case(
        "fn f(n) { f(n + 1) }\nf(0);",
        "ScriptError: calls are nested too deeply @ t.rhai:2:1 | a script can nest 64 calls",
    );
    case("1 + #{};", "ScriptError: `+` cannot be used on int and map @ t.rhai:1:3");
    case(
        "import \"std/asert\" as a;",
        "DeclarationError: module `std/asert` not found @ t.rhai:1:8 | did you mean `std/assert`?",
    );
    case("try { throw \"a\"; } catch (e) {\n  throw;\n}", "ScriptError: a @ t.rhai:2:3");
    case("let q = 1;\nq.nosuch(5);", "ScriptError: unknown function `nosuch` for (int, int) @ t.rhai:2:3");
    case(
        "device B { task sample_it() `x` }\nlet q = 1;\nq.sample_it(5);",
        "ScriptError: unknown function `sample_it` for (int, int) @ t.rhai:3:3 | `sample_it` is called on a device",
    );
    case("let q = 1;\nq.len(5);", "ScriptError: `len` does not take (int, int) @ t.rhai:2:3");
    case("throw #{ kind: \"Mine\", message: \"from map\" };", "ScriptError: Mine: from map @ t.rhai:1:1");
    case("throw #{ message: \"m\", help: \"h\" };", "ScriptError: m @ t.rhai:1:1 | h");
    case("throw #{ code: 5 };", "ScriptError: #{\"code\": 5} @ t.rhai:1:1");
    case(
        "let volts = 1;\ntry { print(volt); } catch (e) {\n  throw e;\n}",
        "ScriptError: unknown variable `volt` @ t.rhai:3:3 | did you mean `volts`?",
    );
    case(
        "is_a(\"x\", \"ConectionLost\");",
        "ArgumentError: unknown error kind `ConectionLost` @ t.rhai:1:1 | did you mean `ConnectionLost`?",
    );
    assert_eq!(
        failure("read_file(\"../x\");").split(" | ").next(),
        Some("PermissionError: the path \"../x\" is outside the script's folders @ t.rhai:1:1")
    );
}

#[test]
fn caught_errors_have_kinds() {
    fn case(statement: &str, wanted: &[&str]) {
        let text = format!("try {{ {statement} }} catch (e) {{ print(e.kind); print(e.message); }}");
        assert_eq!(printed(&text), wanted, "{statement}");
    }
    case("throw \"text\";", &["ScriptError", "text"]);
    case("Device.opne();", &["UnknownTaskError", "the class `Device` has no function `opne`"]);
    let lines = printed("try { nonsense(); } catch (e) { print(e.kind); print(is_a(e, \"ScriptError\")); }");
    assert_eq!(lines, ["ScriptError", "true"]);
    let text = "fn f() { 1 / 0 } try { f(); } catch (err) { let m = err; print(`${err.kind}: ${err.message} ${m.kind}`); print(err.device == ()); }";
    assert_eq!(printed(text), ["ScriptError: division by zero: 1 / 0 ScriptError", "true"]);
    let lines =
        printed("try { Device.open(5); } catch (e) { print(e.help == ()); print(e.script_line); print(`${e}`); }");
    assert_eq!(lines[0], "false");
    assert_eq!(lines[2], "ArgumentError: the port is an integer");
}

#[test]
fn caught_errors_are_worded_as_uncaught_ones() {
    fn case(statement: &str, wanted: &str) {
        let text = format!(
            "let volts = 1;\nfn bad() {{\n  [1].frob(5)\n}} \nfn lost() {{ volst }}\nfn t(f) {{ try {{ f.call() }} catch (e) {{ print(`${{e.kind}}: ${{e.message}} | ${{e.help}} | ${{e.script_line}}`); }} }}\nt(|| {statement});"
        );
        assert_eq!(printed(&text), [wanted], "{statement}");
    }
    case("{ lost() }", "ScriptError: unknown variable `volst` | did you mean `volts`? | 5");
    case("{ bad() }", "ScriptError: unknown function `frob` for (array, int) |  | 3");
    case("[1][5]", "ScriptError: array index 5 out of bounds: only 1 element in array |  | 7");
    case(
        "{ import \"std/\" + \"asert\" as a; }",
        "DeclarationError: module `std/asert` not found | did you mean `std/assert`? | 7",
    );
    case("Device.opne()", "UnknownTaskError: the class `Device` has no function `opne` | did you mean `open`? | 7");
    case("sleep(-1.0)", "ArgumentError: `sleep` takes a number of seconds that is not negative |  | 7");
    case("dict()[5]", "ArgumentError: the dict has no key `5` | check with `contains(key)`, or use `get(key)` | 7");
    case("throw \"text\"", "ScriptError: text |  | ");
    case("throw 5", "ScriptError: 5 |  | ");
    case("throw true", "ScriptError: true |  | ");
}

#[test]
fn every_error_has_every_property() {
    for thrown in
        ["throw \"text\"", "throw 5", "throw 1.5", "nonsense()", "1 / 0", "Device.opne()", "read_file(\"../x\")"]
    {
        let text = format!(
            "try {{ {thrown} }} catch (e) {{ print([type_of(e.kind), type_of(e.message)]); print([e.device, e.task, e.traceback, e.results] == [(), (), (), ()]); e.help; e.script_line; }}"
        );
        assert_eq!(printed(&text), ["[\"string\", \"string\"]", "true"], "{thrown}");
    }
    let text = "try { throw #{ kind: \"ConnectionLost\", message: \"m\" }; } catch (e) { print(is_a(e, \"ConnectionFailedError\")); }";
    assert_eq!(printed(text), ["true"]);
}

/// Runs `main` next to files; gives the failure with the folder's name cut away.
fn failure_among(files: &[(&str, &str)], main: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let path = folder.path().join("main.rhai");
    std::fs::write(&path, main).unwrap();
    let (mut runner, _) = runner();
    let finished = runner.run_file(&path);
    let text = finished.failure.as_ref().map_or("none".to_owned(), shown);
    text.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn places_span_modules() {
    let steps = "import \"pico\" as pico;\n\nfn run(x) {\n    pico::bad(x)\n}\n";
    let pico = "fn bad(x) {\n    throw \"no\";\n}\n";
    let main = "import \"lib/steps\" as steps;\nfn begin() {\n  steps::run(1)\n}\nbegin();";
    assert_eq!(
        failure_among(&[("lib/steps.rhai", steps), ("lib/pico.rhai", pico)], main),
        "ScriptError: no @ lib/pico.rhai:2:5, called from lib/steps.rhai:4:11, called from main.rhai:3:10, called from main.rhai:5:1"
    );
}

#[test]
fn closures_keep_their_own_file() {
    let steps = "fn twice(f) {\n    f.call();\n    f.call();\n}\n";
    assert_eq!(
        failure_among(&[("steps.rhai", steps)], "import \"steps\" as steps;\nsteps::twice(|| {\n  throw \"no\";\n});"),
        "ScriptError: no @ main.rhai:3:3, called from steps.rhai:2:7, called from main.rhai:2:8"
    );
}

#[test]
fn invalid_modules_point_to_the_import() {
    assert_eq!(
        failure_among(&[("a.rhai", "let x = ;\n")], "\nimport \"a\" as a;"),
        "ParseError: unexpected `;` @ a.rhai:1:9, imported from main.rhai:2:8"
    );
    assert_eq!(
        failure_among(&[("a.rhai", "import \"b\" as b;"), ("b.rhai", "\nimport \"a\" as a;")], "import \"a\" as a;"),
        "DeclarationError: `a.rhai` imports itself: a.rhai → b.rhai → a.rhai @ b.rhai:2:8, imported from a.rhai:1:8, imported from main.rhai:1:8 | move what both need into a third module"
    );
    assert_eq!(
        failure_among(&[("a.rhai", "device X { task f() bad `x` }")], "import \"a\" as a;"),
        "DeclarationError: a task has no option `bad` @ a.rhai:1:21, imported from main.rhai:1:8 | options of a task: minify, register, record, trusted, return_time, implementation, timeout, retry, prefetch, stream, emitter"
    );
}

#[test]
fn classes_of_modules_can_be_inherited_and_opened() {
    let gpio = "device Gpio { task on() `1` method twice |x| { helper(x) } }\nfn helper(x) { x * 2 }\n";
    let main = "import \"gpio\" as gpio;\ndevice Bench : gpio::Gpio { task off() `0` }\nprint(Bench.items.len());\nif Bench.items.len() != 3 { throw \"wrong\"; }\ngpio::Gpio.twice(1);";
    assert_eq!(
        failure_among(&[("gpio.rhai", gpio)], main),
        "UnknownTaskError: `Gpio` is a class, `twice` is called on a device of it @ main.rhai:5:12 | call `.open()` first: `let bench = Gpio.open();`, then `bench.twice(…)`"
    );
}
