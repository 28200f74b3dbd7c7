//! `ws://HOST`: MicroPython's WebREPL, the REPL of a board over the network, by WebSocket and password.
//!
//! Uses [`crate::error`], [`super::socket`] and [`super::websocket`]. Invariants: no password is ever in a message; at
//! most [`BLOCK`] bytes are in transit to a board that shows no sign of having read them.
//!
//! The board puts input into the same small ring as serial input (260 bytes on ESP32 and ESP8266) and loses what does not
//! fit (micropython#2497, #16997). It does not reply to pings, so its output is the only sign of progress; without output,
//! the host pauses instead.

use super::endpoint::Endpoint;
use super::socket::Connection;
use super::websocket::{self, Control, Decoder, Opcode};
use super::{Abilities, Port, PortError, Wait};
use crate::bound;
use crate::error::{Error, Kind, Result};
use crate::port::loss::Loss;
use std::time::{Duration, Instant};

/// WebREPL's default port number.
pub const USUAL_PORT: u16 = 8266;

/// Most bytes to send to a board before it sends something.
pub const BLOCK: usize = 255;

/// How long to wait for a sign of progress after a block.
const PAUSE: Duration = Duration::from_millis(250);
/// How long each step of opening may take.
const STEP_LIMIT: Duration = Duration::from_secs(10);

/// A board's WebREPL.
pub struct WebReplPort {
    name: String,
    connection: Connection,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Received text that is not read yet.
    early: Vec<u8>,
    /// Bytes sent since the board last sent something.
    unanswered: usize,
    /// Why the connection ended.
    gone: Option<Loss>,
}

impl WebReplPort {
    /// Connects and sends the password, if the board asks for one.
    ///
    /// # Errors
    /// [`Kind::ConnectionFailedError`] if there is no WebREPL, [`Kind::AuthenticationError`] if the password is missing or
    /// rejected, [`Kind::Interrupted`].
    pub fn open(endpoint: &Endpoint, password: Option<&str>) -> Result<WebReplPort> {
        let name = format!("ws://{}", endpoint.shown(Some(USUAL_PORT)));
        let connection = Connection::open(endpoint, &name)?;
        let mut port = WebReplPort {
            name,
            connection,
            decoder: Decoder::default(),
            raw: Vec::new(),
            early: Vec::new(),
            unanswered: 0,
            gone: None,
        };
        port.shake_hands(endpoint)?;
        port.log_in(password)?;
        Ok(port)
    }

    fn shake_hands(&mut self, endpoint: &Endpoint) -> Result<()> {
        let key = websocket::key(random()?);
        let wait = Wait::for_at_most(STEP_LIMIT);
        let request = websocket::request(&endpoint.to_string(), &key);
        self.connection.write(request.as_bytes(), wait).map_err(|error| self.lost(error))?;
        loop {
            match websocket::response(&self.raw, &key) {
                Ok(Some(length)) => {
                    self.raw.drain(..length);
                    let outcome = self.take();
                    return outcome.map(drop).map_err(|error| self.lost(error));
                }
                Ok(None) => {}
                Err(how) => {
                    return Err(Error::new(Kind::ConnectionFailedError, format!("`{}` {how}", self.name)).with_help(
                        "check that the board's boot.py runs `import webrepl; webrepl.start()`, on this port number",
                    ));
                }
            }
            self.connection.read(&mut self.raw, wait).map_err(|error| self.lost(error))?;
        }
    }

    fn log_in(&mut self, password: Option<&str>) -> Result<()> {
        if !self.hear(&["Password: ", ">>> "])? {
            return Err(self.failed("did not send the prompt `Password:`"));
        }
        if self.early.ends_with(b">>> ") {
            return Ok(());
        }
        let refused = |message: String, help: &str| Error::new(Kind::AuthenticationError, message).with_help(help);
        let Some(password) = password else {
            return Err(refused(
                format!("`{}` asks for a password", self.name),
                "pass it: `open(port, #{ password: \"…\" })`, or `--password-file FILE`",
            ));
        };
        self.early.clear();
        let wait = Wait::for_at_most(STEP_LIMIT);
        self.send(Opcode::Text, format!("{password}\r").as_bytes(), wait).map_err(|error| self.lost(error))?;
        // A board that denies access closes the connection: check its output first.
        let heard = self.hear(&["WebREPL connected\r\n>>> ", "Access denied"]);
        if contains(&self.early, "Access denied") {
            return Err(refused(
                format!("`{}` rejected the password", self.name),
                "use the one set with `import webrepl_setup`, in the board's file webrepl_cfg.py; it has 4 to 9 characters",
            ));
        }
        if heard? { Ok(()) } else { Err(self.failed("did not respond to the password")) }
    }

    /// Reads until one of `wanted` arrives; false on timeout.
    fn hear(&mut self, wanted: &[&str]) -> Result<bool> {
        let wait = Wait::for_at_most(STEP_LIMIT);
        loop {
            if wanted.iter().any(|words| contains(&self.early, words)) {
                return Ok(true);
            }
            if self.early.len() > bound::NEGOTIATION {
                return Ok(false);
            }
            match self.receive(wait) {
                Ok(()) => {}
                Err(PortError::Timeout) => return Ok(false),
                Err(error) => return Err(self.lost(error)),
            }
        }
    }

    fn failed(&self, how: &str) -> Error {
        Error::new(Kind::ConnectionFailedError, format!("`{}` {how}", self.name))
            .with_help("check that it is a board's WebREPL, then reset the board and try again")
    }

