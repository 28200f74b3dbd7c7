//! `rfc2217://HOST:PORT`: a serial line of a server whose settings a client can change (RFC 2217), such as ser2net.
//!
//! Uses [`crate::error`], [`super::telnet`] and the options of [`super::serial`]. Invariant: the line is set before the
//! first byte of data goes out, and a server that acknowledges too little is used anyway.
//!
//! esptool's `esp_rfc2217_server` does not forward the control lines: it treats DTR on as a request to start the ESP's
//! boot loader, and RTS off as a request to restart into the program (esptool#1185). Open such a port with `dtr: false`,
//! or start the server with `--no-reset` if it has that option.

use super::endpoint::Endpoint;
use super::options::{Flow, LineOptions, Parity};
use super::serial::reset_pulse;
use super::socket::Connection;
use super::telnet::{BINARY, COM_PORT, Decoder, End, Link, SUPPRESS_GO_AHEAD};
use super::{Abilities, ControlLine, Port, PortError, Wait};
use crate::bound;
use crate::error::{Error, Kind, Result};
use std::time::Duration;

/// Time for a server to say whether it supports RFC 2217.
const AGREE_LIMIT: Duration = Duration::from_secs(5);
/// Time to acknowledge the settings. Some servers never do.
const SETTINGS_LIMIT: Duration = Duration::from_secs(2);
/// Longest time that the server's flow control may suspend a write.
const SUSPEND_LIMIT: Duration = Duration::from_secs(10);

// Client commands (RFC 2217, section 3); the server replies with the command plus 100.
const SET_BAUDRATE: u8 = 1;
const SET_DATASIZE: u8 = 2;
const SET_PARITY: u8 = 3;
const SET_STOPSIZE: u8 = 4;
const SET_CONTROL: u8 = 5;
/// The values of [`SET_CONTROL`] that begin and end a break.
const BREAK_ON: u8 = 5;
const BREAK_OFF: u8 = 6;
const FLOWCONTROL_SUSPEND: u8 = 8;
const FLOWCONTROL_RESUME: u8 = 9;
const SET_LINESTATE_MASK: u8 = 10;
const SET_MODEMSTATE_MASK: u8 = 11;
const PURGE_DATA: u8 = 12;
const ANSWER: u8 = 100;

/// A message of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    BaudRate(u32),
    /// It acknowledges another setting.
    Set(u8),
    /// It asks to stop sending, or to continue.
    Suspend(bool),
}

/// Parses a subnegotiation; `None` for irrelevant ones.
fn parse(subnegotiation: &[u8]) -> Option<Message> {
    let [COM_PORT, command, data @ ..] = subnegotiation else { return None };
    // Some servers reply with the client's own numbers.
    match command % ANSWER {
        SET_BAUDRATE => Some(Message::BaudRate(u32::from_be_bytes(data.try_into().ok()?))),
        FLOWCONTROL_SUSPEND => Some(Message::Suspend(true)),
        FLOWCONTROL_RESUME => Some(Message::Suspend(false)),
        setting @ SET_DATASIZE..=PURGE_DATA => Some(Message::Set(setting)),
        _ => None,
    }
}

/// Settings of the serial line, in this order: speed, bits, parity, stop bits, flow control (RFC 2217, section 3).
fn settings(options: &LineOptions) -> Vec<Vec<u8>> {
    let mut baud_rate = vec![SET_BAUDRATE];
    baud_rate.extend(options.baud_rate().to_be_bytes());
    let mut settings = vec![
        baud_rate,
        vec![SET_DATASIZE, options.data_bits.unwrap_or(8)],
        vec![
            SET_PARITY,
            match options.parity.unwrap_or_default() {
                Parity::None => 1,
                Parity::Odd => 2,
                Parity::Even => 3,
            },
        ],
        vec![SET_STOPSIZE, options.stop_bits.unwrap_or(1)],
        vec![
            SET_CONTROL,
            match options.flow.unwrap_or_default() {
                Flow::None => 1,
                Flow::Software => 2,
                Flow::Hardware => 3,
            },
        ],
        // Line and modem errors are not used.
        vec![SET_LINESTATE_MASK, 0],
        vec![SET_MODEMSTATE_MASK, 0],
    ];
    settings.extend(options.lines().map(|line| vec![SET_CONTROL, level(line)]));
    // Data from earlier clients, in both directions.
    settings.push(vec![PURGE_DATA, 3]);
    settings
}

