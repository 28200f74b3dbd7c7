//! `test`: collects scripts with tests and runs them, one after the other or on several boards at once.
//!
//! Each script is evaluated as `run` does, with the tests that are chosen. Invariant: the output of one script stays together;
//! no script starts after an interruption.

use super::arguments::Test;
use super::console::{Console, Stream};
use super::launch::{Launch, selection};
use super::listed;
use super::render::Colour;
use super::reporting::{self, Journal};
use super::run::status;
use super::{is_python, misuse, readable, report_failures, session, signals, station};
use crate::bench::empty::EmptyRun;
use crate::bench::select::Dice;
use crate::bench::tally::Tally;
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::port::address::Address;
use crate::port::trace::Recorder;
use crate::script::ShownWarnings;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Interval of checking the workers.
const LOOK: Duration = Duration::from_millis(25);

/// The exit status of an interruption.
const INTERRUPTED: u8 = 130;

/// Runs what the command line names; returns the exit status.
///
/// # Errors
/// If nothing was run, or a report cannot be written.
pub fn test(options: &Test, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let files = collect(&options.paths)?;
    if options.list {
        return listed::list(options, &files, console);
    }
    let ports = ports(options)?;
    signals::watch()?;
    let reports = |script: Option<&Path>| {
        station::reports(&options.connection.station, script, &options.allowed, &options.noting)
    };
    let (folder, name) = match files.as_slice() {
        [file] => (reports(Some(file)), file.file_stem().unwrap_or_default().to_string_lossy()),
        several => (reports(several.first().map(PathBuf::as_path)), "test".into()),
    };
    if let Err(failure) = &folder
        && failure.kind == Kind::PermissionError
    {
        return Err(failure.clone());
    }
    // Each script with this station reports a mistake in the station file.
    let journal = Journal::open(&options.noting, folder.ok().flatten().as_deref(), &name, console)?;
    let recorder = session::recorder(&options.connection)?;
    let empty = match &options.choice {
        _ if options.allow_empty => EmptyRun::Allowed,
        choice if files.len() > 1 && selection(choice, None).is_partial() => EmptyRun::MayBeDeselected,
        _ => EmptyRun::Refused,
    };
    let bench = Bench { options, journal: &journal, ports, recorder, empty, shown: ShownWarnings::default() };
    let rounds = options.repeat.unwrap_or(if options.until_fail { u32::MAX } else { 1 });
    let mut all = Ran::default();
    for round in 0..rounds {
        if rounds > 1 {
            let of = options.repeat.map(|count| format!(" of {count}")).unwrap_or_default();
            console.text(&format!("round {}{of}\n", round + 1));
        }
        let seed = options.shuffle.map(|seed| seed.wrapping_add(u64::from(round)));
        let mut order: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        if let Some(seed) = seed {
            Dice::new(seed).shuffle(&mut order);
        }
        let ran = bench.round(&order, seed, console);
        let stop = ran.status != 0 && (options.until_fail || options.choice.fail_fast);
        all.add(ran);
        if stop || all.status == INTERRUPTED {
            break;
        }
    }
    let written = report_failures(console, &journal.finish(true, console), &crate::script::Sources::default());
    console.finish(&all.tally);
    let status = if all.status == 0 { written } else { all.status };
    if status == 0 && !options.allow_empty && !all.tally.has_judged() {
        return Err(nothing_tested("no test ran", "use `--list` to list the tests; -k and --tag select from them"));
    }
    Ok(status)
}

/// Results of the scripts.
#[derive(Default)]
struct Ran {
    /// The worst exit status.
    status: u8,
    /// All tests and measurements.
    tally: Tally,
}

impl Ran {
    fn add(&mut self, other: Ran) {
        self.status = worse(self.status, other.status);
        self.tally.add_all(other.tally);
    }
}

/// The worse of two exit statuses: a run in which nothing was tested is better than one that failed.
fn worse(one: u8, other: u8) -> u8 {
    let rank = |status: &u8| (*status != 0, *status != Kind::NothingTestedError.exit_status(), *status);
    std::cmp::max_by_key(one, other, rank)
}

/// Nothing was tested, or nothing can be.
fn nothing_tested(message: &str, help: &str) -> Diagnostic {
    Diagnostic { help: Some(help.to_owned()), ..Diagnostic::new(Kind::NothingTestedError, message) }
}

/// State shared by all scripts.
struct Bench<'a> {
    options: &'a Test,
    journal: &'a Arc<Journal>,
    /// The port of each worker; `None`: that of the command line.
    ports: Vec<Option<String>>,
    recorder: Option<Recorder>,
    /// What a script means that tests nothing.
    empty: EmptyRun,
    /// The warnings that were printed.
    shown: ShownWarnings,
}

