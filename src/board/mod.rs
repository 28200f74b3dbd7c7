//! One connected board: commands in, outcomes out; its identity; its helpers.
//!
//! Invariant: everything loaded on a board has a name that starts with `__belay`, is kept in memory only, and is loaded
//! when it is first needed. The board counts its replies and keeps the last one, so that a torn reply can be requested
//! again without receiving an older one instead.

pub mod chunks;
pub mod command;
mod connect;
pub mod content;
pub mod digest;
mod escape;
pub mod files;
mod first;
mod helper;
pub mod identity;
pub mod large;
pub mod mount;
mod numbers;
mod packed;
mod passthrough;
pub mod push;
mod recover;
pub mod resident;
mod shield;
pub mod transfer;

use crate::port::meter::Traffic;
use crate::port::{Abilities, Wait};
use crate::repl::reply as repl;
use crate::repl::session::Sink;
use crate::repl::{Failure, FrameKind, Reply, ReplyFrame, Responder, Session};
use crate::value::Value;
use base64::Engine as _;
use command::{Command, Outcome, Payload};
pub use connect::{ConnectFailure, Entry};
pub use first::First;
pub use helper::Helper;
use identity::Identity;
pub use passthrough::{Back, Visit};
use resident::Resident;
use std::time::Duration;

const REPLY: &str = include_str!("snippets/reply.py");
/// Loads the clock for timed calls; replies with the period and the rate of the board's ticks.
pub const CLOCK: &str = include_str!("snippets/clock.py");

/// A board on whose raw REPL belay-script runs commands.
pub struct Board {
    session: Session,
    identity: Identity,
    loaded: Vec<Helper>,
    /// How many replies the board has counted; `None`: unknown, ask it.
    replies: Option<u64>,
    /// Whether the board keeps a long reply to resend it.
    holds_much: bool,
    /// Whether its last result was large, and of a kind for which there is a better form.
    wants_results: bool,
    /// How many replies preceded that of a command that runs on.
    replies_before: u64,
    /// Whether it can decompress helpers, as far as known.
    unpacks: bool,
    /// Its loop for calls without compiling.
    resident: Resident,
    /// Its memory is older than the connection.
    is_kept: bool,
    /// It remembers what is loaded.
    marks: bool,
    /// What its device needs first is on it.
    has_first: bool,
    /// The last line to the loop was not run.
    missed: bool,
    /// The last result was bytes that would be shorter in base64.
    wants_bytes: bool,
}

/// Most output, in bytes, kept while a torn reply is requested again. More is a flood.
const MOST_MEANWHILE: usize = 1 << 20;
/// A board with less free memory, in bytes, is small.
const SMALL: u64 = 64 * 1024;
/// A board with less has no memory for the text of a program besides what compiling it takes.
const ROOMY: u64 = 20 * 1024;
/// Frees the last reply. A small board also collects garbage before a large command: otherwise remaining objects get
/// scattered over the whole memory, and no free block is large enough to compile in.
const FREE_REPLY: &str = "__belay_l[2]=''\n__belay_a('N','')";
const FREE_ALL: &str = "__belay_l[2]=''\n__import__('gc').collect()\n__belay_a('N','')";

/// The letter of a call that has begun in the loop, in place of that of a reply.
const LETTER_OF_A_CALL: u8 = b'C';

/// Length of the `repr` of bytes, in characters, from which base64 is worth its helper.
const LONG_BYTES: usize = 128;

/// How often a torn reply is asked for again.
const REPEATS: usize = 8;
/// Length of a reply, in bytes, from which the board does not keep it longer than needed.
const MUCH: usize = 4096;
const MUCH_OF_SMALL: usize = 256;

impl Board {
    /// Whether it has less than 64 KB of free memory.
    pub fn is_small(&self) -> bool {
        self.identity.free.is_some_and(|free| free < SMALL)
    }

    /// Whether the helper for bytes is missing, and the board has memory for it.
    pub fn may_shorten_bytes(&self) -> bool {
        !self.has(Helper::Bytes) && self.identity.free.is_none_or(|free| free >= ROOMY)
    }

    /// The board's identity.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The known size of its input buffer, in bytes.
    pub fn room(&self) -> usize {
        self.session.room()
    }

    /// The connection's secret.
    pub fn token(&self) -> &str {
        self.session.token()
    }

    /// What has passed on its port, if that is metered.
    pub fn traffic(&self) -> Traffic {
        self.session.traffic()
    }

    /// What its port can do.
    pub fn abilities(&self) -> Abilities {
        self.session.abilities()
    }

