//! Runs or checks one script.
//!
//! Invariant: every device that a script opened is closed when the run ends, whatever happened.

use crate::bench::empty::{EmptyRun, NotRun};
use crate::bench::event::{Event, Outcome};
use crate::bench::report::Report;
use crate::bench::select::Declared;
use crate::bench::tally::Tally;
use crate::device::Host;
use crate::device::class::Class;
use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::phrase;
use crate::script::analysis::Finding;
use crate::script::diagnostics::explain;
use crate::script::inputs::Inputs;
use crate::script::lock::lock;
use crate::script::observer::Observer;
use crate::script::reading::check;
use crate::script::run::Run;
use crate::script::run::folder::{Access, Folder};
use crate::script::run::options::RunOptions;
use crate::script::run::recorder::Ending;
use crate::script::sources::{Sources, read};
use crate::script::stack::on_big_stack;
use crate::script::testing::collect;
use crate::script::{engine, findings, modules, sandbox, testing};
use rhai::{AST, Engine, EvalAltResult, Scope};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The result of a run.
pub struct Finished {
    /// Why the script ended early, if it did.
    pub failure: Option<Diagnostic>,
    /// Errors while closing devices.
    pub closing: Vec<Diagnostic>,
    /// Tests, measurements, output and notices. Empty with [`RunOptions::drops_report`].
    pub report: Report,
    /// Verdicts of tests and measurements, counted.
    pub tally: Tally,
    /// The status passed to `exit(status)`, if called.
    pub exit: Option<u8>,
}

/// Runs or checks scripts.
pub struct Runner {
    pub(crate) run: Arc<Run>,
    pub(crate) engine: Engine,
    findings: Vec<Finding>,
}

impl Runner {
    /// Creates a runner whose scripts open devices through `host`. From now on, output and notices of the host's devices are events
    /// for `observer`.
    pub fn new(host: Host, observer: Arc<dyn Observer>, options: RunOptions) -> Runner {
        let run = Arc::new(Run::new(host, observer, options));
        let engine = engine::engine(&run);
        Runner { run, engine, findings: Vec::new() }
    }

    /// Runs a script, then closes every device that is still open, whatever happened.
    pub fn run_file(&mut self, path: &Path) -> Finished {
        let name = path.to_string_lossy().into_owned();
        self.run.enter(path);
        match read(path) {
            Ok(text) => self.run_text(&name, &text),
            Err(failure) => {
                let begun = self.run.emit_begin(&name, None);
                self.finish(&name, begun, Some(*failure))
            }
        }
    }

    /// Runs the text of a script, as [`Runner::run_file`] does. Error places use `name`.
    pub fn run_text(&mut self, name: &str, text: &str) -> Finished {
        self.run.begin();
        let begun = self.run.emit_begin(name, Some(text));
        let failure = on_big_stack(|| self.evaluate(name, text)).unwrap_or_else(|panic| Some(*panic));
        self.finish(name, begun, failure)
    }

    /// Records a run of a script that is not started, with its selected tests as not reached. Opens no device.
    pub fn pass_over(&mut self, path: &Path, reason: &str) -> Finished {
        let name = path.to_string_lossy().into_owned();
        self.run.enter(path);
        self.run.reset();
        let text = read(path).ok();
        self.run.emit_begin(&name, text.as_deref());
        if let Some(text) = text {
            let tree = on_big_stack(|| modules::prepare(&self.run, &mut self.engine, &name, &text));
            // A script that does not parse has no known tests.
            if let Ok(Ok(tree)) = tree {
                self.run.note_declared(collect::tests(&tree));
            }
        }
        self.run.end_evidence(&name, Some(reason.to_owned()));
        let (outcome, error, closing, empty) = (Outcome::Skip, None, Vec::new(), None);
        self.run.emit(Event::RunEnded { outcome, duration_s: 0.0, error, closing, empty });
        let (report, tally) = self.run.events.take_report();
        Finished { failure: None, closing: Vec::new(), report, tally, exit: None }
    }

    fn evaluate(&mut self, name: &str, text: &str) -> Option<Diagnostic> {
        let tree = match modules::prepare(&self.run, &mut self.engine, name, text) {
            Ok(tree) => tree,
            Err(error) => return self.failure(Some(error), name),
        };
        self.run.note_declared(collect::tests(&tree));
        if let Some(shown) = &self.run.options.checked {
            let found = findings::of(&self.run, &self.engine, name, &tree);
            if let Some(refused) = findings::refused(&self.run, &found, shown) {
                return Some(refused);
            }
        }
        self.failure(self.perform(name, &tree).err(), name)
    }

