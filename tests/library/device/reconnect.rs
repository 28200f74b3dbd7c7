//! History and reconnect: what comes back, what runs twice, and what says that it is gone.

use super::{Bench, item};

use belay_script::device::OpenOptions;
use belay_script::device::class::ItemKind::{Setup, Task, Thread};
use belay_script::value::Value;
use belay_script::{Error, Kind};
use std::sync::atomic::Ordering;

fn bench(attempts: i64) -> Bench {
    let items = vec![
        item(Task, "add a b", &[], "return a + b"),
        item(Task, "kept n", &["record"], "global total\ntotal = total + n\nreturn total"),
        item(Task, "total_now", &[], "return total"),
        item(Setup, "begin n", &[], "total = n"),
        item(Setup, "unkept n", &["!record"], "other = n"),
        item(Thread, "spin", &[], "global spun\nspun = True"),
        item(Task, "once", &[], "print('ran')\nimport machine\nmachine.reset()"),
        item(Task, "safe", &["retry"], LUCK),
        item(Task, "safe_timed", &["retry", "return_time"], LUCK),
        item(Task, "stream", &[], "for i in range(3):\n    yield i"),
    ];
    Bench::open(items, OpenOptions { attempts, ..OpenOptions::default() })
}

/// Restarts the board the first time: its flash remembers.
const LUCK: &str = "
print('ran')
import machine, os
if 'luck' not in os.listdir('/'):
    open('/luck', 'w').close()
    machine.reset()
return 7";

#[track_caller]
fn is_lost(error: &Error, words: &str) {
    assert_eq!(error.kind(), Kind::ConnectionLost, "{error:?}");
    assert!(error.message().contains(words), "{error:?}");
}

#[test]
fn the_journal_restores_the_board_even_without_attempts() {
    let bench = bench(0);
    bench.call("begin", &[Value::Int(10)]).unwrap();
    bench.call("unkept", &[Value::Int(1)]).unwrap();
    bench.exec("steps = [1]").unwrap();
    bench.exec("steps.append(len(steps) + 1)").unwrap();
    bench.exec("steps + [9]").unwrap();
    bench.exec("fails()").unwrap_err();
    bench.exec("x = 1\nfails()").unwrap_err();
    bench.call("add", &[Value::Int(1), Value::Int(2)]).unwrap();
    bench.call("kept", &[Value::Int(5)]).unwrap();
    bench.call("spin", &[]).unwrap();
    bench.device.task("def later(n):\n    return -n");
    let history = bench.device.history();
    assert_eq!(history.len(), 5, "{history:?}");
    assert!(history[1].ends_with("steps=[1]") && history[3].contains("kept(5)"), "{history:?}");

    is_lost(&bench.crash(), "the board restarted during the call");
    is_lost(&bench.call("add", &[Value::Int(1), Value::Int(2)]).unwrap_err(), "the connection is lost");
    is_lost(&bench.exec("1").unwrap_err(), "the connection is lost");
    assert!(!bench.device.is_open());
    // Twice: commands are not wrapped again.
    for _ in 0..2 {
        bench.device.reconnect(None).unwrap();
        assert!(bench.device.is_open() && bench.socket.again.load(Ordering::SeqCst));
        assert_eq!(bench.call("total_now", &[]).unwrap(), Value::Int(15));
        bench.exec("while 'spun' not in globals(): time.sleep_ms(1)").unwrap();
        assert_eq!(bench.exec("steps, spun").unwrap(), bench.exec("([1, 2], True)").unwrap());
        assert_eq!(bench.call("later", &[Value::Int(4)]).unwrap(), Value::Int(-4));
        let gone = bench.exec("'other' in globals(), 'x' in globals()").unwrap();
        assert_eq!(gone, Value::Tuple(vec![Value::Bool(false); 2]));
        // Waiting is recorded too.
        assert_eq!(bench.device.history()[..5], history);
    }
}

trait Declare {
    fn task(&self, source: &str);
}

impl Declare for belay_script::device::Device {
    fn task(&self, source: &str) {
        self.declare(Task, source, &[], None).unwrap();
    }
}

