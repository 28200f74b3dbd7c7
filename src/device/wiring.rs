//! Carries values over the wires of a station, between simulated instruments and simulated boards.
//!
//! An instrument gets what its wires bring before each of its calls; a board gets what changed after each call of an instrument,
//! and when it is opened. Wires of real instruments and boards carry nothing.
//!
//! Uses [`crate::instrument::wiring`]. Invariant: nothing is locked while a board is asked.

use crate::device::handle::Device;
use crate::device::host::Host;
use crate::device::lock::lock;
use crate::error::{Error, Kind, Result};
use crate::instrument::simulated::SimInstrument;
use crate::instrument::wiring::{End, Wire};
use crate::instrument::{Carrier, Moment};
use crate::phrase::did_you_mean;
use crate::value::Value;
use crate::value::write::literal;

impl Host {
    /// Joins a simulated instrument of the station to its wires. Returns what is to be called around each of its calls; `None`: it
    /// has no wires.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] if a wire names a property that it does not have.
    pub(super) fn join_instrument(&self, name: &str, simulated: &SimInstrument) -> Result<Option<Box<Carrier>>> {
        let ends = || self.options.wires.iter().flat_map(|wire| [&wire.from, &wire.to]);
        if !ends().any(|end| end.is_of_instrument(name)) {
            return Ok(None);
        }
        for end in ends() {
            if let End::Property { of, name: property } = end
                && of == name
            {
                known_property(name, property, simulated)?;
            }
        }
        lock(&self.shared.wiring.0).instruments.insert(name.to_owned(), simulated.clone());
        let (host, name) = (self.clone(), name.to_owned());
        Ok(Some(Box::new(move |moment| match moment {
            Moment::Before => host.carry(|wire| wire.to.is_of_instrument(&name), false),
            Moment::After => host.carry(|wire| wire.from.is_of_instrument(&name) && !is_to_property(wire), false),
        })))
    }

    /// Joins a simulated board of the station to its wires.
    ///
    /// # Errors
    /// Of the board.
    pub(super) fn join_board(&self, name: &str, device: &Device) -> Result<()> {
        let is_joined = self.options.wires.iter().any(|wire| wire.from.is_of_board(name) || wire.to.is_of_board(name));
        if !is_joined || !device.is_simulated() {
            return Ok(());
        }
        lock(&self.shared.wiring.0).boards.insert(name.to_owned(), device.clone());
        self.carry(|wire| wire.to.is_of_board(name), true)
    }

    /// Carries the values of some wires. `again`: what did not change, too.
    fn carry(&self, is_meant: impl Fn(&Wire) -> bool, again: bool) -> Result<()> {
        for (number, wire) in self.options.wires.iter().enumerate().filter(|(_, wire)| is_meant(wire)) {
            let Some(value) = self.value_at(&wire.from)? else { continue };
            let value = wire.carried(&value);
            match &wire.to {
                End::Property { of, name } => {
                    if let Some(instrument) = lock(&self.shared.wiring.0).instruments.get(of) {
                        instrument.set(name, value)?;
                    }
                }
                End::Adc { of, channel: at } | End::Pin { of, number: at } => {
                    let Some(device) = self.board_at(of) else { continue };
                    if !again && lock(&self.shared.wiring.0).last.get(&number) == Some(&value) {
                        continue;
                    }
                    let what = if matches!(wire.to, End::Adc { .. }) { "adc" } else { "pin" };
                    let shown = literal(&value).unwrap_or_default();
                    device.exec(&format!("__import__('_sim').{what}({at}, {shown})"), None)?;
                    lock(&self.shared.wiring.0).last.insert(number, value);
                }
            }
        }
        Ok(())
    }

    fn board_at(&self, name: &str) -> Option<Device> {
        lock(&self.shared.wiring.0).boards.get(name).filter(|device| device.is_open()).cloned()
    }

    /// The value at the begin of a wire, if it is open.
    fn value_at(&self, end: &End) -> Result<Option<Value>> {
        match end {
            End::Property { of, name } => {
                lock(&self.shared.wiring.0).instruments.get(of).map(|instrument| instrument.get(name)).transpose()
            }
            End::Pin { of, number } => {
                let Some(device) = self.board_at(of) else { return Ok(None) };
                device.exec(&format!("__import__('_sim').level({number})"), None).map(Some)
            }
            End::Adc { .. } => Ok(None),
        }
    }
}

fn is_to_property(wire: &Wire) -> bool {
    matches!(wire.to, End::Property { .. })
}

/// Whether a simulated instrument has a property that a wire names.
///
/// # Errors
/// [`Kind::ArgumentError`].
pub(crate) fn known_property(instrument: &str, property: &str, simulated: &SimInstrument) -> Result<()> {
    if simulated.names().any(|known| known == property) {
        return Ok(());
    }
    let message = format!("the simulated instrument `{instrument}` has no property `{property}`, which a wire names");
    let near = crate::name::nearest(property, simulated.names());
    let help =
        near.map_or_else(|| format!("it has {}", simulated.names().collect::<Vec<_>>().join(", ")), did_you_mean);
    Err(Error::new(Kind::ArgumentError, message).with_help(help))
}
