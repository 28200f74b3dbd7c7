//! What time it is on a board, and when a value was made.

use super::{Bench, item};

use belay_script::Kind;
use belay_script::device::OpenOptions;
use belay_script::device::class::ItemKind::Task;
use belay_script::value::Value;
use std::time::{SystemTime, UNIX_EPOCH};

/// How far a stamp may be off: the uncertainty of an exchange on a busy machine.
const SLACK: f64 = 0.03;

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn bench(options: OpenOptions) -> Bench {
    let items = vec![
        item(Task, "sleepy ms", &["return_time"], "print('ran')\nimport time\ntime.sleep_ms(ms)\nreturn ms"),
        item(Task, "plain ms", &[], "import time\ntime.sleep_ms(ms)"),
        item(
            Task,
            "stream",
            &["return_time"],
            "import time\nsent = None\nfor i in range(3):\n    time.sleep_ms(200)\n    sent = yield (i, sent)\n    time.sleep_ms(200)",
        ),
        item(Task, "failing", &["return_time"], "yield b'x' * 100\nraise ValueError('late')"),
    ];
    Bench::open(items, options)
}

#[track_caller]
fn pair(value: Value) -> (Value, f64) {
    match value {
        Value::List(pair) => match <[Value; 2]>::try_from(pair) {
            Ok([value, Value::Float(time)]) => (value, time),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// Whether `time` can be the middle of what ran for `length` seconds between two times of the host.
#[track_caller]
fn is_middle(time: f64, before: f64, after: f64, length: f64) {
    let (first, last) = (before + length / 2.0 - SLACK, after - length / 2.0 + SLACK);
    assert!(first <= time && time <= last, "{} is not between {} and {}", time - before, first - before, last - before);
}

#[test]
fn long_tasks_do_not_bend_the_offset_and_values_have_their_own_time() {
    let bench = bench(OpenOptions::default());
    let offset = bench.device.time_offset().unwrap();
    for ms in [300, 0, 500, 20] {
        let before = now();
        let (value, time) = pair(bench.call("sleepy", &[Value::Int(ms)]).unwrap());
        assert_eq!(value, Value::Int(ms));
        is_middle(time, before, now(), ms as f64 / 1000.0);
        bench.call("plain", &[Value::Int(ms)]).unwrap();
    }
    assert!((bench.device.time_offset().unwrap() - offset).abs() < SLACK);
    assert!((bench.device.sync_time(Some(5)).unwrap() - offset).abs() < SLACK);
}

#[test]
fn each_item_of_a_generator_has_its_own_time() {
    let bench = bench(OpenOptions::default());
    bench.device.sync_time(None).unwrap();
    let mut stream = bench.generator("stream");
    for index in 0..3 {
        let before = now();
        let send = if index == 0 { Value::None } else { Value::Int(10 * index) };
        let (item, time) = pair(stream.resume(&send, None).unwrap().expect("an item"));
        assert_eq!(item, Value::Tuple(vec![Value::Int(index), send]));
        // From the second on, it also finishes the last round.
        is_middle(time, before, now(), if index == 0 { 0.2 } else { 0.4 });
    }
    assert_eq!(stream.resume(&Value::None, None).unwrap(), None);

    let mut failing = bench.generator("failing");
    assert_eq!(pair(failing.resume(&Value::None, None).unwrap().unwrap()).0, Value::Bytes(vec![b'x'; 100]));
    let error = failing.resume(&Value::None, None).unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::DeviceException, "ValueError: late"));

    // After a restart the helpers are loaded again.
    bench.device.soft_reset().unwrap();
    assert!(bench.generator("stream").resume(&Value::None, None).unwrap().is_some());
    bench.device.reconnect(None).unwrap();
    assert!(bench.generator("stream").resume(&Value::None, None).unwrap().is_some());
}

/// A counter of microseconds that wraps around after a second.
const SHORT_TICKS: &str = "
import sys, time
class Short:
    def __getattr__(self, name):
        return getattr(time, name)
    def ticks_us(self, real=time):
        return real.ticks_us() & 0xfffff
    def ticks_add(self, a, b):
        return (a + b) & 0xfffff
sys.modules['time'] = Short()
";

#[test]
fn ticks_may_wrap_around_before_a_value_or_while_it_is_made() {
    let bench = bench(OpenOptions { startup: Some(SHORT_TICKS.to_owned()), ..OpenOptions::default() });
    let offset = bench.device.time_offset().unwrap();
    assert_eq!(bench.exec("__belay_p").unwrap(), Value::Tuple(vec![Value::Int(1 << 20), Value::Int(1_000_000)]));
    for ms in [300, 900, 1300] {
        let before = now();
        let (_, time) = pair(bench.call("sleepy", &[Value::Int(ms)]).unwrap());
        is_middle(time, before, now(), ms as f64 / 1000.0);
    }
    let drift = (bench.device.time_offset().unwrap() - offset).abs();
    assert!(drift < SLACK, "{drift}");
}

#[test]
fn without_a_measured_clock_nothing_that_needs_one_runs() {
    let bench = bench(OpenOptions { auto_sync_time: false, ..OpenOptions::default() });
    let kinds = [
        bench.device.time_offset().unwrap_err().kind(),
        bench.call("sleepy", &[Value::Int(1)]).unwrap_err().kind(),
        bench.generator("stream").resume(&Value::None, None).unwrap_err().kind(),
    ];
    assert_eq!(kinds, [Kind::FeatureUnavailableError; 3]);
    assert_eq!(bench.printed.take(), "");
    bench.device.sync_time(Some(3)).unwrap();
    assert!(bench.device.time_offset().is_ok() && bench.call("sleepy", &[Value::Int(1)]).is_ok());
    assert_eq!(bench.device.sync_time(Some(0)).unwrap_err().kind(), Kind::ArgumentError);
}
