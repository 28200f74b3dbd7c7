//! Standard input and output in front of a board, for `terminal` and for scripts that hand over a board's prompt.
//!
//! Uses `pump`. Invariant: the terminal's modes are restored when the conversation ends.

use super::input;
use super::modes::ModeGuard;
use super::pump::{self, Client, Look};
use super::transcript::Transcript;
use crate::cli::console::{Asking, Console};
use crate::cli::misuse;
use crate::device::{self, Conversation};
use crate::diagnostic::Diagnostic;
use crate::disk::reason;
use crate::error::Error;
use crate::port::loss::Loss;
use crate::port::{Port, PortError, Wait};
use rustix::stdio::stdin;
use rustix::termios::isatty;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// State of the input.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// More may come.
    Open,
    /// No more will come.
    Ended,
    /// The person has left.
    Left,
    /// The transcript cannot be written, for this reason.
    Failed(String),
}

/// Standard input and output as the client of the pump.
pub struct Screen {
    console: Arc<Console>,
    transcript: Option<Transcript>,
    /// Whether standard input is a terminal.
    person: bool,
    /// State of the input.
    pub input: Input,
    /// Whether the last byte of a non-terminal input was a carriage return.
    after_return: bool,
    /// The key that leaves.
    leave: u8,
    /// What [`INJECT`] types.
    inject: Vec<u8>,
    /// What is typed next, before what the person types.
    typed: VecDeque<u8>,
}

/// Ctrl-K types the file of `--inject`.
const INJECT: u8 = 0x0b;

/// A text as it is typed in paste mode, which ends with Ctrl-D: without characters that would end it.
pub fn pasted(text: &[u8]) -> Vec<u8> {
    let mut keys = vec![0x05];
    let mut after_return = false;
    for &byte in text {
        match byte {
            b'\n' if after_return => {}
            b'\n' | b'\r' => keys.push(b'\r'),
            b'\t' | b' '.. => keys.push(byte),
            _ => {}
        }
        after_return = byte == b'\r';
    }
    keys.push(0x04);
    keys
}

impl Screen {
    /// Standard input, which may be a `person` at a terminal, and standard output, copied to `transcript`.
    pub fn with(console: &Arc<Console>, leave: u8, person: bool, transcript: Option<Transcript>) -> Screen {
        Screen { transcript, person, ..Screen::new(console, leave) }
    }

    /// A person at this terminal, without a transcript.
    fn new(console: &Arc<Console>, leave: u8) -> Screen {
        let console = console.clone();
        let input = Input::Open;
        let (inject, typed) = (Vec::new(), VecDeque::new());
        Screen { console, transcript: None, person: true, input, after_return: false, leave, inject, typed }
    }

    /// Types this when the person presses Ctrl-K.
    #[must_use]
    pub fn injecting(self, inject: Vec<u8>) -> Screen {
        Screen { inject, ..self }
    }

    /// Takes out the key of injection; what it types and what was typed after it comes next.
    fn replaced(&mut self, piece: &[u8]) -> usize {
        let Some(key) = piece.iter().position(|&byte| byte == INJECT).filter(|_| !self.inject.is_empty()) else {
            return piece.len();
        };
        self.typed.extend(self.inject.iter().chain(piece[key + 1..].iter().filter(|&&byte| byte != INJECT)));
        key
    }

    /// A remark on a line of its own on standard error.
    pub fn note(&self, text: &str) {
        if self.person {
            self.console.remark(&format!("\r-- {text}\r\n"));
        } else {
            self.console.remark(&format!("-- {text}\n"));
        }
    }

    /// The failure that ended the session, if any.
    ///
    /// # Errors
    /// If the transcript cannot be written.
    pub fn failure(&mut self) -> Result<(), Diagnostic> {
        match &self.input {
            Input::Failed(reason) => Err(misuse(
                format!("the transcript can no longer be written: {reason}"),
                "free disk space, or name another file",
            )),
            _ => Ok(()),
        }
    }

    /// Converts line ends to carriage returns, as Enter sends, in place. Returns the count.
    fn type_lines(&mut self, piece: &mut [u8], count: usize) -> usize {
        let mut kept = 0;
        for index in 0..count {
            let byte = piece[index];
            let doubled = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            if !doubled {
                piece[kept] = if byte == b'\n' { b'\r' } else { byte };
                kept += 1;
            }
        }
        kept
    }
}

