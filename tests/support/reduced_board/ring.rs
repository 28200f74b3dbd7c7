//! An input ring in real time: bytes that arrive when it is full are lost. Uses nothing. Invariant: a byte that was taken is
//! never lost later.

use std::time::{Duration, Instant};

/// The input ring of a board at its UART.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Bytes that it holds.
    pub size: usize,
    /// Bytes that the line brings in a millisecond: 11.5 at 115200 baud.
    pub line: f64,
    /// Bytes that its interpreter takes out of it in a millisecond.
    pub drain: f64,
    /// After this many bytes the interpreter takes none for this long: the garbage collector.
    pub pause: (usize, Duration),
    level: f64,
    taken: usize,
    /// When the last byte came, and until when it was accounted for.
    arrived: Option<Instant>,
    drained: Option<Instant>,
}

impl Ring {
    pub fn new(size: usize, line: f64, drain: f64, pause: (usize, Duration)) -> Ring {
        Ring { size, line, drain, pause, level: 0.0, taken: 0, arrived: None, drained: None }
    }

    /// The board has answered: it has taken in all that came.
    pub fn is_answered(&mut self) {
        self.level = 0.0;
    }

    /// What of `bytes`, which the host's driver sends at the pace of the line, is heard; and how many are lost.
    pub fn take(&mut self, bytes: &[u8]) -> (Vec<u8>, usize) {
        let now = Instant::now();
        let byte_time = Duration::from_secs_f64(1e-3 / self.line);
        let mut heard = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            let arrival = self.arrived.map_or(now, |last| (last + byte_time).max(now));
            self.arrived = Some(arrival);
            let since = self.drained.map_or(Duration::ZERO, |last| arrival.saturating_duration_since(last));
            self.drained = Some(self.drained.map_or(arrival, |last| last.max(arrival)));
            self.level = (self.level - since.as_secs_f64() * 1e3 * self.drain).max(0.0);
            // A Ctrl-C is noticed by the interrupt.
            if byte != 3 && self.level + 1.0 > self.size as f64 {
                continue;
            }
            self.level += 1.0;
            self.taken += 1;
            if self.taken.is_multiple_of(self.pause.0) {
                self.drained = Some(arrival + self.pause.1);
            }
            heard.push(byte);
        }
        let lost = bytes.len() - heard.len();
        (heard, lost)
    }
}
