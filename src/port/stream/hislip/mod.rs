//! `hislip://HOST[:PORT][/SUBADDRESS]`: an instrument on the network by HiSLIP (IVI-6.1), in synchronized mode.
//!
//! Two connections: messages go over the synchronous one, device clear and status over the asynchronous one. Each reply bears the ID
//! of the message that asked for it, and others are dropped: a late reply cannot be taken for another one.
//!
//! Uses [`crate::port::socket`]. Invariants: a length that the server names reserves no memory; a server that breaks the protocol
//! loses the connection.

pub mod message;

use crate::error::{Error, Kind, Result};
use crate::port::endpoint::Endpoint;
use crate::port::loss::Loss;
use crate::port::socket::{CONNECT_LIMIT, Connection};
use crate::port::{Abilities, Port, PortError, Wait};
use message::{ANY_ID, FIRST_ID, HEADER, Header, SMALL, kind, next_id};
use std::fmt;
use std::str::FromStr;

/// What these addresses begin with.
pub const HISLIP: &str = "hislip://";

/// Bytes of the largest message that this program takes, and sends.
const LARGEST: u64 = 1 << 20;

/// Where a HiSLIP server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HislipAddress {
    /// The server.
    pub endpoint: Endpoint,
    /// The instrument of the server.
    pub sub_address: String,
}

impl FromStr for HislipAddress {
    type Err = Error;

    /// Parses what follows `hislip://`.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`].
    fn from_str(text: &str) -> Result<HislipAddress> {
        let (host, sub_address) = text.split_once('/').unwrap_or((text, ""));
        let endpoint = Endpoint::parse(HISLIP, host, Some(message::PORT))?;
        let sub_address = if sub_address.is_empty() { message::SUB_ADDRESS } else { sub_address };
        if sub_address.len() > 256 || !sub_address.bytes().all(|byte| byte.is_ascii_graphic()) {
            let error = Error::new(Kind::ArgumentError, format!("invalid sub-address in `{HISLIP}{text}`"));
            return Err(error.with_help("write for example `hislip://192.168.1.20/hislip0`"));
        }
        Ok(HislipAddress { endpoint, sub_address: sub_address.to_owned() })
    }
}

impl fmt::Display for HislipAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Endpoint { host, port } = &self.endpoint;
        match *port {
            message::PORT if host.contains(':') => write!(f, "{HISLIP}[{host}]")?,
            message::PORT => write!(f, "{HISLIP}{host}")?,
            _ => write!(f, "{HISLIP}{}", self.endpoint)?,
        }
        match self.sub_address.as_str() {
            message::SUB_ADDRESS => Ok(()),
            other => write!(f, "/{other}"),
        }
    }
}

/// One of the two connections, with what came and was not taken.
struct Channel {
    connection: Connection,
    name: String,
    bytes: Vec<u8>,
    /// How many of [`Channel::bytes`] are taken.
    taken: usize,
}

impl Channel {
    fn open(endpoint: &Endpoint, name: &str) -> Result<Channel> {
        let connection = Connection::open(endpoint, name)?;
        Ok(Channel { connection, name: name.to_owned(), bytes: Vec::new(), taken: 0 })
    }

    fn held(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    fn fill(&mut self, wait: Wait) -> std::result::Result<(), PortError> {
        self.compact();
        self.connection.read(&mut self.bytes, wait).map(drop)
    }

    fn compact(&mut self) {
        if self.taken == self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.drain(..self.taken);
        }
        self.taken = 0;
    }

    fn send(&mut self, header: Header, payload: &[u8], wait: Wait) -> std::result::Result<(), PortError> {
        self.connection.write(&header.with(payload), wait)
    }

    fn broken(&self, how: &str) -> PortError {
        PortError::Gone(Loss::Protocol(format!("`{}` {how}", self.name)))
    }

    /// The next header, if the whole of it is here.
    fn next(&mut self) -> std::result::Result<Option<Header>, PortError> {
        let Some(bytes) = self.held().first_chunk() else { return Ok(None) };
        let header = Header::read(bytes).ok_or_else(|| self.broken("sent something that is not a HiSLIP message"))?;
        self.taken += HEADER;
        Ok(Some(header))
    }

