//! Confirms that the board waits at the prompt of its raw REPL, by a question that only the board can answer.
//!
//! Output of programs and threads can look like any text of the raw REPL. The answer here is a frame with the connection's
//! secret and a unique number. Uses [`crate::repl::reply`]. Invariant: no output of the board is lost meanwhile.

use super::resident::Waits;
use super::{Failure, Session};
use crate::bound;
use crate::port::{PortError, Wait};
use crate::repl::reply::{Decoder, Prelude, Progress, find};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Longest reply, in bytes, of a board that has no memory to compile: a traceback of one line.
const REFUSAL: usize = 512;

impl Session {
    /// Has the board print a frame, and waits for it at most `limit`. What comes before goes to `came`, what comes after
    /// stays in `incoming`. False: it has not come, in so much time or after [`bound::UNREAD`] bytes.
    ///
    /// # Errors
    /// See [`Failure`].
    pub(super) fn confirm(&mut self, limit: Duration, came: &mut Vec<u8>) -> Result<bool, Failure> {
        self.confirm_and("", limit, came)
    }

    /// The same. `then`: what is sent with the question, for the prompt after it.
    pub(super) fn confirm_and(&mut self, then: &str, limit: Duration, came: &mut Vec<u8>) -> Result<bool, Failure> {
        let wait = Wait { deadline: Some(Instant::now() + limit), interruptible: false };
        let text = self.next_nonce();
        // Helpers may not be loaded yet.
        let (token, length) = (&self.token, text.len());
        let code = format!("print('\\x1e{token}N{length}:{text}\\x1e{token};',end='')\x04{then}");
        match self.send_gently(code.as_bytes(), wait, came) {
            Ok(()) => {}
            Err(Failure::Timeout) => return Ok(false),
            Err(failure) => return Err(failure),
        }
        let mut decoder = Decoder::new(&self.token, Prelude::Plain, true);
        decoder.awaits(&text);
        decoder.keeps_acknowledgement();
        let before = came.len();
        let mut bytes = std::mem::take(&mut self.incoming);
        let mut ended = None;
        // The decoder holds back what may be the end of a command.
        let mut all = Vec::new();
        loop {
            all.extend_from_slice(&bytes);
            let mut progress = decoder.feed(&bytes, &mut |bytes| came.extend_from_slice(bytes));
            while let Progress::Question(_) = progress {
                progress = decoder.feed(b"", &mut |bytes| came.extend_from_slice(bytes));
            }
            if let Progress::Done(_) = progress {
                // A pending soft reset was acknowledged too, and earlier.
                for _ in 0..decoder.kept_acknowledgements() {
                    if let Some(at) = (before..came.len()).rev().find(|&at| came[at..].starts_with(b"OK")) {
                        came.drain(at..at + 2);
                    }
                }
                self.incoming.splice(..0, decoder.rest());
                self.waits = Waits::Prompt;
                return Ok(true);
            }
            let from = all.len().saturating_sub(bytes.len() + REFUSAL);
            bytes.clear();
            if let Some(answer) = refused_for_memory(&all, from) {
                came.truncate(before);
                came.extend_from_slice(&all[..answer.start]);
                self.incoming.splice(..0, all[answer.end..].iter().copied());
                self.waits = Waits::Prompt;
                return Ok(true);
            }
            if let Some(error) = ended {
                came.append(&mut decoder.rest());
                return if error == PortError::Timeout { Ok(false) } else { Err(Failure::from(error)) };
            }
            if came.len() - before > bound::UNREAD {
                came.append(&mut decoder.rest());
                return Ok(false);
            }
            // A read that ends with an error may have brought bytes all the same. A board that never pauses is no reason
            // to wait longer.
            ended = self.port.read(&mut bytes, wait).and_then(|_| wait.slice()).err();
        }
    }

    /// A text that no earlier question of this session used.
    pub fn next_nonce(&mut self) -> String {
        self.nonce += 1;
        format!(";{}", self.nonce)
    }
}

/// Where the reply of a raw REPL is that has no memory to compile the question. That is an answer too: the command after it has a
/// reply that cannot be forged.
/// `from`: where to look.
fn refused_for_memory(came: &[u8], from: usize) -> Option<Range<usize>> {
    let start = from + memchr::memmem::rfind(&came[from..], b"OK\x04")?;
    let end = start + 3 + find(&came[start + 3..], b"\x04>")? + 2;
    find(&came[start..end], b"MemoryError: ").map(|_| start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{Abilities, Port};

    /// A board that prints without end, and nothing else.
    struct Endless;

    impl Port for Endless {
        fn name(&self) -> &str {
            "endless"
        }

        fn abilities(&self) -> Abilities {
            Abilities::default()
        }

        fn write(&mut self, _bytes: &[u8], _wait: Wait) -> Result<(), PortError> {
            Ok(())
        }

        fn read(&mut self, buffer: &mut Vec<u8>, _wait: Wait) -> Result<usize, PortError> {
            buffer.extend_from_slice(&[b'f'; 4096]);
            Ok(4096)
        }
    }

    #[test]
    fn a_board_without_memory_has_answered() {
        let reply =
            b"noise OK\x04Traceback (most recent call last):\r\nMemoryError: parser could not allocate\r\n\x04>";
        assert_eq!(refused_for_memory(reply, 0), Some(6..reply.len()));
        let restarted = [&reply[..], b"OK\r\nsoft reboot\r\n"].concat();
        assert_eq!(refused_for_memory(&restarted, 3), Some(6..reply.len()));
        assert_eq!(refused_for_memory(&reply[..reply.len() - 1], 0), None);
        assert_eq!(refused_for_memory(b"OK\x04Traceback\r\nSyntaxError: \r\n\x04>", 0), None);
    }

    #[test]
    fn a_question_that_a_flood_drowns_is_given_up() {
        let mut session = Session::new(Box::new(Endless), "T0ken4test".to_owned());
        let mut came = b"before".to_vec();
        let begun = Instant::now();
        assert_eq!(session.confirm(Duration::from_secs(600), &mut came), Ok(false));
        assert!(begun.elapsed() < Duration::from_secs(60));
        assert!((bound::UNREAD..bound::UNREAD + (64 << 10)).contains(&came.len()), "{}", came.len());
    }
}
