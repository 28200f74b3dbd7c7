//! Many boards at once, each with a thread.

use super::figures::Ours;
use super::floor::Floor;
use super::measure::{Extent, Figure, Side};
use super::places::{Link, Place};
use super::results::Row;
use belay_script::device::Called;
use belay_script::port::meter::Traffic;
use belay_script::value::Value;
use std::sync::Mutex;

/// A call on each of 32 boards at once; of 4 if only the bench is checked.
pub fn row(extent: Extent) -> Row {
    let count = if extent == Extent::Full { 32 } else { 4 };
    let place = Place::new(Link::Sim).expect("a simulated board");
    let ours: Vec<Ours> = (0..count).map(|_| Ours::open(&place, true)).collect();
    let mut floors: Vec<Mutex<Floor>> = (0..count).map(|_| Mutex::new(Floor::open(&place))).collect();
    for floor in &mut floors {
        floor.get_mut().expect("no panic before").run("def same(x):\n return x");
    }
    let none = || None;
    let nothing = Traffic::default;
    let call = |ours: &Ours, times: usize| {
        for number in 0..times as i64 {
            let called = ours.device.call("same", &[Value::Int(number)], &[], None).expect("a call");
            assert!(matches!(called, Called::Value(Value::Int(value)) if value == number));
        }
    };
    let each = |times: usize| {
        std::thread::scope(|scope| {
            for ours in &ours {
                scope.spawn(move || call(ours, times));
            }
        });
    };
    let raw = |times: usize| {
        std::thread::scope(|scope| {
            for floor in &floors {
                scope.spawn(move || {
                    let mut floor = floor.lock().expect("no panic before");
                    (0..times).for_each(|number| floor.run(&format!("print(repr(same({number})))")));
                });
            }
        });
    };
    // Enough for calls that are compiled at first.
    each(20);
    let figure = Figure {
        what: format!("a call on each of {count} boards at once"),
        ours: Side { work: Box::new(each), traffic: &nothing, instructions: &none },
        raw: Some(Side { work: Box::new(raw), traffic: &nothing, instructions: &none }),
        resident: None,
        most: 100,
        each: 1,
    };
    let row = figure.measure(extent);
    for ours in ours {
        ours.device.close().expect("a device that closes");
    }
    row
}
