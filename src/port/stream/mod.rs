//! A stream of bytes to something that is not a board: an instrument, the console of a unit under test.
//!
//! What it offers:
//! - [`StreamAddress`] parses `tcp://HOST:PORT`, serial ports (`/dev/ttyUSB0`, `COM3`, `usb:VID:PID[:SERIAL]`), `rfc2217://`,
//!   `telnet://`, `exec:COMMAND`, `hislip://HOST` and, on Linux, `usbtmc:/dev/usbtmc0`. [`StreamAddress::reach`] says what a script needs a
//!   permission for; [`crate::gate::Gate::stream`] checks it.
//! - [`Stream::open`] opens one with [`PortOptions`]: speed, parity, stop bits, flow control, DTR, RTS, login.
//!   [`Stream::over`] takes any [`Port`], such as one of a test.
//! - [`Stream::write`] writes all. [`Stream::read_until`] reads up to a terminator, [`Stream::read_exact`] a count of bytes,
//!   [`Stream::fill`] whatever comes next. For pattern matching: [`Stream::held`] shows what came and was not taken,
//!   [`Stream::take`] takes a part of it. [`Stream::drop_input`] discards what is there.
//! - Every wait is a [`Wait`]: a deadline, and Ctrl-C. A read that times out takes nothing: what came stays in
//!   [`Stream::held`].
//!
//! Uses [`crate::error`] and the other files of this folder. Invariants: no wait outlasts its deadline, and no more than the
//! given limit is held.

pub mod hislip;
#[cfg(target_os = "linux")]
mod usbtmc;

use super::address::Address;
use super::options::PortOptions;
use super::reach::Reach;
use super::{Port, PortError, Wait};
use crate::error::{Error, Kind, Result};
use crate::port::loss::Loss;
use hislip::{HISLIP, HislipAddress, HislipPort};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What [`usbtmc`](StreamAddress::UsbTmc) addresses begin with.
pub const USBTMC: &str = "usbtmc:";

/// Where a stream leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamAddress {
    /// A port of a kind that boards use, too.
    Port(Address),
    /// `hislip://HOST`: an instrument on the network, by HiSLIP.
    Hislip(HislipAddress),
    /// `usbtmc:PATH`: an instrument of the USB Test and Measurement Class, by the device of Linux's driver.
    UsbTmc(String),
}

impl FromStr for StreamAddress {
    type Err = Error;

    /// Parses an address. Surrounding whitespace is ignored.
    ///
    /// # Errors
    /// As [`Address`]; [`Kind::ArgumentError`] for the kinds that lead to nothing but boards.
    fn from_str(text: &str) -> Result<StreamAddress> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix(USBTMC) {
            return match path.trim() {
                "" => Err(Error::new(Kind::ArgumentError, format!("`{USBTMC}` needs a device"))
                    .with_help(format!("write for example `{USBTMC}/dev/usbtmc0`"))),
                path => Ok(StreamAddress::UsbTmc(path.to_owned())),
            };
        }
        if let Some(rest) = text.strip_prefix(HISLIP) {
            return rest.parse().map(StreamAddress::Hislip);
        }
        match text.parse()? {
            address @ (Address::Sim(_) | Address::WebRepl(_) | Address::Replay(_)) => {
                Err(Error::new(Kind::ArgumentError, format!("`{address}` leads to a board only"))
                    .with_help("use `tcp://HOST:PORT`, or a serial port such as `/dev/ttyUSB0`"))
            }
            address => Ok(StreamAddress::Port(address)),
        }
    }
}

impl fmt::Display for StreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamAddress::Port(address) => address.fmt(f),
            StreamAddress::Hislip(address) => address.fmt(f),
            StreamAddress::UsbTmc(path) => write!(f, "{USBTMC}{path}"),
        }
    }
}

impl StreamAddress {
    /// What opening it reaches.
    ///
    /// # Errors
    /// [`Kind::ConnectionFailedError`] for a path that is not a device of this kind.
    pub fn reach(&self) -> Result<Reach<'_>> {
        match self {
            StreamAddress::Port(address) => address.reach(),
            StreamAddress::Hislip(address) => Ok(Reach::Host(&address.endpoint)),
            StreamAddress::UsbTmc(path) => {
                let number = path.strip_prefix("/dev/usbtmc").unwrap_or_default();
                if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Ok(Reach::Nothing);
                }
                Err(Error::new(Kind::ConnectionFailedError, format!("`{path}` is not a USBTMC device"))
                    .with_help("use a path such as `/dev/usbtmc0`"))
            }
        }
    }
}

/// An open stream. Dropping it closes it.
pub struct Stream {
    port: Box<dyn Port>,
    /// What came and was not taken.
    held: Vec<u8>,
    /// Whether the last bytes that came end a message, where the port knows such ends.
    ended: bool,
}

impl Stream {
    /// Opens the stream at `address`.
    ///
    /// # Errors
    /// As [`super::open::open`]; [`Kind::FeatureUnavailableError`] for USBTMC elsewhere than on Linux.
    pub fn open(address: &StreamAddress, options: &PortOptions) -> Result<Stream> {
        match address {
            StreamAddress::Port(address) => Ok(Stream::over(super::open::open(address, options, &|_| ())?)),
            StreamAddress::Hislip(address) => Ok(Stream::over(Box::new(HislipPort::open(address)?))),
            #[cfg(target_os = "linux")]
            StreamAddress::UsbTmc(path) => Ok(Stream::over(Box::new(usbtmc::UsbTmcPort::open(path)?))),
            #[cfg(not(target_os = "linux"))]
            StreamAddress::UsbTmc(_) => {
                Err(Error::new(Kind::FeatureUnavailableError, "`usbtmc:` is available on Linux only")
                    .with_help("use the network or the serial port of the instrument"))
            }
        }
    }

