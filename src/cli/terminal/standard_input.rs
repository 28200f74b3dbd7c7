//! Forwards standard input to a program on a board.
//!
//! Uses [`crate::device`], [`super::modes`], and rustix. Invariants: no byte is consumed that does not
//! go to the board, and the terminal's modes are restored afterwards.
//!
//! On a terminal the person types: keys go one by one, the board echoes them, Ctrl-C stays a signal, Ctrl-D is the end of the
//! input. From a pipe or file bytes go as they are. A Ctrl-C among them interrupts as the key does, unless the program has
//! switched that off by `micropython.kbd_intr`.

use super::input;
use super::modes::ModeGuard;
use crate::cli::console::Console;
use crate::device::{Keyboard, Keys, Output as _};
use crate::error::Result;
use rustix::stdio::stdin;
use rustix::termios::{isatty, tcgetpgrp};
use std::sync::Arc;
use std::time::Duration;

/// Ctrl-C.
const INTERRUPT: u8 = 0x03;

/// Standard input.
pub struct StandardInput {
    console: Arc<Console>,
    /// The modes of an interactive terminal.
    person: Option<ModeGuard>,
    takes_interrupts: bool,
    /// Read, but not yet forwarded.
    rest: Vec<u8>,
    over: bool,
}

impl StandardInput {
    /// Standard input for a program with this source. A terminal that this process may not read gives `None`.
    ///
    /// # Errors
    /// If the terminal cannot be changed.
    pub fn open(console: &Arc<Console>, source: &str) -> Result<Option<StandardInput>> {
        let is_terminal = isatty(stdin());
        if is_terminal && !is_in_front() {
            return Ok(None);
        }
        let person = is_terminal.then(ModeGuard::keys).transpose()?;
        let takes_interrupts = person.is_none() && source.contains("kbd_intr");
        Ok(Some(StandardInput { console: console.clone(), person, takes_interrupts, rest: Vec::new(), over: false }))
    }

    /// No input: standard input is used up.
    pub fn ended(console: &Arc<Console>) -> StandardInput {
        StandardInput { console: console.clone(), person: None, takes_interrupts: false, rest: Vec::new(), over: true }
    }

    /// Whether there is no input, now or later.
    pub fn is_over(&mut self) -> bool {
        if self.person.is_none() && self.rest.is_empty() && !self.over {
            self.fill(1);
        }
        self.over && self.rest.is_empty()
    }

    fn fill(&mut self, most: usize) {
        if !input::is_readable(Duration::ZERO).unwrap_or(false) {
            return;
        }
        let mut piece = vec![0; most];
        match input::take(&mut piece) {
            None => self.over = true,
            Some(count) => self.rest.extend_from_slice(&piece[..count]),
        }
    }
}

/// Whether this process may read the terminal: one in the background is stopped for trying. A terminal that is not the one
/// which controls this process does not do that.
fn is_in_front() -> bool {
    tcgetpgrp(stdin()).map_or(true, |group| group == rustix::process::getpgrp())
}

impl Keyboard for StandardInput {
    fn take(&mut self, most: usize) -> Keys {
        if self.rest.is_empty() && !self.over && (self.person.is_none() || is_in_front()) {
            self.fill(most);
        }
        if self.rest.is_empty() {
            return if self.over { Keys::Ended } else { Keys::None };
        }
        let interrupt = self.rest.iter().position(|&byte| byte == INTERRUPT && !self.takes_interrupts);
        match interrupt {
            Some(0) => {
                self.console.notice("standard input holds a Ctrl-C (0x03), which interrupts the program");
                crate::interrupt::raise();
                (self.over, self.rest) = (true, Vec::new());
                Keys::None
            }
            _ => Keys::Bytes(self.rest.drain(..interrupt.unwrap_or(self.rest.len()).min(most)).collect()),
        }
    }
}
