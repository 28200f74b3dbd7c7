//! `latency`: how long a board takes to answer, and how many bytes pass in a second.
//!
//! Uses [`crate::device`]. Invariant: nothing stays on the board.

use super::arguments::Latency;
use super::console::Console;
use super::evaluate::quiet_options;
use super::session;
use crate::device::Device;
use crate::diagnostic::Diagnostic;
use crate::error::Result;
use crate::script::Sources;
use crate::value::Value;
use crate::value::write::bytes_to;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most round trips, and the time that they may take.
const TRIPS: (usize, Duration) = (200, Duration::from_secs(2));
/// Bytes of one transfer: small boards hold them twice.
const PIECE: usize = 1024;
/// How long each direction is measured, and how many transfers at most: a fast link has shown its rate by then.
const TIME: Duration = Duration::from_secs(1);
const TRANSFERS: usize = 200;

/// What was measured.
struct Measured {
    /// Sorted.
    trips: Vec<Duration>,
    /// Bytes a second.
    to_board: f64,
    from_board: f64,
}

/// Measures, and prints the figures; returns the exit status.
///
/// # Errors
/// If Ctrl-C cannot be watched.
pub fn latency(options: &Latency, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    let session = &options.session;
    session::with_board(
        console,
        &session.connection,
        &session.limit,
        quiet_options(session),
        &Sources::default(),
        |device| {
            let measured = measure(device)?;
            console.text(&if options.json { as_json(&measured) } else { as_text(&measured) });
            Ok(())
        },
    )
}

fn measure(device: &Device) -> Result<Measured> {
    let mut trips = Vec::new();
    let begin = Instant::now();
    while trips.len() < TRIPS.0 && (trips.len() < 10 || begin.elapsed() < TRIPS.1) {
        let sent = Instant::now();
        device.exec("0", None)?;
        trips.push(sent.elapsed());
    }
    trips.sort_unstable();
    let content: Vec<u8> = (0..PIECE).map(|index| u8::try_from(index * 7 % 256).unwrap_or(0)).collect();
    let mut code = "len(".to_owned();
    bytes_to(&mut code, &content);
    code.push(')');
    let to_board = rate(|| device.exec(&code, None))?;
    let from_board = rate(|| device.exec(&format!("bytes({PIECE})"), None))?;
    Ok(Measured { trips, to_board, from_board })
}

fn rate(mut transfer: impl FnMut() -> Result<Value>) -> Result<f64> {
    let (mut bytes, begin) = (0, Instant::now());
    while bytes == 0 || begin.elapsed() < TIME && bytes < TRANSFERS * PIECE {
        transfer()?;
        bytes += PIECE;
    }
    Ok(bytes as f64 / begin.elapsed().as_secs_f64())
}

impl Measured {
    /// The trip that this share of them, in percent, is not longer than; in milliseconds.
    fn trip(&self, percent: usize) -> f64 {
        let last = self.trips.len().saturating_sub(1);
        self.trips.get(last * percent / 100).map_or(0.0, |trip| trip.as_secs_f64() * 1e3)
    }
}

fn as_text(measured: &Measured) -> String {
    let trip = |percent| format!("{:.2} ms", measured.trip(percent));
    format!(
        "round trip     {} median, {} fastest, {} at 99 %\ncalls          {:.0} a second\nto the board   {:.1} KiB/s\nfrom it        {:.1} KiB/s\n",
        trip(50),
        trip(0),
        trip(99),
        1e3 / measured.trip(50).max(1e-6),
        measured.to_board / 1024.0,
        measured.from_board / 1024.0,
    )
}

fn as_json(measured: &Measured) -> String {
    let value = json!({
        "round_trip_ms": { "fastest": measured.trip(0), "median": measured.trip(50), "p99": measured.trip(99) },
        "to_board_bytes_per_second": measured.to_board,
        "from_board_bytes_per_second": measured.from_board,
    });
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_line_up() {
        let trips = (1..=100).map(Duration::from_millis).collect();
        let measured = Measured { trips, to_board: 2048.0, from_board: 512.0 };
        assert_eq!(
            as_text(&measured),
            "\
round trip     50.00 ms median, 1.00 ms fastest, 99.00 ms at 99 %
calls          20 a second
to the board   2.0 KiB/s
from it        0.5 KiB/s
"
        );
        assert!(as_json(&measured).contains("\"median\": 50.0"));
    }
}
