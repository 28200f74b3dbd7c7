//! The deadline of all calls of a host's devices.
//!
//! Invariant: a thread's own deadline only ever shortens that of the run, and does not affect other threads.

use crate::device::lock::lock;
use std::cell::Cell;
use std::sync::Mutex;
use std::time::Instant;

thread_local! {
    /// See [`Deadline::set_of_thread`].
    static OF_THREAD: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// When calls end that are still running. It changes from run to run.
#[derive(Default)]
pub(super) struct Deadline(Mutex<Option<Instant>>);

impl Deadline {
    /// Sets the deadline of the run; `None`: no deadline.
    pub fn set(&self, deadline: Option<Instant>) {
        *lock(&self.0) = deadline;
    }

    /// Sets the deadline of this thread, for devices of any host.
    pub fn set_of_thread(deadline: Option<Instant>) {
        OF_THREAD.set(deadline);
    }

    /// The deadline of this thread: that of the run, or its own if that is earlier.
    pub fn get(&self) -> Option<Instant> {
        let of_run = *lock(&self.0);
        match (of_run, OF_THREAD.get()) {
            (Some(run), Some(own)) => Some(run.min(own)),
            (run, own) => run.or(own),
        }
    }
}