impl Bench<'_> {
    /// Runs every file once.
    fn round(&self, files: &[&Path], seed: Option<u64>, console: &Arc<Console>) -> Ran {
        if self.ports.len() > 1 {
            return self.at_once(files, seed, console);
        }
        let port = self.ports.first().and_then(Option::as_deref);
        let mut all = Ran::default();
        let mut left = files.iter();
        for file in left.by_ref() {
            if files.len() > 1 {
                console.text(&format!("{}\n", file.display()));
            }
            all.add(self.run(file, seed, port, console));
            if all.status == INTERRUPTED || all.status != 0 && self.options.choice.fail_fast {
                break;
            }
        }
        self.pass_over(left.copied(), &mut all, console);
        all
    }

    /// Records the tests of files that are not started after the run has stopped.
    fn pass_over<'f>(&self, files: impl Iterator<Item = &'f Path>, all: &mut Ran, console: &Arc<Console>) {
        let reason = match all.status {
            INTERRUPTED => "the run was interrupted before this file",
            _ => "another file did not pass, with --fail-fast",
        };
        for file in files {
            let launch = self.launch(file, None, console);
            // A mistake in its station file is not reported: it was not to be started.
            let Ok(bench) = launch.bench(None, None) else { continue };
            let observer = reporting::observer(console, self.journal);
            let passed_over = launch.runner(&bench, observer, self.journal.subject(file)).pass_over(file, reason);
            all.tally.add_all(passed_over.tally);
        }
    }

    /// How a file is run.
    fn launch<'l>(&'l self, file: &'l Path, seed: Option<u64>, console: &'l Arc<Console>) -> Launch<'l> {
        Launch {
            console,
            script: Some(file),
            args: &self.options.args,
            connection: &self.options.connection,
            limit: &self.options.limit,
            allowed: &self.options.allowed,
            answers: &self.options.answers,
            choice: &self.options.choice,
            empty: self.empty,
            shuffle: seed,
            mount: None,
            checks: !self.options.no_check,
            shown: Some(&self.shown),
            profile: None,
            lends_terminal: false,
        }
    }

    /// Runs one file.
    fn run(&self, file: &Path, seed: Option<u64>, port: Option<&str>, console: &Arc<Console>) -> Ran {
        let subject = self.journal.subject(file);
        let launch = self.launch(file, seed, console);
        let bench = match launch.bench(port, self.recorder.as_ref()) {
            Ok(bench) => bench,
            Err(failure) => {
                let status = report_failures(console, &[failure], &crate::script::Sources::default());
                return Ran { status, tally: Tally::default() };
            }
        };
        let mut runner = launch.runner(&bench, reporting::observer(console, self.journal), subject);
        let finished = bench.run(&mut runner, file);
        bench.report(&finished, &runner.sources(), console);
        Ran { status: status(&finished, console.broken()), tally: finished.tally }
    }

    /// Runs the files on all boards at once; the output of each is printed when it ends.
    fn at_once(&self, files: &[&Path], seed: Option<u64>, console: &Arc<Console>) -> Ran {
        let queue: Mutex<VecDeque<&Path>> = Mutex::new(files.iter().copied().collect());
        let all = Mutex::new(Ran::default());
        let running = AtomicUsize::new(self.ports.len());
        let (stop, interrupted) = (AtomicBool::new(false), AtomicBool::new(false));
        let main = std::thread::current();
        std::thread::scope(|scope| {
            for port in &self.ports {
                let (queue, all, running, stop, interrupted) = (&queue, &all, &running, &stop, &interrupted);
                let main = main.clone();
                scope.spawn(move || {
                    let _leaving = Leaving { running, main };
                    while !stop.load(Ordering::SeqCst) {
                        let Some(file) = lock(queue).pop_front() else { break };
                        let page = Page::default();
                        let own = Arc::new(page.console(console.colour()));
                        let ran = self.run(file, seed, port.as_deref(), &own);
                        let status = ran.status;
                        own.finish(&Tally::default());
                        page.print(file, console);
                        lock(all).add(ran);
                        interrupted.fetch_or(status == INTERRUPTED, Ordering::SeqCst);
                        if status == INTERRUPTED || status != 0 && self.options.choice.fail_fast {
                            stop.store(true, Ordering::SeqCst);
                        }
                    }
                });
            }
            pass_on(&running, &interrupted);
        });
        let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
        let left = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.pass_over(left.into_iter(), &mut all, console);
        all
    }
}

/// Waits for all workers. Ctrl-C reaches only one of them, so it is passed on once to each of the others.
fn pass_on(running: &AtomicUsize, interrupted: &AtomicBool) {
    let mut presses = None;
    while running.load(Ordering::SeqCst) > 0 {
        std::thread::park_timeout(LOOK);
        if !interrupted.load(Ordering::SeqCst) {
            continue;
        }
        let left = presses.get_or_insert_with(|| running.load(Ordering::SeqCst));
        if *left > 0 && !crate::interrupt::pending() {
            *left -= 1;
            crate::interrupt::raise();
        }
    }
    if interrupted.load(Ordering::SeqCst) {
        crate::interrupt::take();
    }
}

