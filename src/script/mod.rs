//! The only code that knows Rhai: the language of device classes on top of it, and what a run of a script is.
//!
//! [`Runner`] runs or checks one script, a [`Session`] takes one input after the other; an [`Observer`] is told what it prints and tests. Uses [`crate::device`],
//! [`crate::bench`] and Rhai. Invariant: whatever a script does, every device that it opened is closed when a run has ended,
//! and no panic leaves [`Runner`].
//!
#![doc = include_str!("language.md")]

mod built_in;
mod check;
mod collect;
mod comparing;
mod convert;
mod counting;
mod csv;
mod declare;
mod definitions;
mod device_type;
mod dispatch;
mod engine;
mod equality;
mod errors;
mod events;
mod exec;
mod explain;
mod files;
mod functions;
mod generator;
mod help;
mod json;
mod limits;
mod measure;
mod methods;
mod modules;
mod opening;
mod operator;
mod parallel;
mod permissions;
mod process;
mod proxy;
mod random;
pub mod reference;
mod reload;
mod repeat;
mod run;
mod sandbox;
mod series;
mod session;
mod shown;
mod station;
mod sync;
mod syntax;
mod testing;
mod text;
mod timing;
mod tokens;
mod types;
mod wording;

use crate::bench::event::Line;
use crate::bench::operator::{Answer, Operator, Question, Source};
use crate::bench::report::Report;
use crate::bench::select::{Declared, Selection};
use crate::bench::station::Station;
use crate::bound;
use crate::device::class::Class;
use crate::device::{Host, Output};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::{Error, Kind};
use crate::gate::Permissions;
use rhai::{AST, Engine, EvalAltResult, Scope};
use run::{Run, lock};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

pub use definitions::definitions;
pub use events::Subject;
pub use help::{KEYWORDS, Words};
pub use limits::Memory;
pub use reload::{Inputs, Stale};
pub use repeat::Timed;
pub use session::Session;
pub use shown::duration;

/// Stack of the thread that runs a script: deep recursion is an error of the script, no crash.
const STACK: usize = 64 << 20;

/// Who watches a run: where `print` goes, and what happened in tests.
pub trait Observer: Output {
    /// One `print` of the script: a line without its end.
    fn print(&self, text: &str);
    /// One `print` of a closure that runs for one of several boards.
    fn print_for(&self, board: &str, text: &str) {
        self.board(board, &format!("{text}\n"));
    }
    /// One `debug` of the script: a line without its end, and where it stands.
    fn debug(&self, text: &str, place: Option<&crate::origin::Origin>);
    /// Several closures begin to run at once, or have ended: only between these two do boards print at the same time.
    fn parallel(&self, _running: bool) {}
    /// A question was answered.
    fn answered(&self, question: &Question, answer: &Answer, source: Source) {
        if source != Source::Person {
            self.notice(&format!("? {} {}", question.text, question.shown(answer)));
        }
    }
    /// Something happened: a test began or ended, something was measured. What is printed, and remarks, come by the other
    /// functions alone.
    fn event(&self, line: &Line, sources: &Sources);
}

/// The texts of all scripts of a run, by the name that stands in origins.
#[derive(Clone, Default)]
pub struct Sources {
    texts: Arc<std::sync::RwLock<HashMap<Arc<str>, Arc<str>>>>,
}

impl Sources {
    /// Keeps the text of a script.
    pub fn insert(&self, name: &str, text: &str) {
        self.texts.write().unwrap_or_else(|lock| lock.into_inner()).insert(name.into(), text.into());
    }
    /// Keeps the texts of the Python files that an error points into, so that it can be shown with them.
    pub fn insert_python(&self, error: &Error) {
        for origin in error.origins() {
            let file = &*origin.file;
            let is_python = Path::new(file).extension().is_some_and(|extension| extension == "py");
            // A file that has gone meanwhile has no text to show.
            if is_python && let Ok(text) = disk::read_text(Path::new(file), bound::SCRIPT) {
                self.insert(file, &text);
            }
        }
    }

    /// The names of all texts, sorted.
    pub fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.texts.read().unwrap_or_else(|lock| lock.into_inner()).keys().cloned().collect();
        names.sort();
        names
    }

    /// Keeps the texts of the files that a diagnostic points into, so that it can be shown with them.
    pub fn insert_files(&self, diagnostic: &Diagnostic) {
        for place in &diagnostic.places {
            let file = &*place.origin.file;
            if self.get(file).is_none()
                && let Ok(text) = disk::read_text(Path::new(file), bound::SCRIPT)
            {
                self.insert(file, &text);
            }
        }
    }

    /// The text of a script.
    pub fn get(&self, name: &str) -> Option<Arc<str>> {
        self.texts.read().unwrap_or_else(|lock| lock.into_inner()).get(name).cloned()
    }
}

