//! One connected board: commands in, outcomes out; what it is; what helps on it.
//!
//! Invariant: what is loaded on a board has names that start with `__belay`, lives in memory only, and is loaded when it
//! is first needed.

pub mod command;
pub mod identity;

use crate::port::{Abilities, Wait};
use crate::repl::session::Sink;
use crate::repl::{Failure, Frame, FrameKind, Reply, Session};
use base64::Engine as _;
use command::{Command, Outcome, Payload};
use identity::Identity;

const REPLY: &str = include_str!("snippets/reply.py");
const IDENTITY: &str = include_str!("snippets/identity.py");
/// Loads what timed calls need; replies with the period and the rate of the board's ticks.
pub const CLOCK: &str = include_str!("snippets/clock.py");
const GENERATOR: &str = include_str!("snippets/generator.py");

/// A board on whose raw REPL belay-script runs commands.
pub struct Board {
    session: Session,
    identity: Identity,
    has_generators: bool,
    /// Whether the board keeps a long reply, in case it must be sent again.
    holds_much: bool,
}

/// How often a torn reply is asked for again.
const REPEATS: usize = 8;
/// Length of a reply, in bytes, that is not kept on the board longer than needed.
const MUCH: usize = 4096;

/// Why no board came of a session.
#[derive(Debug)]
pub enum ConnectFailure {
    /// The link failed.
    Link(Failure),
    /// What answers is no Python that belay-script can use: the text of the exception, or what is wrong.
    Unusable(String),
}

impl From<Failure> for ConnectFailure {
    fn from(failure: Failure) -> ConnectFailure {
        ConnectFailure::Link(failure)
    }
}

impl Board {
    /// Enters the raw REPL, restarts the board if `reset`, and asks what it is.
    ///
    /// # Errors
    /// See [`ConnectFailure`].
    pub fn connect(mut session: Session, reset: bool, wait: Wait, sink: Sink<'_>) -> Result<Board, ConnectFailure> {
        session.enter(reset, wait, sink)?;
        let mut board = Board { session, identity: Identity::default(), has_generators: false, holds_much: false };
        board.load(wait, sink)?;
        Ok(board)
    }

    /// Loads the helpers into a fresh interpreter and asks what it is.
    fn load(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), ConnectFailure> {
        self.has_generators = false;
        let code = REPLY.replace("TOKEN", self.session.token()) + IDENTITY;
        let outcome = self.run(&Command::new(code), wait, sink)?;
        self.identity = match &outcome {
            Outcome::Value(payload) => payload.value().ok().and_then(|value| Identity::from_value(&value)),
            Outcome::Raised(text) => return Err(ConnectFailure::Unusable(text.clone())),
        }
        .ok_or_else(|| ConnectFailure::Unusable("it did not say what it is".to_owned()))?;
        Ok(())
    }

    /// What the board says it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
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
        if std::mem::take(&mut self.holds_much) {
            // A small board needs the memory of its last, long reply.
            self.session.execute("__belay_l=None\n__belay(None)", true, wait, sink)?;
        }
        let lost = |reply: &Reply| reply.torn && reply.frame.is_none() && reply.error.is_empty();
        let mut reply = self.session.execute(command.code(), true, wait, sink)?;
        for _ in 0..REPEATS {
            if !lost(&reply) {
                break;
            }
            // A thread has printed into the value. The board still has it.
            reply = self.session.execute("__belay_a()", true, wait, sink)?;
        }
        if lost(&reply) {
            return Err(Failure::Torn);
        }
        self.holds_much = reply.frame.as_ref().is_some_and(|frame| frame.text.len() > MUCH);
        Ok(outcome(reply))
    }

    /// Loads what generators need, once.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn need_generators(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        if !self.has_generators {
            self.run(&Command::statements(GENERATOR), wait, sink)?;
            self.has_generators = true;
        }
        Ok(())
    }

    /// Whether the session has ended: no command can run.
    pub fn is_lost(&self) -> bool {
        self.session.is_closed()
    }

    /// Passes on what the board has printed since the last command.
    ///
    /// # Errors
    /// [`Failure::Lost`].
    pub fn drain(&mut self, sink: Sink<'_>) -> Result<(), Failure> {
        self.session.drain(sink)
    }

    /// Restarts the board with its main.py and loads the helpers again. What was declared on it is gone.
    ///
    /// # Errors
    /// See [`ConnectFailure`].
    pub fn soft_reset(
        &mut self,
        patience: std::time::Duration,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<(), ConnectFailure> {
        self.session.soft_reset(patience, wait, sink)?;
        self.load(wait, sink)
    }

    /// As [`Board::soft_reset`], but leaves the board to its main.py. No command runs any more.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn leave_restarting(
        &mut self,
        patience: std::time::Duration,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<(), Failure> {
        self.session.leave_restarting(patience, wait, sink)
    }

    /// Sends code that resets the board, and leaves it. No command runs any more. Gives the traceback if it was refused.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn leave_resetting(
        &mut self,
        code: &str,
        patience: std::time::Duration,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Option<String>, Failure> {
        self.session.leave_resetting(code, patience, wait, sink)
    }

    /// Leaves the raw REPL. No command runs any more.
    pub fn leave(&mut self) {
        self.session.leave();
    }
}

fn outcome(reply: Reply) -> Outcome {
    if !reply.error.is_empty() {
        return Outcome::Raised(String::from_utf8_lossy(&reply.error).into_owned());
    }
    Outcome::Value(match reply.frame {
        None => Payload::Repr("None".to_owned()),
        Some(Frame { kind: FrameKind::Repr, text }) => Payload::Repr(text),
        Some(Frame { kind: FrameKind::Stop, text }) => Payload::Stop(text),
        Some(Frame { kind: FrameKind::Base64, text }) => {
            match base64::engine::general_purpose::STANDARD.decode(text.trim_end()) {
                Ok(bytes) => Payload::Bytes(bytes),
                // Cannot be: the frame's length was right. Shown as what it is.
                Err(_) => Payload::Repr(text),
            }
        }
    })
}
