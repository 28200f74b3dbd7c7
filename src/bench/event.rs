//! What happens in a run, one event after the other: the one stream that every report is made of.
//!
//! As JSON, each event is one object on a line of its own (`--jsonl`): `event` says which it is, `at` when, `run` in which run
//! of the stream. [`Fold`](super::report::Fold) makes a [`Report`](super::report::Report) of them.
//!
//! Uses [`crate::diagnostic`]. Invariant: plain data. Whatever a report needs to know is in an event, so that one can be made
//! from a stream that was cut off; names of events and fields change only with [`SCHEMA`].

use super::measurement::Measurement;
use super::numbers;
use super::schedule::Schedule;
use crate::diagnostic::{Diagnostic, Place};
use crate::error::Kind;
use crate::origin::Origin;
use serde::{Deserialize, Serialize};

/// The version of the names and meanings of all fields, of events and of reports. New fields may come without a new version.
pub const SCHEMA: u32 = 1;

/// An event, and when it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Seconds since 1970, by the host's clock.
    pub at: f64,
    /// Number of the run within the stream, from 1: a stream of `test` holds one for each file and repetition.
    pub run: u32,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A script begins. The first event of a run.
    RunBegun(RunBegun),
    /// The script has learnt which unit it tests.
    UnitNamed {
        /// Its serial number.
        serial: String,
    },
    /// A device was opened.
    BoardOpened(Board),
    /// What follows belongs to a group.
    GroupBegun {
        /// The group's name, behind those of the groups around it.
        group: Vec<String>,
    },
    /// The group has ended, its teardowns included.
    GroupEnded {
        /// As in [`Event::GroupBegun`].
        group: Vec<String>,
    },
    /// A test begins, or is skipped.
    TestBegun(TestBegun),
    /// A test did not pass, and is tried again.
    TestAttempt {
        /// Number of the test.
        test: u64,
        /// Which attempt it was, from 1.
        attempt: u32,
        /// What it came to.
        outcome: Outcome,
        /// Why.
        error: Option<Failure>,
    },
    /// A test has ended.
    TestEnded {
        /// Number of the test.
        test: u64,
        /// What it came to.
        outcome: Outcome,
        /// Seconds that it took, with all attempts, its setups and teardowns.
        duration_s: f64,
        /// Why it was skipped, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Why it did not pass, if there was an error; a failed measurement is none.
        error: Option<Failure>,
        /// Whether the run ends with it: then its error is also that of the run.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ends_run: bool,
    },
    /// Something was measured.
    Measured {
        /// The test in which, if in one.
        test: Option<u64>,
        /// What.
        #[serde(flatten)]
        measurement: Measurement,
    },
    /// A schedule of `every` has ended.
    Scheduled(Schedule),
    /// A series of samples begins.
    SeriesBegun {
        /// Number of the series.
        series: u64,
        /// The test in which, if in one.
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
        /// The board's clock at that moment, in seconds of its own, if the sample came from one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        board: Option<f64>,
        /// One value a column.
        #[serde(with = "numbers::many")]
        values: Vec<f64>,
    },
    /// A file or bytes that belong to the record.
    Attached {
        /// The test in which, if in one.
        test: Option<u64>,
        /// What.
        #[serde(flatten)]
        attachment: Attachment,
    },
    /// What the script or a board printed: whole lines or pieces of them.
    Output {
        /// The board's name; `None`: the script.
        board: Option<String>,
        /// As it came, with `\n` ends.
        text: String,
    },
    /// A remark for the person at the terminal.
    Notice {
        /// One line.
        text: String,
    },
    /// The script has ended and its devices are closed. The last event of a run.
    RunEnded {
        /// What it came to.
        outcome: Outcome,
        /// Seconds that it took.
        duration_s: f64,
        /// Why the script ended early, if it did.
        error: Option<Failure>,
        /// What went wrong while devices were closed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        closing: Vec<Failure>,
    },
}

/// The beginning of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunBegun {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The script, as the user named it.
    pub script: String,
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
    /// Revision of the repository in which it lies, with `+` if files have changed since; if it lies in one.
    pub revision: Option<String>,
    /// Version of belay-script.
    pub version: String,
    /// The computer: its name and its system.
    #[serde(default)]
    pub host: String,
    /// Arguments of the script.
    pub args: Vec<String>,
    /// Who runs it.
    pub operator: Option<String>,
    /// Serial number of the unit under test.
    pub unit: Option<String>,
}

