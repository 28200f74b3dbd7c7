//! `stream = true`: items that the board pushes.

use crate::board::Printed;
use crate::items::item;
use belay_script::device::class::{Class, Item, ItemKind};
use belay_script::device::{Called, Device, Generator, Host, HostOptions, OpenOptions};
use belay_script::value::Value;
use belay_script::{Error, Kind};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn stream(name: &str, params: &[&str], body: &str) -> Item {
    let mut item = item(ItemKind::Task, name, params, body);
    item.options.stream = true;
    item
}

struct Bench {
    device: Device,
    host: Host,
    printed: Arc<Printed>,
}

impl Bench {
    fn open(port: &str) -> Bench {
        let mut stuck = stream("stuck", &[], "yield 1\nyield 2\nimport time\ntime.sleep(5)");
        stuck.options.timeout = Some(Duration::from_millis(300));
        let items = vec![
            stream(
                "count",
                &["n"],
                "global made\nmade = 0\ntry:\n    for i in range(n):\n        made += 1\n        yield i\nfinally:\n    print('closed')",
            ),
            stream("failing", &["n"], "for i in range(n):\n    yield i\nraise ValueError('after %d' % n)"),
            stream("odd", &[], "yield 1\nyield object\nyield 3"),
            stream("loud", &[], "for i in range(5):\n    print('made', i)\n    yield i"),
            stream("slow", &[], "import time\nwhile True:\n    time.sleep(0.1)\n    yield 7"),
            stream(
                "mixed",
                &[],
                "yield 'a;b:\\u00e9\\n'\nyield bytes(range(256))\nyield [1, {'k': None}]\nyield memoryview(b'xy')\nyield 'x' * 3000",
            ),
            stuck,
            item(ItemKind::Task, "made_so_far", &[], "return made"),
            item(ItemKind::Task, "add", &["a", "b"], "return a + b"),
        ];
        let class = Arc::new(Class::build("Bench", "", None, items, &[]).expect("a class"));
        let printed = Arc::new(Printed::default());
        let host = Host::new(HostOptions::new(printed.clone()));
        let device = host.open(&class, Some(port), OpenOptions::default(), &mut |_, _| Ok(())).expect("a board");
        Bench { device, host, printed }
    }

    fn start(&self, task: &str, args: &[Value]) -> Generator {
        match self.device.call(task, args, &[], None) {
            Ok(Called::Generator(items)) => items,
            _ => panic!("no generator"),
        }
    }