    /// Waits for a message of this kind, and drops those before it. Returns it with its payload.
    fn reply(&mut self, expected: u8, wait: Wait) -> std::result::Result<(Header, Vec<u8>), PortError> {
        loop {
            let Some(header) = self.next()? else {
                self.fill(wait)?;
                continue;
            };
            let reports = matches!(header.kind, kind::ERROR | kind::FATAL_ERROR);
            if (reports || header.kind == expected) && header.length > SMALL {
                return Err(self.broken("sent a message that is too long"));
            }
            let mut payload = Vec::new();
            let mut left = header.length;
            while left > 0 {
                if self.held().is_empty() {
                    self.fill(wait)?;
                }
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(self.held().len());
                if header.length <= SMALL {
                    payload.extend_from_slice(&self.held()[..count]);
                }
                self.taken += count;
                left -= count as u64;
            }
            if reports {
                return Err(self.reported(&header, &payload));
            }
            if header.kind == expected {
                return Ok((header, payload));
            }
        }
    }

    fn reported(&self, header: &Header, text: &[u8]) -> PortError {
        let text: String = String::from_utf8_lossy(text).chars().take(200).collect();
        let text = text.trim().escape_debug().to_string();
        let text = if text.is_empty() { String::new() } else { format!(": {text}") };
        self.broken(&format!("reported the HiSLIP error {}{text}", header.control))
    }
}

/// A part of a message that is under way.
struct Payload {
    header: Header,
    left: u64,
    /// It belongs to the last message that was sent.
    counts: bool,
    /// The text of an error.
    report: Vec<u8>,
}

/// A connection to an instrument by HiSLIP.
pub(super) struct HislipPort {
    name: String,
    messages: Channel,
    control: Channel,
    next: u32,
    last: u32,
    /// Most bytes of payload that the server takes in one message.
    most: usize,
    /// The end of a reply was taken since the last message.
    delivered: bool,
    payload: Option<Payload>,
    ended: bool,
}

impl HislipPort {
    /// Connects.
    ///
    /// # Errors
    /// [`Kind::ConnectionFailedError`]; [`Kind::FeatureUnavailableError`] if the server knows overlap mode only; [`Kind::Interrupted`].
    pub(super) fn open(address: &HislipAddress) -> Result<HislipPort> {
        let name = address.to_string();
        let mut messages = Channel::open(&address.endpoint, &name)?;
        let wait = Wait::for_at_most(CONNECT_LIMIT);
        let failed = |error: PortError| match error {
            PortError::Interrupted => {
                Error::new(Kind::Interrupted, format!("interrupted while connecting to `{name}`"))
            }
            PortError::Timeout => {
                Error::new(Kind::ConnectionFailedError, format!("`{name}` did not respond as a HiSLIP server does"))
                    .with_help("check the port number; the SCPI socket of an instrument is `tcp://HOST:PORT`")
            }
            PortError::Gone(loss) => Error::new(Kind::ConnectionFailedError, loss.to_string())
                .with_help("check the port number and the sub-address"),
        };
        let hello = Header::new(kind::INITIALIZE, 0, message::VERSION << 16);
        messages.send(hello, address.sub_address.as_bytes(), wait).map_err(failed)?;
        let (welcome, _) = messages.reply(kind::INITIALIZE_RESPONSE, wait).map_err(failed)?;
        let mut control = Channel::open(&address.endpoint, &name)?;
        let session = welcome.parameter & 0xffff;
        control.send(Header::new(kind::ASYNC_INITIALIZE, 0, session), &[], wait).map_err(failed)?;
        control.reply(kind::ASYNC_INITIALIZE_RESPONSE, wait).map_err(failed)?;
        let size = Header::new(kind::ASYNC_MAXIMUM_MESSAGE_SIZE, 0, 0);
        control.send(size, &LARGEST.to_be_bytes(), wait).map_err(failed)?;
        let (_, size) = control.reply(kind::ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE, wait).map_err(failed)?;
        let size = size.first_chunk().map_or(LARGEST, |bytes| u64::from_be_bytes(*bytes)).min(LARGEST);
        // Some servers count the header.
        let most = usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(HEADER).max(1);
        let mut port = HislipPort {
            name: name.clone(),
            messages,
            control,
            next: FIRST_ID,
            last: ANY_ID,
            most,
            delivered: false,
            payload: None,
            ended: false,
        };
        // A server that prefers overlap mode is asked for the other one: a device clear settles it (section 3.1.2).
        if welcome.control & 1 == 1 && port.settle(wait).map_err(failed)? {
            let message = format!("`{name}` offers the overlap mode of HiSLIP only, which is not supported");
            return Err(Error::new(Kind::FeatureUnavailableError, message)
                .with_help("switch it to synchronized mode, or use its SCPI socket: `tcp://HOST:5025`"));
        }
        Ok(port)
    }

