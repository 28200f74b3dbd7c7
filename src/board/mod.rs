//! One connected board: commands in, outcomes out; its identity; its helpers.
//!
//! Invariant: everything loaded on a board has a name that starts with `__belay`, is kept in memory only, and is loaded
//! when it is first needed. The board counts its replies and keeps the last one, so that a torn reply can be requested
//! again without receiving an older one instead.

pub mod chunks;
pub mod command;
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
pub mod resident;
mod shield;
pub mod transfer;

use crate::port::meter::Traffic;
use crate::port::{Abilities, Wait};
use crate::repl::reply as repl;
use crate::repl::reply::brief::Brief;
use crate::repl::session::Sink;
use crate::repl::{Failure, FrameKind, Reply, ReplyFrame, Responder, Session};
use crate::value::Value;
use base64::Engine as _;
use command::{Command, Outcome, Payload};
pub use first::First;
pub use helper::Helper;
use identity::Identity;
pub use passthrough::{Back, Visit};
use resident::Resident;
use std::time::{Duration, Instant};

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
/// How long a board may take to say whether it is known, which is the work of a moment.
const CHECK_LIMIT: Duration = Duration::from_millis(1500);
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
/// How often the helpers are resent to a board that raises an exception: lost bytes may have caused it.
const REFUSALS: usize = 2;
/// Length of a reply, in bytes, from which the board does not keep it longer than needed.
const MUCH: usize = 4096;
const MUCH_OF_SMALL: usize = 256;
/// Length of the pieces, in characters, in which a torn reply is requested again: short ones get through between the prints
/// of a busy thread.
const PIECE: usize = 256;

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
    fn load(&mut self, first: &First, wait: Wait, sink: Sink<'_>) -> Result<(), ConnectFailure> {
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

    /// Like [`Board::ask`], for a frame that can be sent again without harm.
    fn ask_again(&mut self, code: &str, kind: FrameKind, wait: Wait, sink: Sink<'_>) -> Result<String, Failure> {
        for _ in 0..REPEATS {
            match self.ask(code, None, wait, sink) {
                Ok(Reply { frame: Some(frame), .. }) if frame.kind == kind => return Ok(frame.text),
                Ok(_) | Err(Failure::Torn(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Torn(None))
    }

    /// How many replies the board has sent, and the letter of the last; [`LETTER_OF_A_CALL`] from the start of a call in the loop
    /// until its reply is sent.
    fn count(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(u64, Option<u8>), Failure> {
        let mut text = None;
        for _ in 0..REPEATS {
            let code = "__belay_a('N','%d%s'%(__belay_l[0],__belay_l[1]))";
            let reply = self.session.execute_awaiting(code, "", wait, sink);
            match reply.and_then(|reply| self.unless_restarted(reply)) {
                // A late reply to a question of the session starts differently.
                Ok(Reply { frame: Some(frame), .. })
                    if frame.text.starts_with(|letter: char| letter.is_ascii_digit()) =>
                {
                    text = Some(frame.text);
                    break;
                }
                Ok(_) | Err(Failure::Torn(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let text = text.ok_or(Failure::Torn(None))?;
        let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
        let letter = text.bytes().last().filter(|letter| !letter.is_ascii_digit());
        Ok((digits.parse().map_err(|_| Failure::Torn(None))?, letter))
    }

    /// Requests a torn reply again. `left`: its remains; `before`: the number of replies before it. Output printed into the
    /// reply is passed on before output printed meanwhile. `is_line`: a line to the loop asked for it; then
    /// [`Board::missed`] says whether it has not run.
    fn recover(
        &mut self,
        left: Option<Vec<u8>>,
        before: u64,
        is_line: bool,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        self.missed = false;
        let (mut first, mut then) = (Vec::new(), Vec::new());
        let mut meanwhile = |bytes: &[u8]| {
            if then.len() < MOST_MEANWHILE {
                then.extend_from_slice(bytes);
            }
        };
        let reply = self.have_again(left.clone(), before, is_line, wait, &mut first, &mut meanwhile);
        let stray = self.session.take_stray();
        match (reply, stray) {
            (reply @ Err(_), None) if self.missed => {
                repl::without_end(&left.unwrap_or_default()).for_each(&mut *sink);
                sink(&then);
                reply
            }
            // The program was still running: a thread printed its apparent end.
            (Err(Failure::Torn(_)), Some(frame)) => {
                sink(&left.unwrap_or_default());
                sink(repl::RAW_BANNER);
                sink(&then);
                Ok(Reply { frame: Some(frame), error: Vec::new() })
            }
            (Err(Failure::Torn(lost)), None) => match repl::take_error(&mut then) {
                Some(error) => {
                    sink(&left.unwrap_or_default());
                    sink(&then);
                    Ok(Reply { frame: None, error })
                }
                None => {
                    sink(&first);
                    sink(&then);
                    Err(Failure::Torn(lost))
                }
            },
            (reply, _) => {
                sink(&first);
                sink(&then);
                reply
            }
        }
    }

    /// `first`: receives the output printed into the reply.
    fn have_again(
        &mut self,
        left: Option<Vec<u8>>,
        before: u64,
        is_line: bool,
        wait: Wait,
        first: &mut Vec<u8>,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        let (count, letter) = match self.count(wait, sink) {
            Ok(counted) => counted,
            Err(failure) => {
                // The output of a restart.
                first.extend(left.unwrap_or_default().into_iter().filter(|&byte| byte != 0x04));
                return Err(failure);
            }
        };
        self.replies = Some(count);
        if self.session.has_stray() {
            return Err(Failure::Torn(left));
        }
        if is_line && count == before && letter != Some(LETTER_OF_A_CALL) {
            self.missed = true;
            return Err(Failure::Torn(left));
        }
        if count == before && left.as_deref() == Some(b"\x04\x04>") {
            // It ended silently: by SystemExit, which does not restart MicroPython before about 1.20.
            return Ok(Reply { frame: None, error: b"SystemExit".to_vec() });
        }
        if count == before {
            // The command never arrived, or raised an exception.
            let error: Vec<u8> = left.iter().flatten().copied().filter(|&byte| byte != 0x04).collect();
            let error = error.strip_suffix(b">").unwrap_or(&error).to_vec();
            let heard = !error.trim_ascii().is_empty();
            return if heard { Ok(Reply { frame: None, error }) } else { Err(Failure::Torn(left)) };
        }
        // In the loop it is the letter of a result until the next command.
        let kind = letter.and_then(|letter| match letter {
            LETTER_OF_A_CALL => Some(FrameKind::Repr),
            letter => FrameKind::from_letter(letter),
        });
        let Some(kind) = kind.filter(|_| count == before + 1) else { return Err(Failure::Torn(left)) };
        let mut text = String::new();
        let mut length = 0;
        // The loop of a small board keeps the value.
        let kept = if is_line && self.is_small() { "('%s'%(__belay_l[2],))" } else { "__belay_l[2]" };
        loop {
            let code = format!("__belay_a('R',{kept}[{length}:{}])", length + PIECE);
            let piece = self.ask_again(&code, FrameKind::Repr, wait, sink)?;
            text.push_str(&piece);
            length += PIECE;
            if piece.chars().count() < PIECE {
                break;
            }
        }
        let frame = ReplyFrame { kind, text };
        let token = self.session.token();
        let brief = Brief { is_small: self.is_small(), ..Brief::new(token, before as u32) };
        let brief = is_line.then(|| brief.form(&frame.text));
        let left = self.session.without_repeated(repl::without_torn_prompts(left.unwrap_or_default()));
        first.extend(noise(&left, &frame, token, brief));
        Ok(Reply { frame: Some(frame), error: Vec::new() })
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

/// The output printed into a torn frame: all of `left` except the frame itself.
fn noise(left: &[u8], frame: &ReplyFrame, token: &str, brief: Option<String>) -> Vec<u8> {
    // The board may have sent CR LF for each LF. The best guess leaves one piece, then a whole line, then less.
    let texts = [frame.text.clone(), repl::with_returns(&frame.text)];
    let plain = repl::forms(token, frame.kind, &frame.text);
    let sent = plain.iter().flat_map(|form| {
        texts.iter().map(|text| form.replace(&format!(":{}\x1e", frame.text), &format!(":{text}\x1e")))
    });
    let guesses = sent.chain(brief).map(|sent| noise_in(left, format!("{sent}\x04\x04>").as_bytes()));
    let rank = |(one_piece, noise): &(bool, Vec<u8>)| (!one_piece, *one_piece && !noise.ends_with(b"\n"), noise.len());
    guesses.min_by_key(rank).map(|(_, noise)| noise).unwrap_or_default()
}

/// All of `left` except what was `sent`, and whether it is one piece.
fn noise_in(left: &[u8], sent: &[u8]) -> (bool, Vec<u8>) {
    // One print in one place is the usual case, and prints are whole lines.
    let same = left.iter().zip(sent).take_while(|(a, b)| a == b).count();
    if let Some(more) = left.len().checked_sub(sent.len()) {
        let mut starts = (0..=same).rev().filter(|&start| left[start + more..] == sent[start..]);
        if let Some(last) = starts.next() {
            let line = std::iter::once(last).chain(starts).find(|start| left[*start..start + more].ends_with(b"\n"));
            let start = line.unwrap_or(last);
            return (true, left[start..start + more].to_vec());
        }
    }
    let mut sent = sent.iter().peekable();
    (false, left.iter().copied().filter(|byte| sent.next_if_eq(&byte).is_none()).collect())
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

    #[test]
    fn separates_output_from_a_frame() {
        printed_into("7", "\x1eabcR1:7\x1eabc;\x04\x04>");
        printed_into("a\nb", "\x1eabcR3:a\nb\x1eabc;\x04\x04>");
        printed_into("a\nb", "\x1eabcR3:a\r\nb\x1eabc;\x04\x04>");
    }

    fn printed_into(text: &str, sent: &str) {
        let frame = ReplyFrame { kind: FrameKind::Repr, text: text.to_owned() };
        for place in 0..=sent.len() {
            for text in ["tick\r\n", "abc\r\n", "\x04", ";;", ""] {
                let left = [&sent[..place], text, &sent[place..]].concat();
                let noise = noise(left.as_bytes(), &frame, "abc", None);
                assert_eq!(String::from_utf8_lossy(&noise), text, "{left:?}");
            }
            // Bytes may be missing.
            assert_eq!(noise(&sent.as_bytes()[..place], &frame, "abc", None), b"");
            noise(&sent.as_bytes()[place..], &frame, "abc", None);
        }
    }
}
