//! Code on its way to a board: by raw paste, whose flow control the board dictates, or in blocks at a pace that its input
//! buffer bears; what is long is checked then ([`super::checked`]).
//!
//! Uses [`crate::repl::reply`]. Invariant: no more is sent at once than the board is known to hold, and code whose upload
//! came to grief does not run.

use super::{Failure, MOST_KEPT, Manner, Session, Sink};
use crate::port::{PortError, Wait};
use crate::repl::reply::{self, Prelude, RAW_BANNER, take_credits};
use std::time::{Duration, Instant};

/// Longest command, in bytes, that is sent without flow control to a board whose input buffer is known to be larger, and
/// to one of which nothing is known: 128 bytes are the smallest usual buffer (samd).
const PLAIN_LIMIT: usize = 250;
const UNKNOWN_LIMIT: usize = 120;
/// Size of a block and the pause after it where there is no flow control at all: a buffer of 63 bytes (micro:bit)
/// bears two of them, if the board is late, and the smallest one. [`Session::learn_blocks`] finds out what else a board bears.
pub(super) const SMALL_BLOCK: Block = Block { size: 31, pause: Duration::from_millis(6) };
/// What MicroPython's own tools send.
const LARGE_BLOCK: Block = Block { size: 250, pause: Duration::from_millis(10) };
/// For boards that lose some of even the small blocks.
const SLOW_BLOCK: Block = Block { size: 16, pause: Duration::from_millis(10) };
/// Lengths of the programs, in bytes, that show whether a board bears large and small blocks: a ring that a block at a time
/// fills up overflows after several only.
const LARGE_TRIAL: usize = 3 * LARGE_BLOCK.size;
const SMALL_TRIAL: usize = 16 * SMALL_BLOCK.size;
/// Longest time of a board at its prompt to answer, or to take in a window of code; and of silence after an answer that
/// makes no sense.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
const GARBLED_LIMIT: Duration = Duration::from_millis(300);
/// Makes half a program a syntax error, wherever it ends, and ends it. Ctrl-C would do on MicroPython, but crashes
/// CircuitPython.
const SPOIL: &[u8] = b"\n?\x04";

/// What is known of raw paste on this board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paste {
    Untried,
    /// Works, with a window of so many bytes.
    Window(usize),
    Refused,
}

/// What became of code sent by raw paste.
pub(super) enum Pasted {
    /// It is on the board; its reply starts so.
    Sent(Prelude),
    /// The board found it wrong before its end, or so it seems. It does not run.
    Spoilt {
        /// The last line that was sent, from 1 on.
        line: usize,
        /// Its reply starts so.
        prelude: Prelude,
    },
    /// The board has no raw paste, nothing was sent.
    Refused,
    /// The board does not keep to the protocol. The code has not run.
    Failed,
}

/// What the board says to the request for raw paste.
enum Answer {
    Window(usize),
    Refused,
    /// Nothing.
    None,
}

/// A pace for boards without flow control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    size: usize,
    pause: Duration,
}

impl Session {
    /// Finds out how much a board without raw paste takes at once, by sending it programs that tell how much came. False:
    /// what was sent until now may have been lost in part. `is_small`: large blocks are not even tried.
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

