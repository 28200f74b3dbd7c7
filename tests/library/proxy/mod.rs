//! Proxies, as scripts use them, on a simulated board: Belay's facts about its proxy objects, and what ours promise
//! beyond: exchanges, lifetime, refusals.

mod facts;

use crate::line_ends;
use belay_script::bench::event::{Event, TimedEvent};
use belay_script::device::{Host, HostOptions};
use belay_script::script::{Observer, RunOptions, Runner, Sources};
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps what a script printed.
#[derive(Default)]
struct Printed(Mutex<Vec<String>>);

impl Observer for Printed {
    fn event(&self, line: &TimedEvent, _: &Sources) {
        if let Event::Output(chunk) = &line.event
            && chunk.board.is_none()
        {
            let text = chunk.text.strip_suffix('\n').unwrap_or(&chunk.text).to_owned();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    }
}

/// What every script of a table begins with: a board, some objects on it, and a way to look at errors and exchanges.
const PRELUDE: &str = r#"
device Board {
    setup objects() autoinit `
        class Inner:
            def __init__(self):
                self.numbers = [1, 2, 3]
                self.depth = 2
        class Thing:
            def __init__(self):
                self.name = "thing"
                self.whole = 1
                self.real = 0.5
                self.on = True
                self.nothing = None
                self.raw = b"\x00\xff"
                self.inner = Inner()
                self.table = {"a": 1, 2: "two", (3, 4): [5]}
            def __str__(self):
                return "a thing"
            def __repr__(self):
                return "Thing()"
            def __hash__(self):
                return 77
            def add(self, a, b=10):
                return a + b
            def value(self, *a, **k):
                return a, sorted(k)
            def fail(self, kind):
                raise kind("on purpose")
            @property
            def fixed(self):
                return [0]
        thing = Thing()
        numbers = [10, 20, 30, 40]
        answer = 42
        log = []
        def count(n):
            for i in range(n):
                log.append(i)
                yield i
    `
    task total(xs, more = ()) `
        return sum(xs) + (more["n"][0] if more else 0)
    `
    task each(xs) `
        for x in xs:
            yield x
    `
    setup keep(v) `
        kept = v
    `
}
fn caught(f) {
    try { f.call(); } catch (e) { return `${e.kind}: ${e.message}`; }
    "nothing"
}
fn kept(d) { d.exec("len(globals().get('__belay_o', ()))") }
let d = Board.open("sim");
let thing = d.proxy("thing");
let numbers = d.proxy("numbers");
"#;

/// Runs the prelude and `text` with `shown` as its output, on boards of both line ends.
#[track_caller]
fn script(text: &str, shown: &[&str]) {
    line_ends::on_both(|port| script_on(port, text, shown));
}

fn script_on(port: &str, text: &str, shown: &[&str]) {
    let printed = Arc::new(Printed::default());
    let mut runner = Runner::new(Host::new(HostOptions::default()), printed.clone(), RunOptions::default());
    let finished =
        runner.run_text("proxy.rhai", &format!("{PRELUDE}{text}").replace("\"sim\"", &format!("\"{port}\"")));
    assert!(finished.failure.is_none(), "{:?}", finished.failure);
    assert!(finished.closing.is_empty(), "{:?}", finished.closing);
    let lines = printed.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(lines, shown);
}

/// Runs a table of expressions with what each prints.
#[track_caller]
fn table(cases: &[(&str, &str)]) {
    let text: String = cases.iter().map(|(code, _)| format!("print({code});\n")).collect();
    script(&text, &cases.iter().map(|(_, shown)| *shown).collect::<Vec<_>>());
}

#[test]
fn attributes_and_items_are_read() {
    table(&[
        ("thing.name", "thing"),
        ("thing.whole + 1", "2"),
        ("thing.real", "0.5"),
        ("thing.on", "true"),
        ("thing.nothing == ()", "true"),
        ("thing.raw", "[00ff]"),
        ("type_of(thing.inner)", "proxy"),
        ("thing.inner.depth", "2"),
        ("thing.inner.numbers[2]", "3"),
        ("thing.getattr(\"name\")", "thing"),
        ("numbers[0]", "10"),
        ("numbers[-1]", "40"),
        ("numbers[1..3]", "[20, 30]"),
        ("numbers[1..=2]", "[20, 30]"),
        ("numbers[-2..=-1]", "[30, 40]"),
        ("numbers[2..]", "[30, 40]"),
        ("numbers.slice((), 2)", "[10, 20]"),
        ("numbers.slice((), (), -1)", "[40, 30, 20, 10]"),
        ("type_of(numbers[1..3])", "proxy"),
        ("thing.table[\"a\"]", "1"),
        ("thing.table[2]", "two"),
        ("thing.table[tuple([3, 4])]", "[5]"),
        ("d.proxy(\"(1, 2)\")", "(1, 2)"),
        ("d.proxy(\"1, [2]\")[1]", "[2]"),
        ("d.proxy(\"{'from': 1}\")[\"from\"]", "1"),
        ("d.proxy(\"lambda x: x * 2  # twice\").call(4)", "8"),
    ]);
}

#[test]
fn literals_come_as_values_and_the_rest_on_request() {
    table(&[
        ("d.proxy(\"1 + 1\")", "2"),
        ("type_of(d.proxy(\"'a'\"))", "string"),
        ("d.proxy(\"None\") == ()", "true"),
        // A global keeps its name, whatever it is.
        ("type_of(d.proxy(\"answer\"))", "proxy"),
        ("d.proxy(\"answer\").fetch()", "42"),
        ("d.proxy(\"answer\") == 42", "true"),
        ("type_of(numbers.fetch())", "array"),
        ("thing.inner.numbers.fetch()", "[1, 2, 3]"),
        ("caught(|| thing.fetch())", "NotLiteralError: the result is not a literal: Thing()"),
        ("numbers.len()", "4"),
        ("len(thing.table)", "3"),
        ("`${thing}`", "a thing"),
        ("thing.repr()", "Thing()"),
        ("[thing]", "[<proxy Thing()>]"),
        ("hash(thing)", "77"),
    ]);
}

#[test]
fn attributes_and_items_are_set_and_deleted() {
    script(
        r#"
        thing.name = "other"; print(d.exec("thing.name"));
        thing.inner.depth = 3; print(d.exec("thing.inner.depth"));
        thing.inner.depth += 4; print(thing.inner.depth);
        thing.fresh = [1, #{ deep: 2 }]; print(thing.fresh);
        thing.setattr("class", 1); print(thing.getattr("class"));
        thing.delattr("fresh"); print(caught(|| thing.fresh));
        numbers[0] = 11; numbers[-1] += 1; print(numbers);
        numbers[1..3] = [1]; print(numbers);
        numbers.delitem(0); print(numbers);
        numbers.delitem(0..1); print(numbers);
        thing.table["b"] = (); thing.inner.numbers[0] = 9; print(thing.inner.numbers);
        thing.table.delitem("b"); print("b" in thing.table);
        // What has no setter is not written back.
        thing.fixed.append(1); thing.fixed[0] = 1; print(thing.fixed);
        // But what was kept is assigned.
        let kept = []; kept.push(thing.inner); thing.inner = 5; thing.inner = kept.pop(); print(thing.inner.depth);
        const fixed = d.proxy("thing"); fixed.inner.depth = 8; fixed.name = "n"; print(fixed.inner.depth);
        "#,
        &[
            "other",
            "3",
            "7",
            "[1, {'deep': 2}]",
            "1",
            "DeviceException: AttributeError: 'Thing' object has no attribute 'fresh'",
            "[11, 20, 30, 41]",
            "[11, 1, 41]",
            "[1, 41]",
            "[41]",
            "[9, 2, 3]",
            "false",
            "[0]",
            "7",
            "8",
        ],
    );
}

#[test]
fn methods_and_objects_are_called() {
    table(&[
        ("thing.add(1)", "11"),
        ("thing.add(1, 2)", "3"),
        ("thing.add(1, kw(#{ b: 5 }))", "6"),
        ("thing.value(kw(#{ z: 1, y: 2 }))", "((), ['y', 'z'])"),
        ("thing.value(numbers, [numbers[0]])[0]", "([10, 20, 30, 40], [10])"),
        ("d.proxy(\"Thing\").call().name", "thing"),
        ("d.proxy(\"len\").call(numbers)", "4"),
        ("thing.getattr(\"add\").call(2, kw(#{ b: 2 }))", "4"),
        ("thing.inner.numbers.pop()", "3"),
    ]);
}

#[test]
fn objects_are_compared_and_searched() {
    table(&[
        ("numbers == [10, 20, 30, 40]", "true"),
        ("numbers != [10]", "true"),
        ("[10, 20, 30, 40] == numbers", "true"),
        ("numbers < [11]", "true"),
        ("[11] < numbers", "false"),
        ("numbers >= numbers", "true"),
        ("numbers == d.proxy(\"list(numbers)\")", "true"),
        ("thing == thing.inner", "false"),
        ("thing == ()", "false"),
        ("() != thing", "true"),
        ("20 in numbers", "true"),
        ("21 in numbers", "false"),
        ("\"a\" in thing.table", "true"),
        ("caught(|| 1 in thing)", "DeviceException: TypeError: 'Thing' object isn't iterable"),
    ]);
}

#[test]
fn objects_are_iterated() {
    script(
        r#"
        let sum = 0; for number in numbers { sum += number; } print(sum);
        for key in d.proxy("{'only': 1}") { print(key); }
        for part in d.proxy("[1, (2, 3), 'x']") { print(part); }
        for pair in d.proxy("[(i, 'x' * i) for i in range(70)]") { if pair[0] >= 69 { print(pair[1].len()); } }
        let many = 0; for number in d.proxy("range(1000)") { many += 1; } print(many);
        // What runs code is asked for one item at a time, and no further than the loop goes.
        for number in d.proxy("count(9)") { if number == 2 { break; } }
        print(d.exec("log"));
        print(caught(|| { for x in thing { print(x); } }));
        print(caught(|| { for x in d.proxy("(1 // (1 - i) for i in range(3))") { print(x); } }));
        "#,
        &[
            "100",
            "only",
            "1",
            "(2, 3)",
            "x",
            "69",
            "1000",
            "[0, 1, 2]",
            "DeviceException: TypeError: 'Thing' object isn't iterable",
            "1",
            "DeviceException: ZeroDivisionError: divide by zero",
        ],
    );
}

#[test]
fn exceptions_begin_with_their_class() {
    table(&[
        ("caught(|| thing.missing)", "DeviceException: AttributeError: 'Thing' object has no attribute 'missing'"),
        ("caught(|| thing.table[\"zz\"])", "DeviceException: KeyError: zz"),
        ("caught(|| numbers[9])", "DeviceException: IndexError: list index out of range"),
        ("caught(|| thing.fail(d.proxy(\"ValueError\")))", "DeviceException: ValueError: on purpose"),
        ("caught(|| thing.call())", "DeviceException: TypeError: 'Thing' object isn't callable"),
        ("caught(|| d.proxy(\"unknown\"))", "DeviceException: NameError: name 'unknown' isn't defined"),
        ("caught(|| d.proxy(\"import unknown\"))", "DeviceException: ImportError: no module named 'unknown'"),
        ("caught(|| d.proxy(\"x = 1\"))", "ArgumentError: `proxy` needs an expression or an import"),
        ("caught(|| d.proxy(\"from m import *\"))", "ArgumentError: `import *` does not name what it imports"),
        ("caught(|| d.proxy(\"thing\", #{ delte: true }))", "ArgumentError: `proxy` has no option `delte`"),
        (
            "caught(|| numbers.append(|| 1))",
            "ArgumentError: argument 1 of `append` is a function, which cannot be sent",
        ),
        ("caught(|| numbers.append(d))", "ArgumentError: argument 1 of `append` is a device, which cannot be sent"),
    ]);
}

#[test]
fn objects_are_arguments_keys_and_indexes() {
    script(
        r#"
        print(d.total(numbers));
        print(d.total(numbers, #{ n: [numbers[0]] }));
        print(d.total([numbers[0], 5], kw(#{ more: #{ n: thing.inner.numbers } })));
        numbers.append(thing.inner); print(numbers[4] == thing.inner);
        let by_object = d.proxy("{}"); by_object[thing] = "found"; print(by_object[thing]); print(thing in by_object);
        print(numbers[d.proxy("answer - 41")]);
        thing.inner = numbers; print(thing.inner == numbers);
        d.keep(numbers); print(d.exec("kept is numbers"));
        // The argument lives as long as the generator needs it.
        let seen = []; for x in d.each(d.proxy("[7, 8]")) { seen.push(x); } print(seen);
        // What lives in one session only is not restored in the next.
        print(d.history.filter(|command| command.contains("kept")).len());
        let other = Device.open("sim:other");
        other.task("def f(v):\n    return v");
        print(caught(|| other.f(#{ deep: [thing] })));
        print(caught(|| other.proxy("print").call(thing)));
        print(other.proxy("[1]") == thing);
        "#,
        &[
            "100",
            "110",
            "16",
            "true",
            "found",
            "true",
            "20",
            "true",
            "true",
            "[7, 8]",
            "0",
            "ArgumentError: argument `v` of `f` is an object on `Board`",
            "ArgumentError: argument 1 of the object is an object on `Board`",
            "false",
        ],
    );
}

#[test]
fn the_board_forgets_what_the_script_has_forgotten() {
    script(
        r#"
        print(kept(d) == 0);
        let list = d.proxy("[1, [2]]"); let copy = list;
        print(kept(d));
        list = (); print(kept(d));
        copy = (); print(kept(d));
        for i in 0..20 { thing.inner.numbers.append(i); } print(kept(d));
        for part in d.proxy("[[i] for i in range(100)]") { if part[0] == 50 { break; } } print(kept(d));
        let all = []; for part in d.proxy("[[i] for i in range(100)]") { all.push(part); } print(kept(d));
        all = []; print(kept(d));
        // Neither a failure nor a command that does not compile keeps anything.
        print(caught(|| d.proxy("[1]").append()) != ""); print(kept(d));
        d.proxy("[1]"); caught(|| d.proxy("1 +")); print(kept(d));
        d.proxy("[1]", #{ delete: false }); print(kept(d));
        // Globals stay by default.
        { let global = d.proxy("answer"); } print(d.exec("answer"));
        { let math = d.proxy("import math"); print(math.floor(1.5)); } print(d.exec("math.floor(2.5)"));
        { let names = d.proxy("from math import sin, cos as c"); print(names.len()); print(names[1].call(0)); }
        { let answer = d.proxy("answer", #{ delete: true }); } print(caught(|| d.exec("answer")));
        { let module = d.proxy("import gc", #{ delete: true }); } print(d.exec("'gc' in globals()"));
        "#,
        &[
            "true",
            "1",
            "1",
            "0",
            "0",
            "0",
            "100",
            "0",
            "true",
            "0",
            "0",
            "1",
            "42",
            "1",
            "2",
            "2",
            "1.0",
            "DeviceException: NameError: name 'answer' isn't defined",
            "false",
        ],
    );
}

/// Counts the replies of the board: each exchange has one.
#[test]
fn one_operation_is_one_exchange() {
    let count = r#"
        d.exec(`
            def counting(reply):
                def counted(v, k='R'):
                    counts[0] += 1
                    reply(v, k)
                return counted
        `);
        d.exec("counts = [0]; __belay = counting(__belay)");
        // Reading the counter is an exchange as well.
        fn cost(d, f) { let before = d.exec("counts[0]"); f.call(); d.exec("counts[0]") - before - 1 }
        let inner = thing.inner; let n = 0;
    "#;
    let cases = [
        ("thing.name", 1),
        ("thing.inner", 1),
        ("thing.name = \"x\"", 1),
        ("inner.depth += 1", 2),
        ("numbers[1]", 1),
        ("numbers[1] = 5", 1),
        ("numbers[1..2]", 1),
        ("numbers.delitem(0)", 1),
        ("thing.add(1)", 1),
        ("thing.value(numbers)", 1),
        ("inner.numbers[0]", 2),
        ("thing.inner.numbers.append(1)", 3),
        ("len(numbers)", 1),
        ("20 in numbers", 1),
        ("numbers == [1]", 1),
        ("thing.to_string()", 1),
        ("thing.repr()", 1),
        ("hash(thing)", 1),
        ("numbers.fetch()", 1),
        ("d.proxy(\"[1]\")", 1),
        ("d.proxy(\"thing\")", 1),
        ("d.proxy(\"import math\")", 1),
        ("d.total(numbers)", 1),
        ("{ for x in numbers { n += x; } }", 1),
        ("{ for x in d.proxy(\"range(100)\") { n += x; } }", 5),
    ];
    let text: String = cases.iter().map(|(code, _)| format!("print(cost(d, || {{ {code}; }}));\n")).collect();
    let expected: Vec<String> = cases.iter().map(|(_, exchanges)| exchanges.to_string()).collect();
    script(&format!("{count}{text}"), &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn objects_end_with_the_life_of_their_board() {
    script(
        r#"
        let list = d.proxy("[1]");
        d.reconnect();
        print(caught(|| list[0]));
        print(caught(|| d.total(list)));
        print(caught(|| thing.name));
        print(d.proxy("numbers")[0]);
        let list = d.proxy("[2]"); print(kept(d));
        d.soft_reset();
        print(caught(|| print(list)));
        print(`${list}`);
        list = d.proxy("[3]"); print(list);
        d.close();
        print(caught(|| list[0]));
        print(caught(|| d.proxy("1")));
        let e = Device.open("sim", #{ attempts: 1 });
        let module = e.proxy("import machine"); let list = e.proxy("[4]");
        caught(|| module.reset());
        print(caught(|| list[0]));
        print(e.proxy("[5]"));
        // The import was recorded.
        print(e.exec("machine.freq() > 0"));
        "#,
        &[
            "ConnectionLost: the object is gone: the board has restarted since",
            "ConnectionLost: argument `xs` of `total` is gone: the board has restarted since",
            "ConnectionLost: the object is gone: the board has restarted since",
            "10",
            "1",
            "ConnectionLost: the object is gone: the board has restarted since",
            "<proxy: the object is gone: the board has restarted since>",
            "[3]",
            "ClosedError: the device is closed",
            "ClosedError: the device is closed",
            "ConnectionLost: the object is gone: the board has restarted since",
            "[5]",
            "true",
        ],
    );
}

#[test]
fn several_threads_share_an_object() {
    script(
        r#"
        let all = parallel([
            || { for i in 0..50 { numbers.append(i); thing.inner.numbers.append(i); } numbers.len() > 50 },
            || { for i in 0..50 { numbers.append(i); thing.inner.numbers.append(i); } numbers.len() > 50 },
        ]);
        print(all); print(numbers.len()); print(thing.inner.numbers.len()); print(kept(d));
        "#,
        &["[true, true]", "104", "103", "0"],
    );
}
