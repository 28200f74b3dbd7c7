//! Input rings of boards with a UART, in real time: nothing is lost, and no value is wrong.

use super::round::{Case, call, echoes, open, together};
use crate::reduced_board::{Bench, Form, RawPaste, Ring};
use belay_script::device::OpenOptions;
use belay_script::value::Value;
use std::time::Duration;

/// Bytes per millisecond: at 115200 baud, and on a bridge that is faster than the interpreter.
const UART: f64 = 11.5;
const BRIDGE: f64 = 200.0;

/// A board without raw paste. `ring`: its size; bytes that the line brings in a millisecond, and that the interpreter takes;
/// how long the garbage collector pauses it after every 512 bytes.
#[track_caller]
fn works(size: usize, line: f64, drain: f64, pause: Duration) {
    let ring = Some(Ring::new(size, line, drain, (512, pause)));
    let bench = Bench::new(Form { raw_paste: RawPaste::Unknown, ring, ..Form::default() });
    let options = OpenOptions { startup: Some(String::new()), auto_sync_time: false, ..OpenOptions::default() };
    let (device, _) = open(&bench, options);
    // Finding out what it bears may cost some.
    let lost = bench.lost();
    for length in [1, 10, 20, 40, 60, 100, 120, 130, 240, 260, 500, 2000] {
        let text: String = (0..length).map(|n| char::from(b'a' + (n * 7 % 26) as u8)).collect();
        echoes(&device, &Value::Str(text));
    }
    call(&device, "begin", &[Value::Int(3)]).expect("a setup");
    assert_eq!(bench.lost(), lost, "ring {size}, {line} bytes in a millisecond, {drain} taken");
}

#[test]
fn nothing_is_lost_on_any_ring() {
    let cases = [
        (32, UART, 14.0, 1),
        (64, UART, 14.0, 3),
        (128, UART, 14.0, 8),
        (32, BRIDGE, 14.0, 1),
        (64, BRIDGE, 14.0, 3),
        (128, BRIDGE, 14.0, 3),
        // Takes a large block, but not one after the other.
        (256, BRIDGE, 14.0, 3),
        // Slower than the pace of small blocks.
        (32, UART, 6.0, 2),
    ];
    let case = |(size, line, drain, pause): (usize, f64, f64, u64)| -> Case {
        let pause = Duration::from_millis(pause);
        (format!("{size} {line} {drain}"), Box::new(move || works(size, line, drain, pause)))
    };
    together(cases.into_iter().map(case).collect());
}
