//! The events of a run: the one stream from which every report is made.
//!
//! In JSON, each event is one object on its own line (`--jsonl`): `event` names its kind, `at` its time, `run` the run within
//! the stream. [`ReportBuilder`](super::report::ReportBuilder) builds a [`Report`](super::report::Report) from them.
//!
//! One file per payload in `event/`. Invariant: plain data. Events hold everything a report needs, so that a truncated stream can
//! still be reported. Names of events and fields change only with [`SCHEMA`].

mod attachment;
mod begun;
mod board;
mod checked;
mod failure;
mod group;
mod input;
mod instrument;
mod outcome;
mod output;
mod question;
mod test;
mod unreached;

use super::measurement::Measurement;
use super::numbers;
use super::schedule::Schedule;
pub use attachment::Attachment;
pub use begun::RunBegun;
pub use board::Board;
pub use checked::{Checked, Diagnosis};
pub use failure::{Failure, Spot};
pub use group::{GroupBegun, GroupEnded, GroupKind};
pub use input::{Input, InputKind, Manifest, ManifestFile, Program, SentBy, StationFile};
pub use instrument::Instrument;
pub use outcome::Outcome;
pub use output::{OutputChunk, OutputKind};
pub use question::{AnsweredBy, Asked};
use serde::{Deserialize, Serialize};
pub use test::TestBegun;
pub use unreached::Unreached;

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
        /// Its variant, if it has several: limits may depend on it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        variant: Option<String>,
    },
    /// A device was opened.
    BoardOpened(Board),
    /// An instrument was opened.
    InstrumentOpened(Instrument),
    /// The script loaded a module or read a file.
    InputRead(Input),
    /// A board got a folder of this computer.
    FolderSent(Manifest),
    /// A group starts.
    GroupBegun(GroupBegun),
    /// A group has ended, including its teardowns.
    GroupEnded(GroupEnded),
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
        measurement: Box<Measurement>,
    },
    /// A checkpoint was reached.
    Checked(Checked),
    /// A diagnosis was made.
    Diagnosed {
        /// The enclosing test, if any.
        test: Option<u64>,
        /// The diagnosis.
        #[serde(flatten)]
        diagnosis: Diagnosis,
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
    /// A question was put to the operator.
    QuestionAnswered {
        /// The enclosing test, if any.
        test: Option<u64>,
        /// The question, with its answer.
        #[serde(flatten)]
        asked: Asked,
    },
    /// A selected test was not reached; sent after the last test.
    TestNotReached(Unreached),
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
        /// Why no test ran, if `test` expected one and nothing was measured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        empty: Option<String>,
    },
}

impl Event {
    /// Whether logs and reports contain it: output without complete text is only displayed.
    pub fn is_recorded(&self) -> bool {
        !matches!(self, Event::Output(chunk) if chunk.text.is_empty())
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
}
