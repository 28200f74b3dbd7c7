//! `device` blocks: parsing and errors.

use super::*;
use crate::device::class::{Default, Emitter, ItemKind};
use crate::value::Value;

#[test]
fn a_block_becomes_a_class() {
    let classes = classes(
        "// A bench.\n/// Two lines.\ndevice Bench {\n    /// Reads.\n    /// Twice.\n    task read_adc(ch, samples = 2 * 4) for \"micropython\" timeout = 1.5 retry `\n        return 1\n    `\n    thread blink(x: int, y: ptr8 = -1,) emitter = \"viper\" `pass`\n    setup init() autoinit minify = false \"\"\n    teardown off() ignore_errors #\"a\nb\"#\n    /** Volts\n     *  of it. */\n    method volts |ch| { this.read_adc(ch) }\n}",
    );
    let class = &classes[0];
    assert_eq!((class.name.as_str(), class.doc.as_str()), ("Bench", "A bench.\nTwo lines."));
    assert_eq!(class.origin, Some(Origin::new("t.rhai", 3, 1)));
    let items: Vec<_> = class.items().collect();
    let kinds: Vec<ItemKind> = items.iter().map(|item| item.kind).collect();
    assert_eq!(kinds, [ItemKind::Task, ItemKind::Thread, ItemKind::Setup, ItemKind::Teardown]);
    let read = items[0];
    assert_eq!((read.doc.as_str(), read.origin.line, read.origin.column), ("Reads.\nTwice.", 6, 10));
    assert_eq!(
        (read.body.text.as_str(), read.body.origin.line, read.body.origin.column),
        ("        return 1\n    ", 7, 1)
    );
    assert_eq!(read.params[1].default, Some(Default::Value(Value::Int(8))));
    assert_eq!(read.options.implementation.as_deref(), Some("micropython"));
    assert_eq!((read.options.timeout, read.options.retry), (Some(Duration::from_millis(1500)), true));
    assert_eq!(items[1].params[0].annotation.as_deref(), Some("int"));
    assert_eq!(items[1].params[1].annotation.as_deref(), Some("ptr8"));
    assert_eq!(items[1].options.emitter, Some(Emitter::Viper));
    assert_eq!((items[1].body.origin.line, items[1].body.text.as_str()), (9, "pass"));
    assert_eq!((items[2].options.autoinit, items[2].options.minify, items[2].body.text.as_str()), (true, false, ""));
    assert_eq!((items[3].body.text.as_str(), items[3].body.origin.line), ("a\nb", 11));
}

#[test]
fn bodies_are_kept_unchanged() {
    fn case(body: &str, wanted: &str) {
        let classes = classes(&format!("device B {{ task f() {body} }}"));
        assert_eq!(classes[0].items().next().unwrap().body.text, wanted, "{body}");
    }
    case("`x = \"a\\n{b}\" # } ' $x`", "x = \"a\\n{b}\" # } ' $x");
    case("`a``b`", "a`b");
    case("`\\${x}`", "${x}");
    case("#\"f\"${x}\"\"#", "f\"${x}\"");
    case("``", "");
    case("`\n\n  é\t\n`", "\n  é\t\n");
    case("\"a\\nb\"", "a\nb");
}

#[test]
fn windows_line_ends_do_not_shift_a_body() {
    let classes = classes("device B {\r\n    task f() `\r\n        return 1\r\n    `\r\n}\r\n");
    let body = &classes[0].items().next().unwrap().body;
    assert_eq!((body.origin.line, body.origin.column), (3, 1));
    assert!(body.text.starts_with("        return 1"), "{:?}", body.text);
}

#[test]
fn classes_inherit_items_and_methods() {
    let lines = printed(
        "device A { task a() `1` method m || { 1 } }\ndevice B : A { task b() `2` method m |x| { x } }\nprint(B.items.map(|i| i.name));\nprint(B);\nprint(Device.classes().map(|c| c.name));",
    );
    assert_eq!(lines, ["[\"b\", \"a\", \"m\", \"m\"]", "device B", "[\"A\", \"B\"]"]);
}

#[test]
fn a_block_is_an_expression_too() {
    assert_eq!(printed("const B = device X { };\nprint(B.name);\nprint(X.name);"), ["X", "X"]);
    assert_eq!(printed("if true { device X { } print(X.name); }"), ["X"]);
}

