//! Builds a report from events.
//!
//! Uses [`crate::bench::event`]. Invariant: a stream truncated at any event still gives a report; whatever had not ended becomes an
//! error that says so.

use super::{Attempt, Group, Notice, Printed, Question, Report, Sample, Series, Test};
use crate::bench::date;
use crate::bench::event::{Asked, Event, Failure, GroupBegun, Outcome, SCHEMA, TimedEvent};
use std::collections::HashMap;

/// Output kept per test, or outside of tests, in bytes: a flood must not exhaust memory. Notices have the same limit.
pub(super) const MOST_OUTPUT: usize = 1 << 20;

/// Marks omitted output.
pub(super) const MORE: &str = "(more was printed)\n";

/// Marks omitted notices.
pub(super) const MORE_NOTICES: &str = "(more notices were shown)";

/// Questions, read files and folders kept in a report: a loop must not exhaust memory.
const MOST_LISTED: usize = 10_000;

/// Bytes that a notice takes in a report besides its text.
const NOTICE: usize = 64;

/// Builds the report of one run from events, in memory. [`Archive`](crate::bench::archive::Archive) handles runs of any size.
#[derive(Clone, Debug)]
pub struct ReportBuilder {
    report: Report,
    begun_at: f64,
    latest_at: f64,
    ended: bool,
    /// The running tests.
    running: Vec<u64>,
    /// The test to which a series belongs.
    series: HashMap<u64, Option<u64>>,
    /// Bytes of output kept per test, or outside of tests.
    printed: HashMap<Option<u64>, usize>,
    /// Bytes of notices.
    noticed: usize,
}

/// The error of a truncated stream.
fn cut_off() -> Failure {
    Failure {
        kind: "Interrupted".to_owned(),
        message: "the record ends here: the run was killed or is still running".to_owned(),
        ..Failure::default()
    }
}

impl Default for ReportBuilder {
    fn default() -> Self {
        ReportBuilder::new()
    }
}

impl ReportBuilder {
    /// Starts with no events.
    pub fn new() -> ReportBuilder {
        ReportBuilder {
            report: Report { schema: SCHEMA, ..Report::default() },
            begun_at: 0.0,
            latest_at: 0.0,
            ended: false,
            running: Vec::new(),
            series: HashMap::new(),
            printed: HashMap::new(),
            noticed: 0,
        }
    }

    /// Whether the run has ended.
    pub fn is_complete(&self) -> bool {
        self.ended
    }

    /// The report of the events so far.
    pub fn report(&self) -> Report {
        let mut fold = self.clone();
        fold.cut_off();
        fold.report
    }

    /// The report of the events, without marking it as cut off.
    pub fn into_report(self) -> Report {
        self.report
    }

    /// Turns everything that has not ended into an error that says so.
    pub fn cut_off(&mut self) {
        let report = &mut self.report;
        for test in report.tests.iter_mut().filter(|test| !test.ended) {
            test.outcome = Outcome::Error;
            test.error.get_or_insert_with(cut_off);
        }
        for group in report.groups.iter_mut().filter(|group| !group.ended) {
            group.outcome = Outcome::Error;
        }
        if !self.ended {
            report.outcome = report.worst().max(Outcome::Error);
            report.duration_s = (self.latest_at - self.begun_at).max(0.0);
            report.error.get_or_insert_with(cut_off);
        }
    }

    /// The tests and measurements so far, for a run that is about to end.
    pub fn so_far(&self) -> &Report {
        &self.report
    }

    /// Removes and returns the latest test with this number, for callers that handle tests one at a time.
    pub fn take_test(&mut self, number: u64) -> Option<Test> {
        let index = self.report.tests.iter().rposition(|test| test.number == number)?;
        self.printed.remove(&Some(number));
        Some(self.report.tests.remove(index))
    }

    /// Puts back a test that was taken out.
    pub fn put_test(&mut self, test: Test) {
        self.report.tests.push(test);
    }

    /// Whether the latest test with this number has ended.
    pub fn has_ended(&self, number: u64) -> bool {
        self.report.tests.iter().rev().find(|test| test.number == number).is_some_and(|test| test.ended)
    }

    fn test(&mut self, number: Option<u64>) -> Option<&mut Test> {
        let number = number?;
        self.report.tests.iter_mut().rev().find(|test| test.number == number)
    }

