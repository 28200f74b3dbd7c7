//! A board's time: its tick counter compared to the host's clock.
//!
//! Every exchange bounds the offset from both sides: the board read its counter after the host started to send, and before
//! the host received the reply. The bounds of several exchanges are intersected, so a long exchange, with loose bounds,
//! cannot distort the result of a short one. Invariant: ticks are unwrapped by the host's time, never by counting.

use crate::value::Value;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Ticks and their wrap-around on one kind of board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticks {
    /// The counter goes from 0 to one less than this; 0 if it does not wrap.
    pub period: i128,
    /// Ticks per second.
    pub rate: i128,
}

impl Ticks {
    /// Parses the reply of `snippets/clock.py`: period and rate.
    pub fn from_value(value: &Value) -> Option<Ticks> {
        let Value::Tuple(fields) = value else { return None };
        let [period, rate] = fields.as_slice() else { return None };
        let (period, rate) = (whole(period)?, whole(rate)?);
        (period >= 0 && rate > 0).then_some(Ticks { period, rate })
    }

    fn seconds(self, ticks: i128) -> f64 {
        // Split, so that large counts keep their fraction.
        let whole = ticks.div_euclid(self.rate);
        let part = ticks.rem_euclid(self.rate);
        whole as f64 + part as f64 / self.rate as f64
    }
}

/// A count in a reply.
pub fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::BigInt(number) => i128::try_from(number).ok(),
        _ => None,
    }
}

/// One reading of a board's counter, at some moment between two of the host's.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Before the host sent the request.
    pub sent: Instant,
    /// After it received the reply.
    pub received: Instant,
    /// The counter when the board started, wrapped.
    pub begun: i128,
    /// The counter when it had the value.
    pub ended: i128,
}

/// Uncertainty, in seconds, from which more samples do not help.
const GOOD_ENOUGH: f64 = 50e-6;
/// A board whose clock is off by more than this plus 1 % of the elapsed time was restarted.
const TOLERANCE: f64 = 0.2;

/// A board's clock compared to the host's.
#[derive(Clone, Debug)]
pub struct Clock {
    ticks: Ticks,
    /// The host's clocks at one moment: all host times are counted from here.
    start: Instant,
    started: SystemTime,
    /// Unwrapped ticks at one moment of the host, in seconds from `start`.
    anchor: Option<(f64, i128)>,
    /// Bounds of board seconds minus host seconds, both from `start`.
    low: f64,
    high: f64,
}

impl Clock {
    /// A clock without readings.
    pub fn new(ticks: Ticks) -> Clock {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        Clock { ticks, start: Instant::now(), started: SystemTime::now(), anchor: None, low, high }
    }

    /// Adds a reading. Returns false if the board must have restarted: then all earlier readings are discarded.
    pub fn add(&mut self, reading: Reading) -> bool {
        let (sent, received) = (self.since_start(reading.sent), self.since_start(reading.received));
        let begun = self.unwrap(reading.begun, sent);
        let ended = begun + self.length(reading);
        let (high, low) = (self.ticks.seconds(begun) - sent, self.ticks.seconds(ended) - received);
        if let Some((when, _)) = self.anchor {
            let allowed = TOLERANCE + 0.01 * (received - when).abs();
            if low > self.high + allowed || high < self.low - allowed {
                *self = Clock::new(self.ticks);
                return false;
            }
        }
        self.anchor = Some((received, ended));
        if low > self.high || high < self.low {
            // The clocks have drifted: use the new bounds, with the least change.
            (self.low, self.high) = if low > self.high { (low, low.max(high)) } else { (high.min(low), high) };
        } else {
            (self.low, self.high) = (self.low.max(low), self.high.min(high));
        }
        true
    }

    /// Whether the offset is as precise as possible.
    pub fn is_good(&self) -> bool {
        self.high - self.low < GOOD_ENOUGH
    }

    /// Board minus host, in seconds; the host's time counts from the Unix epoch. `None` before the first reading.
    pub fn offset(&self) -> Option<f64> {
        self.anchor.map(|_| (self.low + self.high) / 2.0 - self.epoch())
    }

    /// The host's time, in seconds since the Unix epoch, of the middle between two counts of one reading.
    pub fn middle(&self, reading: Reading) -> Option<f64> {
        self.anchor?;
        let begun = self.unwrap(reading.begun, self.since_start(reading.sent));
        let middle = self.ticks.seconds(begun) + self.ticks.seconds(self.length(reading)) / 2.0;
        Some(middle - (self.low + self.high) / 2.0 + self.epoch())
    }

    /// The ticks between the two counts of a reading, which may be more than a period.
    fn length(&self, reading: Reading) -> i128 {
        let counted = reading.ended - reading.begun;
        if self.ticks.period == 0 {
            return counted;
        }
        let counted = counted.rem_euclid(self.ticks.period);
        let passed = reading.received.saturating_duration_since(reading.sent).as_secs_f64() * self.ticks.rate as f64;
        let periods = ((passed - counted as f64) / self.ticks.period as f64).round();
        counted + (periods as i128).max(0) * self.ticks.period
    }

