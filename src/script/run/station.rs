//! The station of a run, which a session can read again.
//!
//! Invariant: the station and the boards of the host come from the same text.

use crate::bench::station::Station;
use crate::device::HostOptions;
use crate::script::lock::lock;
use crate::script::run::Run;
use std::sync::Arc;

/// The station, and the options of the host with its boards.
pub(crate) struct Bench {
    pub station: Option<Arc<Station>>,
    pub options: HostOptions,
}

impl Run {
    /// The station.
    pub fn station(&self) -> Option<Arc<Station>> {
        lock(&self.bench).station.clone()
    }

    /// Uses another station from now on; open devices stay.
    pub fn change_station(&self, station: Option<Arc<Station>>, options: HostOptions) {
        *lock(&self.bench) = Bench { station, options };
    }
}
