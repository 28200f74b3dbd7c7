//! Calls without compiling: what passes on the wire, and that nothing else about calls changes.

use super::{Bench, item};

use belay_script::Kind;
use belay_script::device::OpenOptions;
use belay_script::device::class::ItemKind::{Task, Thread};
use belay_script::device::class::{Class, Item, ItemKind};
use belay_script::device::profile::Profile;
use belay_script::device::{Called, Device, Host, HostOptions};
use belay_script::port::meter::Traffic;
use belay_script::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// More calls than come before the loop is loaded.
const WARM: i64 = 12;

fn same() -> Item {
    item(Task, "same x", &[], "return x")
}

/// Calls until the board waits in its loop.
fn settle(bench: &Bench) {
    for number in 0..WARM {
        assert_eq!(bench.call("same", &[Value::Int(number)]).unwrap(), Value::Int(number));
    }
}

#[test]
fn a_call_is_a_few_bytes_and_one_exchange() {
    let profile = Profile::default();
    let class = Class::build("Bench", "", None, vec![item(Task, "f x", &[], "return x * 2")], &[]).unwrap();
    let traffic = |resident: bool| -> Traffic {
        let host = Host::new(HostOptions { profile: Some(profile.clone()), resident, ..HostOptions::default() });
        let name = Some(resident.to_string());
        let options = OpenOptions { startup: Some(String::new()), name: name.clone(), ..OpenOptions::default() };
        let device = host.open(&Arc::new(class.clone()), Some("sim"), options, &mut |_, _| Ok(())).unwrap();
        let call = |device: &Device| {
            let called = device.call("f", &[Value::Int(5)], &[], None).unwrap();
            assert!(matches!(called, Called::Value(Value::Int(10))));
        };
        let of_task =
            || profile.rows().into_iter().find(|row| row.item == "task `f`" && Some(&row.device) == name.as_ref());
        (0..WARM).for_each(|_| call(&device));
        let before = of_task().expect("a row").traffic;
        (0..10).for_each(|_| call(&device));
        of_task().expect("a row").traffic.since(before)
    };
    let by_loop = traffic(true);
    assert_eq!((by_loop.written, by_loop.exchanges), (80, 10));
    // The checksum has up to four digits.
    assert!((130..=160).contains(&by_loop.read), "{by_loop:?}");
    assert_eq!(traffic(false).written, 140);
}

#[test]
fn every_value_arrives_as_it_does_by_code() {
    let bench = Bench::open(vec![same(), item(Task, "kind x", &[], "return str(type(x))")], OpenOptions::default());
    settle(&bench);
    let text = |text: &str| Value::Str(text.to_owned());
    let values = [
        Value::None,
        Value::Bool(true),
        Value::Bool(false),
        Value::Int(i64::MIN),
        Value::Int(i64::MAX),
        Value::Float(0.1),
        Value::Float(-0.0),
        Value::Float(5e-324),
        Value::Float(f64::MAX),
        Value::Float(f64::INFINITY),
        text(""),
        text("a|b"),
        text("it's \"so\"\\ % {}"),
        text("\u{0}\u{3}\u{4}\r\n\u{1e}\u{7f}"),
        text("caf\u{e9} \u{1f600}"),
        text(&"x".repeat(500)),
        Value::Bytes((0..=255).collect()),
        Value::Bytes(vec![3, 4, 10, 13]),
        Value::Bytes(Vec::new()),
        Value::List(vec![Value::Int(1), text("x")]),
        Value::Tuple(vec![Value::None]),
        "123456789012345678901234567890".parse().map(Value::BigInt).unwrap(),
    ];
    for value in &values {
        // Twice, so that it goes by the loop whatever came before.
        for _ in 0..2 {
            assert_eq!(&bench.call("same", std::slice::from_ref(value)).unwrap(), value);
        }
    }
    let Value::Float(zero) = bench.call("same", &[Value::Float(-0.0)]).unwrap() else { panic!("a float") };
    assert!(zero.is_sign_negative());
    let Value::Float(nan) = bench.call("same", &[Value::Float(f64::NAN)]).unwrap() else { panic!("a float") };
    assert!(nan.is_nan());
    for (value, kind) in [(Value::Int(1), "<class 'int'>"), (Value::Float(1.0), "<class 'float'>")] {
        for _ in 0..2 {
            assert_eq!(bench.call("kind", std::slice::from_ref(&value)).unwrap(), text(kind));
        }
    }
}