    /// The count closest to the board's expected counter at `when`.
    fn unwrap(&self, count: i128, when: f64) -> i128 {
        let (Some((anchor, ticks)), false) = (self.anchor, self.ticks.period == 0) else { return count };
        let expected = ticks + ((when - anchor) * self.ticks.rate as f64).round() as i128;
        let away = (count - expected).rem_euclid(self.ticks.period);
        expected + if away * 2 > self.ticks.period { away - self.ticks.period } else { away }
    }

    fn since_start(&self, when: Instant) -> f64 {
        match when.checked_duration_since(self.start) {
            Some(later) => later.as_secs_f64(),
            None => -self.start.duration_since(when).as_secs_f64(),
        }
    }

    fn epoch(&self) -> f64 {
        self.started.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROS: Ticks = Ticks { period: 1 << 30, rate: 1_000_000 };

    /// A board whose counter was `at_start` when the test's clock started.
    struct Board {
        clock: Clock,
        at_start: i128,
    }

    impl Board {
        fn new(at_start: i128) -> Board {
            Board { clock: Clock::new(MICROS), at_start }
        }

        /// An exchange that starts `at` seconds after the start: `way` there, `run` on the board, `back` again.
        fn exchange(&self, at: f64, way: f64, run: f64, back: f64) -> Reading {
            let after = |seconds: f64| self.clock.start + Duration::from_secs_f64(seconds);
            let count = |seconds: f64| (self.at_start + (seconds * 1e6).round() as i128).rem_euclid(MICROS.period);
            Reading {
                sent: after(at),
                received: after(at + way + run + back),
                begun: count(at + way),
                ended: count(at + way + run),
            }
        }

        fn error(&self) -> f64 {
            let real = self.at_start as f64 / 1e6 - self.clock.epoch();
            (self.clock.offset().unwrap() - real).abs()
        }
    }

    #[test]
    fn long_tasks_do_not_distort_the_offset() {
        let mut board = Board::new(5_000_000);
        assert_eq!(board.clock.offset(), None);
        assert!(board.clock.add(board.exchange(0.1, 0.001, 0.0, 0.001)));
        assert!(board.error() < 1e-6, "{}", board.error());
        for number in 0..10 {
            // All of the time is on one side.
            let long = board.exchange(1.0 + f64::from(number) * 3.0, 0.001, 1.0, 0.8);
            assert!(board.clock.add(long));
        }
        assert!(board.error() < 1e-6, "{}", board.error());
    }

    #[test]
    fn the_stamp_is_the_middle_of_the_value() {
        let mut board = Board::new(7);
        board.clock.add(board.exchange(0.0, 0.0005, 0.0, 0.0005));
        let task = board.exchange(2.0, 0.001, 1.0, 0.3);
        let stamp = board.clock.middle(task).unwrap() - board.clock.epoch();
        assert!((stamp - 2.501).abs() < 1e-6, "{stamp}");
    }

    #[test]
    fn unwraps_ticks() {
        let mut board = Board::new(MICROS.period - 1_000_000);
        for number in 0..100 {
            assert!(board.clock.add(board.exchange(f64::from(number) * 60.0, 0.001, 0.0, 0.001)), "{number}");
            assert!(board.error() < 1e-3, "{number}: {}", board.error());
        }
    }

    #[test]
    fn a_task_may_run_longer_than_the_tick_period() {
        let mut board = Board::new(7);
        assert!(board.clock.add(board.exchange(0.0, 0.0005, 0.0, 0.0005)));
        for (number, hours) in [0.2, 0.4, 1.0, 30.0].into_iter().enumerate() {
            let at = 200_000.0 * number as f64 + 5.0;
            let task = board.exchange(at, 0.001, hours * 3600.0, 0.3);
            assert!(board.clock.add(task), "{hours}");
            let stamp = board.clock.middle(task).unwrap() - board.clock.epoch();
            assert!((stamp - at - 0.001 - hours * 1800.0).abs() < 1e-3, "{hours}: {stamp}");
            assert!(board.error() < 1e-3, "{hours}: {}", board.error());
        }
    }

    #[test]
    fn detects_a_restarted_board() {
        let mut board = Board::new(50_000_000);
        assert!(board.clock.add(board.exchange(0.0, 0.001, 0.0, 0.001)));
        board.at_start = 0;
        assert!(!board.clock.add(board.exchange(5.0, 0.001, 0.0, 0.001)));
        assert_eq!(board.clock.offset(), None);
    }

    #[test]
    fn drift_is_followed() {
        let mut board = Board::new(0);
        assert!(board.clock.add(board.exchange(0.0, 0.0001, 0.0, 0.0001)));
        board.at_start = 50_000;
        assert!(board.clock.add(board.exchange(100.0, 0.0001, 0.0, 0.0001)));
        assert!(board.error() < 2e-4, "{}", board.error());
    }
}
