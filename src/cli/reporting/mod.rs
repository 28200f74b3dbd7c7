//! Reports of runs: the event log written during a run, and the reports generated at its end.
//!
//! All of them are made of the events of [`crate::bench::event`]; [`crate::bench::writers`] writes the documents. Invariant: a report replaces the file of an earlier one
//! whole, or not at all; the lines of `--jsonl` are there as soon as they have happened.

pub mod command;
mod kept;
mod revision;

use super::arguments::{Noting, Reporting};
use super::console::Console;
use super::misuse;
use super::output::output;
use super::signing::Signer;
use crate::bench::archive::{Archive, Archiver, Rows};
use crate::bench::date;
use crate::bench::event::TimedEvent;
use crate::bench::seal::Sealer;
use crate::bench::writers::{csv, html, json, junit};
use crate::device::Output as _;
use crate::diagnostic::Diagnostic;
use crate::disk::{self, Replacement};
use crate::error::Kind;
use crate::script::{Observer, Sources, Subject};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Writes the events of all runs of this process to files.
pub struct Journal {
    noting: Noting,
    signer: Option<Signer>,
    /// Whether any output is requested.
    wanted: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    lines: Option<Box<dyn Write + Send>>,
    /// Seals the lines.
    sealer: Sealer,
    /// The reports that the station keeps.
    kept: Option<kept::Kept>,
    failure: Option<io::Error>,
    /// Archived events for the reports at the end, if any report is requested.
    archiver: Option<Archiver>,
    /// Why the archive is incomplete, if it is.
    incomplete: Option<io::Error>,
    runs: u32,
}

impl Inner {
    /// Ends the log with its seal.
    fn seal(&mut self) {
        if let (Some(to), None, Some(seal)) = (&mut self.lines, &self.failure, self.sealer.seal(date::now())) {
            let written = serde_json::to_string(&seal)
                .map_err(io::Error::from)
                .and_then(|text| to.write_all(format!("{text}\n").as_bytes()))
                .and_then(|()| to.flush());
            self.failure = written.err();
        }
    }
}

/// Whether a path means standard output.
fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

impl Journal {
    /// Opens the files written during runs. Console output goes to standard error if a report goes to
    /// standard output. Without any report that is asked for, one of `name` is kept in `folder`, that of the station.
    ///
    /// # Errors
    /// If the file of `--jsonl`, or that of the station, cannot be made, or two reports go to standard output.
    pub fn open(
        noting: &Noting,
        folder: Option<&Path>,
        name: &str,
        console: &Arc<Console>,
    ) -> Result<Arc<Journal>, Diagnostic> {
        let signer = noting.sign.as_deref().map(|key| Signer::load(key, console)).transpose()?;
        let asked = noting.jsonl.is_some() || noting.reporting != Reporting::default();
        if let Some(folder) = folder.filter(|_| !asked && !noting.no_reports) {
            let (kept, lines) = kept::Kept::begin(folder, name)?;
            let noting = kept.noting(noting);
            return Journal::of(noting, signer, Some(Box::new(lines)), Some(kept));
        }
        let Reporting { json, junit, html, .. } = &noting.reporting;
        let streams = [&noting.jsonl, json, junit, html].into_iter().flatten().filter(|path| is_stdout(path)).count();
        if streams > 1 {
            return Err(misuse("two reports go to standard output", "name a file for one of them"));
        }
        if signer.is_some() {
            signable(noting.jsonl.as_deref(), &noting.reporting)?;
        }
        if streams > 0 {
            console.free_output();
        }
        let lines = noting.jsonl.as_deref().map(writer).transpose()?;
        Journal::of(noting.clone(), signer, lines, None)
    }

