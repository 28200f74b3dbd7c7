//! A run as one document, built only from its events: the data of `--json` and of the other reports.
//!
//! Uses [`super::event`]. Invariant: a stream truncated at any event still gives a report; whatever had not ended becomes an
//! error that says so.

use super::date;
use super::event::{Attachment, Board, Event, Failure, Outcome, SCHEMA, TimedEvent};
use super::measurement::Measurement;
use super::numbers;
use super::schedule::Schedule;
use crate::bound;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{self, BufRead, Read as _};

/// Output kept per test, or outside of tests, in bytes: a flood must not exhaust memory. Notices have the same limit.
const MOST_OUTPUT: usize = 1 << 20;

/// Marks omitted output.
const MORE: &str = "(more was printed)\n";

/// Marks omitted notices.
const MORE_NOTICES: &str = "(more notices were shown)";

/// Bytes that a notice takes in a report besides its text.
const NOTICE: usize = 64;

/// One run. All times are in seconds, all timestamps RFC 3339 in UTC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The script, as the user named it.
    pub script: String,
    /// SHA-256 of its text.
    pub sha256: String,
    /// Revision of the repository, with `+` if files have changed since.
    pub revision: Option<String>,
    /// Version of belay-script.
    pub version: String,
    /// Host name and operating system.
    #[serde(default)]
    pub host: String,
    /// Arguments of the script.
    pub args: Vec<String>,
    /// Who ran it.
    pub operator: Option<String>,
    /// Serial number of the unit under test.
    #[serde(alias = "unit")]
    pub serial: Option<String>,
    /// When it started.
    pub started: String,
    /// Duration.
    pub duration_s: f64,
    /// The verdict: the worst of its tests, measurements and errors.
    pub outcome: Outcome,
    /// Why the script ended early, if it did.
    pub error: Option<Failure>,
    /// Errors while closing devices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closing: Vec<Failure>,
    /// The opened devices, in order.
    pub boards: Vec<Board>,
    /// The tests, in the order in which they ran.
    pub tests: Vec<Test>,
    /// Measurements outside of tests.
    pub measurements: Vec<Measurement>,
    /// Series outside of tests.
    pub series: Vec<Series>,
    /// Attachments outside of tests.
    pub attachments: Vec<Attachment>,
    /// How well the schedules of `every` were kept, one per place in a script.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Schedule>,
    /// Output outside of tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<Printed>,
    /// Notices for the person at the terminal, also those during tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// One test of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// The enclosing groups, outermost first.
    pub group: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The script that contains it.
    pub file: String,
    /// Its line there.
    pub line: u32,
    /// When it started.
    pub started: String,
    /// Duration, including all attempts.
    pub duration_s: f64,
    /// The verdict.
    pub outcome: Outcome,
    /// Why it was skipped, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The error that failed it, if any; a failed measurement is not an error.
    pub error: Option<Failure>,
    /// Measurements of the last attempt.
    pub measurements: Vec<Measurement>,
    /// Earlier attempts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// Its series.
    pub series: Vec<Series>,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// Output while it was the only running test.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<Printed>,
    /// Its number in the stream; not part of the document.
    #[serde(skip)]
    pub number: u64,
    /// Whether its end was in the stream; not part of the document.
    #[serde(skip)]
    pub ended: bool,
}

/// An attempt that was retried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its outcome.
    pub outcome: Outcome,
    /// The cause.
    pub error: Option<Failure>,
    /// Its measurements.
    pub measurements: Vec<Measurement>,
}

/// A series of samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What was sampled.
    pub name: String,
    /// Unit of all columns; may be empty.
    pub unit: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The samples, in order.
    pub samples: Vec<Sample>,
    /// Its number in the stream; not part of the document.
    #[serde(skip)]
    pub number: u64,
}

/// One row of a series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The host's clock, in seconds since 1970.
    pub host: f64,
    /// The board's clock at that moment, if the sample came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<f64>,
    /// One value per column.
    #[serde(with = "numbers::many")]
    pub values: Vec<f64>,
}

/// A notice for the person at the terminal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// When it was shown.
    pub time: String,
    /// Its text.
    pub text: String,
}

/// Consecutive output of the script or of one board.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Printed {
    /// The board's name; `None` for the script.
    pub board: Option<String>,
    /// The text, with `\n` line ends.
    pub text: String,
}

impl Report {
    /// Whether every test and every measurement is good.
    pub fn passed(&self) -> bool {
        self.outcomes().all(Outcome::is_good)
    }

    /// Failures outside of tests: an error that ended both a test and the run is reported with the test.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        let reported = |failure: &&Failure| {
            let same = |other: &Failure| (&other.message, &other.places) == (&failure.message, &failure.places);
            self.tests.last().and_then(|test| test.error.as_ref()).is_some_and(same)
        };
        self.error.iter().filter(move |failure| !reported(failure)).chain(&self.closing)
    }

    /// Number of tests with this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.tests.iter().filter(|test| test.outcome == outcome).count()
    }

    /// The verdicts of the tests, then of the measurements outside of them.
    fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        self.tests.iter().map(|test| test.outcome).chain(self.measurements.iter().map(|item| item.outcome))
    }

    /// The worst verdict: [`Outcome::Pass`] if there is none.
    pub fn worst(&self) -> Outcome {
        self.outcomes().max().unwrap_or(Outcome::Pass)
    }
}

