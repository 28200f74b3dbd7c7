//! A TCP stream without `poll`, that is on Windows: reads and writes with short timeouts.

use crate::port::loss::Loss;
use crate::port::{PortError, Wait};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}

/// Whether nothing has happened yet.
fn is_idle(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn take(mut stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut chunk = vec![0; 64 * 1024];
    match stream.read(&mut chunk) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(count) => {
            buffer.extend_from_slice(&chunk[..count]);
            Ok(count)
        }
        Err(error) if is_idle(&error) => Ok(0),
        Err(error) => Err(error),
    }
}

pub(super) fn read_available(stream: &TcpStream, buffer: &mut Vec<u8>, gone: &Loss) -> Result<usize, PortError> {
    let taken = stream.set_nonblocking(true).and_then(|()| {
        let taken = take(stream, buffer);
        stream.set_nonblocking(false).and(taken)
    });
    taken.map_err(|_| PortError::Gone(gone.clone()))
}

pub(super) fn read(stream: &TcpStream, buffer: &mut Vec<u8>, wait: Wait, gone: &Loss) -> Result<usize, PortError> {
    loop {
        let slice = match wait.slice() {
            Err(PortError::Timeout) => None,
            slice => Some(slice?),
        };
        let Some(slice) = slice else {
            read_available(stream, buffer, gone)?;
            return Err(PortError::Timeout);
        };
        // 0 would mean no timeout.
        let limit = slice.max(Duration::from_millis(1));
        let taken = stream.set_read_timeout(Some(limit)).and_then(|()| take(stream, buffer));
        match taken {
            Ok(0) => {}
            Ok(count) => return Ok(count),
            Err(_) => return Err(PortError::Gone(gone.clone())),
        }
    }
}

pub(super) fn write(
    mut stream: &TcpStream,
    mut bytes: &[u8],
    wait: Wait,
    patience: Duration,
    gone: &Loss,
) -> Result<(), PortError> {
    let mut progress = Instant::now();
    while !bytes.is_empty() {
        let limit = wait.slice()?.max(Duration::from_millis(1));
        match stream.set_write_timeout(Some(limit)).and_then(|()| stream.write(bytes)) {
            Ok(count) if count > 0 => {
                bytes = bytes.get(count..).unwrap_or_default();
                progress = Instant::now();
            }
            Err(error) if !is_idle(&error) => return Err(PortError::Gone(gone.clone())),
            _ if progress.elapsed() >= patience => return Err(PortError::stuck(patience)),
            _ => {}
        }
    }
    Ok(())
}
