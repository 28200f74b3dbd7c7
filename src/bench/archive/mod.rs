//! Stores runs in a file while they happen, and reads them back piece by piece for reports.
//!
//! An [`Archiver`] takes events; an [`Archive`] yields [`Run`]s. Uses [`super::report`] to interpret events. Invariant: memory
//! holds only the running tests and the places of everything else; a run read from an archive equals the [`Report`] that a
//! [`ReportBuilder`] builds from the same events.

mod record;
pub mod store;

use super::event::{Attachment, Event, Failure, TimedEvent};
use super::measurement::Measurement;
use super::report::{Report, ReportBuilder, Sample, Series, Test, next_line};
use super::tally::Counts;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{self, BufRead};
use store::{Log, Piece, Store};

/// Upper bound of unwritten log bytes in memory, not counting store buffers.
const UNWRITTEN: usize = 1 << 20;

/// A test as stored: samples and attachments are kept elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedTest {
    /// The test, its series without samples, and without attachments.
    pub test: Test,
    number: u64,
    series: Vec<u64>,
    attachments: Vec<Piece>,
}

impl SavedTest {
    /// Whether the test has more details than a table row shows.
    pub fn has_details(&self) -> bool {
        let test = &self.test;
        test.error.is_some()
            || !(test.measurements.is_empty()
                && test.attempts.is_empty()
                && test.parameters.is_empty()
                && test.series.is_empty()
                && self.attachments.is_empty()
                && test.output.is_empty())
    }

    fn restored(mut self) -> (Test, Vec<Piece>) {
        (self.test.number, self.test.ended) = (self.number, true);
        self.test.series.iter_mut().zip(&self.series).for_each(|(series, number)| series.number = *number);
        (self.test, self.attachments)
    }
}

/// Totals of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Verdicts of the tests.
    pub tests: Counts,
    /// Verdicts of measurements outside of tests.
    pub loose: Counts,
    /// Verdicts of all measurements with limits.
    pub judged: Counts,
    /// Number of measurements.
    pub measured: usize,
    /// Number of tests with more details than a table row shows.
    pub detailed: usize,
}

impl Sums {
    fn measure(&mut self, item: &Measurement) {
        self.measured += 1;
        if item.is_judged() {
            self.judged.add(item.outcome);
        }
    }

    fn add(&mut self, saved: &SavedTest) {
        self.tests.add(saved.test.outcome);
        self.detailed += usize::from(saved.has_details());
        saved.test.measurements.iter().for_each(|item| self.measure(item));
    }

    fn remove(&mut self, saved: &SavedTest) {
        self.tests.remove(saved.test.outcome);
        self.detailed -= usize::from(saved.has_details());
        self.measured -= saved.test.measurements.len();
        let judged = saved.test.measurements.iter().filter(|item| item.is_judged());
        judged.for_each(|item| self.judged.remove(item.outcome));
    }
}

/// A run of an archive, except for what is in the store.
#[derive(Debug, Default)]
struct Kept {
    /// Without tests, measurements, samples and attachments.
    head: Report,
    tests: Vec<Piece>,
    /// By series number within the archive.
    series: Vec<Log>,
    loose: Log,
    attachments: Vec<Piece>,
    sums: Sums,
    failures: Vec<Failure>,
}

/// Runs that have ended or were cut off.
#[derive(Debug)]
pub struct Archive {
    store: Store,
    runs: Vec<Kept>,
}

impl Archive {
    /// Builds an archive of reports in memory.
    pub fn of(reports: &[Report]) -> Archive {
        let mut archive = Archive { store: Store::memory(), runs: Vec::new() };
        for report in reports {
            // Writing to a store in memory cannot fail.
            archive.runs.extend(record::kept(report, &mut archive.store));
        }
        archive
    }

    /// The runs in the order of their numbers.
    pub fn runs(&self) -> impl Iterator<Item = Run<'_>> + Clone {
        self.runs.iter().map(|kept| Run { store: &self.store, kept })
    }
}

/// A run of an archive.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    store: &'a Store,
    kept: &'a Kept,
}

