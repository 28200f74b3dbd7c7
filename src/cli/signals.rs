//! Ctrl-C, and the signals that ask a program to end.
//!
//! Uses [`crate::interrupt`]. Invariant: the first press stops what runs, so that teardowns follow; the second leaves at once.

use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use std::sync::atomic::{AtomicU32, Ordering};

/// From now on Ctrl-C (and SIGTERM, SIGHUP) interrupts instead of killing. Once a process.
///
/// # Errors
/// [`Kind::InternalError`] if the operating system refuses.
pub fn watch() -> Result<(), Diagnostic> {
    let presses = AtomicU32::new(0);
    ctrlc::set_handler(move || {
        if presses.fetch_add(1, Ordering::SeqCst) > 0 {
            #[cfg(unix)]
            super::terminal::restore();
            std::process::exit(i32::from(Kind::Interrupted.exit_status()));
        }
        crate::interrupt::raise();
    })
    .map_err(|error| Diagnostic::new(Kind::InternalError, format!("Ctrl-C cannot be watched: {error}")))
}