/// Helpers are loaded after the tasks.
#[test]
fn tasks_may_have_the_names_of_built_ins() {
    const TAKEN: &[&str] = &[
        "len x",
        "min x",
        "max x",
        "set x",
        "map x",
        "type x",
        "str x",
        "int x",
        "float x",
        "bytes x",
        "iter x",
        "next x",
        "sum x",
        "range x",
        "open x",
        "getattr x",
        "hasattr x",
        "isinstance x",
        "tuple x",
        "list x",
        "repr x",
        "bool x",
        "chr x",
        "ord x",
    ];
    let mut items: Vec<Item> =
        TAKEN.iter().map(|name| item(Task, name, &[], "raise ValueError('not this one')")).collect();
    items.extend([
        same(),
        item(Task, "many n", &[], "return [3] * n"),
        item(Task, "text n", &[], "return 'ab\\r\\n' * n"),
    ]);
    let bench = Bench::open(items, OpenOptions::default());
    settle(&bench);
    let large = [
        Value::Str("x".repeat(5000)),
        Value::Bytes(vec![7; 5000]),
        Value::List((0..5000).map(Value::Int).collect()),
        Value::List(vec![Value::Float(0.5); 3000]),
    ];
    for value in large.iter().chain(&large) {
        assert_eq!(bench.call("same", std::slice::from_ref(value)).unwrap(), *value);
    }
    for _ in 0..2 {
        assert_eq!(bench.call("many", &[Value::Int(3000)]).unwrap(), Value::List(vec![Value::Int(3); 3000]));
        assert_eq!(bench.call("text", &[Value::Int(3000)]).unwrap(), Value::Str("ab\r\n".repeat(3000)));
    }
    for value in [Value::Str("abc".to_owned()), Value::Float(1.5), Value::None, Value::Bytes(vec![0; 200])] {
        assert_eq!(bench.call("same", std::slice::from_ref(&value)).unwrap(), value);
    }
    settle(&bench);
}

#[test]
fn everything_else_works_between_calls() {
    let items = vec![
        same(),
        item(Task, "say x", &[], "print('said', x)\nreturn x"),
        item(Task, "fail x", &[], "print('failing')\nraise ValueError('no %s' % x)"),
        item(Task, "hang sleeps", &[], "import time\nwhile True:\n    if sleeps: time.sleep(1)"),
        item(Task, "read", &[], "return input()"),
        item(Task, "deep n", &[], "return 0 if n == 0 else 1 + deep(n - 1)"),
        item(Task, "full", &[], "return len(bytearray(1 << 40))"),
        item(Task, "count n", &[], "for i in range(n):\n    yield i"),
        item(Task, "leave", &[], "global same\nold = same\ndef same(x): return old(x) + 100\nreturn 'changed'"),
    ];
    let options = OpenOptions { timeout: Some(Duration::from_secs(1)), ..OpenOptions::default() };
    let bench = Bench::open(items, options);
    let kind = |name: &str, args: &[Value]| bench.call(name, args).unwrap_err().kind();
    settle(&bench);
    bench.printed.take();
    for _ in 0..3 {
        assert_eq!(bench.call("say", &[Value::Int(4)]).unwrap(), Value::Int(4));
        assert_eq!(bench.printed.take(), "said 4\r\n".replace('\r', ""));
    }
    for round in 0..2 {
        let error = bench.call("fail", &[Value::Str("way".to_owned())]).unwrap_err();
        assert!(error.message().contains("no way"), "{error:?}");
        let frames = error.traceback().unwrap_or_default();
        assert!(!frames.contains("__belay"), "{frames}");
        assert_eq!(bench.printed.take(), "failing\n");
        settle(&bench);
        assert_eq!(kind("hang", &[Value::Int(round)]), Kind::TimeoutError);
        settle(&bench);
        assert_eq!(kind("read", &[]), Kind::TimeoutError);
        settle(&bench);
        assert!(bench.call("deep", &[Value::Int(100_000)]).unwrap_err().is_raised("RuntimeError"));
        settle(&bench);
        assert!(matches!(kind("full", &[]), Kind::DeviceException), "{round}");
        settle(&bench);
        assert!(bench.call("same", &[]).is_err());
        assert_eq!(bench.exec("1 + 1").unwrap(), Value::Int(2));
        settle(&bench);
        let mut items = bench.generator_of("count", &[Value::Int(2)]);
        assert_eq!(items.resume(&Value::None, None).unwrap(), Some(Value::Int(0)));
        settle(&bench);
        assert_eq!(items.resume(&Value::None, None).unwrap(), Some(Value::Int(1)));
    }
    assert_eq!(bench.printed.take(), "");
    // The name counts, as in code.
    bench.device.declare(ItemKind::Task, "def same(x): return x + 1", &[], None).unwrap();
    for _ in 0..3 {
        assert_eq!(bench.call("same", &[Value::Int(1)]).unwrap(), Value::Int(2));
    }
    bench.device.soft_reset().unwrap();
    assert_eq!(bench.call("same", &[Value::Int(1)]).unwrap(), Value::Int(2));
}

