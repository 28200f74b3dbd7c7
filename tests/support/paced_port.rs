//! A board on a serial line with a given rate.
//!
//! Uses the public port seam only. Invariant: each direction carries no more bytes a second than the line does, each byte
//! is under way for its time, and the board's input buffer is as small as a real one's: what the host may not send ahead,
//! it must wait for.

use belay_script::port::sim::{SimOptions, SimPort};
use belay_script::port::{Abilities, Port, PortError, Wait};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Bytes that a write may leave under way, as the buffer of an operating system does.
const UNDER_WAY: usize = 4096;

/// The line.
pub struct PacedPort {
    board: SimPort,
    /// Time of one byte.
    byte: Duration,
    /// Bytes and when each arrives: at the board, and at the host.
    out: VecDeque<(Instant, u8)>,
    back: VecDeque<(Instant, u8)>,
}

impl PacedPort {
    /// A simulated board at `baud` bits per second, ten of which are a byte.
    pub fn open(options: &SimOptions, baud: u32) -> belay_script::Result<PacedPort> {
        let board = SimPort::open(options, &|_| {})?;
        let byte = Duration::from_secs(10) / baud;
        Ok(PacedPort { board, byte, out: VecDeque::new(), back: VecDeque::new() })
    }

    fn enqueue(queue: &mut VecDeque<(Instant, u8)>, byte: Duration, bytes: &[u8]) {
        let mut at = queue.back().map_or_else(Instant::now, |&(last, _)| last.max(Instant::now()));
        for &value in bytes {
            at += byte;
            queue.push_back((at, value));
        }
    }

    /// Hands over what has arrived.
    fn arrivals(queue: &mut VecDeque<(Instant, u8)>) -> Vec<u8> {
        let now = Instant::now();
        let count = queue.iter().take_while(|(at, _)| *at <= now).count();
        queue.drain(..count).map(|(_, byte)| byte).collect()
    }

    /// Moves bytes along, for at most until `until` or the next arrival.
    fn step(&mut self, until: Instant) -> Result<(), PortError> {
        let arrived = Self::arrivals(&mut self.out);
        if !arrived.is_empty() {
            self.board.write(&arrived, Wait::for_at_most(Duration::from_secs(10)))?;
        }
        // A hardware buffer gives a few bytes at a time; so the host is not woken for each.
        let next = |queue: &VecDeque<(Instant, u8)>| queue.get(7).or_else(|| queue.back()).map(|(at, _)| *at);
        let next = [next(&self.out), next(&self.back)].into_iter().flatten().min();
        let wake = next.unwrap_or(until).min(until);
        let mut bytes = Vec::new();
        match self.board.read(&mut bytes, Wait { deadline: Some(wake), interruptible: false }) {
            Ok(_) => Self::enqueue(&mut self.back, self.byte, &bytes),
            Err(PortError::Timeout) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Port for PacedPort {
    fn name(&self) -> &str {
        "paced"
    }

    fn abilities(&self) -> Abilities {
        Abilities { holds_back: false, ..self.board.abilities() }
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        Self::enqueue(&mut self.out, self.byte, bytes);
        while self.out.len() > UNDER_WAY {
            let slice = wait.slice()?;
            self.step(Instant::now() + slice)?;
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        loop {
            let arrived = Self::arrivals(&mut self.back);
            if !arrived.is_empty() {
                buffer.extend_from_slice(&arrived);
                return Ok(arrived.len());
            }
            let slice = wait.slice()?;
            self.step(Instant::now() + slice)?;
        }
    }
}
