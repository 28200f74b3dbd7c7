//! Input rings of boards behind a UART, in real time: nothing is lost, and no value is wrong.

use super::reduced_board::{Bench, Form, RawPaste, Ring};
use super::round::{call, echoes, open, undisturbed};
use belay_script::device::OpenOptions;
use belay_script::value::Value;
use std::time::Duration;

/// A board without raw paste whose interpreter takes `drain` bytes in a millisecond out of a ring of `size`.
fn works(size: usize, drain: f64, pause: Duration) {
    let _guard = undisturbed();
    let ring = Some(Ring::new(size, drain, (512, pause)));
    let bench = Bench::new(Form { raw_paste: RawPaste::Refused, ring, ..Form::default() });
    let options = OpenOptions { startup: Some(String::new()), auto_sync_time: false, ..OpenOptions::default() };
    let (device, _) = open(&bench, options);
    // Finding out what it bears may cost some.
    let lost = bench.lost();
    for length in [1, 10, 20, 40, 60, 100, 120, 130, 240, 260, 500, 2000] {
        let text: String = (0..length).map(|n| char::from(b'a' + (n * 7 % 26) as u8)).collect();
        echoes(&device, &Value::Str(text));
    }
    call(&device, "begin", &[Value::Int(3)]).expect("a setup");
    assert_eq!(bench.lost(), lost, "ring {size}, {drain} bytes in a millisecond");
}

#[test]
fn rings_of_32_bytes() {
    works(32, 14.0, Duration::from_millis(1));
}

#[test]
fn rings_of_64_bytes() {
    works(64, 14.0, Duration::from_millis(3));
}

#[test]
fn rings_of_128_bytes() {
    works(128, 14.0, Duration::from_millis(8));
}

#[test]
fn large_rings() {
    works(512, 14.0, Duration::from_millis(8));
}