    /// Whether a program of this length comes whole. That a board has no memory for it counts as well.
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
        let manner = Manner { expects_frame: true, awaits: None, by_paste: true, checks: false };
        match self.execute_as(&count(&text), manner, None, own, sink) {
            Ok(reply) => Ok(reply.frame.is_some_and(|frame| frame.text == text.len().to_string())),
            Err(Failure::Timeout) if wait.slice().is_ok() => Ok(false),
            Err(Failure::Torn(_)) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// A program did not arrive as it should: sends the next ones at the slowest pace, if there is no flow control. False if
    /// that cannot be the reason.
    pub fn slow_down(&mut self) -> bool {
        let slower = self.paste == Paste::Refused && self.block != SLOW_BLOCK;
        if slower {
            self.block = SLOW_BLOCK;
        }
        slower
    }

    /// Whether the board is known to take code by raw paste.
    pub fn pastes(&self) -> bool {
        matches!(self.paste, Paste::Window(_))
    }

    /// How many bytes the board's input buffer is known to hold.
    pub fn room(&self) -> usize {
        match self.paste {
            Paste::Window(window) => 2 * window,
            Paste::Untried => UNKNOWN_LIMIT,
            Paste::Refused => self.block.size,
        }
    }

    /// The longest code that goes out in one write without a question.
    pub(super) fn plain_limit(&self) -> usize {
        match self.paste {
            // The board's buffer holds two windows.
            Paste::Window(window) => PLAIN_LIMIT.min((2 * window).saturating_sub(6)),
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
        // A process behind a terminal reads at its own pace; a board without raw paste drops what its buffer cannot hold.
        if !self.port.abilities().raw_paste || (self.paste != Paste::Refused && bytes.len() <= PLAIN_LIMIT + 1) {
            return Ok(self.port.write(&bytes, wait)?);
        }
        self.send_in_blocks(&bytes, self.block, wait, sink)
    }

    /// Sends a short line to a board of which nothing need be known: so that the smallest input buffer holds it. What is too
    /// much of what comes meanwhile goes to `came`.
    pub(super) fn send_gently(&mut self, bytes: &[u8], wait: Wait, came: &mut Vec<u8>) -> Result<(), Failure> {
        let is_held = matches!(self.paste, Paste::Window(_)) && self.room() > bytes.len() + 8;
        if is_held || !self.port.abilities().raw_paste {
            return Ok(self.port.write(bytes, wait)?);
        }
        let Block { size, pause } = if self.paste == Paste::Refused { self.block } else { SMALL_BLOCK };
        // What was sent just before may still be in the buffer.
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
        for block in bytes.chunks(size) {
            self.port.write(block, wait)?;
            let pause = Wait { deadline: Some(Instant::now() + pause), ..wait };
            while bytes.len() > size {
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
            wait.slice()?;
        }
        Ok(())
    }

    /// Sends code by raw paste.
    pub(super) fn paste_code(&mut self, code: &str, wait: Wait, sink: Sink<'_>) -> Result<Pasted, Failure> {
        let bytes = code.as_bytes();
        // Once the window is known, as much as the board's buffer of two windows holds goes out with the request.
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
            Answer::Window(window) => window,
            Answer::Refused if sent == 0 => return Ok(Pasted::Refused),
            Answer::Refused | Answer::None => return Ok(Pasted::Failed),
        };
        let mut budget = (2 * window).saturating_sub(sent);
        let mut granted = 0;
        let mut soon = Instant::now() + ANSWER_LIMIT;
        loop {
            let mut come = std::mem::take(&mut self.incoming);
            let mut credits = (sent / window).saturating_sub(granted);
            if let Some(at) = come.iter().position(|&byte| byte == 0x04) {
                // The code is wrong, and the rest of it is thrown away until `\x04`. Or a thread has printed that byte:
                // then an end would run half the code, so it is spoilt first.
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

    /// Waits until `soon` for bytes of a board that has to answer. Whether some have come.
    fn read_soon(&mut self, soon: Instant, wait: Wait) -> Result<bool, Failure> {
        let step = wait.until(Some(soon));
        match self.port.read(&mut self.incoming, step).and_then(|_| step.slice()) {
            Ok(_) => Ok(true),
            Err(PortError::Timeout) if step.deadline == Some(soon) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the answer to the request for raw paste.
    fn paste_window(&mut self, wait: Wait, sink: Sink<'_>) -> Result<Answer, Failure> {
        let soon = Instant::now() + ANSWER_LIMIT;
        loop {
            if let Some((at, window)) = self.window_at() {
                self.emit_front(at, sink);
                self.incoming.drain(..5);
                self.paste = Paste::Window(window);
                return Ok(Answer::Window(window));
            }
            // Before 1.14 the three bytes only clear the line.
            for refusal in [b"R\x00>".as_slice(), RAW_BANNER] {
                if let Some(at) = reply::find(&self.incoming, refusal) {
                    self.emit_front(at, sink);
                    self.incoming.drain(..refusal.len());
                    // A board that had it once may have it again.
                    self.paste = if self.paste == Paste::Untried { Paste::Refused } else { Paste::Untried };
                    return Ok(Answer::Refused);
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
                return Ok(Answer::None);
            }
        }
    }

    /// Where the board grants a window, and its size.
    fn window_at(&self) -> Option<(usize, usize)> {
        let size = |bytes: &[u8]| match *bytes {
            [b'R', 0x01, low, high, 0x01] => {
                Some(usize::from(u16::from_le_bytes([low, high]))).filter(|&size| size > 0)
            }
            _ => None,
        };
        let mut found = self.incoming.windows(5).enumerate().filter_map(|(at, bytes)| Some((at, size(bytes)?)));
        match self.paste {
            Paste::Window(known) => found.find(|&(_, window)| window == known),
            _ => found.next(),
        }
    }
}

/// The bytes that grant a window.
fn header(window: usize) -> [u8; 5] {
    let [low, high] = u16::try_from(window).unwrap_or(u16::MAX).to_le_bytes();
    [b'R', 0x01, low, high, 0x01]
}
