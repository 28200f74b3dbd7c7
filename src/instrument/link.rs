//! The exchange of messages with one instrument.
//!
//! A reply that did not come in time may come later. So after a timeout the next message is preceded by a question whose reply
//! is known (`*IDN?`): everything up to that reply is dropped ([`Link::settle`]).
//!
//! Uses [`crate::port::stream`]. Invariant: what a query returns was sent after it.

use super::block::{self, Head};
use super::options::InstrumentOptions;
use super::reply::Identity;
use crate::bound;
use crate::error::{Error, Kind, Result};
use crate::phrase::count;
use crate::port::loss::Loss;
use crate::port::stream::{Stream, explain};
use crate::port::{PortError, Wait};
use crate::value::Value;
use std::time::{Duration, Instant};

/// Opens the stream: the first time, and after a loss.
pub(super) type Opener = dyn Fn() -> Result<Stream> + Send + Sync;

/// How long nothing more must come after a line end for it to be the end of a block of indefinite length, where only time
/// can tell.
const QUIET: Duration = Duration::from_millis(50);

/// Most entries that are read from an error queue at once. IEEE 488.2 wants at least two; none is known to hold more.
const FAULTS: usize = 100;

/// Most further entries that one error shows.
const FAULTS_SHOWN: usize = 5;

/// The question for who an instrument is.
pub(super) const IDENTITY: &str = "*IDN?";

/// One connection.
pub(super) struct Link {
    opener: Box<Opener>,
    stream: Option<Stream>,
    options: InstrumentOptions,
    /// The query whose reply did not come.
    owed: Option<String>,
    /// The reply to [`IDENTITY`].
    identity: Option<String>,
    closed: bool,
}

/// How long one call may wait, and for whom.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub timeout: Duration,
    /// The end of the run, or of the part of it.
    pub until: Option<Instant>,
    pub interruptible: bool,
}

impl Limits {
    pub fn wait(self) -> Wait {
        let wait = Wait::for_at_most(self.timeout).until(self.until);
        if self.interruptible { wait } else { wait.undisturbed() }
    }
}

/// A command for display: without its data, and not longer than a line.
fn shown(command: &str) -> String {
    let line: String = command.chars().take(60).collect();
    let cut = if line.len() < command.len() { "…" } else { "" };
    format!("`{}{cut}`", line.escape_debug())
}

impl Link {
    pub fn new(opener: Box<Opener>, options: InstrumentOptions) -> Link {
        Link { opener, stream: None, options, owed: None, identity: None, closed: false }
    }

    pub fn options(&self) -> &InstrumentOptions {
        &self.options
    }

    pub fn set_timeout(&mut self, timeout: Duration) {
        self.options.timeout = Some(timeout);
    }

    pub fn is_open(&self) -> bool {
        !self.closed
    }

    pub fn close(&mut self) {
        self.closed = true;
        self.stream = None;
    }

    /// Opens the stream if it is not open.
    ///
    /// # Errors
    /// [`Kind::ClosedError`]; of the stream.
    pub fn stream(&mut self) -> Result<&mut Stream> {
        if self.closed {
            return Err(Error::new(Kind::ClosedError, "the instrument is closed").with_help("open it again"));
        }
        match &mut self.stream {
            Some(stream) => Ok(stream),
            empty => Ok(empty.insert((self.opener)()?)),
        }
    }

    /// The error of an exchange. A lost stream is opened again by the next call.
    fn failed(&mut self, error: PortError, doing: &str, limits: Limits) -> Error {
        if matches!(error, PortError::Gone(_)) {
            self.stream = None;
            self.owed = None;
        }
        // A run's deadline is not the instrument's fault.
        let is_own = limits.until.is_none_or(|until| Instant::now() < until);
        let error = explain(error, doing, is_own.then_some(limits.timeout));
        match error.kind() {
            Kind::TimeoutError => {
                error.with_help("check the command, or raise `timeout`; `errors()` shows what the instrument refused")
            }
            Kind::ConnectionLost => error.with_help("check its cable and power; the next command connects again"),
            _ => error,
        }
    }

    fn put(&mut self, message: &[u8], command: &str, limits: Limits) -> Result<()> {
        match self.stream()?.write(message, limits.wait()) {
            Ok(()) => Ok(()),
            Err(error) => {
                // A part of the message may be on its way: the next one must not be added to it.
                self.stream = None;
                self.owed = None;
                Err(self.failed(error, &format!("sending {}", shown(command)), limits))
            }
        }
    }