impl Test {
    /// Its name after those of its groups: `power / supply`.
    pub fn path(&self) -> String {
        let mut path = self.group.clone();
        path.push(self.name.clone());
        path.join(" / ")
    }
}

/// Builds the report of one run from events, in memory. [`Archive`](super::archive::Archive) handles runs of any size.
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
                (report.script, report.sha256, report.revision) = (begun.script, begun.sha256, begun.revision);
                (report.version, report.host, report.args) = (begun.version, begun.host, begun.args);
                (report.operator, report.serial) = (begun.operator, begun.serial);
            }
            Event::UnitNamed { serial } => self.report.serial = Some(serial.clone()),
            Event::BoardOpened(board) => self.report.boards.push(board.clone()),
            Event::GroupBegun { .. } | Event::GroupEnded { .. } => {}
            Event::TestBegun(_) | Event::TestAttempt { .. } | Event::TestEnded { .. } => self.add_test(line),
            Event::Measured { test, measurement } => match self.test(*test) {
                Some(test) => test.measurements.push(measurement.clone()),
                None => self.report.measurements.push(measurement.clone()),
            },
            Event::Scheduled(schedule) => schedule.clone().add_to(&mut self.report.schedules),
            Event::SeriesBegun { .. } | Event::Sample { .. } => self.add_series(&line.event),
            Event::Attached { test, attachment } => match self.test(*test) {
                Some(test) => test.attachments.push(attachment.clone()),
                None => self.report.attachments.push(attachment.clone()),
            },
            Event::Output(chunk) => self.add_output(chunk.board.as_ref(), &chunk.text),
            Event::Notice { text, .. } => self.add_notice(line.at, text),
            Event::RunEnded { outcome, duration_s, error, closing } => {
                self.ended = true;
                let report = &mut self.report;
                (report.outcome, report.duration_s) = (*outcome, *duration_s);
                (report.error, report.closing) = (error.clone(), closing.clone());
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
                    started: date::utc_of(line.at),
                    ..Test::default()
                });
            }
            Event::TestAttempt { test, outcome, error, .. } => {
                if let Some(test) = self.test(Some(*test)) {
                    let measurements = std::mem::take(&mut test.measurements);
                    test.attempts.push(Attempt { outcome: *outcome, error: error.clone(), measurements });
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

    fn add_notice(&mut self, at: f64, text: &str) {
        let had_room = self.noticed <= MOST_OUTPUT;
        self.noticed = self.noticed.saturating_add(text.len() + NOTICE);
        let text = if self.noticed <= MOST_OUTPUT { text } else { MORE_NOTICES };
        if had_room {
            self.report.notices.push(Notice { time: date::utc_of(at), text: text.to_owned() });
        }
    }
}

/// Several runs as one document, written by `test --json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The worst verdict of all runs.
    pub outcome: Outcome,
    /// When the first one began.
    pub started: String,
    /// The runs, in the order in which they began.
    pub runs: Vec<Report>,
}

impl Runs {
    /// Builds the document of these runs.
    pub fn new(runs: Vec<Report>) -> Runs {
        let outcome = runs.iter().map(|run| run.outcome).max().unwrap_or(Outcome::Pass);
        let started = runs.iter().map(|run| run.started.clone()).min().unwrap_or_default();
        Runs { schema: SCHEMA, outcome, started, runs }
    }
}

/// The reports of all runs in a stream of JSON lines, in order of their numbers. Skips truncated and unknown lines, which a
/// killed
/// program leaves.
pub fn from_jsonl(text: &str) -> Vec<Report> {
    from_lines(text.as_bytes()).unwrap_or_default()
}

/// As [`from_jsonl`], reading line by line.
///
/// # Errors
/// If reading fails; [`io::ErrorKind::FileTooLarge`] for a line above [`bound::LOG_LINE`].
pub fn from_lines(mut log: impl BufRead) -> io::Result<Vec<Report>> {
    let mut folds: Vec<(u32, ReportBuilder)> = Vec::new();
    let mut text = Vec::new();
    while next_line(&mut log, &mut text)? {
        let Ok(line) = serde_json::from_slice::<TimedEvent>(&text) else { continue };
        let index = folds.iter().position(|(run, _)| *run == line.run).unwrap_or_else(|| {
            folds.push((line.run, ReportBuilder::new()));
            folds.len() - 1
        });
        folds[index].1.add(&line);
    }
    folds.sort_by_key(|(run, _)| *run);
    Ok(folds.iter().map(|(_, fold)| fold.report()).collect())
}

/// Reads a line; returns false at the end.
pub(super) fn next_line(log: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<bool> {
    text.clear();
    let most = bound::LOG_LINE as u64;
    if log.take(most).read_until(b'\n', text)? == 0 {
        return Ok(false);
    }
    if text.len() as u64 == most && !text.ends_with(b"\n") {
        let message = format!("a line is longer than {}", bound::shown(most));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(true)
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
