//! What is wrong with a script, told exactly: file, line, caret, what to do next.

use crate::support::command::{Program, unindent};

/// A class for the scripts whose calls are wrong. `let bench = …` stands on line 9.
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

/// Runs `script` on a simulated board; it says nothing but this.
#[track_caller]
fn run(script: &str, stderr: &str, status: i32) {
    Program::new().script("a.rhai", script).args(["run", "a.rhai", "-p", "sim"]).stderr(stderr).status(status);
}

/// The same after the lines of [`BENCH`].
#[track_caller]
fn call(line: &str, stderr: &str, status: i32) {
    let script = format!("{}{line}\n", unindent(BENCH));
    Program::new().file("a.rhai", script.as_bytes()).args(["run", "a.rhai", "-p", "sim"]).stderr(stderr).status(status);
}

/// Both `check` and `run` refuse it with the same words and status 2.
#[track_caller]
fn refused(script: &str, stderr: &str) {
    Program::new().script("a.rhai", script).args(["check", "a.rhai"]).stderr(stderr).status(2);
    run(script, stderr, 2);
}

#[test]
fn a_script_that_does_not_parse() {
    refused(
        "let x = 1;\nlet y = (2 + ;\n",
        "
        error: unexpected `;`
          --> a.rhai:2:14
           |
         2 | let y = (2 + ;
           |              ^
        ",
    );
    refused(
        "fn f( { }\n",
        "
        error: expected `)` to close the parameters list of function `f`
          --> a.rhai:1:7
           |
         1 | fn f( { }
           |       ^
        ",
    );
}

#[test]
fn a_device_block_that_does_not_parse() {
    refused(
        "device Bench {\n    task add(a b) `return a`\n}\n",
        "
        error: expected `,` or `)` in the parameters, found `b`
          --> a.rhai:2:16
           |
         2 |     task add(a b) `return a`
           |                ^
          help: parameters are written `name`, `name = default` or `name: annotation`
        ",
    );
    refused(
        "device Bench {\n    tsak add(a) `return a`\n}\n",
        "
        error: expected `setup`, `task`, `thread`, `teardown` or `method`, found `tsak`
          --> a.rhai:2:5
           |
         2 |     tsak add(a) `return a`
           |     ^^^^
          help: did you mean `task`?
        ",
    );
    refused(
        "device Bench {\n    task add(a) `return a\n}\n",
        "
        error: this string is not closed
          --> a.rhai:2:17
           |
         2 |     task add(a) `return a
           |                 ^
          help: a body ends with a back-tick, a string with a quote
        ",
    );
    refused(
        "device Bench {\n    task add(a)\n}\n",
        "
        error: expected an option or the body in back-ticks, found `}`
          --> a.rhai:3:1
           |
         3 | }
           | ^
        ",
    );
}

#[test]
fn a_body_that_is_no_python() {
    let script = "
        device Bench {
            task add(a, b) `
                x = a +
                return x
            `
        }
        let bench = Bench.open();
        ";
    Program::new()
        .script("a.rhai", script)
        .args(["check", "a.rhai"])
        .stderr(
            "
            error: task `add`: SyntaxError: invalid syntax
              --> a.rhai:3:9
               |
             3 |         x = a +
               |         ^^^^^^^
            ",
        )
        .status(2);
    run(
        script,
        "
        error: `Bench`: task `add`: SyntaxError: invalid syntax
          --> a.rhai:3:9
           |
         3 |         x = a +
           |         ^^^^^^^
          called from a.rhai:7:19
           |
         7 | let bench = Bench.open();
           |                   ^^^^
        ",
        2,
    );
}

/// Every body that is wrong is told, not only the first.
#[test]
fn check_tells_all_bodies_that_are_no_python() {
    Program::new()
        .script(
            "a.rhai",
            "
            device Bench {
                task first(a) `
                    if a:
                    return 1
                `
                task second() `
                    return 2
                `
                setup third() `
                    global = 3
                `
            }
            ",
        )
        .args(["check", "a.rhai"])
        .stderr(
            "
            error: task `first`: SyntaxError: invalid syntax
              --> a.rhai:4:9
               |
             4 |         return 1
               |         ^^^^^^^^
            error: setup `third`: SyntaxError: invalid syntax
              --> a.rhai:10:9
               |
            10 |         global = 3
               |         ^^^^^^^^^^
            ",
        )
        .status(2);
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
fn a_result_that_is_no_literal() {
    call(
        "let thing = bench.thing();",
        "
        error: `Bench`: task `thing`: the result is no literal: <object>
          --> a.rhai:10:19
           |
        10 | let thing = bench.thing();
           |                   ^^^^^
          help: return numbers, strings, bytes, lists, tuples, dicts or sets, or mark the task `trusted` to get its text
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
          help: `add` is there for \"circuitpython\": add one `for \"micropython\"`, or one without `for`
        ",
    );
    let level = |text: &str| text.lines().map(|line| format!("{}\n", line.trim_start())).collect::<String>();
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(4)));
    assert_eq!(level(rest), level(&expected));
}

