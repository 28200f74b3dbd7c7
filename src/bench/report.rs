//! A run as one document, built only from its events: the data of `--json` and of the other reports.
//!
//! Uses [`super::event`]; [`ReportBuilder`] makes it. Invariant: plain data, whose field names change only with [`SCHEMA`].

mod builder;

use super::event::{
    Asked, Attachment, Board, Checked, Diagnosis, Failure, GroupKind, Input, Instrument, Manifest, Outcome, Program,
    SCHEMA, StationFile, TimedEvent, Unreached,
};
use super::measurement::Measurement;
use super::numbers;
use super::schedule::Schedule;
use super::tally::Counts;
use crate::bound;
pub use builder::ReportBuilder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::{self, BufRead, Read as _};

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
    /// The current folder, from which relative paths start.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// The executable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    /// The station file, if one applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<StationFile>,
    /// Arguments of the script.
    pub args: Vec<String>,
    /// Who ran it.
    pub operator: Option<String>,
    /// Serial number of the unit under test.
    #[serde(alias = "unit")]
    pub serial: Option<String>,
    /// Its variant, if it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// When it started.
    pub started: String,
    /// The same in the computer's local time, with its offset from UTC; if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_local: Option<String>,
    /// Duration.
    pub duration_s: f64,
    /// The verdict: the worst of its tests, measurements and errors.
    pub outcome: Outcome,
    /// Whether any board was simulated, so that the verdict is not one on hardware.
    #[serde(default)]
    pub simulated: bool,
    /// Why the script ended early, if it did.
    pub error: Option<Failure>,
    /// Errors while closing devices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closing: Vec<Failure>,
    /// Why no test ran, if `test` expected one and nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty: Option<String>,
    /// The opened devices: those of the station in its order, then the others in the order in which they were opened.
    pub boards: Vec<Board>,
    /// The opened instruments, in the order in which they were opened first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<Instrument>,
    /// The modules that the script imported and the files that it read, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// The folders that boards got, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<Manifest>,
    /// The questions to the operator, in order, also those of tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// Selected tests that were not reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_reached: Vec<Unreached>,
    /// The tests, in the order in which they ran.
    pub tests: Vec<Test>,
    /// The groups and subtests of which a test was selected, in the order in which they began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// The checkpoints, in the order in which they were reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<Checked>,
    /// Diagnoses outside of tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnoses: Vec<Diagnosis>,
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

/// A group or a subtest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its name, after those of the enclosing groups.
    pub group: Vec<String>,
    /// `group` or `subtest`.
    #[serde(default)]
    pub kind: GroupKind,
    /// The script that contains it.
    #[serde(default)]
    pub file: String,
    /// Its line there.
    #[serde(default)]
    pub line: u32,
    /// When it started.
    pub started: String,
    /// Duration.
    pub duration_s: f64,
    /// The worst outcome of its tests and of its own.
    pub outcome: Outcome,
    /// Why the rest of it was skipped, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What failed it as a whole, outside of its tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// Whether its end was in the stream; not part of the document.
    #[serde(skip)]
    pub ended: bool,
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
    /// Its parameters: the row of its table, and the option `parameters`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
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
    /// Diagnoses of the last attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnoses: Vec<Diagnosis>,
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
    /// Its diagnoses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnoses: Vec<Diagnosis>,
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

/// A question to the operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// When it was answered.
    pub time: String,
    /// The test that asked it, with its groups; `None` outside of tests.
    pub test: Option<String>,
    /// The question, with its answer.
    #[serde(flatten)]
    pub asked: Asked,
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
    /// Adds an opened device.
    pub fn add_board(&mut self, board: Board) {
        let board = board.with_source();
        self.simulated |= board.simulated;
        let rank = |board: &Board| board.place.unwrap_or(u32::MAX);
        let at = self.boards.partition_point(|other| rank(other) <= rank(&board));
        self.boards.insert(at, board);
    }

    /// Adds an opened instrument. One that was opened before with the same identity is in it already.
    pub fn add_instrument(&mut self, instrument: Instrument) {
        self.simulated |= instrument.simulated;
        if !self.instruments.contains(&instrument) {
            self.instruments.push(instrument);
        }
    }

    /// What was simulated: boards, and instruments as boards.
    pub fn not_hardware(&self) -> Vec<Board> {
        let boards = self.boards.iter().filter(|board| board.simulated).cloned();
        boards.chain(self.instruments.iter().filter_map(Instrument::as_simulated)).collect()
    }

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

    /// The verdicts of the tests, of the measurements outside of them, and of subtests.
    fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        let tests = self.tests.iter().map(|test| test.outcome);
        tests.chain(self.measurements.iter().map(|item| item.outcome)).chain(self.of_subtests()).chain(self.diagnosed())
    }

    fn of_subtests(&self) -> impl Iterator<Item = Outcome> {
        self.groups.iter().filter(|group| group.kind == GroupKind::Subtest).map(|group| group.outcome)
    }

    /// A failing diagnosis outside of tests fails the run.
    fn diagnosed(&self) -> Option<Outcome> {
        self.diagnoses.iter().any(|diagnosis| diagnosis.failure).then_some(Outcome::Fail)
    }

    /// The verdicts of the subtests, counted.
    pub fn subtests(&self) -> Counts {
        self.of_subtests().collect()
    }

    /// The worst verdict: [`Outcome::Pass`] if there is none.
    pub fn worst(&self) -> Outcome {
        self.outcomes().max().unwrap_or(Outcome::Pass)
    }
}

impl Question {
    /// Question and answer in one line: `Is it on? yes (person at the terminal)`.
    pub fn said(&self) -> String {
        let Asked { text, board, answer, by, .. } = &self.asked;
        let board = board.as_ref().map(|board| format!("[{board}] ")).unwrap_or_default();
        match (answer, by) {
            (Some(answer), Some(by)) => format!("{board}{text} {answer} ({})", by.words()),
            (Some(answer), None) => format!("{board}{text} {answer}"),
            (None, _) => format!("{board}{text} (nobody answered)"),
        }
    }
}

impl Group {
    /// Its name after those of the enclosing groups: `power / channel 1`.
    pub fn path(&self) -> String {
        self.group.join(" / ")
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

/// Several runs as one document, written by `test --json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The worst verdict of all runs.
    pub outcome: Outcome,
    /// Whether any board of any run was simulated.
    #[serde(default)]
    pub simulated: bool,
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
        let simulated = runs.iter().any(|run| run.simulated);
        Runs { schema: SCHEMA, outcome, simulated, started, runs }
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
mod tests;
