//! `prefetch`: items of generators that travel together.

use crate::support::command::{self, Program};

/// A class for every test.
const CLASS: &str = r#"device Bench {
    setup s() autoinit `
        import time
        count = 0
    `
    task items(n) prefetch = 32 `
        global count
        for i in range(n):
            count += 1
            yield i
    `
    task failing(n) prefetch = 10 `
        try:
            for i in range(n):
                yield i
            raise ValueError("after %d" % n)
        finally:
            print("closed")
    `
    task odd() prefetch = 10 `
        yield 1
        yield object
        yield 3
    `
    task text() prefetch = 10 trusted `
        yield b"1"
        yield object
    `
    task slow() prefetch = 1000 `
        while True:
            time.sleep(0.1)
            yield 0
    `
    task stuck() prefetch = 100 timeout = 0.3 `
        yield 1
        yield 2
        time.sleep(5)
    `
    task made() `return count`
}
let d = Bench.open();
fn attempt(work) { try { print(work.call()); } catch (e) { print(`${e.kind} ${e.line}: ${e.message}`); } }
fn all(items) { let all = []; for item in items { all.push(item); } all }
"#;

#[track_caller]
fn prints(port: &str, script: &str, expected: &str) {
    command::prints(port, &format!("{CLASS}{script}"), expected);
}

#[test]
fn items_come_in_order_and_no_more_than_asked_for_ahead() {
    let script = r#"
let sum = 0;
for item in d.items(1000) { sum += item; }
print(sum);
for item in d.items(1000) { if item == 3 { break; } }
print(d.made() - 1000 < 33);
let (a, b) = (1, 2);
"#
    .replace("let (a, b) = (1, 2);\n", "let a = d.items(2); let b = d.items(2);\nprint([a.next(), b.next(), a.next(), b.next(), a.next(), b.next()]);\n");
    let script = format!("{script}print(all(d.text())[1]);\nattempt(|| d.items(5).send(1));");
    for port in ["sim", "sim:?heap=60k&crlf=off"] {
        prints(
            port,
            &script,
            "499500\ntrue\n[0, 0, 1, 1, (), ()]\n<class 'object'>\n\
            ArgumentError 53: nothing can be sent to `items`, which runs ahead with `prefetch`",
        );
    }
}

#[test]
fn errors_come_in_their_place() {
    prints(
        "sim",
        r#"
attempt(|| { for item in d.failing(13) { if item > 8 { print(item); } } });
for item in d.failing(100) { if item == 3 { break; } }
attempt(|| { for item in d.odd() { print(item); } });
attempt(|| { for item in d.stuck() { print(item); } });
print(all(d.items(3)));"#,
        "9\nclosed\n10\n11\n12\nDeviceException 45: ValueError: after 13\nclosed\n\
        1\nNotLiteralError 47: the result is not a literal: <class 'object'>\n\
        1\n2\nTimeoutError 48: no reply within 0.35 s\n[0, 1, 2]",
    );
}

/// 1000 items would take 100 s.
#[test]
fn slow_items_come_one_by_one() {
    prints("sim", "let n = 0;\nfor item in d.slow() { n += 1; if n == 3 { break; } }\nprint(n);", "3");
}

#[test]
fn prefetch_needs_a_generator_without_timestamps() {
    let check = |item: &str, error: &str| {
        let outcome =
            Program::new().script("a.rhai", &format!("device D {{ {item} }}")).args(["check", "a.rhai"]).outcome();
        assert!(outcome.stderr.contains(error) && outcome.status == Some(2), "{outcome:?}");
    };
    check("task f() prefetch = 5 `return 1`", "`prefetch` needs a generator");
    check("task f() prefetch = 5 return_time `yield 1`", "`prefetch` and `return_time` exclude each other");
    check("task f() prefetch = 0 `yield 1`", "the option `prefetch` takes a number from 1 to 1000");
}