#[test]
fn an_unknown_option() {
    refused(
        "device Bench {\n    task add(a) timout = 3 `return a`\n}\n",
        "
        error: a task has no option `timout`
          --> a.rhai:2:17
           |
         2 |     task add(a) timout = 3 `return a`
           |                 ^^^^^^
          help: did you mean `timeout`?
        ",
    );
    refused(
        "device Bench {\n    task add(a) timeout = \"x\" `return a`\n}\n",
        "
        error: the option `timeout` takes a positive number of seconds
          --> a.rhai:2:17
           |
         2 |     task add(a) timeout = \"x\" `return a`
           |                 ^^^^^^^
        ",
    );
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

#[test]
fn a_reserved_name() {
    refused(
        "device Bench {\n    task __init__(a) `return a`\n}\n",
        "
        error: the name `__init__` is reserved
          --> a.rhai:2:10
           |
         2 |     task __init__(a) `return a`
           |          ^^^^^^^^
          help: names like `__x__`, and names that start with `_belay` or `__belay`, are kept for Python and belay-script
        ",
    );
    refused(
        "device Bench {\n    task lambda(a) `return a`\n}\n",
        "
        error: `lambda` is a keyword of Python
          --> a.rhai:2:10
           |
         2 |     task lambda(a) `return a`
           |          ^^^^^^
          help: choose another name
        ",
    );
    refused(
        "device Bench {\n    task close(a) `return a`\n}\n",
        "
        error: `close` is a name that every device has already
          --> a.rhai:2:10
           |
         2 |     task close(a) `return a`
           |          ^^^^^
          help: choose another name
        ",
    );
}

#[test]
fn overloads_that_can_never_be_chosen() {
    refused(
        "device Bench {\n    task add(a) `return a`\n    task add(a) for \"micropython\" `return a`\n}\n",
        "
        error: task `add` is declared again after one for every implementation
          --> a.rhai:3:10
           |
         3 |     task add(a) for \"micropython\" `return a`
           |          ^^^
          help: the first one, at a.rhai:2:10, always wins: give it a `for \"…\"`, or put it last
        ",
    );
    refused(
        "device Bench {\n    setup add(a) autoinit `x = a`\n}\n",
        "
        error: setup `add` runs by itself, but `a` has no default
          --> a.rhai:2:11
           |
         2 |     setup add(a) autoinit `x = a`
           |           ^^^
          help: `autoinit` setups are called without arguments
        ",
    );
}

#[test]
fn an_unknown_module() {
    for (module, help) in [
        ("std/assrt", "did you mean `std/assert`?"),
        ("no/such", "a module is a file below the script's folder, without `.rhai`, or one of `std/…`"),
    ] {
        let script = format!("import \"{module}\" as it;\n");
        let outcome = Program::new().script("a.rhai", &script).args(["check", "a.rhai"]).outcome();
        let head = format!("error: there is no module `{module}`\n  --> a.rhai:1:8\n");
        assert!(outcome.stderr.starts_with(&head), "{}", outcome.stderr);
        assert!(outcome.stderr.ends_with(&format!("  help: {help}\n")), "{}", outcome.stderr);
        assert_eq!(outcome.status, Some(2));
    }
}

#[test]
fn an_unknown_kind_of_port() {
    let forms = "a port is a path such as `/dev/ttyACM0`, a name such as `COM3`, `usb:2e8a:0005`, `{\"vid\": 11914}`, \
                 `exec:COMMAND`, or `sim`; `belay-script devices` lists the boards that are plugged in";
    for (port, message, help, status) in [
        ("gopher://x", "there is no kind of port `gopher://`", forms, 1),
        ("smi", "there is no port `smi`", "did you mean `sim`?", 3),
        ("nothing", "there is no port `nothing`", forms, 3),
        (
            "sim:x?foo=1",
            "a simulated board has no option `foo`",
            "write `sim`, `sim:NAME` or `sim:NAME?heap=200k&flash=FILE&flash_size=1400k`",
            3,
        ),
        (
            "sim:x?heap=1",
            "`heap=1` is not between 32k and 1024m",
            "write `sim`, `sim:NAME` or \
          `sim:NAME?heap=200k&flash=FILE&flash_size=1400k`",
            3,
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
        error: there is no variable `valu` here
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