#[test]
fn functions_and_closures_see_classes() {
    assert_eq!(
        printed(
            "device Bench { }\nfn f() { Bench.name }\nlet g = || Bench.name + Device.name;\nprint(f() + g.call());"
        ),
        ["BenchBenchDevice"]
    );
}

#[test]
fn syntax_errors_in_blocks_have_positions() {
    fn case(block: &str, wanted: &str) {
        assert_eq!(failure(block), wanted, "{block}");
    }
    case(
        "device B {\n  task f() `x`",
        "ParseError: the block opened at line 1 is not closed @ t.rhai:1:10 | add a `}` at its end",
    );
    case(
        "device B {\n  tsk f() `x`\n}",
        "ParseError: expected `setup`, `task`, `thread`, `teardown` or `method`, found `tsk` @ t.rhai:2:3 | did you mean `task`?",
    );
    case(
        "device B { task f() `a ${x} b` }",
        "ParseError: the body contains `${…}`, which Rhai would replace @ t.rhai:1:21 | write `\\${` in the body, or use the quotes `#\"…\"#`, which replace nothing",
    );
    case(
        "device B {\n task f() `x\n}\n",
        "ParseError: the back-tick opened at line 2 is not closed @ t.rhai:2:11 | add a back-tick at the end of the body or string",
    );
    case(
        "device B { task f `x` }",
        "ParseError: expected `(` after `task f`, found a string @ t.rhai:1:19 | write the parameters in parentheses, even if there are none",
    );
    let named = |at: &str, kind: &str, found: &str, form: &str| {
        format!(
            "ParseError: expected the name of the {kind}, found {found} @ t.rhai:{at} | every {kind} has a name: write ``{kind} name{form}``"
        )
    };
    case("device B {\n setup `x`\n}", &named("2:8", "setup", "a string", "() `…`"));
    case("device B {\n setup() `x`\n}", &named("2:7", "setup", "`()`", "() `…`"));
    case("device B {\n method |x| { 1 }\n}", &named("2:9", "method", "`|`", "|args| { … }"));
    case(
        "device B { task f(a b) `x` }",
        "ParseError: expected `,` or `)` in the parameters, found `b` @ t.rhai:1:21 | write parameters as `name`, `name = default` or `name: annotation`",
    );
    case(
        "device B { task f(*a) `x` }",
        "ParseError: a parameter cannot collect arguments @ t.rhai:1:18 | pass an array, or a map, as one argument",
    );
    case(
        "device B { task f() { 1 } }",
        "ParseError: expected the body of the task in back-ticks, found `{` @ t.rhai:1:21 | a body is MicroPython between back-ticks; host-side code is `method name |args| { … }`",
    );
    case(
        "device B { method f() `x` }",
        "ParseError: expected `|` after `method f`, found `()` @ t.rhai:1:20 | write a method as `method name |args| { … }`; inside, `this` is the device",
    );
    case("device B : { }", "ParseError: expected a name @ t.rhai:1:12");
    case(
        "device {\n  task f() `x`\n}",
        "ParseError: a device class needs a name @ t.rhai:1:8 | write `device Bench { … }`",
    );
    case("test { }", "ParseError: a test needs a name @ t.rhai:1:6 | write `test \"name\" { … }`");
    case(
        "device B { }\n[1, 2].map(|x| x);",
        "ParseError: this `[` indexes the block above @ t.rhai:2:3 | end the block with `;`",
    );
    case(
        "device B { }\n[1];",
        "ScriptError: DeviceClass cannot be indexed that way @ t.rhai:2:1 | end the block above with `;` if a statement starts with `[`",
    );
}

