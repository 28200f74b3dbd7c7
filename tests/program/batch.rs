//! `d.batch`: independent calls in one exchange.

use crate::support::command::{self, Program};

/// A class for every test.
const CLASS: &str = r#"device Bench {
    setup s() autoinit `
        import time
        shown = []
    `
    task f(x) `
        shown.append(x)
        return x + 1
    `
    task ran() `return shown`
    task fail(x) `
        print("about to fail")
        raise ValueError("bad %d" % x)
    `
    task thing() `return object`
    task text() trusted `return object`
    task long(n) `return "é" * n`
    task items() `yield 1`
    task slow() timeout = 0.3 `time.sleep(5)`
    method m || { 5 }
}
let d = Bench.open();
fn attempt(work) { try { print(work.call()); } catch (e) { print(`${e.kind} ${e.line}: ${e.message}`); } }
"#;

#[track_caller]
fn prints(port: &str, script: &str, expected: &str) {
    command::prints(port, &format!("{CLASS}{script}"), expected);
}

#[test]
fn results_come_in_order_on_large_and_small_boards() {
    let script = r#"
let later = ();
print(d.batch(|b| { later = b.f(1); b.long(3); b.f(-5); }));
print(later.value);
print(d.batch(|b| {}).len());
let many = d.batch(|b| { for i in 0..120 { b.f(i); } });
print(`${many.len()} ${many[0]} ${many[119]}`);
print(d.batch(|b| { b.text(); b.f(1); })[1]);
print(d.ran().len());"#;
    for port in ["sim", "sim:?heap=60k&crlf=off"] {
        prints(port, script, "[2, \"ééé\", -4]\n2\n0\n120 1 120\n2\n123");
    }
}

#[test]
fn the_call_that_failed_is_named_and_later_ones_do_not_run() {
    prints(
        "sim",
        r#"
let first = ();
attempt(|| d.batch(|b| { first = b.f(1);
    b.fail(3);
    b.f(2); }));
print(first.value);
attempt(|| d.batch(|b| { b.f(10); b.thing(); b.f(11); }));
attempt(|| d.batch(|b| { b.f(20);
    b.slow(); b.f(21); }));
print(d.ran());
print(d.f(1));"#,
        "about to fail\nDeviceException 27: ValueError: bad 3\n2\n\
        NotLiteralError 30: the result is not a literal: <class 'object'>\n\
        TimeoutError 32: no reply within 0.3 s\n[1, 10, 11, 20]\n2",
    );
}

#[test]
fn a_result_cannot_be_used_before_the_batch_has_ended() {
    let unknown =
        "ScriptError 24: the result of `f` is not known yet: the calls of a batch run when its closure ends\n";
    let script = ["x.value", "x + 1", "1 - x", "x == 2", "2 < x", "print(x)", "[x] == [2]"];
    let script: String =
        script.iter().map(|what| format!("attempt(|| d.batch(|b| {{ let x = b.f(1); {what}; }}));")).collect();
    let rest = r#"
let kept = (); let result = ();
attempt(|| d.batch(|b| { kept = b; result = b.f(1); b.f(result); }));
attempt(|| kept.f(1));
attempt(|| result.is_known);
attempt(|| d.batch(|b| { b.f(1); throw "stop"; }));
print(d.ran());"#;
    prints(
        "sim",
        &format!("{script}{rest}"),
        &format!(
            "{}ArgumentError 26: argument `x` of `f` is the result of a call in a batch, whose value is its `.value`, which cannot be sent\n\
            ArgumentError 27: `f` was called on a batch that has ended\nfalse\nScriptError : stop\n[]",
            unknown.repeat(7)
        ),
    );
}

#[test]
fn what_is_no_task_is_refused() {
    prints(
        "sim",
        r#"
attempt(|| d.batch(|b| { b.items(); }));
attempt(|| d.batch(|b| { b.s(); }));
attempt(|| d.batch(|b| { b.m(); }));
attempt(|| d.batch(|b| { b.close(); }));
attempt(|| d.batch(|b| { b.g(); }));
attempt(|| d.batch(|b| { b.f(); }));"#,
        "ArgumentError 25: the generator task `items` cannot be part of a batch\n\
        ArgumentError 26: the setup `s` cannot be part of a batch\n\
        ArgumentError 27: the method `m` cannot be part of a batch: it runs on this computer\n\
        ArgumentError 28: `close` cannot be part of a batch, which calls tasks\n\
        UnknownTaskError 29: `Bench` has no task `g`\n\
        ArgumentError 30: `f` needs a value for `x`",
    );
}

/// What each side sends is a line of a recording.
#[test]
fn a_hundred_calls_take_one_exchange() {
    let folder = tempfile::tempdir().unwrap();
    let writes = |calls: &str| {
        std::fs::write(folder.path().join("a.rhai"), format!("{CLASS}{calls}")).unwrap();
        let run = Program::new().args(["run", "a.rhai", "--no-check", "-p", "sim", "--record", "log"]);
        let outcome = run.outcome_in(folder.path());
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        std::fs::remove_file(folder.path().join("log")).unwrap();
        log.lines().filter(|line| line.contains(" > ")).count()
    };
    let (none, one_by_one) = (writes(""), writes("for i in 0..100 { d.f(i); }"));
    // Opening the board takes a write more or less.
    assert!(one_by_one > none + 95, "{one_by_one} writes");
    // The source of the calls, 700 bytes, goes in pieces that the board's input buffer has room for; the host waits for none.
    let batch = writes("d.batch(|b| { for i in 0..100 { b.f(i); } });");
    assert!(batch < none + 30, "{batch} writes");
}
