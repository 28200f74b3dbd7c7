//! A session on a board's raw REPL: enter, run code, interrupt, leave.
//!
//! A short command is one write and one wait: plain raw REPL, code and `\x04` together. A longer one goes by raw paste,
//! whose flow control the board dictates; boards without it get blocks at a pace that their input buffer bears.
//! Invariant: after every return the board waits for the next command, or the session is closed and says why.

use super::reply::{self, Conclusion, Decoder, Doubt, Prelude, Progress, RAW_BANNER, Reply};
use crate::port::{Abilities, Port, PortError, Wait};
use std::time::{Duration, Instant};

/// Longest command, in bytes, that is sent without flow control to a board whose input buffer is known to be larger, and
/// to one of which nothing is known: 128 bytes are the smallest usual buffer (samd).
const PLAIN_LIMIT: usize = 250;
const UNKNOWN_LIMIT: usize = 120;
/// Size of a block and the pause after it where there is no flow control at all: a buffer of 32 bytes (micro:bit) bears
/// that, and 115200 baud bring no more. [`Session::learn_blocks`] finds out what else a board bears.
const SMALL_BLOCK: Block = Block { size: 32, pause: Duration::from_millis(4) };
/// What MicroPython's own tools send.
const LARGE_BLOCK: Block = Block { size: 250, pause: Duration::from_millis(10) };
/// Longest time of a board at its prompt to answer, or to take in a window of code; and of silence after an answer that
/// makes no sense.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
const GARBLED_LIMIT: Duration = Duration::from_millis(300);
/// How often a command is sent whose upload came to grief before its end was sent.
const UPLOADS: usize = 3;
/// How long a command may look ended until the board is asked for its prompt, at first and at most.
const DOUBT_MS: (u64, u64) = (250, 8000);
/// How long the board may take to show that prompt before it is clear that a program runs.
const PROMPT_LIMIT: Duration = Duration::from_secs(1);
/// How long an answer may be late that is only waited for to be thrown away.
const LATE: Duration = Duration::from_millis(100);
/// Most output that is kept while something is waited for.
const MOST_KEPT: usize = 64 * 1024;
/// Ctrl-C, then Ctrl-A, which the raw REPL always answers.
const INTERRUPT: &[u8] = b"\x03\x01";
/// Makes half a program a syntax error, wherever it ends, and ends it. Ctrl-C would do on MicroPython, but crashes
/// CircuitPython.
const SPOIL: &[u8] = b"\n?\x04";
/// How long to wait for the raw REPL after each attempt to enter it. A board may be booting because opening its port
/// reset it, so that the first attempts are lost.
const ENTER_WAITS_MS: [u64; 8] = [300, 300, 500, 1000, 1000, 2000, 2000, 3000];
/// How long a restart may take: so often so long.
const RESTART_WAIT: Duration = Duration::from_millis(700);
const RESTART_WAITS: usize = 7;
/// How long a process may take to show its prompt.
const START_LIMIT: Duration = Duration::from_secs(5);
/// How long to wait for a program to end after each Ctrl-C.
const STOP_WAITS_MS: [u64; 3] = [500, 1000, 1500];

/// Why a command has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The deadline passed. The program was interrupted; the session goes on.
    Timeout,
    /// Ctrl-C on the host. The program was interrupted; the session goes on.
    Interrupted,
    /// The command has ended, but its reply is torn: by output, or because bytes were lost. What is left of it, if the
    /// board has acknowledged the command at all. The session goes on.
    Torn(Option<Vec<u8>>),
    /// The board restarted. The session is closed.
    Restarted,
    /// The link is lost. The session is closed.
    Lost(String),
    /// The board no longer answers as a raw REPL does. The session is closed.
    Stuck,
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

/// What is known of raw paste on this board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paste {
    Untried,
    /// Works, with a window of so many bytes.
    Window(usize),
    Refused,
}

/// How far a command has come; decides how to stop it.
enum Stage {
    Sending,
    Pasting,
    Running(Decoder),
}

