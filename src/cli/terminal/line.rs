//! Reads the line that answers a question.
//!
//! Not rustyline's: its `readline` has neither a deadline nor an end from outside, reads Ctrl-C as a key where a script is to be
//! interrupted and torn down, and draws on standard output, which is for results. Invariant: the line is edited at its end only.

use super::input;
use super::modes::ModeGuard;
use crate::bench::operator::{NoAnswer, Question};
use crate::cli::console::Console;
use crate::cli::picture::Room;
use crate::port::Wait;
use rustix::stdio::{stderr, stdin};
use rustix::termios::{QueueSelector, isatty, tcflush, tcgetwinsize};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a terminal may take to answer, over a slow connection.
const PATIENCE: Duration = Duration::from_millis(500);
/// Most bytes of an answer, or of the sequence of a key.
const LONGEST_ANSWER: usize = 128;

/// Reads lines key by key, so that the typed text can be redrawn below the output of boards.
pub struct Lines {
    console: Arc<Console>,
    _keys: ModeGuard,
}

/// The effect of a key on the line.
#[derive(Debug, PartialEq, Eq)]
enum Typing {
    Goes(bool),
    Ended,
}

/// The line so far, and the bytes of a character or an escape sequence that has only begun.
#[derive(Default)]
struct TypedLine {
    text: String,
    begun: Vec<u8>,
}

impl Lines {
    /// `None` without an interactive terminal.
    pub fn open(console: &Arc<Console>) -> Option<Lines> {
        if !isatty(stdin()) || !isatty(stderr()) {
            return None;
        }
        let keys = ModeGuard::keys().ok()?;
        // Keys pressed before the question was shown are not part of the answer.
        let _ = tcflush(stdin(), QueueSelector::IFlush);
        Some(Lines { console: console.clone(), _keys: keys })
    }

    /// Asks the terminal itself, and waits a moment for an answer, whose last byte is `end`. Keys that are pressed meanwhile are
    /// lost, as are those before the question.
    pub fn ask(&mut self, request: &str, end: u8) -> Vec<u8> {
        self.console.remark(request);
        let deadline = Instant::now() + PATIENCE;
        let mut answer = Vec::new();
        while !(answer.contains(&0x1b) && answer.contains(&end)) && answer.len() < LONGEST_ANSWER {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || crate::interrupt::pending() {
                break;
            }
            let mut piece = [0; 64];
            match input::is_readable(left) {
                Ok(true) => match input::take(&mut piece) {
                    Some(count) => answer.extend_from_slice(&piece[..count]),
                    None => break,
                },
                Ok(false) => {}
                Err(_) => break,
            }
        }
        answer
    }

    /// The size of the terminal.
    pub fn room() -> Room {
        tcgetwinsize(stderr()).map_or_else(
            |_| Room::default(),
            |size| Room {
                characters: (size.ws_col.into(), size.ws_row.into()),
                pixels: (size.ws_xpixel.into(), size.ws_ypixel.into()),
            },
        )
    }

    /// Reads a line after the prompt `invitation`.
    pub fn read(&mut self, invitation: &str, wait: Wait, question: &Question) -> Result<String, NoAnswer> {
        let mut line = TypedLine::default();
        let outcome = self.type_line(&mut line, invitation, wait, question);
        self.console.question(None);
        outcome.map(|()| line.text)
    }

    /// Reads a line that is not shown. `None` after Ctrl-C, and if the terminal is gone.
    pub fn secret(&mut self, invitation: &str) -> Option<String> {
        let wait = Wait { deadline: None, interruptible: true };
        let mut line = TypedLine::default();
        self.console.remark(invitation);
        let typed = loop {
            let Ok(slice) = wait.slice() else { break None };
            if input::is_readable(slice) == Ok(false) {
                continue;
            }
            let mut piece = [0; 256];
            let Some(count) = input::take(&mut piece) else { break None };
            if line.type_keys(&piece[..count]) == Typing::Ended {
                break Some(line.text);
            }
        };
        self.console.remark("\n");
        typed
    }

