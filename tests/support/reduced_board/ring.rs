//! An input ring in real time: what comes when it is full is lost. Uses nothing. Invariant: a byte that was taken is
//! never lost later.

use std::time::{Duration, Instant};

/// The input ring of a board at its UART.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Bytes that it holds.
    pub size: usize,
    /// Bytes that its interpreter takes out of it in a millisecond.
    pub drain: f64,
    /// After so many bytes the interpreter takes none for so long: the garbage collector.
    pub pause: (usize, Duration),
    level: f64,
    taken: usize,
    /// When the last byte came, and until when it was accounted for.
    arrived: Option<Instant>,
    drained: Option<Instant>,
}

/// Seconds of a byte at 115200 baud.
const BYTE: f64 = 10.0 / 115_200.0;

impl Ring {
    pub fn new(size: usize, drain: f64, pause: (usize, Duration)) -> Ring {
        Ring { size, drain, pause, level: 0.0, taken: 0, arrived: None, drained: None }
    }

    /// What of `bytes`, which the host's driver sends at the pace of the line, is heard; and how many are lost.
    pub fn take(&mut self, bytes: &[u8]) -> (Vec<u8>, usize) {
        let now = Instant::now();
        let mut heard = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            let arrival = self.arrived.map_or(now, |last| (last + Duration::from_secs_f64(BYTE)).max(now));
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
