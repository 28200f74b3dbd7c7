//! A connection to a simulated unit: the bytes of RTU or TCP.
//!
//! Invariant: what is not a frame is dropped; at most one frame is incomplete.

use super::SimUnit;
use crate::modbus::frame::{self, Framed};
use crate::port::{Abilities, Port, PortError, Wait};

/// A connection to a simulated unit.
pub struct SimPort {
    unit: SimUnit,
    name: String,
    is_tcp: bool,
    partial: Vec<u8>,
    answers: Vec<u8>,
}

impl SimPort {
    /// A connection by RTU, or by TCP. `name`: as the user wrote the port.
    pub fn new(unit: SimUnit, name: &str, is_tcp: bool) -> SimPort {
        SimPort { unit, name: name.to_owned(), is_tcp, partial: Vec::new(), answers: Vec::new() }
    }

    /// Takes what was sent.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        loop {
            let framed = match self.is_tcp {
                true => Ok(frame::next_tcp(&self.partial)),
                false => frame::next_rtu(&self.partial),
            };
            match framed.unwrap_or(Framed::Incomplete) {
                Framed::Incomplete => return,
                Framed::Skip(count) => drop(self.partial.drain(..count)),
                Framed::Request { end, transaction, unit, pdu } => {
                    self.partial.drain(..end);
                    if self.is_tcp {
                        let answer = self.unit.answer_tcp(unit, &pdu);
                        self.answers.extend(frame::tcp_of(transaction, unit, &answer));
                    } else if let Some(answer) = self.unit.answer_rtu(unit, &pdu) {
                        self.answers.extend(frame::rtu_of(unit, &answer).unwrap_or_default());
                    }
                }
            }
        }
    }

    /// Takes the answers.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }
}

impl Port for SimPort {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        Abilities { simulated: true, ..Abilities::default() }
    }

    fn write(&mut self, bytes: &[u8], _wait: Wait) -> Result<(), PortError> {
        self.feed(bytes);
        Ok(())
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let answers = self.take();
        buffer.extend_from_slice(&answers);
        Ok(answers.len())
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        loop {
            let count = self.read_available(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            std::thread::park_timeout(wait.slice()?);
        }
    }
}