/// Counts ended workers, panicked ones too.
struct Leaving<'a> {
    running: &'a AtomicUsize,
    main: std::thread::Thread,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.running.fetch_sub(1, Ordering::SeqCst);
        self.main.unpark();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes for standard output, or, marked, for standard error.
type Piece = (bool, Vec<u8>);

/// Output of a script that runs beside others, in order.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<Piece>>>);

/// One of the two streams of a page.
struct Pen(Page, bool);

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pieces = lock(&self.0.0);
        match pieces.last_mut() {
            Some((to_error, last)) if *to_error == self.1 => last.extend_from_slice(bytes),
            _ => pieces.push((self.1, bytes.to_owned())),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn console(&self, colour: Colour) -> Console {
        let stream = |to_error| Stream { to: Box::new(Pen(self.clone(), to_error)), colour, terminal: false };
        Console::new(stream(false), stream(true))
    }

    fn print(&self, file: &Path, console: &Console) {
        let pieces = std::mem::take(&mut *lock(&self.0));
        console.pieces(&format!("{}\n", file.display()), &pieces);
    }
}

/// The port of each worker.
fn ports(options: &Test) -> Result<Vec<Option<String>>, Diagnostic> {
    let jobs = usize::from(options.jobs);
    if !options.ports.is_empty() {
        if jobs > options.ports.len() {
            let message = format!("-j {jobs} needs {jobs} boards, but --ports names {}", options.ports.len());
            return Err(misuse(message, "name one port for each"));
        }
        return Ok(options.ports.iter().map(|port| Some(port.clone())).collect());
    }
    let variable = || std::env::var("BELAY_DEVICE").ok();
    let many = |port: &str| port.parse::<Address>().is_ok_and(|address| address.kind().starts_boards);
    let port = options.connection.port.clone().or_else(variable);
    if jobs > 1 && !port.as_deref().is_some_and(many) {
        let help = "name them with `--ports A,B`, or use simulated boards with `-p sim`";
        return Err(misuse(format!("-j {jobs} needs {jobs} boards"), help));
    }
    Ok(vec![None; jobs])
}

/// The scripts that paths name: files themselves, and in folders those with names of tests.
fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Diagnostic> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        if path.is_dir() {
            let hidden =
                |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
            let walk = walkdir::WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|entry| !hidden(entry));
            let found = walk.filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
            let found = found.filter(|entry| is_test(&entry.file_name().to_string_lossy()));
            files.extend(found.map(|entry| entry.path().strip_prefix(".").unwrap_or(entry.path()).to_owned()));
            continue;
        }
        readable(path)?;
        if is_python(path) {
            let message = format!("`{}` is not a script with tests", path.display());
            return Err(misuse(message, "use `run` for Python files"));
        }
        files.push(path.clone());
    }
    let mut seen = Vec::new();
    files.retain(|file| {
        let new = !seen.contains(file);
        seen.push(file.clone());
        new
    });
    if files.is_empty() {
        let help = "folders are searched for test_*.rhai and *_test.rhai; name other scripts one by one";
        return Err(nothing_tested("no scripts with tests found", help));
    }
    Ok(files)
}

/// Whether a file in a folder is a script with tests.
fn is_test(name: &str) -> bool {
    name.strip_suffix(".rhai").is_some_and(|name| name.starts_with("test_") || name.ends_with("_test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_with_tests_are_known_by_their_names() {
        for name in ["test_adc.rhai", "adc_test.rhai"] {
            assert!(is_test(name), "{name}");
        }
        for name in ["test.rhai", "adc.rhai", "test_adc.py", "latest.rhai", "test_adc.rhai.bak"] {
            assert!(!is_test(name), "{name}");
        }
    }

    #[test]
    fn folders_are_searched_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b_test.rhai", "a/test_x.rhai", "a/other.rhai", ".git/test_y.rhai"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let root = folder.path().to_owned();
        let found = collect(&[root.clone(), root.join("a/other.rhai"), root.join("b_test.rhai")]).unwrap();
        let names: Vec<&Path> = found.iter().map(|path| path.strip_prefix(&root).unwrap()).collect();
        assert_eq!(names, ["a/test_x.rhai", "b_test.rhai", "a/other.rhai"].map(Path::new));
        assert_eq!(collect(&[root.join("gone")]).unwrap_err().kind.exit_status(), 2);
        assert_eq!(collect(&[root.join(".git/none")]).unwrap_err().kind.exit_status(), 2);
        std::fs::create_dir(root.join("empty")).unwrap();
        assert_eq!(collect(&[root.join("empty")]).unwrap_err().kind.exit_status(), 5);
    }

    #[test]
    fn an_empty_run_is_better_than_a_failure_and_worse_than_success() {
        for (one, other, worst) in [(0, 5, 5), (1, 5, 1), (3, 5, 3), (1, 3, 3), (130, 5, 130), (0, 0, 0), (5, 5, 5)] {
            assert_eq!((worse(one, other), worse(other, one)), (worst, worst));
        }
    }
}
