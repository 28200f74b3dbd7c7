//! Reads standard input as it arrives.
//!
//! Uses rustix. Invariant: no wait exceeds its timeout.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use rustix::stdio::stdin;
use std::time::Duration;

/// Waits for input or its end, at most for `wait`, which is less than a second.
///
/// # Errors
/// If it cannot be watched.
pub fn is_readable(wait: Duration) -> Result<bool, Errno> {
    let input = stdin();
    let mut watched = [PollFd::new(&input, PollFlags::IN)];
    match poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) as _ })) {
        // A hang-up is an end, which the next read reports.
        Ok(count) => Ok(count > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads the available bytes. `None`: the input has ended, or its terminal is gone; 0 bytes: nothing was available after all.
pub fn take(piece: &mut [u8]) -> Option<usize> {
    match read(stdin(), piece) {
        Ok(0) => None,
        Ok(count) => Some(count),
        Err(Errno::INTR | Errno::AGAIN) => Some(0),
        Err(_) => None,
    }
}