    /// Evaluates a script in the selected order, then its teardowns.
    fn perform(&self, name: &str, tree: &AST) -> Result<(), Box<EvalAltResult>> {
        let mut selection = self.run.options.selection.clone();
        if let Some(twice) = collect::twice(tree).first() {
            return Err(testing::named_twice(twice, name));
        }
        let tests = collect::tests(tree);
        if selection.is_partial() {
            selection.needed = crate::bench::select::needed(&selection, &tests).into();
        }
        self.run.recorder.choose(selection.clone(), tests);
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

    /// The tests in a script, without running any of it.
    ///
    /// # Errors
    /// If the script cannot be read or does not parse.
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

    fn finish(&self, name: &str, begun: Instant, failure: Option<Diagnostic>) -> Finished {
        let mut finished = finish(&self.run, failure);
        let reason = self.run.why_not_reached(finished.failure.as_ref(), finished.exit);
        let missed = self.run.end_evidence(name, reason);
        let succeeded = finished.failure.is_none() && finished.exit.unwrap_or(0) == 0;
        let not_run = self.run.not_run().filter(|_| succeeded);
        if let Some(not_run) = &not_run {
            finished.failure = self.judge_empty(name, not_run);
        } else if succeeded && finished.exit.is_some() && missed > 0 && self.run.events.worst().is_good() {
            finished.failure = self.judge_exit(name, missed);
        }
        let empty = not_run.map(|not_run| not_run.reason());
        self.run.emit_end(begun, finished.failure.as_ref(), &finished.closing, finished.exit, empty);
        let (report, tally) = self.run.events.take_report();
        Finished { report, tally, ..finished }
    }

    /// The failure of a run in which nothing was judged; a notice if that is allowed.
    fn judge_empty(&self, name: &str, not_run: &NotRun) -> Option<Diagnostic> {
        let message = format!("no test ran in `{name}`: {}", not_run.reason());
        match self.run.options.empty {
            EmptyRun::Ordinary => None,
            EmptyRun::MayBeDeselected if not_run.is_deselected() => None,
            EmptyRun::Allowed => {
                self.run.notice(&message);
                None
            }
            EmptyRun::MayBeDeselected | EmptyRun::Refused => Some(Diagnostic {
                help: Some(not_run.help().to_owned()),
                ..Diagnostic::new(Kind::NothingTestedError, message)
            }),
        }
    }

    /// The failure of a run that `exit` ended, as a success, before tests; a notice if that is allowed.
    fn judge_exit(&self, name: &str, missed: usize) -> Option<Diagnostic> {
        let tests = phrase::count(missed, "test");
        let message = format!("`{name}` called `exit` before {tests}");
        if self.run.options.empty == EmptyRun::Allowed {
            self.run.notice(&message);
            return None;
        }
        Some(Diagnostic {
            help: Some("skip tests with `skip_if` or a checkpoint, or pass another status than 0 to `exit`".to_owned()),
            ..Diagnostic::new(Kind::NothingTestedError, message)
        })
    }

    /// Parses a script, evaluates only its declarations, and returns its classes and those of its
    /// imports.
    ///
    /// # Errors
    /// All problems.
    pub fn check_file(&mut self, path: &Path) -> Result<Vec<Arc<Class>>, Vec<Diagnostic>> {
        let name = path.to_string_lossy().into_owned();
        let text = read(path).map_err(|failure| vec![*failure])?;
        self.run.enter(path);
        self.check_text(&name, &text)
    }

    /// Checks a text that an editor holds for the script at `path`, as [`Runner::check_file`] does.
    ///
    /// # Errors
    /// As [`Runner::check_file`].
    pub fn check_open(&mut self, path: &Path, text: &str) -> Result<Vec<Arc<Class>>, Vec<Diagnostic>> {
        self.run.enter(path);
        self.check_text(&path.to_string_lossy(), text)
    }

    /// Checks the text of a script, as [`Runner::check_file`] does.
    ///
    /// # Errors
    /// As [`Runner::check_file`].
    pub fn check_text(&mut self, name: &str, text: &str) -> Result<Vec<Arc<Class>>, Vec<Diagnostic>> {
        self.run.reset();
        self.findings.clear();
        let failure = on_big_stack(|| {
            let result = modules::prepare(&self.run, &mut self.engine, name, text).and_then(|tree| {
                self.findings = findings::of(&self.run, &self.engine, name, &tree);
                lock(&self.run.ledger).begin(&self.engine);
                // The script must not run in the engine with full access.
                let engine = sandbox::engine_of(&self.run);
                engine.run_ast_with_scope(&mut Scope::new(), &check::declarations(&self.run, &tree))
            });
            self.failure(result.err(), name)
        });
        match failure.unwrap_or_else(|panic| Some(*panic)) {
            Some(failure) => Err(vec![failure]),
            None => {
                let own = self.run.declarations.classes().into_iter().filter(|(source, _)| !source.starts_with("std/"));
                Ok(own.map(|(_, class)| class.0.class.clone()).collect())
            }
        }
    }

    /// Findings of the analysis in the script that was checked last, besides invalid declarations.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many classes of instruments and of consoles the scripts declare.
    pub fn other_classes(&self) -> [usize; 2] {
        [self.run.declarations.instruments().len(), self.run.declarations.consoles().len()]
    }

    /// The files that the run reads, to detect changes.
    pub fn inputs(&self) -> Inputs {
        Inputs::of(&self.run)
    }

    /// Compiles a script and its literal imports without evaluating them, so that
    /// [`Runner::inputs`] are known. Errors are reported when the script runs.
    pub fn look_at(&mut self, path: &Path) {
        self.run.reset();
        self.run.enter(path);
        if let Some(mount) = &self.run.host.options().mount {
            let (folder, is_writable) = mount.folder();
            let access = if is_writable { Access::MountedWritable } else { Access::Mounted };
            self.run.declarations.loader.note_folder(Folder::look(folder, access, ""));
        }
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

/// Closes every open device and returns the result since the run began.
pub(crate) fn finish(run: &Run, failure: Option<Diagnostic>) -> Finished {
    run.clock.end();
    let Ending { mut closing, exit } = std::mem::take(&mut *lock(&run.recorder.ending));
    closing.extend(run.host.close_all().iter().map(explain::of_error));
    closing.extend(run.close_consoles().iter().map(explain::of_error));
    *lock(&run.recorder.record) = crate::bench::record::Record::default();
    Finished { failure, closing, report: Report::default(), tally: Tally::default(), exit }
}
