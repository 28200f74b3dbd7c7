//! Types to a running program: the keys of a user, or the bytes of a pipe.
//!
//! Uses [`crate::port`]. Invariant: never type a byte that the prompt could interpret as a command. At the raw prompt 0x01 to 0x05
//! are commands; everything else waits in its line until it is cleared. So those five go only to a [`Typist::is_guarded`]
//! program, which reads the rest of its input before it ends, and never to one that may not have started.

use super::{Failure, Session};
use crate::port::Wait;
use crate::repl::reply::{self, Decoder};
use std::time::{Duration, Instant};

/// The message of a guarded program when it starts; followed by a number, it asks for the end of its input.
const TYPED: &str = "typed";
/// Ctrl-D, which `input()` treats as the end of its input.
const END: u8 = 0x04;
/// Interval of keyboard polls while the board is silent.
const TICK: Duration = Duration::from_millis(10);
/// How long a program that may be waiting for input is silent before a board that shows no sign of reading gets more.
const PATIENCE: Duration = Duration::from_millis(300);
/// The same, before the end of input is sent to a program that does not seem to read any.
const LONG_PATIENCE: Duration = Duration::from_secs(1);
/// Most times that the end of input is sent to a program.
const MOST_ENDS: u32 = 200;
/// Bytes sent at once to a port that holds back what the board does not read.
const HELD_BACK: usize = 256;
/// Most output, in bytes, that is searched for an echo.
const MOST_HEARD: usize = 4096;

/// The available input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Nothing yet.
    None,
    /// These bytes.
    Bytes(Vec<u8>),
    /// The end of the input.
    Ended,
}

/// A source of input.
pub trait Keyboard {
    /// Takes at most `most` available bytes, without waiting.
    fn take(&mut self, most: usize) -> Keys;
}

/// Who types to a program.
pub struct Typist<'a> {
    /// The source of its input.
    pub keyboard: &'a mut dyn Keyboard,
    /// Whether the program reports its start, and before it ends asks for the end of input and reads the rest.
    pub is_guarded: bool,
    /// Whether the program seems to read its input.
    pub reads: bool,
}

impl Typist<'_> {
    /// The same, for a while.
    pub fn again(&mut self) -> Typist<'_> {
        Typist { keyboard: &mut *self.keyboard, is_guarded: self.is_guarded, reads: self.reads }
    }
}

/// The progress of typing.
pub(super) struct Typing {
    /// The program runs: it has reported its start, or has printed.
    begun: bool,
    has_printed: bool,
    /// The program has asked for the end.
    over: bool,
    /// Something was typed.
    pub typed: bool,
    /// The last byte that was typed.
    last: u8,
    /// The time of the last input or output.
    active: Instant,
    /// Bytes that the board may not have read yet.
    unread: usize,
    /// The last input, which will be echoed, and the output since.
    block: Vec<u8>,
    heard: Vec<u8>,
    /// How many times the end of input was sent, and whether the program has printed since.
    ends: u32,
    printed: bool,
}

impl Typing {
    pub fn new() -> Typing {
        Typing {
            begun: false,
            has_printed: false,
            over: false,
            typed: false,
            last: b'\n',
            active: Instant::now(),
            unread: 0,
            block: Vec::new(),
            heard: Vec::new(),
            ends: 0,
            printed: false,
        }
    }

    /// Records the program's output.
    pub fn hear(&mut self, bytes: &[u8]) {
        self.has_printed |= !bytes.is_empty();
        self.printed = true;
        self.active = Instant::now();
        if self.unread > 0 && self.heard.len() < MOST_HEARD {
            self.heard.extend_from_slice(bytes);
        }
    }

    /// How long to wait for the board before polling the keyboard again.
    pub fn tick(&self, typist: Option<&Typist<'_>>) -> Option<Instant> {
        typist.filter(|_| !self.over).map(|_| Instant::now() + TICK)
    }

    /// How many bytes may be typed now, to a board with a buffer of this size.
    fn room(&mut self, room: usize, reads: bool) -> usize {
        let is_echoed = !self.block.is_empty() && reply::find(&self.heard, &self.block).is_some();
        // A program that reads without an echo shows nothing: after a while, assume that it reads.
        let is_trusted = reads && self.active.elapsed() >= PATIENCE;
        if is_echoed || is_trusted {
            self.unread = 0;
        }
        (room / 2).saturating_sub(self.unread).max(usize::from(self.unread == 0))
    }