    /// Runs a command whose code ends with a reply, unless it raises.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn run(&mut self, command: &Command, wait: Wait, sink: Sink<'_>) -> Result<Outcome, Failure> {
        self.run_answering(command, None, wait, sink)
    }

    /// Like [`Board::run`], and answers the questions of the command.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn run_answering(
        &mut self,
        command: &Command,
        answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Outcome, Failure> {
        if self.session.regain(wait, sink)? {
            // It may have restarted: then run nothing on it.
            self.replies = None;
        }
        let mut answers = answers;
        if std::mem::take(&mut self.wants_bytes) {
            self.need(Helper::Bytes, answers.as_deref_mut(), wait, sink)?;
        }
        match command.call() {
            Some(call) => {
                if let Some(outcome) = self.run_resident(command, call, answers.as_deref_mut(), wait, sink)? {
                    return Ok(outcome);
                }
                if self.session.is_in_loop() {
                    self.resident.interrupt();
                }
            }
            None => self.resident.interrupt(),
        }
        let is_small = self.is_small();
        if std::mem::take(&mut self.holds_much) || is_small && command.is_large() {
            // A board may need the memory of its last, long reply.
            let free = if is_small { FREE_ALL } else { FREE_REPLY };
            let with_helper = self.results_wanted().map(|helper| format!("{helper}\n{free}"));
            match self.ask(with_helper.as_deref().unwrap_or(free), answers.as_deref_mut(), wait, sink) {
                Ok(_) | Err(Failure::Torn(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let before = match self.replies.take() {
            Some(replies) => replies,
            None => self.count(wait, sink)?.0,
        };
        self.replies_before = before;
        let reply = self.ask(command.code(), answers, wait, sink);
        self.finish(reply, wait, sink)
    }

    /// Reads on after [`Failure::Paused`]. `input`: bytes for the program first.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn go_on(
        &mut self,
        input: &[u8],
        answers: &mut Responder<'_>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Outcome, Failure> {
        let reply = self.session.go_on(input, answers, wait, sink);
        let reply = reply.and_then(|reply| self.unless_restarted(reply));
        self.finish(reply, wait, sink)
    }

    /// Whether a command runs on ([`Failure::Paused`]).
    pub fn is_open(&self) -> bool {
        self.session.is_open()
    }

    fn finish(&mut self, reply: Result<Reply, Failure>, wait: Wait, sink: Sink<'_>) -> Result<Outcome, Failure> {
        let before = self.replies_before;
        let reply = match reply {
            Err(Failure::Torn(left)) => self.recover(left, before, false, wait, sink)?,
            other => other?,
        };
        self.ended(reply, before, wait, sink)
    }

    /// The outcome of a command after `before` replies, with what follows from it.
    fn ended(&mut self, reply: Reply, before: u64, wait: Wait, sink: Sink<'_>) -> Result<Outcome, Failure> {
        self.replies = Some(before + u64::from(reply.frame.is_some()));
        let much = if self.is_small() { MUCH_OF_SMALL } else { MUCH };
        self.holds_much = reply.frame.as_ref().is_some_and(|frame| frame.text.len() > much);
        self.wants_bytes = self.may_shorten_bytes() && reply.frame.as_ref().is_some_and(is_long_bytes);
        self.wants_results = !self.is_small() && reply.frame.as_ref().is_some_and(has_better_form);
        let reply = match &reply.frame {
            // It may not be UTF-8: only its `repr` says what it is.
            Some(ReplyFrame { kind: FrameKind::Text, text }) if text.contains(char::REPLACEMENT_CHARACTER) => {
                let text = self.ask_again("__belay_a('R',repr(__belay_l[2]))", FrameKind::Repr, wait, sink)?;
                Reply { frame: Some(ReplyFrame { kind: FrameKind::Repr, text }), error: Vec::new() }
            }
            _ => reply,
        };
        Ok(outcome(reply))
    }

    fn ask(
        &mut self,
        code: &str,
        answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        let reply = self.session.execute_answering(code, true, answers, wait, sink)?;
        self.unless_restarted(reply)
    }

    fn unless_restarted(&mut self, reply: Reply) -> Result<Reply, Failure> {
        // Its memory is empty: it has restarted unnoticed.
        if repl::find(&reply.error, b"NameError").is_some() && repl::find(&reply.error, b"'__belay").is_some() {
            self.session.close(Failure::Restarted);
            return Err(Failure::Restarted);
        }
        Ok(reply)
    }

    /// Whether the session has ended: no command can run.
    pub fn is_lost(&self) -> bool {
        self.session.is_closed()
    }

    /// The descriptors that become readable when the board sends something; see [`crate::port::Port::descriptors`].
    #[cfg(unix)]
    pub fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        self.session.descriptors()
    }

    /// Passes on the board's output since the last command.
    ///
    /// # Errors
    /// [`Failure::Lost`].
    pub fn drain(&mut self, sink: Sink<'_>) -> Result<(), Failure> {
        self.session.drain(sink)
    }

    /// Like [`Board::soft_reset`], but leaves the board to its main.py. No more commands can run.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn leave_restarting(&mut self, patience: Duration, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        self.session.leave_restarting(patience, wait, sink)
    }

    /// Sends code that resets the board, and leaves it. No more commands can run. Returns the traceback if the code raised.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn leave_resetting(
        &mut self,
        code: &str,
        patience: Duration,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Option<String>, Failure> {
        self.session.leave_resetting(code, patience, wait, sink)
    }

    /// Clears what is left at the prompt of a program that stopped reading before the host stopped writing.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn clear_line(&mut self, sink: Sink<'_>) -> Result<(), Failure> {
        self.session.clear_line(sink)
    }

    /// Leaves the raw REPL. No more commands can run.
    pub fn leave(&mut self) {
        self.session.leave();
    }
}

