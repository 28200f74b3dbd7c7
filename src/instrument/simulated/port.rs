//! A connection to a simulated instrument.
//!
//! Invariant: a reply is there once its delay has passed, and in the order of the messages.

use super::SimInstrument;
use crate::instrument::block::{self, Head};
use crate::port::{Abilities, Port, PortError, Wait};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A connection to a simulated instrument.
pub struct SimPort {
    instrument: SimInstrument,
    name: String,
    /// What was written and is not a whole message yet.
    partial: Vec<u8>,
    replies: VecDeque<(Instant, Vec<u8>)>,
}

impl SimPort {
    pub(super) fn new(instrument: SimInstrument, name: &str) -> SimPort {
        SimPort { instrument, name: name.to_owned(), partial: Vec::new(), replies: VecDeque::new() }
    }

    /// When the next reply is there.
    pub fn next(&self) -> Option<Instant> {
        self.replies.front().map(|(at, _)| *at)
    }

    /// Takes what was sent.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        let terminator = self.instrument.definition().terminator.clone();
        while let Some(end) = end_of(&self.partial, terminator.as_bytes()) {
            let mut message: Vec<u8> = self.partial.drain(..end + terminator.len()).collect();
            message.truncate(end);
            let text: String = message.iter().map(|&byte| char::from(byte)).collect();
            let mut after = self.replies.back().map_or_else(Instant::now, |(at, _)| (*at).max(Instant::now()));
            for (reply, delay) in self.instrument.take(text.trim_end_matches('\r')) {
                after += delay;
                self.replies.push_back((after, reply));
            }
        }
    }
}

/// Where the message ends: at the first terminator that is not in a block.
fn end_of(bytes: &[u8], terminator: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.windows(terminator.len()).position(|part| part == terminator)?;
        let Some(start) = bytes[from..at].iter().position(|byte| *byte == b'#') else { return Some(at) };
        match block::head(&bytes[from + start..]) {
            Head::Definite { at: head, length } if from + start + head + length > at => from += start + head + length,
            Head::Incomplete => return None,
            _ => return Some(at),
        }
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
        let before = buffer.len();
        while self.next().is_some_and(|at| at <= Instant::now())
            && let Some((_, reply)) = self.replies.pop_front()
        {
            buffer.extend(reply);
        }
        Ok(buffer.len() - before)
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        loop {
            let count = self.read_available(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            let slice = wait.slice()?;
            let next = self.next().map_or(slice, |at| at.saturating_duration_since(Instant::now()));
            std::thread::park_timeout(slice.min(next).max(Duration::from_micros(50)));
        }
    }
}