#[test]
fn a_thread_runs_and_prints_while_the_loop_waits() {
    let chatter = "
import time
odd = ('', '\\x04', '\\x04\\x04>', 'OK', '\\x1e', 'R\\x01', '\\x01', '\\n>>> ')
global words, finished
while not enough:
    print(odd[words % len(odd)], '(%d)' % words, end='')
    words += 1
    time.sleep_ms(1)
finished = True
";
    let bench = Bench::open(vec![same(), item(Thread, "chatter", &[], chatter)], OpenOptions::default());
    bench.exec("finished = enough = False\nwords = 0").unwrap();
    settle(&bench);
    bench.call("chatter", &[]).unwrap();
    for _ in 0..10 {
        settle(&bench);
    }
    bench.exec("enough = True").unwrap();
    while bench.exec("finished").unwrap() == Value::Bool(false) {}
    let Value::Int(count) = bench.exec("words").unwrap() else { panic!("a number") };
    bench.device.close().unwrap();
    let printed = bench.printed.take();
    let mut rest = printed.as_str();
    for number in 0..count {
        let word = format!("({number})");
        // A `>` of the thread cannot always be told from the board's.
        let at = rest.find(&word).unwrap_or_else(|| panic!("{word} is missing in {rest:.200}"));
        rest = &rest[at + word.len()..];
    }
}

/// A board with less than 64 KB of free memory.
fn small(items: Vec<Item>) -> Bench {
    let board = belay_script::port::sim::SimOptions { heap: Some(60 << 10), ..Default::default() };
    Bench::with(board, items, OpenOptions::default())
}

#[test]
fn small_boards_have_a_loop_of_their_own() {
    let say = item(Task, "say x", &[], "print('said', x)\nreturn x // 2");
    let fails = item(Task, "fails x", &[], "return 1 // x");
    let kind = item(Task, "kind x", &[], "return [None, True, False, 0.1, -7, 'a b', b'1', (1, 2), 1 << 80][x]");
    let bench = small(vec![same(), say, fails, kind]);
    settle(&bench);
    assert_eq!(bench.exec("'__belay_r' in globals()").unwrap(), Value::Bool(true));
    settle(&bench);
    let values: Vec<Value> = (0..9).map(|n| bench.call("kind", &[Value::Int(n)]).unwrap()).collect();
    assert_eq!(Value::List(values), bench.exec("[None, True, False, 0.1, -7, 'a b', b'1', (1, 2), 1 << 80]").unwrap());
    for _ in 0..3 {
        settle(&bench);
        for number in [i64::MIN, -1, 0, i64::MAX] {
            assert_eq!(bench.call("same", &[Value::Int(number)]).unwrap(), Value::Int(number));
        }
        bench.printed.take();
        assert_eq!(bench.call("say", &[Value::Int(7)]).unwrap(), Value::Int(3));
        assert_eq!(bench.printed.take(), "said 7\n");
        assert!(bench.call("fails", &[Value::Int(0)]).unwrap_err().is_raised("ZeroDivisionError"));
        assert_eq!(bench.call("fails", &[Value::Int(1)]).unwrap(), Value::Int(1));
        // A value that is not an integer goes as code.
        assert_eq!(bench.call("same", &[Value::Str("x".to_owned())]).unwrap(), Value::Str("x".to_owned()));
    }
    // The name counts, not the function.
    settle(&bench);
    bench.exec("old = same\ndef same(x): return -x").unwrap();
    for number in 0..WARM {
        assert_eq!(bench.call("same", &[Value::Int(number)]).unwrap(), Value::Int(-number));
    }
    bench.device.soft_reset().unwrap();
    settle(&bench);
    bench.device.close().unwrap();
}

#[test]
fn a_board_without_memory_to_spare_gets_no_loop() {
    let bench = small(vec![same()]);
    bench.exec("import gc\nkept = ()\ngc.collect()\nwhile gc.mem_free() > 5000: kept = kept, bytearray(64)").unwrap();
    settle(&bench);
    settle(&bench);
    assert_eq!(bench.exec("'__belay_r' in globals()").unwrap(), Value::Bool(false));
}
