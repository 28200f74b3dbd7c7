//! Speed and memory use of calls and values.
//!
//! Uses [`crate::device`].

use super::bench::Bench;
use super::outcome::{Checked, Outcome, is_memory_error, shown};
use crate::value::Value;
use std::time::{Duration, Instant};

/// Longest time of one measurement.
const TIME: Duration = Duration::from_secs(4);
/// Bytes of the smallest value whose speed is measured.
const SMALLEST: usize = 50;
/// Bytes of memory that calls may permanently cost: the garbage collector is not exact.
const LOST: u64 = 1024;

fn time(bench: &Bench) -> Duration {
    if bench.quick { TIME / 8 } else { TIME }
}

/// Calls a second, and how long one takes.
pub fn calls(bench: &mut Bench) -> Checked {
    bench.task("def same(value):\n    return value\n")?;
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.len() < 2000 && (begin.elapsed() < time(bench) || times.len() < 20) {
        let number = Value::Int(i64::try_from(times.len()).unwrap_or(0));
        let called = Instant::now();
        let back = bench.call("same", std::slice::from_ref(&number))?;
        times.push(called.elapsed());
        if back != number {
            return Ok(Outcome::wrong(shown(&number), shown(&back)));
        }
    }
    let whole: Duration = times.iter().sum();
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    bench.measured.note("calls_per_second", times.len() as f64 / whole.as_secs_f64().max(1e-9));
    bench.measured.note("latency_median_ms", at(50));
    bench.measured.note("latency_p99_ms", at(99));
    Ok(Outcome::Ok(format!("{} calls", times.len())))
}

/// Throughput of values in bytes per second, both ways, with values as large as the board's memory allows.
pub fn throughput(bench: &mut Bench) -> Checked {
    let mut size = match bench.facts.memory {
        Some(memory) => usize::try_from(memory / 12).unwrap_or(usize::MAX).clamp(100, 16 * 1024),
        None => 500,
    };
    bench.task("def size(value):\n    return len(value)\n")?;
    bench.task("def made(n):\n    return bytearray(n)\n")?;
    loop {
        match throughput_of(bench, size) {
            Err(error) if is_memory_error(&error) && size > SMALLEST => size /= 2,
            other => return other,
        }
    }
}

fn throughput_of(bench: &mut Bench, size: usize) -> Checked {
    let length = Value::Int(i64::try_from(size).unwrap_or(0));
    let content: Vec<u8> = super::random::Random(3).bytes(size);
    let (mut sent, begin) = (0, Instant::now());
    while sent == 0 || begin.elapsed() < time(bench) / 2 {
        let back = bench.call("size", &[Value::Bytes(content.clone())])?;
        if back != length {
            return Ok(Outcome::wrong(shown(&length), shown(&back)));
        }
        sent += size;
    }
    let to_board = begin.elapsed();
    let (mut came, begin) = (0, Instant::now());
    while came == 0 || begin.elapsed() < time(bench) / 2 {
        match bench.call("made", std::slice::from_ref(&length))? {
            Value::Bytes(bytes) if bytes.len() == size => came += size,
            other => return Ok(Outcome::wrong(format!("{size} bytes"), shown(&other))),
        }
    }
    bench.measured.rate("to_board_bytes_per_second", sent, to_board);
    bench.measured.rate("from_board_bytes_per_second", came, begin.elapsed());
    Ok(Outcome::Ok(format!("values of {size} bytes")))
}

/// Repeated calls leak no memory.
pub fn memory(bench: &mut Bench) -> Checked {
    bench.task("def same(value):\n    return value\n")?;
    let call = |bench: &Bench, count: i64| -> crate::error::Result<()> {
        for number in 0..count {
            bench.call("same", &[Value::Int(number)])?;
            bench.call("same", &[Value::Bytes(vec![7; 100])])?;
        }
        Ok(())
    };
    call(bench, 5)?;
    let Some(before) = bench.free_memory()? else {
        return Ok(Outcome::Absent("its firmware does not say how much memory is free".to_owned()));
    };
    call(bench, if bench.quick { 30 } else { 200 })?;
    let after = bench.free_memory()?.unwrap_or(0);
    bench.measured.note("free_memory_before_bytes", before as f64);
    bench.measured.note("free_memory_after_bytes", after as f64);
    Ok(match before.saturating_sub(after) {
        lost if lost > LOST => Outcome::wrong(format!("at most {LOST} bytes lost"), format!("{lost} bytes lost")),
        _ => Outcome::Ok(format!("{before} bytes free before, {after} after")),
    })
}
