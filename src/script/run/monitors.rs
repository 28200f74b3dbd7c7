//! The monitors of running tests: closures that are called beside a test, on threads of their own.
//!
//! A test that starts a monitor hands its work to the test's [`Desk`], whose threads end with the attempt. Invariant: no monitor
//! outlives the attempt of its test.

use crate::script::lock::lock;
use rhai::{Engine, EvalAltResult};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, Scope, Thread};

/// Stack size of a monitor's thread: enough for 64 nested script calls.
const STACK: usize = 16 << 20;

/// The work of a monitor.
type Work = Box<dyn FnOnce(&Engine) + Send>;

thread_local! {
    /// Whether this thread runs a monitor.
    static IS_MONITOR: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread runs a monitor.
pub(crate) fn is_here() -> bool {
    IS_MONITOR.get()
}

/// The monitors of one attempt of a test.
pub(crate) struct Desk {
    requests: Mutex<Option<Sender<Work>>>,
    /// Set when the body of the test has ended.
    pub stopped: Arc<AtomicBool>,
    /// Set when a monitor has failed.
    pub has_failed: Arc<AtomicBool>,
    /// The names of failed monitors, with their errors.
    failed: Mutex<Vec<(String, Box<EvalAltResult>)>>,
    /// A monitor took the Ctrl-C that all threads wait for.
    interrupted: AtomicBool,
    threads: Mutex<Vec<Thread>>,
    test: Thread,
}

impl Desk {
    fn new() -> (Arc<Desk>, Receiver<Work>) {
        let (sender, receiver) = channel();
        let desk = Desk {
            requests: Mutex::new(Some(sender)),
            stopped: Arc::default(),
            has_failed: Arc::default(),
            failed: Mutex::default(),
            interrupted: AtomicBool::new(false),
            threads: Mutex::default(),
            test: std::thread::current(),
        };
        (Arc::new(desk), receiver)
    }

    /// Starts a monitor. Returns whether the test still runs.
    pub fn start(&self, work: impl FnOnce(&Engine) + Send + 'static) -> bool {
        lock(&self.requests).as_ref().is_some_and(|requests| requests.send(Box::new(work)).is_ok())
    }

    /// Records the error of a monitor, which ends the test.
    pub fn fail(&self, name: &str, error: Box<EvalAltResult>) {
        lock(&self.failed).push((name.to_owned(), error));
        self.has_failed.store(true, Ordering::SeqCst);
        self.test.unpark();
    }

    /// Passes a Ctrl-C on to the test.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
        crate::interrupt::raise();
    }

    /// The errors of the monitors, in the order in which they occurred.
    pub fn take_failed(&self) -> Vec<(String, Box<EvalAltResult>)> {
        std::mem::take(&mut *lock(&self.failed))
    }

    /// Ends all monitors.
    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        *lock(&self.requests) = None;
        lock(&self.threads).iter().for_each(Thread::unpark);
    }
}

/// The desks of the running tests, by the tests' numbers.
#[derive(Default)]
pub(crate) struct Desks(Mutex<HashMap<u64, Arc<Desk>>>);

impl Desks {
    /// The desk of a test.
    pub fn of(&self, test: u64) -> Option<Arc<Desk>> {
        lock(&self.0).get(&test).cloned()
    }

    /// Runs `body`, an attempt of a test, and the monitors that it starts, until it has ended. Returns what the monitors left.
    pub fn beside<T>(&self, test: u64, engine: &Engine, body: impl FnOnce(&Arc<Desk>) -> T) -> (T, Arc<Desk>) {
        let (desk, requests) = Desk::new();
        lock(&self.0).insert(test, desk.clone());
        let result = std::thread::scope(|scope| {
            // Also after a panic: the scope waits for all threads.
            let _open = Open { desks: self, desk: &desk, test };
            let serving = desk.clone();
            let started = Builder::new().spawn_scoped(scope, move || serve(scope, &requests, engine, &serving));
            // Without a thread, no monitor starts, and each says so.
            drop(started);
            body(&desk)
        });
        if desk.interrupted.load(Ordering::SeqCst) {
            crate::interrupt::take();
        }
        (result, desk)
    }
}

/// Starts a thread for each request, until the test has ended.
fn serve<'scope>(scope: &'scope Scope<'scope, '_>, requests: &Receiver<Work>, engine: &'scope Engine, desk: &Desk) {
    for work in requests {
        let work = move || {
            IS_MONITOR.set(true);
            work(engine);
        };
        if let Ok(thread) = Builder::new().stack_size(STACK).spawn_scoped(scope, work) {
            lock(&desk.threads).push(thread.thread().clone());
            if desk.stopped.load(Ordering::SeqCst) {
                thread.thread().unpark();
            }
        }
    }
}

/// Closes a desk on drop.
struct Open<'a> {
    desks: &'a Desks,
    desk: &'a Desk,
    test: u64,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        lock(&self.desks.0).remove(&self.test);
        self.desk.stop();
    }
}
