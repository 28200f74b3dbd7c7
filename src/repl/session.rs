//! A session on a board's raw REPL: enter, run code, interrupt, leave.
//!
//! A short command is one write and one wait: plain raw REPL, code and `\x04` together. A longer one goes by raw paste,
//! whose flow control the board dictates; boards without it get blocks at a pace that their input buffer bears.
//! Invariant: after every return the board waits for the next command, or the session is closed and says why.

mod checked;
mod confirm;
mod doubts;
mod enter;
mod lend;
mod stop;
mod typing;
mod upload;
mod way_in;

use super::reply::{self, Conclusion, Decoder, Doubt, Frame, Prelude, Progress, RAW_BANNER, Reply};
use crate::port::{Abilities, Port, PortError, Wait};
use doubts::Doubts;
use std::time::{Duration, Instant};
use stop::Unsettled;
use typing::Typing;
pub use typing::{Keyboard, Keys, Typist};
use upload::{Block, Paste, Pasted, SMALL_BLOCK};

/// How often a command is sent whose upload came to grief before its end was sent.
const UPLOADS: usize = 3;
/// How long a program that must ask may be silent until it is reminded.
const NUDGE: Duration = Duration::from_secs(1);
/// Most output that is kept while something is waited for.
const MOST_KEPT: usize = 64 * 1024;
/// Ctrl-C, then Ctrl-A, which the raw REPL always answers.
const INTERRUPT: &[u8] = b"\x03\x01";

/// Why a command has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The deadline passed. The program was interrupted; the session goes on. [`Session::unsettled`] says whether the
    /// program has ended.
    Timeout,
    /// Ctrl-C on the host. Else as [`Failure::Timeout`].
    Interrupted,
    /// The command has ended, but its reply is torn: by output, or because bytes were lost. What is left of it, if the
    /// board has acknowledged the command at all. The session goes on.
    Torn(Option<Vec<u8>>),
    /// The command has ended, and its reply has so many characters: more than [`crate::bound::REPLY`]. The session goes on.
    TooLong(usize),
    /// The board has not acknowledged the code in [`UNHEARD_LIMIT`]. Else as [`Failure::Timeout`].
    Unheard,
    /// The board restarted. The session is closed.
    Restarted,
    /// The link is lost. The session is closed.
    Lost(String),
    /// The board no longer answers as a raw REPL does. The session is closed.
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

/// What a board that cannot be brought to its raw REPL has shown meanwhile, and what was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The last of what it printed: at most some hundred bytes.
    pub printed: Vec<u8>,
    /// What was tried, in order.
    pub tried: Vec<Means>,
}

/// What brings a board to its raw REPL, from the gentlest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Ctrl-C, with time to end for the program.
    Interrupt,
    /// Ctrl-C in quick succession.
    Storm,
    /// Ctrl-D, as at the prompt.
    SoftReset,
    /// What the port can do by itself ([`Abilities::hard_reset`]).
    HardReset,
}

/// What answers the questions of a program that runs ([`reply::FrameKind::Question`]).
pub struct Answers<'a> {
    /// The bytes to write for a question. None are written for an empty answer.
    pub answer: &'a mut dyn FnMut(&str) -> Vec<u8>,
    /// How long the program may go on without a question, from each one anew; `None`: as long as the command may.
    pub patience: Option<Duration>,
    /// Who types to the program.
    pub typist: Option<Typist<'a>>,
}

/// How a command is sent.
#[derive(Clone, Copy)]
struct Manner<'a> {
    expects_frame: bool,
    /// See [`Decoder::awaits`].
    awaits: Option<&'a str>,
    /// By raw paste, where there is such and the code is long.
    by_paste: bool,
    /// Where code goes without raw paste, the board checks all of it before it runs, if it is long.
    checks: bool,
}

/// Whether a syntax error may be none of the code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubted {
    No,
    Perhaps,
    Likely,
}

