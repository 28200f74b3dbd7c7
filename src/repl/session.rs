//! A session on a board's raw REPL: enter, run code, interrupt, leave.
//!
//! A short command is one write and one wait: plain raw REPL, code and `\x04` together. A longer one is sent by raw paste,
//! with the board's flow control; boards without raw paste get blocks at a pace that fits their input buffer.
//! Invariant: after every return the board waits for the next command, or the session is closed with a reason.

mod checked;
mod confirm;
mod doubts;
mod enter;
mod passthrough;
mod reading;
mod resident;
mod stop;
mod typing;
mod upload;
mod way_in;

use super::reply::brief::Brief;
use super::reply::{self, Decoder, Prelude, RAW_BANNER, Reply, ReplyFrame};
use crate::port::loss::Loss;
use crate::port::meter::Traffic;
use crate::port::{Abilities, Port, PortError, Wait};
use resident::Waits;
use std::cell::Cell;
use std::time::{Duration, Instant};
use stop::Unsettled;
use typing::Typing;
pub use typing::{Keyboard, Keys, Typist};
use upload::{Block, Paste, Pasted, SMALL_BLOCK};

/// Upload attempts per command.
const UPLOADS: usize = 3;
/// Most output kept during a wait.
const MOST_KEPT: usize = 64 * 1024;
/// Ctrl-C, then Ctrl-A, to which the raw REPL always replies.
const INTERRUPT: &[u8] = b"\x03\x01";

/// Why a command has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The deadline passed. The program was interrupted; the session continues. [`Session::unsettled`] says whether the
    /// program has ended.
    Timeout,
    /// Ctrl-C on the host. Otherwise like [`Failure::Timeout`].
    Interrupted,
    /// None: the program runs on, because an answer to it was enough for now ([`Responder::pauses`]). [`Session::go_on`] reads
    /// on.
    Paused,
    /// The command has ended, but its reply is torn, by output or by lost bytes. Holds the rest of it, if the board
    /// acknowledged the command. The session continues.
    Torn(Option<Vec<u8>>),
    /// The command has ended, and its reply has this number of characters: more than [`crate::bound::REPLY`]. The session
    /// continues.
    TooLong(usize),
    /// The board has not acknowledged the code in [`UNHEARD_LIMIT`]. Otherwise like [`Failure::Timeout`].
    Unheard,
    /// The board restarted. The session is closed.
    Restarted,
    /// The connection is lost. The session is closed.
    Lost(Loss),
    /// The board no longer responds as a raw REPL. The session is closed.
    Stuck(Seen),
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Failure {
        match error {
            PortError::Timeout => Failure::Timeout,
            PortError::Interrupted => Failure::Interrupted,
            PortError::Gone(how) => Failure::Lost(how),
        }
    }
}

/// The output of a board that cannot be brought to its raw REPL, and what was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The last part of its output: at most a few hundred bytes.
    pub printed: Vec<u8>,
    /// What was tried, in order.
    pub tried: Vec<Means>,
}

/// The means to bring a board to its raw REPL, from weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Ctrl-C, with time for the program to end.
    Interrupt,
    /// repeated Ctrl-C.
    Storm,
    /// Ctrl-D, as at the prompt.
    SoftReset,
    /// A reset by the port ([`Abilities::hard_reset`]).
    HardReset,
}

/// Answers the questions of a running program ([`reply::FrameKind::Question`]).
pub struct Responder<'a> {
    /// The bytes to write for a question. Nothing is written for an empty answer.
    pub answer: &'a mut dyn FnMut(&str) -> Vec<u8>,
    /// How long the program may run after its start or its last question without asking another; `None`: as long as the
    /// command may.
    pub patience: Option<Duration>,
    /// The typist for the program.
    pub typist: Option<Typist<'a>>,
    /// Set by an answer after which the session is to return ([`Failure::Paused`]) while the program runs on.
    pub pauses: Option<&'a Cell<bool>>,
}

/// How a command is sent.
#[derive(Clone, Copy)]
struct Manner<'a> {
    expects_frame: bool,
    /// See [`Decoder::awaits`].
    awaits: Option<&'a str>,
    /// By raw paste, if available and the code is long.
    by_paste: bool,
    /// Where code goes without raw paste, the board checks all of it before it runs, if it is long.
    checks: bool,
    /// The board is in its loop afterwards ([`resident`]); how many replies it has sent before.
    stays: Option<u32>,
    /// The code is a line for the loop.
    is_line: bool,
    /// What is sent in place of the code where it would go in blocks.
    in_blocks: Option<&'a str>,
}

