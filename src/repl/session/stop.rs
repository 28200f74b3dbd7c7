//! Gets back to the prompt: stops what runs, and clears what was half sent.
//!
//! A call ends at its deadline: a program that has not ended soon after Ctrl-C stays *unsettled*, and the next use of the
//! session brings the board back ([`Session::get_back`]).
//! Invariant: afterwards the board waits for the next command, or the session knows that it does not.

use super::{Failure, Means, Seen, Session, Sink, Stage, Typing};
use crate::port::{PortError, Wait};
use crate::repl::reply::{self, Decoder};
use std::time::{Duration, Instant};

/// Breaks half a program with a syntax error, ends it, and requests the prompt.
const END_PASTE: &[u8] = b"\n?\x04\x01";
/// How long a program may take to end after the Ctrl-C at the end of its call.
const GRACE: Duration = Duration::from_millis(400);
/// How long it may take after each later Ctrl-C, before stronger means are used.
const STOP_WAITS_MS: [u64; 2] = [1000, 1500];
/// How long the prompt may take after each request, if something was half sent.
const CLEAR_WAITS_MS: [u64; 3] = [500, 1000, 1500];
/// How many requests for the prompt may have no reply yet when strong means are used.
const STALE: usize = 4;
/// How much of the output is kept for messages.
const MOST_SEEN: usize = 400;

/// A program that has not ended after its timeout.
pub(super) struct Unsettled {
    /// Its reply; `None`: it was not sent completely.
    decoder: Option<Box<Decoder>>,
    /// Its output since it was interrupted.
    printed: Vec<u8>,
}

impl Session {
    /// The output of a running program since it was interrupted; `None` if none runs.
    pub fn unsettled(&self) -> Option<&[u8]> {
        self.unsettled.as_ref().map(|unsettled| unsettled.printed.as_slice())
    }

    /// Ends a command after its timeout, within [`GRACE`].
    pub(super) fn stop(&mut self, stage: Stage, sink: Sink<'_>) -> Result<(), Failure> {
        let wait = Wait::for_at_most(GRACE).undisturbed();
        let Stage::Running(mut decoder) = stage else {
            let first = if matches!(stage, Stage::Pasting) { END_PASTE } else { self.interruption() };
            if !self.synchronise(first, &[GRACE.as_millis() as u64], sink)? {
                self.unsettled = Some(Unsettled { decoder: None, printed: Vec::new() });
            }
            return Ok(());
        };
        let mut printed = Vec::new();
        if self.interrupt(&mut decoder, wait, &mut printed, sink)? {
            return self.settle(*decoder, sink);
        }
        self.unsettled = Some(Unsettled { decoder: Some(decoder), printed });
        Ok(())
    }

