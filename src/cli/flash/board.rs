//! The board that is flashed: its boot loader before, its version after.
//!
//! Uses [`crate::device`]. Invariant: nothing on the board is changed, except that it restarts.

use super::{LOOK, pause};
use crate::cli::arguments::Connection;
use crate::cli::console::Console;
use crate::cli::session::{self, Aside};
use crate::device::class::Class;
use crate::device::{Device, Host, OpenOptions, Reset};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind, Result};
use crate::port::address::Address;
use crate::port::usb::{self, FoundPort};
use std::sync::Arc;
use std::time::Instant;

/// A board by its port.
pub struct Flashed {
    host: Host,
    /// The ports of USB boards before its boot loader started.
    before: Vec<FoundPort>,
    /// Its port as the person wrote it, and its entry in `before`.
    port: Option<String>,
    entry: Option<FoundPort>,
    /// What ran on it: `micropython 1.27.0 on rp2`.
    pub firmware: Option<String>,
}

impl Flashed {
    /// The board of the command line; no port is opened yet.
    ///
    /// # Errors
    /// As [`session::host`].
    pub fn new(connection: &Connection, console: &Arc<Console>) -> std::result::Result<Flashed, Diagnostic> {
        // The commands of a chain open it again: it is another board then.
        let connection = Connection { shared: None, ..connection.clone() };
        let host = session::host(&Arc::new(Aside(console.clone())), &connection)?;
        let before = usb::list().unwrap_or_default();
        let mut flashed = Flashed { host, before, port: connection.port, entry: None, firmware: None };
        flashed.entry = flashed.serial_port().ok().and_then(|path| flashed.found(&path).cloned());
        Ok(flashed)
    }

    fn found(&self, path: &str) -> Option<&FoundPort> {
        self.before.iter().find(|port| port.device == path)
    }

    /// Whether the command line names it.
    pub fn is_named(&self) -> bool {
        self.port.is_some()
    }

    /// Whether a port can be meant at all: that of the command line or the environment, or of a board that is plugged in.
    pub fn is_expected(&self) -> bool {
        self.is_named() || crate::port::open::default_address().is_ok()
    }

    /// The path of its serial port, for other tools.
    ///
    /// # Errors
    /// If there is none, or several, or the port is of another kind.
    pub fn serial_port(&self) -> Result<String> {
        let named = |text: &String| {
            let board = self.host.options().boards.iter().find(|(name, _)| name == text);
            board.map_or_else(|| text.parse(), |(_, board)| board.port.parse())
        };
        let address = match &self.port {
            Some(text) => named(text)?,
            None => crate::port::open::default_address()?,
        };
        match &address {
            Address::Serial(path) => Ok(path.clone()),
            Address::Usb(specifier) => usb::find(specifier, &self.before).map(|port| port.device.clone()),
            other => Err(Error::new(Kind::FeatureUnavailableError, format!("`{other}` is not a serial port"))
                .with_help("name the serial port of the board: `--port /dev/ttyUSB0` or `--port COM3`")),
        }
    }

    /// Asks the board what runs on it, and starts its boot loader.
    ///
    /// # Errors
    /// If no board answers, or its firmware cannot start a boot loader.
    pub fn enter_boot_loader(&mut self) -> Result<()> {
        let device = self.open(None)?;
        self.firmware = Some(shown(&device));
        let left = device.leave_with_reset(Reset::Bootloader);
        self.host.close_all();
        left
    }

    fn open(&self, port: Option<&str>) -> Result<Device> {
        let options = OpenOptions {
            startup: Some(String::new()),
            soft_reset: Some(false),
            auto_sync_time: false,
            ..OpenOptions::default()
        };
        self.host.open(&Arc::new(Class::device()), port, options, &mut |_, _| Ok(()))
    }

    /// Waits until the board answers again; what runs on it then.
    ///
    /// # Errors
    /// ConnectionFailedError if it does not until `deadline`; Interrupted.
    pub fn wait(&self, deadline: Instant) -> Result<String> {
        loop {
            for port in self.places() {
                self.host.set_deadline(Some(deadline));
                let opened = self.open(port.as_deref());
                self.host.set_deadline(None);
                match opened {
                    Ok(device) => {
                        let firmware = shown(&device);
                        self.host.close_all();
                        return Ok(firmware);
                    }
                    Err(error) if error.kind() == Kind::Interrupted => return Err(error),
                    // It may still be starting.
                    Err(_) => {}
                }
            }
            if Instant::now() >= deadline {
                return Err(Error::new(
                    Kind::ConnectionFailedError,
                    "the firmware was written, but no board answered after that",
                )
                .with_help("unplug the board and plug it in again; `belay-script devices` shows whether it is there"));
            }
            pause(LOOK)?;
        }
    }

    /// Where it may be now. Other firmware may have another USB identity, and with it another path.
    fn places(&self) -> Vec<Option<String>> {
        let now = usb::list().unwrap_or_default();
        let mut places: Vec<Option<String>> = self.port.iter().cloned().map(Some).collect();
        let same = now.iter().filter(|port| self.entry.as_ref().is_some_and(|before| is_same(before, port)));
        let new: Vec<&FoundPort> = now.iter().filter(|port| self.found(&port.device).is_none()).collect();
        let new = new.first().filter(|_| new.len() == 1).copied();
        places.extend(same.chain(new).map(|port| Some(port.device.clone())));
        // The only one, or that of the environment.
        if places.is_empty() {
            places.push(None);
        }
        places.dedup();
        places
    }
}

/// Whether a port is that of the board: by its serial number, else by its socket.
fn is_same(before: &FoundPort, now: &FoundPort) -> bool {
    match (&before.serial_number, &now.serial_number) {
        (Some(before), Some(now)) if before.eq_ignore_ascii_case(now) => true,
        _ => before.location.is_some() && before.location == now.location,
    }
}

fn shown(device: &Device) -> String {
    let firmware = device.implementation();
    let (major, minor, patch) = firmware.version;
    format!("{} {major}.{minor}.{patch} on {}", firmware.name, firmware.platform)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_known_again() {
        let port = |device: &str, serial: Option<&str>, location: &str| FoundPort {
            device: device.to_owned(),
            serial_number: serial.map(str::to_owned),
            location: Some(location.to_owned()),
            ..FoundPort::default()
        };
        let before = port("/dev/ttyACM0", Some("E661a"), "1-2");
        assert!(is_same(&before, &port("/dev/ttyACM3", Some("e661A"), "1-3")));
        assert!(is_same(&before, &port("/dev/ttyACM3", None, "1-2")));
        assert!(!is_same(&before, &port("/dev/ttyACM0", Some("F0"), "1-4")));
    }
}
