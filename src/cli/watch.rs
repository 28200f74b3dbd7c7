//! `run --watch`: runs a script again whenever one of its input files is saved.
//!
//! Uses [`crate::script`] and notify. Folders are watched, since editors replace files; what counts is whether the text is
//! another one. Invariant: between two runs no device is open, and the connections of the last one are kept; they are
//! closed on every way out.

use super::arguments::Run;
use super::console::Console;
use super::launch::{Bench, Launch};
use super::station::StationFile;
use super::{misuse, reason, report_failures, session, signals};
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::script::{Inputs, Sources, Subject};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Editors save in several steps: wait until nothing has changed for the first duration, at most for the second.
const QUIET: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(1);

/// State shared by the run, Ctrl-C, and the thread that gets change notifications.
#[derive(Default)]
struct Shared {
    /// Input files of the run; `None` before the first one.
    watched: Option<Watched>,
    /// Whether the run is active.
    running: bool,
    /// It was stopped because an input file has changed.
    stopped: bool,
    /// Ctrl-C.
    ended: bool,
}

/// The files that a run depends on.
#[derive(Clone)]
struct Watched {
    script: PathBuf,
    inputs: Inputs,
    station: Arc<StationFile>,
}

impl Watched {
    /// The changed files.
    fn changed(&self) -> Vec<String> {
        let mut changed = self.inputs.changed(&self.script);
        changed.extend(self.station.changed().map(|file| file.display().to_string()));
        changed
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the script again and again until Ctrl-C. Returns the exit status.
///
/// # Errors
/// If its folder cannot be watched.
pub fn watch(run: &Run, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let shared = Arc::new(Mutex::new(Shared::default()));
    let (bell, bells) = channel();
    let (known, rings) = (shared.clone(), bell.clone());
    signals::watch_telling(move || {
        lock(&known).ended = true;
        let _ = rings.send(());
    })?;
    let launch = Launch::of_run(run, console);
    let station = || Arc::new(StationFile::new(&run.connection.station, Some(&run.script)));
    let (mut file, mut is_invalid) = (station(), false);
    let mut bench = launch.bench(None, session::recorder(&run.connection)?.as_ref())?;
    bench.host.keep_links(true);
    let mut folders = Folders::new(&run.script, &shared, bell)?;
    let mut watched = once(&launch, &bench, file.clone(), &shared, &mut folders);
    loop {
        if lock(&shared).ended || console.broken() {
            break;
        }
        folders.follow(&watched);
        let Some(changed) = change(console, &watched, &shared, &bells) else { break };
        console.remark(&format!("-- changed: {}\n", changed.join(", ")));
        if is_invalid || file.changed().is_some() {
            // First: what is written from now on is another change.
            file = station();
            match launch.bench_again(&bench) {
                Ok(again) => bench = again,
                Err(failure) => {
                    report_failures(console, &[failure], &Sources::default());
                    (is_invalid, watched.station) = (true, file.clone());
                    lock(&shared).watched = Some(watched.clone());
                    continue;
                }
            }
            is_invalid = false;
        }
        watched = once(&launch, &bench, file.clone(), &shared, &mut folders);
    }
    bench.host.release_links();
    console.end_lines();
    Ok(Kind::Interrupted.exit_status())
}

/// One run, printed as [`super::run::run`] prints it. Returns its input files.
fn once(
    launch: &Launch<'_>,
    bench: &Bench,
    station: Arc<StationFile>,
    shared: &Mutex<Shared>,
    folders: &mut Folders,
) -> Watched {
    bench.host.begin_run();
    let script = launch.script.unwrap_or(Path::new(""));
    let mut runner = launch.runner(bench, launch.console.clone(), Subject::default());
    runner.look_at(script);
    let watched = Watched { script: script.to_owned(), inputs: runner.inputs(), station };
    folders.follow(&watched);
    {
        let mut shared = lock(shared);
        (shared.watched, shared.running, shared.stopped) = (Some(watched.clone()), true, false);
        if !shared.ended {
            crate::interrupt::take();
        }
    }
    let mut finished = bench.run(&mut runner, script);
    let stopped = {
        let mut shared = lock(shared);
        shared.running = false;
        // Its Ctrl-C may be left over.
        crate::interrupt::take();
        shared.stopped && !shared.ended
    };
    if stopped {
        finished.failure = finished.failure.filter(|failure| failure.kind != Kind::Interrupted);
    }
    bench.report(&finished, &runner.sources(), launch.console);
    launch.console.finish(&finished.tally);
    watched
}

/// Waits until an input file has changed. `None`: Ctrl-C.
fn change(console: &Console, watched: &Watched, shared: &Mutex<Shared>, bells: &Receiver<()>) -> Option<Vec<String>> {
    let mut announced = false;
    loop {
        if lock(shared).ended {
            return None;
        }
        let changed = watched.changed();
        if !changed.is_empty() {
            return Some(changed);
        }
        if !announced {
            let modules = match watched.inputs.count() {
                0 | 1 => String::new(),
                2 => " and its module".to_owned(),
                count => format!(" and its {} modules", count - 1),
            };
            let script = watched.script.display();
            console.remark(&format!("-- waiting for changes to {script}{modules}; press Ctrl-C to quit\n"));
            announced = true;
        }
        bells.recv().ok()?;
    }
}

/// The folders that are watched.
struct Folders {
    watcher: RecommendedWatcher,
    known: HashSet<(PathBuf, bool)>,
}

impl Folders {
    /// Watches the folder of the script. When something that the run reads has changed, the run is stopped, and the bell
    /// rings.
    ///
    /// # Errors
    /// If it cannot be watched.
    fn new(script: &Path, shared: &Arc<Mutex<Shared>>, bell: Sender<()>) -> Result<Folders, Diagnostic> {
        let folder = script.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = |error: &notify::Error| {
            let why = match &error.kind {
                notify::ErrorKind::Io(error) => reason(error),
                notify::ErrorKind::MaxFilesWatch => "the system's limit of watched folders is reached".to_owned(),
                other => format!("{other:?}"),
            };
            misuse(
                format!("the folder `{}` cannot be watched: {why}", folder.display()),
                "run the script without `--watch`",
            )
        };
        let (events, happened) = channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // A read is not a change, but an error may hide one.
            if event.is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            let _ = events.send(());
        });
        let mut folders = Folders { watcher: watcher.map_err(|error| failed(&error))?, known: HashSet::new() };
        folders.watcher.watch(folder, RecursiveMode::NonRecursive).map_err(|error| failed(&error))?;
        folders.known.insert((folder.to_owned(), false));
        let shared = shared.clone();
        std::thread::spawn(move || attend(&happened, &shared, &bell));
        Ok(folders)
    }

    /// Also watches the folders of all input files. Missing and unwatchable ones are skipped.
    fn follow(&mut self, watched: &Watched) {
        let of_station = watched.station.folders().into_iter().map(|folder| (folder, false));
        for (folder, deep) in watched.inputs.folders().into_iter().chain(of_station) {
            if self.known.contains(&(folder.clone(), deep)) {
                continue;
            }
            let mode = if deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if self.watcher.watch(&folder, mode).is_ok() {
                self.known.insert((folder, deep));
            }
        }
    }
}

/// Checks on every notification whether an input file has changed; if so, stops the active run, and rings the bell.
fn attend(happened: &Receiver<()>, shared: &Mutex<Shared>, bell: &Sender<()>) {
    while happened.recv().is_ok() {
        let began = Instant::now();
        while began.elapsed() < PATIENCE && happened.recv_timeout(QUIET).is_ok() {}
        let Some(watched) = lock(shared).watched.clone() else { continue };
        if watched.changed().is_empty() {
            continue;
        }
        let mut shared = lock(shared);
        if shared.running && !shared.stopped {
            // Only once: its teardowns must not be interrupted.
            shared.stopped = true;
            crate::interrupt::raise();
        }
        if bell.send(()).is_err() {
            return;
        }
    }
}