impl Client for Screen {
    fn look(&mut self, wait: Duration) -> Result<Look, PortError> {
        match self.input {
            Input::Open => {}
            Input::Ended => return Ok(Look::Ending),
            Input::Left | Input::Failed(_) => return Ok(Look::Done),
        }
        if !self.typed.is_empty() {
            return Ok(Look::Readable);
        }
        match input::is_readable(wait) {
            Ok(true) => Ok(Look::Readable),
            Ok(false) => Ok(Look::Idle),
            Err(error) => Err(PortError::Gone(Loss::system("standard input cannot be watched", error))),
        }
    }

    fn take(&mut self, piece: &mut [u8]) -> usize {
        if !self.typed.is_empty() {
            let count = piece.len().min(self.typed.len());
            for (place, byte) in piece.iter_mut().zip(self.typed.drain(..count)) {
                *place = byte;
            }
            return count;
        }
        match input::take(piece) {
            None => {
                self.input = Input::Ended;
                0
            }
            Some(count) if self.person => {
                let leave = piece[..count].iter().position(|&byte| byte == self.leave);
                if leave.is_some() {
                    self.input = Input::Left;
                }
                self.replaced(&piece[..leave.unwrap_or(count)])
            }
            // Enter is a carriage return; a board takes no other.
            Some(count) => self.type_lines(piece, count),
        }
    }

    fn give(&mut self, backlog: &mut Vec<u8>) -> Result<(), PortError> {
        if backlog.is_empty() {
            return Ok(());
        }
        // A closed reader raises the interrupt, which ends the pump.
        self.console.bytes(backlog);
        if let Some(Err(error)) = self.transcript.as_mut().map(|transcript| transcript.add(backlog)) {
            self.input = Input::Failed(reason(&error));
        }
        backlog.clear();
        Ok(())
    }

    fn look_for_room(&mut self, _wait: Duration) -> Result<(), PortError> {
        // Writing blocks, so there is never a backlog.
        Ok(())
    }
}

/// This terminal, for scripts that hand a board's prompt to the person at it.
pub struct Keyboard {
    /// The program's streams.
    pub console: Arc<Console>,
    /// What Ctrl-K types; empty: nothing.
    pub inject: Vec<u8>,
}

struct Talk {
    screen: Screen,
    raw: ModeGuard,
    /// No progress is drawn over what the board prints.
    _asking: Asking,
}

impl device::Terminal for Keyboard {
    fn open(&self, device: &str, port: &str, leave: u8) -> Result<Box<dyn Conversation>, Error> {
        if !isatty(stdin()) {
            return Err(device::unattended());
        }
        let (raw, screen) = (ModeGuard::raw()?, Screen::new(&self.console, leave).injecting(self.inject.clone()));
        let talk = Talk { raw, screen, _asking: self.console.ask() };
        talk.screen.note(&format!("connected to `{device}` on `{port}`; press {} to leave", key(leave)));
        Ok(Box::new(talk))
    }
}

impl Conversation for Talk {
    fn hold(self: Box<Talk>, board: &mut dyn Port, wait: Wait) -> Result<(), PortError> {
        let Talk { mut screen, raw, _asking } = *self;
        let outcome = pump::carry(&mut screen, board, wait);
        drop(raw);
        screen.console.remark("-- left\n");
        outcome
    }
}

/// The name of this character's key.
fn key(character: u8) -> String {
    match character {
        0..=0x1f => format!("Ctrl-{}", char::from(character + 0x40)),
        0x20 => "the space bar".to_owned(),
        0x7f => "Backspace".to_owned(),
        _ => format!("the key `{}`", char::from(character)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_typed_in_paste_mode() {
        assert_eq!(pasted(b"if x:\r\n\ty()\n\x03\x04"), b"\x05if x:\r\ty()\r\x04");
    }

    #[test]
    fn ctrl_k_types_the_file_between_what_is_typed() {
        let mut screen = Screen::new(&Arc::new(Console::of_process()), 0x1d);
        assert_eq!(screen.replaced(b"a\x0bb"), 3);
        let mut screen = screen.injecting(b"FILE".to_vec());
        assert_eq!(screen.replaced(b"a\x0bb\x0b"), 1);
        let mut piece = [0; 3];
        assert_eq!(screen.look(Duration::ZERO), Ok(Look::Readable));
        assert_eq!((screen.take(&mut piece), piece), (3, *b"FIL"));
        assert_eq!((screen.take(&mut piece), &piece[..2]), (2, &b"Eb"[..]));
    }
}
