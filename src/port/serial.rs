//! Serial ports: a board on USB or on an adapter.
//!
//! Uses [`crate::error`], its siblings, and the crate `serialport`. Invariant: neither reading nor writing ever
//! blocks beyond one [`Wait::slice`] without looking at the deadline and at Ctrl-C.

use super::options::{Flow, LineOptions, Parity, PortOptions};
use super::{Abilities, ControlLine, Port, PortError, Wait, usb};
use crate::error::{Error, Kind, Result};
use crate::phrase::did_you_mean;
use crate::port::loss::Loss;
use std::time::Duration;

#[cfg(unix)]
#[path = "serial/unix.rs"]
mod link;
#[cfg(not(unix))]
#[path = "serial/elsewhere.rs"]
mod link;

use link::Link;

impl LineOptions {
    /// Both lines with their target states, in the order in which to set them: never through DTR off with RTS on, which
    /// resets an ESP32.
    pub(super) fn lines(&self) -> [(ControlLine, bool); 2] {
        let dtr = self.dtr.unwrap_or(true);
        let rts = self.rts.unwrap_or(dtr);
        if rts {
            [(ControlLine::Dtr, dtr), (ControlLine::Rts, rts)]
        } else {
            [(ControlLine::Rts, rts), (ControlLine::Dtr, dtr)]
        }
    }
}

/// The line's speed and framing, for the crate to open it with.
fn framed(path: &str, baud_rate: u32, options: &LineOptions) -> serialport::SerialPortBuilder {
    use serialport::{DataBits, FlowControl, Parity as Check, StopBits};
    serialport::new(path, baud_rate)
        .data_bits(match options.data_bits {
            Some(5) => DataBits::Five,
            Some(6) => DataBits::Six,
            Some(7) => DataBits::Seven,
            _ => DataBits::Eight,
        })
        .parity(match options.parity.unwrap_or_default() {
            Parity::None => Check::None,
            Parity::Odd => Check::Odd,
            Parity::Even => Check::Even,
        })
        .stop_bits(if options.stop_bits == Some(2) { StopBits::Two } else { StopBits::One })
        .flow_control(match options.flow.unwrap_or_default() {
            Flow::None => FlowControl::None,
            Flow::Software => FlowControl::Software,
            Flow::Hardware => FlowControl::Hardware,
        })
}

/// How long the reset line is held down.
const PULSE: Duration = Duration::from_millis(100);

/// The line states that reset a board, and how long each is held. DTR goes off first: with DTR on and RTS off, a reset
/// would end in the boot loader.
pub(super) fn reset_pulse(lines: [(ControlLine, bool); 2]) -> [(Vec<(ControlLine, bool)>, Duration); 3] {
    [
        (vec![(ControlLine::Dtr, false), (ControlLine::Rts, true)], PULSE),
        (vec![(ControlLine::Rts, false)], Duration::from_millis(1)),
        (lines.to_vec(), Duration::ZERO),
    ]
}

/// Sets the lines, if the port has any: a pseudo-terminal does not.
fn set_lines(port: &mut dyn serialport::SerialPort, lines: &[(ControlLine, bool)]) {
    for &(line, level) in lines {
        let _ = match line {
            ControlLine::Dtr => port.write_data_terminal_ready(level),
            ControlLine::Rts => port.write_request_to_send(level),
        };
    }
}

/// How long a write may make no progress.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open serial port. Dropping it closes it.
pub struct SerialPort {
    name: String,
    gone: Loss,
    patience: Duration,
    link: Link,
    /// The lines as they are while the board runs.
    lines: [(ControlLine, bool); 2],
}

impl SerialPort {
    /// Opens the port named `path`. Earlier output of the board is kept.
    ///
    /// # Errors
    /// [`Kind::DeviceNotFoundError`] if the port does not exist, [`Kind::ConnectionFailedError`] if it cannot be
    /// opened, [`Kind::ArgumentError`] for a baud rate that cannot be set.
    pub fn open(path: &str, options: &PortOptions) -> Result<SerialPort> {
        if options.line.baud_rate() == 0 {
            return Err(Error::new(Kind::ArgumentError, "baud rate must not be 0").with_help("try 115200"));
        }
        let link = Link::open(path, options).map_err(|failure| explain(path, options, failure))?;
        Ok(SerialPort {
            name: path.to_owned(),
            gone: Loss::Unplugged(path.to_owned()),
            patience: PATIENCE,
            link,
            lines: options.line.lines(),
        })
    }

    /// The same port with another display name, such as its USB specifier.
    pub fn named(self, name: impl Into<String>) -> SerialPort {
        SerialPort { name: name.into(), ..self }
    }
}

