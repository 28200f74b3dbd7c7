//! `run --watch`: runs a script again whenever one of its input files is saved.
//!
//! Uses [`crate::script`] and notify. Folders are watched, since editors replace files; what counts is whether the text is
//! another one. Invariant: between two runs no device is open, and the connections of the last one are kept; they are
//! closed on every way out.

use super::arguments::Run;
use super::console::Console;
use super::launch::{Bench, Launch};
use super::{misuse, reason, session, signals};
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::script::{Inputs, Subject};
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
    inputs: Option<Inputs>,
    /// Whether the run is active.
    running: bool,
    /// It was stopped because an input file has changed.
    stopped: bool,
    /// Ctrl-C.
    ended: bool,
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
    let bench = launch.bench(None, session::recorder(&run.connection)?.as_ref())?;
    bench.host.keep_links(true);
    let mut folders = Folders::new(&run.script, &shared, bell)?;
    loop {
        let inputs = once(&launch, &run.script, &bench, &shared, &mut folders);
        if lock(&shared).ended || console.broken() {
            break;
        }
        folders.follow(&inputs);
        let Some(changed) = change(run, console, &inputs, &shared, &bells) else { break };
        console.remark(&format!("-- changed: {}\n", changed.join(", ")));
    }
    bench.host.release_links();
    console.end_lines();
    Ok(Kind::Interrupted.exit_status())
}

/// One run, printed as [`super::run::run`] prints it. Returns its input files.
fn once(launch: &Launch<'_>, script: &Path, bench: &Bench, shared: &Mutex<Shared>, folders: &mut Folders) -> Inputs {
    bench.host.begin_run();
    let mut runner = launch.runner(bench, launch.console.clone(), Subject::default());
    runner.look_at(script);
    let inputs = runner.inputs();
    folders.follow(&inputs);
    {
        let mut shared = lock(shared);
        (shared.inputs, shared.running, shared.stopped) = (Some(inputs.clone()), true, false);
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
    inputs
}

/// Waits until an input file has changed. `None`: Ctrl-C.
fn change(
    run: &Run,
    console: &Console,
    inputs: &Inputs,
    shared: &Mutex<Shared>,
    bells: &Receiver<()>,
) -> Option<Vec<String>> {
    let mut announced = false;
    loop {
        if lock(shared).ended {
            return None;
        }
        let changed = inputs.changed(&run.script);
        if !changed.is_empty() {
            return Some(changed);
        }
        if !announced {
            let modules = match inputs.count() {
                0 | 1 => String::new(),
                2 => " and its module".to_owned(),
                count => format!(" and its {} modules", count - 1),
            };
            let script = run.script.display();
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
        let (script, shared) = (script.to_owned(), shared.clone());
        std::thread::spawn(move || attend(&happened, &script, &shared, &bell));
        Ok(folders)
    }

    /// Also watches the folders of all input files. Missing and unwatchable ones are skipped.
    fn follow(&mut self, inputs: &Inputs) {
        for (folder, deep) in inputs.folders() {
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
fn attend(happened: &Receiver<()>, script: &Path, shared: &Mutex<Shared>, bell: &Sender<()>) {
    while happened.recv().is_ok() {
        let began = Instant::now();
        while began.elapsed() < PATIENCE && happened.recv_timeout(QUIET).is_ok() {}
        let Some(inputs) = lock(shared).inputs.clone() else { continue };
        if inputs.changed(script).is_empty() {
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
