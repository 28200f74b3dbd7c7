//! Prepares and runs scripts for `run`, `run --watch`, `test` and `repl`.
//!
//! Uses [`crate::script`]. Invariant: every device that the script opened is closed, even after a panic.

use super::arguments::operator::Answers;
use super::arguments::{Allowed, Choice, Connection, Limit, Run};
use super::console::Console;
use super::operator::OperatorConsole;
use super::{memory, misuse, report_failures, session, station};
use crate::bench::empty::EmptyRun;
use crate::bench::select::Selection;
use crate::bench::station::Station;
use crate::device::profile::Profile;
use crate::device::{Host, HostMount, HostOptions, Terminal};
use crate::diagnostic::Diagnostic;
use crate::gate::Permissions;
use crate::port::trace::Recorder;
use crate::script::{Finished, Observer, RunOptions, Runner, ShownWarnings, Sources, Subject};
use std::path::Path;
use std::sync::Arc;

/// Options of the command line for the runs of a script.
pub struct Launch<'a> {
    /// Where failures are printed and questions asked.
    pub console: &'a Arc<Console>,
    /// The script, beside which a station's file may be.
    pub script: Option<&'a Path>,
    /// The script's `args`.
    pub args: &'a [String],
    /// Which board.
    pub connection: &'a Connection,
    /// Time limit of a run.
    pub limit: &'a Limit,
    /// Permissions of the script.
    pub allowed: &'a Allowed,
    /// Answers to the script's questions.
    pub answers: &'a Answers,
    /// Which tests are run.
    pub choice: &'a Choice,
    /// What a run means in which nothing is tested.
    pub empty: EmptyRun,
    /// Seed that shuffles the tests.
    pub shuffle: Option<u64>,
    /// The folder that boards see, and whether they may write to it.
    pub mount: Option<(&'a Path, bool)>,
    /// Whether the script is checked before it runs.
    pub checks: bool,
    /// The warnings that other runs have printed, and this one does not repeat.
    pub shown: Option<&'a ShownWarnings>,
    /// Measures where the time goes.
    pub profile: Option<Profile>,
    /// Whether the script may hand a board's prompt to the user at this terminal.
    pub lends_terminal: bool,
}

/// State shared by the runs of a script: its boards and permissions.
pub struct Bench {
    /// The boards.
    pub host: Host,
    station: Option<Arc<Station>>,
    permissions: Permissions,
}

/// Which tests the command line chooses.
pub fn selection(choice: &Choice, shuffle: Option<u64>) -> Selection {
    Selection {
        patterns: choice.patterns.clone(),
        tags: choice.tags.clone(),
        needed: Arc::default(),
        fail_fast: choice.fail_fast,
        shuffle,
    }
}

impl<'a> Launch<'a> {
    /// The script that `run` launches.
    pub fn of_run(run: &'a Run, console: &'a Arc<Console>) -> Launch<'a> {
        Launch {
            console,
            script: Some(&run.script),
            args: &run.args,
            connection: &run.connection,
            limit: &run.limit,
            allowed: &run.allowed,
            answers: &run.answers,
            choice: &run.choice,
            empty: EmptyRun::Ordinary,
            shuffle: None,
            mount: run.mount.as_deref().map(|folder| (folder, run.write)),
            checks: !run.no_check,
            shown: None,
            profile: run.profile.as_ref().map(|_| Profile::default()),
            lends_terminal: true,
        }
    }

    /// The bench of this script. `port`: in place of the one of the command line.
    ///
    /// # Errors
    /// If the configuration or the station's file is wrong, the password cannot be read, or the folder to mount does not exist.
    pub fn bench(&self, port: Option<&str>, recorder: Option<&Recorder>) -> Result<Bench, Diagnostic> {
        let (options, station) = session::host_options(self.console, self.connection, self.script, port, recorder)?;
        let mount = self.mount.map(|(folder, writable)| HostMount::new(folder, writable)).transpose();
        let mount = mount.map_err(|error| misuse(error.message(), error.help().unwrap_or_default()))?;
        let host =
            Host::new(HostOptions { mount, terminal: self.terminal(), profile: self.profile.clone(), ..options });
        let permissions = station::permissions(self.allowed, station.as_deref())?;
        Ok(Bench { host, station, permissions })
    }

    /// The bench again, with the station file as it is now. It shares the kept connections of `before`.
    ///
    /// # Errors
    /// As [`Launch::bench`].
    pub fn bench_again(&self, before: &Bench) -> Result<Bench, Diagnostic> {
        let known = before.host.options();
        let bench = self.bench(None, known.recorder.as_ref())?;
        let options = HostOptions { output: known.output.clone(), ..bench.host.options().clone() };
        Ok(Bench { host: before.host.with_options(options), ..bench })
    }

    #[cfg(unix)]
    fn terminal(&self) -> Option<Arc<dyn Terminal>> {
        let keyboard = || super::terminal::screen::Keyboard { console: self.console.clone(), inject: Vec::new() };
        self.lends_terminal.then(|| Arc::new(keyboard()) as Arc<dyn Terminal>)
    }

    #[cfg(not(unix))]
    fn terminal(&self) -> Option<Arc<dyn Terminal>> {
        None
    }

    /// A runner for one run of the script on this bench. Its events go to `observer`, which builds the report.
    pub fn runner(&self, bench: &Bench, observer: Arc<dyn Observer>, subject: Subject) -> Runner {
        let options = RunOptions {
            args: self.args.to_vec(),
            limit: self.limit.timeout,
            memory: memory::limit(self.allowed),
            permissions: bench.permissions.clone(),
            station: bench.station.clone(),
            operator: Some(OperatorConsole::new(self.console, &self.answers.given)),
            subject,
            selection: selection(self.choice, self.shuffle),
            empty: self.empty,
            drops_report: true,
            checked: self.checks.then(|| self.shown.cloned().unwrap_or_default()),
            ..RunOptions::default()
        };
        Runner::new(bench.host.clone(), observer, options)
    }
}

impl Bench {
    /// Runs a script to its end.
    pub fn run(&self, runner: &mut Runner, script: &Path) -> Finished {
        session::guarded(&self.host, || runner.run_file(script))
    }

    /// Prints what failed.
    pub fn report(&self, finished: &Finished, sources: &Sources, console: &Console) {
        console.end_lines();
        let failures: Vec<Diagnostic> = finished.failure.iter().chain(&finished.closing).cloned().collect();
        report_failures(console, &failures, sources);
        session::finish_recording(&self.host, console, sources);
    }
}
