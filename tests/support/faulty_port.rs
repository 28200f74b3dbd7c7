//! A link between the host and a simulated board that fails on demand.
//!
//! Uses the public port seam only. Invariant: a fault strikes once, at its byte of the traffic since it was armed; without
//! one the link is as good as the board's own.

use belay_script::Result;
use belay_script::port::loss::Loss;
use belay_script::port::sim::{SimOptions, SimPort};
use belay_script::port::{Abilities, Port, PortError, Wait};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A fault after this many bytes; by default, of bytes that the host reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The board is unplugged.
    Unplug(usize),
    /// The board is unplugged after the host has written this many bytes, perhaps in the middle of a write.
    UnplugInWrite(usize),
    /// The board restarts by a power cycle: its pending output is lost.
    Reboot(usize),
    /// The same after the host has written this many bytes: the rest reaches the starting board.
    RebootInWrite(usize),
    /// No bytes arrive any more, although the board still runs.
    Stall(usize),
    /// From now on the board prints without end.
    Flood(usize),
    /// These bytes come in between, once.
    Garbage(usize, Vec<u8>),
    /// This many bytes are lost.
    Drop(usize, usize),
    /// One bit of this byte is flipped.
    Flip(usize),
    /// Every read gives one byte.
    Trickle,
    /// Ctrl-C is pressed on the host.
    Interrupt(usize),
}

#[derive(Default)]
struct Plan {
    /// The fault ends when the board is opened again.
    once: bool,
    fault: Option<Fault>,
    /// Bytes of the board and of the host since the fault was armed.
    read: usize,
    written: usize,
    struck: bool,
    gone: bool,
    stalled: bool,
    flooding: bool,
}

/// The hold of a test on a link.
#[derive(Clone, Default)]
pub struct Link {
    plan: Arc<Mutex<Plan>>,
    options: SimOptions,
}

impl Link {
    /// A link to a board of this kind.
    pub fn to(options: SimOptions) -> Link {
        Link { plan: Arc::default(), options }
    }

    /// Lets a fault strike from now on.
    pub fn arm(&self, fault: Fault) {
        *self.plan() = Plan { fault: Some(fault), ..Plan::default() };
    }

    /// As [`Link::arm`]; the link works again when the board is opened again.
    pub fn arm_once(&self, fault: Fault) {
        *self.plan() = Plan { fault: Some(fault), once: true, ..Plan::default() };
    }

    /// Makes the link good again; a board that was unplugged is plugged in for the next opening. Gives how many bytes
    /// were read and written since a fault was armed, or since the last time.
    pub fn mend(&self) -> (usize, usize) {
        let plan = std::mem::take(&mut *self.plan());
        (plan.read, plan.written)
    }

    /// Whether the garbage that was armed has come.
    pub fn has_struck(&self) -> bool {
        self.plan().struck
    }

    /// Opens a board over this link.
    pub fn connector(&self) -> Box<belay_script::device::PortOpener> {
        let link = self.clone();
        Box::new(move |_| link.open())
    }

