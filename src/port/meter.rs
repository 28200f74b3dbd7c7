//! Counts the traffic of a port, and the time that the host waits for it.
//!
//! Invariant: everything passes unchanged.

use super::{Abilities, Port, PortError, Wait};
use std::time::{Duration, Instant};

/// What has passed on a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes to the board.
    pub written: u64,
    /// Bytes from the board.
    pub read: u64,
    /// Times that the host wrote after it had read, or first: turnarounds of the link.
    pub exchanges: u64,
    /// Time in writes, and in reads that wait.
    pub waited: Duration,
}

impl Traffic {
    /// What has passed since `before`; all of it if that was another connection.
    pub fn since(self, before: Traffic) -> Traffic {
        if before.written > self.written || before.read > self.read {
            return self;
        }
        Traffic {
            written: self.written - before.written,
            read: self.read - before.read,
            exchanges: self.exchanges.saturating_sub(before.exchanges),
            waited: self.waited.saturating_sub(before.waited),
        }
    }
}

/// A port whose traffic is counted.
pub struct MeteredPort {
    port: Box<dyn Port>,
    traffic: Traffic,
    /// Whether the last thing that passed came from the board.
    listened: bool,
}

impl MeteredPort {
    /// The same port, counted from now on.
    pub fn new(port: Box<dyn Port>) -> MeteredPort {
        MeteredPort { port, traffic: Traffic::default(), listened: true }
    }

    fn reading<T>(&mut self, buffer: &mut Vec<u8>, read: impl FnOnce(&mut dyn Port, &mut Vec<u8>) -> T) -> T {
        let (before, begun) = (buffer.len(), Instant::now());
        let outcome = read(&mut *self.port, buffer);
        let came = buffer.len().saturating_sub(before);
        self.traffic.waited += begun.elapsed();
        self.traffic.read += came as u64;
        self.listened |= came > 0;
        outcome
    }
}

impl Port for MeteredPort {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn abilities(&self) -> Abilities {
        self.port.abilities()
    }

    fn agree_on_token(&mut self, proposed: String) -> String {
        self.port.agree_on_token(proposed)
    }

    fn hard_reset(&mut self, wait: Wait) -> Result<(), PortError> {
        self.port.hard_reset(wait)
    }

    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        self.port.descriptors()
    }

    fn takes_now(&self) -> bool {
        self.port.takes_now()
    }

    fn traffic(&self) -> Traffic {
        self.traffic
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        let begun = Instant::now();
        let outcome = self.port.write(bytes, wait);
        self.traffic.waited += begun.elapsed();
        self.traffic.written += bytes.len() as u64;
        self.traffic.exchanges += u64::from(std::mem::take(&mut self.listened));
        outcome
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        self.reading(buffer, |port, buffer| port.read_available(buffer))
    }

    fn glance(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        self.reading(buffer, |port, buffer| port.glance(buffer, wait))
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        self.reading(buffer, |port, buffer| port.read(buffer, wait))
    }
}
