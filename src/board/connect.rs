//! Connects a board: enters its raw REPL, loads what every command needs or takes over what an earlier connection has loaded, and
//! identifies it.
//!
//! Uses [`crate::repl`]. Invariant: a connected board has the helpers of this version, whoever loaded them.

use super::command::{Command, Outcome};
use super::identity::Identity;
use super::resident::Resident;
use super::{Board, First, Helper, REPEATS, ROOMY, SMALL, outcome, packed};
use crate::port::Wait;
use crate::repl::reply as repl;
use crate::repl::session::Sink;
use crate::repl::{Failure, Reply, Session};
use crate::value::Value;
use std::time::{Duration, Instant};

/// How long a board may take to say whether it is known, which is the work of a moment.
const CHECK_LIMIT: Duration = Duration::from_millis(1500);
/// How often the helpers are resent to a board that raises an exception: lost bytes may have caused it.
const REFUSALS: usize = 2;

/// Why a session did not yield a board.
#[derive(Debug)]
pub enum ConnectFailure {
    /// The connection failed.
    Link(Failure),
    /// It does not run a Python that belay-script can use: holds the text of the exception, or the problem.
    Unusable(String),
}

/// How a board is connected.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry<'a> {
    /// The board restarts.
    pub reset: bool,
    /// Its interpreter has just started, and ends with the connection.
    pub is_fresh: bool,
    /// What its device needs first.
    pub first: Option<&'a First>,
    /// An earlier connection has perhaps loaded all that, and the board was not reset since: ask it before.
    pub may_be_known: bool,
}

impl From<Failure> for ConnectFailure {
    fn from(failure: Failure) -> ConnectFailure {
        ConnectFailure::Link(failure)
    }
}

impl Board {
    /// Enters the raw REPL, restarts the board if `reset`, and identifies it.
    ///
    /// # Errors
    /// See [`ConnectFailure`].
    pub fn connect(session: Session, reset: bool, wait: Wait, sink: Sink<'_>) -> Result<Board, ConnectFailure> {
        Board::connect_with(session, &Entry { reset, ..Entry::default() }, wait, sink)
    }

    /// Like [`Board::connect`], and also loads what a device needs first, unless the board rejects it ([`Board::has_first`]).
    ///
    /// # Errors
    /// See [`ConnectFailure`].
    pub fn connect_with(
        mut session: Session,
        entry: &Entry<'_>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Board, ConnectFailure> {
        session.enter(entry.reset, wait, sink)?;
        let identity = Identity::default();
        let mut board = Board {
            session,
            identity,
            loaded: Vec::new(),
            replies: None,
            holds_much: false,
            wants_results: false,
            replies_before: 0,
            unpacks: false,
            resident: Resident::default(),
            is_kept: !entry.reset && !entry.is_fresh,
            marks: !entry.reset && !entry.is_fresh,
            has_first: false,
            missed: false,
            wants_bytes: false,
        };
        let none = First::default();
        let first = entry.first.unwrap_or(&none);
        let is_known = entry.may_be_known && board.marks && board.take_over(first, wait, sink)?;
        if !is_known {
            board.load(first, wait, sink)?;
        }
        // A small board that receives much while idle does not while it collects garbage, which may happen at any byte.
        let is_small = board.is_small();
        let comes_whole =
            board.session.learn_blocks(is_small, &|text| format!("__belay(len('{text}'))"), wait, sink)?;
        // The helpers came before anyone knew whether the board has memory to check what comes.
        if !is_known && board.session.checks_uploads() {
            board.load(first, wait, sink)?;
        } else if !comes_whole {
            board.load(&none, wait, sink)?;
        }
        if board.session.loses_input() {
            board.replies = None;
        }
        Ok(board)
    }