    /// Drops the reply of a command that timed out, whether it came or comes.
    ///
    /// # Errors
    /// [`Kind::TimeoutError`] if the instrument does not respond at all.
    fn settle(&mut self, limits: Limits) -> Result<()> {
        let Some(owed) = self.owed.clone() else { return Ok(()) };
        if self.clear_device(&owed, limits)? {
            self.owed = None;
            return Ok(());
        }
        if self.options.identify == Some(false) {
            // Nothing is known that it answers.
            self.owed = None;
            return self.drop_input(limits);
        }
        // The question must not be the one that is owed: its late reply would look like the new one.
        let probe = if owed.trim().eq_ignore_ascii_case(IDENTITY) { "*OPC?" } else { IDENTITY };
        let terminator = self.options.terminator().to_owned();
        let wait = limits.wait();
        self.put(format!("{probe}{terminator}").as_bytes(), probe, limits)?;
        loop {
            let line = match self.line(wait) {
                Ok(line) => line,
                Err(PortError::Timeout) => return Err(silent(&owed)),
                Err(error) => return Err(self.failed(error, &format!("after {} timed out", shown(&owed)), limits)),
            };
            let is_it = match (probe, &self.identity) {
                // The beginning of a reply that never ended may be before it.
                (IDENTITY, Some(known)) => line.ends_with(known.as_str()),
                (IDENTITY, None) => Identity::is_one(&line),
                _ => line.trim() == "1",
            };
            if is_it {
                self.owed = None;
                return Ok(());
            }
        }
    }

    /// Clears both sides by means of the port. Returns whether it can.
    fn clear_device(&mut self, owed: &str, limits: Limits) -> Result<bool> {
        let wait = limits.wait();
        self.stream()?.clear_device(wait).map_err(|error| {
            // The connection is in an unknown state.
            self.stream = None;
            match error {
                PortError::Timeout => silent(owed),
                error => self.failed(error, "clearing the instrument", limits),
            }
        })
    }

