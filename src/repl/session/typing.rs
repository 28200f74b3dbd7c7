//! What is typed to a program that runs: the keys of a person, or the bytes of a pipe.
//!
//! Uses [`crate::port`]. Invariant: no byte is typed that the prompt could take for a command. At the raw prompt 0x01 to 0x05
//! are commands, everything else waits in its line until it is cleared. So those five go to a [`Typist::is_guarded`] program
//! alone, which reads what is left over before it ends, and to none that may not have begun.

use super::{Failure, Session};
use crate::port::Wait;
use crate::repl::reply::{self, Decoder};
use std::time::{Duration, Instant};

/// What a guarded program says when it begins; with a number behind it, it asks for the end of what is typed.
const TYPED: &str = "typed";
/// Ctrl-D, which `input()` takes for the end of its input.
const END: u8 = 0x04;
/// Between two looks at the keyboard, while the board is silent.
const TICK: Duration = Duration::from_millis(10);
/// How long a program is silent that may be waiting for input: then a board that shows no sign of reading gets more.
const PATIENCE: Duration = Duration::from_millis(300);
/// The same, until a program is told of the end of the input that does not look as if it read any.
const LONG_PATIENCE: Duration = Duration::from_secs(1);
/// How often a program is told of the end at most.
const MOST_ENDS: u32 = 200;
/// Bytes that go to a port at once that holds back what the board does not take.
const HELD_BACK: usize = 256;
/// Most output, in bytes, in which an echo is looked for.
const MOST_HEARD: usize = 4096;

/// What there is to be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Nothing now.
    None,
    /// These bytes.
    Bytes(Vec<u8>),
    /// Nothing any more.
    Ended,
}

/// Where what is typed comes from.
pub trait Keyboard {
    /// Takes at most `most` bytes that are there, without waiting.
    fn take(&mut self, most: usize) -> Keys;
}

/// Who types to a program.
pub struct Typist<'a> {
    /// Where it comes from.
    pub keyboard: &'a mut dyn Keyboard,
    /// Whether the program says that it begins, and asks for the end of what is typed and reads the rest before it ends.
    pub is_guarded: bool,
    /// Whether the program looks as if it read its input.
    pub reads: bool,
}

impl Typist<'_> {
    /// The same, for a while.
    pub fn again(&mut self) -> Typist<'_> {
        Typist { keyboard: &mut *self.keyboard, is_guarded: self.is_guarded, reads: self.reads }
    }
}

/// How far the typing is.
pub(super) struct Typing {
    /// The program runs: it has said so, or has printed.
    begun: bool,
    has_printed: bool,
    /// The program has asked for the end.
    over: bool,
    /// Something was typed.
    pub typed: bool,
    /// The last byte that was typed.
    last: u8,
    /// When something was last typed or printed.
    active: Instant,
    /// Bytes that the board may not have read.
    unread: usize,
    /// What was typed last and will be echoed, and what was printed since.
    block: Vec<u8>,
    heard: Vec<u8>,
    /// How often the program was told of the end, and whether it has printed since.
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

    /// Notes what the program prints.
    pub fn hear(&mut self, bytes: &[u8]) {
        self.has_printed |= !bytes.is_empty();
        self.printed = true;
        self.active = Instant::now();
        if self.unread > 0 && self.heard.len() < MOST_HEARD {
            self.heard.extend_from_slice(bytes);
        }
    }

    /// How long to wait for the board until the keyboard is looked at again.
    pub fn tick(&self, typist: Option<&Typist<'_>>) -> Option<Instant> {
        typist.filter(|_| !self.over).map(|_| Instant::now() + TICK)
    }

    /// How many bytes may be typed now, to a board of this room.
    fn room(&mut self, room: usize, reads: bool) -> usize {
        let is_echoed = !self.block.is_empty() && reply::find(&self.heard, &self.block).is_some();
        // What reads without an echo shows nothing: then it is trusted to read, in time.
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
    /// Types what there is to a program that runs.
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

    /// Tells the program that its input has ended, once and whenever it has printed something since and is silent: it may
    /// ask again.
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
        // The last line of a text may lack its end.
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

    /// Notes that a program begins, or answers one that asks for the end of what is typed: it reads until it has seen the
    /// answer. `None`: it asks for something else.
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

    /// After a program: clears what was typed and not read.
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
    fn a_board_gets_no_more_than_it_is_known_to_have_read() {
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