impl<'a> Run<'a> {
    /// The report without its tests, measurements, samples and attachments.
    pub fn head(&self) -> &'a Report {
        &self.kept.head
    }

    /// Totals of the run.
    pub fn sums(&self) -> &'a Sums {
        &self.kept.sums
    }

    /// As [`Report::failures`].
    pub fn failures(&self) -> &'a [Failure] {
        &self.kept.failures
    }

    /// The tests in order, read one by one.
    pub fn tests(&self) -> impl Iterator<Item = io::Result<SavedTest>> + use<'a> {
        let store = self.store;
        self.kept.tests.iter().map(move |piece| record::read_test(&store.get(*piece)?))
    }

    /// Number of measurements outside of tests.
    pub fn measurement_count(&self) -> usize {
        self.kept.loose.count()
    }

    /// The measurements outside of tests, read piece by piece.
    pub fn measurements(&self) -> impl Iterator<Item = io::Result<Measurement>> + use<'a> {
        self.kept.loose.blocks(self.store).flat_map(|block| match block {
            Ok(block) => record::measurements(&block),
            Err(error) => vec![Err(error)],
        })
    }

    /// The series of a test, or those outside of tests, with their samples.
    pub fn series<'b>(&self, of: Option<&'b SavedTest>) -> impl Iterator<Item = Rows<'b>> + use<'a, 'b>
    where
        'a: 'b,
    {
        let (run, head) = (*self, &self.kept.head);
        let heads: &'b [Series] = of.map_or(&head.series, |saved| &saved.test.series);
        heads.iter().enumerate().map(move |(index, series)| {
            let number = of.map_or(series.number, |saved| saved.series.get(index).copied().unwrap_or(u64::MAX));
            let log = usize::try_from(number).ok().and_then(|number| run.kept.series.get(number));
            Rows { series, log, store: run.store }
        })
    }

    /// Whether a test, or the run outside of tests, has attachments.
    pub fn has_attachments(&self, of: Option<&SavedTest>) -> bool {
        !of.map_or(&self.kept.attachments, |saved| &saved.attachments).is_empty()
    }

    /// The attachments of a test, or those outside of tests, read one by one.
    pub fn attachments<'b>(
        &self,
        of: Option<&'b SavedTest>,
    ) -> impl Iterator<Item = io::Result<Attachment>> + use<'a, 'b>
    where
        'a: 'b,
    {
        let store = self.store;
        let pieces: &'b [Piece] = of.map_or(&self.kept.attachments, |saved| &saved.attachments);
        pieces.iter().map(move |piece| Ok(serde_json::from_slice(&store.get(*piece)?)?))
    }
}

/// A series with its samples.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The series, without samples.
    pub series: &'a Series,
    log: Option<&'a Log>,
    store: &'a Store,
}

impl<'a> Rows<'a> {
    /// Number of samples.
    pub fn count(&self) -> usize {
        self.log.map_or(0, Log::count)
    }

    /// The samples in order, read piece by piece.
    pub fn samples(&self) -> impl Iterator<Item = io::Result<Sample>> + use<'a> {
        let store = self.store;
        self.log.into_iter().flat_map(move |log| log.blocks(store)).flat_map(|block| match block {
            Ok(block) => record::samples(&block),
            Err(error) => vec![Err(error)],
        })
    }
}

/// Takes the events of runs.
#[derive(Debug)]
pub struct Archiver {
    store: Store,
    runs: Vec<(u32, Recording)>,
    /// Upper bound of log bytes in memory.
    unwritten: usize,
}

impl Archiver {
    /// Creates an empty archive in an unnamed file.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn begin() -> io::Result<Archiver> {
        Ok(Archiver { store: Store::scratch()?, runs: Vec::new(), unwritten: 0 })
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// If the disk write fails; earlier events can still be reported.
    pub fn add(&mut self, line: &TimedEvent) -> io::Result<()> {
        let index = self.runs.iter().rposition(|(run, _)| *run == line.run).unwrap_or_else(|| {
            self.runs.push((line.run, Recording::default()));
            self.runs.len() - 1
        });
        self.unwritten += self.runs[index].1.add(line, &mut self.store)?;
        if self.unwritten > UNWRITTEN {
            self.unwritten = 0;
            for (_, run) in &mut self.runs {
                run.flush(&mut self.store)?;
            }
        }
        Ok(())
    }

    /// Whether no event was added.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The archive of the events so far. Unfinished runs are reported as cut off.
    ///
    /// # Errors
    /// If the disk write fails.
    pub fn finish(mut self) -> io::Result<Archive> {
        self.runs.sort_by_key(|(run, _)| *run);
        let mut archive = Archive { store: self.store, runs: Vec::new() };
        for (_, run) in self.runs {
            let kept = run.finish(&mut archive.store)?;
            archive.runs.push(kept);
        }
        Ok(archive)
    }

    /// Reads a log that `--jsonl` wrote. Skips truncated and unknown lines.
    ///
    /// # Errors
    /// If reading fails, as in [`super::report::from_lines`], or the disk write does.
    pub fn read(mut log: impl BufRead) -> io::Result<Archiver> {
        let mut archiver = Archiver::begin()?;
        let mut text = Vec::new();
        while next_line(&mut log, &mut text)? {
            if let Ok(line) = serde_json::from_slice::<TimedEvent>(&text) {
                archiver.add(&line)?;
            }
        }
        Ok(archiver)
    }
}

/// A run in progress.
#[derive(Debug, Default)]
struct Recording {
    /// The head, and the running tests.
    fold: ReportBuilder,
    /// Number and place of each test in the order in which they began; a running test has no place yet.
    tests: Vec<(u64, Option<Piece>)>,
    series: Vec<Log>,
    /// The latest series with each number.
    by_number: HashMap<u64, usize>,
    loose: Log,
    /// Attachments of the running tests, by their place.
    attached: HashMap<usize, Vec<Piece>>,
    attachments: Vec<Piece>,
    sums: Sums,
}

