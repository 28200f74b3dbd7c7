//! Calls without compiling: a loop on the board that reads lines and sends frames ([`crate::repl::reply::brief`]).
//!
//! The raw REPL runs the loop as it runs any program. A command enters it after its own frame; an exception or a line with a
//! wrong check, such as an empty one, ends it. Whatever else uses the raw REPL ends it first ([`Session::leave_loop`]).
//! Invariant: no code is sent to the loop, and no line to the prompt, unless the board has left one for the other unnoticed; then
//! neither runs.

use super::{CONFIRM_LIMIT, Failure, Responder, Session, Sink, Typing};
use crate::port::Wait;
use crate::repl::reply::{Decoder, Prelude, Reply};

/// Ends the loop: an empty line has no check.
const EMPTY: &[u8] = b"\n";
/// Ends the loop, clears the line at the prompt, and requests the prompt.
pub(super) const END_LOOP: &[u8] = b"\n\x01";
/// How long the prompt may take after each request, in milliseconds.
const WAITS_MS: [u64; 3] = [500, 1000, 1500];

/// Where the board waits for the next command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// At its prompt.
    Prompt,
    /// In the loop.
    Loop,
    /// In either.
    Unsure,
}

impl Session {
    /// Whether the board waits in its loop, as far as is known.
    pub fn is_in_loop(&self) -> bool {
        self.waits == Waits::Loop
    }

    /// Like [`Session::execute_answering`], for code that enters the loop after its frame. `count`: how many replies the board
    /// has sent.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn enter_loop(
        &mut self,
        code: &str,
        count: u32,
        answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        self.execute_as(code, super::Manner { stays: Some(count), ..super::Manner::FRAMED }, answers, wait, sink)
    }

    /// Sends a line to the loop, which the board must be in, and reads the reply. `count`: as in [`Session::enter_loop`].
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn call_in_loop(
        &mut self,
        line: &str,
        count: u32,
        answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        let manner = super::Manner { stays: Some(count), is_line: true, ..super::Manner::FRAMED };
        self.execute_as(line, manner, answers, wait, sink)
    }

    /// The longest line that is sent to the loop.
    pub fn line_limit(&self) -> usize {
        self.plain_limit()
    }

    /// Ends the loop, if the board may be in it. Then it waits at its prompt.
    ///
    /// # Errors
    /// See [`Failure`].
    pub(super) fn leave_loop(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        if self.waits == Waits::Loop {
            let wait = Wait::for_at_most(CONFIRM_LIMIT).undisturbed();
            self.port.write(EMPTY, wait)?;
            let mut decoder = Decoder::new(&self.token, Prelude::Plain, false);
            decoder.keeps_acknowledgement();
            self.waits = Waits::Unsure;
            match self.read_reply(&mut decoder, None, &mut Typing::new(), wait, sink) {
                Ok(_) => {
                    self.waits = Waits::Prompt;
                    self.settle(decoder, sink)?;
                }
                Err(failure @ Failure::Lost(_)) => return Err(failure),
                Err(_) => drop(self.incoming.splice(..0, decoder.rest())),
            }
        }
        if self.waits == Waits::Unsure {
            if !self.synchronise(END_LOOP, &WAITS_MS, sink)? {
                self.clear(wait, sink)?;
            }
            self.waits = Waits::Prompt;
        }
        Ok(())
    }
}
