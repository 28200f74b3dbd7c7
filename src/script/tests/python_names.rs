//! Names in the Python of bodies: what is unknown, on which boards, and what is never told.

use super::analysis::{case, clean, found};

/// A class with one setup and these items; the findings without the first line's number.
#[track_caller]
fn bench(items: &str, wanted: &[&str]) {
    let text = format!("device B {{ setup init(pin = 25) autoinit `led = Pin(pin)\ncount = 0`\n{items} }}\nB.open();");
    case(&text, wanted);
}

#[test]
fn names_that_no_board_has() {
    bench("task on() `lde.on()`", &["warning 3:12: unknown name `lde` in task `on` | did you mean `led`?"]);
    bench(
        "task on() `\n    state = led.value()\n    return stat`",
        &["warning 5:12: unknown name `stat` in task `on` | did you mean `state`?"],
    );
    bench(
        "task on() `return f\"é {ledd.value():{width}}\"`",
        &[
            "warning 3:24: unknown name `ledd` in task `on` | did you mean `led`?",
            "warning 3:38: unknown name `width` in task `on` | import it, define it in a setup, or pass it as an argument",
        ],
    );
    bench("setup two() `leed.on()`", &["warning 3:14: unknown name `leed` in setup `two` | did you mean `led`?"]);
    bench("teardown off() `le.off()`", &["warning 3:17: unknown name `le` in teardown `off` | did you mean `led`?"]);
    bench(
        "thread spin() \"while True: lad.on()\"",
        &["warning 3:28: unknown name `lad` in thread `spin` | did you mean `led`?"],
    );
    bench(
        "task s() `return math.sqrt(2)`",
        &["warning 3:18: unknown name `math` in task `s` | add `import math` here or to a setup"],
    );
    bench(
        "task s() `return init()`",
        &["warning 3:18: unknown name `init` in task `s` | `init` is a setup, which only the script can call"],
    );
    bench(
        "task s() `return twice(1)`\nmethod twice |x| { x * 2 }",
        &["warning 3:18: unknown name `twice` in task `s` | `twice` is a method, which only the script can call"],
    );
    bench(
        "task s() `\n    try:\n        open('x')\n    except FileNotFoundError:\n        pass`",
        &["warning 6:12: MicroPython has no `FileNotFoundError` | use `OSError`, and its `errno`"],
    );
    bench("task s() #\"return '${x}', ldd\"#", &["warning 3:27: unknown name `ldd` in task `s` | did you mean `led`?"]);
    case(
        "let volts = 3;\nprint(volts);\ndevice B { task s() `return volts` }",
        &[
            "warning 3:29: unknown name `volts` in task `s` | a body does not see the variables of the script: pass it as an argument",
        ],
    );
}

#[test]
fn variables_that_are_changed_without_a_value() {
    bench(
        "task up() `\n    count += 1\n    return count`",
        &["warning 4:5: `count` has no value here: task `up` changes a variable of its own | add `global count` above"],
    );
    bench(
        "task up() `\n    totl = 0\n    total += 1`",
        &["warning 5:5: `total` has no value here: task `up` changes a variable of its own | did you mean `totl`?"],
    );
    bench(
        "task up() `\n    n = 0\n    def more():\n        n += 1\n    more()`",
        &["warning 6:9: `n` has no value here: task `up` changes a variable of its own | add `nonlocal n` above"],
    );
    bench(
        "task up() `\n    totl = 0\n    total = 1\n    return total`",
        &["warning 4:5: `totl` is assigned in task `up`, but never used | did you mean `total`?"],
    );
    bench("task up() `\n    global count\n    count += 1`", &[]);
    bench("setup again() `count += 1`", &[]);
}

