//! Code on its way to a board: by raw paste, whose flow control the board dictates, or in blocks at a pace that its input
//! buffer bears; what is long is checked then ([`super::checked`]).
//!
//! Uses [`crate::repl::reply`]. Invariant: never send more at once than the board is known to hold; code whose upload failed
//! does not run.

use super::{Failure, MOST_KEPT, Manner, Session, Sink};
use crate::port::{PortError, Wait};
use crate::repl::reply::{self, Prelude, RAW_BANNER, take_credits};
use std::time::{Duration, Instant};

/// Longest command, in bytes, sent without flow control: to a board whose input buffer is known to be larger, and to an
/// unknown board: 128 bytes are the smallest usual buffer (samd).
const PLAIN_LIMIT: usize = 250;
const UNKNOWN_LIMIT: usize = 120;
/// The same for an unknown board behind a port that holds back what the board does not read.
const HELD_BACK: usize = 2000;
/// Size of a block and the pause after it without any flow control: a buffer of 63 bytes (micro:bit) holds two of them, if
/// the board is late, and the smallest one. [`Session::learn_blocks`] probes for more.
pub(super) const SMALL_BLOCK: Block = Block { size: 31, pause: Duration::from_millis(6) };
/// The size that MicroPython's own tools use.
const LARGE_BLOCK: Block = Block { size: 250, pause: Duration::from_millis(10) };
/// For boards that lose some of even the small blocks.
const SLOW_BLOCK: Block = Block { size: 16, pause: Duration::from_millis(10) };
/// Lengths, in bytes, of the programs that show whether a board can receive large and small blocks: a ring that fills up
/// block by block overflows only after several.
const LARGE_TRIAL: usize = 3 * LARGE_BLOCK.size;
const SMALL_TRIAL: usize = 16 * SMALL_BLOCK.size;
/// Longest time for a board at its prompt to reply, or to read a window of code; and of silence after a meaningless reply.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
const GARBLED_LIMIT: Duration = Duration::from_millis(300);
/// Breaks half a program with a syntax error, wherever it was cut, and ends it. Ctrl-C would work on MicroPython, but
/// crashes CircuitPython.
const SPOIL: &[u8] = b"\n?\x04";

/// The known state of raw paste on this board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paste {
    Untried,
    /// Works, with a window of this number of bytes.
    Window(usize),
    Refused,
}

/// The result of sending code by raw paste.
pub(super) enum Pasted {
    /// The code is on the board; its reply starts with this.
    Sent(Prelude),
    /// The board apparently rejected it before its end. It does not run.
    Spoilt {
        /// The last sent line, from 1.
        line: usize,
        /// The start of its reply.
        prelude: Prelude,
    },
    /// The board has no raw paste; nothing was sent.
    Refused,
    /// The board violated the protocol. The code has not run.
    Failed,
}

/// The board's reply to the request for raw paste.
enum PasteReply {
    Window(usize),
    Refused,
    /// Nothing.
    None,
}

/// The pace for boards without flow control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    size: usize,
    pause: Duration,
}

impl Session {
    /// Probes how much a board without raw paste can receive at once, with programs that return how much arrived. False:
    /// earlier data may have been lost in part. `is_small`: skips large blocks.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn learn_blocks(
        &mut self,
        is_small: bool,
        count: &dyn Fn(&str) -> String,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<bool, Failure> {
        if self.paste != Paste::Refused || self.block == SLOW_BLOCK {
            return Ok(true);
        }
        let trials = [(LARGE_BLOCK, LARGE_TRIAL), (SMALL_BLOCK, SMALL_TRIAL)];
        for (block, trial) in trials.into_iter().skip(usize::from(is_small)) {
            self.block = block;
            if self.bears(trial, count, wait, sink)? {
                return Ok(true);
            }
        }
        self.block = SLOW_BLOCK;
        Ok(false)
    }

