//! A session on a board's raw REPL: enter, run code, interrupt, leave.
//!
//! A short command is one write and one wait: plain raw REPL, code and `\x04` together. A longer one goes by raw paste,
//! whose flow control the board dictates; boards without it get blocks at a pace that their input buffer bears.
//! Invariant: after every return the board waits for the next command, or the session is closed and says why.

use super::reply::{self, Decoder, Progress, RAW_BANNER, Reply};
use crate::port::{Abilities, Port, PortError, Wait};
use std::time::{Duration, Instant};

/// Longest command, in bytes, that is sent without flow control: what the smallest usual input buffers hold (256 on
/// esp8266, 260 on esp32; `MICROPY_HW_USB_CDC_RX_DATA_SIZE` is larger).
const PLAIN_LIMIT: usize = 250;
/// Size of a block and the pause after it where there is no flow control at all; as MicroPython's own tools do it.
const BLOCK: usize = 256;
const BLOCK_PAUSE: Duration = Duration::from_millis(10);
/// How long to wait for the raw REPL after each attempt to enter it. A board may be booting because opening its port
/// reset it, so that the first attempts are lost.
const ENTER_WAITS_MS: [u64; 8] = [300, 300, 500, 1000, 1000, 2000, 2000, 3000];
/// How long a process may take to show its prompt.
const START_LIMIT: Duration = Duration::from_secs(5);
/// How long nothing may come after an end without a frame, before the board is asked whether it was the end.
const DOUBT: Duration = Duration::from_millis(50);
/// How long to wait for a program to end after each Ctrl-C.
const STOP_WAITS_MS: [u64; 3] = [500, 1000, 1500];

/// Why a command has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The deadline passed. The program was interrupted; the session goes on.
    Timeout,
    /// Ctrl-C on the host. The program was interrupted; the session goes on.
    Interrupted,
    /// Output of the board tore the value, again and again. The session goes on.
    Torn,
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
    Running(Decoder),
}

/// A raw REPL on the other end of a port.
pub struct Session {
    port: Box<dyn Port>,
    token: String,
    paste: Paste,
    incoming: Vec<u8>,
    closed: Option<Failure>,
}

/// Where output of the board goes.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8]);

impl Session {
    /// A session over `port`, not entered yet. `token`: 8 or more ASCII letters and digits that nobody can guess.
    pub fn new(port: Box<dyn Port>, token: String) -> Session {
        Session { port, token, paste: Paste::Untried, incoming: Vec::new(), closed: None }
    }

