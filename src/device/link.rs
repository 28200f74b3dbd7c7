//! Connects to a device's board, the first time and after each loss.
//!
//! Uses [`crate::port`], [`crate::repl`] and [`crate::board`]. Invariant: every connection of a device uses
//! the options that it was opened with.

use crate::board::{Board, ConnectFailure};
use crate::device::host::Host;
use crate::device::kept::Key;
use crate::device::limits::CONNECT_LIMIT;
use crate::device::link_errors::connect_error;
use crate::device::named::Resolved;
use crate::device::options::OpenOptions;
use crate::error::{Error, Kind, Result};
use crate::port::address::Address;
use crate::port::options::PortOptions;
use crate::port::usb::{self, FoundPort, UsbSpecifier};
use crate::port::{self, Abilities, Port, Wait};
use crate::repl::{Means, Session};

const STARTUP_MICROPYTHON: &str = include_str!("../board/snippets/startup_micropython.py");
const STARTUP_CIRCUITPYTHON: &str = include_str!("../board/snippets/startup_circuitpython.py");

/// Opens the port of a board. The argument says whether it is opened again after a loss.
pub type Connector = dyn Fn(bool) -> Result<Box<dyn Port>> + Send + Sync;

/// Everything needed to open a board's port.
pub struct Link {
    /// The port as the user wrote it.
    pub written: String,
    connector: Box<Connector>,
    soft_reset: Option<bool>,
    startup: Option<String>,
    key: Option<Key>,
}

impl Link {
    /// A link to a port, or to the host's default.
    ///
    /// # Errors
    /// Of an invalid address, or of a missing default; PermissionError if the host's gate does not allow it.
    pub(super) fn new(host: &Host, known: &Resolved) -> Result<Link> {
        let options = &known.options;
        let (written, address) = host.address(known.port.as_deref())?;
        host.gate().port(&address, known.asker())?;
        let line = options.line.clone().or(&host.line());
        let options_of_port = PortOptions { line, exclusive: options.exclusive, turn: 0 };
        let key = Key { written: written.clone(), options: options_of_port.clone() };
        // A USB board may reappear under another name.
        let usb = address.serial_path().and_then(|path| identify(path, &usb::list().ok()?)).map(Address::from);
        let (output, turns) = (host.shared_output(), host.turns());
        let connector = move |again: bool| {
            let open = |address: &Address| {
                let options = PortOptions { turn: turns.next(address), ..options_of_port.clone() };
                port::open::open(address, &options, &|text| output.notice(text))
            };
            match usb.as_ref().filter(|_| again).map(open) {
                Some(Err(error)) if error.kind() == Kind::DeviceNotFoundError => open(&address),
                Some(found) => found,
                None => open(&address),
            }
        };
        Ok(Link { key: Some(key), ..Link::over(&written, Box::new(connector), options) })
    }

    /// A link over ports that `connector` opens; `written` is their name in messages.
    pub fn over(written: &str, connector: Box<Connector>, options: &OpenOptions) -> Link {
        let written = written.to_owned();
        Link { written, connector, soft_reset: options.soft_reset, startup: options.startup.clone(), key: None }
    }

    /// The key that two openings of the same connection share; `None` for the caller's own ports.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Opens the port, recorded if the host records. `again`: as in [`Link::connect`].
    ///
    /// # Errors
    /// Of the port.
    pub fn open_port(&self, host: &Host, again: bool) -> Result<Box<dyn Port>> {
        let port = (self.connector)(again)?;
        Ok(match host.recorder() {
            Some(recorder) => recorder.record(port),
            None => port,
        })
    }

    /// Opens the port and connects the board. `again`: after a loss; then finds the same USB board under any name, and restarts
    /// its interpreter if the port supports that.
    ///
    /// # Errors
    /// Of the port, or ConnectionFailedError if no board responds there.
    pub fn connect(&self, host: &Host, device: &str, again: bool) -> Result<Board> {
        let mut port = self.open_port(host, again)?;
        let token = port.agree_on_token(token()?);
        let abilities = port.abilities();
        let reset = self.soft_reset.unwrap_or(!abilities.fresh) && abilities.soft_reset;
        let wait = Wait::for_at_most(CONNECT_LIMIT).until(host.deadline());
        let mut filter = crate::device::output::Filter::default();
        let lines = crate::device::lines::LineMap::default();
        let shown = |text: String| {
            if !text.is_empty() {
                host.output().boot(device, &text);
            }
        };
        let mut sink = |bytes: &[u8]| shown(filter.feed(bytes, &lines).text);
        let (output, name) = (host.shared_output(), device.to_owned());
        let session = Session::new(port, token)
            .announcing(move |means| output.notice(&crate::device::link::announcement(&name, means)));
        let connected = Board::connect(session, reset, wait, &mut sink);
        shown(filter.flush().text);
        connected.map_err(|failure| refused_unless(failure, &self.written, abilities, reset))
    }

