//! A TCP stream on Unix: a non-blocking descriptor.

use crate::port::loss::Loss;
use crate::port::{PortError, Wait, descriptor};
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

pub(super) fn read(stream: &TcpStream, buffer: &mut Vec<u8>, wait: Wait, gone: &Loss) -> Result<usize, PortError> {
    acknowledge(stream);
    descriptor::read(stream.as_fd(), buffer, wait, gone)
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
