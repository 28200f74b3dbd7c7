//! Consoles of units under test: a port that is read all the time, with waits for texts and regular expressions.
//!
//! [`Console`] sends and waits; [`dialogue`] has commands and their answers, [`class`] what a `console` block declares; [`pattern`] finds, [`incoming`] keeps what came, `reader` reads it, [`failure`] words the errors;
//! [`frames`] and [`crc`] are for binary protocols.
//!
//! Uses [`crate::port`], [`crate::message`] and [`crate::error`]. Invariants: no wait outlasts its limit or the caller's wish to stop; what is kept is
//! bounded ([`incoming::UNREAD`]); a closed console has no port and no thread.

pub mod class;
pub mod crc;
pub mod dialogue;
pub mod failure;
pub mod frames;
pub mod incoming;
pub mod pattern;
mod reader;

use crate::error::{Error, Kind, Result};
use crate::port::address::Address;
use crate::port::open::open;
use crate::port::options::PortOptions;
use crate::port::{ControlLine, Port, PortError, Wait};
use failure::Failure;
use frames::{Framing, Next};
use incoming::{Incoming, Match};
use pattern::Pattern;
use reader::{Link, Watch, lock};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a call waits if the script does not say.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes that are written at once; in between, what came is read.
const PIECE: usize = 1024;

/// What a log has in place of a password.
pub const HIDDEN: &[u8] = b"********\n";

/// Whether the caller wants a wait to end: Ctrl-C, a time limit of the script.
pub type Stop<'a> = &'a dyn Fn() -> bool;

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the unit.
    Sent,
    /// From the unit.
    Received,
}

/// Gets all traffic, in order.
pub type Listener = Box<dyn FnMut(Direction, &[u8]) + Send>;

/// An open console. Clones are the same console.
#[derive(Clone)]
pub struct Console {
    name: Arc<str>,
    link: Arc<Link>,
}

impl Console {
    /// Opens the port at `address`, and starts to read from it. `name`: of the console, for messages. Calls `notify` with one
    /// line for each slow step.
    ///
    /// # Errors
    /// As [`open`].
    pub fn open(name: &str, address: &Address, options: &PortOptions, notify: &dyn Fn(&str)) -> Result<Console> {
        let options = PortOptions { logs_in: false, ..options.clone() };
        let port = open(address, &options, notify).map_err(|error| error.with_device(name))?;
        Console::over(name, port)
    }

    /// Starts to read from a port. `name`: of the console, for messages.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub fn over(name: &str, port: Box<dyn Port>) -> Result<Console> {
        let link = Link::start(name, port)
            .map_err(|error| Error::new(Kind::ConnectionFailedError, format!("cannot read from `{name}`: {error}")))?;
        Ok(Console { name: name.into(), link })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port as the user wrote it.
    pub fn port(&self) -> &str {
        self.link.written()
    }

    /// Whether the port says that it is simulated.
    pub fn is_simulated(&self) -> bool {
        lock(&self.link.port).as_ref().is_some_and(|port| port.abilities().simulated)
    }

    /// Whether it can be used: neither closed nor lost.
    pub fn is_open(&self) -> bool {
        let watch = lock(&self.link.watch);
        watch.gone.is_none() && !watch.closed
    }

