//! The running tests of a run and the outcomes of finished ones.
//!
//! Invariant: every test that begins also ends; its verdict counts the measurements of its last attempt.

use super::event::Outcome;
use std::collections::HashMap;
use std::sync::Arc;
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
    /// Running calls of `parallel`.
    depth: u64,
    /// Threads that work for a test besides its own: its monitors.
    helpers: Vec<(ThreadId, u64)>,
    ended: Vec<Ended>,
    /// The places of ended tests by their own names and by those of their tables, in order: a test that needs another one looks at
    /// few of those before it.
    by_name: HashMap<Arc<str>, Vec<usize>>,
    begun: u64,
    series: u64,
    diagnoses: Vec<Made>,
}

/// A diagnosis.
#[derive(Debug)]
struct Made {
    name: String,
    /// The test that made it.
    test: Option<u64>,
    /// The board for which it was made, in a closure of `for_each_board`.
    board: Option<String>,
}

/// A test that has ended.
#[derive(Debug)]
struct Ended {
    /// The names of its groups. Tests of one group share them.
    groups: Arc<[String]>,
    name: Arc<str>,
    /// The name of its table, if it is the test of a row.
    table: Option<Arc<str>>,
    outcome: Outcome,
}

impl Ended {
    /// Whether `name` means this test: its own name, the name of its table, or one of them after those of the groups.
    fn is_called(&self, name: &str) -> bool {
        let mut lasts = [Some(&self.name), self.table.as_ref()].into_iter().flatten();
        lasts.any(|last| {
            **last == *name || name.strip_suffix(&**last).is_some_and(|before| self.is_path_of_groups(before))
        })
    }

