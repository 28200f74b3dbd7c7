//! Serial ports: a board on USB or on an adapter.
//!
//! Uses [`crate::error`], its siblings, and the crate `serialport`. Invariant: neither reading nor writing ever
//! blocks beyond one [`Wait::slice`] without looking at the deadline and at Ctrl-C.

use super::{Abilities, Port, PortError, Wait, usb};
use crate::error::{Error, Kind, Result};
use std::time::Duration;

#[cfg(unix)]
#[path = "serial/unix.rs"]
mod link;
#[cfg(not(unix))]
#[path = "serial/elsewhere.rs"]
mod link;

use link::Link;

/// How to open a serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialOptions {
    /// Bits per second; not 0. Of no meaning to boards with USB of their own.
    pub baud_rate: u32,
    /// Whether other programs are kept out. (On Windows they always are.)
    pub exclusive: bool,
    /// The line DTR. Absent: on, because boards with TinyUSB discard their output without it.
    pub dtr: Option<bool>,
    /// The line RTS. Absent: the same as DTR, because on boards with an automatic reset circuit (ESP32) equal
    /// levels let the board run, while DTR off with RTS on holds it in reset.
    pub rts: Option<bool>,
}

impl Default for SerialOptions {
    fn default() -> SerialOptions {
        SerialOptions { baud_rate: 115_200, exclusive: true, dtr: None, rts: None }
    }
}

impl SerialOptions {
    /// Both lines as they shall be, in the order in which to set them: never by way of DTR off with RTS on, which
    /// resets an ESP32.
    pub(super) fn lines(&self) -> [(Line, bool); 2] {
        let dtr = self.dtr.unwrap_or(true);
        let rts = self.rts.unwrap_or(dtr);
        if rts { [(Line::Dtr, dtr), (Line::Rts, rts)] } else { [(Line::Rts, rts), (Line::Dtr, dtr)] }
    }
}

/// A control line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Dtr,
    Rts,
}

/// How long the reset line is held.
const PULSE: Duration = Duration::from_millis(100);

/// The settings of the lines that reset a board, and how long each is held. DTR goes off first: with it on and RTS off, a
/// reset would end in the boot loader.
pub(super) fn reset_pulse(lines: [(Line, bool); 2]) -> [(Vec<(Line, bool)>, Duration); 3] {
    [
        (vec![(Line::Dtr, false), (Line::Rts, true)], PULSE),
        (vec![(Line::Rts, false)], Duration::from_millis(1)),
        (lines.to_vec(), Duration::ZERO),
    ]
}

/// Sets the lines, as far as the port has any: a pseudo-terminal does not.
fn set_lines(port: &mut dyn serialport::SerialPort, lines: &[(Line, bool)]) {
    for &(line, level) in lines {
        let _ = match line {
            Line::Dtr => port.write_data_terminal_ready(level),
            Line::Rts => port.write_request_to_send(level),
        };
    }
}

/// How long a write may go without a byte being taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open serial port. Dropping it closes it.
pub struct SerialPort {
    name: String,
    gone: String,
    patience: Duration,
    link: Link,
    /// The lines as they are while the board runs.
    lines: [(Line, bool); 2],
}

impl SerialPort {
    /// Opens the port of the name `path`. What the board has said before is not thrown away.
    ///
    /// # Errors
    /// [`Kind::DeviceNotFoundError`] if there is no such port, [`Kind::ConnectionFailedError`] if it cannot be
    /// opened, [`Kind::ArgumentError`] for a baud rate that cannot be set.
    pub fn open(path: &str, options: &SerialOptions) -> Result<SerialPort> {
        if options.baud_rate == 0 {
            return Err(Error::new(Kind::ArgumentError, "the baud rate is 0").with_help("115200 is usual"));
        }
        let link = Link::open(path, options).map_err(|failure| explain(path, options, failure))?;
        Ok(SerialPort {
            name: path.to_owned(),
            gone: format!("`{path}` is gone: the board was unplugged, or it restarted its USB"),
            patience: PATIENCE,
            link,
            lines: options.lines(),
        })
    }

