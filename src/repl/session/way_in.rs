//! The strong means against a program that does not release the board: repeated Ctrl-C, a soft reset, a reset by the port,
//! each with Ctrl-C while the board boots.
//!
//! A program that catches KeyboardInterrupt in a loop is ended by a Ctrl-C that arrives while it handles the previous one,
//! and a `main.py` by one that arrives before it starts. Uses [`crate::repl::reply`]. Invariant: trying ends
//! ([`LONGEST`]), and reports what was tried.

use super::enter::without_reboot;
use super::stop::note;
use super::{Failure, Means, Seen, Session, Sink};
use crate::port::{PortError, Wait};
use crate::repl::reply::{self, RAW_BANNER};
use std::time::{Duration, Instant};

/// Longest time of all of it.
pub const LONGEST: Duration = Duration::from_secs(30);

/// How often Ctrl-C is sent in a row, and the wait after each, in milliseconds: the times differ, so that one arrives while
/// a handler runs, however long that takes.
const GAPS_MS: [u64; 6] = [1, 3, 0, 7, 2, 12];
/// Ctrl-C and, every so often, the request for the raw REPL.
const ASK_EVERY: usize = 12;
/// How long a board may take to reply after Ctrl-C.
const ANSWER_LIMIT: Duration = Duration::from_millis(200);

/// The steps in order: how many times Ctrl-C is sent in each, including a request.
const STEPS: [(Means, usize); 4] =
    [(Means::Storm, 100), (Means::SoftReset, 100), (Means::HardReset, 600), (Means::Storm, 600)];

impl Session {
    /// Brings the board to its raw REPL whatever it runs. Returns the means that it took. `asked`: how many greetings of the
    /// raw REPL were already requested.
    ///
    /// # Errors
    /// See [`Failure`]. [`Failure::Timeout`]: the next use continues.
    pub(super) fn force_in(
        &mut self,
        mut asked: usize,
        mut seen: Seen,
        whole: Wait,
        sink: Sink<'_>,
    ) -> Result<Means, Failure> {
        let wait = whole.until(Some(Instant::now() + LONGEST));
        for (means, times) in STEPS {
            let abilities = self.port.abilities();
            match means {
                Means::SoftReset if !abilities.soft_reset => continue,
                Means::HardReset if !abilities.hard_reset => continue,
                _ => {}
            }
            (self.announce)(means);
            if seen.tried.last() != Some(&means) {
                seen.tried.push(means);
            }
            match means {
                Means::SoftReset => self.write_at_most(b"\x03\x04", ANSWER_LIMIT)?,
                Means::HardReset => self.port.hard_reset(Wait::for_at_most(Duration::from_secs(5)).undisturbed())?,
                Means::Interrupt | Means::Storm => {}
            }
            // A reset in the raw REPL ends with a greeting.
            asked += usize::from(means == Means::SoftReset);
            // The end of the program that is stopped is not its output.
            let mut passed = |bytes: &[u8]| reply::without_end(&without_reboot(bytes)).for_each(&mut *sink);
            match self.storm(times, &mut asked, &mut seen, wait, &mut passed) {
                Ok(true) => return Ok(means),
                Ok(false) => {}
                Err(Failure::Timeout) if whole.deadline.is_none_or(|deadline| Instant::now() < deadline) => break,
                Err(failure) => {
                    self.leave_unsettled(seen.printed);
                    return Err(failure);
                }
            }
        }
        // A device that is not a board may have sent much: the error quotes the end of it.
        note(&mut seen.printed, &self.incoming);
        self.incoming.clear();
        Err(Failure::Stuck(seen))
    }

    /// Sends Ctrl-C repeatedly, and requests the raw REPL now and then. Returns whether it replies.
    fn storm(
        &mut self,
        times: usize,
        asked: &mut usize,
        seen: &mut Seen,
        wait: Wait,
        sink: Sink<'_>,
    ) -> Result<bool, Failure> {
        for turn in 0..times {
            wait.slice()?;
            let asks = turn % ASK_EVERY == ASK_EVERY - 1;
            let bytes: &[u8] = if asks { b"\x03\x03\x01" } else { b"\x03\x03" };
            *asked += usize::from(asks);
            self.write_at_most(bytes, ANSWER_LIMIT)?;
            let gap = match asks {
                true => ANSWER_LIMIT,
                false => Duration::from_millis(GAPS_MS[turn % GAPS_MS.len()]),
            };
            let before = self.incoming.len();
            let end = Instant::now() + gap;
            let found = loop {
                if reply::find(&self.incoming, RAW_BANNER).is_some() {
                    break true;
                }
                match self.port.read(&mut self.incoming, wait.until(Some(end))) {
                    Ok(_) if Instant::now() < end => {}
                    Ok(_) | Err(PortError::Timeout) => break reply::find(&self.incoming, RAW_BANNER).is_some(),
                    Err(error) => return Err(error.into()),
                }
            };
            note(&mut seen.printed, &self.incoming[before.min(self.incoming.len())..]);
            if found && self.greeted(*asked, wait, ANSWER_LIMIT, sink)? {
                return Ok(true);
            }
            if self.incoming.len() > super::MOST_KEPT {
                self.emit_front(self.incoming.len() - super::MOST_KEPT / 2, sink);
            }
        }
        Ok(false)
    }

    /// Writes even if the board does not read it.
    fn write_at_most(&mut self, bytes: &[u8], limit: Duration) -> Result<(), Failure> {
        match self.port.write(bytes, Wait::for_at_most(limit).undisturbed()) {
            Ok(()) | Err(PortError::Timeout) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
