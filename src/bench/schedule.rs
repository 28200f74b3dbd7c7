//! How well a schedule of `every` was kept.
//!
//! Invariant: plain data; schedules at the same place in a script are summed up.

use serde::{Deserialize, Serialize};

/// Statistics of a schedule. Times are in seconds; jitter is how late calls began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The script that contains `every`.
    pub file: String,
    /// Its line, from 1; 0 if not known.
    pub line: u32,
    /// The period.
    pub period_s: f64,
    /// Calls that were made.
    pub calls: u64,
    /// Calls skipped because their time had passed.
    pub skipped: u64,
    /// The mean jitter.
    pub jitter_mean_s: f64,
    /// The maximum jitter.
    pub jitter_max_s: f64,
}

impl Schedule {
    /// Merges this into the earlier ones: a schedule that runs repeatedly, for example once per test, is listed once.
    pub fn add_to(self, all: &mut Vec<Schedule>) {
        let same = |other: &&mut Schedule| {
            (&other.file, other.line) == (&self.file, self.line) && other.period_s.to_bits() == self.period_s.to_bits()
        };
        let Some(known) = all.iter_mut().find(same) else { return all.push(self) };
        #[expect(clippy::cast_precision_loss, reason = "counts of calls that were made")]
        let (before, now) = (known.calls as f64, self.calls as f64);
        known.calls = known.calls.saturating_add(self.calls);
        known.skipped = known.skipped.saturating_add(self.skipped);
        known.jitter_mean_s = (known.jitter_mean_s * before + self.jitter_mean_s * now) / (before + now).max(1.0);
        known.jitter_max_s = known.jitter_max_s.max(self.jitter_max_s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_schedules_at_one_place() {
        let of = |line, calls, jitter_mean_s| Schedule {
            line,
            calls,
            skipped: 1,
            jitter_mean_s,
            jitter_max_s: jitter_mean_s * 2.0,
            ..Schedule::default()
        };
        let mut all = Vec::new();
        for schedule in [of(1, 3, 1.0), of(2, 1, 8.0), of(1, 1, 5.0)] {
            schedule.add_to(&mut all);
        }
        let found: Vec<_> =
            all.iter().map(|one| (one.line, one.calls, one.skipped, one.jitter_mean_s, one.jitter_max_s)).collect();
        assert_eq!(found, [(1, 4, 2, 2.0, 10.0), (2, 1, 1, 8.0, 16.0)]);
    }
}