/// What became of code sent by raw paste.
enum Pasted {
    /// It is on the board; its reply starts so.
    Sent(Prelude),
    /// The board found it wrong before its end, or so it seems. It does not run.
    Spoilt,
    /// The board has no raw paste, nothing was sent.
    Refused,
    /// The board does not keep to the protocol. The code has not run.
    Failed,
}

/// What the board says to the request for raw paste.
enum Answer {
    Window(usize),
    Refused,
    /// Nothing.
    None,
}

/// A pace for boards without flow control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    size: usize,
    pause: Duration,
}

/// A raw REPL on the other end of a port.
pub struct Session {
    port: Box<dyn Port>,
    token: String,
    paste: Paste,
    block: Block,
    incoming: Vec<u8>,
    closed: Option<Failure>,
    /// The board may have restarted since the last command.
    suspect: bool,
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
            incoming: Vec::new(),
            closed: None,
            suspect: false,
        }
    }

    /// Whether no command can run any more.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Ends the session for a reason that shows above it.
    pub fn close(&mut self, failure: Failure) {
        self.closed.get_or_insert(failure);
    }

    /// The connection's secret.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What the port can do.
    pub fn abilities(&self) -> Abilities {
        self.port.abilities()
    }

    /// Enters the raw REPL, whatever the board is doing. `reset`: then restart it, so that nothing is left of earlier
    /// programs; what `boot.py` prints goes to `sink`.
    ///
    /// # Errors
    /// [`Failure::Stuck`] if no raw REPL answers within about ten seconds.
    pub fn enter(&mut self, reset: bool, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        if self.port.abilities().starts_on_open {
            // Without a prompt it is no MicroPython, and a Ctrl-C would only end it.
            self.wait_for(b">>> ", wait, START_LIMIT, &mut |_| {})?.ok_or(Failure::Stuck)?;
        }
        self.knock(wait, sink)?;
        if reset {
            self.port.write(b"\x04", wait)?;
            if !self.restarted(wait, sink)? {
                self.knock(wait, sink)?;
            }
        }
        Ok(())
    }

    fn knock(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        for (attempt, limit) in ENTER_WAITS_MS.into_iter().enumerate() {
            // Two Ctrl-C: the first may only end a sleep. No carriage return: it would run a half-typed line.
            self.port.write(b"\x03\x03\x01", wait)?;
            if self.wait_for(RAW_BANNER, wait, Duration::from_millis(limit), &mut |_| {})?.is_none() {
                continue;
            }
            if attempt > 0 {
                // Earlier attempts may be answered late.
                while self.wait_for(RAW_BANNER, wait, Duration::from_millis(100), sink)?.is_some() {}
            }
            self.incoming.clear();
            return Ok(());
        }
        Err(Failure::Stuck)
    }

    /// Waits until a soft reset has come back to the raw REPL; passes on what boot.py printed.
    fn restarted(&mut self, wait: Wait, sink: Sink<'_>) -> Result<bool, Failure> {
        let mut found = None;
        for attempt in 0..RESTART_WAITS {
            if attempt > 0 {
                // The greeting may have been torn.
                self.port.write(b"\x01", wait)?;
            }
            found = self.wait_for(RAW_BANNER, wait, RESTART_WAIT, sink)?;
            if found.is_some() {
                while attempt > 0 && self.wait_for(RAW_BANNER, wait, LATE, sink)?.is_some() {}
                break;
            }
        }
        let Some(mut text) = found else {
            self.pass_on(sink);
            return Ok(false);
        };
        if let Some(at) = reply::find(&text, b"reboot\r\n") {
            text.drain(..at + b"reboot\r\n".len());
            if !text.is_empty() {
                sink(&text);
            }
        }
        self.incoming.clear();
        Ok(true)
    }

    /// Reads until `mark` has come or `limit` passes; gives what stood before it. What is too much of that goes to `sink`.
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

    /// Finds out how much a board without raw paste takes at once, by sending it a program that tells how much came.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn learn_blocks(&mut self, count: &dyn Fn(&str) -> String, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        if self.paste != Paste::Refused {
            return Ok(());
        }
        let text = "x".repeat(LARGE_BLOCK.size - 1 - count("").len());
        self.block = LARGE_BLOCK;
        let own = wait.until(Some(Instant::now() + ANSWER_LIMIT));
        let whole = match self.execute(&count(&text), true, own, sink) {
            Ok(reply) => reply.frame.is_some_and(|frame| frame.text == text.len().to_string()),
            Err(Failure::Timeout) if wait.slice().is_ok() => false,
            Err(Failure::Torn(_)) => false,
            Err(failure) => return Err(failure),
        };
        if !whole {
            self.block = SMALL_BLOCK;
        }
        Ok(())
    }

    /// Runs `code` and gives the reply; what the board prints on the way goes to `sink` as it comes.
    /// `expects_frame`: the code sends a frame as its last act, unless it raises.
    ///
    /// # Errors
    /// See [`Failure`]. After a timeout or an interrupt the program has been stopped.
    pub fn execute(&mut self, code: &str, expects_frame: bool, wait: Wait, sink: Sink<'_>) -> Result<Reply, Failure> {
        if let Some(failure) = &self.closed {
            return Err(failure.clone());
        }
        let mut stage = Stage::Sending;
        let mut outcome = Err(Failure::Stuck);
        for upload in 0..UPLOADS {
            stage = Stage::Sending;
            match self.attempt(code, expects_frame, wait, sink, &mut stage) {
                // What seems wrong is wrong if it is so again.
                Ok((Some(_), true)) if upload == 0 => continue,
                Ok((Some(reply), _)) => outcome = Ok(reply),
                Err(failure) => outcome = Err(failure),
                // Nothing has run.
                Ok((None, _)) => match self.stop(Stage::Pasting, sink) {
                    Ok(()) => continue,
                    Err(failure) => outcome = Err(failure),
                },
            }
            break;
        }
        if let Err(failure @ (Failure::Timeout | Failure::Interrupted)) = &outcome
            && let Err(worse) = self.stop(stage, sink)
        {
            // A board that cannot be stopped is of no use any more. But what ended the call was the deadline or Ctrl-C.
            self.closed = Some(worse.clone());
            return Err(if worse == Failure::Stuck { failure.clone() } else { worse });
        }
        if let Err(failure @ (Failure::Restarted | Failure::Lost(_) | Failure::Stuck)) = &outcome {
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
            true => {
                wait.slice()?;
                self.synchronise(b"\x01", &STOP_WAITS_MS, sink)
            }
            false => Ok(()),
        });
        if let Err(failure @ (Failure::Lost(_) | Failure::Stuck)) = &outcome {
            self.closed = Some(failure.clone());
        }
        outcome.map(|()| std::mem::take(&mut self.suspect))
    }

    /// Sends the code and reads its reply. `None`: the upload came to grief, and the code has not run. Besides: whether it
    /// was spoilt, and the reply is that of a syntax error.
    fn attempt(
        &mut self,
        code: &str,
        expects_frame: bool,
        wait: Wait,
        sink: Sink<'_>,
        stage: &mut Stage,
    ) -> Result<(Option<Reply>, bool), Failure> {
        self.pass_on(sink);
        let by_paste = code.len() > self.plain_limit() && self.port.abilities().raw_paste;
        let pasted = if by_paste && self.paste != Paste::Refused {
            *stage = Stage::Pasting;
            self.paste_code(code, wait, sink)?
        } else {
            Pasted::Refused
        };
        let spoilt = matches!(pasted, Pasted::Spoilt);
        let prelude = match pasted {
            Pasted::Sent(prelude) => prelude,
            Pasted::Spoilt => Prelude::Paste(None),
            Pasted::Failed => return Ok((None, false)),
            Pasted::Refused => {
                *stage = Stage::Sending;
                self.send_plainly(code, wait)?;
                Prelude::Plain
            }
        };
        let mut decoder = Decoder::new(&self.token, prelude, expects_frame);
        let outcome = self.read_reply(&mut decoder, wait, sink);
        if matches!(outcome, Err(Failure::Timeout | Failure::Interrupted)) {
            *stage = Stage::Running(decoder);
        } else {
            self.settle(decoder, sink)?;
        }
        outcome.map(|reply| (Some(reply), spoilt))
    }

    /// The longest code that goes out in one write without a question.
    fn plain_limit(&self) -> usize {
        match self.paste {
            // The board's buffer holds two windows.
            Paste::Window(window) => PLAIN_LIMIT.min((2 * window).saturating_sub(6)),
            Paste::Untried => UNKNOWN_LIMIT,
            Paste::Refused => self.block.size - 1,
        }
    }

    /// After a reply: passes on what came after it, but for the prompts that were asked for.
    fn settle(&mut self, decoder: Decoder, sink: Sink<'_>) -> Result<(), Failure> {
        let prompts = decoder.prompts_to_come();
        self.suspect |= decoder.has_strange_prompt();
        let mut late = decoder.rest();
        late.append(&mut self.incoming);
        self.incoming = late;
        for _ in 0..prompts {
            let Some(before) = self.wait_for(RAW_BANNER, Wait { deadline: None, interruptible: false }, LATE, sink)?
            else {
                break;
            };
            sink(&before);
        }
        self.pass_on(sink);
        Ok(())
    }

    fn read_reply(&mut self, decoder: &mut Decoder, wait: Wait, sink: Sink<'_>) -> Result<Reply, Failure> {
        let mut doubts = Doubts::new();
        loop {
            let came = !self.incoming.is_empty();
            if let Some(end) = self.decode(decoder, sink) {
                return end;
            }
            doubts.note(decoder.doubt(), came);
            if doubts.is_due() {
                self.doubt(&mut doubts, decoder, wait, sink)?;
            }
            let step = wait.until(doubts.next);
            match self.port.read(&mut self.incoming, step) {
                // A board that never pauses must not keep the deadline away.
                Ok(_) => drop(wait.slice()?),
                Err(PortError::Timeout) if doubts.next.is_some() && step.deadline == doubts.next => {
                    if self.incoming.is_empty() {
                        self.doubt(&mut doubts, decoder, wait, sink)?;
                    }
                }
                // What came before the error may be the end.
                Err(error) => return self.decode(decoder, sink).unwrap_or(Err(error.into())),
            }
        }
    }

    /// Gives the decoder what has come. How the command ended, if it has.
    fn decode(&mut self, decoder: &mut Decoder, sink: Sink<'_>) -> Option<Result<Reply, Failure>> {
        let bytes = std::mem::take(&mut self.incoming);
        if bytes.is_empty() {
            return None;
        }
        match decoder.feed(&bytes, sink) {
            Progress::More => None,
            Progress::Done(reply) => Some(Ok(reply)),
            Progress::Prompt => Some(match decoder.conclude(sink) {
                Conclusion::Reply(reply) => Ok(reply),
                Conclusion::Torn(left) => Err(Failure::Torn(decoder.is_acknowledged().then_some(left))),
            }),
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

    fn send_plainly(&mut self, code: &str, wait: Wait) -> Result<(), Failure> {
        let mut bytes = Vec::with_capacity(code.len() + 1);
        bytes.extend_from_slice(code.as_bytes());
        bytes.push(0x04);
        // A process behind a terminal reads at its own pace; a board without raw paste drops what its buffer cannot hold.
        if !self.port.abilities().raw_paste || (self.paste != Paste::Refused && bytes.len() <= PLAIN_LIMIT + 1) {
            return Ok(self.port.write(&bytes, wait)?);
        }
        let Block { size, pause } = self.block;
        for block in bytes.chunks(size) {
            self.port.write(block, wait)?;
            let pause = Wait { deadline: Some(Instant::now() + pause), ..wait };
            while bytes.len() > size {
                match self.port.read(&mut self.incoming, pause) {
                    Ok(_) => {}
                    Err(PortError::Timeout) => break,
                    Err(error) => return Err(error.into()),
                }
                if pause.slice().is_err() {
                    break;
                }
            }
            wait.slice()?;
        }
        Ok(())
    }

    /// Sends code by raw paste.
    fn paste_code(&mut self, code: &str, wait: Wait, sink: Sink<'_>) -> Result<Pasted, Failure> {
        let bytes = code.as_bytes();
        // Once the window is known, as much as the board's buffer of two windows holds goes out with the request.
        let mut sent = 0;
        if let Paste::Window(window) = self.paste {
            let room = (2 * window).saturating_sub(4);
            if bytes.len() <= room {
                let request = [b"\x05A\x01", bytes, b"\x04"].concat();
                self.port.write(&request, wait)?;
                return Ok(Pasted::Sent(Prelude::Paste(Some(header(window)))));
            }
            sent = room;
        }
        self.port.write(&[b"\x05A\x01", &bytes[..sent]].concat(), wait)?;
        let window = match self.paste_window(wait, sink)? {
            Answer::Window(window) => window,
            Answer::Refused if sent == 0 => return Ok(Pasted::Refused),
            Answer::Refused | Answer::None => return Ok(Pasted::Failed),
        };
        let mut budget = (2 * window).saturating_sub(sent);
        let mut soon = Instant::now() + ANSWER_LIMIT;
        loop {
            let come = std::mem::take(&mut self.incoming);
            if let Some(at) = come.iter().position(|&byte| byte == 0x04) {
                // The code is wrong, and the rest of it is thrown away until `\x04`. Or a thread has printed that byte:
                // then an end would run half the code, so it is spoilt first.
                self.incoming = come;
                self.emit_front(at, sink);
                self.port.write(SPOIL, wait)?;
                return Ok(Pasted::Spoilt);
            }
            let credits = come.iter().filter(|&&byte| byte == 0x01).count();
            if credits < come.len() {
                sink(&come.iter().copied().filter(|&byte| byte != 0x01).collect::<Vec<u8>>());
            }
            budget += credits * window;
            let count = budget.min(bytes.len() - sent);
            if count == 0 {
                if self.read_soon(soon, wait)? {
                    continue;
                }
                return Ok(Pasted::Failed);
            }
            soon = Instant::now() + ANSWER_LIMIT;
            let mut block = bytes[sent..sent + count].to_vec();
            sent += count;
            budget -= count;
            let complete = sent == bytes.len();
            if complete {
                block.push(0x04);
            }
            self.port.write(&block, wait)?;
            if complete {
                return Ok(Pasted::Sent(Prelude::Paste(None)));
            }
        }
    }

    /// Waits until `soon` for bytes of a board that has to answer. Whether some have come.
    fn read_soon(&mut self, soon: Instant, wait: Wait) -> Result<bool, Failure> {
        let step = wait.until(Some(soon));
        match self.port.read(&mut self.incoming, step).and_then(|_| step.slice()) {
            Ok(_) => Ok(true),
            Err(PortError::Timeout) if step.deadline == Some(soon) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the answer to the request for raw paste.
    fn paste_window(&mut self, wait: Wait, sink: Sink<'_>) -> Result<Answer, Failure> {
        let soon = Instant::now() + ANSWER_LIMIT;
        loop {
            if let Some((at, window)) = self.window_at() {
                self.emit_front(at, sink);
                self.incoming.drain(..5);
                self.paste = Paste::Window(window);
                return Ok(Answer::Window(window));
            }
            // Before 1.14 the three bytes only clear the line.
            for refusal in [b"R\x00>".as_slice(), RAW_BANNER] {
                if let Some(at) = reply::find(&self.incoming, refusal) {
                    self.emit_front(at, sink);
                    self.incoming.drain(..refusal.len());
                    // A board that had it once may have it again.
                    self.paste = if self.paste == Paste::Untried { Paste::Refused } else { Paste::Untried };
                    return Ok(Answer::Refused);
                }
            }
            if self.incoming.len() > MOST_KEPT {
                self.emit_front(self.incoming.len() - MOST_KEPT / 2, sink);
            }
            let patience = match self.incoming.is_empty() {
                true => soon,
                false => soon.min(Instant::now() + GARBLED_LIMIT),
            };
            if !self.read_soon(patience, wait)? {
                return Ok(Answer::None);
            }
        }
    }

    /// Where the board grants a window, and its size.
    fn window_at(&self) -> Option<(usize, usize)> {
        let size = |bytes: &[u8]| match *bytes {
            [b'R', 0x01, low, high, 0x01] => {
                Some(usize::from(u16::from_le_bytes([low, high]))).filter(|&size| size > 0)
            }
            _ => None,
        };
        let mut found = self.incoming.windows(5).enumerate().filter_map(|(at, bytes)| Some((at, size(bytes)?)));
        match self.paste {
            Paste::Window(known) => found.find(|&(_, window)| window == known),
            _ => found.next(),
        }
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

    /// Stops what runs and brings the board back to its prompt.
    fn stop(&mut self, stage: Stage, sink: Sink<'_>) -> Result<(), Failure> {
        let (first, limits): (&[u8], &[u64]) = match stage {
            Stage::Sending => (INTERRUPT, &STOP_WAITS_MS),
            Stage::Pasting => (b"\n?\x04\x01", &STOP_WAITS_MS),
            Stage::Running(mut decoder) => {
                for limit in STOP_WAITS_MS {
                    let wait = Wait::for_at_most(Duration::from_millis(limit)).undisturbed();
                    match self.port.write(b"\x03", wait) {
                        // A simulated board waits for a moment at which its interpreter can be interrupted.
                        Ok(()) | Err(PortError::Timeout) => {}
                        Err(error) => return Err(error.into()),
                    }
                    match self.read_reply(&mut decoder, wait, sink) {
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
    fn synchronise(&mut self, first: &[u8], limits_ms: &[u64], sink: Sink<'_>) -> Result<(), Failure> {
        let mut request = first;
        for &limit in limits_ms {
            let wait = Wait::for_at_most(Duration::from_secs(5)).undisturbed();
            self.port.write(request, wait)?;
            request = INTERRUPT;
            if let Some(before) = self.wait_for(RAW_BANNER, wait, Duration::from_millis(limit), sink)? {
                // What a late program printed is passed on, its end is not.
                sink(before.split(|&byte| byte == 0x04).next().unwrap_or_default());
                // The end of an interrupted program may come after the answer to an earlier Ctrl-A.
                while self.wait_for(RAW_BANNER, wait, LATE / 2, sink)?.is_some() {}
                self.pass_on(sink);
                return Ok(());
            }
        }
        Err(Failure::Stuck)
    }

    /// Passes on what the board has printed since the last command.
    ///
    /// # Errors
    /// [`Failure::Lost`].
    pub fn drain(&mut self, sink: Sink<'_>) -> Result<(), Failure> {
        let outcome = self.port.read_available(&mut self.incoming);
        self.pass_on(sink);
        outcome?;
        Ok(())
    }

    /// Restarts the board as Ctrl-D at its prompt does, so that `main.py` runs, and comes back into the raw REPL as soon
    /// as main.py has ended, or is interrupted after `patience`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn soft_reset(&mut self, patience: Duration, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        self.restart(patience, wait, sink)?;
        self.knock(wait, sink)
    }

    /// As [`Session::soft_reset`], but the board is left to its main.py or at its friendly prompt. The session is closed.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn leave_restarting(&mut self, patience: Duration, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        let restarted = self.restart(patience, wait, sink);
        self.closed = Some(Failure::Restarted);
        restarted
    }

    /// Sends `code`, which resets the board, and passes on what the board prints until it shows a friendly prompt, is
    /// gone, or `patience` is over. The session is closed. Gives the traceback if the board refused.
    ///
    /// # Errors
    /// See [`Failure`]; a board that is gone after the code was sent has done as it was told.
    pub fn leave_resetting(
        &mut self,
        code: &str,
        patience: Duration,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Option<String>, Failure> {
        self.incoming.clear();
        self.port.write(code.as_bytes(), wait)?;
        self.port.write(b"\x04", wait)?;
        self.closed = Some(Failure::Restarted);
        match self.pass_until_prompt(b"OK", patience, wait, sink) {
            Ok(text) => {
                let refused = text.strip_prefix(b"\x04").and_then(|rest| rest.split(|&byte| byte == 0x04).next());
                let refused = refused.filter(|text| text.starts_with(b"Traceback"));
                Ok(refused.map(|text| String::from_utf8_lossy(text).into_owned()))
            }
            Err(Failure::Lost(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn restart(&mut self, patience: Duration, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        self.port.write(b"\x02", wait)?;
        self.wait_for(b">>> ", wait, Duration::from_secs(2), sink)?;
        self.incoming.clear();
        self.port.write(b"\x04", wait)?;
        self.pass_until_prompt(b"reboot\r\n", patience, wait, sink).map(drop)
    }

    /// Passes on what comes between `mark` and the greeting of the friendly REPL, or in `patience`. Gives it.
    fn pass_until_prompt(
        &mut self,
        mark: &[u8],
        patience: Duration,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Vec<u8>, Failure> {
        let outcome = self.wait_for(b">>> ", wait, patience, sink);
        let (mut text, failure) = match outcome {
            Ok(Some(text)) => (text, None),
            Ok(None) => (std::mem::take(&mut self.incoming), None),
            Err(failure) => (std::mem::take(&mut self.incoming), Some(failure)),
        };
        text.truncate(banner_start(&text).unwrap_or(text.len()));
        text.drain(..reply::find(&text, mark).map_or(0, |at| at + mark.len()));
        if !text.is_empty() && text.first() != Some(&0x04) {
            sink(&text);
        }
        failure.map_or(Ok(text), Err)
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

/// The bytes that grant a window.
fn header(window: usize) -> [u8; 5] {
    let [low, high] = u16::try_from(window).unwrap_or(u16::MAX).to_le_bytes();
    [b'R', 0x01, low, high, 0x01]
}

/// When the board is asked whether a command has ended.
struct Doubts {
    /// When to do something.
    next: Option<Instant>,
    delay: Duration,
    /// The board was asked, and has not answered.
    asked: bool,
    /// How often it may be asked at once.
    hasty: u8,
}

impl Doubts {
    fn new() -> Doubts {
        Doubts { next: None, delay: Duration::from_millis(DOUBT_MS.0), asked: false, hasty: 3 }
    }

    /// Takes note of the decoder's doubt; `came`: bytes have come.
    fn note(&mut self, doubt: Doubt, came: bool) {
        if self.asked {
            return;
        }
        let after = |delay| Some(Instant::now() + delay);
        match doubt {
            Doubt::None => self.next = None,
            Doubt::Likely if self.hasty > 0 => {
                self.hasty -= 1;
                self.next = after(Duration::ZERO);
            }
            Doubt::Silence if came => self.next = after(self.delay),
            Doubt::Unheard if self.next.is_none() => self.next = after(4 * self.delay),
            _ if self.next.is_none() => self.next = after(self.delay),
            _ => {}
        }
    }

    fn is_due(&self) -> bool {
        self.next.is_some_and(|next| Instant::now() >= next)
    }

    /// Whether to ask; else the answer is not waited for any longer.
    fn act(&mut self) -> bool {
        self.asked = !self.asked;
        if self.asked {
            self.next = Some(Instant::now() + PROMPT_LIMIT);
        } else {
            self.next = None;
            self.delay = (2 * self.delay).min(Duration::from_millis(DOUBT_MS.1));
        }
        self.asked
    }
}

/// Where the greeting of the friendly REPL begins in `text`, if it ends with one.
fn banner_start(text: &[u8]) -> Option<usize> {
    if let Some(at) = reply::find(text, b"\r\nAdafruit CircuitPython ") {
        return Some(at);
    }
    let help = reply::find(text, b"Type \"help()\"")?;
    let before = text[..help].strip_suffix(b"\r\n").unwrap_or(&text[..help]);
    Some(before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1))
}