    /// Takes over what an earlier connection has loaded. `false`: the board has not exactly that.
    fn take_over(&mut self, first: &First, wait: Wait, sink: Sink<'_>) -> Result<bool, Failure> {
        let code = first.check(self.session.token());
        // To a board that gets no marks, something that raises.
        let soon = wait.until(Some(Instant::now() + CHECK_LIMIT));
        let outcome = match self.session.execute_or(&code, "__belay_l[4][1]", soon, sink) {
            Ok(reply) if reply.frame.is_some() => outcome(reply),
            Ok(_) | Err(Failure::Torn(_)) => return Ok(false),
            // The end of an exception was lost.
            Err(Failure::Timeout) if wait.slice().is_ok() => return Ok(false),
            Err(failure) => return Err(failure),
        };
        let Outcome::Value(payload) = outcome else { return Ok(false) };
        let Ok(Value::Tuple(parts)) = payload.value() else { return Ok(false) };
        let [identity, Value::Str(letters), Value::Int(replies)] = parts.as_slice() else { return Ok(false) };
        let Some(identity) = Identity::from_value(identity) else { return Ok(false) };
        self.identify(identity);
        self.replies = u64::try_from(*replies).ok().map(|before| before + 1);
        self.loaded = Helper::of(letters);
        self.has_first = true;
        // Generators and objects of that connection.
        let owned = [(Helper::Generators, "__belay_d.clear()\n"), (Helper::Proxies, "__belay_o.clear()\n")];
        let owned: String = owned.into_iter().filter(|(helper, _)| self.has(*helper)).map(|(_, code)| code).collect();
        if !owned.is_empty() {
            self.run(&Command::statements(&owned), wait, sink)?;
        }
        Ok(true)
    }

    /// Loads the helpers into a fresh interpreter, with what its device needs first, and identifies it.
    pub(super) fn load(&mut self, first: &First, wait: Wait, sink: Sink<'_>) -> Result<(), ConnectFailure> {
        self.loaded.clear();
        let none = First::default();
        let mut first = if self.is_kept && !self.marks { &none } else { first };
        let mut reply = Err(Failure::Torn(None));
        let mut refusals = 0;
        for _ in 0..REPEATS {
            let code = first.load(self.session.token(), self.marks);
            // The memory of a board that has not restarted may be full.
            let shorter = if self.marks { none.load(self.session.token(), false) } else { code.clone() };
            reply = self.session.execute_or(&code, &shorter, wait, sink);
            match &reply {
                Err(Failure::Torn(_)) => drop(self.session.slow_down()),
                // Its commands come one by one then, where each error has its place.
                Ok(Reply { frame: None, .. }) if !first.source.is_empty() => first = &none,
                // An apparent rejection may be partly lost code, and garbage of earlier programs may fill the memory.
                Ok(Reply { frame: None, error }) if refusals < REFUSALS => {
                    refusals += 1;
                    if repl::find(error, b"MemoryError").is_some() {
                        self.session.execute("import gc\ngc.collect()", false, wait, sink)?;
                    } else if !self.session.slow_down() {
                        break;
                    }
                }
                _ => break,
            }
        }
        (self.replies, self.holds_much, self.wants_bytes) = (None, false, false);
        self.marks &= !self.session.loses_input();
        self.has_first = !first.source.is_empty() && (self.marks || !self.is_kept);
        let identity = match &outcome(reply?) {
            Outcome::Value(payload) => payload.value().ok().and_then(|value| Identity::from_value(&value)),
            Outcome::Raised(text) => return Err(ConnectFailure::Unusable(text.clone())),
        };
        self.identify(identity.ok_or_else(|| ConnectFailure::Unusable("it did not identify itself".to_owned()))?);
        self.marks &= !self.is_small();
        // That was the first reply of the new count.
        self.replies = Some(1);
        Ok(())
    }

    /// The board is this one, and has just been connected.
    fn identify(&mut self, identity: Identity) {
        self.identity = identity;
        self.unpacks = packed::suits(&self.identity, SMALL);
        // MicroPython's WebAssembly port has no input while a program runs.
        let off = self.identity.platform == "webassembly" || self.resident.is_off();
        self.resident = Resident::new(off, self.is_small());
        self.session.loops_by_input(false);
        self.session.check_uploads(self.identity.free.is_none_or(|free| free >= ROOMY));
    }

    /// Whether it remembers what is loaded, for a later connection.
    pub fn is_marked(&self) -> bool {
        self.marks
    }

    /// Whether what its device needs first is on it ([`Entry::first`]).
    pub fn has_first(&self) -> bool {
        self.has_first
    }

    /// Restarts the board with its main.py and loads the helpers again. Declarations are gone.
    ///
    /// # Errors
    /// See [`ConnectFailure`].
    pub fn soft_reset(&mut self, patience: Duration, wait: Wait, sink: Sink<'_>) -> Result<(), ConnectFailure> {
        self.session.soft_reset(patience, wait, sink)?;
        self.load(&First::default(), wait, sink)
    }

    /// Restarts the board without its main.py, and loads the helpers again. Declarations are gone.
    ///
    /// # Errors
    /// See [`ConnectFailure`].
    pub fn restart(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), ConnectFailure> {
        self.session.restart_within(wait, sink)?;
        self.load(&First::default(), wait, sink)
    }
}