impl Manner<'_> {
    /// Code that ends with a frame.
    const FRAMED: Manner<'static> = Manner {
        expects_frame: true,
        awaits: None,
        by_paste: true,
        checks: true,
        stays: None,
        is_line: false,
        in_blocks: None,
    };
}

/// Whether a syntax error may not be the code's own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubted {
    No,
    Perhaps,
    Likely,
}

/// The progress of a command; decides how to stop it.
enum Stage {
    Sending,
    Pasting,
    Running(Box<Decoder>),
}

/// A raw REPL at the other end of a port.
pub struct Session {
    port: Box<dyn Port>,
    token: String,
    paste: Paste,
    block: Block,
    /// The board has memory to check code.
    has_room: bool,
    /// The board has checked code, which is `<string>` in tracebacks since.
    checked: bool,
    incoming: Vec<u8>,
    closed: Option<Failure>,
    /// The board may have restarted since the last command.
    suspect: bool,
    /// The reply to come of a program that runs on.
    open: Option<Box<Decoder>>,
    /// A program has not ended after its timeout.
    unsettled: Option<Unsettled>,
    /// Where the board waits.
    waits: Waits,
    /// See [`Session::loops_by_input`].
    loops_by_input: bool,
    /// The number of the last confirmation question.
    nonce: u64,
    /// The reply of a program that was assumed to have ended.
    stray: Option<ReplyFrame>,
    /// How long a board may be silent before it acknowledges the code.
    unheard: Duration,
    /// Called before strong means are used.
    announce: Box<dyn Fn(Means) + Send>,
}

/// Receives output of the board.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8]);

impl Session {
    /// A session over `port`, not entered yet. `token`: 8 or more unguessable ASCII letters and digits.
    pub fn new(port: Box<dyn Port>, token: String) -> Session {
        Session {
            port,
            token,
            paste: Paste::Untried,
            block: SMALL_BLOCK,
            has_room: false,
            checked: false,
            incoming: Vec::new(),
            closed: None,
            suspect: false,
            open: None,
            unsettled: None,
            waits: Waits::Prompt,
            loops_by_input: false,
            nonce: 0,
            stray: None,
            unheard: UNHEARD_LIMIT,
            announce: Box::new(|_| {}),
        }
    }

    /// Gives up on code that the board has not acknowledged after `limit` of silence, instead of [`UNHEARD_LIMIT`].
    pub fn unheard_within(self, limit: Duration) -> Session {
        Session { unheard: limit, ..self }
    }

    /// Calls `announce` before each means that takes long or restarts the board.
    pub fn announcing(self, announce: impl Fn(Means) + Send + 'static) -> Session {
        Session { announce: Box::new(announce), ..self }
    }

    /// Whether no more commands can run.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Ends the session for a reason found in a higher layer.
    pub fn close(&mut self, failure: Failure) {
        self.closed.get_or_insert(failure);
    }