    fn of(
        noting: Noting,
        signer: Option<Signer>,
        lines: Option<Box<dyn Write + Send>>,
        kept: Option<kept::Kept>,
    ) -> Result<Arc<Journal>, Diagnostic> {
        let reports = noting.reporting != Reporting::default();
        let archiver = reports.then(Archiver::begin).transpose().map_err(|error| unkept(&error))?;
        let wanted = lines.is_some() || reports;
        let inner =
            Inner { lines, sealer: Sealer::default(), kept, failure: None, archiver, incomplete: None, runs: 0 };
        Ok(Arc::new(Journal { noting, signer, wanted, inner: Mutex::new(inner) }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The metadata that starts the record of the next run.
    pub fn subject(&self, script: &Path) -> Subject {
        let mut inner = self.lock();
        inner.runs += 1;
        Subject {
            run: inner.runs,
            operator: self.noting.operator.clone(),
            serial: self.noting.serial.clone(),
            revision: if self.wanted { revision::of(script) } else { None },
            is_recorded: self.wanted,
        }
    }

    /// Logs an event, and archives it if a report is requested at the end.
    fn add(&self, line: &TimedEvent) {
        if !self.wanted || !line.event.is_recorded() {
            return;
        }
        let mut inner = self.lock();
        let Inner { lines, sealer, failure, archiver, incomplete, .. } = &mut *inner;
        if let (Some(to), None) = (lines, &failure) {
            let written = serde_json::to_string(line).map_err(io::Error::from).and_then(|text| {
                let text = format!("{text}\n");
                sealer.add(text.as_bytes());
                to.write_all(text.as_bytes()).and_then(|()| to.flush())
            });
            *failure = written.err();
        }
        if let (Some(archiver), None) = (archiver, &incomplete) {
            *incomplete = archiver.add(line).err();
        }
    }

    /// Writes and signs the reports; returns the failures. `several`: as a document of several runs.
    pub fn finish(&self, several: bool, console: &Console) -> Vec<Diagnostic> {
        let mut inner = self.lock();
        inner.seal();
        let mut failures = Vec::new();
        match (&inner.failure, &self.noting.jsonl) {
            (Some(error), Some(path)) if is_stdout(path) => console.lose_output(error),
            (Some(error), Some(path)) => failures.push(unwritable(path, error)),
            _ => {}
        }
        failures.extend(self.write_reports(&mut inner, several, console));
        let noting = inner.kept.as_ref().map_or_else(|| self.noting.clone(), |kept| kept.noting(&self.noting));
        if let (Some(signer), Some(log), None) = (&self.signer, &noting.jsonl, &inner.failure) {
            failures.extend(signer.sign(log).err().map(|error| unsigned(log, &error)));
        }
        failures
    }

    fn write_reports(&self, inner: &mut Inner, several: bool, console: &Console) -> Vec<Diagnostic> {
        let Some(archiver) = inner.archiver.take() else { return Vec::new() };
        let archive = match inner.incomplete.take().map_or_else(|| archiver.finish(), Err) {
            Ok(archive) => archive,
            Err(error) => return vec![unkept(&error)],
        };
        let signer = self.signer.as_ref();
        let Some(kept) = &mut inner.kept else {
            return write(&self.noting.reporting, &archive, several, signer, console);
        };
        let simulated = archive.runs().any(|run| run.head().simulated);
        kept.complete_name(archive.runs().filter_map(|run| run.head().serial.as_deref()), simulated);
        let unwritten = write(&kept.noting(&self.noting).reporting, &archive, several, signer, console);
        if unwritten.is_empty() {
            console.notice(&format!("report: {}", kept.page().display()));
        }
        unwritten
    }
}

/// Rejects what cannot be signed: nothing, or standard output.
///
/// # Errors
/// What it is.
pub fn signable(log: Option<&Path>, reporting: &Reporting) -> Result<(), Diagnostic> {
    let Reporting { json, junit, html, csv } = reporting;
    let mut files =
        log.into_iter().chain([json, junit, html, csv].into_iter().flatten().map(PathBuf::as_path)).peekable();
    if files.peek().is_none() {
        return Err(misuse("`--sign` has no report to sign", "add --html, --json, --junit, --csv or --jsonl"));
    }
    if files.any(is_stdout) {
        return Err(misuse("a report on standard output cannot be signed", "name a file for it"));
    }
    Ok(())
}

/// Writes the requested reports of finished runs, and signs them; returns the failures.
pub fn write(
    reporting: &Reporting,
    archive: &Archive,
    several: bool,
    signer: Option<&Signer>,
    console: &Console,
) -> Vec<Diagnostic> {
    let mut failures = Vec::new();
    let mut put = |path: &Path, content: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        if is_stdout(path) {
            return console.report(content);
        }
        if let Err(error) = replace(path, content) {
            failures.push(unwritable(path, &error));
        } else if let Some(signer) = signer {
            failures.extend(signer.sign(path).err().map(|error| unsigned(path, &error)));
        }
    };
    if let Some(path) = &reporting.junit {
        put(path, &|to| junit::write(archive, to));
    }
    if let Some(path) = &reporting.html {
        put(path, &|to| html::write(archive, to));
    }
    if let Some(path) = &reporting.json {
        put(path, &|to| json::write(archive, several, to));
    }
    if let Some(folder) = &reporting.csv {
        let mut file = |name: &str, rows: Rows<'_>, simulated: Option<&str>| {
            put(&folder.join(name), &|to| csv::write(rows, simulated, to));
        };
        let read = csv::files(archive, &mut file);
        failures.extend(read.err().map(|error| unwritable(folder, &error)));
    }
    failures
}

/// The events cannot be stored for the reports.
fn unkept(error: &io::Error) -> Diagnostic {
    let message = format!("no report can be written: the events of the run cannot be stored: {}", super::reason(error));
    Diagnostic {
        help: Some("free space in the temporary folder, or set TMPDIR to another one".to_owned()),
        ..Diagnostic::new(Kind::OutputError, message)
    }
}

/// Buffer size when writing a report, in bytes.
const BUFFER: usize = 64 << 10;

/// A report that was written, and could not be signed.
fn unsigned(path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("the signature of `{}` cannot be written: {}", path.display(), super::reason(error));
    Diagnostic {
        help: Some("sign the report again with `report --sign`".to_owned()),
        ..Diagnostic::new(Kind::OutputError, message)
    }
}

fn replace(path: &Path, content: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut replacement = BufWriter::with_capacity(BUFFER, Replacement::create_named(path)?);
    content(&mut replacement)?;
    replacement.into_inner().map_err(io::IntoInnerError::into_error)?.keep()
}

fn writer(path: &Path) -> Result<Box<dyn Write + Send>, Diagnostic> {
    if is_stdout(path) {
        return Ok(output());
    }
    let made = disk::make_folder(path).and_then(|()| disk::begin_log(path));
    made.map(|file| -> Box<dyn Write + Send> { Box::new(file) }).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("the report `{}` cannot be written: {}", path.display(), super::reason(error));
    match error.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::WriteZero => Diagnostic {
            help: Some("free disk space; `report` generates reports again from a `--jsonl` log".to_owned()),
            ..Diagnostic::new(Kind::OutputError, message)
        },
        _ => misuse(message, "name a file in a writable folder"),
    }
}

impl Observer for Journal {
    fn event(&self, event: &TimedEvent, _sources: &Sources) {
        self.add(event);
    }
}

/// Observes a run for the journal and the console.
pub fn observer(console: &Arc<Console>, journal: &Arc<Journal>) -> Arc<dyn Observer> {
    let observers: Vec<Arc<dyn Observer>> = vec![journal.clone(), console.clone()];
    Arc::new(observers)
}
