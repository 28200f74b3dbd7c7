//! Reads the line that answers a question on systems where keys cannot be read one by one: the system edits it.
//!
//! Invariant: one thread reads standard input.

use crate::bench::operator::{NoAnswer, Question};
use crate::cli::console::Console;
use crate::cli::picture::Room;
use crate::port::Wait;
use std::io::IsTerminal as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub struct Lines {
    console: Arc<Console>,
}

/// Lines from the only thread that reads them: a read cannot be cancelled, so the thread outlives the question.
fn typed() -> &'static Mutex<Receiver<String>> {
    static TYPED: OnceLock<Mutex<Receiver<String>>> = OnceLock::new();
    TYPED.get_or_init(|| {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lines() {
                if line.is_err() || line.is_ok_and(|line| sender.send(line).is_err()) {
                    return;
                }
            }
        });
        Mutex::new(receiver)
    })
}

impl Lines {
    pub fn open(console: &Arc<Console>) -> Option<Lines> {
        let there = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        there.then(|| Lines { console: console.clone() })
    }

    /// The system does not pass on the terminal's answers.
    pub fn ask(&mut self, _request: &str, _end: u8) -> Vec<u8> {
        Vec::new()
    }

    pub fn room() -> Room {
        Room { characters: (80, 24), ..Room::default() }
    }

    /// Reads a line, which this system shows. `None` after Ctrl-C, and at the end of the input.
    pub fn secret(&mut self, invitation: &str) -> Option<String> {
        self.console.remark(invitation);
        let wait = Wait { deadline: None, interruptible: true };
        let lines = typed().lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match lines.recv_timeout(wait.slice().ok()?) {
                Ok(line) => return Some(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    pub fn read(&mut self, invitation: &str, wait: Wait, question: &Question) -> Result<String, NoAnswer> {
        self.console.remark(invitation);
        let lines = typed().lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let slice = wait.slice().map_err(|_| NoAnswer::Over)?;
            match lines.recv_timeout(slice) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(NoAnswer::Error(question.unattended())),
            }
        }
    }
}
