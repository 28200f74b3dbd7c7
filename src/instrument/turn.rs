//! Whose turn it is: a lock that its own thread may take again.
//!
//! Uses [`crate::port`] for the wait. Invariant: while a thread holds it, no other one does.

use crate::port::{PortError, Wait};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::ThreadId;

/// A lock for one call, or for a group of calls.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// The thread that has it, and how often it took it.
    owner: Mutex<Option<(ThreadId, usize)>>,
    freed: Condvar,
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
        let mut owner = self.owner.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &mut *owner {
                None => *owner = Some((me, 1)),
                Some((thread, count)) if *thread == me => *count += 1,
                Some(_) => {
                    let slice = wait.slice()?;
                    owner = self.freed.wait_timeout(owner, slice).unwrap_or_else(PoisonError::into_inner).0;
                    continue;
                }
            }
            return Ok(Held(self));
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut owner = self.0.owner.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *owner {
            Some((_, count)) if *count > 1 => *count -= 1,
            _ => {
                *owner = None;
                self.0.freed.notify_one();
            }
        }
    }
}
