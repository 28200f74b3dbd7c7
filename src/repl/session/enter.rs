//! Enters the raw REPL: at first, and after restarts.
//!
//! Uses [`crate::repl::reply`]. Invariant: trying ends, whatever the board does.

use super::stop::note;
use super::{CONFIRM_LIMIT, Failure, INTERRUPT, Means, Seen, Session, Sink};
use crate::port::Wait;
use crate::repl::reply::{self, RAW_BANNER};
use std::time::Duration;

/// How long to wait for the raw REPL after each attempt to enter it. A board may be booting because opening its port
/// reset it, so that the first attempts are lost.
const ENTER_WAITS_MS: [u64; 5] = [300, 300, 500, 1000, 1000];
/// How long a restart may take: number of waits and length of each.
const RESTART_WAIT: Duration = Duration::from_millis(700);
const RESTART_WAITS: usize = 7;
/// How long a process may take to show its prompt.
const START_LIMIT: Duration = Duration::from_secs(5);

/// Ctrl-D, at the prompt of the raw REPL.
const RESTART: &str = "\x04";

/// What is enough to have entered the raw REPL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// Its greeting: the next command confirms it.
    Greeting,
    /// That the board has confirmed its greeting.
    Confirmed,
    /// The same, and in that exchange the board is restarted.
    Restart,
}

impl Session {
    /// Enters the raw REPL, whatever the board is doing. `reset`: then restarts it, which clears earlier programs; output of
    /// `boot.py` goes to `sink`. The next command confirms that the board is there: its reply cannot be forged.
    ///
    /// # Errors
    /// [`Failure::Stuck`] if no raw REPL responds within about thirty seconds.
    pub fn enter(&mut self, reset: bool, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        if self.port.abilities().starts_on_open {
            // Without a prompt it is not MicroPython, and a Ctrl-C would only end it.
            let Some(mut text) = self.wait_for(b">>> ", wait, START_LIMIT, &mut |_| {})? else {
                let mut seen = Seen::default();
                note(&mut seen.printed, &self.incoming);
                return Err(Failure::Stuck(seen));
            };
            text.extend_from_slice(b">>> ");
            sink(&reply::without_own(text, 0));
        }
        match self.knock_and(if reset { Proof::Restart } else { Proof::Greeting }, wait, sink)? {
            true => self.end_restart(wait, sink),
            false if reset => self.restart_within(wait, sink),
            false => Ok(()),
        }
    }

