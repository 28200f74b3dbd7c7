//! What everything of one run shares: the host, the observer, the record, the classes declared so far, why it must stop.
//!
//! Invariant: once a run is stopping, no statement of it runs any more, whatever thread it is on.

pub(crate) mod board;
pub(crate) mod events;
pub(crate) mod folder;
pub(crate) mod groups;
pub(crate) mod ledger;
pub(crate) mod loader;
pub(crate) mod lossy;
pub(crate) mod memory;
mod permissions;

use crate::bench::operator::Operator;
use crate::bench::record::Record;
use crate::bench::report::Fold;
use crate::bench::select::Selection;
use crate::bench::station::Station;
use crate::bench::tally::Tally;
use crate::device::Host;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};
use crate::script::errors::Stop;
use crate::script::handles::ClassHandle;
use crate::script::lock::lock;
use crate::script::observer::Observer;
use crate::script::run::events::Subject;
use crate::script::run::folder::Folder;
use crate::script::run::groups::Frame;
use crate::script::run::ledger::Ledger;
use crate::script::run::loader::Loader;
use crate::script::run::lossy::Lossy;
use crate::script::run::memory::Memory;
use crate::script::sources::Sources;
use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// The classes in scope of functions: source, name, class.
type Declared = (String, String, ClassHandle);

/// What everything of one run shares.
pub(crate) struct Run {
    pub host: Host,
    pub observer: Arc<dyn Observer>,
    pub sources: Sources,
    pub args: Vec<String>,
    pub record: Mutex<Record>,
    /// The report of what has happened since the run began.
    pub fold: Mutex<Fold>,
    /// Whether there is to be one.
    pub keeps_report: AtomicBool,
    pub tally: Mutex<Tally>,
    pub subject: Mutex<Subject>,
    /// When the run began.
    pub begun: Mutex<Instant>,
    /// The groups of tests that are being run, and the script around them.
    pub groups: Mutex<Vec<Frame>>,
    pub next_frame: AtomicU64,
    pub selection: RwLock<Selection>,
    /// The names of the tests that are written in the script; none if there is no script as a whole.
    pub written: RwLock<Vec<String>>,
    pub closing: Mutex<Vec<Diagnostic>>,
    /// Where a division of integers has lost its remainder.
    pub lossy: Lossy,
    pub exit: Mutex<Option<u8>>,
    /// What the station's file says.
    pub station: RwLock<Option<Arc<Station>>>,
    /// Who answers questions.
    pub operator: Mutex<Option<Arc<dyn Operator>>>,
    pub loader: Loader,
    /// The folders that were sent to boards.
    pub synced: Mutex<Vec<Folder>>,
    /// How much memory the run may take; not set: any.
    pub memory: OnceLock<Memory>,
    /// Declarations and imports only: `check`.
    pub checking: AtomicBool,
    /// What a check has used up.
    pub ledger: Ledger,
    /// Names and numbers of arguments for which native functions are registered.
    pub registered: RwLock<HashSet<(String, usize)>>,
    classes: RwLock<Vec<Declared>>,
    stopping: Mutex<Option<Error>>,
    is_stopping: AtomicBool,
    /// What tears down runs after the run was stopped: nothing stops that but leaving the program.
    shielded: AtomicBool,
    limit: Option<Duration>,
    deadline: RwLock<Option<Instant>>,
    /// The names that scripts catch errors in, and the first letters of them, so that other variables cost nothing.
    caught: RwLock<HashSet<String>>,
    caught_letters: AtomicU64,
    /// Closures of `parallel` that run at this moment.
    pub parallel: AtomicU64,
    next_timeout: AtomicU64,
}

thread_local! {
    /// The deadlines of the `timeout` calls and tests that this thread is in, outermost first.
    static TIMEOUTS: RefCell<Vec<(u64, Instant)>> = const { RefCell::new(Vec::new()) };
}