    /// Whether `text` is the names of its groups, each with a `/` after it.
    fn is_path_of_groups(&self, text: &str) -> bool {
        let mut rest = text;
        for group in self.groups.iter() {
            match rest.strip_prefix(group.as_str()).and_then(|rest| rest.strip_prefix('/')) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }

    /// Whether it is within a group.
    fn is_in(&self, group: &[String]) -> bool {
        let mut path = self.groups.iter().map(String::as_str).chain([&*self.name]);
        group.iter().all(|name| path.next() == Some(name))
    }
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

    /// Sets the number of running calls of `parallel`.
    pub fn set_depth(&mut self, depth: u64) {
        self.depth = depth;
    }

    /// Makes this thread work for the test with this number, until the test ends.
    pub fn help(&mut self, number: u64) {
        self.helpers.push((std::thread::current().id(), number));
    }

    /// The test that runs on this thread, or works with it: a test whose monitor it runs, or the only test around the running
    /// calls of `parallel`, whose closures run on other threads.
    fn index(&self) -> Option<usize> {
        let thread = std::thread::current().id();
        let helped = self.helpers.iter().find(|(helper, _)| *helper == thread).map(|(_, number)| *number);
        let is_own = |test: &Running| test.thread == thread || Some(test.number) == helped;
        if let Some(own) = self.running.iter().position(is_own) {
            return Some(own);
        }
        let mut around = (0..self.running.len()).filter(|index| self.running[*index].depth < self.depth);
        around.next().filter(|_| around.next().is_none())
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

    /// Starts another attempt: earlier measurements and diagnoses do not count.
    pub fn again(&mut self) {
        if let Some(index) = self.index() {
            self.running[index].measured = Outcome::Pass;
            let number = self.running[index].number;
            self.diagnoses.retain(|made| made.test != Some(number));
        }
    }

    /// The verdict of an attempt whose body ended with `outcome`: a failed measurement fails it, even if the rest was skipped.
    pub fn verdict(&self, outcome: Outcome) -> Outcome {
        let measured = self.index().map_or(Outcome::Pass, |index| self.running[index].measured);
        match outcome {
            Outcome::Pass => measured,
            Outcome::Skip if !measured.is_good() => measured,
            other => other,
        }
    }

    /// Ends the test with this number and path of names; `table` is the name of its table, if it is the test of a row.
    pub fn end(&mut self, number: u64, mut path: Vec<String>, table: Option<String>, outcome: Outcome) {
        self.running.retain(|test| test.number != number);
        self.helpers.retain(|(_, test)| *test != number);
        let name = self.named(&path.pop().unwrap_or_default());
        let table = table.map(|table| self.named(&table));
        for name in std::iter::once(&name).chain(table.iter().filter(|table| **table != name)) {
            self.by_name.entry(name.clone()).or_default().push(self.ended.len());
        }
        let groups = match self.ended.last() {
            Some(last) if *last.groups == *path => last.groups.clone(),
            _ => path.into(),
        };
        self.ended.push(Ended { groups, name, table, outcome });
    }

    /// The name, shared with the other tests that have it.
    fn named(&self, name: &str) -> Arc<str> {
        self.by_name.get_key_value(name).map_or_else(|| name.into(), |(known, _)| known.clone())
    }

    /// Ended tests that `name` may mean, the latest first: those called by any end of it that follows a `/`.
    fn candidates(&self, name: &str) -> impl Iterator<Item = &Ended> {
        let ends = std::iter::once(name).chain(name.match_indices('/').map(|(place, _)| &name[place + 1..]));
        let mut places: Vec<usize> = ends.filter_map(|end| self.by_name.get(end)).flatten().copied().collect();
        places.sort_unstable();
        places.into_iter().rev().map(|place| &self.ended[place])
    }

    /// The outcome of the latest test with this name: one within `group` first, then any. `None` if it has not ended. The name
    /// of a table means all of its rows: the worst outcome, or [`Outcome::Skip`] if one was skipped.
    pub fn outcome_of(&self, group: &[String], name: &str) -> Option<Outcome> {
        let mut called = self.candidates(name).filter(|ended| ended.is_called(name)).peekable();
        let latest = *called.peek()?;
        let found = called.find(|ended| ended.is_in(group)).unwrap_or(latest);
        let is_by_itself = name.ends_with(&*found.name);
        let Some(table) = found.table.as_ref().filter(|_| !is_by_itself) else { return Some(found.outcome) };
        let all = self.by_name.get(table).into_iter().flatten().map(|place| &self.ended[*place]);
        let rows = all.filter(|ended| ended.table == found.table && ended.groups == found.groups);
        let worst = rows.clone().map(|ended| ended.outcome).max()?;
        let has_skipped = rows.clone().any(|ended| ended.outcome == Outcome::Skip);
        Some(if worst.is_good() && has_skipped { Outcome::Skip } else { worst })
    }

    /// Adds a diagnosis to the test that runs on this thread; returns that test. A failing one fails the test.
    pub fn diagnosed(&mut self, name: &str, board: Option<String>, is_failure: bool) -> Option<u64> {
        let test = self.test();
        self.diagnoses.push(Made { name: name.to_owned(), test, board });
        if is_failure {
            self.measured(Outcome::Fail);
        }
        test
    }

    /// Whether a diagnosis with this name was made, for this `board` or for none; without a board, for any.
    pub fn has_diagnosis(&self, name: &str, board: Option<&str>) -> bool {
        let fits = |made: &Made| made.board.is_none() || board.is_none() || made.board.as_deref() == board;
        self.diagnoses.iter().any(|made| made.name == name && fits(made))
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
        record.end(number, vec!["a".to_owned()], None, Outcome::Marginal);
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
    fn a_thread_works_for_the_test_around_it() {
        let elsewhere = |record: &mut Record, work: fn(&mut Record) -> Option<u64>| {
            std::thread::scope(|scope| scope.spawn(|| work(record)).join().unwrap())
        };
        let mut record = Record::default();
        record.set_depth(1);
        let number = record.begin(1);
        // The closure of another board, outside of its tests.
        assert_eq!(elsewhere(&mut record, |record| record.test()), None);
        let helping = |record: &mut Record| {
            record.help(1);
            record.test()
        };
        assert_eq!(elsewhere(&mut record, helping), number);
        record.set_depth(2);
        assert_eq!(elsewhere(&mut record, |record| record.test()), number);
    }

    #[test]
    fn a_name_means_the_nearest_test() {
        let mut record = Record::default();
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        record.end(1, path("power/on"), None, Outcome::Fail);
        record.end(2, path("on"), None, Outcome::Pass);
        assert_eq!(record.outcome_of(&path("power"), "on"), Some(Outcome::Fail));
        assert_eq!(record.outcome_of(&path("other"), "on"), Some(Outcome::Pass));
        assert_eq!(record.outcome_of(&[], "power/on"), Some(Outcome::Fail));
        assert_eq!(record.outcome_of(&[], "off"), None);
    }

    #[test]
    fn names_may_contain_slashes_and_repeat_their_groups() {
        let mut record = Record::default();
        let mut end = |path: &[&str], outcome| {
            record.end(1, path.iter().map(|name| (*name).to_owned()).collect(), None, outcome);
        };
        end(&["bus", "read / write"], Outcome::Fail);
        end(&["a", "a"], Outcome::Skip);
        end(&["a/b"], Outcome::Error);
        let of = |name: &str| record.outcome_of(&[], name);
        assert_eq!((of("read / write"), of("bus/read / write")), (Some(Outcome::Fail), Some(Outcome::Fail)));
        assert_eq!((of("a"), of("a/a"), of("a/b")), (Some(Outcome::Skip), Some(Outcome::Skip), Some(Outcome::Error)));
        assert_eq!([" write", "write", "b", "a/", "/a", "aa", ""].map(of), [None; 7]);
    }

    #[test]
    fn many_tests_do_not_make_a_name_slower_to_find() {
        let mut record = Record::default();
        for number in 0..1000 {
            record.end(number, vec!["g".to_owned(), format!("t{number}")], None, Outcome::Pass);
        }
        assert_eq!(record.outcome_of(&[], "g/t0"), Some(Outcome::Pass));
        assert_eq!((record.candidates("g/t0").count(), record.candidates("t999").count()), (1, 1));
        assert!(record.ended.iter().all(|ended| Arc::ptr_eq(&ended.groups, &record.ended[0].groups)));
    }

    #[test]
    fn the_name_of_a_table_means_all_of_its_rows() {
        let mut record = Record::default();
        let mut end = |row: &str, outcome| {
            record.end(1, vec!["g".to_owned(), format!("adc [{row}]")], Some("adc".to_owned()), outcome);
            let of = |name: &str| record.outcome_of(&[], name);
            (of("adc"), of("g/adc"), of("adc [v=2]"))
        };
        use Outcome::{Fail, Pass, Skip};
        assert_eq!(end("v=1", Pass), (Some(Pass), Some(Pass), None));
        assert_eq!(end("v=2", Skip), (Some(Skip), Some(Skip), Some(Skip)));
        assert_eq!(end("v=3", Fail), (Some(Fail), Some(Fail), Some(Skip)));
    }

    #[test]
    fn diagnoses_of_an_earlier_attempt_do_not_count() {
        let mut record = Record::default();
        assert_eq!(record.diagnosed("early", None, false), None);
        let number = record.begin(0);
        assert_eq!(record.diagnosed("weak", Some("left".to_owned()), true), number);
        assert_eq!((record.verdict(Outcome::Pass), record.verdict(Outcome::Skip)), (Outcome::Fail, Outcome::Fail));
        let has = |record: &Record, name: &str| {
            [None, Some("left"), Some("right")].map(|board| record.has_diagnosis(name, board))
        };
        assert_eq!((has(&record, "weak"), has(&record, "early")), ([true, true, false], [true; 3]));
        record.again();
        assert_eq!((has(&record, "weak"), has(&record, "early")), ([false; 3], [true; 3]));
        assert_eq!(record.verdict(Outcome::Skip), Outcome::Skip);
    }
}
