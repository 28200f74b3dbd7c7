//! The line that the user is typing, below concurrent output.
//!
//! Invariant: while it is shown, only whole lines are printed above it, and nothing is drawn; a partial line is printed when the user
//! has finished.

use super::{Console, Inner, progress};
use std::io::Write as _;
use std::sync::Arc;

impl Console {
    /// Draws the line that the user is typing; other output goes above it. `None`: the line is finished.
    pub fn question(&self, line: Option<String>) {
        let mut inner = self.lock();
        if let Some(line) = line {
            inner.question = Some(line);
            return inner.draw_question();
        }
        if inner.question.take().is_some() {
            let _ = inner.err.to.write_all(b"\n").and_then(|()| inner.err.to.flush());
        }
        let held = std::mem::take(&mut inner.held);
        inner.write(&held);
    }
}

/// While it exists, the user is asked: no progress is drawn over the question or the answer.
pub struct Asking(Arc<Console>);

impl Console {
    /// Removes the progress bar, and shows none until the result is dropped.
    pub fn ask(self: &Arc<Console>) -> Asking {
        let mut inner = self.lock();
        inner.asks = true;
        inner.remove_bar();
        Asking(self.clone())
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.asks = false;
        inner.show_test();
    }
}

impl Inner {
    /// Removes the progress bar.
    pub(super) fn remove_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Shows that a test is running, if one is, and nothing else is shown.
    pub(super) fn show_test(&mut self) {
        let shows = self.err.terminal && self.out.terminal && self.bar.is_none() && !self.asks;
        if let Some(test) = self.testing.as_deref().filter(|_| shows) {
            self.bar = Some(progress::waiting(test));
        }
    }

    /// Writes whole lines above the line that is being typed, and buffers the rest.
    pub(super) fn write_above(&mut self, bytes: &[u8]) {
        const LONGEST_LINE: usize = 64 * 1024;
        self.held.extend_from_slice(bytes);
        if self.held.len() > LONGEST_LINE {
            self.held.push(b'\n');
        }
        let whole = self.held.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole > 0 {
            let lines: Vec<u8> = self.held.drain(..whole).collect();
            self.clear_question();
            self.write_bytes(&lines);
            self.draw_question();
        }
    }

    pub(super) fn clear_question(&mut self) {
        let _ = self.err.to.write_all(b"\r\x1b[K").and_then(|()| self.err.to.flush());
    }

    pub(super) fn draw_question(&mut self) {
        if let Some(line) = &self.question {
            let text = format!("\r\x1b[K{line}");
            let _ = self.err.to.write_all(text.as_bytes()).and_then(|()| self.err.to.flush());
        }
    }
}
