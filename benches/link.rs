//! How fast calls are, beside the floor: the same exchange by a client of a few lines with nothing around it.
//!
//! `cargo bench` prints a table. Both sides talk to simulated boards of the same kind, in turn, round after round, and
//! the medians are compared; so a machine that is busy for a while slows both.

#[path = "../tests/support/items.rs"]
mod items;

use belay_script::device::class::{Class, ItemKind};
use belay_script::device::{Called, Device, Host, HostOptions, OpenOptions, Output};
use belay_script::port::{Port, Wait};
use belay_script::value::Value;
use items::item;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;
const CALLS: usize = 500;
const BLOB: usize = 100_000;

struct Quiet;

impl Output for Quiet {
    fn board(&self, _device: &str, _text: &str) {}
    fn notice(&self, text: &str) {
        eprintln!("{text}");
    }
}

fn class() -> Arc<Class> {
    let items = vec![
        item(ItemKind::Task, "add", &["a", "b"], "return a + b"),
        item(ItemKind::Task, "count", &["n"], "for i in range(n):\n    yield i"),
        item(ItemKind::Task, "size", &["data"], "return len(data)"),
        item(ItemKind::Task, "blob", &["n"], "return bytes(n)"),
    ];
    Arc::new(Class::build("Bench", "", None, items, &[]).expect("a class"))
}

fn open(host: &Host, class: &Arc<Class>) -> Device {
    host.open(class, Some("sim"), OpenOptions::default(), &mut |_, _| Ok(())).expect("a simulated board")
}

fn value(called: belay_script::Result<Called>) -> Value {
    match called.expect("a call that succeeds") {
        Called::Value(value) => value,
        Called::Generator(_) => panic!("a generator"),
    }
}

/// The floor: a raw REPL with nothing around it.
struct Floor {
    port: Box<dyn Port>,
    buffer: Vec<u8>,
}

impl Floor {
    fn open() -> Floor {
        let address = "sim".parse().expect("an address");
        let port = belay_script::port::open::open(&address, &Default::default(), &|_| {}).expect("a simulated board");
        let mut floor = Floor { port, buffer: Vec::new() };
        floor.exchange(b"\x03\x03\x01", b"raw REPL; CTRL-B to exit\r\n>");
        floor
    }

    fn exchange(&mut self, bytes: &[u8], end: &[u8]) {
        let wait = Wait::for_at_most(Duration::from_secs(30));
        self.buffer.clear();
        self.port.write(bytes, wait).expect("a write");
        while !self.buffer.ends_with(end) {
            self.port.read(&mut self.buffer, wait).expect("a read");
        }
    }

    fn run(&mut self, code: &str) {
        self.exchange(format!("{code}\x04").as_bytes(), b"\x04>");
    }

    /// Raw paste, as a board dictates it.
    fn paste(&mut self, code: &[u8]) {
        let wait = Wait::for_at_most(Duration::from_secs(30));
        self.buffer.clear();
        self.port.write(b"\x05A\x01", wait).expect("a write");
        while self.buffer.len() < 5 {
            self.port.read(&mut self.buffer, wait).expect("a read");
        }
        let window = usize::from(self.buffer[2]) + 256 * usize::from(self.buffer[3]);
        let (mut budget, mut sent) = (2 * window, 0);
        while sent < code.len() {
            let count = budget.min(code.len() - sent);
            self.port.write(&code[sent..sent + count], wait).expect("a write");
            sent += count;
            budget -= count;
            while budget == 0 {
                self.buffer.clear();
                self.port.read(&mut self.buffer, wait).expect("a read");
                budget += window * self.buffer.len();
            }
        }
        self.buffer.clear();
        self.exchange(b"\x04", b"\x04>");
    }
}

/// The medians of `ours` and `floor` over rounds in turn.
fn compare(name: &str, unit: &str, scale: f64, mut ours: impl FnMut(), mut floor: impl FnMut()) {
    let mut times = (Vec::new(), Vec::new());
    ours();
    floor();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        ours();
        times.0.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        floor();
        times.1.push(begun.elapsed().as_secs_f64());
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (ours, floor) = (median(&mut times.0), median(&mut times.1));
    println!(
        "{name:<24} {:>12.1} {unit:<8} {:>12.1} {unit:<8} {:>6.0} %",
        scale / ours,
        scale / floor,
        100.0 * floor / ours
    );
}

fn main() {
    let host = Host::new(HostOptions::new(Arc::new(Quiet)));
    let class = class();
    let device = open(&host, &class);
    let mut floor = Floor::open();
    floor.run(
        "def add(a,b):\n return a+b\ndef size(d):\n return len(d)\ndef count(n):\n for i in range(n):\n  yield i\n",
    );
    let blob = Value::Bytes((0..BLOB).map(|index| (index * 7919) as u8).collect());
    let literal = belay_script::value::write::literal(&blob).expect("a literal");
    println!("{:<24} {:>21} {:>21} {:>8}", "", "belay-script", "floor", "of floor");
    compare(
        "task calls",
        "/s",
        CALLS as f64,
        || {
            for number in 0..CALLS as i64 {
                let sum = value(device.call("add", &[Value::Int(number), Value::Int(1)], &[], None));
                assert_eq!(sum, Value::Int(number + 1));
            }
        },
        || {
            for number in 0..CALLS {
                floor.run(&format!("print(repr(add({number},1)))"));
            }
        },
    );
    compare(
        "generator items",
        "/s",
        CALLS as f64,
        || {
            let called = device.call("count", &[Value::Int(CALLS as i64)], &[], None).expect("a generator");
            let Called::Generator(mut generator) = called else { panic!("no generator") };
            let mut items = 0;
            while generator.resume(&Value::None, None).expect("an item").is_some() {
                items += 1;
            }
            assert_eq!(items, CALLS);
        },
        || {
            floor.run(&format!("g=count({CALLS})"));
            for _ in 0..CALLS {
                floor.run("print(repr(next(g)))");
            }
        },
    );
    compare(
        "100 KB returned",
        "KB/s",
        BLOB as f64 / 1000.0,
        || {
            let bytes = value(device.call("blob", &[Value::Int(BLOB as i64)], &[], None));
            assert_eq!(bytes, Value::Bytes(vec![0; BLOB]));
        },
        || floor.run(&format!("print(repr(bytes({BLOB})))")),
    );
    compare(
        "100 KB sent",
        "KB/s",
        BLOB as f64 / 1000.0,
        || assert_eq!(value(device.call("size", std::slice::from_ref(&blob), &[], None)), Value::Int(BLOB as i64)),
        || floor.paste(format!("print(repr(size({literal})))").as_bytes()),
    );
    compare(
        "connect",
        "/s",
        1.0,
        || open(&host, &class).close().expect("a device that closes"),
        || drop(Floor::open()),
    );
    device.close().expect("a device that closes");
}
