//! The input buffer of a board with a UART bridge, such as the ESP32 and the ESP8266: without flow control, input that
//! arrives while code runs and does not read is kept up to the buffer's size, and the rest is lost.
//!
//! Bytes arrive at the speed of a 115200 baud line; readable bytes are passed on earlier, and lost bytes are lost when they
//! would have arrived. A process that is not scheduled for a moment has not stopped reading: nothing is lost before
//! [`QUIET`]. While a REPL reads, nothing is lost. Linux only. Invariant: pure, apart from the clock passed in.

use std::time::{Duration, Instant};

/// The time of a byte on the line: 10 bits at 115200 baud.
const BYTE: Duration = Duration::from_nanos(86_806);

/// A buffer that stays full for this long is not being read.
const QUIET: Duration = Duration::from_millis(100);

/// Data written to a terminal is visible there after this time.
const SETTLED: Duration = Duration::from_millis(20);

/// The state of a board's input.
#[derive(Debug)]
pub(super) struct Receiver {
    /// Size of the buffer in bytes.
    size: usize,
    /// When the last sent byte arrives.
    due: Instant,
    /// Since when the buffer has been full and unread.
    full: Option<Instant>,
    /// Bytes in the buffer after the last write, and the time of it.
    written: (usize, Instant),
    /// Bytes in the buffer at the last check.
    waiting: usize,
}

impl Receiver {
    /// How long to wait before checking the buffer again.
    pub(super) const AGAIN: Duration = Duration::from_millis(5);

    pub(super) fn new(size: usize, now: Instant) -> Receiver {
        Receiver { size, due: now, full: None, written: (0, now), waiting: 0 }
    }

    /// The host sends `count` bytes.
    pub(super) fn sent(&mut self, count: usize, now: Instant) {
        self.due = self.due.max(now) + BYTE * u32::try_from(count).unwrap_or(u32::MAX);
    }

    /// How many bytes the buffer accepts; `waiting`: its unread bytes.
    pub(super) fn room(&mut self, waiting: usize, now: Instant) -> usize {
        let (written, at) = self.written;
        let waiting = if now.duration_since(at) < SETTLED { waiting.max(written) } else { waiting };
        let is_full = waiting >= self.size && waiting >= self.waiting;
        self.waiting = waiting;
        self.full = if is_full { self.full.or(Some(now)) } else { None };
        self.size.saturating_sub(waiting)
    }

    /// `count` bytes were put into the buffer.
    pub(super) fn took(&mut self, count: usize, now: Instant) {
        self.written = (self.waiting + count, now);
    }

    /// A REPL reads.
    pub(super) fn is_read(&mut self) {
        (self.full, self.waiting) = (None, 0);
    }

    /// Whether the buffer was full at the last check.
    pub(super) fn is_full(&self) -> bool {
        self.full.is_some()
    }

    /// How many of the `pending` bytes have arrived without room in the buffer and are lost.
    pub(super) fn lost(&self, pending: usize, now: Instant) -> usize {
        if self.full.is_none_or(|since| now.duration_since(since) < QUIET) {
            return 0;
        }
        let ahead = self.due.saturating_duration_since(now).as_nanos().div_ceil(BYTE.as_nanos());
        pending.saturating_sub(usize::try_from(ahead).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unread_input_is_lost_when_it_would_have_arrived() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut receiver = Receiver::new(100, start);
        receiver.sent(4000, start);
        assert_eq!(receiver.room(0, start), 100);
        receiver.took(100, start);
        // The terminal does not report it yet.
        assert_eq!(receiver.room(0, at(1)), 0);
        assert!(receiver.is_full());
        assert_eq!(receiver.lost(3900, at(100)), 0);
        // 347 ms for all of it: 200 ms later about 1697 bytes are still in transit.
        assert_eq!(receiver.room(100, at(200)), 0);
        assert_eq!(receiver.lost(3900, at(200)), 3900 - 1697);
        assert_eq!(receiver.lost(3900, at(400)), 3900);
    }

    #[test]
    fn input_read_in_time_is_kept() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut receiver = Receiver::new(100, start);
        receiver.sent(1000, start);
        for (millis, waiting, room) in [(30, 100, 0), (120, 99, 1), (150, 100, 0), (240, 40, 60), (300, 100, 0)] {
            assert_eq!(receiver.room(waiting, at(millis)), room, "{millis}");
            assert_eq!(receiver.lost(500, at(millis)), 0, "{millis}");
        }
        receiver.room(100, at(301));
        receiver.is_read();
        assert_eq!(receiver.lost(500, at(900)), 0);
    }
}
