//! Waits for, reads and writes a Unix file descriptor by the rules of [`Port`](super::Port).
//!
//! Uses `rustix` only. Invariant: the descriptor is non-blocking; only `poll` waits, in steps of [`Wait::slice`], so
//! Ctrl-C and deadlines are noticed everywhere.

use super::{PortError, Wait};
use crate::port::loss::Loss;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Most bytes that one read appends.
const READ_LIMIT: usize = 64 * 1024;

/// Least room of one read. Bytes go straight to where they stay.
const CHUNK: usize = 4096;

/// Waits for at least one byte, then appends everything available to `buffer`.
///
/// Past the deadline it still appends what is available, but returns [`PortError::Timeout`]: otherwise a board that
/// never stops printing would outlast every deadline.
///
/// # Errors
/// See [`PortError`]; `gone` is why the other end is gone, if it is.
pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut Vec<u8>, wait: Wait, gone: &Loss) -> Result<usize, PortError> {
    let mut hung_up = false;
    loop {
        let slice = match wait.slice() {
            Err(PortError::Timeout) => None,
            slice => Some(slice?),
        };
        let count = match read_available(fd, buffer) {
            Ok(0) if hung_up => return Err(PortError::Gone(gone.clone())),
            Ok(count) => count,
            Err(_) => return Err(PortError::Gone(gone.clone())),
        };
        let Some(slice) = slice else { return Err(PortError::Timeout) };
        if count > 0 {
            return Ok(count);
        }
        hung_up = wait_for(fd, PollFlags::IN, slice)?;
    }
}

/// Appends what is available. Reads again only while a read fills its buffer: on a socket, a shorter read has taken everything.
/// `Ok(0)`: nothing is available. `Err` only if nothing can follow.
pub(crate) fn read_some(fd: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> Result<usize, Errno> {
    let before = buffer.len();
    loop {
        if buffer.capacity() - buffer.len() < CHUNK {
            buffer.reserve(CHUNK);
        }
        let room = buffer.capacity() - buffer.len();
        match rustix::io::read(fd, spare_capacity(buffer)) {
            Ok(0) if buffer.len() == before => return Err(Errno::IO),
            Ok(count) if count == room && buffer.len() - before < READ_LIMIT => {}
            Ok(_) | Err(Errno::AGAIN) => return Ok(buffer.len() - before),
            Err(Errno::INTR) => {}
            Err(error) if buffer.len() == before => return Err(error),
            // The next read reports it.
            Err(_) => return Ok(buffer.len() - before),
        }
    }
}

/// Appends what is available now. `Err` only if nothing is available and nothing can follow.
pub(crate) fn read_available(fd: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> Result<usize, Errno> {
    let mut total = 0;
    while total < READ_LIMIT {
        if buffer.capacity() - buffer.len() < CHUNK {
            buffer.reserve(CHUNK);
        }
        match rustix::io::read(fd, spare_capacity(buffer)) {
            // A terminal that has hung up reads as end of file.
            Ok(0) if total == 0 => return Err(Errno::IO),
            Ok(0) => break,
            Ok(count) => {
                total += count;
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            Err(error) if total == 0 => return Err(error),
            // The next read reports it.
            Err(_) => break,
        }
    }
    Ok(total)
}

/// Writes all of `bytes`. Gives up if the other end accepts nothing for `patience`, even without a deadline: a locked-up
/// USB device would block indefinitely.
///
/// # Errors
/// See [`PortError`]. `gone` is why the other end is gone, if it is.
pub(crate) fn write(
    fd: BorrowedFd<'_>,
    mut bytes: &[u8],
    wait: Wait,
    patience: Duration,
    gone: &Loss,
) -> Result<(), PortError> {
    let mut progress = Instant::now();
    let mut hung_up = false;
    while !bytes.is_empty() {
        let slice = wait.slice()?;
        match rustix::io::write(fd, bytes) {
            Ok(count) if count > 0 => {
                bytes = &bytes[count..];
                progress = Instant::now();
            }
            Err(Errno::INTR) => {}
            Ok(_) | Err(Errno::AGAIN) if hung_up => return Err(PortError::Gone(gone.clone())),
            Ok(_) | Err(Errno::AGAIN) => {
                if progress.elapsed() >= patience {
                    return Err(PortError::stuck(patience));
                }
                hung_up = wait_for(fd, PollFlags::OUT, slice.min(patience))?;
            }
            Err(_) => return Err(PortError::Gone(gone.clone())),
        }
    }
    Ok(())
}

/// Sleeps until `fd` is ready or `limit` has passed. Returns whether the other end hung up.
pub(crate) fn wait_for(fd: BorrowedFd<'_>, what: PollFlags, limit: Duration) -> Result<bool, PortError> {
    let mut fds = [PollFd::from_borrowed_fd(fd, what)];
    // Wait::SLICE bounds the limit, so it fits.
    let limit = Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
    match poll(&mut fds, Some(&limit)) {
        // A signal: the caller checks the interrupt flag next.
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(PortError::Gone(Loss::system("waiting for the board failed", error))),
    }
    Ok(fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL))
}
