//! Stopping programs: time limits, Ctrl-C, restarts.
//!
//! Uses [`crate::device`]. Invariant: after each check the board answers again, or the check says that it does not.

use super::bench::Bench;
use super::outcome::{Checked, Outcome, shown};
use crate::device::Reset;
use crate::device::class::ItemKind;
use crate::error::{Kind, Result};
use crate::value::Value;
use std::time::{Duration, Instant};

/// The time limit of a call that does not end, in seconds.
const LIMIT: f64 = 0.4;
/// How late such a call may end.
const GRACE: Duration = Duration::from_millis(500);
/// How often a board that restarted is tried.
const ATTEMPTS: i64 = 30;

/// A call of this body ends in time, and the next one works.
fn over_in_time(bench: &mut Bench, body: &str) -> Checked {
    bench.declare(ItemKind::Task, &format!("def stuck():\n{body}"), &[("timeout", Value::Float(LIMIT))])?;
    let begin = Instant::now();
    let outcome = bench.call("stuck", &[]);
    let took = begin.elapsed();
    match outcome {
        Err(error) if error.kind() == Kind::TimeoutError => {}
        Err(error) => return Err(error),
        Ok(value) => return Ok(Outcome::wrong("TimeoutError", shown(&value))),
    }
    let allowed = Duration::from_secs_f64(LIMIT) + GRACE;
    if took > allowed {
        return Ok(Outcome::wrong(format!("over within {allowed:?}"), format!("over after {took:.1?}")));
    }
    after(bench, format!("over after {:.0} ms of {:.0} ms", took.as_secs_f64() * 1e3, LIMIT * 1e3))
}

fn after(bench: &Bench, detail: String) -> Checked {
    Ok(if bench.works()? { Outcome::Ok(detail) } else { Outcome::wrong("the next call works", "it does not") })
}

/// A loop without end.
pub fn busy_loop(bench: &mut Bench) -> Checked {
    over_in_time(bench, "    while True:\n        pass\n")
}

/// A sleep.
pub fn sleep(bench: &mut Bench) -> Checked {
    over_in_time(bench, "    import time\n    time.sleep(20)\n")
}

/// A loop that prints.
pub fn printing(bench: &mut Bench) -> Checked {
    over_in_time(bench, "    while True:\n        print('still here')\n")
}

/// Ctrl-C on this computer ends what runs on the board.
pub fn ctrl_c(bench: &mut Bench) -> Checked {
    bench.task("def stuck():\n    while True:\n        pass\n")?;
    let press = std::thread::spawn(|| {
        std::thread::park_timeout(Duration::from_millis(200));
        crate::interrupt::raise();
    });
    let outcome = bench.call("stuck", &[]);
    let _ = press.join();
    if !bench.is_stopped() {
        crate::interrupt::take();
    }
    match outcome {
        Err(error) if error.kind() == Kind::Interrupted && !bench.is_stopped() => after(bench, String::new()),
        Err(error) => Err(error),
        Ok(value) => Ok(Outcome::wrong("Interrupted", shown(&value))),
    }
}

/// A long program is stopped while it is sent.
pub fn upload(bench: &mut Bench) -> Checked {
    let length = match bench.facts.memory {
        Some(memory) => usize::try_from(memory / 12).unwrap_or(usize::MAX).clamp(400, 30_000),
        None => 400,
    };
    let line = "x = 1 + 2 # a line of a long program\n";
    let code = format!("{}x = 42\n", line.repeat(length / line.len() + 1));
    let deadline = bench.deadline();
    let mut stopped = 0;
    for limit in [1, 3, 10, 30] {
        bench.bound(Duration::from_millis(limit));
        let outcome = bench.exec(&code);
        bench.set_deadline(deadline);
        match outcome {
            Ok(_) => {}
            Err(error) if error.kind() == Kind::TimeoutError => stopped += 1,
            Err(error) => return Err(error),
        }
        if !bench.works()? {
            return Ok(Outcome::wrong("the next call works", "it does not"));
        }
    }
    bench.exec(&code)?;
    let value = bench.exec("x")?;
    if value != Value::Int(42) {
        return Ok(Outcome::wrong("the program runs at last", shown(&value)));
    }
    Ok(Outcome::Ok(format!("{stopped} of 4 uploads of {} bytes were stopped", code.len())))
}

/// Declares a task and sets a global, restarts the board by `restart`, and looks at both.
fn restarted(bench: &mut Bench, forgets: bool, restart: impl FnOnce(&Bench) -> Result<()>) -> Checked {
    bench.task("def kept(x):\n    return x + 1\n")?;
    bench.exec("selftest_global = 5")?;
    restart(bench)?;
    let kept = bench.call("kept", &[Value::Int(1)])?;
    if kept != Value::Int(2) {
        return Ok(Outcome::wrong("a declared task works after the restart", shown(&kept)));
    }
    if forgets && bench.ask("selftest_global")?.is_some() {
        return Ok(Outcome::wrong("the board's memory is empty after the restart", "a global is still there"));
    }
    Ok(Outcome::ok())
}

/// A soft reset empties the board's memory; what was declared is declared again.
pub fn soft_reset(bench: &mut Bench) -> Checked {
    restarted(bench, true, |bench| bench.device.soft_reset())
}

/// A hard reset, as by the board's button.
pub fn hard_reset(bench: &mut Bench) -> Checked {
    restarted(bench, false, |bench| {
        bench.device.leave_with_reset(Reset::Hard)?;
        bench.device.reconnect(Some(ATTEMPTS))
    })
}

/// The connection is closed and opened again.
pub fn reconnect(bench: &mut Bench) -> Checked {
    restarted(bench, false, |bench| bench.device.reconnect(Some(ATTEMPTS)))
}
