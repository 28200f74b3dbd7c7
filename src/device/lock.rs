//! Locks whose content stays usable after a panic.
//!
//! Invariant: a panic in one place never causes one in another.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock whose data stay usable if a thread panicked while holding it: each is changed in one step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
