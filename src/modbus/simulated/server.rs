//! Serves a simulated unit on a TCP port.
//!
//! Invariant: all clients talk to one unit.

use super::SimUnit;
use super::port::SimPort;
use crate::port::listen;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// Serves clients by Modbus TCP until `ends` says so.
///
/// # Errors
/// Of the system.
pub fn serve(listener: &TcpListener, unit: &SimUnit, ends: &dyn Fn() -> bool) -> std::io::Result<()> {
    listen::serve(listener, ends, || {
        let port = SimPort::new(unit.clone(), "served", true);
        move |stream| talk(stream, port)
    })
}

fn talk(mut stream: TcpStream, mut port: SimPort) -> std::io::Result<()> {
    let mut chunk = [0; 1024];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => port.feed(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        stream.write_all(&port.take())?;
    }
}