    /// Extends the run to this moment, in seconds since 1970.
    pub fn touch(&mut self, at: f64) {
        if self.begun_at == 0.0 {
            self.begun_at = at;
            self.report.started = date::utc_of(at);
        }
        self.latest_at = at;
    }

    /// Adds the next event.
    pub fn add(&mut self, line: &TimedEvent) {
        self.touch(line.at);
        match &line.event {
            Event::RunBegun(begun) => {
                let (report, begun) = (&mut self.report, begun.clone());
                report.started_local = begun.utc_offset_s.map(|offset| date::local_of(line.at, offset));
                (report.script, report.sha256, report.revision) = (begun.script, begun.sha256, begun.revision);
                (report.version, report.host, report.args) = (begun.version, begun.host, begun.args);
                (report.operator, report.serial) = (begun.operator, begun.serial);
                (report.folder, report.program, report.station) = (begun.folder, begun.program, begun.station);
            }
            Event::UnitNamed { serial, variant } => {
                (self.report.serial, self.report.variant) = (Some(serial.clone()), variant.clone());
            }
            Event::BoardOpened(board) => self.report.add_board(board.clone()),
            Event::InstrumentOpened(instrument) => self.report.add_instrument(instrument.clone()),
            Event::InputRead(input) => keep(&mut self.report.inputs, input.clone()),
            Event::FolderSent(manifest) => keep(&mut self.report.folders, manifest.clone()),
            Event::QuestionAnswered { test, asked } => self.add_question(line.at, *test, asked),
            Event::TestNotReached(unreached) => keep(&mut self.report.not_reached, unreached.clone()),
            Event::GroupBegun(_) | Event::GroupEnded(_) => self.add_group(line),
            Event::TestBegun(_) | Event::TestAttempt { .. } | Event::TestEnded { .. } => self.add_test(line),
            Event::Measured { test, measurement } => match self.test(*test) {
                Some(test) => test.measurements.push(measurement.as_ref().clone()),
                None => self.report.measurements.push(measurement.as_ref().clone()),
            },
            Event::Checked(checked) => self.report.checkpoints.push(checked.clone()),
            Event::Diagnosed { test, diagnosis } => match self.test(*test) {
                Some(test) => test.diagnoses.push(diagnosis.clone()),
                None => self.report.diagnoses.push(diagnosis.clone()),
            },
            Event::Scheduled(schedule) => schedule.clone().add_to(&mut self.report.schedules),
            Event::SeriesBegun { .. } | Event::Sample { .. } => self.add_series(&line.event),
            Event::Attached { test, attachment } => match self.test(*test) {
                Some(test) => test.attachments.push(attachment.clone()),
                None => self.report.attachments.push(attachment.clone()),
            },
            Event::Output(chunk) => self.add_output(chunk.board.as_ref(), &chunk.text),
            Event::Notice { text, .. } => self.add_notice(line.at, text),
            Event::RunEnded { outcome, duration_s, error, closing, empty } => {
                self.ended = true;
                let report = &mut self.report;
                (report.outcome, report.duration_s) = (*outcome, *duration_s);
                (report.error, report.closing) = (error.clone(), closing.clone());
                report.empty.clone_from(empty);
            }
        }
    }

    fn add_test(&mut self, line: &TimedEvent) {
        match &line.event {
            Event::TestBegun(begun) => {
                let begun = begun.clone();
                self.running.push(begun.test);
                self.report.tests.push(Test {
                    number: begun.test,
                    name: begun.name,
                    group: begun.group,
                    tags: begun.tags,
                    file: begun.file,
                    line: begun.line,
                    parameters: begun.parameters,
                    started: date::utc_of(line.at),
                    ..Test::default()
                });
            }
            Event::TestAttempt { test, outcome, error, .. } => {
                if let Some(test) = self.test(Some(*test)) {
                    let measurements = std::mem::take(&mut test.measurements);
                    let diagnoses = std::mem::take(&mut test.diagnoses);
                    test.attempts.push(Attempt { outcome: *outcome, error: error.clone(), measurements, diagnoses });
                }
            }
            Event::TestEnded { test, outcome, duration_s, reason, error, .. } => {
                if let Some(index) = self.running.iter().rposition(|running| running == test) {
                    self.running.remove(index);
                }
                if let Some(test) = self.test(Some(*test)) {
                    test.ended = true;
                    (test.outcome, test.duration_s) = (*outcome, *duration_s);
                    (test.reason, test.error) = (reason.clone(), error.clone());
                }
            }
            _ => {}
        }
    }