    fn call(&self, task: &str, args: &[Value]) -> Value {
        match self.device.call(task, args, &[], None) {
            Ok(Called::Value(value)) => value,
            other => panic!("{:?}", other.err()),
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.host.close_all();
    }
}

fn next(items: &mut Generator) -> Result<Option<Value>, Error> {
    items.resume(&Value::None, None)
}

/// All items, and the error after them.
fn all(items: &mut Generator) -> (Vec<Value>, Option<Error>) {
    let mut got = Vec::new();
    loop {
        match next(items) {
            Ok(Some(item)) => got.push(item),
            Ok(None) => return (got, None),
            Err(error) => return (got, Some(error)),
        }
    }
}

fn numbers(count: i64) -> Vec<Value> {
    (0..count).map(Value::Int).collect()
}

#[test]
fn items_come_in_order_beside_output() {
    for port in ["sim", "sim:?crlf=off"] {
        let bench = Bench::open(port);
        let (got, error) = all(&mut bench.start("count", &[Value::Int(2000)]));
        assert!(error.is_none() && got == numbers(2000), "{error:?}, {}", got.len());
        let (got, error) = all(&mut bench.start("loud", &[]));
        assert!(error.is_none() && got == numbers(5), "{error:?}, {got:?}");
        assert_eq!(bench.printed.take(), "closed\nmade 0\nmade 1\nmade 2\nmade 3\nmade 4\n");
        let (got, error) = all(&mut bench.start("mixed", &[]));
        let list = vec![Value::Int(1), Value::Dict(vec![(Value::Str("k".to_owned()), Value::None)])];
        let expected = [
            Value::Str("a;b:\u{e9}\n".to_owned()),
            Value::Bytes((0..=255).collect()),
            Value::List(list),
            Value::Bytes(b"xy".to_vec()),
            Value::Str("x".repeat(3000)),
        ];
        assert!(error.is_none() && got == expected, "{error:?}, {got:?}");
        assert_eq!(all(&mut bench.start("count", &[Value::Int(0)])).0, []);
    }
}

#[test]
fn other_calls_stop_a_stream_and_lose_none_of_its_items() {
    let bench = Bench::open("sim");
    let mut items = bench.start("count", &[Value::Int(300)]);
    let mut others = bench.start("count", &[Value::Int(20_000)]);
    let mut got = Vec::new();
    for turn in 0..300 {
        got.extend(next(&mut items).unwrap());
        if turn % 100 == 7 {
            assert_eq!(bench.call("add", &[Value::Int(turn), Value::Int(1)]), Value::Int(turn + 1));
        }
        if turn % 50 == 9 {
            assert_eq!(next(&mut others).unwrap(), Some(Value::Int(turn / 50)));
        }
    }
    assert_eq!(got, numbers(300));
    assert_eq!(next(&mut items).unwrap(), None);
    assert_eq!(bench.printed.take(), "closed\n");
}

#[test]
fn leaving_early_closes_the_generator() {
    let bench = Bench::open("sim");
    let mut items = bench.start("count", &[Value::Int(100_000)]);
    next(&mut items).unwrap();
    drop(items);
    assert_eq!(bench.printed.take(), "closed\n");
    let Value::Int(made) = bench.call("made_so_far", &[]) else { panic!("no number") };
    assert!(made < 1000, "{made} items were made for one");
    let mut items = bench.start("count", &[Value::Int(100_000)]);
    next(&mut items).unwrap();
    items.close().unwrap();
    assert_eq!(next(&mut items).unwrap(), None);
    assert_eq!(bench.printed.take(), "closed\n");
    // The device is closed while a stream is open.
    let mut items = bench.start("count", &[Value::Int(100_000)]);
    next(&mut items).unwrap();
    bench.device.close().unwrap();
    assert_eq!(all(&mut items).1.map(|error| error.kind()), Some(Kind::ClosedError));
}

#[test]
fn errors_come_in_their_place() {
    let bench = Bench::open("sim");
    let (got, error) = all(&mut bench.start("failing", &[Value::Int(130)]));
    let error = error.expect("an error");
    assert_eq!((got, error.message()), (numbers(130), "ValueError: after 130"));
    assert_eq!(error.origins().first().map(|origin| origin.line), Some(3), "{error:?}");
    let (got, error) = all(&mut bench.start("odd", &[]));
    assert_eq!((got, error.map(|error| error.kind())), (vec![Value::Int(1)], Some(Kind::NotLiteralError)));
    let begun = Instant::now();
    let (got, error) = all(&mut bench.start("stuck", &[]));
    assert_eq!((got, error.map(|error| error.kind())), (numbers(3)[1..].to_vec(), Some(Kind::TimeoutError)));
    assert!(begun.elapsed() < Duration::from_secs(4));
    let error = bench.start("count", &[Value::Int(1)]).resume(&Value::Int(1), None).unwrap_err();
    assert_eq!(error.message(), "nothing can be sent to `count`, which runs ahead with `stream`");
    assert_eq!(bench.call("add", &[Value::Int(1), Value::Int(2)]), Value::Int(3));
}

/// A call in between waits for the item that the board computes, and not for more.
#[test]
fn slow_items_come_at_once() {
    let bench = Bench::open("sim");
    let mut items = bench.start("slow", &[]);
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(next(&mut items).unwrap(), Some(Value::Int(7)));
    }
    assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert_eq!(bench.call("add", &[Value::Int(1), Value::Int(2)]), Value::Int(3));
    assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    assert_eq!(next(&mut items).unwrap(), Some(Value::Int(7)));
}
