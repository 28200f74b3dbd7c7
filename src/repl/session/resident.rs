//! Calls without compiling: a loop on the board that reads lines and sends frames ([`crate::repl::reply::brief`]).
//!
//! The raw REPL runs the loop as it runs any program. A command enters it after its own frame; an exception or a line with a
//! wrong check, such as an empty one, ends it. Whatever else uses the raw REPL ends it first ([`Session::leave_loop`]).
//! Invariant: no code is sent to the loop, and no line to the prompt, unless the board has left one for the other unnoticed; then
//! neither runs.

use super::{CONFIRM_LIMIT, Failure, Responder, Session, Sink, Typing};
use crate::port::Wait;
use crate::repl::reply::{Decoder, Prelude, Reply, find_line};

/// Ends the loop: an empty line has no check.
const EMPTY: &[u8] = b"\n";
/// Ends the loop, clears the line at the prompt, and requests the prompt.
const END_LOOP: &[u8] = b"\n\x01";
/// The same for a loop that reads by `input()`, which repeats what it reads: a line whose check is wrong. MicroPython keeps the last
/// eight lines that it has read (`READLINE_HIST_SIZE`), each in memory of its own, and the calls before have spread them over all that
/// is free, in pieces too small to compile in. So short lines precede it, at the first of which the board collects garbage: they take
/// the place of those, close together.
const LAST_LINES: [&str; 9] = ["0", "1", "0", "1", "0", "1", "0", "1", LAST_LINE];
const LAST_LINE: &str = "0 0";
const END_INPUT: &[u8] = b"0 0\r\x01";
/// As [`super::INTERRUPT`], for a board that may wait in `input()`: it sees Ctrl-C when the line ends.
const INTERRUPT_INPUT: &[u8] = b"\x03\r\x01";
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

    /// The loop reads by `input()`, and its frames have the form of small boards.
    pub fn loops_by_input(&mut self, by_input: bool) {
        self.loops_by_input = by_input;
    }

    /// What acknowledges a line, if that is not `OK`.
    pub(super) fn repeated(&self, line: &str) -> Option<Vec<u8>> {
        self.loops_by_input.then(|| line.trim_end_matches('\r').as_bytes().to_vec())
    }

    /// What came after the loop was ended, without the lines that ended it.
    pub fn without_repeated(&self, mut came: Vec<u8>) -> Vec<u8> {
        let mut from = 0;
        for line in LAST_LINES.into_iter().filter(|_| self.loops_by_input) {
            if let Some((at, end)) = find_line(&came[from..], line.as_bytes()) {
                came.drain(from + at..from + end);
                from += at;
            }
        }
        came
    }

    /// Ends the loop, clears the line at the prompt, and requests the prompt.
    pub(super) fn end_loop(&self) -> &'static [u8] {
        if self.loops_by_input { END_INPUT } else { END_LOOP }
    }

    /// Ctrl-C, and the request for the prompt.
    pub(super) fn interruption(&self) -> &'static [u8] {
        if self.loops_by_input && self.waits != Waits::Prompt { INTERRUPT_INPUT } else { super::INTERRUPT }
    }

    /// Ctrl-C for a program. `has_begun`: it has acknowledged its code.
    pub(super) fn press(&self, has_begun: bool) -> &'static [u8] {
        if self.loops_by_input && self.waits != Waits::Prompt && !has_begun { b"\x03\r" } else { b"\x03" }
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
            let mut decoder = Decoder::new(&self.token, Prelude::Plain, false);
            if self.loops_by_input {
                self.port.write(LAST_LINES.map(|line| format!("{line}\r")).concat().as_bytes(), wait)?;
                decoder.repeats(LAST_LINE.as_bytes());
            } else {
                self.port.write(EMPTY, wait)?;
                decoder.keeps_acknowledgement();
            }
            self.waits = Waits::Unsure;
            let mut came = Vec::new();
            let outcome = self
                .read_reply(&mut decoder, None, &mut Typing::new(), wait, &mut |bytes| came.extend_from_slice(bytes));
            sink(&self.without_repeated(came));
            match outcome {
                Ok(_) => {
                    self.waits = Waits::Prompt;
                    self.settle(decoder, sink)?;
                }
                Err(failure @ Failure::Lost(_)) => return Err(failure),
                Err(_) => drop(self.incoming.splice(..0, decoder.rest())),
            }
        }
        if self.waits == Waits::Unsure {
            if !self.synchronise(self.end_loop(), &WAITS_MS, sink)? {
                self.clear(wait, sink)?;
            }
            self.waits = Waits::Prompt;
        }
        Ok(())
    }
}
