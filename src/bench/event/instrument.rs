//! An opened instrument or console.
//!
//! Invariant: plain data; only what the instrument, its address or the bench says.

use super::Board;
use crate::port::kind::Source;
use serde::{Deserialize, Serialize};

/// An opened instrument or console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Its name in errors and measurements.
    pub name: String,
    /// Its class.
    pub class: String,
    /// Its address, as the user wrote it.
    pub port: String,
    /// Whether a verdict with it is not one on hardware.
    #[serde(default)]
    pub simulated: bool,
    /// It is the console of a unit, or a Modbus line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub console: bool,
    /// The maker, as the instrument says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manufacturer: String,
    /// The model.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// The serial number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// The version of its firmware.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub firmware: String,
    /// When it was calibrated last, as the bench knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated: Option<String>,
}

impl Instrument {
    /// It among what is simulated; `None` if it is real.
    pub fn as_simulated(&self) -> Option<Board> {
        self.simulated.then(|| Board {
            name: self.name.clone(),
            class: self.class.clone(),
            port: self.port.clone(),
            source: Some(Source::Simulator),
            simulated: true,
            ..Board::default()
        })
    }

    /// Maker, model, serial number, firmware and calibration, as far as they are known.
    pub fn identity(&self) -> String {
        let named = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!("{name} {text}") };
        let calibrated = self.calibrated.as_deref().unwrap_or_default();
        let parts = [
            format!("{} {}", self.manufacturer, self.model).trim().to_owned(),
            named("serial", &self.serial),
            named("firmware", &self.firmware),
            named("calibrated", calibrated),
        ];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }
}
