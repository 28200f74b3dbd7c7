//! Locks whose content stays in use after a panic.
//!
//! Invariant: a panic in one place never becomes one in another.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock whose data stay usable if a thread that held it panicked: each is changed in one step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