    /// Restarts the board in the raw REPL: boot.py runs, main.py does not. The next command confirms it.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn restart_within(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        self.port.write(RESTART.as_bytes(), wait)?;
        self.end_restart(wait, sink)
    }

    fn end_restart(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        if self.restarted(wait, sink)? { Ok(()) } else { self.knock(wait, sink) }
    }

    /// Enters the raw REPL, by increasingly strong means.
    pub(super) fn knock(&mut self, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        self.knock_and(Proof::Confirmed, wait, sink).map(drop)
    }

    /// Returns whether it has requested a restart too. `enough`: what is enough if the greeting comes at once.
    fn knock_and(&mut self, mut enough: Proof, wait: Wait, sink: Sink<'_>) -> Result<bool, Failure> {
        let mut asked = 0;
        for limit in ENTER_WAITS_MS {
            // Two Ctrl-C: the first may only end a sleep. No carriage return: it would run a half-typed line.
            self.port.write(b"\x03\x03\x01", wait)?;
            asked += 1;
            let limit = Duration::from_millis(limit);
            if self.greeted_and(enough, asked, wait, limit, sink)? {
                return Ok(enough == Proof::Restart);
            }
            enough = Proof::Confirmed;
        }
        if self.port.abilities().starts_on_open {
            let mut seen = Seen { tried: vec![Means::Interrupt], ..Seen::default() };
            note(&mut seen.printed, &self.incoming);
            return Err(Failure::Stuck(seen));
        }
        self.force_in(asked, Seen { printed: Vec::new(), tried: vec![Means::Interrupt] }, wait, sink)?;
        Ok(false)
    }

    /// Waits for the greeting of the raw REPL, and confirms that it is the board's. Earlier output goes to `sink`, except the
    /// board's replies to its host. `asked`: how many greetings were requested.
    pub(super) fn greeted(
        &mut self,
        asked: usize,
        wait: Wait,
        limit: Duration,
        sink: Sink<'_>,
    ) -> Result<bool, Failure> {
        self.greeted_and(Proof::Confirmed, asked, wait, limit, sink)
    }

    fn greeted_and(
        &mut self,
        enough: Proof,
        asked: usize,
        wait: Wait,
        limit: Duration,
        sink: Sink<'_>,
    ) -> Result<bool, Failure> {
        let Some(mut text) = self.wait_for(RAW_BANNER, wait, limit, sink)? else { return Ok(false) };
        text.extend_from_slice(RAW_BANNER);
        if enough == Proof::Greeting {
            sink(&reply::without_own(text, asked));
            self.suspect = false;
            return Ok(true);
        }
        // The board replies to earlier attempts before this question.
        let restarts = enough == Proof::Restart;
        let there = self.confirm_and(if restarts { RESTART } else { "" }, CONFIRM_LIMIT, &mut text)?;
        if there {
            sink(&reply::without_own(reply::without_frames(text, &self.token), asked));
            if !restarts {
                self.pass_on(sink);
            }
            self.suspect = false;
        } else {
            self.incoming.splice(..0, text);
            // A program printed it: do not find it again.
            let seen = reply::find(&self.incoming, RAW_BANNER).map_or(0, |at| at + RAW_BANNER.len());
            self.emit_front(seen, sink);
        }
        Ok(there)
    }

    /// Waits until a soft reset has returned to the raw REPL; passes on the output of boot.py.
    fn restarted(&mut self, wait: Wait, sink: Sink<'_>) -> Result<bool, Failure> {
        let mut asked = 1;
        for attempt in 0..RESTART_WAITS {
            if attempt > 0 {
                // The greeting may have been torn. Or a CircuitPython runs its code.py, or waits for a key.
                let request = if self.restarts_otherwise() { INTERRUPT } else { b"\x01" };
                self.port.write(request, wait)?;
                asked += 1;
            }
            let mut without_reboot = |bytes: &[u8]| sink(&without_reboot(bytes));
            let enough = if attempt > 0 { Proof::Confirmed } else { Proof::Greeting };
            if self.greeted_and(enough, asked, wait, RESTART_WAIT, &mut without_reboot)? {
                return Ok(true);
            }
        }
        let rest = std::mem::take(&mut self.incoming);
        sink(&without_reboot(&rest));
        Ok(false)
    }

    /// Whether the board has announced its restart in other words than MicroPython (`MPY: soft reboot`, or `PYB:`), whose
    /// boot.py must not be interrupted. CircuitPython's words depend on its language.
    fn restarts_otherwise(&self) -> bool {
        let announced = self.incoming.strip_prefix(b"OK\r\n").unwrap_or(&self.incoming);
        reply::find(announced, b"\n").is_some() && reply::find(announced, b": soft reboot").is_none()
    }

    /// Restarts the board like Ctrl-D at its prompt, so that `main.py` runs, and returns to the raw REPL when main.py has ended
    /// or was interrupted after `patience`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn soft_reset(&mut self, patience: Duration, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        let outcome = self.restart(patience, wait, sink).and_then(|()| self.knock(wait, sink));
        if outcome.is_err() {
            // The state is neither the old nor the new one.
            self.close(Failure::Restarted);
        }
        outcome
    }

    /// Like [`Session::soft_reset`], but leaves the board to its main.py or at its friendly prompt. The session is closed.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn leave_restarting(&mut self, patience: Duration, wait: Wait, sink: Sink<'_>) -> Result<(), Failure> {
        let restarted = self.restart(patience, wait, sink);
        self.closed = Some(Failure::Restarted);
        restarted
    }

    /// Sends `code`, which resets the board, and passes on the board's output until it shows a friendly prompt, is gone, or
    /// `patience` is over. The session is closed. Returns the traceback if the code raised.
    ///
    /// # Errors
    /// See [`Failure`]; a board that is gone after the code was sent has reset as requested.
    pub fn leave_resetting(
        &mut self,
        code: &str,
        patience: Duration,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<Option<String>, Failure> {
        self.leave_loop(wait, sink)?;
        self.pass_on(sink);
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
        self.leave_loop(wait, sink)?;
        self.port.write(b"\x02", wait)?;
        if let Some(mut text) = self.wait_for(b">>> ", wait, Duration::from_secs(2), sink)? {
            text.extend_from_slice(b">>> ");
            sink(&reply::without_own(text, 0));
        }
        self.pass_on(sink);
        self.port.write(b"\x04", wait)?;
        self.pass_until_prompt(b"", patience, wait, sink).map(drop)
    }

    /// Passes on the output between `mark` and the greeting of the friendly REPL, or until `patience` is over. Returns it.
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
        let before = reply::find(&text, mark).unwrap_or(0);
        let after = text.split_off(before + if text[before..].starts_with(mark) { mark.len() } else { 0 });
        text.truncate(before);
        sink(&text);
        let text = without_reboot(&after);
        if !text.is_empty() && text.first() != Some(&0x04) {
            sink(&text);
        }
        failure.map_or(Ok(text), Err)
    }
}

