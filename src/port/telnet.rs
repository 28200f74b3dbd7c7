//! The telnet protocol (RFC 854, 855, 856, 858, 1143): data between commands, and option negotiation.
//!
//! [`Decoder`] and [`encode`] do no input or output. Uses nothing else of the crate; [`login`] and [`super::rfc2217`]
//! use it. Invariant: the result does not depend on how the bytes are split, and no input makes it panic or keep more than
//! [`REPLY_LIMIT`] bytes.

pub mod login;

use super::socket::Connection;
use super::{PortError, Wait};

pub use login::TelnetPort;

/// Starts every command; doubled, it is the byte itself.
pub const IAC: u8 = 255;
/// "Stop doing it", "do not do it".
pub const DONT: u8 = 254;
/// "Please do it", "yes, do it".
pub const DO: u8 = 253;
/// "I will not do it", "I stop doing it".
pub const WONT: u8 = 252;
/// "I want to do it", "yes, I do it".
pub const WILL: u8 = 251;
/// Starts a subnegotiation.
pub const SB: u8 = 250;
/// Ends a subnegotiation.
pub const SE: u8 = 240;

/// Eight-bit data without special treatment of carriage returns (RFC 856).
pub const BINARY: u8 = 0;
/// No "go ahead" after each line (RFC 858).
pub const SUPPRESS_GO_AHEAD: u8 = 3;
/// Control of a serial line (RFC 2217).
pub const COM_PORT: u8 = 44;

/// Most bytes of pending replies. A peer that sends more requests than it reads replies gets no more replies.
pub const REPLY_LIMIT: usize = 4096;
/// Most bytes of one subnegotiation; those of RFC 2217 are short. Longer ones are dropped.
const SUBNEGOTIATION_LIMIT: usize = 256;
/// Most pending subnegotiations.
const SUBNEGOTIATIONS: usize = 64;

/// The negotiated state of one option in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Agreement {
    /// Whether we agree when asked.
    accepted: bool,
    on: bool,
    /// We asked and have no reply yet.
    asked: bool,
    refused: bool,
}

/// Which end an option applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Ours.
    Local,
    /// The peer's.
    Remote,
}

/// The supported options; all others are always refused.
const OPTIONS: [u8; 3] = [BINARY, SUPPRESS_GO_AHEAD, COM_PORT];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Data,
    /// After a carriage return of data.
    Return,
    Command,
    /// After WILL, WONT, DO or DONT.
    Option(u8),
    Subnegotiation,
    SubnegotiationCommand,
}

/// Decodes the peer's bytes and prepares the replies.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    local: [Agreement; OPTIONS.len()],
    remote: [Agreement; OPTIONS.len()],
    subnegotiation: Vec<u8>,
    oversized: bool,
    /// Complete subnegotiations: the option, then its data. At most 64; later ones are dropped.
    pub subnegotiations: Vec<Vec<u8>>,
    /// Bytes to send to the peer, unchanged.
    pub replies: Vec<u8>,
}

impl Decoder {
    /// Accepts binary data and suppression of "go ahead"; with `com_port`, also control of a serial line.
    pub fn new(com_port: bool) -> Decoder {
        let accepted = |index: usize| Agreement { accepted: OPTIONS[index] != COM_PORT, ..Agreement::default() };
        let mut local: [Agreement; OPTIONS.len()] = std::array::from_fn(accepted);
        for (agreement, option) in local.iter_mut().zip(OPTIONS) {
            agreement.accepted |= com_port && option == COM_PORT;
        }
        Decoder {
            state: State::Data,
            local,
            remote: std::array::from_fn(accepted),
            subnegotiation: Vec::new(),
            oversized: false,
            subnegotiations: Vec::new(),
            replies: Vec::new(),
        }
    }

    fn agreement(&mut self, end: End, option: u8) -> Option<&mut Agreement> {
        let index = OPTIONS.iter().position(|&known| known == option)?;
        let side = if end == End::Local { &mut self.local } else { &mut self.remote };
        side.get_mut(index)
    }

    /// Requests an option, unless it is on or already requested.
    pub fn ask(&mut self, end: End, option: u8) {
        if let Some(agreement) = self.agreement(end, option)
            && !agreement.on
            && !agreement.asked
        {
            agreement.asked = true;
            self.reply(if end == End::Local { WILL } else { DO }, option);
        }
    }

    /// Whether an option is on; `None`: not negotiated yet.
    pub fn agreed(&self, end: End, option: u8) -> Option<bool> {
        let side = if end == End::Local { &self.local } else { &self.remote };
        let index = OPTIONS.iter().position(|&known| known == option)?;
        let agreement = side.get(index)?;
        if agreement.on { Some(true) } else { agreement.refused.then_some(false) }
    }

    fn reply(&mut self, verb: u8, option: u8) {
        if self.replies.len() + 3 <= REPLY_LIMIT {
            self.replies.extend_from_slice(&[IAC, verb, option]);
        }
    }

    /// Decodes bytes of the peer; appends the data among them to `data`.
    pub fn feed(&mut self, bytes: &[u8], data: &mut Vec<u8>) {
        for &byte in bytes {
            self.take(byte, data);
        }
    }