    /// A stream over an open port.
    pub fn over(port: Box<dyn Port>) -> Stream {
        Stream { port, held: Vec::new(), ended: false }
    }

    /// The port as the user wrote it, for messages.
    pub fn name(&self) -> &str {
        self.port.name()
    }

    /// The port itself, for callers that wait for more than one thing.
    pub fn port(&mut self) -> &mut dyn Port {
        self.port.as_mut()
    }

    /// What came and was not taken.
    pub fn held(&self) -> &[u8] {
        &self.held
    }

    /// Whether the last byte of [`Stream::held`] ends a message. Only some kinds of streams know.
    pub fn is_at_end(&self) -> bool {
        self.ended
    }

    /// Takes the first `count` bytes of [`Stream::held`], or all of them if there are fewer.
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.held.split_off(count.min(self.held.len()));
        std::mem::replace(&mut self.held, rest)
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// As [`Port::write`].
    pub fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        if self.port.abilities().messages {
            // The peer forgets the rest of an earlier reply, too.
            self.held.clear();
            self.ended = false;
        }
        self.port.write(bytes, wait)
    }

    /// Clears both sides by means of the port. Returns whether it can.
    ///
    /// # Errors
    /// As [`Port::clear_device`].
    pub fn clear_device(&mut self, wait: Wait) -> Result<bool, PortError> {
        let cleared = self.port.clear_device(wait)?;
        if cleared {
            self.held.clear();
            self.ended = false;
        }
        Ok(cleared)
    }

    /// Waits for at least one byte, and holds it with everything that came with it. Returns the count.
    ///
    /// # Errors
    /// As [`Port::read`].
    pub fn fill(&mut self, wait: Wait) -> Result<usize, PortError> {
        let count = self.port.read(&mut self.held, wait)?;
        self.ended = self.port.ended_message();
        Ok(count)
    }

    /// Reads up to `terminator`, which is taken too but not returned. Where the port marks the end of messages, that ends the
    /// read as well. `limit`: most bytes to wait with.
    ///
    /// # Errors
    /// As [`Port::read`]; [`Loss::Protocol`] if no terminator comes within `limit` bytes.
    pub fn read_until(&mut self, terminator: &[u8], limit: usize, wait: Wait) -> Result<Vec<u8>, PortError> {
        let mut from = 0;
        loop {
            if let Some(at) = find(&self.held[from..], terminator) {
                let end = from + at;
                let mut line = self.take(end + terminator.len());
                line.truncate(end);
                return Ok(line);
            }
            if self.ended && !self.held.is_empty() {
                self.ended = false;
                return Ok(std::mem::take(&mut self.held));
            }
            if self.held.len() > limit {
                let why = format!("`{}` sent more than {limit} bytes without a terminator", self.name());
                return Err(PortError::Gone(Loss::Protocol(why)));
            }
            from = (self.held.len() + 1).saturating_sub(terminator.len().max(1));
            self.fill(wait)?;
        }
    }

    /// Reads exactly `count` bytes.
    ///
    /// # Errors
    /// As [`Port::read`].
    pub fn read_exact(&mut self, count: usize, wait: Wait) -> Result<Vec<u8>, PortError> {
        // A count that a peer names is not believed beyond this until the bytes are there.
        self.held.reserve(count.saturating_sub(self.held.len()).min(4 << 20));
        while self.held.len() < count {
            self.fill(wait)?;
        }
        Ok(self.take(count))
    }

    /// Discards what came, without waiting. Returns the count.
    ///
    /// # Errors
    /// [`PortError::Gone`].
    pub fn drop_input(&mut self) -> Result<usize, PortError> {
        let mut dropped = 0;
        loop {
            dropped += self.held.len();
            self.held.clear();
            self.ended = false;
            if self.port.read_available(&mut self.held)? == 0 {
                return Ok(dropped);
            }
        }
    }
}

/// Where `part` begins in `bytes`. An empty part is nowhere.
fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    match part {
        [] => None,
        [byte] => bytes.iter().position(|candidate| candidate == byte),
        [first, ..] => {
            let mut from = 0;
            while let Some(at) = bytes[from..].iter().position(|candidate| candidate == first) {
                from += at;
                if bytes[from..].starts_with(part) {
                    return Some(from);
                }
                from += 1;
            }
            None
        }
    }
}

/// The device of the USB instrument with these numbers, if it is plugged in; `serial`: only with this serial number.
pub fn find_usbtmc(vid: u16, pid: u16, serial: Option<&str>) -> Option<String> {
    #[cfg(target_os = "linux")]
    return usbtmc::find(vid, pid, serial);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (vid, pid, serial);
        None
    }
}

/// The error for the user. `limit`: how long was waited; `doing`: a phrase such as "waiting for the reply to `*IDN?`".
pub fn explain(error: PortError, doing: &str, limit: Option<Duration>) -> Error {
    match error {
        PortError::Timeout => {
            let within = limit.map_or(String::new(), |limit| format!(" after {limit:?}"));
            Error::new(Kind::TimeoutError, format!("timed out{within} {doing}"))
        }
        PortError::Interrupted => Error::new(Kind::Interrupted, format!("interrupted {doing}")),
        PortError::Gone(loss) => {
            let why = match loss {
                Loss::Unplugged(name) => format!("`{name}` is gone: it was unplugged or switched off"),
                Loss::Stuck(patience) => format!("no data was accepted for {patience:?}"),
                loss => loss.to_string(),
            };
            Error::new(Kind::ConnectionLost, why)
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