/// How far a command has come; decides how to stop it.
enum Stage {
    Sending,
    Pasting,
    Running(Box<Decoder>),
}

/// A raw REPL on the other end of a port.
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
    /// A program has not ended, though its time is over.
    unsettled: Option<Unsettled>,
    /// The number of the last question that only the board can answer.
    nonce: u64,
    /// The reply of a program that was taken for ended.
    stray: Option<Frame>,
    /// How long a board may be silent until it has acknowledged the code.
    unheard: Duration,
    /// Who is to know that strong means are used.
    announce: Box<dyn Fn(Means) + Send>,
}

/// Where output of the board goes.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8]);

impl Session {
    /// A session over `port`, not entered yet. `token`: 8 or more ASCII letters and digits that nobody can guess.
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
            unsettled: None,
            nonce: 0,
            stray: None,
            unheard: UNHEARD_LIMIT,
            announce: Box::new(|_| {}),
        }
    }

    /// Gives up on code that the board has not acknowledged after `limit` of silence, in place of [`UNHEARD_LIMIT`].
    pub fn unheard_within(self, limit: Duration) -> Session {
        Session { unheard: limit, ..self }
    }

    /// Calls `announce` before each of the means that take long or restart the board.
    pub fn announcing(self, announce: impl Fn(Means) + Send + 'static) -> Session {
        Session { announce: Box::new(announce), ..self }
    }

    /// Whether no command can run any more.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Ends the session for a reason that shows above it.
    pub fn close(&mut self, failure: Failure) {
        self.closed.get_or_insert(failure);
    }

    /// What becomes readable when the board has said something; see [`Port::descriptors`].
    #[cfg(unix)]
    pub fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        self.port.descriptors()
    }

    /// The connection's secret.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What the port can do.
    pub fn abilities(&self) -> Abilities {
        self.port.abilities()
    }

    /// Reads until `mark` has come or `limit` passes; gives what stood before it, without the mark. What is too much of that
    /// goes to `sink`; what came in vain stays in `incoming`.
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
            // A read that ends with an error may have brought bytes all the same. A board that never pauses is no reason
            // to wait longer.
            ended = self.port.read(&mut self.incoming, wait).and_then(|_| wait.slice()).err();
        }
    }

    /// Runs `code` and gives the reply; what the board prints on the way goes to `sink` as it comes.
    /// `expects_frame`: the code sends a frame as its last act, unless it raises.
    ///
    /// # Errors
    /// See [`Failure`]. After a timeout or an interrupt the program has been stopped.
    pub fn execute(&mut self, code: &str, expects_frame: bool, wait: Wait, sink: Sink<'_>) -> Result<Reply, Failure> {
        self.execute_as(code, Manner { expects_frame, awaits: None, by_paste: true, checks: true }, None, wait, sink)
    }

    /// As [`Session::execute`], answering the questions of the program.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn execute_answering(
        &mut self,
        code: &str,
        expects_frame: bool,
        answers: Option<&mut Answers<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        self.execute_as(code, Manner { expects_frame, awaits: None, by_paste: true, checks: true }, answers, wait, sink)
    }

    /// As [`Session::execute`], of code whose frame is of kind [`reply::FrameKind::Number`] and ends with `text`. A program
    /// that still runs then may end first: see [`Session::take_stray`].
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn execute_awaiting(&mut self, code: &str, text: &str, wait: Wait, sink: Sink<'_>) -> Result<Reply, Failure> {
        self.execute_as(
            code,
            Manner { expects_frame: true, awaits: Some(text), by_paste: true, checks: true },
            None,
            wait,
            sink,
        )
    }

    /// The reply of a program that was taken for ended and came before the last awaited one, with the greeting that was
    /// taken for the board's.
    pub fn take_stray(&mut self) -> Option<Frame> {
        self.stray.take()
    }

    /// Whether there is one; see [`Session::take_stray`].
    pub fn has_stray(&self) -> bool {
        self.stray.is_some()
    }

    fn execute_as(
        &mut self,
        code: &str,
        whole: Manner<'_>,
        mut answers: Option<&mut Answers<'_>>,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        if let Some(failure) = &self.closed {
            return Err(failure.clone());
        }
        self.get_back(Wait { deadline: None, interruptible: true }, sink)?;
        let mut stage = Stage::Sending;
        let mut outcome = Err(Failure::Stuck(Seen::default()));
        let mut by_paste = true;
        for upload in 0..UPLOADS {
            stage = Stage::Sending;
            let manner = Manner { by_paste, ..whole };
            match self.attempt(code, manner, answers.as_deref_mut(), wait, sink, &mut stage) {
                // What seems wrong is wrong if it is so again.
                Ok((Some(_), Doubted::Perhaps)) if upload == 0 => continue,
                // Where a thread prints what ends a paste, the code gets through without one.
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
                // Nothing is typed any more.
                if let Some(answers) = answers {
                    answers.typist = None;
                }
                self.stop(stage, sink)
            }
        {
            outcome = Err(worse);
        }
        if let Err(failure @ (Failure::Restarted | Failure::Lost(_) | Failure::Stuck(_))) = &outcome {
            self.closed = Some(failure.clone());
        }
        outcome
    }

    /// Takes what the board has printed since the last command. If that looks as if it had restarted, gets back to the
    /// prompt of its raw REPL and gives true.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn regain(&mut self, wait: Wait, sink: Sink<'_>) -> Result<bool, Failure> {
        if self.closed.is_some() {
            return Ok(false);
        }
        let outcome = self.drain(sink).and_then(|()| match self.suspect {
            true => wait.slice().map_err(Failure::from).and_then(|_| self.back_at_prompt(wait, sink)),
            false => Ok(()),
        });
        if let Err(failure @ (Failure::Lost(_) | Failure::Stuck(_))) = &outcome {
            self.closed = Some(failure.clone());
        }
        outcome.map(|()| std::mem::take(&mut self.suspect))
    }

    /// Sends the code and reads its reply. `None`: the upload came to grief, and the code has not run. Besides: whether the
    /// reply is that of a syntax error which the code itself need not have.
    fn attempt(
        &mut self,
        code: &str,
        manner: Manner<'_>,
        answers: Option<&mut Answers<'_>>,
        wait: Wait,
        sink: Sink<'_>,
        stage: &mut Stage,
    ) -> Result<(Option<Reply>, Doubted), Failure> {
        self.pass_on(sink);
        let by_paste = code.len() > self.plain_limit() && self.port.abilities().raw_paste;
        let pasted = if by_paste && manner.by_paste && self.paste != Paste::Refused {
            *stage = Stage::Pasting;
            self.paste_code(code, wait, sink)?
        } else {
            Pasted::Refused
        };
        let spoilt_at = if let Pasted::Spoilt { line, .. } = pasted { Some(line) } else { None };
        let unguarded = by_paste && matches!(pasted, Pasted::Refused);
        if unguarded && manner.checks && self.has_room && code.len() > self.unchecked_limit() {
            return self.attempt_checked(code, manner, answers, wait, sink, stage);
        }
        let prelude = match pasted {
            Pasted::Sent(prelude) => prelude,
            Pasted::Spoilt { prelude, .. } => prelude,
            Pasted::Failed => return Ok((None, Doubted::No)),
            Pasted::Refused => {
                *stage = Stage::Sending;
                self.send_plainly(code, wait, sink)?;
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
        let outcome = self.read_reply(&mut decoder, answers, &mut typing, wait, sink);
        self.stray = decoder.stray();
        let doubted = match (&outcome, spoilt_at) {
            // The board found fault with what spoilt the code, or with nothing that was sent before it.
            (Ok(reply), Some(line)) if reply.error_line().is_none_or(|at| at >= line) => Doubted::Likely,
            (Ok(_), Some(_)) => Doubted::Perhaps,
            // What was sent in blocks and does not compile has lost bytes, maybe.
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

    /// After a reply: passes on what came after it, but for the prompts that were asked for.
    fn settle(&mut self, decoder: Decoder, sink: Sink<'_>) -> Result<(), Failure> {
        let prompts = decoder.prompts_to_come();
        self.suspect |= decoder.has_strange_prompt();
        let mut late = decoder.rest();
        late.append(&mut self.incoming);
        self.incoming = late;
        if prompts > 0 {
            // They come before the answer to what is asked now.
            let mut came = Vec::new();
            self.suspect |= !self.confirm(CONFIRM_LIMIT, &mut came)?;
            sink(&reply::without_prompts(came, prompts));
        }
        self.pass_on(sink);
        Ok(())
    }

    fn read_reply(
        &mut self,
        decoder: &mut Decoder,
        mut answers: Option<&mut Answers<'_>>,
        typing: &mut Typing,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Reply, Failure> {
        let mut doubts = Doubts::new();
        let (mut nudge, mut pause) = (None, None);
        let mut heard = Instant::now();
        let whole = wait;
        let mut wait = patient(whole, answers.as_deref());
        loop {
            let came = !self.incoming.is_empty();
            if let Some(end) = self.decode(decoder, answers.as_deref_mut(), typing, wait, sink) {
                return end;
            }
            let typist = answers.as_deref_mut().and_then(|answers| answers.typist.as_mut());
            self.type_on(typing, typist, decoder, wait)?;
            let tick = typing.tick(answers.as_deref().and_then(|answers| answers.typist.as_ref()));
            if came {
                wait = patient(whole, answers.as_deref());
                heard = Instant::now();
                pause = Some(heard + PAUSE);
            }
            if !decoder.is_acknowledged() && heard.elapsed() > self.unheard {
                return Err(Failure::Unheard);
            }
            if came || nudge.is_some_and(|at| Instant::now() >= at) {
                // A question may have been lost: a program that must ask asks again when it sees this byte.
                if !came && decoder.doubt() == Doubt::None {
                    self.port.write(b"\x01", wait)?;
                }
                let asks = answers.as_ref().is_some_and(|answers| answers.patience.is_some());
                nudge = asks.then(|| Instant::now() + NUDGE);
            }
            doubts.note(decoder.doubt(), came);
            // A key that was awaited has brought the friendly prompt.
            if came && decoder.shows_prompt() && doubts.ask_again() {
                self.port.write(INTERRUPT, wait)?;
                decoder.asked_for_prompt();
            }
            if doubts.is_due() {
                self.doubt(&mut doubts, decoder, wait, sink)?;
            }
            let step = wait.until(doubts.next).until(nudge).until(tick).until(pause);
            let is_pause = pause.is_some() && step.deadline == pause;
            let is_glance = is_pause || tick.is_some() && step.deadline == tick;
            let read = match is_glance {
                true => self.port.glance(&mut self.incoming, step),
                false => self.port.read(&mut self.incoming, step),
            };
            if is_pause && self.incoming.is_empty() {
                pause = None;
                sink(&[]);
            }
            match read {
                // A board that never pauses must not keep the deadline away.
                Ok(_) => drop(wait.slice()?),
                Err(PortError::Timeout) if doubts.next.is_some() && step.deadline == doubts.next => {
                    if self.incoming.is_empty() {
                        self.doubt(&mut doubts, decoder, wait, sink)?;
                    }
                }
                Err(PortError::Timeout) if nudge.is_some() && step.deadline == nudge => {}
                // What came before the error may be the end.
                Err(error) => return self.decode(decoder, None, typing, wait, sink).unwrap_or(Err(error.into())),
            }
        }
    }

    /// Gives the decoder what has come, and answers questions. How the command ended, if it has.
    fn decode(
        &mut self,
        decoder: &mut Decoder,
        mut answers: Option<&mut Answers<'_>>,
        typing: &mut Typing,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Option<Result<Reply, Failure>> {
        let mut bytes = std::mem::take(&mut self.incoming);
        if bytes.is_empty() {
            return None;
        }
        loop {
            let mut heard = |bytes: &[u8]| {
                typing.hear(bytes);
                sink(bytes);
            };
            match decoder.feed(&bytes, &mut heard) {
                Progress::More => return None,
                Progress::Done(reply) => return Some(Ok(reply)),
                Progress::Prompt => {
                    return Some(match decoder.conclude(sink) {
                        Conclusion::Reply(reply) => Ok(reply),
                        Conclusion::Torn(_) if decoder.excess().is_some() => {
                            Err(Failure::TooLong(decoder.excess().unwrap_or_default()))
                        }
                        Conclusion::Torn(left) => Err(Failure::Torn(decoder.is_acknowledged().then_some(left))),
                    });
                }
                Progress::Question(text) => {
                    if let Some(answered) = self.end_typing(typing, &text, wait) {
                        if let Err(failure) = answered {
                            return Some(Err(failure));
                        }
                        bytes.clear();
                        continue;
                    }
                    let answer = answers.as_mut().map(|answers| (answers.answer)(&text)).unwrap_or_default();
                    if !answer.is_empty()
                        && let Err(error) = self.port.write(&answer, wait)
                    {
                        return Some(Err(error.into()));
                    }
                    bytes.clear();
                }
            }
        }
    }

    /// The command may have ended: asks for the prompt, or gives up waiting for it.
    fn doubt(&mut self, doubts: &mut Doubts, decoder: &mut Decoder, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        if doubts.act() {
            // A program that runs never sees this byte, unless it reads its input.
            let request = if decoder.was_typed() { INTERRUPT } else { b"\x01" };
            self.port.write(request, wait)?;
            decoder.asked_for_prompt();
        } else {
            decoder.dismiss(sink);
        }
        Ok(())
    }

    fn emit_front(&mut self, count: usize, sink: Sink<'_>) {
        if count > 0 {
            sink(&self.incoming[..count]);
            self.incoming.drain(..count);
        }
    }

    /// Passes on what has come unasked.
    fn pass_on(&mut self, sink: Sink<'_>) {
        if !self.incoming.is_empty() {
            self.suspect |= self.incoming.ends_with(reply::FRIENDLY_PROMPT) || self.incoming.ends_with(RAW_BANNER);
            sink(&self.incoming);
            self.incoming.clear();
        }
    }

    /// Passes on what the board has printed since the last command.
    ///
    /// # Errors
    /// [`Failure::Lost`].
    pub fn drain(&mut self, sink: Sink<'_>) -> Result<(), Failure> {
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

    /// Leaves the raw REPL, so that the next person finds a friendly prompt. The session is closed.
    pub fn leave(&mut self) {
        if self.closed.is_none() {
            let wait = Wait::for_at_most(Duration::from_secs(1)).undisturbed();
            // The answer is not waited for: what the board does after this is nobody's concern.
            let _ = self.port.write(b"\x02", wait);
            self.closed = Some(Failure::Lost("the session was closed".to_owned()));
        }
    }
}

/// How long a board may be silent until it has acknowledged the code: until then it receives and compiles.
pub const UNHEARD_LIMIT: Duration = Duration::from_secs(30);

/// After so long a silence the sink learns that what has come is all for now.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a board at its prompt may take to answer.
const CONFIRM_LIMIT: Duration = Duration::from_millis(500);

/// The wait for a program that must ask before its host's patience ends.
fn patient(wait: Wait, answers: Option<&Answers<'_>>) -> Wait {
    wait.until(answers.and_then(|answers| answers.patience).map(|patience| Instant::now() + patience))
}