    fn take(&mut self, byte: u8, data: &mut Vec<u8>) {
        match self.state {
            State::Return if byte == 0 => self.state = State::Data,
            State::Data | State::Return => {
                self.state = match byte {
                    IAC => State::Command,
                    b'\r' if self.agreed(End::Remote, BINARY) != Some(true) => State::Return,
                    _ => State::Data,
                };
                if byte != IAC {
                    data.push(byte);
                }
            }
            State::Command => {
                self.state = match byte {
                    WILL | WONT | DO | DONT => State::Option(byte),
                    SB => {
                        self.subnegotiation.clear();
                        self.oversized = false;
                        State::Subnegotiation
                    }
                    _ => State::Data,
                };
                // All other commands (go ahead, are you there, …) have no meaning for a board.
                if byte == IAC {
                    data.push(IAC);
                }
            }
            State::Option(verb) => {
                self.state = State::Data;
                self.negotiate(verb, byte);
            }
            State::Subnegotiation if byte == IAC => self.state = State::SubnegotiationCommand,
            State::Subnegotiation => self.keep(byte),
            State::SubnegotiationCommand => match byte {
                IAC => {
                    self.state = State::Subnegotiation;
                    self.keep(IAC);
                }
                SE => {
                    self.state = State::Data;
                    if !self.oversized && self.subnegotiations.len() < SUBNEGOTIATIONS {
                        self.subnegotiations.push(std::mem::take(&mut self.subnegotiation));
                    }
                }
                // The peer did not end it.
                _ => {
                    self.state = State::Command;
                    self.take(byte, data);
                }
            },
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.subnegotiation.len() < SUBNEGOTIATION_LIMIT {
            self.subnegotiation.push(byte);
        } else {
            self.oversized = true;
        }
    }

    /// Replies only to changes, which prevents negotiation loops (RFC 1143).
    fn negotiate(&mut self, verb: u8, option: u8) {
        let (end, yes, no) =
            if matches!(verb, WILL | WONT) { (End::Remote, DO, DONT) } else { (End::Local, WILL, WONT) };
        let wanted = matches!(verb, WILL | DO);
        let Some(agreement) = self.agreement(end, option) else {
            if wanted {
                self.reply(no, option);
            }
            return;
        };
        let asked = std::mem::take(&mut agreement.asked);
        let was = agreement.on;
        agreement.on = wanted && (was || asked || agreement.accepted);
        agreement.refused = !wanted;
        let now = agreement.on;
        match (wanted, was, now) {
            (true, false, true) if !asked => self.reply(yes, option),
            (true, _, false) => self.reply(no, option),
            (false, true, _) => self.reply(no, option),
            _ => {}
        }
    }
}

/// Appends `bytes` as telnet data to `to`. `binary`: this end sends binary; otherwise a zero byte after each carriage
/// return marks it as a plain carriage return, not a line end.
pub fn encode(bytes: &[u8], binary: bool, to: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            IAC => to.extend_from_slice(&[IAC, IAC]),
            b'\r' if !binary => to.extend_from_slice(b"\r\0"),
            _ => to.push(byte),
        }
    }
}

/// A connection that speaks telnet.
#[derive(Debug)]
pub(super) struct Link {
    connection: Connection,
    pub(super) decoder: Decoder,
    raw: Vec<u8>,
}

impl Link {
    pub(super) fn new(connection: Connection, decoder: Decoder) -> Link {
        Link { connection, decoder, raw: Vec::new() }
    }

    /// Appends the available data to `buffer`.
    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        self.connection.descriptor()
    }

    pub(super) fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let outcome = self.connection.read_available(&mut self.raw);
        let count = self.take(buffer)?;
        match outcome {
            // The next read reports that it is gone.
            Err(_) if count > 0 => Ok(count),
            outcome => outcome.map(|_| count),
        }
    }

    /// Waits for any bytes, which may contain no data. Appends the data to `buffer`.
    pub(super) fn read_some(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        let outcome = self.connection.read(&mut self.raw, wait);
        let count = self.take(buffer)?;
        outcome.map(|_| count)
    }

    /// Waits for data.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        loop {
            let count = self.read_some(buffer, wait)?;
            if count > 0 {
                return Ok(count);
            }
        }
    }

    fn take(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let before = buffer.len();
        self.decoder.feed(&self.raw, buffer);
        self.raw.clear();
        self.answer()?;
        Ok(buffer.len() - before)
    }

    /// Sends the protocol's pending replies.
    pub(super) fn answer(&mut self) -> Result<(), PortError> {
        let replies = std::mem::take(&mut self.decoder.replies);
        self.connection.write_whole(&replies)
    }

    pub(super) fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        let binary = self.decoder.agreed(End::Local, BINARY) == Some(true);
        let mut encoded = Vec::with_capacity(bytes.len());
        encode(bytes, binary, &mut encoded);
        self.connection.write(&encoded, wait)
    }

    /// Sends a subnegotiation.
    pub(super) fn subnegotiate(&mut self, option: u8, data: &[u8]) -> Result<(), PortError> {
        let mut bytes = vec![IAC, SB, option];
        encode(data, true, &mut bytes);
        bytes.extend_from_slice(&[IAC, SE]);
        self.connection.write_whole(&bytes)
    }
}

#[cfg(test)]
mod tests;
