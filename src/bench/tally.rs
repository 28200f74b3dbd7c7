//! Counts verdicts.
//!
//! Invariant: plain data; its size does not depend on the number of verdicts.

use super::event::{Board, Event, GroupEnded, GroupKind, Outcome};
use super::schedule::Schedule;

/// Number of verdicts of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([usize; Outcome::ALL.len()]);

impl Counts {
    /// Adds one.
    pub fn add(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }

    /// Removes one.
    pub fn remove(&mut self, outcome: Outcome) {
        self.0[outcome as usize] = self.0[outcome as usize].saturating_sub(1);
    }

    /// Adds those of `other`.
    pub fn add_all(&mut self, other: &Counts) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }

    /// Number of verdicts equal to `outcome`.
    pub fn of(&self, outcome: Outcome) -> usize {
        self.0[outcome as usize]
    }

    /// Total number.
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// The worst of them.
    pub fn worst(&self) -> Option<Outcome> {
        Outcome::ALL.into_iter().rev().find(|outcome| self.of(*outcome) > 0)
    }
}

impl FromIterator<Outcome> for Counts {
    fn from_iter<T: IntoIterator<Item = Outcome>>(outcomes: T) -> Counts {
        let mut counts = Counts::default();
        outcomes.into_iter().for_each(|outcome| counts.add(outcome));
        counts
    }
}

/// Totals of several runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Verdicts of finished tests.
    pub tests: Counts,
    /// Verdicts of subtests.
    pub subtests: Counts,
    /// Verdicts of measurements outside of tests.
    pub measurements: Counts,
    /// Selected tests that were not reached, without those that might not have run anyway.
    pub not_reached: usize,
    /// Whether a diagnosis outside of tests fails the run.
    pub diagnosed: bool,
    /// How well the schedules of `every` were kept, one per place in a script.
    pub schedules: Vec<Schedule>,
    /// Boards that were simulated, each once.
    pub simulated: Vec<Board>,
}

impl Tally {
    /// Adds the next event.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::TestEnded { outcome, .. } => self.tests.add(*outcome),
            Event::GroupEnded(GroupEnded { kind: GroupKind::Subtest, outcome: Some(outcome), .. }) => {
                self.subtests.add(*outcome);
            }
            Event::Measured { test: None, measurement } => self.measurements.add(measurement.outcome),
            Event::TestNotReached(unreached) => self.not_reached += usize::from(!unreached.conditional),
            Event::Diagnosed { test: None, diagnosis } => self.diagnosed |= diagnosis.failure,
            Event::Scheduled(schedule) => schedule.clone().add_to(&mut self.schedules),
            Event::BoardOpened(board) => self.add_board(board.clone().with_source()),
            Event::InstrumentOpened(instrument) => {
                instrument.as_simulated().into_iter().for_each(|one| self.add_board(one))
            }
            _ => {}
        }
    }

    fn add_board(&mut self, board: Board) {
        let same = |other: &Board| (&other.name, other.source) == (&board.name, board.source);
        if board.simulated && !self.simulated.iter().any(same) {
            self.simulated.push(board);
        }
    }

    /// Adds the totals of other runs.
    pub fn add_all(&mut self, other: Tally) {
        self.tests.add_all(&other.tests);
        self.subtests.add_all(&other.subtests);
        self.diagnosed |= other.diagnosed;
        self.measurements.add_all(&other.measurements);
        self.not_reached += other.not_reached;
        other.schedules.into_iter().for_each(|schedule| schedule.add_to(&mut self.schedules));
        other.simulated.into_iter().for_each(|board| self.add_board(board));
    }

    /// Whether a test ran, or something was measured outside of tests.
    pub fn has_judged(&self) -> bool {
        let is_judged = |counts: &Counts| counts.total() > counts.of(Outcome::Skip);
        is_judged(&self.tests) || is_judged(&self.subtests) || self.measurements.total() > 0 || self.diagnosed
    }

    /// The worst verdict: [`Outcome::Pass`] if there is none.
    pub fn worst(&self) -> Outcome {
        let worst = self.tests.worst().max(self.subtests.worst()).max(self.measurements.worst());
        worst.max(self.diagnosed.then_some(Outcome::Fail)).unwrap_or(Outcome::Pass)
    }

    /// Whether every test and every measurement is good.
    pub fn passed(&self) -> bool {
        self.worst().is_good()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_counted() {
        let mut counts: Counts = [Outcome::Pass, Outcome::Fail, Outcome::Pass].into_iter().collect();
        assert_eq!((counts.of(Outcome::Pass), counts.total(), counts.worst()), (2, 3, Some(Outcome::Fail)));
        counts.remove(Outcome::Fail);
        assert_eq!(counts.worst(), Some(Outcome::Pass));
        assert_eq!(Counts::default().worst(), None);
        for (index, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, index);
        }
        let skipped = Tally { tests: [Outcome::Skip].into_iter().collect(), ..Tally::default() };
        let measured = Tally { measurements: [Outcome::Pass].into_iter().collect(), ..skipped.clone() };
        assert_eq!((skipped.has_judged(), measured.has_judged()), (false, true));
        assert_eq!((skipped.worst(), skipped.passed(), Tally::default().worst()), (Outcome::Skip, true, Outcome::Pass));
    }
}