    fn lost(&self, error: PortError) -> Error {
        match error {
            PortError::Interrupted => {
                Error::new(Kind::Interrupted, format!("interrupted while opening `{}`", self.name))
            }
            PortError::Timeout => self.failed("did not respond as a WebREPL"),
            PortError::Gone(how) => Error::new(Kind::ConnectionFailedError, how.to_string())
                .with_help("close other clients, also in browsers: a board accepts one at a time"),
        }
    }

    /// Sends a complete frame: half a frame would break all that follow.
    fn send(&mut self, opcode: Opcode, payload: &[u8], wait: Wait) -> Result<(), PortError> {
        wait.slice()?;
        let mask = random()
            .map_err(|error| PortError::Gone(Loss::system("the connection has no randomness", error.message())))?;
        let mut frame = Vec::with_capacity(payload.len() + 14);
        websocket::encode(opcode, payload, mask, &mut frame);
        self.connection.write_whole(&frame)
    }

    /// Waits for bytes and processes them; their text goes to `early`.
    fn receive(&mut self, wait: Wait) -> Result<(), PortError> {
        if let Some(how) = &self.gone {
            return Err(PortError::Gone(how.clone()));
        }
        let outcome = self.connection.read(&mut self.raw, wait);
        self.take()?;
        outcome.map(drop)
    }

    fn take(&mut self) -> Result<usize, PortError> {
        let before = self.early.len();
        let said = self.decoder.feed(&self.raw, &mut self.early);
        self.raw.clear();
        let count = self.early.len() - before;
        if count > 0 {
            self.unanswered = 0;
        }
        if self.early.len() > bound::UNREAD {
            self.early.clear();
            let limit = bound::shown(bound::UNREAD as u64);
            self.gone = Some(Loss::Protocol(format!("`{}` sent more than {limit} and accepted nothing", self.name)));
        }
        for control in said {
            match control {
                Control::Ping(payload) => {
                    self.send(Opcode::Pong, &payload, Wait { deadline: None, interruptible: false })?
                }
                Control::Close(words) => {
                    let _ = self.send(Opcode::Close, b"\x03\xe8", Wait { deadline: None, interruptible: false });
                    self.gone = Some(match words.as_str() {
                        "" => Loss::Closed(self.name.clone()),
                        words => Loss::Protocol(format!("`{}` closed the connection: {words}", self.name)),
                    });
                }
                Control::Broken(how) => {
                    self.gone = Some(Loss::Protocol(format!("`{}` sent an invalid WebSocket frame: {how}", self.name)));
                }
            }
        }
        Ok(count)
    }

    /// Waits until the board may be sent more.
    fn wait_for_room(&mut self, wait: Wait) -> Result<(), PortError> {
        let end = Instant::now() + PAUSE;
        // Room for one character, whatever it is.
        while BLOCK.saturating_sub(self.unanswered) < 4 {
            match self.receive(wait.until(Some(end))) {
                Ok(()) => {}
                Err(PortError::Timeout) if Instant::now() >= end => self.unanswered = 0,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn give(&mut self, buffer: &mut Vec<u8>) -> usize {
        let count = self.early.len();
        buffer.append(&mut self.early);
        count
    }
}

impl Port for WebReplPort {
    fn name(&self) -> &str {
        &self.name
    }

    /// No soft reset: it ends the board's network and so the connection.
    fn abilities(&self) -> Abilities {
        Abilities { raw_paste: true, text_only: true, ..Abilities::default() }
    }

    fn write(&mut self, mut bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        if let Some(how) = &self.gone {
            return Err(PortError::Gone(how.clone()));
        }
        while !bytes.is_empty() {
            self.wait_for_room(wait)?;
            let (block, rest) = bytes.split_at(block(bytes, BLOCK - self.unanswered));
            self.send(Opcode::Text, block, wait)?;
            self.unanswered += block.len();
            bytes = rest;
        }
        Ok(())
    }

    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        if self.early.is_empty() { vec![self.connection.descriptor()] } else { Vec::new() }
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let count = self.give(buffer);
        if count > 0 {
            return Ok(count);
        }
        if let Some(how) = &self.gone {
            return Err(PortError::Gone(how.clone()));
        }
        let outcome = self.connection.read_available(&mut self.raw);
        self.take()?;
        match (self.give(buffer), outcome) {
            (0, Err(error)) => Err(error),
            (count, _) => Ok(count),
        }
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        while self.early.is_empty() {
            match self.receive(wait) {
                Ok(()) => {}
                // Return the last output first.
                Err(PortError::Gone(_)) if !self.early.is_empty() => {}
                Err(error) => {
                    self.give(buffer);
                    return Err(error);
                }
            }
        }
        Ok(self.give(buffer))
    }
}

impl Drop for WebReplPort {
    fn drop(&mut self) {
        if self.gone.is_none() {
            // Without it, the board notices late that it can accept another client.
            let _ = self.send(Opcode::Close, b"\x03\xe8", Wait::for_at_most(Duration::from_millis(100)).undisturbed());
        }
    }
}

/// How many of `bytes` form the next block of at most `limit`: a text frame contains whole characters, unless the writer
/// split one. (No board checks.)
fn block(bytes: &[u8], limit: usize) -> usize {
    let limit = limit.clamp(1, BLOCK);
    if bytes.len() <= limit {
        return bytes.len();
    }
    let inside = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (limit.saturating_sub(3).max(1)..=limit).rev().find(|&at| !inside(at)).unwrap_or(limit)
}

fn contains(text: &[u8], words: &str) -> bool {
    text.windows(words.len()).any(|window| window == words.as_bytes())
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(Kind::InternalError, format!("the operating system provides no random bytes: {error}"))
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