    /// Whether the startup code is the user's.
    pub fn has_own_startup(&self) -> bool {
        self.startup.is_some()
    }

    /// The startup code: the user's, or convenience imports for this implementation.
    pub fn startup(&self, implementation: &str) -> Option<&str> {
        let code = match (&self.startup, implementation) {
            (Some(code), _) => code.as_str(),
            (None, "circuitpython") => STARTUP_CIRCUITPYTHON,
            (None, _) => STARTUP_MICROPYTHON,
        };
        Some(code).filter(|code| !code.trim().is_empty())
    }
}

/// The USB board at the serial port `path`, identified independently of its name: by its serial number, or else by where
/// it is plugged in.
fn identify(path: &str, ports: &[FoundPort]) -> Option<UsbSpecifier> {
    let specifier = ports.iter().find(|found| found.device == path)?.specifier();
    let location = specifier.location.clone().filter(|_| specifier.serial_number.is_none());
    let specifier = UsbSpecifier { device: None, location, ..specifier };
    (specifier.serial_number.is_some() || specifier.location.is_some()).then_some(specifier)
}

/// The error of a board that did not connect.
pub fn refused(failure: ConnectFailure, port: &str, abilities: Abilities) -> Error {
    refused_unless(failure, port, abilities, true)
}

/// As [`refused`]. `fresh`: the board was restarted before, so no earlier code can be the reason.
fn refused_unless(failure: ConnectFailure, port: &str, abilities: Abilities, fresh: bool) -> Error {
    match failure {
        ConnectFailure::Link(failure) => connect_error(failure, port, abilities),
        ConnectFailure::Unusable(text) => {
            let last = text.trim().lines().last().unwrap_or_default().to_owned();
            if last.starts_with("MemoryError") {
                return Error::new(
                    Kind::ConnectionFailedError,
                    format!("the board at `{port}` has not enough free memory: {}", last.trim_end_matches([':', ' '])),
                )
                .with_help("restart the board to free the memory of earlier programs: open it without `soft_reset: false`, or run `belay-script exec pass`");
            }
            if !fresh {
                return Error::new(
                    Kind::ConnectionFailedError,
                    format!("the board at `{port}` cannot run belay-script's helpers: {last}"),
                )
                .with_help(
                    "restart the board (`belay-script reset`, or open it without `soft_reset: false`): an earlier program may \
                     have replaced a built-in, such as `builtins.__import__`",
                );
            }
            Error::new(
                Kind::ConnectionFailedError,
                format!("the device at `{port}` is not a usable MicroPython: {last}"),
            )
            .with_help("install MicroPython 1.9 or newer, or CircuitPython, on the board")
        }
    }
}

/// Ten random letters and digits.
fn token() -> Result<String> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(Kind::InternalError, format!("the operating system provides no random bytes: {error}"))
    })?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect())
}

/// The notice before strong means are used.
pub(super) fn announcement(device: &str, means: Means) -> String {
    // Its default name.
    let name = if device == "Device" { "the board".to_owned() } else { format!("`{device}`") };
    match means {
        Means::Interrupt => format!("-- {name}: interrupting the last program"),
        Means::Storm => format!("-- {name} does not respond: trying repeated Ctrl-C"),
        Means::SoftReset => format!("-- {name} does not respond: trying a soft reset"),
        Means::HardReset => {
            format!("-- {name} does not respond: trying a reset by its port, with Ctrl-C while it boots")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_usb_board_under_another_name() {
        let port = |device: &str, serial: Option<&str>, location: &str| FoundPort {
            device: device.to_owned(),
            vid: Some(0x2e8a),
            pid: Some(5),
            serial_number: serial.map(str::to_owned),
            location: Some(location.to_owned()),
            ..FoundPort::default()
        };
        let before = [port("ttyACM0", Some("one"), "1-1"), port("ttyACM1", Some("two"), "1-2")];
        // A different socket and name, and another board has the old name.
        let after = [port("ttyACM0", Some("two"), "1-2"), port("ttyACM2", Some("one"), "1-3")];
        let specifier = identify("ttyACM0", &before).unwrap();
        assert_eq!(usb::find(&specifier, &after).unwrap().device, "ttyACM2");
        assert_eq!(identify("ttyACM9", &before), None);

        let before = [port("ttyUSB0", None, "1-1"), port("ttyUSB1", None, "1-2")];
        let after = [port("ttyUSB2", None, "1-1"), port("ttyUSB1", None, "1-2")];
        let specifier = identify("ttyUSB0", &before).unwrap();
        assert_eq!(usb::find(&specifier, &after).unwrap().device, "ttyUSB2");
    }
}
