//! A port wrapper that can cut the connection to the board under test in the middle of an upload.
//!
//! Uses [`crate::port`]. Invariant: until it is pulled it changes no byte; once pulled, the connection stays lost until the
//! port is opened again.

use crate::device::PortOpener;
use crate::port::loss::Loss;
use crate::port::{Abilities, Port, PortError, Wait};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Opens the port, and cuts it on request.
pub struct Plug {
    connector: Box<PortOpener>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    abilities: Abilities,
    /// Bytes that may still be written before the cut; `None`: there is none to come.
    left: Option<usize>,
    /// Bytes that have been written since the first opening.
    written: usize,
}

impl Plug {
    /// A plug of a port that `connector` opens.
    pub fn new(connector: Box<PortOpener>) -> Arc<Plug> {
        Arc::new(Plug { connector, now: Mutex::default() })
    }

    /// Opens ports for a device.
    pub fn connector(self: &Arc<Plug>) -> Box<PortOpener> {
        let plug = self.clone();
        Box::new(move |again| {
            let port = (plug.connector)(again)?;
            let mut now = plug.now();
            now.left = None;
            now.abilities = port.abilities();
            drop(now);
            Ok(Box::new(Plugged { port, plug: plug.clone(), cut: false }) as Box<dyn Port>)
        })
    }

    /// The abilities of the last opened port.
    pub fn abilities(&self) -> Abilities {
        self.now().abilities
    }

    /// Cuts the connection as soon as `bytes` more bytes have been written.
    pub fn cut_after(&self, bytes: usize) {
        self.now().left = Some(bytes);
    }

    /// Bytes that have been written since the first opening.
    pub fn written(&self) -> usize {
        self.now().written
    }

    /// Cancels a pending cut.
    pub fn spare(&self) {
        self.now().left = None;
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A port that is plugged in.
struct Plugged {
    port: Box<dyn Port>,
    plug: Arc<Plug>,
    cut: bool,
}

impl Plugged {
    fn alive(&self) -> std::result::Result<(), PortError> {
        match self.cut {
            true => Err(PortError::Gone(Loss::CutOnPurpose)),
            false => Ok(()),
        }
    }
}

impl Port for Plugged {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn abilities(&self) -> Abilities {
        self.port.abilities()
    }

    fn agree_on_token(&mut self, proposed: String) -> String {
        self.port.agree_on_token(proposed)
    }

    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        self.port.descriptors()
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> std::result::Result<(), PortError> {
        self.alive()?;
        let passes = self.plug.now().left.map_or(bytes.len(), |left| left.min(bytes.len()));
        self.port.write(&bytes[..passes], wait)?;
        let mut now = self.plug.now();
        now.written += passes;
        now.left = now.left.map(|left| left.saturating_sub(passes));
        if passes < bytes.len() {
            now.left = None;
            self.cut = true;
        }
        drop(now);
        self.alive()
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> std::result::Result<usize, PortError> {
        self.alive()?;
        self.port.read_available(buffer)
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> std::result::Result<usize, PortError> {
        self.alive()?;
        self.port.read(buffer, wait)
    }
}