    /// Whether no command can run any more.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
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
            self.wait_for(b">>> ", wait, START_LIMIT)?.ok_or(Failure::Stuck)?;
        }
        self.knock(wait)?;
        if reset {
            self.port.write(b"\x04", wait)?;
            let limit = Duration::from_secs(5);
            if !self.restarted(wait.until(Some(Instant::now() + limit)), sink)? {
                self.knock(wait)?;
            }
        }
        Ok(())
    }

    fn knock(&mut self, wait: Wait) -> Result<(), Failure> {
        for (attempt, limit) in ENTER_WAITS_MS.into_iter().enumerate() {
            // Two Ctrl-C: the first may only end a sleep. No carriage return: it would run a half-typed line.
            self.port.write(b"\x03\x03\x01", wait)?;
            if self.wait_for(RAW_BANNER, wait, Duration::from_millis(limit))?.is_none() {
                continue;
            }
            if attempt > 0 {
                // Earlier attempts may be answered late.
                while self.wait_for(RAW_BANNER, wait, Duration::from_millis(100))?.is_some() {}
            }
            self.incoming.clear();
            return Ok(());
        }
        Err(Failure::Stuck)
    }

    /// Waits until a soft reset has come back to the raw REPL; passes on what boot.py printed.
    fn restarted(&mut self, wait: Wait, sink: Sink<'_>) -> Result<bool, Failure> {
        let limit = wait.deadline.map_or(Duration::from_secs(5), |end| end.saturating_duration_since(Instant::now()));
        let Some(mut text) = self.wait_for(RAW_BANNER, wait, limit)? else { return Ok(false) };
        if let Some(at) = reply::find(&text, b"reboot\r\n") {
            text.drain(..at + b"reboot\r\n".len());
            if !text.is_empty() {
                sink(&text);
            }
        }
        self.incoming.clear();
        Ok(true)
    }

    /// Reads until `mark` has come or `limit` passes; gives what stood before it.
    fn wait_for(&mut self, mark: &[u8], wait: Wait, limit: Duration) -> Result<Option<Vec<u8>>, Failure> {
        let deadline = wait.deadline;
        let wait = wait.until(Some(Instant::now() + limit));
        let mut searched = 0;
        loop {
            if let Some(at) = reply::find(&self.incoming[searched..], mark) {
                let mut before: Vec<u8> = self.incoming.drain(..searched + at + mark.len()).collect();
                before.truncate(searched + at);
                return Ok(Some(before));
            }
            searched = self.incoming.len().saturating_sub(mark.len() - 1);
            match self.port.read(&mut self.incoming, wait) {
                Ok(_) => {}
                Err(PortError::Timeout) => {
                    // A read that ends at its deadline may have brought bytes all the same.
                    if reply::find(&self.incoming[searched..], mark).is_some() {
                        continue;
                    }
                    let whole = deadline.is_some_and(|deadline| Instant::now() >= deadline);
                    return if whole { Err(Failure::Timeout) } else { Ok(None) };
                }
                Err(error) => return Err(error.into()),
            }
        }
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
        let outcome = self.attempt(code, expects_frame, wait, sink, &mut stage);
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

    fn attempt(
        &mut self,
        code: &str,
        expects_frame: bool,
        wait: Wait,
        sink: Sink<'_>,
        stage: &mut Stage,
    ) -> Result<Reply, Failure> {
        self.port.read_available(&mut self.incoming)?;
        self.pass_on(sink);
        let by_paste = code.len() > PLAIN_LIMIT && self.port.abilities().raw_paste && self.paste != Paste::Refused;
        let pasted = by_paste && self.paste_code(code, wait, sink)?;
        if !pasted {
            self.send_plainly(code, wait)?;
        }
        *stage = Stage::Running(Decoder::new(&self.token, !pasted, expects_frame));
        let Stage::Running(decoder) = stage else { return Err(Failure::Stuck) };
        let reply = self.read_reply(decoder, wait, sink)?;
        let finished = std::mem::replace(stage, Stage::Sending);
        if let Stage::Running(decoder) = finished {
            let rest = decoder.rest();
            if !rest.is_empty() {
                sink(&rest);
            }
        }
        Ok(reply)
    }

    fn read_reply(&mut self, decoder: &mut Decoder, wait: Wait, sink: Sink<'_>) -> Result<Reply, Failure> {
        let mut probed = false;
        loop {
            if !self.incoming.is_empty() {
                let progress = decoder.feed(&self.incoming, sink);
                self.incoming.clear();
                match progress {
                    Progress::More => {}
                    Progress::Done(reply) if probed && reply.frame.is_some() => {
                        // The program has gone on after all. The answer to the Ctrl-A is still to come.
                        self.wait_for(RAW_BANNER, wait, Duration::from_millis(500))?;
                        return Ok(reply);
                    }
                    Progress::Done(reply) => return Ok(reply),
                    Progress::Restarted => return Err(Failure::Restarted),
                }
            }
            let doubt = decoder.is_doubtful() && !probed;
            let patience = if doubt { wait.until(Some(Instant::now() + DOUBT)) } else { wait };
            match self.port.read(&mut self.incoming, patience) {
                Err(PortError::Timeout) if doubt && wait.deadline.is_none_or(|end| Instant::now() < end) => {
                    // Is the command over, its frame lost? The raw REPL always answers Ctrl-A; a program does not.
                    self.port.write(b"\x01", wait)?;
                    decoder.probe();
                    probed = true;
                }
                read => {
                    read?;
                }
            }
        }
    }

    fn send_plainly(&mut self, code: &str, wait: Wait) -> Result<(), Failure> {
        let mut bytes = Vec::with_capacity(code.len() + 1);
        bytes.extend_from_slice(code.as_bytes());
        bytes.push(0x04);
        // A process behind a terminal reads at its own pace; a board without raw paste drops what its buffer cannot hold.
        if bytes.len() <= BLOCK || !self.port.abilities().raw_paste {
            return Ok(self.port.write(&bytes, wait)?);
        }
        for block in bytes.chunks(BLOCK) {
            self.port.write(block, wait)?;
            let pause = wait.until(Some(Instant::now() + BLOCK_PAUSE));
            while pause.deadline.is_some_and(|end| Instant::now() < end) {
                match self.port.read(&mut self.incoming, pause) {
                    Ok(_) | Err(PortError::Timeout) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Sends code by raw paste. Gives false if the board has none: then nothing was sent.
    fn paste_code(&mut self, code: &str, wait: Wait, sink: Sink<'_>) -> Result<bool, Failure> {
        let bytes = code.as_bytes();
        // Once the window is known, the first two windows go out with the request, in one write.
        let mut sent = match self.paste {
            Paste::Window(window) => bytes.len().min(2 * window),
            _ => 0,
        };
        let mut request = b"\x05A\x01".to_vec();
        request.extend_from_slice(&bytes[..sent]);
        let mut complete = sent == bytes.len();
        if complete {
            request.push(0x04);
        }
        self.port.write(&request, wait)?;
        let Some(window) = self.paste_window(wait, sink)? else { return Ok(false) };
        self.paste = Paste::Window(window);
        let mut budget = (2 * window).saturating_sub(sent);
        loop {
            // Credits, and the board's `\x04`: it has compiled the code, or found it wrong half-way.
            while let Some((&byte, _)) = self.incoming.split_first() {
                match byte {
                    0x01 => budget += window,
                    0x04 => {
                        self.incoming.remove(0);
                        if !complete {
                            self.port.write(b"\x04", wait)?;
                        }
                        return Ok(true);
                    }
                    _ => sink(&[byte]),
                }
                self.incoming.remove(0);
            }
            let count = budget.min(bytes.len() - sent);
            if !complete && count > 0 {
                let mut block = bytes[sent..sent + count].to_vec();
                sent += count;
                budget -= count;
                if sent == bytes.len() {
                    block.push(0x04);
                    complete = true;
                }
                self.port.write(&block, wait)?;
            } else {
                self.port.read(&mut self.incoming, wait)?;
            }
        }
    }

    /// Reads the answer to the request for raw paste: its window, or `None` if the board has no raw paste.
    fn paste_window(&mut self, wait: Wait, sink: Sink<'_>) -> Result<Option<usize>, Failure> {
        loop {
            let accepted = reply::find(&self.incoming, b"R\x01");
            let refused = reply::find(&self.incoming, b"R\x00").map(|at| (at, at + 3));
            // Before 1.14 the three bytes only clear the line.
            let unknown = reply::find(&self.incoming, RAW_BANNER).map(|at| (at, at + RAW_BANNER.len()));
            if let Some(at) = accepted {
                if let Some(&[low, high, 0x01]) = self.incoming.get(at + 2..at + 5) {
                    self.emit_front(at, sink);
                    self.incoming.drain(..5);
                    return Ok(Some(usize::from(u16::from_le_bytes([low, high])).max(1)));
                }
            } else if let Some((at, end)) = refused.or(unknown).filter(|(_, end)| self.incoming.len() >= *end) {
                self.emit_front(at, sink);
                self.incoming.drain(..end - at);
                self.paste = Paste::Refused;
                return Ok(None);
            }
            self.port.read(&mut self.incoming, wait)?;
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
            sink(&self.incoming);
            self.incoming.clear();
        }
    }

    /// Stops what runs and brings the board back to its prompt.
    fn stop(&mut self, stage: Stage, sink: Sink<'_>) -> Result<(), Failure> {
        if let Stage::Running(mut decoder) = stage {
            for limit in STOP_WAITS_MS {
                let wait = Wait::for_at_most(Duration::from_millis(limit)).undisturbed();
                match self.port.write(b"\x03", wait) {
                    // A simulated board waits for a moment at which its interpreter can be interrupted.
                    Ok(()) | Err(PortError::Timeout) => {}
                    Err(error) => return Err(error.into()),
                }
                match self.read_reply(&mut decoder, wait, sink) {
                    Ok(_) => {
                        sink(&decoder.rest());
                        return Ok(());
                    }
                    Err(Failure::Timeout) => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
        self.synchronise(sink)
    }

    /// Clears whatever was half sent: Ctrl-C, then Ctrl-A, which the raw REPL always answers.
    fn synchronise(&mut self, sink: Sink<'_>) -> Result<(), Failure> {
        for limit in STOP_WAITS_MS {
            let wait = Wait::for_at_most(Duration::from_secs(5)).undisturbed();
            self.port.write(b"\x03\x01", wait)?;
            if let Some(before) = self.wait_for(RAW_BANNER, wait, Duration::from_millis(limit))? {
                // What a late program printed is passed on, its end is not.
                sink(before.split(|&byte| byte == 0x04).next().unwrap_or_default());
                // The end of an interrupted program may come after the answer to an earlier Ctrl-A.
                while self.wait_for(RAW_BANNER, wait, Duration::from_millis(50))?.is_some() {}
                self.incoming.clear();
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
        self.knock(wait)
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
        self.wait_for(b">>> ", wait, Duration::from_secs(2))?;
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
        let outcome = self.wait_for(b">>> ", wait, patience);
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

/// Where the greeting of the friendly REPL begins in `text`, if it ends with one.
fn banner_start(text: &[u8]) -> Option<usize> {
    let help = reply::find(text, b"Type \"help()\"")?;
    let before = text[..help].strip_suffix(b"\r\n").unwrap_or(&text[..help]);
    Some(before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1))
}
