//! The open instruments of a host, and those that it knows by name.
//!
//! Invariant: an instrument is in the list from its opening until it is closed.

use crate::instrument::{Instrument, InstrumentOptions};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// How to open a named instrument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedInstrument {
    /// Its address in any form.
    pub address: String,
    /// Its options, but the name.
    pub options: InstrumentOptions,
    /// As [`NamedBoard::untrusted`](crate::device::NamedBoard::untrusted).
    pub untrusted: Option<PathBuf>,
}

/// The open instruments of a host, in the order of opening.
#[derive(Default)]
pub(super) struct Instruments(Mutex<Vec<Instrument>>);

impl Instruments {
    /// Changes or reads the list.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Vec<Instrument>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the one that was opened last.
    pub(super) fn take_last(&self) -> Option<Instrument> {
        self.change(Vec::pop)
    }
}
