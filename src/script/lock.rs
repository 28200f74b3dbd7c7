//! Locks whose content stays in use after a panic.
//!
//! Invariant: a panic in one place never becomes one in another.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lock's content, whoever panicked with it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
