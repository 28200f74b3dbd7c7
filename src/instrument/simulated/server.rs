//! Serves a simulated instrument on a TCP port: as the SCPI socket of a real one, or by HiSLIP.
//!
//! Invariant: all clients talk to one instrument; a client that is gone ends its thread.

use super::SimInstrument;
use super::hislip::{self, Sessions};
use crate::port::{Port as _, Wait, listen};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Messages that end with a terminator.
    Socket,
    /// HiSLIP.
    Hislip,
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    instrument: SimInstrument,
    protocol: Protocol,
}

impl Server {
    /// Listens at `address`: `127.0.0.1:5025`; port 0 takes a free one.
    ///
    /// # Errors
    /// Of the system.
    pub fn listen(instrument: SimInstrument, protocol: Protocol, address: &str) -> std::io::Result<Server> {
        Ok(Server { listener: listen::listen(address)?, instrument, protocol })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Of the system.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves clients until `ends` says so.
    ///
    /// # Errors
    /// Of the system.
    pub fn serve(&self, ends: &dyn Fn() -> bool) -> std::io::Result<()> {
        let sessions = Sessions::default();
        listen::serve(&self.listener, ends, || {
            let (instrument, sessions) = (self.instrument.clone(), sessions.clone());
            let protocol = self.protocol;
            move |stream| match protocol {
                Protocol::Socket => talk(stream, &instrument),
                Protocol::Hislip => hislip::talk(stream, &instrument, &sessions),
            }
        })
    }
}

/// Talks to one client until it is gone.
fn talk(mut stream: TcpStream, instrument: &SimInstrument) -> std::io::Result<()> {
    let mut port = instrument.port("served");
    let mut chunk = vec![0; 64 << 10];
    let mut replies = Vec::new();
    loop {
        let count = match stream.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        port.feed(&chunk[..count]);
        while port.next().is_some() {
            replies.clear();
            let wait = Wait::for_at_most(Duration::from_secs(3600)).undisturbed();
            if port.read(&mut replies, wait).is_err() {
                return Ok(());
            }
            stream.write_all(&replies)?;
        }
    }
}