    /// Clears both sides: what was sent and not answered is forgotten. Returns whether the server insists on overlap mode.
    fn settle(&mut self, wait: Wait) -> std::result::Result<bool, PortError> {
        self.control.send(Header::new(kind::ASYNC_DEVICE_CLEAR, 0, 0), &[], wait)?;
        self.control.reply(kind::ASYNC_DEVICE_CLEAR_ACKNOWLEDGE, wait)?;
        self.messages.send(Header::new(kind::DEVICE_CLEAR_COMPLETE, 0, 0), &[], wait)?;
        // The rest of a message that is under way is not a header.
        while let Some(payload) = self.payload.as_mut().filter(|payload| payload.left > 0) {
            let count = usize::try_from(payload.left).unwrap_or(usize::MAX).min(self.messages.held().len());
            self.messages.taken += count;
            payload.left -= count as u64;
            if payload.left > 0 {
                self.messages.fill(wait)?;
            }
        }
        self.payload = None;
        let (done, _) = self.messages.reply(kind::DEVICE_CLEAR_ACKNOWLEDGE, wait)?;
        (self.next, self.last, self.delivered, self.ended) = (FIRST_ID, ANY_ID, false, false);
        Ok(done.control & 1 == 1)
    }

    /// Moves what is here of the reply to `buffer`, up to the end of its message. Returns the count.
    fn take(&mut self, buffer: &mut Vec<u8>) -> std::result::Result<usize, PortError> {
        let before = buffer.len();
        loop {
            if let Some(payload) = &mut self.payload {
                let held = self.messages.held();
                let count = usize::try_from(payload.left).unwrap_or(usize::MAX).min(held.len());
                match payload.header.kind {
                    kind::ERROR | kind::FATAL_ERROR => payload.report.extend_from_slice(&held[..count]),
                    _ if payload.counts => buffer.extend_from_slice(&held[..count]),
                    _ => {}
                }
                payload.left -= count as u64;
                self.messages.taken += count;
                if payload.left > 0 {
                    return Ok(buffer.len() - before);
                }
                let (header, counts, report) = (payload.header, payload.counts, std::mem::take(&mut payload.report));
                self.payload = None;
                if matches!(header.kind, kind::ERROR | kind::FATAL_ERROR) {
                    return Err(self.messages.reported(&header, &report));
                }
                if counts && header.kind == kind::DATA_END {
                    (self.ended, self.delivered) = (true, true);
                    return Ok(buffer.len() - before);
                }
            }
            let Some(header) = self.messages.next()? else { return Ok(buffer.len() - before) };
            let is_data = matches!(header.kind, kind::DATA | kind::DATA_END);
            if !is_data && header.length > SMALL {
                return Err(self.messages.broken("sent a message that is too long"));
            }
            let counts = is_data && (header.parameter == self.last || header.parameter == ANY_ID);
            self.payload = Some(Payload { header, left: header.length, counts, report: Vec::new() });
        }
    }
}

impl Port for HislipPort {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        Abilities { messages: true, ..Abilities::default() }
    }

    fn ended_message(&self) -> bool {
        self.ended
    }

    fn clear_device(&mut self, wait: Wait) -> std::result::Result<bool, PortError> {
        self.settle(wait).map(|_| true)
    }

    fn status_byte(&mut self, wait: Wait) -> std::result::Result<Option<u8>, PortError> {
        let query = Header::new(kind::ASYNC_STATUS_QUERY, u8::from(self.delivered), self.next);
        self.delivered = false;
        self.control.send(query, &[], wait)?;
        let (status, _) = self.control.reply(kind::ASYNC_STATUS_RESPONSE, wait)?;
        Ok(Some(status.control))
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> std::result::Result<(), PortError> {
        // The rest of an earlier reply belongs to nobody any more.
        if let Some(payload) = &mut self.payload {
            payload.counts = false;
        }
        self.ended = false;
        let mut parts = bytes.chunks(self.most).peekable();
        while let Some(part) = parts.next() {
            let kind = if parts.peek().is_some() { kind::DATA } else { kind::DATA_END };
            let header = Header::new(kind, u8::from(self.delivered), self.next);
            self.messages.send(header, part, wait)?;
            (self.last, self.next, self.delivered) = (self.next, next_id(self.next), false);
        }
        Ok(())
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> std::result::Result<usize, PortError> {
        self.messages.compact();
        self.messages.connection.read_available(&mut self.messages.bytes)?;
        self.take(buffer)
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> std::result::Result<usize, PortError> {
        self.ended = false;
        loop {
            let count = self.take(buffer)?;
            if count > 0 || self.ended {
                return Ok(count);
            }
            self.messages.fill(wait)?;
        }
    }
}

#[cfg(test)]
mod tests;