/// How a run ended.
pub struct Finished {
    /// Why the script ended early, if it did.
    pub failure: Option<Diagnostic>,
    /// What went wrong while devices were closed.
    pub closing: Vec<Diagnostic>,
    /// What was tested and measured.
    pub report: Report,
    /// `exit(status)` of the script, if it called that.
    pub exit: Option<u8>,
}

/// Runs or checks scripts.
pub struct Runner {
    run: Arc<Run>,
    engine: Engine,
}

impl Runner {
    /// A runner whose scripts open devices at `host`, see `args`, and may take `limit`.
    pub fn new(host: Host, observer: Arc<dyn Observer>, args: Vec<String>, limit: Option<Duration>) -> Runner {
        let run = Arc::new(Run::new(host, observer, args, limit));
        let engine = engine::engine(&run);
        Runner { run, engine }
    }

    /// Says what the scripts may do; until then it is what [`Permissions::default`] says.
    pub fn permit(&self, permissions: Permissions) {
        self.run.permit(permissions);
    }

    /// How much memory scripts may take; until then any. Once.
    pub fn limit_memory(&self, memory: Memory) {
        // A runner has one limit, from its start on.
        let _ = self.run.memory.set(memory);
    }

    /// What scripts see as `station`. Its boards are to be made known to the host ([`Host::set_boards`]).
    pub fn set_station(&self, station: Arc<Station>) {
        *self.run.station.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(station);
    }

    /// Who answers the questions of scripts. Without one there is nobody to ask.
    pub fn set_operator(&self, operator: Arc<dyn Operator>) {
        *lock(&self.run.operator) = Some(operator);
    }

    /// Runs a script to its end, then closes every device that is still open, whatever happened.
    pub fn run_file(&mut self, path: &Path) -> Finished {
        let name = path.to_string_lossy().into_owned();
        self.run.enter(path);
        match read(path) {
            Ok(text) => self.run_text(&name, &text),
            Err(failure) => {
                self.run.emit_begin(&name, None);
                self.finish(Some(*failure))
            }
        }
    }

    /// Says what the record of the next run begins with.
    pub fn set_subject(&mut self, subject: Subject) {
        *lock(&self.run.subject) = subject;
    }

    /// Runs the text of a script, as [`Runner::run_file`] does. `name` stands in origins.
    pub fn run_text(&mut self, name: &str, text: &str) -> Finished {
        self.run.begin();
        self.run.emit_begin(name, Some(text));
        let failure = on_big_stack(|| self.evaluate(name, text)).unwrap_or_else(|panic| Some(*panic));
        self.finish(failure)
    }

    fn evaluate(&mut self, name: &str, text: &str) -> Option<Diagnostic> {
        let result =
            modules::prepare(&self.run, &mut self.engine, name, text).and_then(|tree| self.perform(name, &tree));
        self.failure(result.err(), name)
    }

    /// Evaluates a script in the order that is chosen, and then what it says is to be torn down.
    fn perform(&self, name: &str, tree: &AST) -> Result<(), Box<EvalAltResult>> {
        let mut selection = self.run.selection();
        let tests = collect::tests(tree);
        let names = tests.iter().flat_map(|test| [test.name.clone(), test.path().join("/")]);
        *self.run.written.write().unwrap_or_else(PoisonError::into_inner) = names.collect();
        if selection.is_partial() {
            selection.needed = crate::bench::select::needed(&selection, &tests);
            *self.run.selection.write().unwrap_or_else(PoisonError::into_inner) = selection.clone();
        }
        let tree = &match selection.shuffle {
            Some(seed) => collect::shuffled(tree, seed),
            None => tree.clone(),
        };
        let mut state = self.engine.new_global_runtime_state();
        state.source = Some(name.into());
        state.lib.push(tree.shared_lib().clone());
        let mut scope = Scope::new();
        testing::perform(&self.run, &self.engine, name, tree.statements(), &mut state, &mut scope).map(drop)
    }

    /// Says which tests of the next runs are run, and in which order.
    pub fn select(&mut self, selection: Selection) {
        *self.run.selection.write().unwrap_or_else(PoisonError::into_inner) = selection;
    }

    /// The tests that are written in a script, without running any of it.
    ///
    /// # Errors
    /// If it cannot be read or does not parse.
    pub fn tests_of(&mut self, path: &Path) -> Result<Vec<Declared>, Box<Diagnostic>> {
        let name = path.to_string_lossy().into_owned();
        let text = read(path)?;
        self.run.enter(path);
        self.run.reset();
        let tree = on_big_stack(|| modules::prepare(&self.run, &mut self.engine, &name, &text))?;
        let failed = |error: Box<EvalAltResult>| Box::new(explain::of_failure(&self.run, &self.engine, &error, &name));
        tree.map(|tree| collect::tests(&tree)).map_err(failed)
    }

