//! Instruments of a host: opened by the same rules as devices, and closed with them.
//!
//! Uses [`crate::instrument`] and [`crate::gate`]. Invariant: an instrument that a host opened is closed by [`Host::close_all`],
//! after the devices, which it may supply.

use crate::bound;
use crate::device::host::Host;
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::gate::Asker;
use crate::instrument::class::Class;
use crate::instrument::simulated::{self, SimInstrument};
use crate::instrument::{Instrument, InstrumentAddress, InstrumentOptions};
use crate::port::options::PortOptions;
use crate::port::stream::Stream;
use std::path::Path;
use std::sync::Arc;

impl Host {
    /// Opens the instrument of a class at `written`: an address, a VISA resource string, or a name of the station.
    ///
    /// # Errors
    /// Of an invalid address; PermissionError if the host's gate does not allow it; as [`Instrument::open`].
    pub fn open_instrument(&self, class: &Arc<Class>, written: &str, options: InstrumentOptions) -> Result<Instrument> {
        self.opened(&options.name.clone(), self.connect_instrument(class, written, options))
    }

    /// Opens a simulated instrument.
    ///
    /// # Errors
    /// As [`Instrument::open`].
    pub fn open_simulated_instrument(
        &self,
        class: &Arc<Class>,
        simulated: &SimInstrument,
        options: InstrumentOptions,
    ) -> Result<Instrument> {
        let address = InstrumentAddress::Simulated("script".to_owned());
        let name = options.name.clone();
        let deadline = self.shared.deadline.clone();
        let deadline = Box::new(move || deadline.get());
        self.opened(&name, Instrument::open_simulated(class, &address, simulated, options, deadline, None))
    }

    fn opened(&self, name: &Option<String>, opened: Result<Instrument>) -> Result<Instrument> {
        match opened {
            Ok(instrument) => {
                self.shared.instruments.change(|open| open.push(instrument.clone()));
                Ok(instrument)
            }
            Err(error) => Err(name.iter().fold(error, |error, name| error.with_device(name))),
        }
    }

    fn connect_instrument(&self, class: &Arc<Class>, written: &str, options: InstrumentOptions) -> Result<Instrument> {
        let known = self.options.instruments.iter().find(|(name, _)| *name == written.trim());
        let (written, options, asker) = match known {
            Some((name, known)) => {
                let own = InstrumentOptions { name: Some(name.clone()), ..known.options.clone() };
                let asker = known.untrusted.as_deref().map_or(Asker::Person, Asker::Station);
                (known.address.as_str(), options.or(&own), asker)
            }
            None if self.options.is_named(written) => (written, options, Asker::Person),
            None => (written, options, Asker::Script),
        };
        let address: InstrumentAddress =
            written.parse().map_err(|error: Error| self.near_instrument(written, error))?;
        let deadline = self.shared.deadline.clone();
        let deadline = Box::new(move || deadline.get());
        let stream = match &address {
            InstrumentAddress::Simulated(file) => {
                let simulated = self.simulated_instrument(file, asker)?;
                let carrier = known.map(|(name, _)| self.join_instrument(name, &simulated)).transpose()?.flatten();
                return Instrument::open_simulated(class, &address, &simulated, options, deadline, carrier);
            }
            InstrumentAddress::Stream(_) if self.options.simulated => {
                let message = format!("`{written}` is not simulated");
                return Err(Error::new(Kind::FeatureUnavailableError, message).with_help(
                    "with `--simulate`, name an instrument of the station that has `sim = \"sim-instrument:FILE\"`",
                ));
            }
            InstrumentAddress::Stream(stream) => stream.clone(),
        };
        self.options.gate.stream(&stream, asker)?;
        let line = options.line.clone();
        let opener = move || Stream::open(&stream, &PortOptions { line: line.clone(), ..PortOptions::default() });
        Instrument::open(class, &address, options, Box::new(opener), deadline)
    }

    /// The simulated instrument of a file. `std/NAME` is one that this program has.
    fn simulated_instrument(&self, file: &str, asker: Asker<'_>) -> Result<SimInstrument> {
        if let Some(text) = simulated::built_in(file) {
            return SimInstrument::parse(file, text);
        }
        let unread = |error: std::io::Error| {
            let message = format!("cannot read `{file}`: {}", disk::reason(&error));
            let names = simulated::built_in_names().map(|name| format!("`sim-instrument:{name}`"));
            let names: Vec<String> = names.collect();
            let help = format!("write a file for it, or use one of {}", names.join(", "));
            Error::new(Kind::ConnectionFailedError, message).with_help(help)
        };
        let bytes = match asker {
            Asker::Person => disk::read(Path::new(file), bound::SETTINGS).map_err(unread)?,
            _ => self.options.gate.read(file)?.bytes(bound::SETTINGS).map_err(unread)?,
        };
        match String::from_utf8(bytes) {
            Ok(text) => SimInstrument::parse(file, &text),
            Err(_) => Err(Error::new(Kind::ConnectionFailedError, format!("`{file}` is not valid UTF-8"))),
        }
    }

    fn near_instrument(&self, written: &str, error: Error) -> Error {
        let names = self.options.instruments.iter().map(|(name, _)| name.as_str());
        match crate::name::nearest(written, names) {
            Some(near) if error.kind() == Kind::DeviceNotFoundError => {
                let help = crate::phrase::suggestion(format_args!("`{near}` of the station"));
                Error::new(error.kind(), error.message()).with_help(help)
            }
            _ => error,
        }
    }

    /// The open instruments, in the order of opening.
    pub fn instruments(&self) -> Vec<Instrument> {
        self.shared.instruments.change(|open| open.clone())
    }

    /// Closes an instrument, running its teardowns.
    ///
    /// # Errors
    /// As [`Instrument::close`].
    pub fn close_instrument(&self, instrument: &Instrument) -> Result<()> {
        self.shared.instruments.change(|open| open.retain(|other| !other.is(instrument)));
        instrument.close()
    }
}
