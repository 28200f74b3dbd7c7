//! Standard output, which may have been closed before the program started.
//!
//! Invariant: no write to a closed standard output seems to succeed: std puts the null device in its place.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Reports that standard output cannot be written.
pub fn say_closed() {
    CLOSED.store(true, Ordering::Relaxed);
}

/// Whether standard output was closed when the program started, or open for reading alone.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Standard output.
pub fn output() -> Box<dyn Write + Send> {
    if is_closed() { Box::new(Closed) } else { Box::new(io::stdout()) }
}

/// The error of writing to a closed standard output.
pub fn closed() -> io::Error {
    io::Error::other("it is closed")
}

/// Takes nothing.
struct Closed;

impl Write for Closed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() { Ok(0) } else { Err(closed()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
