//! Instruments of a host: opened by the same rules as devices, and closed with them.
//!
//! Uses [`crate::instrument`] and [`crate::gate`]. Invariant: an instrument that a host opened is closed by [`Host::close_all`],
//! after the devices, which it may supply.

use crate::device::host::Host;
use crate::error::{Kind, Result};
use crate::gate::Asker;
use crate::instrument::{Instrument, InstrumentAddress, InstrumentOptions};
use crate::port::options::PortOptions;
use crate::port::stream::Stream;
use std::sync::{Mutex, PoisonError};

/// The open instruments of a host, in the order of opening.
#[derive(Default)]
pub(super) struct Instruments(Mutex<Vec<Instrument>>);

impl Instruments {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Instrument>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the one that was opened last.
    pub(super) fn take_last(&self) -> Option<Instrument> {
        self.change(Vec::pop)
    }
}

impl Host {
    /// Opens the instrument at `written`: an address, or a VISA resource string.
    ///
    /// # Errors
    /// Of an invalid address; PermissionError if the host's gate does not allow it; as [`Instrument::open`].
    pub fn open_instrument(&self, written: &str, options: InstrumentOptions) -> Result<Instrument> {
        let name = options.name.clone();
        let named = |error: crate::Error| match &name {
            Some(name) => error.with_device(name),
            None => error,
        };
        self.connect_instrument(written, options).map_err(named)
    }

    fn connect_instrument(&self, written: &str, options: InstrumentOptions) -> Result<Instrument> {
        let address: InstrumentAddress = written.parse()?;
        let asker = if self.options.is_named(written) { Asker::Person } else { Asker::Script };
        let line = options.line.clone();
        let stream = match &address {
            InstrumentAddress::Stream(stream) => stream.clone(),
            InstrumentAddress::Simulated(_) => {
                return Err(crate::Error::new(
                    Kind::FeatureUnavailableError,
                    "simulated instruments are not available",
                ));
            }
        };
        self.options.gate.stream(&stream, asker)?;
        let opener = move || Stream::open(&stream, &PortOptions { line: line.clone(), ..PortOptions::default() });
        let deadline = self.shared.deadline.clone();
        let instrument = Instrument::open(&address, options, Box::new(opener), Box::new(move || deadline.get()))?;
        self.shared.instruments.change(|open| open.push(instrument.clone()));
        Ok(instrument)
    }

    /// The open instruments, in the order of opening.
    pub fn instruments(&self) -> Vec<Instrument> {
        self.shared.instruments.change(|open| open.clone())
    }

    /// Closes an instrument.
    pub fn close_instrument(&self, instrument: &Instrument) {
        self.shared.instruments.change(|open| open.retain(|other| !other.is(instrument)));
        instrument.close();
    }
}
