//! State on the board: threads, generators, objects; and its clock.
//!
//! Uses [`crate::device`].

use super::bench::Bench;
use super::outcome::{Checked, Outcome, shown};
use crate::device::class::ItemKind;
use crate::device::{Called, Function, Index, Operation, OperationResult, Proxied};
use crate::value::Value;
use std::time::{Duration, Instant};

/// How long a thread may take to do a line of work.
const THREAD_LIMIT: Duration = Duration::from_secs(5);
/// How far two measurements of one clock may be apart, in seconds.
const CLOCK_TOLERANCE: f64 = 0.1;

/// A thread runs beside calls.
pub fn threads(bench: &mut Bench) -> Checked {
    bench.exec("selftest_done = 0")?;
    let body = "def work(count):\n    global selftest_done\n    for n in range(count):\n        selftest_done += 1\n";
    bench.declare(ItemKind::Thread, body, &[])?;
    bench.call("work", &[Value::Int(50)])?;
    let begin = Instant::now();
    loop {
        let done = bench.exec("selftest_done")?;
        if done == Value::Int(50) {
            return Ok(Outcome::ok());
        }
        if begin.elapsed() > THREAD_LIMIT {
            return Ok(Outcome::wrong("50 steps of a thread", shown(&done)));
        }
    }
}

/// A generator gives its items, takes what is sent, and can be left early.
pub fn generators(bench: &mut Bench) -> Checked {
    bench.task("def count(n):\n    for i in range(n):\n        got = yield i * i\n        if got is not None:\n            yield got\n")?;
    let begin = |n: i64| match bench.device.call("count", &[Value::Int(n)], &[], None)? {
        Called::Generator(generator) => Ok(Ok(generator)),
        Called::Value(value) => Ok(Err(Outcome::wrong("a generator", shown(&value)))),
    };
    let mut generator = match begin(20)? {
        Ok(generator) => generator,
        Err(outcome) => return Ok(outcome),
    };
    let mut items = Vec::new();
    while let Some(item) = generator.resume(&Value::None, None)? {
        items.push(item);
    }
    let expected: Vec<Value> = (0..20).map(|i| Value::Int(i * i)).collect();
    if items != expected {
        return Ok(Outcome::equal(&expected, &items));
    }
    let mut generator = match begin(20)? {
        Ok(generator) => generator,
        Err(outcome) => return Ok(outcome),
    };
    generator.resume(&Value::None, None)?;
    let sent = generator.resume(&Value::Str("sent".to_owned()), None)?;
    drop(generator);
    if sent != Some(Value::Str("sent".to_owned())) {
        return Ok(Outcome::wrong("what was sent comes back", shown(&sent)));
    }
    Ok(if bench.works()? { Outcome::ok() } else { Outcome::wrong("the next call works", "it does not") })
}

/// Objects that stay on the board.
pub fn proxies(bench: &mut Bench) -> Checked {
    bench.exec("selftest_list = [1, 'two', [3]]")?;
    let Proxied::One(OperationResult::Object(list)) = bench.device.proxy("selftest_list", None, None)? else {
        return Ok(Outcome::wrong("an object of the board", "something else"));
    };
    let value = |answer| match answer {
        OperationResult::Value(value) => value,
        OperationResult::Object(object) => Value::Str(format!("object of {}", object.device().name())),
    };
    let index = Index::Key(Value::Int(1));
    let steps: [(&str, Operation<'_>, Value); 4] = [
        ("len", Operation::Function(Function::Len), Value::Int(3)),
        ("item", Operation::Item(&index), Value::Str("two".to_owned())),
        ("append", Operation::CallMethod("append", &[Value::Int(4)], &[]), Value::None),
        ("contains", Operation::Contains(&Value::Int(4)), Value::Bool(true)),
    ];
    for (what, operation, expected) in steps {
        let got = value(list.run(&operation, None)?);
        if got != expected {
            return Ok(Outcome::wrong(format!("{what}: {}", shown(&expected)), shown(&got)));
        }
    }
    let mut items = list.items();
    let mut count = 0;
    while items.next(None)?.is_some() {
        count += 1;
    }
    Ok(Outcome::equal(&4, &count))
}

/// Two measurements of the board's clock agree.
pub fn clock(bench: &mut Bench) -> Checked {
    let first = bench.device.sync_time(None)?;
    let second = bench.device.sync_time(None)?;
    let apart = (second - first).abs();
    if apart > CLOCK_TOLERANCE {
        return Ok(Outcome::wrong(format!("offsets within {CLOCK_TOLERANCE} s"), format!("{apart:.3} s apart")));
    }
    bench.declare(ItemKind::Task, "def now():\n    return 5\n", &[("return_time", Value::Bool(true))])?;
    let before = unix_time();
    let answer = bench.call("now", &[])?;
    let after = unix_time();
    let Value::List(both) = &answer else { return Ok(Outcome::wrong("a value and its time", shown(&answer))) };
    match both.as_slice() {
        [Value::Int(5), Value::Float(time)] if *time > before - CLOCK_TOLERANCE && *time < after + CLOCK_TOLERANCE => {
            Ok(Outcome::Ok(format!("two measurements differ by {:.2} ms", apart * 1e3)))
        }
        _ => Ok(Outcome::wrong(format!("5, between {before:.3} and {after:.3}"), shown(&answer))),
    }
}

fn unix_time() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0.0, |since| since.as_secs_f64())
}