    fn add_group(&mut self, line: &TimedEvent) {
        let groups = &mut self.report.groups;
        match &line.event {
            Event::GroupBegun(begun) => {
                let GroupBegun { group, kind, file, line: number } = begun.clone();
                let started = date::utc_of(line.at);
                groups.push(Group { group, kind, file, line: number, started, ..Group::default() });
            }
            Event::GroupEnded(ended) => {
                let index = groups.iter().rposition(|known| known.group == ended.group && !known.ended);
                match (index, ended.outcome) {
                    (Some(index), Some(outcome)) => {
                        let group = &mut groups[index];
                        (group.ended, group.outcome, group.duration_s) = (true, outcome, ended.duration_s);
                        (group.reason, group.error) = (ended.reason.clone(), ended.error.clone());
                    }
                    // No test of it was selected.
                    (Some(index), None) => drop(groups.remove(index)),
                    (None, _) => {}
                }
            }
            _ => {}
        }
    }

    fn add_series(&mut self, event: &Event) {
        match event {
            Event::SeriesBegun { series, test, name, unit, columns } => {
                let new = Series {
                    name: name.clone(),
                    unit: unit.clone(),
                    columns: columns.clone(),
                    samples: Vec::new(),
                    number: *series,
                };
                let belongs = test.filter(|_| self.test(*test).is_some());
                self.series.insert(*series, belongs);
                match self.test(belongs) {
                    Some(test) => test.series.push(new),
                    None => self.report.series.push(new),
                }
            }
            Event::Sample { series, host, board, values } => {
                let Some(belongs) = self.series.get(series).copied() else { return };
                let report = &mut self.report;
                let is_it = |other: &&mut Series| other.number == *series;
                let found = match belongs {
                    Some(number) => {
                        let tests = report.tests.iter_mut().rev().filter(|test| test.number == number);
                        tests.flat_map(|test| test.series.iter_mut().rev()).find(is_it)
                    }
                    None => report.series.iter_mut().rev().find(is_it),
                };
                if let Some(found) = found {
                    found.samples.push(Sample { host: *host, board: *board, values: values.clone() });
                }
            }
            _ => {}
        }
    }

    /// Output belongs to the running test if there is only one; otherwise its origin is unknown.
    fn add_output(&mut self, board: Option<&String>, text: &str) {
        if text.is_empty() {
            return;
        }
        let only = if let [only] = self.running.as_slice() { Some(*only) } else { None };
        let kept = self.printed.entry(only).or_default();
        let whole = *kept + text.len() <= MOST_OUTPUT;
        *kept += text.len();
        let report = &mut self.report;
        let mut running = report.tests.iter_mut().rev().filter(|test| Some(test.number) == only && !test.ended);
        let printed = running.next().map_or(&mut report.output, |test| &mut test.output);
        match printed.last_mut() {
            Some(last) if last.text == MORE => {}
            Some(last) if whole && last.board.as_ref() == board => last.text.push_str(text),
            _ if whole => printed.push(Printed { board: board.cloned(), text: text.to_owned() }),
            _ => printed.push(Printed { board: None, text: MORE.to_owned() }),
        }
    }

    fn add_question(&mut self, at: f64, test: Option<u64>, asked: &Asked) {
        let running = test.filter(|number| self.running.contains(number));
        let test = self.test(running).map(|test| test.path());
        keep(&mut self.report.questions, Question { time: date::utc_of(at), test, asked: asked.clone() });
    }

    fn add_notice(&mut self, at: f64, text: &str) {
        let had_room = self.noticed <= MOST_OUTPUT;
        self.noticed = self.noticed.saturating_add(text.len() + NOTICE);
        let text = if self.noticed <= MOST_OUTPUT { text } else { MORE_NOTICES };
        if had_room {
            self.report.notices.push(Notice { time: date::utc_of(at), text: text.to_owned() });
        }
    }
}

/// Adds an item unless there are [`MOST_LISTED`].
fn keep<T>(list: &mut Vec<T>, item: T) {
    if list.len() < MOST_LISTED {
        list.push(item);
    }
}
