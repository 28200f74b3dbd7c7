//! Properties of the board under test that the checks depend on. All are probed; none is derived from the board's name.
//!
//! Uses [`crate::device`]. Invariant: a property that cannot be probed keeps its conservative default.

use super::bench::Bench;
use crate::device::Implementation;
use crate::device::class::ItemKind;
use crate::error::{Kind, Result};
use crate::repl::conformance::LineEnd;
use crate::value::Value;

/// Properties of the board.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Its own description.
    pub implementation: Implementation,
    /// Bytes of free memory at the start; `None` if it does not say.
    pub memory: Option<u64>,
    /// Bits of its floats: 64, 32, 30 (two bits of 32 are used otherwise); 0 if it has none.
    pub float_bits: u8,
    /// Whether its integers have any size.
    pub big_integers: bool,
    /// Whether its strings hold every code point.
    pub unicode: bool,
    /// Whether it has sets.
    pub sets: bool,
    /// Whether Ctrl-C interrupts a running program.
    pub interrupts: bool,
    /// The end of a printed line on the wire.
    pub line_end: Option<LineEnd>,
    /// Why raw paste is not checked any more.
    pub no_paste: Option<&'static str>,
}

/// A loop of two seconds that records its end: long enough to be interrupted, and it ends by itself if it cannot be.
const BOUNDED_LOOP: &str = "def selftest_loop():
    global selftest_end
    selftest_end = 0
    import time
    ticks = getattr(time, 'ticks_ms', None) or (lambda: int(time.monotonic() * 1000))
    begin = ticks()
    while ticks() - begin < 2000:
        pass
    selftest_end = 1
";

/// Longest time of the loop until it is interrupted, in seconds.
const LOOP_LIMIT: f64 = 0.3;

impl Facts {
    /// Asks the board.
    ///
    /// # Errors
    /// Errors of the link. A question that the board cannot answer is not an error.
    pub fn ask(bench: &mut Bench) -> Result<Facts> {
        let float = "(1e38*10==1e38*100,1.0+2.0**-40==1.0,1.0+2.0**-22==1.0)";
        let (narrow, coarse, coarser) = match bench.ask(float)? {
            Some(Value::Tuple(bits)) => {
                let is = |index: usize| bits.get(index) == Some(&Value::Bool(true));
                (Some(is(0)), is(1), is(2))
            }
            _ => (None, false, false),
        };
        let float_bits = match narrow {
            None => 0,
            Some(_) if coarser => 30,
            Some(true) => 32,
            Some(false) if coarse => 32,
            Some(false) => 64,
        };
        Ok(Facts {
            implementation: bench.device.implementation(),
            memory: bench.free_memory()?,
            float_bits,
            big_integers: bench.ask("(1<<70)>>69")? == Some(Value::Int(2)),
            unicode: bench.ask("len('\\u20ac')")? == Some(Value::Int(1)),
            sets: bench.ask("len({1,2})")? == Some(Value::Int(2)),
            line_end: line_end(bench)?,
            interrupts: interrupts(bench)?,
            no_paste: None,
        })
    }
}

fn line_end(bench: &Bench) -> Result<Option<LineEnd>> {
    Ok(match bench.output_of("print()")?.as_slice() {
        b"\r\n" => Some(LineEnd::CrLf),
        b"\n" => Some(LineEnd::Lf),
        _ => None,
    })
}

fn interrupts(bench: &mut Bench) -> Result<bool> {
    bench.declare(ItemKind::Task, BOUNDED_LOOP, &[("timeout", Value::Float(LOOP_LIMIT))])?;
    match bench.call("selftest_loop", &[]) {
        Err(error) if error.kind() == Kind::TimeoutError => {}
        Err(error) if error.kind() == Kind::DeviceException => return Ok(false),
        Err(error) => return Err(error),
        Ok(_) => return Ok(false),
    }
    Ok(bench.ask("selftest_end")? == Some(Value::Int(0)))
}
