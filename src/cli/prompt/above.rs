//! Prints output above the line that the user is typing.
//!
//! Rustyline's printer waits until the editor takes a message, so a thread of its own feeds it. Invariant: whoever prints
//! does not wait for the editor; what the editor has not been given when the line is finished is printed then.

use rustyline::ExternalPrinter;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that wait for the editor at most, before boards are not read any more.
const MOST: usize = 1 << 20;

/// Where that is given which goes above the line.
#[derive(Clone, Default)]
pub struct Above(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// Whole lines.
    lines: Vec<u8>,
    /// A line that has no end yet.
    begun: Vec<u8>,
}

impl Above {
    /// Begins to feed `printer`, as long as it prints.
    pub fn over(mut printer: impl ExternalPrinter + Send + 'static) -> Above {
        let above = Above::default();
        let fed = above.clone();
        // It ends with the editor, or with the process: nothing is lost with it.
        std::thread::spawn(move || {
            loop {
                let lines = String::from_utf8_lossy(&fed.next()).into_owned();
                if printer.print(lines).is_err() {
                    return;
                }
            }
        });
        above
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for whole lines, and takes them.
    fn next(&self) -> Vec<u8> {
        let mut waiting = self.lock();
        while waiting.lines.is_empty() {
            waiting = self.0.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut waiting.lines)
    }

    /// Prints `bytes` above the line, once theirs is whole.
    pub fn print(&self, bytes: &[u8]) {
        let mut waiting = self.lock();
        let (lines, begun) = bytes.split_at(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        if !lines.is_empty() {
            let earlier = std::mem::take(&mut waiting.begun);
            waiting.lines.extend(earlier);
            waiting.lines.extend_from_slice(lines);
            self.0.changed.notify_one();
        }
        waiting.begun.extend_from_slice(begun);
    }

    /// Whether so much waits that boards had better wait, too.
    pub fn is_full(&self) -> bool {
        let waiting = self.lock();
        waiting.lines.len() + waiting.begun.len() > MOST
    }

    /// Takes the output that was not printed above the line before the line was finished.
    pub fn rest(&self) -> Vec<u8> {
        let mut waiting = self.lock();
        let mut rest = std::mem::take(&mut waiting.lines);
        rest.append(&mut waiting.begun);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_go_above() {
        let above = Above::default();
        above.print(b"one\ntw");
        assert_eq!(above.next(), b"one\n");
        above.print(b"o");
        above.print(b"\nthr");
        assert_eq!(above.next(), b"two\n");
        above.print(b"ee");
        assert_eq!(above.rest(), b"three");
        assert_eq!(above.rest(), b"");
        assert!(!above.is_full());
        above.print(&vec![b'x'; MOST + 1]);
        assert!(above.is_full());
    }
}