/// The value of [`SET_CONTROL`] that sets a line.
fn level((line, on): (ControlLine, bool)) -> u8 {
    match (line, on) {
        (ControlLine::Dtr, true) => 8,
        (ControlLine::Dtr, false) => 9,
        (ControlLine::Rts, true) => 11,
        (ControlLine::Rts, false) => 12,
    }
}

/// A serial line of a server.
#[derive(Debug)]
pub struct Rfc2217Port {
    name: String,
    link: Link,
    /// Data that arrived while waiting for something else.
    early: Vec<u8>,
    suspended: bool,
    /// The control lines as they are while the board runs.
    lines: [(ControlLine, bool); 2],
}

impl Rfc2217Port {
    /// Connects and sets the line: 8N1, the baud rate, DTR and RTS.
    ///
    /// # Errors
    /// [`Kind::ConnectionFailedError`] if the server does not exist or does not support RFC 2217, [`Kind::ArgumentError`]
    /// if the line does not support the baud rate, [`Kind::Interrupted`].
    pub fn open(endpoint: &Endpoint, options: &LineOptions) -> Result<Rfc2217Port> {
        Rfc2217Port::open_within(endpoint, options, AGREE_LIMIT, SETTINGS_LIMIT)
    }

    fn open_within(
        endpoint: &Endpoint,
        options: &LineOptions,
        agree: Duration,
        settings: Duration,
    ) -> Result<Rfc2217Port> {
        if options.baud_rate() == 0 {
            return Err(Error::new(Kind::ArgumentError, "baud rate must not be 0").with_help("try 115200"));
        }
        let name = format!("rfc2217://{endpoint}");
        let link = Link::new(Connection::open(endpoint, &name)?, Decoder::new(true));
        let mut port = Rfc2217Port { name, link, early: Vec::new(), suspended: false, lines: options.lines() };
        port.agree(endpoint, agree)?;
        port.set(options, settings)?;
        Ok(port)
    }

    fn agree(&mut self, endpoint: &Endpoint, limit: Duration) -> Result<()> {
        self.link.decoder.ask(End::Local, COM_PORT);
        for option in [BINARY, SUPPRESS_GO_AHEAD] {
            self.link.decoder.ask(End::Local, option);
            self.link.decoder.ask(End::Remote, option);
        }
        self.link.answer().map_err(|error| self.lost(error))?;
        let wait = Wait::for_at_most(limit);
        loop {
            let how = match self.link.decoder.agreed(End::Local, COM_PORT) {
                // The other options are answered before it or with it; either answer to them is fine.
                Some(true) => return Ok(()),
                Some(false) => "does not support RFC 2217",
                None => match self.hear(wait) {
                    Ok(()) => continue,
                    Err(PortError::Timeout) => "did not respond as an RFC 2217 server",
                    Err(error) => return Err(self.lost(error)),
                },
            };
            return Err(Error::new(Kind::ConnectionFailedError, format!("`{}` {how}", self.name)).with_help(format!(
                "set ser2net's accepter to `telnet(rfc2217)`; for a server that only passes bytes, use `tcp://{endpoint}`"
            )));
        }
    }

    fn set(&mut self, options: &LineOptions, limit: Duration) -> Result<()> {
        let settings = settings(options);
        for setting in &settings {
            self.link.subnegotiate(COM_PORT, setting).map_err(|error| self.lost(error))?;
        }
        // The last one is acknowledged after all others; not all servers acknowledge DTR and RTS.
        let wait = Wait::for_at_most(limit);
        let mut baud_rate = None;
        loop {
            match self.hear(wait) {
                Ok(()) => {}
                Err(PortError::Timeout) => break,
                Err(error) => return Err(self.lost(error)),
            }
            let messages = self.look();
            baud_rate = messages
                .iter()
                .find_map(|message| if let Message::BaudRate(rate) = message { Some(*rate) } else { None })
                .or(baud_rate);
            if messages.contains(&Message::Set(PURGE_DATA)) {
                break;
            }
        }
        // Earlier output of the board is discarded.
        self.early.clear();
        match baud_rate {
            Some(rate) if rate != 0 && rate.abs_diff(options.baud_rate()) > options.baud_rate() / 20 => {
                let message =
                    format!("`{}` does not support {} baud: it stays at {rate}", self.name, options.baud_rate());
                Err(Error::new(Kind::ArgumentError, message).with_help("try 115200"))
            }
            _ => Ok(()),
        }
    }