#[test]
fn invalid_declarations_have_positions() {
    fn case(block: &str, wanted: &str) {
        assert_eq!(failure(block), wanted, "{block}");
    }
    case(
        "device B {\n  task f() minfy `x`\n}",
        "DeclarationError: a task has no option `minfy` @ t.rhai:2:12 | did you mean `minify`?",
    );
    case(
        "device B { task f() timeout = -1 `x` }",
        "DeclarationError: the option `timeout` takes a positive number of seconds @ t.rhai:1:21",
    );
    case(
        "device B { task f() minify minify `x` }",
        "DeclarationError: task `f` has the option `minify` twice @ t.rhai:1:28",
    );
    case(
        "device B {\n  task f(a = || 1) `x`\n}",
        "DeclarationError: the default of `a` is a function, which cannot be sent @ t.rhai:2:14",
    );
    case(
        "device B {\n  task f() `x`\n  task f() `y`\n}",
        "DeclarationError: task `f` follows an overload for every implementation @ t.rhai:3:8 | the first one, at t.rhai:2:8, always wins: give it a `for \"…\"`, or put it last",
    );
    case(
        "device B {\n  task f(a = 1 / 0) `x`\n}",
        "DeclarationError: the default of `a`: division by zero: 1 / 0 @ t.rhai:2:16",
    );
    case(
        "device B { task f() timeout = limit `x` }",
        "DeclarationError: the option `timeout`: unknown variable `limit` @ t.rhai:1:31",
    );
    case(
        "device B { task exec() `x` }",
        "SpecialFunctionNameError: `exec` is a name that every device has already @ t.rhai:1:17 | choose another name",
    );
    case(
        "device B { task print() `x` }",
        "SpecialFunctionNameError: `print` is a word of the script language @ t.rhai:1:17 | choose another name",
    );
    case(
        "device B { task lambda() `x` }",
        "SpecialFunctionNameError: `lambda` is a keyword of Python @ t.rhai:1:17 | choose another name",
    );
    case(
        "device B { task post_init() `x` }",
        "SpecialFunctionNameError: `post_init` is the name of a method @ t.rhai:1:17 | write `method post_init || { … }`, it runs when the device is opened",
    );
    case(
        "device B : Missing { }",
        "DeclarationError: `Missing` is not a device class @ t.rhai:1:12 | inherit from a class that is declared above or imported",
    );
    case(
        "device Bench { }\ndevice C : Bnech { }",
        "DeclarationError: `Bnech` is not a device class @ t.rhai:2:12 | did you mean `Bench`?",
    );
    case(
        "device B { task f() `x` method f || { 1 } }",
        "DeclarationError: `f` is both a task and a method @ t.rhai:1:32 | rename one of them: the task is at t.rhai:1:17",
    );
    case(
        "fn f(x) { x }\ndevice B { task f(a, b = 1) `x` }",
        "DeclarationError: `f` is a function of the script and a task of `B` @ t.rhai:2:17, called from t.rhai:1:4 | a call on the device would reach the function: rename one of them",
    );
    case(
        "fn f() { device B { } }\nf();",
        "DeclarationError: `device B` is inside a function @ t.rhai:1:10, called from t.rhai:2:1 | declare it outside of functions and closures",
    );
}

#[test]
fn a_class_is_not_a_device() {
    assert_eq!(
        failure("device B { task f(x) `x` }\nB.f(1);"),
        "UnknownTaskError: `B` is a class, `f` is called on a device of it @ t.rhai:2:3 | call `.open()` first: `let bench = B.open();`, then `bench.f(…)`"
    );
    assert_eq!(
        failure("device B { }\nB.opne();"),
        "UnknownTaskError: the class `B` has no function `opne` @ t.rhai:2:3 | did you mean `open`?"
    );
}

#[test]
fn options_of_open_are_checked_before_anything_is_opened() {
    assert_eq!(
        failure("Device.open(\"x\", #{ baudrat: 1 });"),
        "ArgumentError: `open` has no option `baudrat` @ t.rhai:1:8 | did you mean `baudrate`?"
    );
    assert_eq!(
        failure("Device.open(\"x\", #{ timeout: 0 });"),
        "ArgumentError: the option `timeout` takes a positive number of seconds @ t.rhai:1:8"
    );
    assert_eq!(
        failure("Device.open(5);"),
        "ArgumentError: the port is an integer @ t.rhai:1:8 | a port is a string such as \"/dev/ttyACM0\", or a map of `vid`, `pid`, `serial_number`"
    );
    assert_eq!(
        failure("Device.session(1);"),
        "ArgumentError: the last argument of `session` is an integer @ t.rhai:1:8 | it is a closure that gets the device: `Bench.session(|b| { … })`"
    );
}

#[test]
fn check_evaluates_declarations_only() {
    let found = classes(
        "import \"std/assert\" as assert;\nconst N = 2 * 3;\nlet x = nonsense();\nthrow \"no\";\ndevice B { task f(a = N) `x` }\nB.open();\nprint(\"no\");",
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].items().next().unwrap().params[0].default, Some(Default::Value(Value::Int(6))));
    let (mut runner, _) = runner();
    let failures = runner.check_text("t.rhai", "let x = ;").unwrap_err();
    assert_eq!(failures[0].kind, Kind::ParseError);
}