/// An opened device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// Its name in output and errors.
    pub name: String,
    /// Its class.
    pub class: String,
    /// The port as it was written.
    pub port: String,
    /// `micropython`, `circuitpython`, or what the firmware calls itself.
    pub implementation: String,
    /// Version of the firmware, `1.27.0`.
    pub firmware: String,
    /// `sys.platform`.
    pub platform: String,
    /// What tells it from others of its kind, for example a USB serial number; if known.
    pub id: Option<String>,
    /// What the board calls its hardware, for example `Raspberry Pi Pico with RP2040`; if it was asked and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// What the board says tells it from all others, in hexadecimal; if it was asked and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
}

/// The beginning of a test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestBegun {
    /// Number of the test within its run, from 1.
    pub test: u64,
    /// Its name.
    pub name: String,
    /// The groups around it, outermost first.
    pub group: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The script in which it stands.
    pub file: String,
    /// Its line there.
    pub line: u32,
}

/// A file or bytes that belong to the record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// What it is called.
    pub name: String,
    /// Its media type, for example `image/png`.
    pub media: String,
    /// Length in bytes.
    pub size: u64,
    /// Its bytes as base64 (RFC 4648, section 4).
    pub content: String,
}

/// The verdict of a run, a test or a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was not run.
    Skip,
    /// As expected.
    #[default]
    Pass,
    /// Within the limits, but near one of them.
    Marginal,
    /// Not as expected.
    Fail,
    /// A deadline passed.
    Timeout,
    /// Something else went wrong: a board, the link, the script; or the record is cut off.
    Error,
}

impl Outcome {
    /// All outcomes, best first. That of a run is the worst of its tests.
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

    /// Whether nothing is wrong: pass, marginal or skip.
    pub fn is_good(self) -> bool {
        self <= Outcome::Marginal
    }

    /// Whether it was run and nothing is wrong.
    pub fn has_passed(self) -> bool {
        matches!(self, Outcome::Pass | Outcome::Marginal)
    }
}

/// A failure as data, with the lines of the scripts that it passed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Name of the error's kind.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// The script in which, if known.
    pub file: Option<String>,
    /// The line there, from 1.
    pub line: Option<u32>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Further facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Every place, innermost first; the first one is `file` and `line`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Spot>,
    /// What else failed in the same operation: the other teardowns of a closing.
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
    /// Said above it, for example `called from`; empty for the primary place.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The text of the line; empty if not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Failure {
    /// A diagnostic as data; `text` gives the text of a script.
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

    /// The diagnostic that this was, for a terminal.
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

    /// The places of this failure and of what else failed.
    pub fn all_places(&self) -> impl Iterator<Item = &Spot> {
        self.places.iter().chain(self.others.iter().flat_map(|other| &other.places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_object() {
        let line = Line {
            at: 1.5,
            run: 1,
            event: Event::Sample { series: 2, host: 1.25, board: None, values: vec![0.5, f64::NAN, f64::INFINITY] },
        };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(text, r#"{"at":1.5,"run":1,"event":"sample","series":2,"host":1.25,"values":[0.5,"nan","inf"]}"#);
        let back: Line = serde_json::from_str(&text).unwrap();
        let Event::Sample { values, .. } = back.event else { panic!("another event") };
        assert!(values[1].is_nan() && values[2] == f64::INFINITY);
    }

    #[test]
    fn a_failure_keeps_what_a_terminal_shows() {
        let mut diagnostic = Diagnostic::new(Kind::DeviceException, "it broke");
        diagnostic.help = Some("mend it".to_owned());
        diagnostic.places.push(Place { origin: Origin::new("a.rhai", 2, 3), label: String::new() });
        let failure = Failure::of(&diagnostic, |_| Some("one\ntwo\n".into()));
        assert_eq!((failure.line, failure.places[0].text.as_str()), (Some(2), "two"));
        assert_eq!(failure.diagnostic(), diagnostic);
    }
}
