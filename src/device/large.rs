//! Large texts, bytes and lists of numbers on their way to the board, before the call that uses them ([`crate::board::large`]).
//!
//! Invariant: a call runs only after all of its values have arrived intact.

use crate::board::Helper;
use crate::board::chunks::Pace;
use crate::board::command::{Command, Payload};
use crate::board::files::Facts;
use crate::board::large::{self, Large, Received, Receiving, Stream};
use crate::device::host::Host;
use crate::device::limits::{Limit, TEARDOWN_LIMIT};
use crate::device::state::{Run, State};
use crate::error::{Error, Kind, Result};
use crate::phrase;
use crate::value::Value;
use std::time::Duration;

/// How long a board may take to request the next chunk, if calls have no timeout; and if chunks may be lost, which are then
/// resent.
const STALL: Duration = Duration::from_secs(20);
const BOLD_STALL: Duration = Duration::from_secs(3);
/// The slowest line, in bytes a second: a stream that takes longer does not come to its end.
const SLOWEST: f64 = 500.0;
/// How often a stream is sent that arrives damaged.
const ATTEMPTS: usize = 3;
/// A board with less free memory, in bytes, has none for the receiver.
const FOR_RECEIVER: u64 = 12 * 1024;

/// Takes the large values out of the arguments of a call.
pub(super) struct Lifted<'a> {
    state: &'a mut State,
    /// Those found so far.
    pub values: Vec<Large>,
}

impl Lifted<'_> {
    /// None yet.
    pub fn new(state: &mut State) -> Lifted<'_> {
        Lifted { state, values: Vec::new() }
    }

    /// The expression for a large value; `None` if `value` is not one.
    pub fn lift(&mut self, value: &Value) -> Option<String> {
        let large = Large::new(self.state.reserve(1), value)?;
        let expression = large.expression();
        self.values.push(large);
        Some(expression)
    }
}

impl State {
    /// Runs a command after its large values have arrived.
    pub(super) fn run_with_large(&mut self, host: &Host, run: &Run<'_>, command: &Command) -> Result<Payload> {
        self.bring(host, run, command.large())?;
        let outcome = self.run(host, run, &command.clone().with_large(Vec::new()));
        if outcome.is_err() && !self.is_unsettled() {
            // What the call has not taken would fill the memory.
            let limit = Limit { timeout: run.limit.timeout.or(Some(TEARDOWN_LIMIT)), interruptible: false };
            let quiet = Run { device: run.device, item: None, piece: None, limit };
            let _ = self.run(host, &quiet, &large::clear());
        }
        outcome
    }

    /// Sends values to the board.
    ///
    /// # Errors
    /// Errors of the connection; DeviceException (MemoryError) if the board has no memory for them.
    pub(super) fn bring(&mut self, host: &Host, run: &Run<'_>, values: &[Large]) -> Result<()> {
        if values.is_empty() {
            return Ok(());
        }
        let Receiving::Stream { facts, unpacks } = self.receiving(host, run)? else {
            self.run(host, &Run { piece: None, ..*run }, &large::empty())?;
            return self.bring_literals(host, run, values);
        };
        if unpacks {
            return self.bring_stream(host, run, &facts, values);
        }
        let (packed, others): (Vec<Large>, Vec<Large>) = values.iter().cloned().partition(Large::is_packed);
        self.bring_stream(host, run, &facts, &others)?;
        self.bring_literals(host, run, &packed)
    }

    fn receiving(&mut self, host: &Host, run: &Run<'_>) -> Result<Receiving> {
        if let Some(known) = self.receiving {
            return Ok(known);
        }
        let identity = self.board.as_ref().map(|board| board.identity().clone()).unwrap_or_default();
        let has_room = identity.free.is_none_or(|free| free >= FOR_RECEIVER);
        let reads = identity.platform != "webassembly";
        let mut receiving = Receiving::Literals;
        if has_room && reads {
            let quiet = Run { device: run.device, item: None, piece: None, limit: run.limit };
            match self.run_with(host, &quiet, Helper::Arguments, &large::facts()).map(|reply| reply.value()) {
                Ok(reply) => receiving = reply.map_or(Receiving::Literals, |facts| Receiving::from_value(&facts)),
                // It has no memory for the receiver.
                Err(error) if error.kind() == Kind::DeviceException => {}
                Err(error) => return Err(error),
            }
        }
        self.receiving = Some(receiving);
        Ok(receiving)
    }