    /// Waits for any data. Keeps only the latest output of the board: output from before the settings is discarded anyway, and
    /// a board that prints endlessly while the server accepts nothing loses some, as on a real line.
    fn hear(&mut self, wait: Wait) -> Result<(), PortError> {
        let outcome = self.link.read_some(&mut self.early, wait);
        if let Some(excess) = self.early.len().checked_sub(bound::NEGOTIATION) {
            self.early.drain(..excess);
        }
        outcome.map(drop)
    }

    /// Processes the server's messages.
    fn look(&mut self) -> Vec<Message> {
        let messages: Vec<Message> =
            self.link.decoder.subnegotiations.drain(..).filter_map(|bytes| parse(&bytes)).collect();
        for message in &messages {
            if let Message::Suspend(suspended) = message {
                self.suspended = *suspended;
            }
        }
        messages
    }

    fn lost(&self, error: PortError) -> Error {
        match error {
            PortError::Interrupted => {
                Error::new(Kind::Interrupted, format!("interrupted while opening `{}`", self.name))
            }
            PortError::Timeout => {
                Error::new(Kind::ConnectionFailedError, format!("`{}` does not accept settings", self.name))
            }
            PortError::Gone(how) => Error::new(Kind::ConnectionFailedError, how.to_string())
                .with_help("close other clients: a server may accept one at a time"),
        }
    }
}

