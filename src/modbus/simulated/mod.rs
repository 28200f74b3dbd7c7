//! Simulated units: coils, inputs and registers with ranges and exceptions, which Modbus requests read and write.
//!
//! [`SimUnit`] is one; [`port::SimPort`] connects to it by RTU or TCP, [`server`] serves it. Uses [`crate::modbus::pdu`] and
//! [`crate::modbus::frame`], as the client does. Invariant: a request is carried out whole, or refused with an exception.

mod definition;
pub mod port;
pub mod server;

use super::pdu::{Answer, Request, Table};
use super::values::{Number, Type};
use crate::error::Result;
use crate::value::{Value, toml};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The exceptions that it answers.
const ILLEGAL_FUNCTION: u8 = 1;
const ILLEGAL_ADDRESS: u8 = 2;
const ILLEGAL_VALUE: u8 = 3;
const NO_SUCH_UNIT: u8 = 11;

/// The unit of a broadcast on a serial line, and those that a TCP client uses for a device that is not behind a gateway.
const BROADCAST: u8 = 0;
const DIRECT: [u8; 2] = [0, 255];

/// Neighbouring entries of one table that belong together: a number in two registers, a row of coils.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    table: Table,
    name: Option<String>,
    address: u16,
    of: Type,
    /// Registers; of coils and inputs 0 or 1 each.
    words: Vec<u16>,
    /// Which numbers can be written.
    min: Option<f64>,
    max: Option<f64>,
    /// It always has the value of the entry with this name.
    follows: Option<String>,
    /// The exception that it always answers.
    fails: Option<u8>,
}

impl Entry {
    fn is_bits(&self) -> bool {
        matches!(self.table, Table::Coils | Table::DiscreteInputs)
    }

    fn contains(&self, table: Table, address: u16) -> bool {
        self.table == table
            && usize::from(address) >= usize::from(self.address)
            && self.index(address) < self.words.len()
    }

    fn index(&self, address: u16) -> usize {
        usize::from(address) - usize::from(self.address)
    }

    /// Whether all its numbers are in its range.
    fn is_in_range(&self, is_low_first: bool) -> bool {
        if self.is_bits() || (self.min.is_none() && self.max.is_none()) {
            return true;
        }
        self.words.chunks(usize::from(self.of.registers())).all(|words| {
            #[expect(clippy::cast_precision_loss, reason = "limits are floats")]
            let number = match self.of.read(words, is_low_first) {
                Ok(Number::Int(whole)) => whole as f64,
                Ok(Number::Float(number)) => number,
                Err(_) => return false,
            };
            self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
        })
    }
}

/// What a file or a map describes.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    unit: u8,
    is_low_first: bool,
    entries: Vec<Entry>,
}

/// A simulated unit. Clones are the same unit.
#[derive(Clone)]
pub struct SimUnit(Arc<Mutex<Definition>>);

impl SimUnit {
    /// The unit that this describes.
    ///
    /// # Errors
    /// [`crate::Kind::ArgumentError`] for a description that is wrong.
    pub fn of(described: &Value) -> Result<SimUnit> {
        Definition::read(described).map(|definition| SimUnit(Arc::new(Mutex::new(definition))))
    }

    /// The unit that the text of a file describes; `name`: of the file, for errors.
    ///
    /// # Errors
    /// [`crate::Kind::ParseError`]; as [`SimUnit::of`].
    pub fn parse(name: &str, text: &str) -> Result<SimUnit> {
        toml::read(name, text, Definition::read).map(|definition| SimUnit(Arc::new(Mutex::new(definition))))
    }

    fn state(&self) -> MutexGuard<'_, Definition> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request on a serial line; `None`: it is for another unit, or for all.
    pub fn answer_rtu(&self, unit: u8, pdu: &[u8]) -> Option<Vec<u8>> {
        let mut state = self.state();
        let answer = [state.unit, BROADCAST].contains(&unit).then(|| state.answer(pdu))?;
        (unit != BROADCAST).then_some(answer)
    }

    /// Answers a request on TCP.
    pub fn answer_tcp(&self, unit: u8, pdu: &[u8]) -> Vec<u8> {
        let mut state = self.state();
        if unit == state.unit || DIRECT.contains(&unit) {
            return state.answer(pdu);
        }
        refusal(pdu, NO_SUCH_UNIT)
    }
}

fn refusal(pdu: &[u8], code: u8) -> Vec<u8> {
    vec![pdu.first().copied().unwrap_or_default() | 0x80, code]
}

impl Definition {
    fn answer(&mut self, pdu: &[u8]) -> Vec<u8> {
        let done = match Request::read(pdu) {
            Ok(None) => Err(ILLEGAL_FUNCTION),
            Ok(Some(request)) if request.check().is_err() => {
                let last = usize::from(request.address()) + request.count();
                Err(if last > 1 << 16 && request.count() > 0 { ILLEGAL_ADDRESS } else { ILLEGAL_VALUE })
            }
            Ok(Some(request)) => self.carry_out(&request).map(|answer| request.reply(&answer)),
            Err(_) => Err(ILLEGAL_VALUE),
        };
        done.unwrap_or_else(|code| refusal(pdu, code))
    }

    fn carry_out(&mut self, request: &Request) -> std::result::Result<Answer, u8> {
        let (table, first) = (request.table(), request.address());
        let written: Option<Vec<u16>> = match request {
            Request::Read { .. } => None,
            Request::WriteCoil(_, on) => Some(vec![u16::from(*on)]),
            Request::WriteRegister(_, value) => Some(vec![*value]),
            Request::WriteCoils(_, all) => Some(all.iter().map(|on| u16::from(*on)).collect()),
            Request::WriteRegisters(_, all) => Some(all.clone()),
        };
        let addresses =
            (0..request.count()).map(|offset| first.saturating_add(u16::try_from(offset).unwrap_or(u16::MAX)));
        let mut places = Vec::new();
        for address in addresses {
            let entry = self.entries.iter().position(|entry| entry.contains(table, address)).ok_or(ILLEGAL_ADDRESS)?;
            if let Some(code) = self.entries[entry].fails {
                return Err(code);
            }
            places.push((entry, address));
        }
        if let Some(written) = written {
            let mut entries = self.entries.clone();
            for ((entry, address), word) in places.iter().zip(written) {
                let index = entries[*entry].index(*address);
                entries[*entry].words[index] = word;
            }
            let changed: std::collections::BTreeSet<usize> = places.iter().map(|(entry, _)| *entry).collect();
            if !changed.iter().all(|entry| entries[*entry].is_in_range(self.is_low_first)) {
                return Err(ILLEGAL_VALUE);
            }
            self.entries = entries;
            return Ok(Answer::Written);
        }
        let words: Vec<u16> = places.into_iter().map(|(entry, address)| self.word(entry, address)).collect();
        Ok(match table {
            Table::Coils | Table::DiscreteInputs => Answer::Bits(words.into_iter().map(|word| word != 0).collect()),
            _ => Answer::Registers(words),
        })
    }

    fn word(&self, entry: usize, address: u16) -> u16 {
        let entry = &self.entries[entry];
        let index = entry.index(address);
        let source = entry.follows.as_ref().and_then(|name| self.named(name));
        source.unwrap_or(entry).words.get(index).copied().unwrap_or_default()
    }

    fn named(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name.as_deref() == Some(name))
    }
}

#[cfg(test)]
mod tests;
