//! The one interrupt flag: set by Ctrl-C, looked at wherever the program waits.
//!
//! A press of Ctrl-C is *pending* until someone turns it into an error with [`take`]; teardowns that run
//! after that are not disturbed by the press that caused them.
//!
//! Uses the standard library only. Invariant: one press becomes at most one error.

use std::sync::atomic::{AtomicBool, Ordering};

static PENDING: AtomicBool = AtomicBool::new(false);

/// Notes a press of Ctrl-C. Safe to call from a signal handler's thread.
pub fn raise() {
    PENDING.store(true, Ordering::SeqCst);
}

/// Whether a press is pending.
pub fn pending() -> bool {
    PENDING.load(Ordering::Relaxed)
}

/// Takes the pending press, if there is one: from now on waits go on as usual.
pub fn take() -> bool {
    PENDING.swap(false, Ordering::SeqCst)
}