    /// The descriptors that become readable when the board sends something; see [`Port::descriptors`].
    #[cfg(unix)]
    pub fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        self.port.descriptors()
    }

    /// The connection's secret.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What has passed on the port, if that is metered.
    pub fn traffic(&self) -> Traffic {
        self.port.traffic()
    }

    /// What the port can do.
    pub fn abilities(&self) -> Abilities {
        self.port.abilities()
    }

    /// Reads until `mark` arrives or `limit` passes; returns the bytes before the mark. Excess bytes go to `sink`; without a
    /// mark, the bytes stay in `incoming`.
    fn wait_for(
        &mut self,
        mark: &[u8],
        wait: Wait,
        limit: Duration,
        sink: Sink<'_>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let deadline = wait.deadline;
        let wait = wait.until(Some(Instant::now() + limit));
        let mut searched = 0;
        let mut ended = None;
        loop {
            if let Some(at) = reply::find(&self.incoming[searched..], mark) {
                let mut before: Vec<u8> = self.incoming.drain(..searched + at + mark.len()).collect();
                before.truncate(searched + at);
                return Ok(Some(before));
            }
            match ended {
                None => {}
                Some(PortError::Timeout) => {
                    let whole = deadline.is_some_and(|deadline| Instant::now() >= deadline);
                    return if whole { Err(Failure::Timeout) } else { Ok(None) };
                }
                Some(error) => return Err(error.into()),
            }
            if self.incoming.len() > MOST_KEPT {
                self.emit_front(self.incoming.len() - MOST_KEPT / 2, sink);
            }
            searched = self.incoming.len().saturating_sub(mark.len() - 1);
            // A read that fails may still have returned bytes. Do not wait longer for a board that never pauses.
            ended = self.port.read(&mut self.incoming, wait).and_then(|_| wait.slice()).err();
        }
    }

    /// Runs `code` and returns the reply; other output of the board goes to `sink` as it arrives.
    /// `expects_frame`: the code sends a frame last, unless it raises.
    ///
    /// # Errors
    /// See [`Failure`]. After a timeout or an interrupt the program has been stopped.
    pub fn execute(&mut self, code: &str, expects_frame: bool, wait: Wait, sink: Sink<'_>) -> Result<Reply, Failure> {
        self.execute_as(code, Manner { expects_frame, ..Manner::FRAMED }, None, wait, sink)
    }

    /// Like [`Session::execute`], and answers the questions of the program.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn execute_answering(
        &mut self,
        code: &str,
        expects_frame: bool,
        answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        self.execute_as(code, Manner { expects_frame, ..Manner::FRAMED }, answers, wait, sink)
    }

    /// Like [`Session::execute`]; to a board without raw paste `shorter` goes instead ([`Session::loses_input`]), because such a board
    /// keeps the code in its memory, and does not survive a lack of memory there.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn execute_or(&mut self, code: &str, shorter: &str, wait: Wait, sink: Sink<'_>) -> Result<Reply, Failure> {
        self.execute_as(code, Manner { in_blocks: Some(shorter), ..Manner::FRAMED }, None, wait, sink)
    }

    /// Like [`Session::execute`], for code whose frame is of kind [`reply::FrameKind::Number`] and ends with `text`. A program
    /// that is still running may end first: see [`Session::take_stray`].
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn execute_awaiting(&mut self, code: &str, text: &str, wait: Wait, sink: Sink<'_>) -> Result<Reply, Failure> {
        self.execute_as(code, Manner { awaits: Some(text), ..Manner::FRAMED }, None, wait, sink)
    }

    /// The reply of a program that was assumed to have ended, which preceded the last awaited one, with the greeting that was
    /// assumed to be the board's.
    pub fn take_stray(&mut self) -> Option<ReplyFrame> {
        self.stray.take()
    }

    /// Whether there is one; see [`Session::take_stray`].
    pub fn has_stray(&self) -> bool {
        self.stray.is_some()
    }

    /// Reads on after [`Failure::Paused`]. `input`: bytes for the program first.
    ///
    /// # Errors
    /// As [`Session::execute`].
    pub fn go_on(
        &mut self,
        input: &[u8],
        answers: &mut Responder<'_>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        let Some(mut decoder) = self.open.take() else {
            return Err(self.closed.clone().unwrap_or(Failure::Torn(None)));
        };
        let written = if input.is_empty() { Ok(()) } else { self.port.write(input, wait).map_err(Failure::from) };
        let mut outcome =
            written.and_then(|()| self.read_reply(&mut decoder, Some(answers), &mut Typing::new(), wait, sink));
        if let Ok(reply) = &mut outcome {
            reply.error = self.as_sent(std::mem::take(&mut reply.error));
        }
        let ended = match &outcome {
            Err(Failure::Paused) => {
                self.open = Some(decoder);
                return outcome;
            }
            Err(Failure::Timeout | Failure::Interrupted | Failure::Unheard) => self.stop(Stage::Running(decoder), sink),
            Err(Failure::Restarted | Failure::Lost(_) | Failure::Stuck(_)) => Ok(()),
            _ => self.settle(*decoder, sink),
        };
        if let Err(worse) = ended {
            outcome = Err(worse);
        }
        if let Err(failure @ (Failure::Restarted | Failure::Lost(_) | Failure::Stuck(_))) = &outcome {
            self.closed = Some(failure.clone());
        }
        outcome
    }

    /// Whether a program runs on ([`Failure::Paused`]).
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    fn execute_as(
        &mut self,
        code: &str,
        whole: Manner<'_>,
        mut answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        if let Some(failure) = &self.closed {
            return Err(failure.clone());
        }
        self.get_back(Wait { deadline: None, interruptible: true }, sink)?;
        if !whole.is_line {
            self.leave_loop(wait, sink)?;
        }
        let mut stage = Stage::Sending;
        let mut outcome = Err(Failure::Stuck(Seen::default()));
        let mut by_paste = true;
        for upload in 0..UPLOADS {
            stage = Stage::Sending;
            let manner = Manner { by_paste, ..whole };
            match self.attempt(code, manner, answers.as_deref_mut(), wait, sink, &mut stage) {
                // An apparent error is real if it repeats.
                Ok((Some(_), Doubted::Perhaps)) if upload == 0 => continue,
                // If a thread prints the end of a paste, the code gets through without raw paste.
                Ok((Some(_), Doubted::Likely)) if upload + 1 < UPLOADS => {
                    by_paste = upload + 2 < UPLOADS;
                    continue;
                }
                Ok((Some(reply), _)) => outcome = Ok(Reply { error: self.as_sent(reply.error), ..reply }),
                Err(failure) => outcome = Err(failure),
                // Nothing has run.
                Ok((None, _)) => match self.clear(wait, sink) {
                    Ok(()) => continue,
                    Err(failure) => outcome = Err(failure),
                },
            }
            break;
        }
        if let Err(Failure::Timeout | Failure::Interrupted | Failure::Unheard) = &outcome
            && let Err(worse) = {
                // Typing has ended.
                if let Some(answers) = answers {
                    answers.typist = None;
                }
                self.stop(stage, sink)
            }
        {
            outcome = Err(worse);
        }
        if whole.stays.is_some() {
            self.waits = match &outcome {
                Ok(Reply { frame: Some(_), .. }) => self.waits,
                // The prompt has shown.
                Ok(_) | Err(Failure::Torn(_)) => Waits::Prompt,
                Err(_) if self.waits == Waits::Prompt => Waits::Prompt,
                Err(_) => Waits::Unsure,
            };
        }
        if let Err(failure @ (Failure::Restarted | Failure::Lost(_) | Failure::Stuck(_))) = &outcome {
            self.closed = Some(failure.clone());
        }
        outcome
    }

    /// Reads the board's output since the last command. If the board seems to have restarted, gets back to the prompt of its
    /// raw REPL and returns true.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn regain(&mut self, wait: Wait, sink: Sink<'_>) -> Result<bool, Failure> {
        if self.closed.is_some() {
            return Ok(false);
        }
        let outcome = self.drain(sink).and_then(|()| match self.suspect {
            true => wait.slice().map_err(Failure::from).and_then(|_| {
                if self.waits != Waits::Prompt {
                    self.waits = Waits::Unsure;
                }
                self.leave_loop(wait, sink)?;
                self.back_at_prompt(wait, sink)
            }),
            false => Ok(()),
        });
        if let Err(failure @ (Failure::Lost(_) | Failure::Stuck(_))) = &outcome {
            self.closed = Some(failure.clone());
        }
        outcome.map(|()| std::mem::take(&mut self.suspect))
    }

    /// Sends the code and reads its reply. `None`: the upload failed, and the code has not run. Also returns whether the reply
    /// is a syntax error that the code itself may not have.
    fn attempt(
        &mut self,
        code: &str,
        manner: Manner<'_>,
        answers: Option<&mut Responder<'_>>,
        wait: Wait,
        sink: Sink<'_>,
        stage: &mut Stage,
    ) -> Result<(Option<Reply>, Doubted), Failure> {
        self.pass_on(sink);
        let by_paste = code.len() > self.plain_limit() && self.port.abilities().raw_paste && !manner.is_line;
        let pasted = if by_paste && manner.by_paste && self.paste != Paste::Refused {
            *stage = Stage::Pasting;
            self.paste_code(code, wait, sink)?
        } else {
            Pasted::Refused
        };
        let spoilt_at = if let Pasted::Spoilt { line, .. } = pasted { Some(line) } else { None };
        let unguarded = by_paste && matches!(pasted, Pasted::Refused);
        let code = manner.in_blocks.filter(|_| unguarded && self.loses_input()).unwrap_or(code);
        if unguarded && manner.checks && self.has_room && code.len() > self.unchecked_limit() {
            return self.attempt_checked(code, manner, answers, wait, sink, stage);
        }
        let prelude = match pasted {
            Pasted::Sent(prelude) => prelude,
            Pasted::Spoilt { prelude, .. } => prelude,
            Pasted::Failed => return Ok((None, Doubted::No)),
            Pasted::Refused => {
                *stage = Stage::Sending;
                match manner.is_line {
                    true => self.port.write(code.as_bytes(), wait)?,
                    false => self.send_plainly(code, wait, sink)?,
                }
                Prelude::Plain
            }
        };
        let mut typing = Typing::new();
        let mut decoder = Decoder::new(&self.token, prelude, manner.expects_frame);
        if answers.is_some() {
            decoder.answers();
        }
        if let Some(text) = manner.awaits {
            decoder.awaits(text);
        }
        if spoilt_at.is_some() {
            decoder.was_cut_off();
        }
        if let Some(line) = self.repeated(code).filter(|_| manner.is_line) {
            decoder.repeats(&line);
        }
        if let Some(count) = manner.stays {
            decoder.stays(Brief { is_small: self.loops_by_input, ..Brief::new(&self.token, count) });
            self.waits = Waits::Loop;
        }
        let outcome = self.read_reply(&mut decoder, answers, &mut typing, wait, sink);
        if matches!(outcome, Err(Failure::Paused)) {
            self.open = Some(Box::new(decoder));
            return Err(Failure::Paused);
        }
        self.stray = decoder.stray();
        let doubted = match (&outcome, spoilt_at) {
            // The board rejected what broke the code, or nothing that was sent before it.
            (Ok(reply), Some(line)) if reply.error_line().is_none_or(|at| at >= line) => Doubted::Likely,
            (Ok(_), Some(_)) => Doubted::Perhaps,
            // Code sent in blocks that does not compile may have lost bytes.
            (Ok(reply), None) if unguarded && reply.is_uncompiled() => Doubted::Perhaps,
            _ => Doubted::No,
        };
        if matches!(outcome, Err(Failure::Timeout | Failure::Interrupted | Failure::Unheard)) {
            *stage = Stage::Running(Box::new(decoder));
        } else {
            self.settle(decoder, sink)?;
        }
        if outcome.is_ok() {
            self.forget_typed(&typing, sink)?;
        }
        outcome.map(|reply| (Some(reply), doubted))
    }

    /// After a reply: passes on the bytes after it, except the requested prompts.
    fn settle(&mut self, decoder: Decoder, sink: Sink<'_>) -> Result<(), Failure> {
        let (prompts, has_stayed) = (decoder.prompts_to_come(), decoder.has_stayed());
        self.suspect |= decoder.has_strange_prompt();
        let mut late = decoder.rest();
        late.append(&mut self.incoming);
        self.incoming = late;
        if prompts > 0 {
            // They arrive before the reply to the current request.
            let mut came = Vec::new();
            self.suspect |= !self.confirm(CONFIRM_LIMIT, &mut came)?;
            let came = reply::without_prompts(came, prompts);
            match has_stayed {
                true => reply::without_end(&came).for_each(&mut *sink),
                false => sink(&came),
            }
            if has_stayed && self.waits == Waits::Loop {
                self.waits = Waits::Unsure;
            }
        }
        self.pass_on(sink);
        Ok(())
    }

    fn emit_front(&mut self, count: usize, sink: Sink<'_>) {
        if count > 0 {
            sink(&self.incoming[..count]);
            self.incoming.drain(..count);
        }
    }

    /// Passes on unsolicited output.
    fn pass_on(&mut self, sink: Sink<'_>) {
        if self.waits == Waits::Loop && self.incoming.contains(&reply::END) {
            // The loop may have ended: what it has sent is delimited when it is left.
            self.waits = Waits::Unsure;
            return;
        }
        if !self.incoming.is_empty() {
            self.suspect |= self.incoming.ends_with(reply::FRIENDLY_PROMPT) || self.incoming.ends_with(RAW_BANNER);
            sink(&self.incoming);
            self.incoming.clear();
        }
    }

    /// Passes on the board's output since the last command.
    ///
    /// # Errors
    /// [`Failure::Lost`].
    pub fn drain(&mut self, sink: Sink<'_>) -> Result<(), Failure> {
        if self.is_open() {
            // Its messages and its output come when it is read on.
            return Ok(());
        }
        let outcome = self.port.read_available(&mut self.incoming);
        match self.unsettled.take() {
            Some(unsettled) => self.watch(unsettled, sink)?,
            None => self.pass_on(sink),
        }
        match outcome.map_err(Failure::from) {
            Ok(_) => Ok(()),
            Err(failure) => {
                if matches!(failure, Failure::Lost(_)) {
                    self.close(failure.clone());
                }
                Err(failure)
            }
        }
    }

    /// Leaves the raw REPL, so that the next user finds a friendly prompt. The session is closed.
    pub fn leave(&mut self) {
        if self.closed.is_none() {
            let wait = Wait::for_at_most(Duration::from_secs(1)).undisturbed();
            // Do not wait for the reply: the session ends here.
            let request: &[u8] = match (self.waits, self.loops_by_input) {
                (Waits::Prompt, _) => b"\x02",
                (_, false) => b"\n\x02",
                (_, true) => b"\r\x02",
            };
            let _ = self.port.write(request, wait);
            self.closed = Some(Failure::Lost(Loss::SessionClosed));
        }
    }
}

/// How long a board may be silent before it acknowledges the code: meanwhile it receives and compiles.
pub const UNHEARD_LIMIT: Duration = Duration::from_secs(30);

/// How long a board at its prompt may take to reply.
const CONFIRM_LIMIT: Duration = Duration::from_millis(500);