impl Port for Rfc2217Port {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        Abilities { soft_reset: true, raw_paste: true, hard_reset: true, ..Abilities::default() }
    }

    fn hard_reset(&mut self, wait: Wait) -> Result<(), PortError> {
        for (lines, pause) in reset_pulse(self.lines) {
            for line in lines {
                self.link.subnegotiate(COM_PORT, &[SET_CONTROL, level(line)])?;
            }
            let end = wait.until(Some(std::time::Instant::now() + pause));
            while let Ok(slice) = end.slice() {
                std::thread::park_timeout(slice);
            }
        }
        Ok(())
    }

    fn set_line(&mut self, line: ControlLine, on: bool) -> Result<bool, PortError> {
        for known in self.lines.iter_mut().filter(|(known, _)| *known == line) {
            known.1 = on;
        }
        self.link.subnegotiate(COM_PORT, &[SET_CONTROL, level((line, on))]).map(|()| true)
    }

    fn hold_break(&mut self, on: bool) -> Result<bool, PortError> {
        let value = if on { BREAK_ON } else { BREAK_OFF };
        self.link.subnegotiate(COM_PORT, &[SET_CONTROL, value]).map(|()| true)
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        if self.suspended {
            let patience = Wait::for_at_most(SUSPEND_LIMIT);
            while self.suspended {
                wait.slice()?;
                match self.hear(wait.until(patience.deadline)) {
                    Ok(()) => drop(self.look()),
                    Err(PortError::Timeout) if patience.slice() == Err(PortError::Timeout) => {
                        return Err(PortError::stuck(SUSPEND_LIMIT));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        self.link.write(bytes, wait)
    }

    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        if self.early.is_empty() { vec![self.link.descriptor()] } else { Vec::new() }
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let early = self.early.len();
        buffer.append(&mut self.early);
        if early > 0 {
            return Ok(early);
        }
        let outcome = self.link.read_available(buffer);
        self.look();
        outcome
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        if !self.early.is_empty() {
            return self.read_available(buffer);
        }
        let outcome = self.link.read(buffer, wait);
        self.look();
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::socket::tests::{Server, soon};
    use crate::port::telnet::{DO, DONT, IAC, SB, SE, WILL, WONT};
    use proptest::prelude::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::time::Instant;

    const FAST: Duration = Duration::from_millis(50);

    fn hear(stream: &mut TcpStream, expected: &[u8]) {
        let mut heard = vec![0; expected.len()];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(heard, expected);
    }

    fn open(server: &Server, options: &LineOptions) -> Result<Rfc2217Port> {
        Rfc2217Port::open_within(&server.endpoint, options, Duration::from_secs(5), FAST)
    }

    /// The client's first bytes.
    const HELLO: [u8; 15] = [
        IAC,
        WILL,
        COM_PORT,
        IAC,
        WILL,
        BINARY,
        IAC,
        DO,
        BINARY,
        IAC,
        WILL,
        SUPPRESS_GO_AHEAD,
        IAC,
        DO,
        SUPPRESS_GO_AHEAD,
    ];

    fn agree(stream: &mut TcpStream) {
        hear(stream, &HELLO);
        stream.write_all(&[IAC, DO, COM_PORT, IAC, DO, BINARY, IAC, WILL, BINARY]).unwrap();
    }

    fn hear_settings(stream: &mut TcpStream, options: &LineOptions) {
        for setting in settings(options) {
            let mut bytes = vec![IAC, SB, COM_PORT];
            crate::port::telnet::encode(&setting, true, &mut bytes);
            bytes.extend([IAC, SE]);
            hear(stream, &bytes);
        }
    }

    #[test]
    fn sets_the_line_even_without_acknowledgement() {
        let options = &LineOptions { baud_rate: Some(255), ..LineOptions::default() };
        for acknowledged in [false, true] {
            let heard = options.clone();
            let server = Server::start(move |mut stream| {
                agree(&mut stream);
                hear_settings(&mut stream, &heard);
                stream.write_all(b"old text").unwrap();
                if acknowledged {
                    stream.write_all(&[IAC, SB, COM_PORT, 101, 0, 0, 0, IAC, IAC, IAC, SE]).unwrap();
                    stream.write_all(&[IAC, SB, COM_PORT, 112, 3, IAC, SE]).unwrap();
                    // Flow control: suspend, then resume.
                    stream.write_all(&[IAC, SB, COM_PORT, 108, IAC, SE, b'.']).unwrap();
                    stream.write_all(&[IAC, SB, COM_PORT, 109, IAC, SE]).unwrap();
                }
                hear(&mut stream, b"\x03\r\xff\xff");
                stream.write_all(b"\r\0new").unwrap();
            });
            let mut port = open(&server, options).unwrap();
            port.write(b"\x03\r\xff", soon()).unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"\r\0new") {
                port.read(&mut seen, soon()).unwrap();
            }
            assert!(!seen.starts_with(b"old"));
            server.join();
        }
    }

    #[test]
    fn reports_a_server_without_rfc2217() {
        let case = |answer: &'static [u8], expected: &str| {
            let server = Server::start(move |mut stream| {
                hear(&mut stream, &HELLO);
                stream.write_all(answer).unwrap();
                let _ = stream.read(&mut [0]);
            });
            let error = Rfc2217Port::open_within(&server.endpoint, &LineOptions::default(), FAST, FAST).unwrap_err();
            let messages = format!("`rfc2217://{}` {expected}", server.endpoint);
            assert_eq!((error.kind(), error.message()), (Kind::ConnectionFailedError, messages.as_str()));
            assert!(error.help().is_some_and(|help| help.contains("telnet(rfc2217)")));
            server.join();
        };
        case(&[IAC, DONT, COM_PORT, IAC, WONT, BINARY], "does not support RFC 2217");
        case(b"MicroPython\r\n>>> ", "did not respond as an RFC 2217 server");
    }

    #[test]
    fn drops_a_flood_before_the_negotiation_ends() {
        let server = Server::start(|mut stream| {
            hear(&mut stream, &HELLO);
            let piece = vec![b'x'; 1 << 20];
            for _ in 0..8 {
                stream.write_all(&piece).unwrap();
            }
            stream.write_all(&[IAC, DO, COM_PORT]).unwrap();
            // Until the client leaves, which on a busy computer may be before all is sent.
            for _ in 0..8 {
                if stream.write_all(&piece).is_err() {
                    return;
                }
            }
            while stream.read(&mut [0; 256]).is_ok_and(|count| count > 0) {}
        });
        let mut port = open(&server, &LineOptions::default()).unwrap();
        assert!(port.early.capacity() < 8 * bound::NEGOTIATION, "{}", port.early.capacity());
        port.suspended = true;
        let short = Wait::for_at_most(Duration::from_millis(200));
        assert_eq!(port.write(b"a", short), Err(PortError::Timeout));
        assert!(port.early.capacity() < 8 * bound::NEGOTIATION, "{}", port.early.capacity());
        drop(port);
        server.join();
    }

    #[test]
    fn reports_an_unsupported_baud_rate() {
        let server = Server::start(|mut stream| {
            agree(&mut stream);
            hear_settings(&mut stream, &LineOptions::default());
            stream.write_all(&[IAC, SB, COM_PORT, 101, 0, 0, 37, 128, IAC, SE]).unwrap();
            stream.write_all(&[IAC, SB, COM_PORT, 112, 3, IAC, SE]).unwrap();
        });
        let error = open(&server, &LineOptions::default()).unwrap_err();
        let messages = format!("`rfc2217://{}` does not support 115200 baud: it stays at 9600", server.endpoint);
        assert_eq!((error.kind(), error.message()), (Kind::ArgumentError, messages.as_str()));
        server.join();
    }

    #[test]
    fn control_lines_follow_the_options() {
        let case = |dtr, rts, expected: [u8; 2]| {
            let options = LineOptions { dtr, rts, ..LineOptions::default() };
            let all = settings(&options);
            let lines = all.iter().filter(|setting| setting[0] == SET_CONTROL && setting[1] != 1);
            assert_eq!(lines.map(|setting| setting[1]).collect::<Vec<u8>>(), expected);
        };
        case(None, None, [8, 11]);
        case(Some(false), None, [12, 9]);
        case(Some(true), Some(false), [12, 8]);
        case(Some(false), Some(true), [9, 11]);
    }

    #[test]
    fn a_hard_reset_pulses_the_lines_and_the_board_is_heard_afterwards() {
        let server = Server::start(|mut stream| {
            agree(&mut stream);
            hear_settings(&mut stream, &LineOptions::default());
            let mut control = |level| hear(&mut stream, &[IAC, SB, COM_PORT, 5, level, IAC, SE]);
            // DTR off, RTS on.
            control(9);
            control(11);
            let held = Instant::now();
            // RTS off, then both as before.
            control(12);
            let held = held.elapsed();
            control(8);
            control(11);
            stream.write_all(b"boot").unwrap();
            // The pulse lasts 100 ms; what was on the way before counts little.
            assert!(held >= Duration::from_millis(50), "{held:?}");
        });
        let mut port = open(&server, &LineOptions::default()).unwrap();
        assert!(port.abilities().hard_reset);
        port.hard_reset(soon()).unwrap();
        let mut seen = Vec::new();
        while seen != b"boot" {
            port.read(&mut seen, soon()).unwrap();
        }
        server.join();
    }

    #[test]
    fn a_hard_reset_of_a_line_that_is_gone_is_an_error() {
        let server = Server::start(|mut stream| {
            agree(&mut stream);
            hear_settings(&mut stream, &LineOptions::default());
            stream.write_all(&[IAC, SB, COM_PORT, 112, 3, IAC, SE]).unwrap();
        });
        let mut port = open(&server, &LineOptions::default()).unwrap();
        server.join();
        let mut buffer = Vec::new();
        while !matches!(port.read(&mut buffer, soon()), Err(PortError::Gone(_))) {}
        // The first write to a closed connection may still be taken.
        let resets = (0..3).map(|_| port.hard_reset(soon())).collect::<Vec<_>>();
        assert!(matches!(resets.last(), Some(Err(PortError::Gone(_)))), "{resets:?}");
    }

    proptest! {
        #[test]
        fn no_reply_makes_it_panic(bytes: Vec<u8>, command in 0..=255_u8) {
            let _ = parse(&bytes);
            let mut whole = vec![COM_PORT, command];
            whole.extend(&bytes);
            let _ = parse(&whole);
        }
    }
}
