//! A soak: many calls over many boards at once while their links fail now and then. Nothing is lost, nothing is wrong, and
//! memory stays flat.

use crate::alone::alone;
use crate::extent;
use crate::faulty_port::{Fault, Link};
use crate::items::item;
use belay_script::Kind;
use belay_script::device::class::{Class, ItemKind};
use belay_script::device::{Called, Device, Host, HostOptions, OpenOptions, Output};
use belay_script::port::sim::SimOptions;
use belay_script::value::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const BOARDS: usize = 8;
const CALLS: usize = 20_000;
/// One fault per this number of calls.
const FAULTS: u64 = 30;
const SEED: u64 = 20_261_122;

struct Count(AtomicUsize);

impl Output for Count {
    fn board(&self, _device: &str, text: &str) {
        self.0.fetch_add(text.len(), Ordering::Relaxed);
    }

    fn notice(&self, _text: &str) {}
}

/// Numbers that are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn class() -> Arc<Class> {
    let items = vec![
        item(ItemKind::Setup, "begin", &[], "calls = 0"),
        item(ItemKind::Task, "next", &["n"], "global calls\ncalls += 1\nreturn n + 1"),
        item(ItemKind::Task, "text", &["n"], "print('text')\nreturn 'x' * n"),
    ];
    Arc::new(Class::build("Soak", "", None, items, &[]).expect("a class"))
}

fn fault(numbers: &mut Numbers) -> Fault {
    let place = numbers.below(40) as usize;
    match numbers.below(40) {
        0 => Fault::Unplug(place),
        1 => Fault::UnplugInWrite(place),
        2 => Fault::Reboot(place),
        3..=9 => Fault::Drop(place, 1 + numbers.below(3) as usize),
        10..=19 => Fault::Trickle,
        20..=24 => Fault::Garbage(place, b"\x04\x04>".to_vec()),
        25..=29 => Fault::Garbage(place, b"\x1e\xff\x04a\n".to_vec()),
        _ => Fault::Garbage(place, b"tick\r\n".to_vec()),
    }
}

/// How calls ended.
#[derive(Default, Debug)]
struct Tally {
    right: usize,
    failed: usize,
}

fn call(device: &Device, name: &str, n: i64) -> belay_script::Result<Value> {
    match device.call(name, &[Value::Int(n)], &[], None)? {
        Called::Value(value) => Ok(value),
        Called::Generator(_) => panic!("no generator"),
    }
}

fn one_board(host: &Host, class: &Arc<Class>, seed: u64, calls: usize, crlf: bool) -> Tally {
    let mut numbers = Numbers(seed);
    let link = Link::to(SimOptions { crlf, ..SimOptions::default() });
    let options = OpenOptions {
        timeout: Some(Duration::from_secs(10)),
        startup: Some(String::new()),
        auto_sync_time: false,
        ..OpenOptions::default()
    };
    let device = host.open_over(class, "faulty", link.connector(), options, &mut |_, _| Ok(())).expect("a board");
    device.call("begin", &[], &[], None).expect("a setup");
    let mut tally = Tally::default();
    // A board that restarts after its reply tells so at the next call.
    let mut hit_before = false;
    for number in 0..calls as i64 {
        let hit = numbers.below(FAULTS) == 0;
        if hit {
            link.arm(fault(&mut numbers));
        }
        let long = numbers.below(50) == 0;
        let outcome = if long { call(&device, "text", 300) } else { call(&device, "next", number) };
        match outcome {
            Ok(Value::Int(next)) if !long && next == number + 1 => tally.right += 1,
            Ok(Value::Str(text)) if long && text == "x".repeat(300) => tally.right += 1,
            Ok(other) => panic!("board of seed {seed}, call {number}: {other:?}"),
            Err(error) => {
                assert!(hit || hit_before, "board of seed {seed}, call {number}: {error:?}");
                assert!(matches!(error.kind(), Kind::ConnectionLost | Kind::ProtocolError), "call {number}: {error:?}");
                tally.failed += 1;
            }
        }
        if hit {
            link.mend();
        }
        if !device.is_open() {
            device.reconnect(Some(3)).unwrap_or_else(|error| panic!("call {number}: {error:?}"));
        }
        hit_before = hit;
    }
    device.close().expect("a close");
    tally
}

/// Bytes of this process that are in memory.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the process's state");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).expect("a number") * 1024
}

#[cfg(not(target_os = "linux"))]
fn resident() -> u64 {
    0
}

/// Memory is that of the whole process.
#[test]
fn twenty_thousand_calls() {
    alone("soak::twenty_thousand_calls", soak);
}

fn soak() {
    println!("seed {SEED}");
    let all = CALLS / extent::one_of("soak");
    let output = Arc::new(Count(AtomicUsize::new(0)));
    let host = Host::new(HostOptions::new(output.clone()));
    let class = class();
    let round = |seed: u64, calls: usize, crlf: bool| {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..BOARDS as u64)
                .map(|board| {
                    let (host, class) = (&host, &class);
                    scope.spawn(move || one_board(host, class, seed + 7919 * board, calls / BOARDS, crlf))
                })
                .collect();
            let tallies = threads.into_iter().map(|thread| thread.join().expect("no panic"));
            tallies.fold(Tally::default(), |sum, one| Tally {
                right: sum.right + one.right,
                failed: sum.failed + one.failed,
            })
        })
    };
    let begun = std::time::Instant::now();
    // The first tenth brings memory to where it stays.
    let first = round(SEED, all / 10, true);
    let before = resident();
    let rest = round(SEED + 1, all - all / 10, true);
    let after = resident();
    // Boards that end lines with LF.
    let plain = round(SEED + 2, all / 20, false);
    assert_eq!(plain.right + plain.failed, all / 20);
    let (right, failed) = (first.right + rest.right, first.failed + rest.failed);
    println!(
        "{all} calls over {BOARDS} boards in {:?}: {right} right, {failed} failed, 0 wrong, 0 lost; memory {} KiB, then {} KiB",
        begun.elapsed(),
        before / 1024,
        after / 1024
    );
    assert_eq!(right + failed, all);
    assert!(failed < right / 100, "{failed} of {right}");
    assert!(after < before + 4 * 1024 * 1024, "memory grew from {before} to {after}");
    assert!(output.0.load(Ordering::Relaxed) > 0);
}