    /// Hands all further traffic to `listener`, in place of an earlier one.
    pub fn listen(&self, listener: Option<Listener>) {
        lock(&self.link.watch).listener = listener;
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// A closed or lost console; a unit that accepts nothing for five seconds.
    pub fn write(&self, bytes: &[u8], stop: Stop<'_>) -> Result<(), Failure> {
        self.write_heard(bytes, true, stop)
    }

    /// As [`Console::write`]; the listener gets [`HIDDEN`] in place of the bytes.
    ///
    /// # Errors
    /// As [`Console::write`].
    pub fn write_hidden(&self, bytes: &[u8], stop: Stop<'_>) -> Result<(), Failure> {
        lock(&self.link.watch).hear(Direction::Sent, HIDDEN);
        self.write_heard(bytes, false, stop)
    }

    fn write_heard(&self, bytes: &[u8], is_heard: bool, stop: Stop<'_>) -> Result<(), Failure> {
        for piece in bytes.chunks(PIECE) {
            self.check()?;
            if stop() {
                return Err(Failure::Stopped);
            }
            let mut port = lock(&self.link.port);
            let Some(port) = port.as_mut() else { return Err(self.closed()) };
            // A unit that answers while it is written to must not wait for its answers to be read.
            let mut early = Vec::new();
            let arrived = port.read_available(&mut early);
            let mut watch = lock(&self.link.watch);
            watch.receive(&early);
            if is_heard {
                watch.hear(Direction::Sent, piece);
            }
            drop(watch);
            if let Err(error) =
                arrived.map(drop).and_then(|()| port.write(piece, Wait { deadline: None, interruptible: true }))
            {
                return Err(match error {
                    PortError::Gone(loss) => {
                        lock(&self.link.watch).gone = Some(loss.to_string());
                        self.link.changed.notify_all();
                        self.lost(&loss.to_string())
                    }
                    PortError::Interrupted | PortError::Timeout => Failure::Stopped,
                });
            }
        }
        Ok(())
    }

    /// Waits for the first of several patterns, and takes it with everything before it.
    ///
    /// # Errors
    /// [`Kind::TimeoutError`] with the last lines, if none came within `limit`; a closed or lost console.
    pub fn expect(&self, patterns: &[Pattern], limit: Duration, stop: Stop<'_>) -> Result<Match, Failure> {
        if let Some(empty) = patterns.iter().position(Pattern::is_empty) {
            let message = if patterns.len() == 1 {
                "the text to wait for is empty".to_owned()
            } else {
                format!("text {} to wait for is empty", empty + 1)
            };
            return Err(Error::new(Kind::ArgumentError, message).with_device(&self.name).into());
        }
        if patterns.is_empty() {
            return Err(Error::new(Kind::ArgumentError, "there is nothing to wait for").with_device(&self.name).into());
        }
        self.wait(
            limit,
            stop,
            |incoming| incoming.take_match(patterns),
            |incoming| failure::not_seen(patterns, limit, incoming),
        )
    }

    /// Waits for exactly `count` bytes, and takes them.
    ///
    /// # Errors
    /// As [`Console::expect`].
    pub fn read_exactly(&self, count: usize, limit: Duration, stop: Stop<'_>) -> Result<Vec<u8>, Failure> {
        if count > incoming::UNREAD {
            let most = crate::bound::shown(incoming::UNREAD as u64);
            let error =
                Error::new(Kind::ArgumentError, format!("cannot read {count} bytes at once: at most {most} are kept"));
            return Err(error.with_help("read it in parts").with_device(&self.name).into());
        }
        self.wait(
            limit,
            stop,
            |incoming| incoming.take_exactly(count),
            |incoming| failure::too_few(count, limit, incoming),
        )
    }

    /// Waits for a frame.
    ///
    /// # Errors
    /// As [`Console::expect`]; [`Kind::ProtocolError`] for a broken frame, which is skipped.
    pub fn read_frame(&self, framing: &Framing, limit: Duration, stop: Stop<'_>) -> Result<Vec<u8>, Failure> {
        let mut find = |incoming: &mut Incoming| {
            loop {
                match framing.next(incoming.waiting()) {
                    Next::Incomplete => return None,
                    Next::Skip(count) => drop(incoming.take_exactly(count)),
                    Next::Frame(count, frame) => {
                        incoming.take_exactly(count);
                        return Some(Ok(frame));
                    }
                    Next::Broken(count, why) => {
                        incoming.take_exactly(count);
                        let message =
                            format!("a frame of {} is invalid: {why}", crate::phrase::count(count as u64, "byte"));
                        return Some(Err(Error::new(Kind::ProtocolError, message).with_device(&self.name)));
                    }
                }
            }
        };
        Ok(self.wait(limit, stop, &mut find, |incoming| failure::no_frame(limit, incoming))??)
    }

    /// Waits until `find` gives something. `missing` words the error if it never does.
    ///
    /// # Errors
    /// As [`Console::expect`].
    pub fn wait<T>(
        &self,
        limit: Duration,
        stop: Stop<'_>,
        mut find: impl FnMut(&mut Incoming) -> Option<T>,
        missing: impl FnOnce(&Incoming) -> Error,
    ) -> Result<T, Failure> {
        let end = Instant::now().checked_add(limit);
        let left = || end.map_or(Wait::SLICE, |end| end.saturating_duration_since(Instant::now()));
        let mut watch = lock(&self.link.watch);
        // Calls of several closures follow one another.
        while watch.busy {
            if stop() {
                return Err(Failure::Stopped);
            }
            if left().is_zero() {
                return Err(missing(&watch.incoming).with_device(&self.name).into());
            }
            watch = self.link.sleep(watch, left());
        }
        watch.busy = true;
        watch.incoming.begin();
        let mut seen = None;
        let outcome = loop {
            if seen != Some(watch.incoming.total()) {
                seen = Some(watch.incoming.total());
                if let Some(found) = find(&mut watch.incoming) {
                    break Ok(found);
                }
            }
            if watch.closed {
                break Err(self.closed());
            }
            if let Some(why) = &watch.gone {
                break Err(failure::lost(why, &watch.incoming).with_device(&self.name).into());
            }
            if stop() || crate::interrupt::is_overdue() {
                break Err(Failure::Stopped);
            }
            if left().is_zero() {
                break Err(missing(&watch.incoming).with_device(&self.name).into());
            }
            watch = self.link.sleep(watch, left());
        };
        watch.busy = false;
        drop(watch);
        self.link.changed.notify_all();
        outcome
    }

    /// Takes everything that came and that no call has taken.
    pub fn take_all(&self) -> Vec<u8> {
        lock(&self.link.watch).incoming.take_all()
    }

    /// The last lines that came.
    pub fn last_lines(&self) -> Vec<String> {
        lock(&self.link.watch).incoming.last_lines()
    }

    /// How many bytes were dropped, because no call took them in time.
    pub fn dropped(&self) -> u64 {
        lock(&self.link.watch).incoming.dropped()
    }

    /// Switches a control line.
    ///
    /// # Errors
    /// [`Kind::FeatureUnavailableError`] if the port has none; a closed or lost console.
    pub fn set_line(&self, line: ControlLine, on: bool) -> Result<(), Failure> {
        match self.with_port(|port| port.set_line(line, on))? {
            true => Ok(()),
            false => Err(self.lacks("has no control lines")),
        }
    }

    /// Sends a break of this length.
    ///
    /// # Errors
    /// [`Kind::FeatureUnavailableError`] if the port cannot; a closed or lost console.
    pub fn send_break(&self, length: Duration, stop: Stop<'_>) -> Result<(), Failure> {
        if !self.with_port(|port| port.hold_break(true))? {
            return Err(self.lacks("cannot send a break"));
        }
        let end = Instant::now().checked_add(length);
        let mut stopped = false;
        while let Some(left) =
            end.map(|end| end.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
        {
            if stop() {
                stopped = true;
                break;
            }
            std::thread::park_timeout(left.min(Wait::SLICE));
        }
        self.with_port(|port| port.hold_break(false))?;
        if stopped { Err(Failure::Stopped) } else { Ok(()) }
    }

    fn lacks(&self, what: &str) -> Failure {
        let error = Error::new(Kind::FeatureUnavailableError, format!("the port `{}` {what}", self.port()));
        error.with_help("use a serial port, or `rfc2217://`").with_device(&self.name).into()
    }

    fn with_port<T>(&self, work: impl FnOnce(&mut dyn Port) -> Result<T, PortError>) -> Result<T, Failure> {
        self.check()?;
        let mut port = lock(&self.link.port);
        let Some(port) = port.as_mut() else { return Err(self.closed()) };
        work(port.as_mut()).map_err(|error| match error {
            PortError::Gone(loss) => self.lost(&loss.to_string()),
            PortError::Interrupted | PortError::Timeout => Failure::Stopped,
        })
    }

    /// Closes the port; waits of other threads end. Closing twice is fine.
    pub fn close(&self) {
        self.link.close();
    }

    /// Checks that it is neither closed nor lost.
    ///
    /// # Errors
    /// If it is.
    pub fn check(&self) -> Result<(), Failure> {
        let watch = lock(&self.link.watch);
        match &watch.gone {
            _ if watch.closed => Err(self.closed()),
            Some(why) => Err(failure::lost(why, &watch.incoming).with_device(&self.name).into()),
            None => Ok(()),
        }
    }

    fn lost(&self, why: &str) -> Failure {
        failure::lost(why, &lock(&self.link.watch).incoming).with_device(&self.name).into()
    }

    fn closed(&self) -> Failure {
        Error::new(Kind::ClosedError, format!("`{}` is closed", self.name)).with_device(&self.name).into()
    }
}

impl Watch {
    /// Keeps what came.
    fn receive(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.incoming.add(bytes);
            self.hear(Direction::Received, bytes);
        }
    }

    fn hear(&mut self, direction: Direction, bytes: &[u8]) {
        if let Some(listener) = &mut self.listener {
            listener(direction, bytes);
        }
    }
}

#[cfg(test)]
mod tests;