    fn drop_input(&mut self, limits: Limits) -> Result<()> {
        match self.stream()?.drop_input() {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(error, "dropping late replies", limits)),
        }
    }

    /// One line of a reply, without its end.
    fn line(&mut self, wait: Wait) -> std::result::Result<String, PortError> {
        let terminator = self.options.read_terminator().to_owned();
        let Some(stream) = &mut self.stream else { return Err(PortError::Timeout) };
        let line = stream.read_until(terminator.as_bytes(), bound::INSTRUMENT_LINE, wait)?;
        let text = match String::from_utf8(line) {
            Ok(text) => text,
            // Instruments that write "µ" or "°" in Latin-1.
            Err(error) => error.as_bytes().iter().map(|&byte| char::from(byte)).collect(),
        };
        Ok(if terminator == "\n" { text.trim_end_matches('\r').to_owned() } else { text })
    }

    /// Sends one message. Waits for no reply.
    ///
    /// # Errors
    /// Of the exchange.
    pub fn write(&mut self, command: &str, limits: Limits) -> Result<()> {
        self.settle(limits)?;
        let message = format!("{command}{}", self.options.terminator());
        self.put(message.as_bytes(), command, limits)
    }

    /// Sends a command with a block of data.
    ///
    /// # Errors
    /// Of the exchange.
    pub fn write_block(&mut self, command: &str, bytes: &[u8], limits: Limits) -> Result<()> {
        self.settle(limits)?;
        let mut message = command.as_bytes().to_vec();
        // A block is separated from its header as any parameter is.
        if !command.is_empty() && !command.ends_with([' ', ',']) {
            message.push(b' ');
        }
        message.extend(block::definite(bytes));
        message.extend(self.options.terminator().as_bytes());
        self.put(&message, command, limits)
    }

    /// Waits for a line that `command` brings.
    ///
    /// # Errors
    /// Of the exchange.
    pub fn read(&mut self, command: Option<&str>, limits: Limits) -> Result<String> {
        self.stream()?;
        self.line(limits.wait()).map_err(|error| self.unanswered(error, command, limits))
    }

    fn unanswered(&mut self, error: PortError, command: Option<&str>, limits: Limits) -> Error {
        if matches!(error, PortError::Timeout | PortError::Interrupted) {
            self.owed = Some(command.unwrap_or_default().to_owned());
        }
        let doing = command
            .map_or("waiting for a reply".to_owned(), |command| format!("waiting for the reply to {}", shown(command)));
        self.failed(error, &doing, limits)
    }

    /// Waits for a block, or for a line if the reply is not a block.
    ///
    /// # Errors
    /// Of the exchange; [`Kind::ProtocolError`] for a block that is too long.
    pub fn read_data(&mut self, command: Option<&str>, limits: Limits) -> Result<Data> {
        self.stream()?;
        match self.data(limits.wait()) {
            Ok(data) => Ok(data),
            Err(Unread::Port(error)) => Err(self.unanswered(error, command, limits)),
            Err(Unread::TooLong(length)) => {
                self.stream = None;
                let message = format!("the block has {length} bytes, more than the limit of {}", block::LIMIT);
                Err(Error::new(Kind::ProtocolError, message).with_help("ask the instrument for fewer points"))
            }
            Err(Unread::GoesOn(length)) => {
                self.stream = None;
                let of = command.map_or("the reply".to_owned(), |command| format!("the reply to {}", shown(command)));
                Err(Error::new(Kind::ProtocolError, format!("{of} goes on after its block of {length} bytes"))
                    .with_help("check `read_terminator`, and the length that the instrument writes before its data"))
            }
        }
    }

    fn data(&mut self, wait: Wait) -> std::result::Result<Data, Unread> {
        let terminator = self.options.read_terminator().as_bytes().to_vec();
        let Some(stream) = &mut self.stream else { return Err(Unread::Port(PortError::Timeout)) };
        loop {
            match block::head(stream.held()) {
                Head::Incomplete => drop(stream.fill(wait)?),
                Head::Other => return Ok(Data::Line(self.line(wait)?)),
                Head::Indefinite => {
                    let mut bytes = until_the_end(stream, &terminator, wait)?;
                    bytes.drain(..2);
                    return Ok(Data::Block(bytes));
                }
                Head::Definite { length, .. } if length > block::LIMIT => return Err(Unread::TooLong(length)),
                Head::Definite { at, length } => {
                    stream.take(at);
                    let bytes = stream.read_exact(length, wait)?;
                    // The end of the message, which a device that marks ends may leave out.
                    if stream.held().is_empty() && stream.is_at_end() {
                        return Ok(Data::Block(bytes));
                    }
                    return match stream.read_until(&terminator, 64, wait) {
                        // After a semicolon comes the reply to the next query of the message.
                        Ok(rest) if rest.starts_with(b";") || rest.iter().all(u8::is_ascii_whitespace) => {
                            Ok(Data::Block(bytes))
                        }
                        Ok(_) | Err(PortError::Gone(Loss::Protocol(_))) => Err(Unread::GoesOn(length)),
                        Err(error) => Err(error.into()),
                    };
                }
            }
        }
    }

    /// Sends a query and waits for its line, again as often as the options say.
    ///
    /// # Errors
    /// Of the exchange.
    pub fn query(&mut self, command: &str, limits: Limits) -> Result<String> {
        self.again(command, limits, |link| link.read(Some(command), limits))
    }

    /// Sends a query and waits for its block or line.
    ///
    /// # Errors
    /// As [`Link::read_data`].
    pub fn query_data(&mut self, command: &str, limits: Limits) -> Result<Data> {
        self.again(command, limits, |link| link.read_data(Some(command), limits))
    }

    fn again<T>(&mut self, command: &str, limits: Limits, read: impl Fn(&mut Link) -> Result<T>) -> Result<T> {
        let mut left = self.options.retries.unwrap_or(0);
        loop {
            let outcome = self.write(command, limits).and_then(|()| read(self));
            match outcome {
                Err(error) if left > 0 && can_change(error.kind()) => left -= 1,
                other => return other,
            }
        }
    }

    /// Asks the instrument who it is.
    ///
    /// # Errors
    /// Of the exchange.
    pub fn identify(&mut self, limits: Limits) -> Result<Identity> {
        let text = self.query(IDENTITY, limits)?;
        let identity = Identity::parse(&text);
        self.identity = Some(text);
        Ok(identity)
    }

    /// Reads the error queue until it is empty.
    ///
    /// # Errors
    /// Of the exchange; [`Kind::ProtocolError`] for a reply that is not an entry.
    pub fn faults(&mut self, limits: Limits) -> Result<Vec<(i64, String)>> {
        let query = self.options.error_query().to_owned();
        let mut faults = Vec::new();
        loop {
            let text = self.query(&query, limits)?;
            match super::reply::fault(&text) {
                Some((0, _)) => return Ok(faults),
                Some(fault) => faults.push(fault),
                None => {
                    let message = format!("the reply to {} is not an error: {}", shown(&query), shown(&text));
                    return Err(Error::new(Kind::ProtocolError, message)
                        .with_help("set `error_query` to the query of the instrument's manual"));
                }
            }
            if faults.len() >= FAULTS {
                return Ok(faults);
            }
        }
    }

    /// Raises what the instrument has put into its error queue since the last time.
    ///
    /// # Errors
    /// [`Kind::InstrumentError`] with the first entry; of the exchange.
    pub fn check(&mut self, command: &str, limits: Limits) -> Result<()> {
        let faults = self.faults(limits)?;
        let Some(((code, text), others)) = faults.split_first() else { return Ok(()) };
        let message = format!("{} was refused: {text} ({code})", shown(command));
        let error = Error::new(Kind::InstrumentError, message).with_fault(*code, text);
        Err(match others.len() {
            0 => error,
            more => {
                let first = others.iter().take(FAULTS_SHOWN);
                let first: Vec<String> = first.map(|(code, text)| format!("{text} ({code})")).collect();
                let rest = if more > FAULTS_SHOWN { ", …" } else { "" };
                error.with_help(format!("{} more: {}{rest}", count(more, "error"), first.join(", ")))
            }
        })
    }

    /// Makes the instrument usable again: drops late replies and clears its status and error queue (`*CLS`).
    ///
    /// # Errors
    /// Of the exchange.
    pub fn clear(&mut self, limits: Limits) -> Result<()> {
        self.stream()?;
        let owed = self.owed.clone().unwrap_or_default();
        match self.clear_device(&owed, limits)? {
            true => self.owed = None,
            false => self.drop_input(limits)?,
        }
        self.write("*CLS", limits)
    }

    /// Reads its status byte: by means of the port if it has any, else by `*STB?`.
    ///
    /// # Errors
    /// Of the exchange; [`Kind::ProtocolError`] for a reply that is not a status byte.
    pub fn status(&mut self, limits: Limits) -> Result<u8> {
        self.settle(limits)?;
        let wait = limits.wait();
        match self.stream()?.port().status_byte(wait) {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => {
                self.stream = None;
                return Err(self.failed(error, "waiting for the status byte", limits));
            }
        }
        let text = self.query("*STB?", limits)?;
        match super::reply::number(&text) {
            Some(Value::Int(status)) if u8::try_from(status).is_ok() => Ok(status.try_into().unwrap_or_default()),
            _ => Err(Error::new(
                Kind::ProtocolError,
                format!("the reply to `*STB?` is not a status byte: {}", shown(&text)),
            )),
        }
    }
}