    fn open(&self) -> Result<Box<dyn Port>> {
        if std::mem::take(&mut self.plan().once) {
            self.mend();
        }
        let board = SimPort::open(&self.options, &|_| {})?;
        Ok(Box::new(FaultyPort { board, link: self.clone(), early: Vec::new() }))
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct FaultyPort {
    board: SimPort,
    link: Link,
    /// Came, and was not read.
    early: Vec<u8>,
}

fn unplugged() -> PortError {
    PortError::Gone(Loss::Other("the test unplugged it".to_owned()))
}

impl FaultyPort {
    /// The part of these bytes that reaches the host.
    fn pass(&mut self, bytes: &[u8]) -> std::result::Result<Vec<u8>, PortError> {
        let mut passed = Vec::new();
        let mut plan = self.link.plan();
        for &byte in bytes {
            let mut byte = byte;
            let at = plan.read;
            plan.read += 1;
            if let Some(fault) = plan.fault.clone() {
                match fault {
                    Fault::Unplug(n) if at >= n => plan.gone = true,
                    Fault::Stall(n) if at >= n => plan.stalled = true,
                    Fault::Flood(n) if at >= n => plan.flooding = true,
                    Fault::Garbage(n, garbage) if at == n => {
                        plan.struck = true;
                        passed.extend(garbage);
                    }
                    Fault::Drop(n, count) if (n..n + count).contains(&at) => continue,
                    Fault::Flip(n) if at == n => byte ^= 1 << (n % 7),
                    Fault::Interrupt(n) if at == n => belay_script::interrupt::raise(),
                    Fault::Reboot(n) if at >= n => {
                        plan.fault = None;
                        drop(plan);
                        self.board = SimPort::open(&self.link.options, &|_| {}).expect("a simulated board");
                        return Ok(passed);
                    }
                    _ => {}
                }
            }
            if plan.gone || plan.stalled || plan.flooding {
                break;
            }
            passed.push(byte);
        }
        // Garbage after the last byte of an exchange.
        if let Some(Fault::Garbage(n, garbage)) = plan.fault.clone()
            && n == plan.read
        {
            passed.extend(garbage);
            (plan.fault, plan.struck) = (None, true);
        }
        Ok(passed)
    }

    /// How many of `count` bytes that are written come before the board restarts, if it does.
    fn reboots_within(&self, count: usize) -> Option<usize> {
        let mut plan = self.link.plan();
        let Some(Fault::RebootInWrite(n)) = plan.fault else { return None };
        let until = n.checked_sub(plan.written).filter(|&until| until < count)?;
        plan.written += count;
        plan.fault = None;
        Some(until)
    }

    /// The output of a fault in place of the board's.
    fn instead(&self, buffer: &mut Vec<u8>, wait: Wait) -> std::result::Result<Option<usize>, PortError> {
        let (gone, stalled, flooding) = {
            let plan = self.link.plan();
            (plan.gone, plan.stalled, plan.flooding)
        };
        if gone {
            return Err(unplugged());
        }
        if flooding {
            let flood = b"flood\r\n".repeat(100);
            // As fast as USB.
            std::thread::park_timeout(Duration::from_millis(2));
            buffer.extend_from_slice(&flood);
            return Ok(Some(flood.len()));
        }
        if stalled {
            loop {
                std::thread::park_timeout(wait.slice()?);
            }
        }
        Ok(None)
    }
}

impl Port for FaultyPort {
    fn name(&self) -> &str {
        "faulty"
    }

    fn abilities(&self) -> Abilities {
        self.board.abilities()
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> std::result::Result<(), PortError> {
        if let Some(until) = self.reboots_within(bytes.len()) {
            self.board.write(&bytes[..until], wait)?;
            self.board = SimPort::open(&self.link.options, &|_| {}).expect("a simulated board");
            return self.board.write(&bytes[until..], wait);
        }
        let until = {
            let mut plan = self.link.plan();
            if plan.gone {
                return Err(unplugged());
            }
            let before = plan.written;
            plan.written += bytes.len();
            match plan.fault {
                Some(Fault::UnplugInWrite(n)) if plan.written > n => {
                    plan.gone = true;
                    Some(n.saturating_sub(before))
                }
                _ => None,
            }
        };
        match until {
            None => self.board.write(bytes, wait),
            Some(until) => {
                self.board.write(&bytes[..until], wait)?;
                Err(unplugged())
            }
        }
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> std::result::Result<usize, PortError> {
        let moment = Wait { deadline: Some(std::time::Instant::now()), interruptible: false };
        match self.instead(buffer, moment) {
            Ok(None) => {}
            Err(PortError::Timeout) => return Ok(0),
            other => return other.map(Option::unwrap_or_default),
        }
        let mut bytes = Vec::new();
        self.board.read_available(&mut bytes)?;
        let passed = self.pass(&bytes)?;
        buffer.append(&mut self.early);
        buffer.extend_from_slice(&passed);
        Ok(passed.len())
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> std::result::Result<usize, PortError> {
        loop {
            if !self.early.is_empty() {
                let trickle = self.link.plan().fault == Some(Fault::Trickle);
                let count = if trickle { 1 } else { self.early.len() };
                buffer.extend(self.early.drain(..count));
                return Ok(count);
            }
            if let Some(count) = self.instead(buffer, wait)? {
                return Ok(count);
            }
            let mut bytes = Vec::new();
            // Short waits: the host's end of the link may fail meanwhile.
            let step = wait.until(Some(std::time::Instant::now() + Duration::from_millis(100)));
            match self.board.read(&mut bytes, step) {
                Ok(_) => self.early = self.pass(&bytes)?,
                Err(PortError::Timeout) => drop(wait.slice()?),
                Err(error) => return Err(error),
            }
        }
    }
}