    /// Sends Ctrl-C; returns whether the program ends.
    fn interrupt(
        &mut self,
        decoder: &mut Decoder,
        wait: Wait,
        printed: &mut Vec<u8>,
        sink: Sink<'_>,
    ) -> Result<bool, Failure> {
        match self.port.write(self.press(decoder.is_acknowledged()), wait) {
            // A simulated board waits until its interpreter can be interrupted.
            Ok(()) | Err(PortError::Timeout) => {}
            Err(error) => return Err(error.into()),
        }
        let mut both = |bytes: &[u8]| {
            note(printed, bytes);
            sink(bytes);
        };
        match self.read_reply(decoder, None, &mut Typing::new(), wait, &mut both) {
            Ok(_) | Err(Failure::Torn(_)) => Ok(true),
            Err(Failure::Timeout) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Passes on the output of a program that has not ended, and records its end.
    pub(super) fn watch(&mut self, mut unsettled: Unsettled, sink: Sink<'_>) -> Result<(), Failure> {
        let Some(mut decoder) = unsettled.decoder.take() else {
            note(&mut unsettled.printed, &self.incoming);
            self.pass_on(sink);
            self.unsettled = Some(unsettled);
            return Ok(());
        };
        let printed = &mut unsettled.printed;
        let mut both = |bytes: &[u8]| {
            note(printed, bytes);
            sink(bytes);
        };
        let wait = Wait::for_at_most(Duration::ZERO).undisturbed();
        if self.decode(&mut decoder, None, &mut Typing::new(), wait, &mut both).is_some() {
            return self.settle(*decoder, sink);
        }
        self.unsettled = Some(Unsettled { decoder: Some(decoder), ..unsettled });
        Ok(())
    }

    /// If a program has not ended after its timeout: brings the board back to its prompt, if necessary by a restart. Returns
    /// the means that it took. Without such a program, does nothing. `wait`: for the strong means.
    ///
    /// # Errors
    /// See [`Failure`]; the session is closed.
    pub fn get_back(&mut self, wait: Wait, sink: Sink<'_>) -> Result<Option<Means>, Failure> {
        let Some(unsettled) = self.unsettled.take() else { return Ok(None) };
        self.bring_back(unsettled, wait, sink).inspect_err(|failure| self.close(failure.clone())).map(Some)
    }

    fn bring_back(&mut self, unsettled: Unsettled, wait: Wait, sink: Sink<'_>) -> Result<Means, Failure> {
        let mut printed = unsettled.printed;
        (self.announce)(Means::Interrupt);
        if let Some(mut decoder) = unsettled.decoder {
            for limit in STOP_WAITS_MS {
                let wait = Wait::for_at_most(Duration::from_millis(limit)).undisturbed();
                if self.interrupt(&mut decoder, wait, &mut printed, sink)? {
                    return self.settle(*decoder, sink).map(|()| Means::Interrupt);
                }
            }
            self.incoming.splice(..0, decoder.rest());
        }
        if self.synchronise(self.interruption(), &CLEAR_WAITS_MS[1..2], sink)? {
            return Ok(Means::Interrupt);
        }
        // Earlier requests may get their reply now: one to clear what was sent, one for each doubt.
        self.force_in(STALE, Seen { printed, tried: vec![Means::Interrupt] }, wait, sink)
    }

    /// The upload of a command failed, so none of it has run: clears its remains on the board.
    pub(super) fn clear(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        if self.synchronise(END_PASTE, &within(wait, &CLEAR_WAITS_MS), sink)? {
            return Ok(());
        }
        self.force_in(0, Seen { printed: Vec::new(), tried: vec![Means::Interrupt] }, wait, sink).map(drop)
    }

    /// There is no time left to bring the board back: the next use will.
    pub(super) fn leave_unsettled(&mut self, printed: Vec<u8>) {
        self.unsettled = Some(Unsettled { decoder: None, printed });
    }

    /// Clears the line at the prompt.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn clear_line(&mut self, sink: Sink<'_>) -> Result<(), Failure> {
        match self.synchronise(b"\x01", &CLEAR_WAITS_MS, sink)? {
            true => Ok(()),
            false => Err(Failure::Stuck(Seen::default())),
        }
    }

    /// Clears whatever was half sent, and requests the prompt. False: it has not arrived.
    pub(super) fn synchronise(&mut self, first: &[u8], limits_ms: &[u64], sink: Sink<'_>) -> Result<bool, Failure> {
        let (mut came, mut request) = (Vec::new(), first);
        let mut asked = 0;
        for &limit in limits_ms {
            let end = Instant::now() + Duration::from_millis(limit);
            match self.port.write(request, Wait { deadline: Some(end), interruptible: false }) {
                Ok(()) | Err(PortError::Timeout) => {}
                Err(error) => return Err(error.into()),
            }
            (request, asked) = (self.interruption(), asked + 1);
            if !self.confirm(end.saturating_duration_since(Instant::now()), &mut came)? {
                continue;
            }
            let mut came = self.without_repeated(reply::without_prompts(came, asked));
            if first == END_PASTE {
                without_windows(&mut came);
            }
            // Pass on the output of a late program and its threads, but not its end. Without a stopped program there is none.
            match first == b"\x01" {
                true => sink(&came),
                false => reply::without_end(&came).for_each(&mut *sink),
            }
            self.pass_on(sink);
            return Ok(true);
        }
        sink(&came);
        Ok(false)
    }

    /// The board may have restarted: asks it, and brings it back to its prompt if it is not there.
    pub(super) fn back_at_prompt(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        let mut came = Vec::new();
        let there = self.confirm(GRACE, &mut came)?;
        sink(&came);
        self.pass_on(sink);
        if there || self.synchronise(self.interruption(), &within(wait, &CLEAR_WAITS_MS), sink)? {
            return Ok(());
        }
        self.force_in(0, Seen { printed: Vec::new(), tried: vec![Means::Interrupt] }, wait, sink).map(drop)
    }
}

/// The times that end before `wait` plus [`GRACE`].
fn within(wait: Wait, limits_ms: &[u64]) -> Vec<u64> {
    let left = wait.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()) + GRACE);
    let mut left = left.map_or(u64::MAX, |left| left.as_millis() as u64);
    let cut = limits_ms.iter().map(|&limit| {
        let limit = limit.min(left);
        left -= limit;
        limit
    });
    cut.filter(|&limit| limit > 0).collect()
}

/// Keeps the last part of the output.
pub(super) fn note(printed: &mut Vec<u8>, bytes: &[u8]) {
    printed.extend_from_slice(&bytes[bytes.len().saturating_sub(MOST_SEEN)..]);
    let from = printed.len().saturating_sub(MOST_SEEN);
    printed.drain(..from);
}

/// Removes a board's bytes about the windows of a raw paste: their size, and grants of further ones.
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
    fn removes_windows() {
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
