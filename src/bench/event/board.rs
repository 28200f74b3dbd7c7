//! An opened device.
//!
//! Invariant: plain data; only what the board or its port reports.

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