/// Without the lines that announce a restart: those of a boot ROM, and `MPY: soft reboot` or `PYB: soft reboot` with the
/// answer to the request before it.
pub(super) fn without_reboot(text: &[u8]) -> Vec<u8> {
    const REBOOT: &[u8] = b"soft reboot\r\n";
    let text = without_rom(text);
    let Some(at) = reply::find(&text, REBOOT) else { return text };
    let line = text[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let before = &text[..line];
    let before = before.strip_suffix(b"OK\r\n").or(before.strip_suffix(b"\r\n")).unwrap_or(before);
    [before, &text[at + REBOOT.len()..]].concat()
}

/// Without the lines of an ESP32's boot ROM: `ESP-ROM:…` or `ets …` if they are there, `rst:0x… (CAUSE),boot:…`, and what it
/// loads up to `entry 0x…`.
fn without_rom(text: &[u8]) -> Vec<u8> {
    let Some(reset) = reply::find(text, b"rst:0x") else { return text.to_vec() };
    let begins = [&b"ESP-ROM:"[..], b"ets "].iter().find_map(|word| reply::find(&text[..reset], word));
    let last = reply::find(&text[reset..], b"\nentry 0x").map_or(reset, |at| reset + at + 1);
    let end = text[last..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |at| last + at + 1);
    [&text[..begins.unwrap_or(reset)], &text[end..]].concat()
}

/// The start of the greeting of the friendly REPL in `text`, if it ends with one.
fn banner_start(text: &[u8]) -> Option<usize> {
    if let Some(at) = reply::find(text, b"\r\nAdafruit CircuitPython ") {
        return Some(at);
    }
    let help = reply::find(text, b"Type \"help()\"")?;
    let before = text[..help].strip_suffix(b"\r\n").unwrap_or(&text[..help]);
    Some(before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_restart_are_taken_out() {
        fn case(text: &str, rest: &str) {
            assert_eq!(String::from_utf8_lossy(&without_reboot(text.as_bytes())), rest);
        }
        case("boot\r\n", "boot\r\n");
        case("OK\r\nMPY: soft reboot\r\nboot\r\n", "boot\r\n");
        case("a\r\nrst:0x2 (SW_RESET),boot:0x0 (SIMULATED)\r\nboot\r\n", "a\r\nboot\r\n");
        let rom = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nconfigsip: 0\r\n\
                   load:0x3fff0030,len:4832\r\nentry 0x400805b4\r\n";
        case(&format!("a{rom}boot\r\n"), "aboot\r\n");
    }
}