#[test]
fn a_call_that_failed_with_the_link_runs_twice_only_if_that_is_safe() {
    let bench = bench(1);
    bench.call("begin", &[Value::Int(10)]).unwrap();
    let error = bench.call("once", &[]).unwrap_err();
    is_lost(&error, "and was restored; the call may have run");
    assert_eq!(bench.printed.take().matches("ran").count(), 1);
    assert_eq!(bench.call("total_now", &[]).unwrap(), Value::Int(10));
    is_lost(&bench.crash(), "the call may have run");

    for name in ["safe", "safe_timed"] {
        let bench = self::bench(1);
        bench.printed.take();
        let value = bench.call(name, &[]).unwrap();
        let value = if let Value::List(pair) = value { pair[0].clone() } else { value };
        assert_eq!(value, Value::Int(7));
        assert_eq!(bench.printed.take().matches("ran").count(), 2);
    }
}

#[test]
fn attempts_are_limited_or_unlimited() {
    let bench = bench(2);
    bench.call("begin", &[Value::Int(10)]).unwrap();
    bench.socket.tries.store(0, Ordering::SeqCst);
    bench.socket.down.store(2, Ordering::SeqCst);
    is_lost(&bench.crash(), "the connection was not restored after 2 attempts: it is unplugged");
    assert_eq!(bench.socket.tries.load(Ordering::SeqCst), 2);
    // It was only the number that was used up.
    assert_eq!(bench.call("total_now", &[]).unwrap(), Value::Int(10));

    let patient = self::bench(-1);
    patient.call("begin", &[Value::Int(3)]).unwrap();
    patient.socket.down.store(2, Ordering::SeqCst);
    is_lost(&patient.crash(), "the call may have run");
    assert_eq!(patient.socket.tries.load(Ordering::SeqCst), 4);
    assert_eq!(patient.call("total_now", &[]).unwrap(), Value::Int(3));
}

#[test]
fn more_than_a_thousand_commands_cannot_be_restored() {
    let bench = bench(1);
    bench.exec("n = 0").unwrap();
    for _ in 1..1000 {
        bench.exec("n += 1").unwrap();
    }
    assert_eq!(bench.device.history().len(), 1000);
    bench.device.reconnect(None).unwrap();
    assert_eq!(bench.exec("n").unwrap(), Value::Int(999));
    // Too many: it still runs, and the device is as good as before.
    bench.exec("n += 1").unwrap();
    assert_eq!(bench.device.history().len(), 1000);
    let error = bench.device.reconnect(Some(3)).unwrap_err();
    assert_eq!(error.kind(), Kind::MaxHistoryLengthError, "{error:?}");
    assert_eq!(bench.exec("n").unwrap(), Value::Int(1000));
    assert_eq!(bench.crash().kind(), Kind::MaxHistoryLengthError);
}

#[test]
fn generators_do_not_outlive_their_board() {
    for attempts in [0, 1] {
        let bench = bench(attempts);
        let next = |generator: &mut belay_script::device::Generator| generator.resume(&Value::None, None);
        let mut begun = bench.generator("stream");
        let fresh = bench.generator("stream");
        assert_eq!(next(&mut begun).unwrap(), Some(Value::Int(0)));
        bench.device.reconnect(None).unwrap();
        let error = next(&mut begun).unwrap_err();
        is_lost(&error, "the generator is gone: the board has restarted since");
        assert_eq!(error.help(), Some("call the task again"));
        assert_eq!(next(&mut begun).unwrap(), None);
        // What has not begun has nothing to lose.
        let mut fresh = fresh;
        assert_eq!(next(&mut fresh).unwrap(), Some(Value::Int(0)));
        is_lost(&bench.crash(), "restarted");
        if attempts == 0 {
            is_lost(&next(&mut fresh).unwrap_err(), "the connection is lost");
            bench.device.reconnect(None).unwrap();
        } else {
            is_lost(&next(&mut fresh).unwrap_err(), "the generator is gone");
        }
        assert_eq!(next(&mut bench.generator("stream")).unwrap(), Some(Value::Int(0)));
    }
}

#[test]
fn an_unstarted_generator_runs_on_the_restored_board() {
    let bench = bench(1);
    let mut fresh = bench.generator("stream");
    bench.socket.down.store(1, Ordering::SeqCst);
    is_lost(&bench.crash(), "was not restored after 1 attempt");
    assert_eq!(fresh.resume(&Value::None, None).unwrap(), Some(Value::Int(0)));
}
