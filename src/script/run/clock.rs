//! When a run ends: its time limit, inner time limits, Ctrl-C, memory.
//!
//! Invariant: after a run starts to stop, no further statement of it runs on any thread.

use crate::device::Host;
use crate::error::{Error, Kind};
use crate::script::errors::Stop;
use crate::script::run::memory::Memory;
use crate::script::run::options::RunOptions;
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// The clock of a run.
pub(crate) struct Clock {
    /// Waits for boards use the same deadlines.
    host: Host,
    limit: Option<Duration>,
    memory: Option<Memory>,
    state: RwLock<State>,
    next_timeout: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Why the run stops.
    stopping: Option<Error>,
    deadline: Option<Instant>,
    /// Teardowns that run after the stop: only exiting the program interrupts them.
    shielded: bool,
}

thread_local! {
    /// The deadlines of the enclosing `timeout` calls and tests on this thread, outermost first.
    static TIMEOUTS: RefCell<Vec<(u64, Instant)>> = const { RefCell::new(Vec::new()) };

    /// What ends this thread besides: the test of a monitor, or the monitors of a test.
    static ENDING: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

impl Clock {
    pub fn new(host: Host, options: &RunOptions) -> Clock {
        let (limit, memory) = (options.limit, options.memory);
        Clock { host, limit, memory, state: RwLock::default(), next_timeout: AtomicU64::new(1) }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Clears the reason for stopping.
    pub fn go_on(&self) {
        self.write().stopping = None;
    }

    /// Starts the run's time limit.
    pub fn start(&self) {
        self.set_deadline(self.limit.and_then(|limit| Instant::now().checked_add(limit)));
    }

    /// Removes the time limit, so that devices can be closed after the script has ended.
    pub fn end(&self) {
        self.set_deadline(None);
    }

    fn set_deadline(&self, deadline: Option<Instant>) {
        self.write().deadline = deadline;
        self.host.set_deadline(deadline);
    }

    /// Time limit of a run, or of each input of a session.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// The error that ends the whole run, if any: Ctrl-C or a missed deadline.
    pub fn stopping(&self) -> Option<Error> {
        let state = self.read();
        if let Some(error) = &state.stopping {
            return Some(error.clone());
        }
        let (shielded, deadline) = (state.shielded, state.deadline);
        drop(state);
        if !shielded && crate::interrupt::take() {
            return Some(self.stop(Error::new(Kind::Interrupted, "interrupted")));
        }
        if !shielded && let Some(error) = self.memory.as_ref().and_then(Memory::excess) {
            return Some(self.stop(error));
        }
        is_past(deadline).then(|| self.stop(self.out_of_time()))
    }

    /// Whether the memory limit is exceeded. Reads one counter.
    pub fn takes_too_much(&self) -> bool {
        self.memory.is_some_and(|memory| (memory.used)() > memory.most)
    }

    fn out_of_time(&self) -> Error {
        Error::new(Kind::TimeoutError, "the run took longer than `--timeout` allows")
            .with_help("allow more with `--timeout SECONDS`")
    }

    /// Stops the run with `error`, unless it is already stopping; returns the effective error.
    pub fn stop(&self, error: Error) -> Error {
        self.write().stopping.get_or_insert(error).clone()
    }

    /// The reason for Rhai to stop, queried every few operations and in every wait.
    pub fn progress(&self) -> Option<Stop> {
        if let Some(error) = self.stopping() {
            return Some(Stop::Error(error));
        }
        if ENDING.with_borrow(|ending| ending.as_ref().is_some_and(|ending| ending.load(Ordering::SeqCst))) {
            return Some(Stop::Ended);
        }
        TIMEOUTS.with_borrow(|timeouts| {
            if timeouts.is_empty() {
                return None;
            }
            let now = Instant::now();
            timeouts.iter().find(|(_, deadline)| now >= *deadline).map(|(id, _)| Stop::Timeout(*id))
        })
    }

    /// Ends this thread with [`Stop::Ended`] once the flag is set. Returns the flag before.
    pub fn end_with(&self, flag: Option<Arc<AtomicBool>>) -> Option<Arc<AtomicBool>> {
        ENDING.replace(flag)
    }

    /// Whether this thread must stop now; changes nothing.
    pub fn is_over(&self) -> bool {
        is_past(self.read().deadline)
    }

    /// Runs `work` even if the run is stopping; the stop is deferred.
    pub fn in_any_case<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.stopping().is_none() && TIMEOUTS.with_borrow(Vec::is_empty) {
            return work();
        }
        let (stopped, deadline) = {
            let mut state = self.write();
            (state.stopping.take(), state.deadline)
        };
        let timeouts = TIMEOUTS.with_borrow_mut(std::mem::take);
        if stopped.is_some() {
            self.set_deadline(None);
            self.write().shielded = true;
        }
        self.tell_host();
        let result = work();
        TIMEOUTS.with_borrow_mut(|inner| *inner = timeouts);
        if let Some(error) = stopped {
            self.write().shielded = false;
            self.set_deadline(deadline);
            self.stop(error);
        }
        self.tell_host();
        result
    }

    /// Runs `work` with a deadline; passes the number of its [`Stop::Timeout`].
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

    /// The deadlines of this thread, for threads that work for it.
    pub fn deadlines(&self) -> Vec<(u64, Instant)> {
        TIMEOUTS.with_borrow(Clone::clone)
    }

    /// Makes this new thread work for the one with these `deadlines`.
    pub fn work_within(&self, deadlines: Vec<(u64, Instant)>) {
        TIMEOUTS.set(deadlines);
        self.tell_host();
    }

    /// Sets the host's deadline to the earliest of this thread.
    fn tell_host(&self) {
        let earliest = TIMEOUTS.with_borrow(|timeouts| timeouts.iter().map(|(_, deadline)| *deadline).min());
        self.host.set_deadline_of_thread(earliest);
    }
}