    fn failure(&self, error: Option<Box<EvalAltResult>>, name: &str) -> Option<Diagnostic> {
        let error = error?;
        if matches!(*error, EvalAltResult::Exit(..)) {
            return None;
        }
        Some(explain::of_failure(&self.run, &self.engine, &error, name))
    }

    fn finish(&self, failure: Option<Diagnostic>) -> Finished {
        let finished = finish(&self.run, failure);
        self.run.emit_end(finished.failure.as_ref(), &finished.closing, finished.exit);
        Finished { report: self.run.take_report(), ..finished }
    }

    /// Parses a script, evaluates nothing but its declarations, and gives the classes it declares, and those of the
    /// scripts that it imports.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check_file(&mut self, path: &Path) -> Result<Vec<Arc<Class>>, Vec<Diagnostic>> {
        let name = path.to_string_lossy().into_owned();
        let text = read(path).map_err(|failure| vec![*failure])?;
        self.run.enter(path);
        self.check_text(&name, &text)
    }

    /// Checks the text of a script, as [`Runner::check_file`] does.
    ///
    /// # Errors
    /// As [`Runner::check_file`].
    pub fn check_text(&mut self, name: &str, text: &str) -> Result<Vec<Arc<Class>>, Vec<Diagnostic>> {
        self.run.reset();
        self.run.checking.store(true, Ordering::Relaxed);
        let failure = on_big_stack(|| {
            let result = modules::prepare(&self.run, &mut self.engine, name, text).and_then(|tree| {
                self.run.ledger.begin(&self.engine);
                // Nothing of the script runs in the engine whose natives reach something.
                let engine = sandbox::engine_of(&self.run);
                engine.run_ast_with_scope(&mut Scope::new(), &check::declarations(&self.run, &tree))
            });
            self.failure(result.err(), name)
        });
        self.run.checking.store(false, Ordering::Relaxed);
        match failure.unwrap_or_else(|panic| Some(*panic)) {
            Some(failure) => Err(vec![failure]),
            None => {
                let own = self.run.classes().into_iter().filter(|(source, _)| !source.starts_with("std/"));
                Ok(own.map(|(_, class)| class.0.class.clone()).collect())
            }
        }
    }

    /// What the run reads, to be told when it has changed.
    pub fn inputs(&self) -> Inputs {
        Inputs::of(&self.run)
    }

    /// Compiles a script and everything that it imports by a literal name, without evaluating it, so that its
    /// [`Runner::inputs`] are known. What is wrong with it is told when it is run.
    pub fn look_at(&mut self, path: &Path) {
        self.run.reset();
        self.run.enter(path);
        let name = path.to_string_lossy().into_owned();
        if let Ok(text) = read(path) {
            let _ = on_big_stack(|| modules::prepare(&self.run, &mut self.engine, &name, &text).map(drop).is_ok());
        }
    }

    /// The texts of the scripts read so far.
    pub fn sources(&self) -> Sources {
        self.run.sources.clone()
    }
}

/// Closes every device that is open, and sums up what happened since the run began.
fn finish(run: &Run, failure: Option<Diagnostic>) -> Finished {
    run.end();
    let mut closing = std::mem::take(&mut *lock(&run.closing));
    closing.extend(run.host.close_all().iter().map(explain::of_error));
    *lock(&run.record) = crate::bench::record::Record::default();
    let exit = lock(&run.exit).take();
    Finished { failure, closing, report: Report::default(), exit }
}

fn read(path: &Path) -> Result<String, Box<Diagnostic>> {
    let shown = path.display();
    let (message, help) = match disk::read_named(path, bound::SCRIPT) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Ok(modules::without_mark(text)),
            Err(_) => (format!("`{shown}` is no UTF-8 text"), "save the script as UTF-8"),
        },
        Err(error) => (format!("`{shown}` cannot be read: {}", disk::reason(&error)), "give the path of a script"),
    };
    Err(Box::new(Diagnostic { help: Some(help.to_owned()), ..Diagnostic::new(Kind::ParseError, message) }))
}

/// Does `work` on a thread with a big stack; a panic becomes an InternalError.
fn on_big_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Box<Diagnostic>> {
    let internal = |message: String| {
        let error = Error::new(Kind::InternalError, message)
            .with_help("this is a defect of belay-script: please report it with the script");
        Box::new(explain::of_error(&error))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| internal(format!("no thread could be started: {error}")))?;
        thread.join().map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            internal(format!("belay-script panicked: {}", text.unwrap_or_else(|| "without a message".to_owned())))
        })
    })
}

#[cfg(test)]
mod tests;