/// Whether the `repr` in a frame is so large that the helper for large results pays, and perhaps of a kind that it knows.
fn has_better_form(frame: &ReplyFrame) -> bool {
    let begins = |letters: &[char]| frame.text.starts_with(letters);
    frame.kind == FrameKind::Repr && frame.text.len() > MUCH && begins(&['\'', '"', '[', '(', 'a'])
}

/// Whether a frame has the `repr` of more than a few bytes.
fn is_long_bytes(frame: &ReplyFrame) -> bool {
    let begins = ["b'", "b\"", "bytearray(b"].iter().any(|begin| frame.text.starts_with(begin));
    frame.kind == FrameKind::Repr && frame.text.len() > LONG_BYTES && begins
}

fn outcome(reply: Reply) -> Outcome {
    if !reply.error.is_empty() {
        return Outcome::Raised(String::from_utf8_lossy(&reply.error).into_owned());
    }
    Outcome::Value(match reply.frame {
        None => Payload::Repr("None".to_owned()),
        Some(ReplyFrame { kind: FrameKind::Repr | FrameKind::Number | FrameKind::Question, text }) => {
            Payload::Repr(text)
        }
        Some(ReplyFrame { kind: FrameKind::Stop, text }) => Payload::Stop(text),
        Some(ReplyFrame { kind: FrameKind::Text, text }) => Payload::Value(Value::Str(text)),
        Some(ReplyFrame { kind: FrameKind::Packed, text }) => match numbers::unpack(&text) {
            Some(value) => Payload::Value(value),
            // Impossible, as below.
            None => Payload::Repr(text),
        },
        Some(ReplyFrame { kind: FrameKind::Base64, text }) => {
            match base64::engine::general_purpose::STANDARD.decode(text.trim_end()) {
                Ok(bytes) => Payload::Bytes(bytes),
                // Impossible: the frame's length was right. Show it unchanged.
                Err(_) => Payload::Repr(text),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_have_distinct_names() {
        use super::helper::{
            ARGUMENTS, BYTES, CHUNKS, FILES, GENERATOR, HASH, PREFETCH, PROXY, PUSH, RECEIVE, RESULTS, TIMED_GENERATOR,
            TYPED,
        };
        let mut owners = std::collections::HashMap::new();
        for (helper, code) in [
            ("reply", REPLY),
            // It replaces the function of the reply.
            ("reply", BYTES),
            ("clock", CLOCK),
            ("generator", GENERATOR),
            ("timed generator", TIMED_GENERATOR),
            ("prefetch", PREFETCH),
            ("push", PUSH),
            ("proxy", PROXY),
            ("files", FILES),
            // It replaces what the files would import.
            ("files", HASH),
            // Both receivers begin with it.
            ("chunks", CHUNKS),
            ("receive", &RECEIVE[CHUNKS.len()..]),
            ("arguments", &ARGUMENTS[CHUNKS.len()..]),
            // It replaces the function of the reply.
            ("reply", RESULTS),
            ("typed", TYPED),
        ] {
            for line in code.lines().map(str::trim_start) {
                let name = line.strip_prefix("def ").unwrap_or(line.rsplit(" as ").next().unwrap_or(line));
                let name = name.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next();
                let Some(name) = name.filter(|name| name.starts_with("__belay")) else { continue };
                let calls = line.starts_with(&format!("{name}(")) || line.starts_with(&format!("{name}["));
                if !calls {
                    assert_eq!(*owners.entry(name).or_insert(helper), helper, "`{name}` of {helper}");
                }
            }
        }
        assert!(owners.len() > 15, "{owners:?}");
    }
}