    fn bring_stream(&mut self, host: &Host, run: &Run<'_>, facts: &Facts, values: &[Large]) -> Result<()> {
        let total: usize = values.iter().map(Large::size).sum();
        let facts = Facts { memory: facts.memory.saturating_sub(total).max(4096), ..*facts };
        let (mut frugal, mut attempts) = (false, 0);
        loop {
            let pace =
                self.board.as_ref().and_then(|board| Pace::new(&facts, board.abilities(), board.room(), self.cautious));
            // Where nothing is lost, the line is fast, and unpacking takes longer than the bytes.
            let pace = pace.map(|pace| if self.is_fast() { Pace { window: 0, ..pace } } else { pace });
            let Some(pace) = pace else { return self.bring_literals(host, run, values) };
            let failed = match self.stream(host, run, (&facts, pace, frugal), values) {
                Ok(Received::Whole) => return Ok(()),
                Ok(Received::NoRoom(free)) => return Err(no_room(total, Some(free))),
                Ok(Received::Damaged) => None,
                Err(error) if error.is_raised("MemoryError") && frugal => return Err(no_room(total, None)),
                Err(error) if may_be_loss(&error, pace) => Some(error),
                Err(error) => return Err(error),
            };
            if failed.as_ref().is_some_and(|error| error.is_raised("MemoryError")) {
                frugal = true;
            } else {
                attempts += 1;
                self.cautious |= pace.bold;
            }
            if attempts == ATTEMPTS {
                let damaged = || Error::new(Kind::ProtocolError, "the arguments did not arrive intact");
                return Err(failed.unwrap_or_else(damaged));
            }
            if failed.is_some() {
                // What was sent before the board stopped reading is at its prompt now.
                self.clear_line(host, run)?;
            }
        }
    }

    fn is_fast(&self) -> bool {
        self.board.as_ref().is_some_and(|board| board.abilities().holds_back)
    }

    fn stream(
        &mut self,
        host: &Host,
        run: &Run<'_>,
        (facts, pace, frugal): (&Facts, Pace, bool),
        values: &[Large],
    ) -> Result<Received> {
        let patience = run.limit.timeout.unwrap_or(STALL);
        let patience = if pace.bold { patience.min(BOLD_STALL) } else { patience };
        let limit = Limit { timeout: Some(patience), ..run.limit };
        let sending = Run { device: run.device, item: run.item, piece: None, limit };
        let mut stream = Stream::new(pace, facts.hash, values);
        let command = large::receive(&pace, values, frugal);
        let mut answer = |question: &str| stream.answer(question);
        let total: usize = values.iter().map(Large::size).sum();
        let longest = patience + Duration::from_secs_f64(total as f64 / SLOWEST);
        let command = (Helper::Arguments, &command);
        let reply = self.run_answering_with(host, &sending, command, Some(longest), &mut answer)?;
        reply.value().ok().and_then(|reply| large::received(&reply)).ok_or_else(|| {
            Error::new(Kind::ProtocolError, "the board sent an invalid reply about large arguments").with_help(
                "a program on the board may have changed a name that begins with `__belay`; restart the board",
            )
        })
    }

    fn bring_literals(&mut self, host: &Host, run: &Run<'_>, values: &[Large]) -> Result<()> {
        let is_small = self.board.as_ref().is_none_or(|board| board.is_small());
        let sending = Run { device: run.device, item: run.item, piece: None, limit: run.limit };
        for command in large::literals(values, is_small) {
            match self.run(host, &sending, &command) {
                Ok(_) => {}
                Err(error) if error.is_raised("MemoryError") => {
                    let _ = self.run(host, &sending, &large::clear());
                    return Err(no_room(values.iter().map(Large::size).sum(), None));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether bytes lost on the way may have caused `error`, or the way of receiving that needs more memory: worth another try.
fn may_be_loss(error: &Error, pace: Pace) -> bool {
    match error.kind() {
        Kind::TimeoutError => pace.bold,
        Kind::DeviceException => true,
        _ => false,
    }
}

/// The error of a board without memory for the arguments.
fn no_room(size: usize, free: Option<u64>) -> Error {
    let has = free.map(|free| format!(", but it has {} of free memory", phrase::count(free, "byte")));
    let takes = phrase::count(size as u64, "byte");
    let line = format!("MemoryError: the large arguments take {takes} on the board{}", has.unwrap_or_default());
    Error::raised(&line).with_help("send them in parts, or free memory on the board")
}
