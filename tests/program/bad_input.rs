//! Errors while a script runs: file, line, caret and help must match exactly.

use crate::support::command::{Program, unindent};

/// A class for scripts with invalid calls. `let bench = …` is on line 9.
const BENCH: &str = "
device Bench {
    task add(a, b = 2) `
        return a + b
    `
    task thing() `
        return object()
    `
}
let bench = Bench.open();
";

/// Runs `script` without the check on a simulated board, which must print exactly this.
#[track_caller]
fn run(script: &str, stderr: &str, status: i32) {
    Program::new()
        .script("a.rhai", script)
        .args(["run", "--no-check", "a.rhai", "-p", "sim"])
        .stderr(stderr)
        .status(status);
}

/// The same after the lines of [`BENCH`].
#[track_caller]
fn call(line: &str, stderr: &str, status: i32) {
    let script = format!("{}{line}\n", unindent(BENCH));
    Program::new()
        .file("a.rhai", script.as_bytes())
        .args(["run", "--no-check", "a.rhai", "-p", "sim"])
        .stderr(stderr)
        .status(status);
}

#[test]
fn an_unknown_task() {
    call(
        "let sum = bench.add(1) + bench.ad(1);",
        "
        error: `Bench` has no task `ad`
          --> a.rhai:10:32
           |
        10 | let sum = bench.add(1) + bench.ad(1);
           |                                ^^
          help: did you mean `add`?
        ",
        1,
    );
}

#[test]
fn a_wrong_number_of_arguments() {
    call(
        "print(bench.add());",
        "
        error: `Bench`: `add` needs a value for `a`
          --> a.rhai:10:13
           |
        10 | print(bench.add());
           |             ^^^
          help: it is declared as `add(a, b = 2)`
        ",
        1,
    );
    call(
        "fn twice(bench) { bench.add(1, 2, 3) }\ntwice(bench);",
        "
        error: `Bench`: `add` takes at most 2 arguments, 3 were given
          --> a.rhai:10:25
           |
        10 | fn twice(bench) { bench.add(1, 2, 3) }
           |                         ^^^
          called from a.rhai:11:1
           |
        11 | twice(bench);
           | ^^^^^
          help: it is declared as `add(a, b = 2)`
        ",
        1,
    );
    call(
        "bench.thing(1);",
        "
        error: `Bench`: `thing` takes no arguments, 1 was given
          --> a.rhai:10:7
           |
        10 | bench.thing(1);
           |       ^^^^^
          help: it is declared as `thing()`
        ",
        1,
    );
}

#[test]
fn an_unknown_named_argument() {
    call(
        "bench.add(1, kw(#{ c: 4 }));",
        "
        error: `Bench`: `add` has no parameter `c`
          --> a.rhai:10:7
           |
        10 | bench.add(1, kw(#{ c: 4 }));
           |       ^^^
          help: it is declared as `add(a, b = 2)`
        ",
        1,
    );
    call(
        "bench.add(1, kw(#{ a: 4 }));",
        "
        error: `Bench`: `add` got two values for `a`
          --> a.rhai:10:7
           |
        10 | bench.add(1, kw(#{ a: 4 }));
           |       ^^^
          help: it is declared as `add(a, b = 2)`
        ",
        1,
    );
}

#[test]
fn an_exception_of_the_board() {
    call(
        "bench.add(`one`);",
        "
        error: `Bench` raised TypeError in task `add`: unsupported types for __add__: 'str', 'int'
          --> a.rhai:3:9
           |
         3 |         return a + b
           |         ^^^^^^^^^^^^
          called from a.rhai:10:7
           |
        10 | bench.add(`one`);
           |       ^^^
        ",
        1,
    );
}

#[test]
fn a_result_without_a_literal() {
    call(
        "let thing = bench.thing();",
        "
        error: `Bench`: task `thing`: the result is not a literal: <object>
          --> a.rhai:10:19
           |
        10 | let thing = bench.thing();
           |                   ^^^^^
          help: return numbers, strings, bytes, lists, tuples, dicts or sets, or mark the task `trusted` to get its `repr`
        ",
        1,
    );
}

#[test]
fn a_class_that_does_not_fit_the_board() {
    let script = "device Bench {\n    task add(a) for \"circuitpython\" `return a`\n}\nlet bench = Bench.open();\n";
    let outcome = Program::new().script("a.rhai", script).args(["run", "a.rhai", "-p", "sim"]).outcome();
    let (headline, rest) = outcome.stderr.split_once('\n').unwrap_or_default();
    for part in ["error: `Bench`", "task `add`", "has no overload for \"micropython\""] {
        assert!(headline.contains(part), "{headline}");
    }
    let expected = unindent(
        "
          --> a.rhai:2:10
           |
         2 |     task add(a) for \"circuitpython\" `return a`
           |          ^^^
          called from a.rhai:4:19
           |
         4 | let bench = Bench.open();
           |                   ^^^^
          help: `add` has overloads for \"circuitpython\": add one `for \"micropython\"`, or one without `for`
        ",
    );
    let level = |text: &str| text.lines().map(|line| format!("{}\n", line.trim_start())).collect::<String>();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(4)));
    assert_eq!(level(rest), level(&expected));
}

#[test]
fn an_unknown_kind_of_port() {
    let forms = "a port is a path such as `/dev/ttyACM0`, a name such as `COM3`, `usb:2e8a:0005`, `{\"vid\": 11914}`, \
                 `tcp://host:4000`, `rfc2217://host:4000`, `192.168.1.5`, `ws://host`, `replay:FILE`, \
                 `exec:COMMAND`, or `sim`; `belay-script devices` lists the boards that are plugged in";
    for (port, message, help, status) in [
        ("gopher://x", "unknown port scheme `gopher://`", forms, 1),
        ("smi", "unknown port `smi`", "did you mean `sim`?", 3),
        ("nothing", "unknown port `nothing`", forms, 3),
        (
            "sim:x?foo=1",
            "a simulated board has no option named `foo`",
            "use `sim`, `sim:NAME` or `sim:NAME?heap=200k&flash=FILE&flash_size=1400k&crlf=off`",
            1,
        ),
        (
            "sim:x?heap=1",
            "`heap=1` is not between 32k and 1024m",
            "use `sim`, `sim:NAME` or \
          `sim:NAME?heap=200k&flash=FILE&flash_size=1400k&crlf=off`",
            1,
        ),
    ] {
        let stderr = format!(
            "error: `Device`: {message}\n  --> a.rhai:1:8\n   |\n 1 | Device.open();\n   |        ^^^^\n  help: {help}\n"
        );
        let program = Program::new().script("a.rhai", "Device.open();").args(["run", "a.rhai", "-p", port]);
        program.stderr(&stderr).status(status);
    }
}

#[test]
fn errors_of_the_script_itself() {
    run(
        "let value = 1;\nprint(valu);\n",
        "
        error: unknown variable `valu`
          --> a.rhai:2:7
           |
         2 | print(valu);
           |       ^^^^
          help: did you mean `value`?
        ",
        1,
    );
    run(
        "throw \"out of range\";\n",
        "
        error: out of range
          --> a.rhai:1:1
           |
         1 | throw \"out of range\";
           | ^^^^^
        ",
        1,
    );
}
#[test]
fn an_unknown_option_of_open() {
    call(
        "let other = Bench.open(`sim`, #{ baudrat: 9600 });",
        "
        error: `open` has no option `baudrat`
          --> a.rhai:10:19
           |
        10 | let other = Bench.open(`sim`, #{ baudrat: 9600 });
           |                   ^^^^
          help: did you mean `baudrate`?
        ",
        1,
    );
}
