//! The events of a run: the one stream from which every report is made.
//!
//! In JSON, each event is one object on its own line (`--jsonl`): `event` names its kind, `at` its time, `run` the run within
//! the stream. [`ReportBuilder`](super::report::ReportBuilder) builds a [`Report`](super::report::Report) from them.
//!
//! Uses [`crate::diagnostic`]. Invariant: plain data. Events hold everything a report needs, so that a truncated stream can
//! still be reported. Names of events and fields change only with [`SCHEMA`].

use super::measurement::Measurement;
use super::numbers;
use super::schedule::Schedule;
use crate::diagnostic::{Diagnostic, Place};
use crate::error::Kind;
use crate::origin::Origin;
use serde::{Deserialize, Serialize};

/// Version of the names and meanings of all fields, in events and reports. Adding a field does not need a new version.
/// 2: the serial number is `serial`; it was `unit`, like the unit of a measurement. Logs of schema 1 can still be read.
pub const SCHEMA: u32 = 2;

/// An event with its timestamp.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimedEvent {
    /// Seconds since 1970, by the host's clock.
    pub at: f64,
    /// Number of the run within the stream, from 1: a stream of `test` holds one run per file and repetition.
    pub run: u32,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A script starts. Always the first event of a run.
    RunBegun(RunBegun),
    /// The script has set the unit under test.
    UnitNamed {
        /// Its serial number.
        serial: String,
    },
    /// A device was opened.
    BoardOpened(Board),
    /// A group starts.
    GroupBegun {
        /// The group's name, after those of the enclosing groups.
        group: Vec<String>,
    },
    /// The group has ended, including its teardowns.
    GroupEnded {
        /// As in [`Event::GroupBegun`].
        group: Vec<String>,
    },
    /// A test starts, or is skipped.
    TestBegun(TestBegun),
    /// A test did not pass and is retried.
    TestAttempt {
        /// Number of the test.
        test: u64,
        /// The failed attempt, from 1.
        attempt: u32,
        /// Its outcome.
        outcome: Outcome,
        /// The cause.
        error: Option<Failure>,
    },
    /// A test has ended.
    TestEnded {
        /// Number of the test.
        test: u64,
        /// Its outcome.
        outcome: Outcome,
        /// Duration in seconds, including all attempts, setups and teardowns.
        duration_s: f64,
        /// Why it was skipped, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The error that failed it, if any; a failed measurement is not an error.
        error: Option<Failure>,
        /// Whether this error also ends the run.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ends_run: bool,
    },
    /// A measurement.
    Measured {
        /// The enclosing test, if any.
        test: Option<u64>,
        /// The measurement.
        #[serde(flatten)]
        measurement: Measurement,
    },
    /// A schedule of `every` has ended.
    Scheduled(Schedule),
    /// A series of samples starts.
    SeriesBegun {
        /// Number of the series.
        series: u64,
        /// The enclosing test, if any.
        test: Option<u64>,
        /// What is sampled.
        name: String,
        /// Unit of all columns; may be empty.
        unit: String,
        /// Names of the columns.
        columns: Vec<String>,
    },
    /// One row of a series.
    Sample {
        /// Number of the series.
        series: u64,
        /// The host's clock, in seconds since 1970.
        host: f64,
        /// The board's clock at that moment, in seconds, if the sample came from a board.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        board: Option<f64>,
        /// One value per column.
        #[serde(with = "numbers::many")]
        values: Vec<f64>,
    },
    /// A file or bytes to keep with the report.
    Attached {
        /// The enclosing test, if any.
        test: Option<u64>,
        /// The attachment.
        #[serde(flatten)]
        attachment: Attachment,
    },
    /// Output of the script or a board: whole lines or parts of them.
    Output(OutputChunk),
    /// A notice for the person at the terminal.
    Notice {
        /// One line, or several without the last line end.
        text: String,
        /// Whether the person has just seen it: the question and the answer that they typed. Not in logs.
        #[serde(skip)]
        seen: bool,
    },
    /// The script has ended and its devices are closed. Always the last event of a run.
    RunEnded {
        /// Its outcome.
        outcome: Outcome,
        /// Duration in seconds.
        duration_s: f64,
        /// Why the script ended early, if it did.
        error: Option<Failure>,
        /// Errors while closing devices.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        closing: Vec<Failure>,
    },
}