impl Recording {
    /// Adds an event; returns the number of bytes that logs have grown by.
    fn add(&mut self, line: &TimedEvent, store: &mut Store) -> io::Result<usize> {
        self.fold.touch(line.at);
        match &line.event {
            Event::Sample { series, host, board, values } => {
                let log = self.by_number.get(series).and_then(|index| self.series.get_mut(*index));
                return log.map_or(Ok(0), |log| log.push(store, |to| record::sample(to, *host, *board, values)));
            }
            Event::SeriesBegun { series, test, name, unit, columns } => {
                let index = self.series.len();
                self.by_number.insert(*series, index);
                self.series.push(Log::default());
                let (name, unit, columns) = (name.clone(), unit.clone(), columns.clone());
                let event = Event::SeriesBegun { series: index as u64, test: *test, name, unit, columns };
                self.change(*test, &TimedEvent { event, ..*line }, store)?;
            }
            Event::Measured { test, measurement } => match self.find(*test) {
                Some(_) => self.change(*test, line, store)?,
                None => {
                    self.sums.loose.add(measurement.outcome);
                    self.sums.measure(measurement);
                    let text = serde_json::to_vec(measurement)?;
                    return self.loose.push(store, |to| to.extend_from_slice(&text));
                }
            },
            Event::Attached { test, attachment } => {
                let piece = store.put(&serde_json::to_vec(attachment)?)?;
                match self.find(*test) {
                    None => self.attachments.push(piece),
                    Some(index) => {
                        self.reopen(index, store)?;
                        self.attached.entry(index).or_default().push(piece);
                        self.save_ended(index, store)?;
                    }
                }
            }
            Event::TestBegun(begun) => {
                self.tests.push((begun.test, None));
                self.fold.add(line);
            }
            Event::TestAttempt { test, .. } | Event::TestEnded { test, .. } => self.change(Some(*test), line, store)?,
            Event::Diagnosed { test: Some(test), .. } => self.change(Some(*test), line, store)?,
            _ => self.fold.add(line),
        }
        Ok(0)
    }

    /// The latest test with a number. Running tests are among the last.
    fn find(&self, test: Option<u64>) -> Option<usize> {
        let number = test?;
        self.tests.iter().rposition(|(other, _)| *other == number)
    }

    /// Adds an event that belongs to a test, or to none.
    fn change(&mut self, test: Option<u64>, line: &TimedEvent, store: &mut Store) -> io::Result<()> {
        let index = self.find(test);
        if let Some(index) = index {
            self.reopen(index, store)?;
        }
        self.fold.add(line);
        index.map_or(Ok(()), |index| self.save_ended(index, store))
    }

    /// Loads a finished test again because another event concerns it.
    fn reopen(&mut self, index: usize, store: &Store) -> io::Result<()> {
        let (_, Some(piece)) = self.tests[index] else { return Ok(()) };
        let saved = record::read_test(&store.get(piece)?)?;
        self.sums.remove(&saved);
        let (test, attachments) = saved.restored();
        self.fold.put_test(test);
        self.attached.insert(index, attachments);
        self.tests[index].1 = None;
        Ok(())
    }

    /// Saves a test if it has ended.
    fn save_ended(&mut self, index: usize, store: &mut Store) -> io::Result<()> {
        if self.fold.has_ended(self.tests[index].0) { self.save(index, store) } else { Ok(()) }
    }

    fn save(&mut self, index: usize, store: &mut Store) -> io::Result<()> {
        let number = self.tests[index].0;
        let Some(test) = self.fold.take_test(number) else { return Ok(()) };
        let series: Vec<u64> = test.series.iter().map(|series| series.number).collect();
        for log in series.iter().filter_map(|number| usize::try_from(*number).ok()) {
            if let Some(log) = self.series.get_mut(log) {
                log.flush(store)?;
            }
        }
        let attachments = self.attached.remove(&index).unwrap_or_default();
        let saved = SavedTest { test, number, series, attachments };
        self.sums.add(&saved);
        self.tests[index].1 = Some(store.put(&record::test(saved)?)?);
        Ok(())
    }

    fn flush(&mut self, store: &mut Store) -> io::Result<()> {
        self.loose.flush(store)?;
        self.series.iter_mut().try_for_each(|log| log.flush(store))
    }

    fn finish(mut self, store: &mut Store) -> io::Result<Kept> {
        self.flush(store)?;
        self.fold.cut_off();
        // Backwards: if two tests share a number, the last one is found first.
        for index in (0..self.tests.len()).rev() {
            if self.tests[index].1.is_none() {
                self.save(index, store)?;
            }
        }
        let tests: Vec<Piece> = self.tests.iter().filter_map(|(_, piece)| *piece).collect();
        let mut head = self.fold.into_report();
        // The last test decides which failures were already reported with a test.
        if let Some(last) = tests.last() {
            head.tests.push(record::read_test(&store.get(*last)?)?.test);
        }
        let failures = head.failures().cloned().collect();
        head.tests.clear();
        let (series, loose, attachments, sums) = (self.series, self.loose, self.attachments, self.sums);
        Ok(Kept { head, tests, series, loose, attachments, sums, failures })
    }
}

#[cfg(test)]
mod tests;
