//! The ways into the raw REPL: at first, and after restarts.
//!
//! Uses [`crate::repl::reply`]. Invariant: whatever the board does or shows, there is an end to trying.

use super::{Failure, INTERRUPT, LATE, Session, Sink};
use crate::port::Wait;
use crate::repl::reply::{self, RAW_BANNER};
use std::time::Duration;

/// How long to wait for the raw REPL after each attempt to enter it. A board may be booting because opening its port
/// reset it, so that the first attempts are lost.
const ENTER_WAITS_MS: [u64; 8] = [300, 300, 500, 1000, 1000, 2000, 2000, 3000];
/// How long a restart may take: so often so long.
const RESTART_WAIT: Duration = Duration::from_millis(700);
const RESTART_WAITS: usize = 7;
/// How long a process may take to show its prompt.
const START_LIMIT: Duration = Duration::from_secs(5);

impl Session {
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

    pub(super) fn knock(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
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
                // The greeting may have been torn. Or a CircuitPython runs its code.py, or waits for a key.
                let request = if self.restarts_otherwise() { INTERRUPT } else { b"\x01" };
                self.port.write(request, wait)?;
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

    /// Whether the board has announced its restart in other words than MicroPython, whose boot.py must not be interrupted:
    /// `MPY: soft reboot`, or `PYB:`. CircuitPython's words depend on its language.
    fn restarts_otherwise(&self) -> bool {
        let told = self.incoming.strip_prefix(b"OK\r\n").unwrap_or(&self.incoming);
        reply::find(told, b"\n").is_some() && reply::find(told, b": soft reboot").is_none()
    }

    /// Restarts the board as Ctrl-D at its prompt does, so that `main.py` runs, and comes back into the raw REPL as soon
    /// as main.py has ended, or is interrupted after `patience`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn soft_reset(&mut self, patience: Duration, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        let outcome = self.restart(patience, wait, sink).and_then(|()| self.knock(wait, sink));
        if outcome.is_err() {
            // It is neither where it was nor where it was to be.
            self.close(Failure::Restarted);
        }
        outcome
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
