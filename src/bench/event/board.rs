//! An opened device.
//!
//! Invariant: plain data; only what the board or its port reports.

use crate::bench::simulated;
use crate::port::kind::Source;
use serde::{Deserialize, Serialize};

/// An opened device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// Its name in output and errors.
    pub name: String,
    /// Its class.
    pub class: String,
    /// The port as written.
    pub port: String,
    /// What answers at the port; `None` in logs of versions that did not record it.
    #[serde(default)]
    pub source: Option<Source>,
    /// Whether a verdict with it is not one on hardware: the source is not a board.
    #[serde(default)]
    pub simulated: bool,
    /// Its place in the station file, from 0; `None` if it is not a board of the station.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// `micropython`, `circuitpython`, or the firmware's own name.
    pub implementation: String,
    /// Version of the firmware, `1.27.0`.
    pub firmware: String,
    /// `sys.platform`.
    pub platform: String,
    /// What distinguishes it from others of its kind, for example a USB serial number; if known.
    pub id: Option<String>,
    /// The board's name for its hardware, for example `Raspberry Pi Pico with RP2040`; if it was asked and reports one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// The board's unique id in hexadecimal; if it was asked and reports one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
}

impl Board {
    /// The board with its source, which is derived from the port and the platform if it was not recorded.
    #[must_use]
    pub fn with_source(mut self) -> Board {
        let source = *self.source.get_or_insert_with(|| simulated::source(&self.port, &self.platform));
        self.simulated |= source != Source::Board;
        self
    }
}