impl Run {
    pub fn new(host: Host, observer: Arc<dyn Observer>, args: Vec<String>, limit: Option<Duration>) -> Run {
        host.set_gate(permissions::default_gate());
        host.set_args(&args);
        Run {
            host,
            observer,
            sources: Sources::default(),
            args,
            record: Mutex::default(),
            fold: Mutex::default(),
            keeps_report: AtomicBool::new(true),
            tally: Mutex::default(),
            subject: Mutex::default(),
            begun: Mutex::new(Instant::now()),
            groups: Mutex::default(),
            next_frame: AtomicU64::new(1),
            selection: RwLock::default(),
            written: RwLock::default(),
            closing: Mutex::default(),
            lossy: Lossy::default(),
            exit: Mutex::default(),
            station: RwLock::default(),
            operator: Mutex::default(),
            loader: Loader::default(),
            synced: Mutex::default(),
            memory: OnceLock::new(),
            checking: AtomicBool::new(false),
            ledger: Ledger::default(),
            registered: RwLock::default(),
            classes: RwLock::default(),
            stopping: Mutex::default(),
            is_stopping: AtomicBool::new(false),
            shielded: AtomicBool::new(false),
            limit,
            deadline: RwLock::default(),
            caught: RwLock::default(),
            caught_letters: AtomicU64::new(0),
            parallel: AtomicU64::new(0),
            next_timeout: AtomicU64::new(1),
        }
    }

    /// Forgets what an earlier script of the same runner declared, and why it stopped.
    pub fn reset(&self) {
        self.classes.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.loader.forget_modules();
        self.go_on();
    }

    fn go_on(&self) {
        *lock(&self.stopping) = None;
        self.is_stopping.store(false, Ordering::Relaxed);
    }

    /// Starts the clock of the run's limit.
    pub fn begin(&self) {
        self.reset();
        self.start_clock();
    }

    /// Begins the next input of a session: forgets why the one before was stopped, and starts the clock.
    pub fn resume(&self) {
        self.go_on();
        self.start_clock();
    }