    /// The same port under another name, such as the specifier that led to it.
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
            // A pseudo-terminal has no lines.
            hard_reset: !self.link.queues(),
            ..Abilities::default()
        }
    }

    /// Pulses RTS with DTR off, which an ESP's automatic reset circuit takes for its reset button, and brings the lines back
    /// to where they were. Boards with USB of their own are as a rule not wired so.
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

    /// As [`Port::read`]. Past the deadline, bytes that are there are appended and [`PortError::Timeout`] is
    /// returned.
    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        self.link.read(buffer, wait, &self.gone)
    }
}

/// What a path is that is to be opened as a serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A serial port, as far as that is known before it is opened.
    Serial,
    /// A terminal with a program of this computer on its other end.
    PseudoTerminal,
    /// Nothing is there.
    Missing,
    /// Something else; what it is, as a phrase: `a regular file`.
    Other(&'static str),
}

/// What is at `path`, without opening it: that can have effects of its own.
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
    /// There is no such file or port.
    Missing,
    /// It is no terminal, but this.
    #[cfg(unix)]
    NoTerminal(&'static str),
    /// This user may not.
    Forbidden,
    /// Someone else has it.
    Busy,
    /// The baud rate cannot be set.
    BaudRate,
    /// Something else; the system's words.
    Other(String),
}

impl From<serialport::Error> for Failure {
    fn from(error: serialport::Error) -> Failure {
        use std::io::ErrorKind;
        match error.kind {
            serialport::ErrorKind::Io(ErrorKind::NotFound) => Failure::Missing,
            serialport::ErrorKind::Io(ErrorKind::PermissionDenied) => Failure::Forbidden,
            // The crate's word for a port that someone else has locked.
            serialport::ErrorKind::NoDevice => Failure::Busy,
            serialport::ErrorKind::InvalidInput => Failure::BaudRate,
            _ => Failure::Other(error.description),
        }
    }
}

/// The error that a person gets.
fn explain(path: &str, options: &SerialOptions, failure: Failure) -> Error {
    let failed = |message: String| Error::new(Kind::ConnectionFailedError, message);
    match failure {
        Failure::Missing => missing(path, &usb::list().unwrap_or_default(), &usb::names()),
        #[cfg(unix)]
        Failure::NoTerminal(what) => not_serial(path, what),
        Failure::Forbidden => failed(format!("no permission to open `{path}`")).with_help(FORBIDDEN_HELP),
        Failure::Busy => failed(format!("`{path}` is in use by another program")).with_help(
            "close the other program (a serial monitor, an editor's REPL, another run of belay-script) and try again",
        ),
        Failure::BaudRate => {
            let message = format!("`{path}` does not run at {} baud", options.baud_rate);
            Error::new(Kind::ArgumentError, message).with_help("115200 is usual")
        }
        Failure::Other(reason) => failed(format!("`{path}` cannot be opened: {reason}"))
            .with_help("unplug the board, plug it in again, and retry"),
    }
}

#[cfg(target_os = "linux")]
const FORBIDDEN_HELP: &str = "add yourself to the port's group, usually `sudo usermod -a -G dialout $USER` (`uucp` on \
                              Arch), then log in again; or install a udev rule for the board";
#[cfg(not(target_os = "linux"))]
const FORBIDDEN_HELP: &str = "ask for the right to read and write this port";

/// For a name that is no port: the nearest one that exists, and all boards.
fn missing(path: &str, boards: &[usb::FoundPort], names: &[String]) -> Error {
    let known = boards.iter().map(|board| &board.device).chain(names);
    let near = known
        .map(|name| (crate::name::edits(&name.to_lowercase(), &path.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= 2)
        .min_by_key(|(distance, _)| *distance);
    let mut help = near.map_or(String::new(), |(_, name)| format!("did you mean `{name}`? "));
    if boards.is_empty() {
        help.push_str("no board was found on USB: plug one in, or try `--port sim`");
    } else {
        help.push_str("these boards are plugged in:");
        help.extend(boards.iter().map(|board| format!("\n  {board}")));
    }
    Error::new(Kind::DeviceNotFoundError, format!("there is no serial port `{path}`")).with_help(help)
}

#[cfg(all(test, unix))]
mod tests;
