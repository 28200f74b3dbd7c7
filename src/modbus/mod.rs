//! Modbus: reads and writes the coils and registers of supplies, chambers and controllers, over serial lines (RTU) and TCP.
//!
//! Own code by the public specifications of modbus.org: [`pdu`] has requests and answers, [`frame`] what is around them, [`values`] numbers in registers,
//! [`simulated`] units that answer.
//! Uses [`crate::console`] for the port. Invariant: one request at a time on a line, whatever closures of a script do.

pub mod frame;
pub mod pdu;
pub mod simulated;
pub mod values;

use crate::console::failure::Failure;
use crate::console::incoming::Incoming;
use crate::console::{Console, Stop};
use crate::error::{Error, Kind};
use crate::phrase::count;
use frame::Found;
use pdu::{Answer, Request};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How long a device may take to answer.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// How often a request is repeated without an answer.
pub const RETRIES: u32 = 2;

/// The silence before a request above 19200 baud ("MODBUS over Serial Line", section 2.5.1.1).
const LEAST_GAP: Duration = Duration::from_micros(1750);

/// The unit of a broadcast on a serial line, which nobody answers.
const BROADCAST: u8 = 0;

/// How frames travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// On a serial line, or through a server that passes its bytes.
    Rtu {
        /// The silence before a request.
        gap: Duration,
    },
    /// On TCP.
    Tcp,
}

impl Transport {
    /// RTU at a speed: three and a half characters of silence.
    pub fn rtu(baud_rate: u32) -> Transport {
        let characters = Duration::from_secs_f64(3.5 * 11.0 / f64::from(baud_rate.max(1)));
        Transport::Rtu { gap: if baud_rate > 19_200 { LEAST_GAP } else { characters } }
    }
}

/// Patience with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long one attempt waits.
    pub timeout: Duration,
    /// How often to repeat a request without an answer.
    pub retries: u32,
}

/// A line to one or more devices.
pub struct Line {
    console: Console,
    transport: Transport,
    state: Mutex<State>,
}

struct State {
    transaction: u16,
    /// When the last frame came or went.
    last: Instant,
}

impl Line {
    /// A line over an open console.
    pub fn new(console: Console, transport: Transport) -> Line {
        Line { console, transport, state: Mutex::new(State { transaction: 0, last: Instant::now() }) }
    }

