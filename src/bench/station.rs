//! `station.toml`: the boards of a bench by name, constants and limits for scripts, and the report folder.
//!
//! Uses toml_edit, which keeps positions, and [`crate::diagnostic`]. Invariant: plain data; a file with anything unknown in
//! it is rejected, with its position.

mod read;
mod write;

pub use write::{BoardEntry, with_board};

use crate::diagnostic::Diagnostic;
use crate::instrument::InstrumentOptions;
use crate::instrument::wiring::Wire;
use crate::port::address::Address;
use crate::port::options::LineOptions;
use crate::port::usb::UsbSpecifier;
use crate::value::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of a station file.
pub const FILE: &str = "station.toml";

/// Whether the user trusts the content of a station file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The user named it, or trusted its current content.
    #[default]
    Trusted,
    /// It was found, and never trusted.
    Unknown,
    /// It has changed since it was trusted.
    Changed,
}

/// The content of a station file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Station {
    /// Whether the user trusts it.
    pub trust: Trust,
    /// The file, as the user wrote it.
    pub file: String,
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
    /// The lines of constants and limits, by `constants.NAME` and `limits.NAME`.
    pub lines: Vec<(String, u32)>,
    /// The station's name.
    pub name: Option<String>,
    /// The report folder; relative to the file's folder.
    pub reports: Option<PathBuf>,
    /// The boards with their names, in file order.
    pub boards: Vec<(String, StationBoard)>,
    /// The consoles with their names, in file order.
    pub consoles: Vec<(String, StationConsole)>,
    /// The instruments with their names, in file order.
    pub instruments: Vec<(String, StationInstrument)>,
    /// What simulated instruments and boards are wired to.
    pub wiring: Vec<Wire>,
    /// Values for scripts.
    pub constants: Vec<(String, Value)>,
    /// Options of `measure` for scripts, a dict each.
    pub limits: Vec<(String, Value)>,
    /// Command lines by their names.
    pub recipes: Vec<(String, String)>,
}

/// One board of a station. `None` means the same as without a station.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StationBoard {
    /// What to open: a port in any form. Not needed for a simulated board.
    pub port: Option<String>,
    /// What to open when boards are simulated: `sim:…`.
    pub sim: Option<String>,
    /// Always simulated.
    pub simulate: bool,
    /// The line and the login.
    pub line: LineOptions,
    /// Attempts to restore a lost connection; negative means unlimited.
    pub attempts: i64,
    /// Timeout of one call.
    pub timeout: Option<Duration>,
}

/// One console of a station. `None` means the same as without a station.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StationConsole {
    /// What to open: a port in any form.
    pub port: Option<String>,
    /// What to open when boards are simulated.
    pub sim: Option<String>,
    /// Always simulated.
    pub simulate: bool,
    /// The serial line.
    pub line: LineOptions,
    /// How long a call waits.
    pub timeout: Option<Duration>,
    /// What ends a line that is sent.
    pub newline: Option<String>,
    /// What the unit sends when it waits for a command.
    pub prompt: Option<String>,
    /// Whether the unit sends commands back.
    pub echo: Option<bool>,
}

impl StationConsole {
    /// The port to open; `all_simulated` simulates connected units too, as far as the file says how.
    pub fn address(&self, all_simulated: bool) -> String {
        let simulated = self.sim.clone().filter(|_| self.simulate || all_simulated);
        simulated.or_else(|| self.port.clone()).or_else(|| self.sim.clone()).unwrap_or_default()
    }
}

/// One instrument of a station.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StationInstrument {
    /// Its address in any form. Not needed for a simulated one.
    pub address: Option<String>,
    /// The simulated instrument in its place: `sim-instrument:…`.
    pub sim: Option<String>,
    /// Always simulated.
    pub simulate: bool,
    /// How to open it.
    pub options: InstrumentOptions,
}

impl StationInstrument {
    /// The address to open; `all_simulated` simulates connected instruments too, as far as the file says how.
    pub fn address(&self, all_simulated: bool) -> String {
        let simulated = self.sim.clone().filter(|_| self.simulate || all_simulated);
        simulated.or_else(|| self.address.clone()).or_else(|| self.sim.clone()).unwrap_or_default()
    }
}

impl Station {
    /// Parses the text of a station file; `file` is its path.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(file: &Path, text: &str) -> Result<Station, Box<Diagnostic>> {
        read::parse(file, text)
    }

    /// The console with this name.
    pub fn console(&self, name: &str) -> Option<&StationConsole> {
        self.consoles.iter().find(|(known, _)| known == name).map(|(_, console)| console)
    }

    /// The board with this name.
    pub fn board(&self, name: &str) -> Option<&StationBoard> {
        self.boards.iter().find(|(known, _)| known == name).map(|(_, board)| board)
    }
}

impl StationBoard {
    /// The port to open; `all_simulated` simulates even connected boards.
    pub fn address(&self, name: &str, all_simulated: bool) -> String {
        let simulated = || self.sim.clone().unwrap_or_else(|| Address::simulated(name).to_string());
        match &self.port {
            Some(port) if !self.simulate && !all_simulated => port.clone(),
            _ => simulated(),
        }
    }
}

/// Whether this is a valid board name: letters, digits, `_` and `-`, and not a port itself.
pub fn is_board_name(name: &str) -> bool {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    let upper = name.to_uppercase();
    let port = upper == "SIM"
        || upper.strip_prefix("COM").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    plain && !port
}

/// Whether this is a valid name of a recipe: letters, digits, `_` and `-`, a letter first.
pub fn is_recipe_name(name: &str) -> bool {
    name.starts_with(char::is_alphabetic) && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// A specifier that follows the board: by its serial number if it has one, else by its current location.
pub fn lasting(specifier: &UsbSpecifier) -> UsbSpecifier {
    let serial_number = specifier.serial_number.clone().filter(|serial| !serial.is_empty());
    let location = specifier.location.clone().filter(|_| serial_number.is_none());
    UsbSpecifier { vid: specifier.vid, pid: specifier.pid, serial_number, location, ..UsbSpecifier::default() }
}

#[cfg(test)]
mod tests;
