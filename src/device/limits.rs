//! How long what is done with a board may take.
//!
//! Invariant: everything that waits for a board has one of these limits, or that of the script.

use crate::port::Wait;
use std::time::Duration;

/// Longest time of connecting and identifying a board; booting boards are waited for.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(50);

/// How long main.py may run after a soft reset before it is interrupted.
pub(super) const MAIN_LIMIT: Duration = Duration::from_secs(2);

/// How long a teardown may take if nothing else is said.
pub const TEARDOWN_LIMIT: Duration = Duration::from_secs(10);

/// How long a call may take, and who may end it.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Longest time; `None`: for ever.
    pub timeout: Option<Duration>,
    /// Whether Ctrl-C and the deadline of the run end it. Not a teardown.
    pub interruptible: bool,
}

/// Only their own limit and Ctrl-C end them.
pub(super) const PATIENT: Wait = Wait { deadline: None, interruptible: true };