/// The start of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunBegun {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The script, as the user named it.
    pub script: String,
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
    /// Revision of the enclosing repository, if any, with `+` if files have changed since.
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
}

/// A piece of output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputChunk {
    /// The board's name; `None` for the script. In a closure that runs for one board, the script prints for that board.
    pub board: Option<String>,
    /// The text, with `\n` line ends. Empty if `bytes` hold no complete character; such a chunk is not logged.
    pub text: String,
    /// What kind of output it is.
    #[serde(default, skip_serializing_if = "OutputKind::is_result")]
    pub kind: OutputKind,
    /// Where the script called `debug`: `a.rhai:3:5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What a board printed, byte for byte; `None` if the script printed. Not in logs.
    #[serde(skip)]
    pub bytes: Option<Vec<u8>>,
}

/// A kind of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// What tasks and the script print: results, for standard output.
    #[default]
    Result,
    /// What `boot.py` and `main.py` print when the board starts: for standard error.
    Boot,
    /// What the script passes to `debug`: for standard error.
    Debug,
}

impl OutputKind {
    fn is_result(&self) -> bool {
        *self == OutputKind::Result
    }
}

impl Event {
    /// Whether logs and reports contain it: output without complete text is only displayed.
    pub fn is_recorded(&self) -> bool {
        !matches!(self, Event::Output(chunk) if chunk.text.is_empty())
    }
}

/// An opened device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// Its name in output and errors.
    pub name: String,
    /// Its class.
    pub class: String,
    /// The port as written.
    pub port: String,
    /// `micropython`, `circuitpython`, or the firmware's own name.
    pub implementation: String,
    /// Version of the firmware, `1.27.0`.
    pub firmware: String,
    /// `sys.platform`.
    pub platform: String,
    /// What distinguishes it from others of its kind, for example a USB serial number; if known.
    pub id: Option<String>,
    /// The board's name for its hardware, for example `Raspberry Pi Pico with RP2040`; if it was asked and reports one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// The board's unique id in hexadecimal; if it was asked and reports one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
}

/// The start of a test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestBegun {
    /// Number of the test within its run, from 1.
    pub test: u64,
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
}

/// A file or bytes to keep with the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type, for example `image/png`.
    pub media: String,
    /// Length in bytes.
    pub size: u64,
    /// The bytes in base64 (RFC 4648, section 4).
    pub content: String,
}

/// The verdict of a run, a test or a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not run.
    Skip,
    /// As expected.
    #[default]
    Pass,
    /// Within the limits, but near one of them.
    Marginal,
    /// Outside the limits, or an assertion failed.
    Fail,
    /// A timeout.
    Timeout,
    /// Any other failure: a board, the link, the script; or the record is truncated.
    Error,
}

impl Outcome {
    /// All outcomes, best first. A run has the worst outcome of its tests.
    pub const ALL: [Outcome; 6] =
        [Outcome::Skip, Outcome::Pass, Outcome::Marginal, Outcome::Fail, Outcome::Timeout, Outcome::Error];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Skip => "skip",
            Outcome::Pass => "pass",
            Outcome::Marginal => "marginal",
            Outcome::Fail => "fail",
            Outcome::Timeout => "timeout",
            Outcome::Error => "error",
        }
    }

    /// Whether nothing failed: pass, marginal or skip.
    pub fn is_good(self) -> bool {
        self <= Outcome::Marginal
    }

    /// Whether it ran and nothing failed.
    pub fn has_passed(self) -> bool {
        matches!(self, Outcome::Pass | Outcome::Marginal)
    }
}

