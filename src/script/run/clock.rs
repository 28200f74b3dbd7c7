//! When and why a run ends: its time limit, the limits within it, Ctrl-C, too much memory.
//!
//! Invariant: once a run is stopping, no statement of it runs any more, whatever thread it is on.

use crate::device::Host;
use crate::error::{Error, Kind};
use crate::script::errors::Stop;
use crate::script::run::memory::Memory;
use crate::script::run::options::RunOptions;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

/// The clock of a run.
pub(crate) struct Clock {
    /// Boards are waited for until the same deadlines.
    host: Host,
    limit: Option<Duration>,
    memory: Option<Memory>,
    state: RwLock<State>,
    next_timeout: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Why the run is stopping.
    stopping: Option<Error>,
    deadline: Option<Instant>,
    /// What tears down runs after the run was stopped: nothing stops that but leaving the program.
    shielded: bool,
}

thread_local! {
    /// The deadlines of the `timeout` calls and tests that this thread is in, outermost first.
    static TIMEOUTS: RefCell<Vec<(u64, Instant)>> = const { RefCell::new(Vec::new()) };
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

    /// Forgets why the run stopped.
    pub fn go_on(&self) {
        self.write().stopping = None;
    }

    /// Starts the time of the run's limit.
    pub fn start(&self) {
        self.set_deadline(self.limit.and_then(|limit| Instant::now().checked_add(limit)));
    }

    /// Lets devices be closed without haste, after the script has ended.
    pub fn end(&self) {
        self.set_deadline(None);
    }

    fn set_deadline(&self, deadline: Option<Instant>) {
        self.write().deadline = deadline;
        self.host.set_deadline(deadline);
    }

    /// How long a run, or an input of a session, may take.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// The error that ends the whole run, if there is one: a Ctrl-C or a missed deadline.
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

    /// Whether more memory is taken than the run may. Reads a counter.
    pub fn takes_too_much(&self) -> bool {
        self.memory.is_some_and(|memory| (memory.used)() > memory.most)
    }

    fn out_of_time(&self) -> Error {
        Error::new(Kind::TimeoutError, "the run took longer than `--timeout` allows")
            .with_help("allow more with `--timeout SECONDS`")
    }

    /// Stops the run with `error`, unless something else stopped it before; gives what it stops with.
    pub fn stop(&self, error: Error) -> Error {
        self.write().stopping.get_or_insert(error).clone()
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
        is_past(self.read().deadline)
    }

    /// Does `work`, even if the run is being stopped: what stops it waits.
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
}
