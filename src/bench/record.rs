//! The running tests of a run and the outcomes of finished ones.
//!
//! Invariant: every test that begins also ends; its verdict counts the measurements of its last attempt.

use super::event::Outcome;
use std::thread::ThreadId;

/// A running test.
#[derive(Debug)]
struct Running {
    number: u64,
    thread: ThreadId,
    /// Number of enclosing `parallel` calls when it began.
    depth: u64,
    /// The worst measurement of this attempt.
    measured: Outcome,
}

/// The tests of a run.
#[derive(Debug, Default)]
pub struct Record {
    running: Vec<Running>,
    ended: Vec<(Vec<String>, Outcome)>,
    begun: u64,
    series: u64,
}

impl Record {
    /// Whether a test may begin on this thread, `depth` calls of `parallel` deep: not inside another test.
    pub fn may_begin(&self, depth: u64) -> bool {
        let thread = std::thread::current().id();
        !self.running.iter().any(|test| test.thread == thread || test.depth < depth)
    }

    /// Begins a test on this thread, `depth` calls of `parallel` deep. Returns its number, or `None` inside another test.
    pub fn begin(&mut self, depth: u64) -> Option<u64> {
        if !self.may_begin(depth) {
            return None;
        }
        let number = self.number();
        let thread = std::thread::current().id();
        self.running.push(Running { number, thread, depth, measured: Outcome::Pass });
        Some(number)
    }

    /// Returns a number for a test that is skipped.
    pub fn number(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// Returns a number for a new series.
    pub fn new_series(&mut self) -> u64 {
        self.series += 1;
        self.series
    }

    /// The test that runs on this thread, or the only running test: closures of `parallel` within it run on other threads.
    fn index(&self) -> Option<usize> {
        let thread = std::thread::current().id();
        let own = self.running.iter().position(|test| test.thread == thread);
        own.or(if self.running.len() == 1 { Some(0) } else { None })
    }

    /// The number of the test that runs on this thread.
    pub fn test(&self) -> Option<u64> {
        self.index().map(|index| self.running[index].number)
    }

    /// Adds a measurement to the test that runs on this thread.
    pub fn measured(&mut self, outcome: Outcome) {
        if let Some(index) = self.index() {
            let test = &mut self.running[index];
            test.measured = test.measured.max(outcome);
        }
    }

    /// Starts another attempt: earlier measurements do not count.
    pub fn again(&mut self) {
        if let Some(index) = self.index() {
            self.running[index].measured = Outcome::Pass;
        }
    }

    /// The verdict of an attempt whose body ended with `outcome`: a failed measurement fails it.
    pub fn verdict(&self, outcome: Outcome) -> Outcome {
        let measured = self.index().map_or(Outcome::Pass, |index| self.running[index].measured);
        if outcome == Outcome::Pass { measured } else { outcome }
    }

    /// Ends the test with this number and path of names.
    pub fn end(&mut self, number: u64, path: Vec<String>, outcome: Outcome) {
        self.running.retain(|test| test.number != number);
        self.ended.push((path, outcome));
    }

    /// The outcome of the latest test with this name: one within `group` first, then any. `None` if it has not ended.
    pub fn outcome_of(&self, group: &[String], name: &str) -> Option<Outcome> {
        let is = |path: &[String]| path.last().is_some_and(|last| last == name);
        let near = self.ended.iter().rev().find(|(path, _)| is(path) && path.starts_with(group));
        let any = || self.ended.iter().rev().find(|(path, _)| is(path) || path.join("/") == name);
        near.or_else(any).map(|(_, outcome)| *outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempt_counts() {
        let mut record = Record::default();
        let number = record.begin(0).unwrap();
        record.measured(Outcome::Fail);
        assert_eq!(record.verdict(Outcome::Pass), Outcome::Fail);
        record.again();
        record.measured(Outcome::Marginal);
        assert_eq!(record.verdict(Outcome::Pass), Outcome::Marginal);
        assert_eq!(record.verdict(Outcome::Timeout), Outcome::Timeout);
        record.end(number, vec!["a".to_owned()], Outcome::Marginal);
        assert_eq!(record.test(), None);
    }

    #[test]
    fn tests_do_not_nest_but_may_run_in_parallel() {
        let mut record = Record::default();
        assert_eq!(record.begin(1), Some(1));
        assert_eq!(record.begin(1), None);
        let other = std::thread::scope(|scope| {
            scope.spawn(|| (record.begin(1), record.begin(2), record.test())).join().unwrap()
        });
        assert_eq!(other, (Some(2), None, Some(2)));
        assert_eq!(record.test(), Some(1));
    }

    #[test]
    fn a_name_means_the_nearest_test() {
        let mut record = Record::default();
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        record.end(1, path("power/on"), Outcome::Fail);
        record.end(2, path("on"), Outcome::Pass);
        assert_eq!(record.outcome_of(&path("power"), "on"), Some(Outcome::Fail));
        assert_eq!(record.outcome_of(&path("other"), "on"), Some(Outcome::Pass));
        assert_eq!(record.outcome_of(&[], "power/on"), Some(Outcome::Fail));
        assert_eq!(record.outcome_of(&[], "off"), None);
    }
}