/// A failure as data, with the script lines involved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Name of the error's kind.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// The script, if known.
    pub file: Option<String>,
    /// The line there, from 1.
    pub line: Option<u32>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Further facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Every place, innermost first; the first equals `file` and `line`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Spot>,
    /// Further failures of the same operation: the other teardowns of a close.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Failure>,
}

/// A place in a script, with the text of its line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// The script.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1; 0 if not known.
    pub column: u32,
    /// Label shown above it, for example `called from`; empty for the primary place.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The text of the line; empty if not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Failure {
    /// Converts a diagnostic; `text` returns the text of a script.
    pub fn of(diagnostic: &Diagnostic, text: impl Fn(&str) -> Option<std::sync::Arc<str>>) -> Failure {
        Failure::of_known(diagnostic, &text)
    }

    fn of_known(diagnostic: &Diagnostic, text: &dyn Fn(&str) -> Option<std::sync::Arc<str>>) -> Failure {
        let places = diagnostic.places.iter().map(|place| {
            let Origin { file, line, column } = &place.origin;
            let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
            let shown = text(file).and_then(|text| text.lines().nth(index).map(str::to_owned)).unwrap_or_default();
            Spot { file: file.to_string(), line: *line, column: *column, label: place.label.clone(), text: shown }
        });
        let places: Vec<Spot> = places.collect();
        Failure {
            kind: diagnostic.kind.name().to_owned(),
            message: diagnostic.title.clone(),
            file: places.first().map(|place| place.file.clone()),
            line: places.first().map(|place| place.line),
            help: diagnostic.help.clone(),
            notes: diagnostic.notes.clone(),
            places,
            others: diagnostic.others.iter().map(|other| Failure::of_known(other, text)).collect(),
        }
    }

    /// Converts back to the diagnostic, for a terminal.
    pub fn diagnostic(&self) -> Diagnostic {
        let places = self.places.iter().map(|place| Place {
            origin: Origin::new(place.file.as_str(), place.line, place.column),
            label: place.label.clone(),
        });
        Diagnostic {
            kind: Kind::from_name(&self.kind).unwrap_or(Kind::ScriptError),
            title: self.message.clone(),
            places: places.collect(),
            notes: self.notes.clone(),
            help: self.help.clone(),
            is_warning: false,
            others: self.others.iter().map(Failure::diagnostic).collect(),
        }
    }

    /// The places of this failure and of the further ones.
    pub fn all_places(&self) -> impl Iterator<Item = &Spot> {
        self.places.iter().chain(self.others.iter().flat_map(|other| &other.places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_flat_object() {
        let line = TimedEvent {
            at: 1.5,
            run: 1,
            event: Event::Sample { series: 2, host: 1.25, board: None, values: vec![0.5, f64::NAN, f64::INFINITY] },
        };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(text, r#"{"at":1.5,"run":1,"event":"sample","series":2,"host":1.25,"values":[0.5,"nan","inf"]}"#);
        let back: TimedEvent = serde_json::from_str(&text).unwrap();
        let Event::Sample { values, .. } = back.event else { panic!("another event") };
        assert!(values[1].is_nan() && values[2] == f64::INFINITY);
    }

    #[test]
    fn a_failure_keeps_all_that_a_terminal_shows() {
        let mut diagnostic = Diagnostic::new(Kind::DeviceException, "it broke");
        diagnostic.help = Some("mend it".to_owned());
        diagnostic.places.push(Place { origin: Origin::new("a.rhai", 2, 3), label: String::new() });
        let failure = Failure::of(&diagnostic, |_| Some("one\ntwo\n".into()));
        assert_eq!((failure.line, failure.places[0].text.as_str()), (Some(2), "two"));
        assert_eq!(failure.diagnostic(), diagnostic);
    }
}
