//! The fake board's output and what goes wrong with it on its way. Uses nothing. Invariant: a fault at a position
//! strikes once, at that byte of what the board says, however the host reads.

use std::collections::VecDeque;

/// Something that goes wrong. Positions count the board's output bytes since the fault was put in; `…After(n)`
/// lets `n` bytes pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every read gives one byte.
    SplitEveryByte,
    /// This byte is lost.
    DropByte(usize),
    /// This byte arrives changed.
    GarbleByte(usize),
    /// From here on nothing arrives any more.
    StallAfter(usize),
    /// From here on bytes arrive only after a read has timed out, once.
    LateAfter(usize),
    /// The board is unplugged.
    GoneAfter(usize),
    /// The board restarts by power, into the friendly REPL.
    RebootAfter(usize),
    /// Unrequested output around every reply in raw mode.
    Noise {
        /// Where.
        place: Place,
        /// What.
        bytes: Vec<u8>,
    },
}

/// A place in or around a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before `OK` or `R`.
    Before,
    /// Between that and what the program prints.
    Inside,
    /// Between the last `\x04` and `>`.
    BeforePrompt,
    /// After `>`.
    After,
}

#[derive(Default)]
pub(super) struct Output {
    queue: VecDeque<u8>,
    late: VecDeque<u8>,
    faults: Vec<Fault>,
    /// How many bytes the board has said.
    said: usize,
    /// How many bytes were put into the queue, and how many were taken out.
    queued: usize,
    delivered: usize,
    gone: bool,
    /// A fault made the board reboot: it says nothing more until it has.
    pub(super) rebooting: bool,
}

impl Output {
    pub(super) fn inject(&mut self, fault: Fault) {
        let from = |n: usize| self.said + n;
        let fault = match fault {
            Fault::DropByte(n) => Fault::DropByte(from(n)),
            Fault::GarbleByte(n) => Fault::GarbleByte(from(n)),
            Fault::StallAfter(n) => Fault::StallAfter(from(n)),
            Fault::LateAfter(n) => Fault::LateAfter(from(n)),
            Fault::GoneAfter(n) => Fault::GoneAfter(from(n)),
            Fault::RebootAfter(n) => Fault::RebootAfter(from(n)),
            other => other,
        };
        self.gone |= fault == Fault::GoneAfter(self.said);
        self.faults.push(fault);
    }

    pub(super) fn emit(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.emit_byte(byte));
    }

    fn emit_byte(&mut self, byte: u8) {
        let reboot = self.faults.iter().position(|fault| *fault == Fault::RebootAfter(self.said));
        if let Some(index) = reboot {
            self.faults.remove(index);
            self.rebooting = true;
        }
        if self.rebooting || self.gone {
            return;
        }
        let at = self.said;
        self.said += 1;
        let mut sent = Some(byte);
        let mut late = false;
        for fault in &self.faults {
            match *fault {
                Fault::DropByte(n) if n == at => sent = None,
                Fault::GarbleByte(n) if n == at => sent = sent.map(|byte| byte ^ 0x55),
                Fault::StallAfter(n) if at >= n => sent = None,
                Fault::LateAfter(n) if at >= n => late = true,
                Fault::GoneAfter(n) if at + 1 >= n => self.gone = true,
                _ => {}
            }
        }
        if let Some(byte) = sent {
            if late { &mut self.late } else { &mut self.queue }.push_back(byte);
            self.queued += usize::from(!late);
        }
    }

    pub(super) fn noise(&mut self, here: Place) {
        let noise = self.faults.iter().filter_map(|fault| match fault {
            Fault::Noise { place, bytes } if *place == here => Some(bytes.clone()),
            _ => None,
        });
        let noise: Vec<u8> = noise.flatten().collect();
        self.emit(&noise);
    }

    /// The result of the next read.
    pub(super) fn deliver(&mut self) -> Vec<u8> {
        let most = if self.faults.contains(&Fault::SplitEveryByte) { 1 } else { 64 * 1024 };
        let count = most.min(self.queue.len());
        self.delivered += count;
        self.queue.drain(..count).collect()
    }

    pub(super) fn let_late_bytes_come(&mut self) {
        self.queued += self.late.len();
        self.queue.append(&mut self.late);
        let said = self.said;
        self.faults.retain(|fault| !matches!(fault, Fault::LateAfter(n) if *n < said));
    }

    /// How many bytes the host must have read to have seen everything said until now.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// How many it has read.
    pub(super) fn delivered(&self) -> usize {
        self.delivered
    }

    /// Nothing more to read, ever.
    pub(super) fn is_gone(&self) -> bool {
        self.gone && self.queue.is_empty()
    }

    pub(super) fn vanish(&mut self) {
        self.gone = true;
    }
}
