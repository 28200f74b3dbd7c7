//! Whose turn it is: a lock that its own thread may take again.
//!
//! Uses [`crate::port`] for the wait. Invariant: while a thread holds it, no other one does.

use crate::port::{PortError, Wait};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::ThreadId;

/// A lock for one call, or for a group of calls.
#[derive(Debug, Default)]
pub(super) struct Turn {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The thread that has it, and how often it took it.
    owner: Option<(ThreadId, usize)>,
    /// How many threads wait. Without any, nobody is woken: that would be a call of the system for each query.
    waiting: usize,
}

/// Holds the lock. Dropping it gives one hold back.
#[derive(Debug)]
pub(super) struct Held<'a>(&'a Turn);

impl Turn {
    /// Waits for the lock.
    ///
    /// # Errors
    /// [`PortError::Timeout`], [`PortError::Interrupted`].
    pub(super) fn take(&self, wait: Wait) -> Result<Held<'_>, PortError> {
        let me = std::thread::current().id();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &mut state.owner {
                None => state.owner = Some((me, 1)),
                Some((thread, count)) if *thread == me => *count += 1,
                Some(_) => {
                    let slice = wait.slice()?;
                    state.waiting += 1;
                    state = self.freed.wait_timeout(state, slice).unwrap_or_else(PoisonError::into_inner).0;
                    state.waiting -= 1;
                    continue;
                }
            }
            return Ok(Held(self));
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut state.owner {
            Some((_, count)) if *count > 1 => *count -= 1,
            _ => {
                state.owner = None;
                if state.waiting > 0 {
                    self.0.freed.notify_one();
                }
            }
        }
    }
}