    fn type_line(
        &self,
        line: &mut TypedLine,
        invitation: &str,
        wait: Wait,
        question: &Question,
    ) -> Result<(), NoAnswer> {
        self.console.question(Some(drawn(invitation, &line.text)));
        loop {
            let slice = wait.slice().map_err(|_| NoAnswer::Over)?;
            if input::is_readable(slice) == Ok(false) {
                continue;
            }
            let mut piece = [0; 256];
            // A failing read means that the terminal is gone.
            let count = input::take(&mut piece).ok_or_else(|| NoAnswer::Error(question.unattended()))?;
            match line.type_keys(&piece[..count]) {
                Typing::Ended => {
                    self.console.question(Some(drawn(invitation, &line.text)));
                    return Ok(());
                }
                Typing::Goes(true) => self.console.question(Some(drawn(invitation, &line.text))),
                Typing::Goes(false) => {}
            }
        }
    }
}

/// The displayed part of the line: the end of a long one, so that it fits on one row.
fn drawn(invitation: &str, text: &str) -> String {
    let width = tcgetwinsize(stderr()).map_or(80, |size| usize::from(size.ws_col)).max(20);
    fitted(invitation, text, width)
}

fn fitted(invitation: &str, text: &str, width: usize) -> String {
    let room = (width - 1).saturating_sub(invitation.chars().count()).max(8);
    let long = text.chars().count();
    match long > room {
        false => format!("{invitation}{text}"),
        true => format!("{invitation}…{}", text.chars().skip(long - room + 1).collect::<String>()),
    }
}

impl TypedLine {
    /// Processes the bytes of keys.
    fn type_keys(&mut self, bytes: &[u8]) -> Typing {
        let mut changed = false;
        for &byte in bytes {
            match byte {
                _ if self.begun.first() == Some(&0x1b) => self.escape(byte),
                b'\r' | b'\n' => return Typing::Ended,
                0x1b => self.begun = vec![byte],
                0x08 | 0x7f => changed |= self.text.pop().is_some(),
                // Ctrl-U, Ctrl-W.
                0x15 => {
                    changed |= !self.text.is_empty();
                    self.text.clear();
                }
                0x17 => {
                    let word = self.text.trim_end().rfind(' ').map_or(0, |space| space + 1);
                    changed |= word < self.text.len();
                    self.text.truncate(word);
                }
                0..0x20 => {}
                _ => changed |= self.character(byte),
            }
        }
        Typing::Goes(changed)
    }

    /// Drops the sequences of arrows and function keys: the line is edited at its end only.
    fn escape(&mut self, byte: u8) {
        self.begun.push(byte);
        let goes_on = match self.begun.len() {
            2 => matches!(byte, b'[' | b'O'),
            length => length < LONGEST_ANSWER && !(0x40..0x7f).contains(&byte),
        };
        if !goes_on {
            self.begun.clear();
        }
    }

    fn character(&mut self, byte: u8) -> bool {
        const LONGEST: usize = 4096;
        self.begun.push(byte);
        match std::str::from_utf8(&self.begun) {
            Ok(text) if self.text.len() < LONGEST => self.text.push_str(text),
            Ok(_) => {}
            Err(error) if error.error_len().is_none() => return false,
            Err(_) => {}
        }
        self.begun.clear();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_at_its_end() {
        fn case(keys: &[u8], wanted: &str) {
            let mut line = TypedLine::default();
            for byte in keys {
                line.type_keys(&[*byte]);
            }
            assert_eq!(line.text, wanted, "{keys:?}");
            let mut whole = TypedLine::default();
            whole.type_keys(keys);
            assert_eq!(whole.text, wanted, "{keys:?}");
        }
        case(b"abc\x7f\x08d", "ad");
        case("grün\u{7f}\u{7f}ün €".as_bytes(), "grün €");
        case(b"a b\x17c", "a c");
        case(b"abc\x15x", "x");
        case(b"a\x1b[D\x1b[1;5C\x1bOHb", "ab");
        case(b"a\xffb\x01\x04", "ab");
        assert_eq!(TypedLine::default().type_keys(b"ab\rc"), Typing::Ended);
        assert_eq!(TypedLine::default().type_keys(b"\x7f"), Typing::Goes(false));
    }

    #[test]
    fn a_long_line_shows_its_end() {
        assert_eq!(fitted("> ", "abc", 20), "> abc");
        assert_eq!(fitted("> ", "0123456789abcdefghij", 20), "> …456789abcdefghij");
    }
}