impl Port for SerialPort {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            soft_reset: true,
            raw_paste: true,
            queues: self.link.queues(),
            // A pseudo-terminal has no control lines.
            hard_reset: !self.link.queues(),
            ..Abilities::default()
        }
    }

    /// Pulses RTS with DTR off, which resets an ESP through its automatic reset circuit, then restores the lines. Boards with
    /// native USB are usually not wired this way.
    fn hard_reset(&mut self, wait: Wait) -> Result<(), PortError> {
        for (lines, pause) in reset_pulse(self.lines) {
            self.link.set_lines(&lines);
            let end = wait.until(Some(std::time::Instant::now() + pause));
            while let Ok(slice) = end.slice() {
                std::thread::park_timeout(slice);
            }
        }
        Ok(())
    }

    fn set_line(&mut self, line: ControlLine, on: bool) -> Result<bool, PortError> {
        if self.link.queues() {
            return Ok(false);
        }
        for known in self.lines.iter_mut().filter(|(known, _)| *known == line) {
            known.1 = on;
        }
        self.link.set_lines(&[(line, on)]);
        Ok(true)
    }

    fn hold_break(&mut self, on: bool) -> Result<bool, PortError> {
        Ok(!self.link.queues() && self.link.hold_break(on))
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        self.link.write(bytes, wait, self.patience, &self.gone)
    }

    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        vec![self.link.descriptor()]
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        self.link.read_available(buffer, &self.gone)
    }

    /// Like [`Port::read`]. Past the deadline it appends the available bytes and returns [`PortError::Timeout`].
    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        self.link.read(buffer, wait, &self.gone)
    }
}

/// The kind of a path that is to be opened as a serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A serial port, as far as is known before opening it.
    Serial,
    /// A terminal with a program on this computer at its other end.
    PseudoTerminal,
    /// The path does not exist.
    Missing,
    /// Something else, as a phrase: `a regular file`.
    Other(&'static str),
}

/// Finds the kind of `path` without opening it, which can have side effects.
pub fn kind_of(path: &str) -> PathKind {
    link::kind_of(path)
}

/// The error for a path that is not a serial port; `what` says what it is.
pub fn not_serial(path: &str, what: &str) -> Error {
    Error::new(Kind::ConnectionFailedError, format!("`{path}` is not a serial port: it is {what}"))
        .with_help("`belay-script devices` lists the boards that are plugged in")
}

/// Why a port could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Failure {
    /// The file or port does not exist.
    Missing,
    /// It is not a terminal, but this.
    #[cfg(unix)]
    NoTerminal(&'static str),
    /// Permission denied.
    Forbidden,
    /// Another program uses it.
    Busy,
    /// The baud rate is not supported.
    BaudRate,
    /// Something else; holds the system's message.
    Other(String),
}

impl From<serialport::Error> for Failure {
    fn from(error: serialport::Error) -> Failure {
        use std::io::ErrorKind;
        match error.kind {
            serialport::ErrorKind::Io(ErrorKind::NotFound) => Failure::Missing,
            serialport::ErrorKind::Io(ErrorKind::PermissionDenied) => Failure::Forbidden,
            // The crate's error for a port that another program has locked.
            serialport::ErrorKind::NoDevice => Failure::Busy,
            serialport::ErrorKind::InvalidInput => Failure::BaudRate,
            _ => Failure::Other(error.description),
        }
    }
}

/// The error for the user.
fn explain(path: &str, options: &PortOptions, failure: Failure) -> Error {
    let failed = |message: String| Error::new(Kind::ConnectionFailedError, message);
    match failure {
        Failure::Missing => missing(path, &usb::list().unwrap_or_default(), &usb::names()),
        #[cfg(unix)]
        Failure::NoTerminal(what) => not_serial(path, what),
        Failure::Forbidden => failed(format!("permission denied for `{path}`")).with_help(FORBIDDEN_HELP),
        Failure::Busy => failed(format!("`{path}` is in use by another program")).with_help(
            "close the other program (a serial monitor, an editor's REPL, another run of belay-script) and try again; \
             on Linux `belay-script doctor` names it",
        ),
        Failure::BaudRate => {
            let message = format!("`{path}` does not support {} baud", options.line.baud_rate());
            Error::new(Kind::ArgumentError, message).with_help("try 115200")
        }
        Failure::Other(reason) => {
            failed(format!("cannot open `{path}`: {reason}")).with_help("unplug the board, plug it in again, and retry")
        }
    }
}

#[cfg(target_os = "linux")]
const FORBIDDEN_HELP: &str = "run `belay-script doctor`: it names the command, usually `sudo usermod -a -G dialout $USER` \
                              (`uucp` on Arch), then log in again; `doctor --fix` runs it";
#[cfg(not(target_os = "linux"))]
const FORBIDDEN_HELP: &str = "get permission to read and write this port";

/// The error for an unknown port: suggests the closest name and lists all boards.
fn missing(path: &str, boards: &[usb::FoundPort], names: &[String]) -> Error {
    let known = boards.iter().map(|board| &board.device).chain(names);
    let near = known
        .map(|name| (crate::name::edits(&name.to_lowercase(), &path.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= 2)
        .min_by_key(|(distance, _)| *distance);
    let mut help = near.map_or(String::new(), |(_, name)| format!("{} ", did_you_mean(name)));
    if boards.is_empty() {
        help.push_str("no board was found on USB: plug one in, or try `--port sim`");
    } else {
        help.push_str("these boards are plugged in:");
        help.extend(boards.iter().map(|board| format!("\n  {board}")));
    }
    Error::new(Kind::DeviceNotFoundError, format!("unknown serial port `{path}`")).with_help(help)
}

#[cfg(all(test, unix))]
mod tests;