/// The error for an instrument that has said nothing since the query that it owes a reply to.
fn silent(owed: &str) -> Error {
    let message = match owed {
        "" => "no response to a device clear".to_owned(),
        owed => format!("no response since {} timed out", shown(owed)),
    };
    Error::new(Kind::TimeoutError, message)
        .with_help("check that it is switched on; raise `timeout`, or call `clear()`")
}

/// Whether another attempt can have another outcome.
fn can_change(kind: Kind) -> bool {
    matches!(kind, Kind::TimeoutError | Kind::ConnectionLost) && !crate::interrupt::pending()
}

/// What a reply is.
pub(super) enum Data {
    Line(String),
    Block(Vec<u8>),
}

enum Unread {
    Port(PortError),
    TooLong(usize),
    /// More than the end of the message came after a block of this length.
    GoesOn(usize),
}

impl From<PortError> for Unread {
    fn from(error: PortError) -> Unread {
        Unread::Port(error)
    }
}

/// Everything up to the end of the message, without the terminator before it.
fn until_the_end(stream: &mut Stream, terminator: &[u8], wait: Wait) -> std::result::Result<Vec<u8>, Unread> {
    loop {
        if stream.held().len() > block::LIMIT {
            return Err(Unread::TooLong(stream.held().len()));
        }
        let is_line_end = stream.held().len() > 2 && stream.held().ends_with(terminator);
        if stream.is_at_end() || is_line_end && is_quiet(stream, wait)? {
            let mut bytes = stream.take(usize::MAX);
            if bytes.ends_with(terminator) {
                bytes.truncate(bytes.len() - terminator.len());
            }
            return Ok(bytes);
        }
        if !is_line_end {
            stream.fill(wait)?;
        }
    }
}

/// Whether nothing more comes for a moment.
fn is_quiet(stream: &mut Stream, wait: Wait) -> std::result::Result<bool, PortError> {
    match stream.fill(wait.until(Some(Instant::now() + QUIET))) {
        Ok(_) => Ok(false),
        Err(PortError::Timeout) => Ok(true),
        Err(error) => Err(error),
    }
}
