//! The input buffer of a board behind a UART bridge, as the ESP32 and the ESP8266: there is no flow control, so what comes
//! while code runs and nobody reads is kept up to the buffer's size, and the rest is lost.
//!
//! A byte comes in the time that it takes on a line of 115200 baud; what can be had earlier is, and what is lost is lost when
//! it would have come. A process that gets no processor for a moment has not stopped reading: nothing is lost before [`QUIET`].
//! While a REPL reads, nothing is lost. Linux only. Invariant: pure, but for the clock that it is given.

use std::time::{Duration, Instant};

/// The time of a byte on the line: 10 bits at 115200 baud.
const BYTE: Duration = Duration::from_nanos(86_806);

/// A buffer that stays full for this time is not read.
const QUIET: Duration = Duration::from_millis(100);

/// What was written to a terminal shows in it after this time.
const SETTLED: Duration = Duration::from_millis(20);

/// The state of a board's input.
#[derive(Debug)]
pub(super) struct Receiver {
    /// Bytes that the buffer holds.
    size: usize,
    /// When the last byte that was sent comes.
    due: Instant,
    /// Since when the buffer is full and nothing was read.
    full: Option<Instant>,
    /// Bytes in the buffer after the last write, and when that was.
    written: (usize, Instant),
    /// What was in the buffer when it was looked at last.
    waiting: usize,
}

impl Receiver {
    /// How long to wait before the buffer is looked at again.
    pub(super) const AGAIN: Duration = Duration::from_millis(5);

    pub(super) fn new(size: usize, now: Instant) -> Receiver {
        Receiver { size, due: now, full: None, written: (0, now), waiting: 0 }
    }

    /// The host sends `count` bytes.
    pub(super) fn sent(&mut self, count: usize, now: Instant) {
        self.due = self.due.max(now) + BYTE * u32::try_from(count).unwrap_or(u32::MAX);
    }

    /// How many bytes the buffer takes; `waiting`: those of it that were not read.
    pub(super) fn room(&mut self, waiting: usize, now: Instant) -> usize {
        let (written, at) = self.written;
        let waiting = if now.duration_since(at) < SETTLED { waiting.max(written) } else { waiting };
        let is_full = waiting >= self.size && waiting >= self.waiting;
        self.waiting = waiting;
        self.full = if is_full { self.full.or(Some(now)) } else { None };
        self.size.saturating_sub(waiting)
    }

    /// `count` bytes have gone into the buffer.
    pub(super) fn took(&mut self, count: usize, now: Instant) {
        self.written = (self.waiting + count, now);
    }

    /// A REPL reads.
    pub(super) fn is_read(&mut self) {
        (self.full, self.waiting) = (None, 0);
    }

    /// Whether the buffer was full when it was looked at last.
    pub(super) fn is_full(&self) -> bool {
        self.full.is_some()
    }

    /// How many of the `pending` bytes that the buffer has not taken have come and are lost.
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
    fn what_nobody_reads_is_lost_when_it_would_have_come() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut receiver = Receiver::new(100, start);
        receiver.sent(4000, start);
        assert_eq!(receiver.room(0, start), 100);
        receiver.took(100, start);
        // The terminal does not show it yet.
        assert_eq!(receiver.room(0, at(1)), 0);
        assert!(receiver.is_full());
        assert_eq!(receiver.lost(3900, at(100)), 0);
        // 347 ms for all of it: 200 ms later some 1697 bytes are on their way.
        assert_eq!(receiver.room(100, at(200)), 0);
        assert_eq!(receiver.lost(3900, at(200)), 3900 - 1697);
        assert_eq!(receiver.lost(3900, at(400)), 3900);
    }

    #[test]
    fn what_is_read_in_time_is_kept() {
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
