//! A TCP stream on Unix: a non-blocking descriptor.

use crate::port::loss::Loss;
use crate::port::{PortError, Wait, descriptor};
use rustix::event::PollFlags;
use rustix::net::sockopt;
use std::io;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::Duration;

/// Idle time before the first keep-alive probe, and the interval of probes. A board that lost its network sends nothing,
/// and a call without a timeout would wait for it indefinitely.
const QUIET: Duration = Duration::from_secs(15);
const ASK_EVERY: Duration = Duration::from_secs(5);
const ASKED: u32 = 3;

pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, QUIET)?;
    sockopt::set_tcp_keepintvl(stream, ASK_EVERY)?;
    sockopt::set_tcp_keepcnt(stream, ASKED)?;
    // Unacknowledged writes time out too.
    #[cfg(target_os = "linux")]
    sockopt::set_tcp_user_timeout(stream, 30_000)?;
    Ok(())
}

/// How long is waited before data is asked for by [`acknowledge`]: most replies come earlier.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Acknowledges the next data at once. Otherwise a server that waits for the acknowledgement of its first byte before it
/// sends more (Nagle's algorithm) would take 40 ms for every reply. The system resets this after a while.
fn acknowledge(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    let _ = sockopt::set_tcp_quickack(stream, true);
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

pub(super) fn read_available(stream: &TcpStream, buffer: &mut Vec<u8>, gone: &Loss) -> Result<usize, PortError> {
    acknowledge(stream);
    descriptor::read_available(stream.as_fd(), buffer).map_err(|_| PortError::Gone(gone.clone()))
}

/// Waits, then reads: a reply that comes at once takes two calls of the system.
pub(super) fn read(stream: &TcpStream, buffer: &mut Vec<u8>, wait: Wait, gone: &Loss) -> Result<usize, PortError> {
    let fd = stream.as_fd();
    let mut hung_up = false;
    let mut patience = AT_ONCE;
    loop {
        let slice = match wait.slice() {
            Err(PortError::Timeout) => None,
            slice => Some(slice?),
        };
        if let Some(slice) = slice {
            hung_up = descriptor::wait_for(fd, PollFlags::IN, slice.min(patience))?;
        }
        let count = match descriptor::read_some(fd, buffer) {
            Ok(0) if hung_up => return Err(PortError::Gone(gone.clone())),
            Ok(count) => count,
            Err(_) => return Err(PortError::Gone(gone.clone())),
        };
        match (count, slice) {
            (_, None) => return Err(PortError::Timeout),
            (0, Some(_)) => {}
            (count, Some(_)) => return Ok(count),
        }
        acknowledge(stream);
        patience = Wait::SLICE;
    }
}

pub(super) fn write(
    stream: &TcpStream,
    bytes: &[u8],
    wait: Wait,
    patience: Duration,
    gone: &Loss,
) -> Result<(), PortError> {
    descriptor::write(stream.as_fd(), bytes, wait, patience, gone)
}
