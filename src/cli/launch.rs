//! Runs a script for `run`, `run --watch` and `test`.
//!
//! Uses [`crate::script`]. Invariant: every device that the script opened is closed, even after a panic.

use super::arguments::operator::Answers;
use super::arguments::{Allowed, Choice, Connection, Limit, Run};
use super::console::Console;
use super::operator::Desk;
use super::{memory, misuse, report_failures, session, station};
use crate::bench::select::Selection;
use crate::bench::station::Station;
use crate::device::{Host, Output};
use crate::diagnostic::Diagnostic;
use crate::gate::Permissions;
use crate::port::trace::Recorder;
use crate::script::{Finished, Observer, RunOptions, Runner, Subject, Told};
use std::path::Path;
use std::sync::Arc;

/// A script, with what the command line says of its runs.
pub struct Launch<'a> {
    /// Where failures are printed and questions asked.
    pub console: &'a Arc<Console>,
    /// The script's file.
    pub script: &'a Path,
    /// What the script sees as `args`.
    pub args: &'a [String],
    /// Which board.
    pub connection: &'a Connection,
    /// How long a run may take.
    pub limit: &'a Limit,
    /// What the script may do.
    pub allowed: &'a Allowed,
    /// Answers to the script's questions.
    pub answers: &'a Answers,
    /// Which tests are run.
    pub choice: &'a Choice,
    /// Seed that shuffles the tests.
    pub shuffle: Option<u64>,
    /// The folder that boards see, and whether they may write to it.
    pub mount: Option<(&'a Path, bool)>,
    /// Whether the script is checked before it runs.
    pub checks: bool,
    /// The warnings that other runs have printed, and this one does not repeat.
    pub told: Option<&'a Told>,
    /// Whether the script may hand a board's prompt to the user at this terminal.
    pub lends_terminal: bool,
}

/// What the runs of a script share: its boards, and what it may do.
pub struct Bench {
    /// The boards.
    pub host: Host,
    station: Option<Arc<Station>>,
    permissions: Permissions,
}

/// A script that is ready to run.
pub struct Launched<'a> {
    launch: &'a Launch<'a>,
    host: &'a Host,
    /// What runs it.
    pub runner: Runner,
}

/// Which tests the command line chooses.
pub fn selection(choice: &Choice, shuffle: Option<u64>) -> Selection {
    Selection {
        patterns: choice.patterns.clone(),
        tags: choice.tags.clone(),
        needed: Vec::new(),
        fail_fast: choice.fail_fast,
        shuffle,
    }
}

impl<'a> Launch<'a> {
    /// What `run` launches.
    pub fn of_run(run: &'a Run, console: &'a Arc<Console>) -> Launch<'a> {
        Launch {
            console,
            script: &run.script,
            args: &run.args,
            connection: &run.connection,
            limit: &run.limit,
            allowed: &run.allowed,
            answers: &run.answers,
            choice: &run.choice,
            shuffle: None,
            mount: run.mount.as_deref().map(|folder| (folder, run.write)),
            checks: !run.no_check,
            told: None,
            lends_terminal: true,
        }
    }

    /// The bench of this script; its boards print to `output`. `port`: in place of the one of the command line.
    ///
    /// # Errors
    /// If the configuration or the station's file is wrong, the password cannot be read, or there is no folder to mount.
    pub fn bench<O: Output + 'static>(
        &self,
        output: &Arc<O>,
        port: Option<&str>,
        recorder: Option<&Recorder>,
    ) -> Result<Bench, Diagnostic> {
        let (host, station) = session::host_at(output, self.connection, Some(self.script), port, recorder)?;
        if let Some((folder, writable)) = self.mount {
            host.set_mount(folder, writable)
                .map_err(|error| misuse(error.message(), error.help().unwrap_or_default()))?;
        }
        #[cfg(unix)]
        if self.lends_terminal {
            host.set_terminal(Arc::new(super::terminal::Keyboard { console: self.console.clone() }));
        }
        let permissions = station::permissions(self.allowed, station.as_deref())?;
        Ok(Bench { host, station, permissions })
    }

    /// The script, ready for one run on this bench. Its events go to `observer`, which makes the report.
    pub fn on(&'a self, bench: &'a Bench, observer: Arc<dyn Observer>, subject: Subject) -> Launched<'a> {
        let options = RunOptions {
            args: self.args.to_vec(),
            limit: self.limit.timeout,
            memory: memory::limit(self.allowed),
            permissions: bench.permissions.clone(),
            station: bench.station.clone(),
            operator: Some(Desk::new(self.console, &self.answers.given)),
            subject,
            selection: selection(self.choice, self.shuffle),
            drops_report: true,
            checked: self.checks.then(|| self.told.cloned().unwrap_or_default()),
        };
        let runner = Runner::new(bench.host.clone(), observer, options);
        Launched { launch: self, host: &bench.host, runner }
    }
}

impl Launched<'_> {
    /// Runs the script to its end.
    pub fn run(&mut self) -> Finished {
        session::guarded(self.host, || self.runner.run_file(self.launch.script))
    }

    /// Prints what failed.
    pub fn report(&self, finished: &Finished) {
        let (console, sources) = (self.launch.console, self.runner.sources());
        console.end_lines();
        let failures: Vec<Diagnostic> = finished.failure.iter().chain(&finished.closing).cloned().collect();
        report_failures(console, &failures, &sources);
        session::finish_recording(self.host, console, &sources);
    }
}