    fn note(&mut self, bytes: &[u8]) {
        self.typed = true;
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.active = Instant::now();
        self.unread += bytes.len();
        self.heard.clear();
        let line = bytes.split(|&byte| byte == b'\n' || byte == b'\r').rfind(|line| !line.is_empty());
        self.block = line.unwrap_or_default().to_vec();
    }
}

impl Session {
    /// Types the available input to a running program.
    pub(super) fn type_on(
        &mut self,
        typing: &mut Typing,
        typist: Option<&mut Typist<'_>>,
        decoder: &Decoder,
        wait: Wait,
    ) -> Result<(), Failure> {
        let Some(typist) = typist.filter(|_| !typing.over) else { return Ok(()) };
        // Code that does not compile prints nothing, but a thread may.
        typing.begun |= typing.has_printed && !typist.is_guarded;
        if !decoder.is_acknowledged() || !typing.begun || !self.port.takes_now() {
            return Ok(());
        }
        let holds_back = self.port.abilities().holds_back;
        let most = if holds_back { HELD_BACK } else { typing.room(self.room(), typist.reads) };
        if most == 0 {
            return Ok(());
        }
        match typist.keyboard.take(most) {
            Keys::None => Ok(()),
            Keys::Bytes(mut bytes) => {
                if !typist.is_guarded {
                    bytes.retain(|byte| !(0x01..=0x05).contains(byte));
                }
                if bytes.is_empty() {
                    return Ok(());
                }
                typing.note(&bytes);
                Ok(self.port.write(&bytes, wait)?)
            }
            Keys::Ended => self.type_end(typing, typist, wait),
        }
    }

    /// Sends the end of input, once and again whenever the program has printed since and is silent: it may ask again.
    fn type_end(&mut self, typing: &mut Typing, typist: &Typist<'_>, wait: Wait) -> Result<(), Failure> {
        let patience = match (typing.ends, typist.reads) {
            (0, true) => Duration::ZERO,
            _ => LONG_PATIENCE,
        };
        let is_news = typing.ends == 0 || typing.printed;
        if !is_news || typing.ends >= MOST_ENDS || typing.active.elapsed() < patience {
            return Ok(());
        }
        let mut bytes = Vec::new();
        // The last line of a text may have no line end.
        if typing.last != b'\n' && typing.last != b'\r' && typing.last != END {
            bytes.push(b'\n');
        }
        if typist.is_guarded {
            bytes.push(END);
        }
        typing.ends += 1;
        typing.printed = false;
        if bytes.is_empty() {
            return Ok(());
        }
        typing.typed = true;
        typing.last = END;
        Ok(self.port.write(&bytes, wait)?)
    }

    /// Records the start of a program, or answers one that asks for the end of input: it reads until it has seen the answer.
    /// `None`: it asks for something else.
    pub(super) fn end_typing(
        &mut self,
        typing: &mut Typing,
        question: &str,
        wait: Wait,
    ) -> Option<Result<(), Failure>> {
        let number = question.strip_prefix(TYPED)?;
        if number.is_empty() {
            typing.begun = true;
            return Some(Ok(()));
        }
        typing.over = true;
        let answer = format!("{}{number};", self.token);
        Some(self.port.write(answer.as_bytes(), wait).map_err(Failure::from))
    }

    /// After a program: clears unread input.
    pub(super) fn forget_typed(&mut self, typing: &Typing, sink: super::Sink<'_>) -> Result<(), Failure> {
        if !typing.typed || typing.over {
            return Ok(());
        }
        self.clear_line(sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_gets_no_more_than_it_has_provably_read() {
        let mut typing = Typing::new();
        assert_eq!(typing.room(256, true), 128);
        typing.note(b"first line\n");
        assert_eq!(typing.room(256, false), 117);
        typing.note(&[b'x'; 117]);
        assert_eq!(typing.room(256, false), 0);
        typing.hear(b"what is echoed: ");
        assert_eq!(typing.room(256, false), 0);
        typing.hear(&[b'x'; 117]);
        assert_eq!(typing.room(256, false), 128);
    }
}
