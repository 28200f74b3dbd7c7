//! An opened device.
//!
//! Invariants: plain data; only what the board or its port reports. In doubt, a board counts as simulated, so that no verdict is
//! taken for one on hardware.

use crate::port::address::Address;
use crate::port::kind::Source;
use serde::{Deserialize, Serialize};

/// Values of `sys.platform` of a MicroPython that runs on a computer. Firmware of boards never has them.
const COMPUTERS: &[&str] = &["linux", "darwin", "win32", "windows", "webassembly", "unix"];

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
    /// The board with its source: as recorded, but for a recorded board whose port or platform says that it is none, and for logs of
    /// versions that did not record it.
    #[must_use]
    pub fn with_source(mut self) -> Board {
        let named = source(&self.port, &self.platform);
        let source = self.source.filter(|source| *source != Source::Board).unwrap_or(named);
        self.source = Some(source);
        self.simulated |= source != Source::Board;
        self
    }
}

/// What answers at a port, as far as its address and the board's `sys.platform` say.
fn source(port: &str, platform: &str) -> Source {
    let named = port.parse::<Address>().map_or(Source::Board, |address| address.kind().source);
    let is_computer = COMPUTERS.contains(&platform) || platform.starts_with("qemu");
    if named == Source::Board && is_computer { Source::Program } else { named }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_known_to_be_hardware_is_simulated() {
        let case =
            |port: &str, platform: &str, expected| assert_eq!(source(port, platform), expected, "{port} {platform}");
        case("/dev/ttyACM0", "rp2", Source::Board);
        case("COM3", "esp32", Source::Board);
        case("usb:2e8a:0005", "rp2", Source::Board);
        case("ws://board.local", "esp32", Source::Board);
        case("sim", "linux", Source::Simulator);
        case("SIM:a?profile=esp32", "esp32", Source::Simulator);
        case("replay:run.log", "rp2", Source::Recording);
        case("exec:micropython", "linux", Source::Program);
        case("exec:ssh bench picocom", "rp2", Source::Program);
        case("tcp://localhost:4000", "linux", Source::Program);
        case("/dev/pts/3", "qemu-arm", Source::Program);
        let edited = Board { port: "sim".to_owned(), source: Some(Source::Board), ..Board::default() }.with_source();
        assert_eq!((edited.source, edited.simulated), (Some(Source::Simulator), true));
    }
}