    /// The console.
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// Sends a request to a unit, and returns its answer.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for a request that cannot be sent; [`Kind::TimeoutError`] without an answer; [`Kind::ProtocolError`] for one
    /// that does not fit; [`Kind::InstrumentError`] for an exception; those of the console.
    pub fn ask(&self, unit: u8, request: &Request, patience: Patience, stop: Stop<'_>) -> Result<Answer, Failure> {
        let named = |error: Error| Failure::from(error.with_device(self.console.name()));
        request.check().map_err(named)?;
        let is_broadcast = unit == BROADCAST && matches!(self.transport, Transport::Rtu { .. });
        if is_broadcast && matches!(request, Request::Read { .. }) {
            let error = Error::new(Kind::ArgumentError, "unit 0 is a broadcast, which no device answers");
            return Err(named(error.with_help("pass the unit id of the device: 1 to 247")));
        }
        let mut state = self.turn(stop)?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.attempt(&mut state, unit, request, patience.timeout, stop) {
                Err(Failure::Error(error)) if error.kind() == Kind::TimeoutError => {
                    if attempt > patience.retries {
                        return Err(Failure::Error(
                            unanswered(unit, request, patience, &error).with_device(self.console.name()),
                        ));
                    }
                }
                Err(failure) => return Err(failure),
                Ok(None) => return Ok(Answer::Written),
                Ok(Some(pdu)) => return self.judge(unit, request, &pdu).map_err(named),
            }
        }
    }

    /// Waits for the requests of other closures.
    fn turn(&self, stop: Stop<'_>) -> Result<MutexGuard<'_, State>, Failure> {
        loop {
            match self.state.try_lock() {
                Ok(state) => return Ok(state),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(PoisonError::into_inner(poisoned)),
                Err(TryLockError::WouldBlock) if stop() => return Err(Failure::Stopped),
                Err(TryLockError::WouldBlock) => std::thread::park_timeout(Duration::from_millis(1)),
            }
        }
    }

    /// Sends the request once; gives the answer's PDU, `None` after a broadcast.
    fn attempt(
        &self,
        state: &mut State,
        unit: u8,
        request: &Request,
        limit: Duration,
        stop: Stop<'_>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let is_broadcast = unit == BROADCAST && matches!(self.transport, Transport::Rtu { .. });
        state.transaction = state.transaction.wrapping_add(1);
        let transaction = state.transaction;
        let frame = match self.transport {
            Transport::Rtu { gap } => {
                let since = state.last.elapsed();
                if since < gap {
                    std::thread::park_timeout(gap - since);
                }
                frame::rtu(unit, request)?
            }
            Transport::Tcp => frame::tcp(transaction, unit, request),
        };
        // An answer that comes late belongs to an earlier attempt. On TCP its transaction says so.
        if self.transport != Transport::Tcp {
            self.console.take_all();
        }
        self.console.write(&frame, stop)?;
        if is_broadcast {
            state.last = Instant::now();
            return Ok(None);
        }
        let mut find = |incoming: &mut Incoming| -> Option<Result<Vec<u8>, Error>> {
            loop {
                let found = match self.transport {
                    Transport::Rtu { .. } => match frame::find_rtu(unit, request, incoming.waiting()) {
                        Ok(found) => found,
                        Err(error) => return Some(Err(error)),
                    },
                    Transport::Tcp => frame::find_tcp(transaction, incoming.waiting()),
                };
                match found {
                    Found::Nothing => return None,
                    Found::Stale(count) => drop(incoming.take_exactly(count)),
                    Found::Answer(end, pdu) => {
                        incoming.take_exactly(end);
                        return Some(Ok(pdu));
                    }
                    Found::Foreign => {
                        incoming.take_all();
                        let error = Error::new(Kind::ProtocolError, "the server does not answer in Modbus TCP");
                        return Some(Err(
                            error.with_help("for a serial server that passes bytes, use `rtu(\"tcp://…\")`")
                        ));
                    }
                }
            }
        };
        let missing = |incoming: &Incoming| {
            let came = incoming.unread();
            let help = match came {
                0 => "nothing came: check the unit id, the wiring, the baud rate and the parity".to_owned(),
                _ => format!(
                    "{} came, but no valid answer: check the baud rate and the parity",
                    count(came as u64, "byte")
                ),
            };
            Error::new(Kind::TimeoutError, "no answer").with_help(help)
        };
        let outcome = self.console.wait(limit, stop, &mut find, missing);
        state.last = Instant::now();
        match outcome? {
            Ok(pdu) => Ok(Some(pdu)),
            Err(error) => Err(error.with_device(self.console.name()).into()),
        }
    }

    fn judge(&self, unit: u8, request: &Request, pdu: &[u8]) -> Result<Answer, Error> {
        match request.decode(pdu) {
            Ok(Answer::Refused(code)) => {
                let (name, help) = pdu::exception(code);
                let message = format!("unit {unit} answered `{name}` (exception {code}) to {}", request.words());
                Err(Error::new(Kind::InstrumentError, message).with_fault(code.into(), name).with_help(help))
            }
            Ok(answer) => Ok(answer),
            Err(why) => {
                let message = format!("unit {unit} answered {} wrongly: {why}", request.words());
                Err(Error::new(Kind::ProtocolError, message))
            }
        }
    }
}

/// The error of a device that does not answer.
fn unanswered(unit: u8, request: &Request, patience: Patience, last: &Error) -> Error {
    let attempts = patience.retries + 1;
    let message = format!(
        "unit {unit} did not answer {} within {} s{}",
        request.words(),
        patience.timeout.as_secs_f64(),
        if attempts > 1 { format!(", {attempts} times") } else { String::new() }
    );
    Error::new(Kind::TimeoutError, message).with_help(last.help().unwrap_or_default())
}

#[cfg(test)]
mod tests;
