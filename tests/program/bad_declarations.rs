//! Errors before a script runs, from `check` and `run`: file, line, caret and help must match exactly.

use crate::support::command::Program;

/// Runs `script` on a simulated board, which must print exactly this.
#[track_caller]
fn run(script: &str, stderr: &str, status: i32) {
    Program::new().script("a.rhai", script).args(["run", "a.rhai", "-p", "sim"]).stderr(stderr).status(status);
}

/// Both `check` and `run` refuse it with the same error and status 2.
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
          help: write parameters as `name`, `name = default` or `name: annotation`
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
        error: the back-tick opened at line 2 is not closed
          --> a.rhai:2:17
           |
         2 |     task add(a) `return a
           |                 ^
          help: add a back-tick at the end of the body or string
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
fn a_body_with_invalid_python() {
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

/// Every invalid body is reported, not only the first.
#[test]
fn check_reports_every_invalid_body() {
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
          help: choose another name: names like `__x__` are reserved for Python
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
        error: task `add` follows an overload for every implementation
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
        error: setup `add` runs automatically, but `a` has no default
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
        let head = format!("error: module `{module}` not found\n  --> a.rhai:1:8\n");
        assert!(outcome.stderr.starts_with(&head), "{}", outcome.stderr);
        assert!(outcome.stderr.ends_with(&format!("  help: {help}\n")), "{}", outcome.stderr);
        assert_eq!(outcome.status, Some(2));
    }
}