    /// Whether a program of this length arrives completely. Running out of memory for it counts too.
    fn bears(
        &mut self,
        length: usize,
        count: &dyn Fn(&str) -> String,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<bool, Failure> {
        let text = "x".repeat(length - 1 - count("").len());
        let own = wait.until(Some(Instant::now() + ANSWER_LIMIT));
        // What it is to show is what a board loses.
        let manner = Manner { checks: false, ..Manner::FRAMED };
        match self.execute_as(&count(&text), manner, None, own, sink) {
            Ok(reply) => Ok(reply.frame.is_some_and(|frame| frame.text == text.len().to_string())),
            Err(Failure::Timeout) if wait.slice().is_ok() => Ok(false),
            Err(Failure::Torn(_)) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// A program did not arrive correctly: sends the next ones at the slowest pace, if there is no flow control. False if the
    /// pace cannot be the reason.
    pub fn slow_down(&mut self) -> bool {
        let slower = self.paste == Paste::Refused && self.block != SLOW_BLOCK;
        if slower {
            self.block = SLOW_BLOCK;
        }
        slower
    }

    /// Whether the board is known to support raw paste.
    pub fn pastes(&self) -> bool {
        matches!(self.paste, Paste::Window(_))
    }

    /// The known size of the board's input buffer, in bytes.
    pub fn room(&self) -> usize {
        match self.paste {
            Paste::Window(window) => 2 * window,
            Paste::Untried => UNKNOWN_LIMIT,
            Paste::Refused => self.block.size,
        }
    }

    /// The longest code that is sent in one write without a request.
    pub(super) fn plain_limit(&self) -> usize {
        match self.paste {
            // The board's buffer holds two windows.
            Paste::Window(window) => PLAIN_LIMIT.min((2 * window).saturating_sub(6)),
            Paste::Untried if self.port.abilities().holds_back => HELD_BACK,
            Paste::Untried => UNKNOWN_LIMIT,
            Paste::Refused => self.block.size - 1,
        }
    }

    /// The longest code that goes without flow control and is not checked: what the smallest input buffer holds, unless the
    /// board has lost bytes before.
    pub(super) fn unchecked_limit(&self) -> usize {
        let held = if self.block == SLOW_BLOCK { 0 } else { 2 * SMALL_BLOCK.size - 1 };
        self.plain_limit().max(held)
    }

    /// Whether the board is known to have no flow control.
    pub fn loses_input(&self) -> bool {
        self.paste == Paste::Refused
    }

    pub(super) fn is_without_flow_control(&self) -> bool {
        self.paste == Paste::Refused && self.port.abilities().raw_paste
    }

    pub(super) fn bears_large_blocks(&self) -> bool {
        self.block == LARGE_BLOCK
    }

    pub(super) fn send_plainly(&mut self, code: &str, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        let mut bytes = Vec::with_capacity(code.len() + 1);
        bytes.extend_from_slice(code.as_bytes());
        bytes.push(0x04);
        // A process on a terminal reads at its own pace; a board without raw paste drops what its buffer cannot hold.
        if !self.port.abilities().raw_paste || (self.paste != Paste::Refused && code.len() <= self.plain_limit()) {
            return Ok(self.port.write(&bytes, wait)?);
        }
        self.send_in_blocks(&bytes, self.block, wait, sink)
    }

    /// Sends a short line to an unknown board, in pieces that fit the smallest input buffer. What is too
    /// much of what comes meanwhile goes to `came`.
    pub(super) fn send_gently(&mut self, bytes: &[u8], wait: Wait, came: &mut Vec<u8>) -> Result<(), Failure> {
        let abilities = self.port.abilities();
        let is_held = matches!(self.paste, Paste::Window(_)) && self.room() > bytes.len() + 8;
        if is_held || abilities.holds_back || !abilities.raw_paste {
            return Ok(self.port.write(bytes, wait)?);
        }
        let Block { size, pause } = if self.paste == Paste::Refused { self.block } else { SMALL_BLOCK };
        // Earlier data may still be in the buffer.
        let block = Block { size: size.min(SMALL_BLOCK.size) - 4, pause };
        self.send_in_blocks(bytes, block, wait, &mut |bytes| came.extend_from_slice(bytes))
    }

    /// Sends `bytes` at a pace. Output that comes meanwhile stays in `incoming`; what is too much of it goes to `sink`.
    fn send_in_blocks(
        &mut self,
        bytes: &[u8],
        Block { size, pause }: Block,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<(), Failure> {
        let last = bytes.len().div_ceil(size);
        for (number, block) in bytes.chunks(size).enumerate() {
            self.port.write(block, wait)?;
            wait.slice()?;
            if number + 1 == last {
                break;
            }
            let pause = Wait { deadline: Some(Instant::now() + pause), ..wait };
            loop {
                match self.port.read(&mut self.incoming, pause) {
                    Ok(_) => {}
                    Err(PortError::Timeout) => break,
                    Err(error) => return Err(error.into()),
                }
                // The acknowledgement comes after the last byte was sent: all of this is output.
                if self.incoming.len() > MOST_KEPT {
                    self.emit_front(self.incoming.len() - MOST_KEPT / 2, sink);
                }
                if pause.slice().is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Sends code by raw paste.
    pub(super) fn paste_code(&mut self, code: &str, wait: Wait, sink: Sink<'_>) -> Result<Pasted, Failure> {
        let bytes = code.as_bytes();
        // Once the window is known, send as much as the board's buffer of two windows holds with the request.
        let mut sent = 0;
        if let Paste::Window(window) = self.paste {
            let room = (2 * window).saturating_sub(4);
            if bytes.len() <= room {
                let request = [b"\x05A\x01", bytes, b"\x04"].concat();
                self.port.write(&request, wait)?;
                let prelude = Prelude::Paste { header: Some(header(window)), credits: bytes.len() / window };
                return Ok(Pasted::Sent(prelude));
            }
            sent = room;
        }
        self.port.write(&[b"\x05A\x01", &bytes[..sent]].concat(), wait)?;
        let window = match self.paste_window(wait, sink)? {
            PasteReply::Window(window) => window,
            PasteReply::Refused if sent == 0 => return Ok(Pasted::Refused),
            PasteReply::Refused | PasteReply::None => return Ok(Pasted::Failed),
        };
        let mut budget = (2 * window).saturating_sub(sent);
        let mut granted = 0;
        let mut soon = Instant::now() + ANSWER_LIMIT;
        loop {
            let mut come = std::mem::take(&mut self.incoming);
            let mut credits = (sent / window).saturating_sub(granted);
            if let Some(at) = come.iter().position(|&byte| byte == 0x04) {
                // The code is wrong, and the board discards the rest until `\x04`. Or a thread printed that byte: then an end would run
                // half the code, so break it first.
                self.incoming = come.split_off(at);
                take_credits(&mut come, &mut credits);
                sink(&come);
                self.port.write(SPOIL, wait)?;
                let line = 1 + bytes[..sent].iter().filter(|&&byte| byte == b'\n').count();
                return Ok(Pasted::Spoilt { line, prelude: Prelude::Paste { header: None, credits } });
            }
            let more = take_credits(&mut come, &mut credits);
            if !come.is_empty() {
                sink(&come);
            }
            granted += more;
            budget += more * window;
            let count = budget.min(bytes.len() - sent);
            if count == 0 {
                if self.read_soon(soon, wait)? {
                    continue;
                }
                return Ok(Pasted::Failed);
            }
            soon = Instant::now() + ANSWER_LIMIT;
            let mut block = bytes[sent..sent + count].to_vec();
            sent += count;
            budget -= count;
            let complete = sent == bytes.len();
            if complete {
                block.push(0x04);
            }
            self.port.write(&block, wait)?;
            if complete {
                let credits = (sent / window).saturating_sub(granted);
                return Ok(Pasted::Sent(Prelude::Paste { header: None, credits }));
            }
        }
    }

    /// Waits until `soon` for bytes of a board that must reply. Returns whether any arrived.
    fn read_soon(&mut self, soon: Instant, wait: Wait) -> Result<bool, Failure> {
        let step = wait.until(Some(soon));
        match self.port.read(&mut self.incoming, step).and_then(|_| step.slice()) {
            Ok(_) => Ok(true),
            Err(PortError::Timeout) if step.deadline == Some(soon) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the reply to the request for raw paste.
    fn paste_window(&mut self, wait: Wait, sink: Sink<'_>) -> Result<PasteReply, Failure> {
        let soon = Instant::now() + ANSWER_LIMIT;
        loop {
            if let Some((at, window)) = self.take_window() {
                self.emit_front(at, sink);
                self.paste = Paste::Window(window);
                return Ok(PasteReply::Window(window));
            }
            // Before 1.14 the three bytes only clear the line.
            for refusal in [b"R\x00>".as_slice(), RAW_BANNER] {
                if let Some(at) = reply::find(&self.incoming, refusal) {
                    self.emit_front(at, sink);
                    self.incoming.drain(..refusal.len());
                    // A board that supported it once may do so again.
                    self.paste = if self.paste == Paste::Untried { Paste::Refused } else { Paste::Untried };
                    if self.port.abilities().holds_back {
                        self.block = LARGE_BLOCK;
                    }
                    return Ok(PasteReply::Refused);
                }
            }
            if self.incoming.len() > MOST_KEPT {
                self.emit_front(self.incoming.len() - MOST_KEPT / 2, sink);
            }
            let patience = match self.incoming.is_empty() {
                true => soon,
                false => soon.min(Instant::now() + GARBLED_LIMIT),
            };
            if !self.read_soon(patience, wait)? {
                return Ok(PasteReply::None);
            }
        }
    }

    /// Removes the bytes that grant a window. Returns where they were, and the size of the window.
    fn take_window(&mut self) -> Option<(usize, usize)> {
        if let Paste::Window(known) = self.paste {
            return reply::take_header(&mut self.incoming, &header(known)).map(|at| (at, known));
        }
        // Of an unknown window, only bytes that follow one another are sure.
        let size = |bytes: &[u8]| match *bytes {
            [b'R', 0x01, low, high, 0x01] => {
                Some(usize::from(u16::from_le_bytes([low, high]))).filter(|&size| size > 0)
            }
            _ => None,
        };
        let (at, window) = self.incoming.windows(5).enumerate().find_map(|(at, bytes)| Some((at, size(bytes)?)))?;
        self.incoming.drain(at..at + 5);
        Some((at, window))
    }
}

/// The bytes granting a window.
fn header(window: usize) -> [u8; 5] {
    let [low, high] = u16::try_from(window).unwrap_or(u16::MAX).to_le_bytes();
    [b'R', 0x01, low, high, 0x01]
}