#[test]
fn what_is_defined_and_resembles_what_is_used() {
    case(
        "device B {\nsetup s() autoinit `import timr, machine`\ntask f() `return time.time()`\n}",
        &["warning 2:28: `timr` is defined in setup `s`, but never used | did you mean `time`?"],
    );
    // A class and a parameter.
    case("device B {\nsetup s() autoinit `from machine import ADC, Pin`\ntask f(pin) `return ADC(pin)`\n}", &[]);
    case(
        "device B {\nsetup s() autoinit `stat = 1`\ntask f() `\nglobal state, stxp\nstate = 2`\ntask g() `return state` }",
        &[
            "warning 2:21: `stat` is defined in setup `s`, but never used | did you mean `state`?",
            "warning 4:15: unknown name `stxp` in task `f` | import it, define it in a setup, or pass it as an argument",
        ],
    );
    for right in [
        "device B { setup s() `pin1 = 1; pin2 = 2` task f() `return pin1` }",
        "device B { setup s() `stat = 1; state = 2` task f() `return state` }\nB.open().exec(\"stat\");",
        "device B { setup s() `stat = 1; _state = 1; state = 2` task f() `return state, stat` }",
        "device B { setup s() `stat = 1; state = 2` task f() `return eval('state')` }",
    ] {
        clean(right);
    }
}

#[test]
fn parameters_without_use() {
    bench(
        "task add(a, b) `return a + 1`",
        &["warning 3:13: unused parameter `b` of task `add` | use it, or name it `_b`"],
    );
    bench("task add(a, _b) `return a + 1`", &[]);
    // What stands for another body needs no parameter.
    bench("task add(a, b) `pass`\ntask one(a) `raise NotImplementedError`\ntask two(a) ``", &[]);
    bench("task add(a, b) for \"x\" `return a`\ntask add(a, b) `return a + b`", &[]);
    case("device A { task f(a) `return 1 + time.time()` }\ndevice B : A { task f(a) `return a` }\nB.open();", &[]);
    // Parameters of setups are globals.
    case(
        "device B { setup s(lonely = 1) `print(1)` }",
        &["warning 1:20: unused parameter `lonely` of setup `s` | use it, or name it `_lonely`"],
    );
    clean("device B { setup s(level = 1) `print(1)` task get() `return level` }");
    clean("device B { setup s(level = 1) `print(1)` }\nlet b = B.open(); b.exec(\"level\");");
}

#[test]
fn setups_define_in_their_order() {
    case(
        "device B {\nsetup a() autoinit `print(later)`\nsetup b() autoinit `later = 1`\n}",
        &[
            "warning 2:27: setup `a` uses `later`, which setup `b` defines later | declare setup `b` with `autoinit`, above setup `a`",
        ],
    );
    case(
        "device B {\nsetup a() autoinit `print(manual)`\nsetup b() `manual = 1`\n}",
        &[
            "warning 2:27: setup `a` uses `manual`, which setup `b` defines later | declare setup `b` with `autoinit`, above setup `a`",
        ],
    );
    for right in [
        "device B { setup b() autoinit `later = 1` setup a() autoinit `print(later)` }",
        "device B { setup a() autoinit `\ndef f(): return later\n` setup b() autoinit `later = 1` }",
        "device B { setup a() `print(later)` setup b() `later = 1` }",
        "device B { setup a() autoinit `print(later)` setup b() `later = 1` method pre_autoinit || { this.b() } }",
        // Items of inherited classes run before.
        "device A { setup a() autoinit `early = 1` }\ndevice B : A { setup b() autoinit `print(early)` }",
        "device B { setup a() autoinit `go(); print(late)` task go() `\nglobal late\nlate = 1` }",
        "device B { teardown off() `print(late)` setup a() `late = 1` }",
    ] {
        clean(right);
    }
}

