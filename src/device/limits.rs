//! Time limits of operations on a board.
//!
//! Invariant: every wait for a board has one of these limits, or that of the script.

use crate::port::Wait;
use std::time::Duration;

/// Longest time for connecting to and identifying a board, including its boot.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(50);

/// How long main.py may run after a soft reset before it is interrupted.
pub(super) const MAIN_LIMIT: Duration = Duration::from_secs(2);

/// The default timeout of a teardown.
pub const TEARDOWN_LIMIT: Duration = Duration::from_secs(10);

/// How long a call may take, and what may end it.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The timeout; `None`: unlimited.
    pub timeout: Option<Duration>,
    /// Whether Ctrl-C and the deadline of the run end it. False for a teardown.
    pub interruptible: bool,
}

/// Only their own limit and Ctrl-C end them.
pub(super) const PATIENT: Wait = Wait { deadline: None, interruptible: true };
