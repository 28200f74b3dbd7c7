//! `station.toml`: the boards of a bench by name, constants and limits for scripts, and where reports go.
//!
//! Uses toml_edit, which knows where things stand, and [`crate::diagnostic`]. Invariant: plain data; a file with anything in
//! it that is not understood is refused, with the place of it.

mod read;
mod write;

pub use write::{Entry, with_board};

use crate::diagnostic::Diagnostic;
use crate::port::usb::UsbSpecifier;
use crate::value::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name under which a station's file is found.
pub const FILE: &str = "station.toml";

/// Whether a person vouches for the content of a station file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// They named it, or trusted it as it is.
    #[default]
    Trusted,
    /// It was found, and nobody has trusted it.
    Unknown,
    /// It was trusted, and has changed since.
    Changed,
}

/// What a station's file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Station {
    /// Whether a person vouches for it.
    pub trust: Trust,
    /// The file, as the user wrote it.
    pub file: String,
    /// The station's name.
    pub name: Option<String>,
    /// The folder for reports; a relative one is below the file's folder.
    pub reports: Option<PathBuf>,
    /// The boards in the order of the file, with their names.
    pub boards: Vec<(String, StationBoard)>,
    /// Values for scripts.
    pub constants: Vec<(String, Value)>,
    /// Options of measurements for scripts: a dict each.
    pub limits: Vec<(String, Value)>,
}

/// One board of a station. What is `None` is as if no station were there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StationBoard {
    /// What to open: a port in any form. A board that is simulated needs none.
    pub port: Option<String>,
    /// What to open where boards are simulated: `sim:…`.
    pub sim: Option<String>,
    /// Always simulated.
    pub simulate: bool,
    /// Bits per second of a serial port.
    pub baudrate: Option<u32>,
    /// State of DTR on open.
    pub dtr: Option<bool>,
    /// State of RTS on open.
    pub rts: Option<bool>,
    /// Attempts to restore a lost connection; negative: for ever.
    pub attempts: i64,
    /// Longest time of one call.
    pub timeout: Option<Duration>,
    /// User for ports that ask for one.
    pub user: Option<String>,
}

impl Station {
    /// Reads the text of a station's file; `file` is its path.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(file: &Path, text: &str) -> Result<Station, Box<Diagnostic>> {
        read::parse(file, text)
    }

    /// The board of this name.
    pub fn board(&self, name: &str) -> Option<&StationBoard> {
        self.boards.iter().find(|(known, _)| known == name).map(|(_, board)| board)
    }
}

impl StationBoard {
    /// The port to open; `all_simulated`: even where a board is wired.
    pub fn address(&self, name: &str, all_simulated: bool) -> String {
        let simulated = || self.sim.clone().unwrap_or_else(|| format!("sim:{name}"));
        match &self.port {
            Some(port) if !self.simulate && !all_simulated => port.clone(),
            _ => simulated(),
        }
    }
}

/// Whether a board can be called so: letters, digits, `_` and `-`, and nothing that is a port by itself.
pub fn is_board_name(name: &str) -> bool {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    let upper = name.to_uppercase();
    let port = upper == "SIM"
        || upper.strip_prefix("COM").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    plain && !port
}

/// What singles a board out wherever it is plugged in: its serial number if it has one, else where it is plugged in now.
pub fn lasting(specifier: &UsbSpecifier) -> UsbSpecifier {
    let serial_number = specifier.serial_number.clone().filter(|serial| !serial.is_empty());
    let location = specifier.location.clone().filter(|_| serial_number.is_none());
    UsbSpecifier { vid: specifier.vid, pid: specifier.pid, serial_number, location, ..UsbSpecifier::default() }
}

#[cfg(test)]
mod tests;
