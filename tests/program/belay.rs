//! Belay's API in scripts: item names, annotations, options of `exec`, MicroPython decorators, the list of boards.

use crate::support::command::Program;

/// Runs the program, which must fail as for an invalid declaration; its error must contain `part`.
#[track_caller]
fn is_refused(program: &Program, part: &str) {
    let outcome = program.outcome();
    assert_eq!(outcome.status, Some(2), "{outcome:?}");
    assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
}

#[track_caller]
fn prints(text: &str, stdout: &str) {
    Program::new().script("a.rhai", text).args(["run", "a.rhai", "-p", "sim"]).stdout(stdout).status(0);
}

/// A class whose words are those of the language, of devices and of Rhai.
const NAMES: &str = r#"
    device D {
        setup setup(value = 3) autoinit `level = value`
        task items() `return level`
        task doc(fn, default = 5, match: int = 1, loop = 2) `return [fn, default, match, loop]`
        teardown teardown() `level = 0`
        thread thread() `pass`
        task open() `return "open"`
        method task || { 42 }
        method classes |x| { x }
    }
    let d = D.open();
    print([D.items.len(), D.doc, D.MAX_CMD_HISTORY_LEN, d.MAX_CMD_HISTORY_LEN, Device.MAX_CMD_HISTORY_LEN]);
    print(d.items());
    d.setup(7);
    print([d.items(), d.call("items"), d.task(), d.classes(43), d.open()]);
    print([d.doc(1), d.doc(1, kw(#{ default: 2, match: 3, loop: 4 })), d.doc(kw(#{ fn: 9 })), d.call("doc", [1], kw(#{ loop: 0 }))]);
    print(d.tasks.map(|task| task.signature));
    d.thread();
    d.teardown();
    print(d.items());
    // A device without these items declares them at run time.
    let e = Device.open("sim:e");
    print(e.setup("def go(x):\n    y = x"));
    e.go(5);
    print(e.exec("y"));
    try { e.setup(5) } catch (error) { print(error.message); }
    try { d.doc(kw(#{ defualt: 1, fn: 1 })) } catch (error) { print(error.message); }
    print(list_devices().len() >= 0);
"#;

#[test]
fn items_and_parameters_may_have_the_words_of_others() {
    prints(
        NAMES,
        r#"
        [8, "", 1000, 1000, 1000]
        3
        [7, 7, 42, 43, "open"]
        [[1, 5, 1, 2], [1, 2, 3, 4], [9, 5, 1, 2], [1, 5, 1, 0]]
        ["setup(value = 3)", "items()", "doc(fn, default = 5, match: int = 1, loop = 2)", "teardown()", "thread()", "open()"]
        0
        go
        5
        `setup` of a device was not called with these arguments
        `doc` has no parameter `defualt`
        true
        "#,
    );
    for (item, name) in [("task", "exec"), ("setup", "port"), ("method", "close"), ("task", "MAX_CMD_HISTORY_LEN")] {
        let rest = if item == "method" { "|| { }" } else { "() `pass`" };
        let text = format!("device D {{\n    {item} {name} {rest}\n}}");
        let program = Program::new().script("a.rhai", &text).args(["check", "a.rhai"]);
        is_refused(&program, &format!("error: `{name}` is a name that every device has already\n"));
    }
}

#[test]
fn items_declare_return_types() {
    prints(
        r#"
        device D {
            task v(n: int) -> int emitter = "viper" `
                return n + 1
            `
            task w(n) -> dict[str, list[int]] timeout = 5 `return {"a": [n]}`
            task q() -> a.b `return 1`
        }
        let d = D.open();
        print([d.v(4), d.w(1), d.q()]);
        print(d.tasks.map(|task| task.signature));
        d.task("def f(a: int) -> int:\n    return a + a", #{ emitter: "viper" });
        print([d.f(3), d.tasks[3].signature]);
        "#,
        r#"
        [5, #{"a": [1]}, 1]
        ["v(n: int) -> int", "w(n) -> dict[str,list[int]]", "q() -> a.b"]
        [6, "f(a: int) -> int"]
        "#,
    );
    let refused = |head: &str, title: &str| {
        let text = format!("device D {{\n    {head} `return n + 1`\n}}");
        is_refused(&Program::new().script("a.rhai", &text).args(["check", "a.rhai"]), title);
    };
    refused(
        "task v(n: int) emitter = \"viper\"",
        "error: task `v`: ViperTypeError: return expected 'object' but got 'int'\n",
    );
    refused(
        "task v(n: int) emitter = \"viper\"",
        "help: declare its return type: `task v(…) -> int emitter = \"viper\"`\n",
    );
    refused("task v(n) ->", "error: expected what the task returns after `->`, found a string\n");
    refused("task v(n) timeout = 5 -> int", "error: `->` does not directly follow the parameters\n");
    refused("task v(n, 5)", "error: expected `,` or `)` in the parameters, found `5`\n");
    refused("task v(if)", "error: `if` is a keyword of Python\n");
}

#[test]
fn a_refused_decorator_is_reported_with_its_column() {
    let script = |decorator: &str| {
        format!(
            "device D {{\n    task a() `\n        @micropython.native\n        def g(): pass\n\n        {decorator}\n        def f(r0):\n            add(r0, r0, r0)\n    `\n}}\nD.open();\n"
        )
    };
    let run = |decorator: &str, command: &str| {
        let program = Program::new().file("a.rhai", script(decorator).as_bytes());
        let port = ["-p", "sim"];
        program.args([command, "a.rhai"]).args(port.into_iter().filter(|_| command == "run")).outcome()
    };
    let outcome = run("@micropython.asm_thumb", "run");
    assert_eq!(outcome.status, Some(4), "{outcome:?}");
    let arch = outcome.stderr.split("and the board is `").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
    let title = format!("error: `D`: task `a`: `@micropython.asm_thumb` is for ARM Thumb, and the board is `{arch}`\n");
    assert!(outcome.stderr.starts_with(&format!("{title}  --> a.rhai:6:9\n")), "{}", outcome.stderr);
    // A board with this architecture would accept it.
    let outcome = run("@micropython.asm_thumb", "check");
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("a.rhai: ok (1 class, 1 item)\n", Some(0)));
    let outcome = run("@micropython.asm_thum", "check");
    assert_eq!(outcome.status, Some(2), "{outcome:?}");
    let wanted = "error: task `a`: unknown decorator `@micropython.asm_thum`\n  --> a.rhai:6:9\n";
    assert!(outcome.stderr.starts_with(wanted), "{}", outcome.stderr);
    assert!(outcome.stderr.ends_with("help: did you mean `@micropython.asm_thumb`?\n"), "{}", outcome.stderr);
}

#[test]
fn exec_reports_a_refused_decorator_too() {
    let code = "import micropython\nx = 1\nif x:\n    @micropython.asm_thumb\n    def f(r0):\n        add(r0, r0, r0)\n    f(1)\n";
    let title = ": `@micropython.asm_thumb` is for ARM Thumb, and the board is `";
    let file = Program::new().file("main.py", code.as_bytes()).args(["run", "main.py", "-p", "sim"]);
    let piped = Program::new().stdin(code).args(["exec", "-p", "sim", "-"]);
    for (outcome, place) in [(file.outcome(), "main.py:4:5"), (piped.outcome(), "<stdin>:4:5")] {
        let excerpt = format!("\n  --> {place}\n   |\n 4 |     @micropython.asm_thumb\n   |     ^");
        assert!(outcome.stderr.contains(&title[2..]) && outcome.stderr.contains(&excerpt), "{outcome:?}");
        assert_eq!(outcome.status, Some(4), "{outcome:?}");
    }
    let script = format!("let d = Device.open();\nd.exec({code:?});\n");
    let outcome = Program::new().file("a.rhai", script.as_bytes()).args(["run", "a.rhai", "-p", "sim"]).outcome();
    assert!(outcome.stderr.contains(title) && outcome.stderr.contains("  --> a.rhai:2:3\n"), "{outcome:?}");
    assert!(outcome.stderr.contains("help: line 4 of the code: `@micropython.asm_thumb`\n"), "{outcome:?}");
    // Unknown decorators, and errors raised while the code runs, are shown as the board reports them.
    let unknown = Program::new().args(["exec", "-p", "sim", "@micropython.asm_thum\ndef f(): pass"]).outcome();
    assert!(unknown.stderr.contains("SyntaxError: invalid micropython decorator"), "{unknown:?}");
    assert!(unknown.stderr.ends_with("help: did you mean `@micropython.asm_thumb`?\n"), "{unknown:?}");
    let raised = "def f():\n  exec('@micropython.asm_thumb\\ndef f(): pass')\nf()";
    let raised = Program::new().args(["exec", "-p", "sim", raised]).outcome();
    assert!(raised.stderr.contains("SyntaxError: invalid micropython decorator"), "{raised:?}");
}

#[test]
fn exec_has_the_options_of_belay() {
    prints(
        r##"
        let d = Device.open();
        let same = d;
        let lines = [];
        let code = "for i in range(3):\n    print('line', i)\nprint('é', end='')";
        print(d.exec(code, #{ stream_out: |line| { lines.push(line); same.exec("x = 5"); } }) == ());
        print(`${lines} ${d.exec("x")}`);
        d.exec("print('gone')", #{ stream_out: false });
        print(d.exec("1 + 1", #{ minify: false, record: (), timeout: 5 }));
        d.exec("def f():\n    # a comment\n    return 6", #{ minify: false });
        print([d.history[-1].contains("# a comment"), d.exec("f()")]);
        let opaque = d.exec("object()", #{ trusted: true });
        print(`${type_of(opaque)} ${opaque.repr.starts_with("<object")}`);
        let count = d.history.len();
        d.exec("y = 1", #{ record: false });
        print(d.history.len() - count);
        d.exec("x", #{ record: true });
        print(d.history.len() - count);
        let list = d.exec("[1, 2]", #{ proxy: true });
        print(`${type_of(list)} ${list[1]}`);
        let timed = d.exec("(x, 2) # a comment", #{ return_time: true });
        let late = timed[1] - time();
        print([timed[0], late > -5.0 && late < 5.0]);
        for (options, index) in [
            #{ timeout: 0.3 }, #{ timeout: 0.3, stream_out: |line| throw line }, #{ timeout: 0.3, proxy: true },
            #{ return_time: true }, #{ return_time: true, proxy: true }, #{ return_time: true, stream_out: false },
            #{ delete: true }, #{ steam_out: 1 }, #{ stream_out: 1 }, #{ record: 1 }, #{ timeout: -1 },
        ] {
            let code = if index == 2 { "__import__('time').sleep(5)" } else { "while True: pass" };
            try { d.exec(code, options) } catch (error) { print(`${error.kind}: ${error.message}`); }
        }
        try { d.exec("print(1)\nprint(2)", #{ stream_out: |line| throw "from the closure " + line }) } catch (error) { print(error); }
        try { d.exec("print(1)\n1/0", #{ stream_out: |line| print(line) }) } catch (error) { print(error.message); }
        print(d.exec("2 + 2"));
        "##,
        r##"
        true
        ["line 0", "line 1", "line 2", "é"] 5
        2
        [true, 6]
        opaque true
        0
        1
        proxy 2
        [[5, 2], true]
        TimeoutError: no reply within 0.3 s
        TimeoutError: no reply within 0.3 s
        TimeoutError: no reply within 0.3 s
        ArgumentError: statements have no value to timestamp
        ArgumentError: the options `proxy` and `return_time` of `exec` exclude each other
        ArgumentError: the options `return_time` and `stream_out` of `exec` exclude each other
        ArgumentError: the option `delete` of `exec` is for proxies
        ArgumentError: `exec` has no option `steam_out`
        ArgumentError: the option `stream_out` of `exec` takes a closure that gets each line, or `false`
        ArgumentError: the option `record` of `exec` takes `true` or `false`
        ArgumentError: the option `timeout` of `exec` takes a positive number of seconds
        from the closure 1
        1
        ZeroDivisionError: divide by zero
        4
        "##,
    );
}