    /// How long a run, or an input of a session, may take.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    fn start_clock(&self) {
        let deadline = self.limit.and_then(|limit| Instant::now().checked_add(limit));
        *self.deadline.write().unwrap_or_else(PoisonError::into_inner) = deadline;
        self.host.set_deadline(deadline);
    }

    /// Lets devices be closed without haste, after the script has ended.
    pub fn end(&self) {
        *self.deadline.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.host.set_deadline(None);
    }

    fn run_deadline(&self) -> Option<Instant> {
        *self.deadline.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error that ends the whole run, if there is one: a Ctrl-C or a missed deadline.
    pub fn stopping(&self) -> Option<Error> {
        if self.is_stopping.load(Ordering::Relaxed) {
            return lock(&self.stopping).clone();
        }
        if !self.shielded.load(Ordering::Relaxed) && crate::interrupt::take() {
            return Some(self.stop(Error::new(Kind::Interrupted, "interrupted")));
        }
        if self.takes_too_much()
            && !self.shielded.load(Ordering::Relaxed)
            && let Some(error) = self.memory.get().and_then(Memory::excess)
        {
            return Some(self.stop(error));
        }
        let over = self.run_deadline().is_some_and(|deadline| Instant::now() >= deadline);
        over.then(|| self.stop(self.out_of_time()))
    }

    /// Whether more memory is taken than the run may. Reads a counter.
    pub fn takes_too_much(&self) -> bool {
        self.memory.get().is_some_and(|memory| (memory.used)() > memory.most)
    }

    fn out_of_time(&self) -> Error {
        Error::new(Kind::TimeoutError, "the run took longer than `--timeout` allows")
            .with_help("allow more with `--timeout SECONDS`")
    }

    /// Stops the run with `error`, unless something else stopped it before; gives what it stops with.
    pub fn stop(&self, error: Error) -> Error {
        let mut stopping = lock(&self.stopping);
        let error = stopping.get_or_insert(error).clone();
        self.is_stopping.store(true, Ordering::Relaxed);
        error
    }

    /// What Rhai is to stop with, asked every few operations and in every wait.
    pub fn progress(&self) -> Option<Stop> {
        if let Some(error) = self.stopping() {
            return Some(Stop::Error(error));
        }
        TIMEOUTS.with_borrow(|timeouts| {
            if timeouts.is_empty() {
                return None;
            }
            let now = Instant::now();
            timeouts.iter().find(|(_, deadline)| now >= *deadline).map(|(id, _)| Stop::Timeout(*id))
        })
    }

    /// Whether this thread has to stop now, without ending anything.
    pub fn is_over(&self) -> bool {
        self.run_deadline().is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Does `work`, even if the run is being stopped: what stops it waits.
    pub fn in_any_case<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.stopping().is_none() && TIMEOUTS.with_borrow(Vec::is_empty) {
            return work();
        }
        let stopped = lock(&self.stopping).take();
        self.is_stopping.store(false, Ordering::Relaxed);
        let deadline = self.run_deadline();
        let timeouts = TIMEOUTS.with_borrow_mut(std::mem::take);
        if stopped.is_some() {
            self.set_run_deadline(None);
            self.shielded.store(true, Ordering::Relaxed);
        }
        self.tell_host();
        let result = work();
        TIMEOUTS.with_borrow_mut(|inner| *inner = timeouts);
        if let Some(error) = stopped {
            self.shielded.store(false, Ordering::Relaxed);
            self.set_run_deadline(deadline);
            self.stop(error);
        }
        self.tell_host();
        result
    }

    fn set_run_deadline(&self, deadline: Option<Instant>) {
        *self.deadline.write().unwrap_or_else(PoisonError::into_inner) = deadline;
        self.host.set_deadline(deadline);
    }

    /// Which tests are run.
    pub fn selection(&self) -> Selection {
        self.selection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does `work` with a deadline; gives the number that its [`Stop::Timeout`] bears.
    pub fn within<T>(&self, limit: Duration, work: impl FnOnce(u64) -> T) -> T {
        let id = self.next_timeout.fetch_add(1, Ordering::Relaxed);
        let deadline = Instant::now().checked_add(limit);
        if let Some(deadline) = deadline {
            TIMEOUTS.with_borrow_mut(|timeouts| timeouts.push((id, deadline)));
        }
        self.tell_host();
        let result = work(id);
        if deadline.is_some() {
            TIMEOUTS.with_borrow_mut(|timeouts| timeouts.retain(|(other, _)| *other != id));
        }
        self.tell_host();
        result
    }

    /// The deadlines that this thread is in, for threads that work for it.
    pub fn deadlines(&self) -> Vec<(u64, Instant)> {
        TIMEOUTS.with_borrow(Clone::clone)
    }

    /// Makes this thread, which is new, one that works for the thread whose `deadlines` these are.
    pub fn work_within(&self, deadlines: Vec<(u64, Instant)>) {
        TIMEOUTS.set(deadlines);
        self.tell_host();
    }

    /// Tells the host the earliest deadline of this thread.
    fn tell_host(&self) {
        let earliest = TIMEOUTS.with_borrow(|timeouts| timeouts.iter().map(|(_, deadline)| *deadline).min());
        self.host.set_deadline_of_thread(earliest);
    }

    /// Notes the names in which a script catches errors.
    pub fn note_caught(&self, names: Vec<String>) {
        let letters = names.iter().fold(0, |letters, name| letters | letter(name));
        self.caught_letters.fetch_or(letters, Ordering::Relaxed);
        self.caught.write().unwrap_or_else(PoisonError::into_inner).extend(names);
    }

    /// Whether a script catches errors in a variable of this name.
    pub fn is_caught(&self, name: &str) -> bool {
        self.caught_letters.load(Ordering::Relaxed) & letter(name) != 0
            && self.caught.read().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// Makes a class known to functions.
    pub fn declare(&self, source: &str, class: &ClassHandle) {
        let name = class.0.class.name.clone();
        let mut classes = self.classes.write().unwrap_or_else(PoisonError::into_inner);
        // Inputs of a person are one script in this: what is declared last counts.
        let same = |other: &str| other == source || is_input(other) && is_input(source);
        classes.retain(|(other, known, _)| !(same(other) && *known == name));
        classes.push((source.to_owned(), name, class.clone()));
    }

    /// The class of this name that functions in `source` see.
    pub fn class(&self, source: &str, name: &str) -> Option<ClassHandle> {
        let classes = self.classes.read().unwrap_or_else(PoisonError::into_inner);
        let here = classes.iter().rev().find(|(other, known, _)| other == source && known == name);
        here.or_else(|| classes.iter().rev().find(|(_, known, _)| known == name)).map(|(_, _, class)| class.clone())
    }

    /// All classes, in the order of declaration, with the script that declares them.
    pub fn classes(&self) -> Vec<(String, ClassHandle)> {
        let classes = self.classes.read().unwrap_or_else(PoisonError::into_inner);
        classes.iter().map(|(source, _, class)| (source.clone(), class.clone())).collect()
    }
}

/// Whether a source is an input of a person, as `<3>`, and no file.
fn is_input(source: &str) -> bool {
    source.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).is_some_and(|number| number.parse::<u64>().is_ok())
}

/// One bit for the first letter of a name.
fn letter(name: &str) -> u64 {
    name.bytes().next().map_or(0, |first| 1 << (first & 63))
}