#[test]
fn overloads_define_for_their_boards() {
    let class = |body: &str, kind: &str| {
        format!(
            "device B {{\nsetup s() for \"micropython\" `bus = 1`\nsetup s() for \"circuitpython\" `other = 1`\ntask f() {kind} `{body}` }}"
        )
    };
    clean(&class("return bus", "for \"micropython\""));
    clean(&class("return bus, other", ""));
    case(
        &class("return bus", "for \"circuitpython\""),
        &[
            "warning 4:38: unknown name `bus` in task `f` | setup `s` defines it, but not for the boards that run task `f`",
        ],
    );
    clean("device B { task f() for \"circuitpython\" `raise TimeoutError` task g() `return board.D1` }");
    clean("device B { task f() `return board.D1, machine` }");
    // The first class with an overload counts.
    case(
        "device A { setup s() autoinit `one = 1` }\ndevice B : A { setup s() autoinit `two = 2` task f() `return one, two` }",
        &[
            "warning 2:62: unknown name `one` in task `f` | setup `s` defines it, but not for the boards that run task `f`",
        ],
    );
    clean("device A { task f() `return led` }\ndevice B : A { setup s() `led = 1` }\nB.open();");
    clean("device A { setup s() `led = 1` }\ndevice B : A { task f() `return led` }\nB.open();");
}

#[test]
fn what_boards_may_have_is_not_told() {
    for items in [
        "task f() `return Pin, ADC, time, sleep, os, sys, machine, const, print, __name__`",
        "task f() `return g()`\ntask g() register = false `return f`",
        "task f() `\n    global made\n    made = 1`\ntask g() `return made`",
        "setup s() `from helper import *`\ntask f() `return anything`",
        "task f() `\n    exec('x = 1')\n    return x`",
        "task f() `\n    try:\n        return extra\n    except NameError:\n        return None`",
        "task f(n: int) -> int emitter = \"viper\" `\n    p = ptr8(n)\n    return int(p[0])`",
        "setup s() `\n    @rp2.asm_pio()\n    def blink():\n        wrap_target()\n        set(pins, 1)\n        wrap()\n    import rp2`",
        "task f() `\n    match x:\n        case 1: pass`",
        "task f() `return [i for i in range(3)], {k: v for k, v in {}.items()}`",
        "task f() `return sorted([], key=lambda item: item[0])`",
        "task f() `\n    def inner(a, *b, c=1, **d): return a, b, c, d\n    return inner`",
    ] {
        let text = format!("device B {{ {items} }}\nB.open();");
        let problems: Vec<_> = found(&text).into_iter().filter(|problem| problem.starts_with("warning")).collect();
        assert!(problems.is_empty(), "{text}\n{problems:?}");
    }
    let with = |code: &str| clean(&format!("device B {{ task f() `return extra` }}\nlet b = B.open();\n{code}"));
    for code in [
        "b.exec(\"extra = 1\");",
        "b.exec(\"from m import extra\");",
        "let n = 1; b.exec(`extra = ${n}`);",
        "let code = \"extra = \" + 1; b.exec(code);",
        "let name = \"extra\"; b.exec(`${name} = 1`);",
        "b.task(\"def extra(): return 1\");",
        "b.setup(\"def s():\\n    extra = 1\");",
        "b.proxy(\"import extra\");",
        "B.open(#{ startup: \"import extra\" });",
        "B.open(#{ soft_reset: false });",
        "exec(b, \"extra = 1\");",
    ] {
        with(code);
    }
    // Code that defines something else does not help.
    case(
        "device B { task f() `return extra` }\nlet b = B.open(); b.exec(\"other = 1\");",
        &[
            "warning 1:29: unknown name `extra` in task `f` | import it, define it in a setup, or pass it as an argument",
        ],
    );
}

#[test]
fn a_name_that_may_be_missing_is_caught() {
    let text = "device B { setup s() ignore_errors `missing()` task f() `\n  try:\n    gone()\n  except:\n    pass` }";
    let (mut runner, _) = super::runner();
    assert!(runner.check_text("t.rhai", text).is_ok());
    let caught: Vec<_> = runner.findings().iter().map(|finding| (finding.origin.line, finding.is_caught)).collect();
    assert_eq!(caught, [(1, true), (3, true)]);
}

#[test]
fn misspelt_names_have_a_fix() {
    let text = "device B { setup s() `led = 1` task f() `return lde` }\n";
    let (mut runner, _) = super::runner();
    assert!(runner.check_text("t.rhai", text).is_ok());
    let fixes: Vec<_> = runner.findings().iter().filter_map(|finding| finding.fix.clone()).collect();
    assert_eq!(crate::script::fixed(text, &fixes), text.replace("lde", "led"));
}
