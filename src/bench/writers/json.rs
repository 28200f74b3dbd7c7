//! Writes the `--json` document without holding all of it in memory.
//!
//! Invariant: the output equals what serde writes for the same [`Report`](crate::bench::report::Report)s.

use crate::bench::archive::{Archive, Rows, Run, SavedTest};
use crate::bench::event::{
    Board, Checked, Diagnosis, Failure, Input, Instrument, Manifest, Outcome, Program, SCHEMA, StationFile, Unreached,
};
use crate::bench::measurement::Measurement;
use crate::bench::report::{Attempt, Group, Notice, Printed, Question};
use crate::bench::schedule::Schedule;
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::io::{self, Write};

/// Writes the document of an archive's only run, or of all its runs if there are several or `several` is set.
///
/// # Errors
/// If writing fails, or the archive cannot be read.
pub fn write(archive: &Archive, several: bool, to: &mut dyn Write) -> io::Result<()> {
    let mut runs = archive.runs();
    match (runs.next(), runs.next()) {
        (Some(run), None) if !several => serde_json::to_writer_pretty(&mut *to, &document(run))?,
        _ => {
            let runs = || archive.runs();
            let document = Document {
                schema: SCHEMA,
                outcome: runs().map(|run| run.head().outcome).max().unwrap_or(Outcome::Pass),
                simulated: runs().any(|run| run.head().simulated),
                started: runs().map(|run| run.head().started.as_str()).min().unwrap_or_default(),
                runs: Listed(|| runs().map(|run| Ok(document(run)))),
            };
            serde_json::to_writer_pretty(&mut *to, &document)?;
        }
    }
    to.write_all(b"\n")
}

/// A list that is read item by item while it is written.
struct Listed<F>(F);

impl<F, I, T> Serialize for Listed<F>
where
    F: Fn() -> I,
    I: Iterator<Item = io::Result<T>>,
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in (self.0)() {
            list.serialize_element(&item.map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

#[derive(Serialize)]
struct Document<'a, R: Serialize> {
    schema: u32,
    outcome: Outcome,
    simulated: bool,
    started: &'a str,
    runs: R,
}

/// As [`Report`](crate::bench::report::Report).
#[derive(Serialize)]
struct RunDocument<'a, T: Serialize, M: Serialize, S: Serialize, A: Serialize> {
    schema: u32,
    script: &'a str,
    sha256: &'a str,
    revision: &'a Option<String>,
    version: &'a str,
    host: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    folder: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    program: &'a Option<Program>,
    #[serde(skip_serializing_if = "Option::is_none")]
    station: &'a Option<StationFile>,
    args: &'a [String],
    operator: &'a Option<String>,
    serial: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: &'a Option<String>,
    started: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_local: &'a Option<String>,
    duration_s: f64,
    outcome: Outcome,
    simulated: bool,
    error: &'a Option<Failure>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    closing: &'a [Failure],
    #[serde(skip_serializing_if = "Option::is_none")]
    empty: &'a Option<String>,
    boards: &'a [Board],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    instruments: &'a [Instrument],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    inputs: &'a [Input],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    folders: &'a [Manifest],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    questions: &'a [Question],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_reached: &'a [Unreached],
    tests: T,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    groups: &'a [Group],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    checkpoints: &'a [Checked],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    diagnoses: &'a [Diagnosis],
    measurements: M,
    series: S,
    attachments: A,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    schedules: &'a [Schedule],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    output: &'a [Printed],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notices: &'a [Notice],
}

fn document<'a>(run: Run<'a>) -> impl Serialize + use<'a> {
    let head = run.head();
    RunDocument {
        schema: SCHEMA,
        script: &head.script,
        sha256: &head.sha256,
        revision: &head.revision,
        version: &head.version,
        host: &head.host,
        folder: &head.folder,
        program: &head.program,
        station: &head.station,
        args: &head.args,
        operator: &head.operator,
        serial: &head.serial,
        variant: &head.variant,
        started: &head.started,
        started_local: &head.started_local,
        duration_s: head.duration_s,
        outcome: head.outcome,
        simulated: head.simulated,
        error: &head.error,
        closing: &head.closing,
        empty: &head.empty,
        boards: &head.boards,
        instruments: &head.instruments,
        inputs: &head.inputs,
        folders: &head.folders,
        questions: &head.questions,
        not_reached: &head.not_reached,
        tests: Listed(move || run.tests().map(move |saved| saved.map(|saved| OneTest { run, saved }))),
        groups: &head.groups,
        checkpoints: &head.checkpoints,
        diagnoses: &head.diagnoses,
        measurements: Listed(move || run.measurements()),
        series: Listed(move || run.series(None).map(|rows| Ok(series(rows)))),
        attachments: Listed(move || run.attachments(None)),
        schedules: &head.schedules,
        output: &head.output,
        notices: &head.notices,
    }
}

struct OneTest<'a> {
    run: Run<'a>,
    saved: SavedTest,
}

impl Serialize for OneTest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (run, test, saved) = (self.run, &self.saved.test, &self.saved);
        let document = TestDocument {
            name: &test.name,
            group: &test.group,
            tags: &test.tags,
            file: &test.file,
            line: test.line,
            parameters: &test.parameters,
            started: &test.started,
            duration_s: test.duration_s,
            outcome: test.outcome,
            reason: &test.reason,
            error: &test.error,
            measurements: &test.measurements,
            diagnoses: &test.diagnoses,
            attempts: &test.attempts,
            series: Listed(|| run.series(Some(saved)).map(|rows| Ok(series(rows)))),
            attachments: Listed(|| run.attachments(Some(saved))),
            output: &test.output,
        };
        document.serialize(serializer)
    }
}

/// As [`Test`](crate::bench::report::Test).
#[derive(Serialize)]
struct TestDocument<'a, S: Serialize, A: Serialize> {
    name: &'a str,
    group: &'a [String],
    tags: &'a [String],
    file: &'a str,
    line: u32,
    #[serde(skip_serializing_if = "Map::is_empty")]
    parameters: &'a Map<String, Value>,
    started: &'a str,
    duration_s: f64,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: &'a Option<String>,
    error: &'a Option<Failure>,
    measurements: &'a [Measurement],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    diagnoses: &'a [Diagnosis],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'a [Attempt],
    series: S,
    attachments: A,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    output: &'a [Printed],
}

/// As [`Series`](crate::bench::report::Series).
#[derive(Serialize)]
struct SeriesDocument<'a, S: Serialize> {
    name: &'a str,
    unit: &'a str,
    columns: &'a [String],
    samples: S,
}

fn series<'a>(rows: Rows<'a>) -> impl Serialize + use<'a> {
    let head = rows.series;
    SeriesDocument {
        name: &head.name,
        unit: &head.unit,
        columns: &head.columns,
        samples: Listed(move || rows.samples()),
    }
}
