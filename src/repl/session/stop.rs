//! Back to the prompt: what runs is stopped, what was half sent is cleared.
//!
//! Invariant: after it the board waits for the next command, or it is told that it does not.

use super::{Failure, INTERRUPT, LATE, STOP_WAITS_MS, Session, Sink, Stage, Typing};
use crate::port::{PortError, Wait};
use crate::repl::reply::{self, RAW_BANNER};
use std::time::Duration;

/// Makes a syntax error of half a program, ends it, and asks for the prompt.
const END_PASTE: &[u8] = b"\n?\x04\x01";

impl Session {
    /// Stops what runs and brings the board back to its prompt.
    pub(super) fn stop(&mut self, stage: Stage, sink: Sink<'_>) -> Result<(), Failure> {
        let (first, limits): (&[u8], &[u64]) = match stage {
            Stage::Sending => (INTERRUPT, &STOP_WAITS_MS),
            Stage::Pasting => (END_PASTE, &STOP_WAITS_MS),
            Stage::Running(mut decoder) => {
                let mut typing = Typing::new();
                for limit in STOP_WAITS_MS {
                    let wait = Wait::for_at_most(Duration::from_millis(limit)).undisturbed();
                    match self.port.write(b"\x03", wait) {
                        // A simulated board waits for a moment at which its interpreter can be interrupted.
                        Ok(()) | Err(PortError::Timeout) => {}
                        Err(error) => return Err(error.into()),
                    }
                    match self.read_reply(&mut decoder, None, &mut typing, wait, sink) {
                        Ok(_) | Err(Failure::Torn(_)) => return self.settle(decoder, sink),
                        Err(Failure::Timeout) => {}
                        Err(failure) => return Err(failure),
                    }
                }
                self.incoming.splice(..0, decoder.rest());
                (INTERRUPT, &STOP_WAITS_MS[1..2])
            }
        };
        self.synchronise(first, limits, sink)
    }

    /// Clears whatever was half sent, and asks for the prompt.
    pub(super) fn synchronise(&mut self, first: &[u8], limits_ms: &[u64], sink: Sink<'_>) -> Result<(), Failure> {
        let stops = first != b"\x01";
        let mut request = first;
        for &limit in limits_ms {
            let wait = Wait::for_at_most(Duration::from_secs(5)).undisturbed();
            self.port.write(request, wait)?;
            request = INTERRUPT;
            if let Some(mut before) = self.wait_for(RAW_BANNER, wait, Duration::from_millis(limit), sink)? {
                if first == END_PASTE {
                    without_windows(&mut before);
                }
                // What a late program and its threads printed is passed on, its end is not. Where none was stopped there
                // is no end.
                match stops {
                    true => reply::without_end(&before).for_each(&mut *sink),
                    false => sink(&reply::without_prompt(before)),
                }
                // The end of an interrupted program may come after the answer to an earlier Ctrl-A.
                while self.wait_for(RAW_BANNER, wait, LATE / 2, sink)?.is_some() {}
                self.pass_on(sink);
                return Ok(());
            }
        }
        Err(Failure::Stuck)
    }
}

/// Takes out what a board says of the windows of a raw paste: their size, and that there is another.
fn without_windows(bytes: &mut Vec<u8>) {
    if let Some(at) = bytes.windows(5).position(|bytes| matches!(bytes, [b'R', 0x01, _, _, 0x01])) {
        bytes.drain(at..at + 5);
    }
    bytes.retain(|&byte| byte != 0x01);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_taken_out() {
        let case = |bytes: &[u8], wanted: &[u8]| {
            let mut bytes = bytes.to_vec();
            without_windows(&mut bytes);
            assert_eq!(bytes, wanted);
        };
        case(b"tick\r\nR\x01\x80\x00\x01\x01tock\r\n\x01", b"tick\r\ntock\r\n");
        case(b"R\x01\x01\x00\x01", b"");
        case(b"R\x00>", b"R\x00>");
    }
}
