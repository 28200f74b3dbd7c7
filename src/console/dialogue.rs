//! Commands: a line that is sent, and what comes before the next prompt.
//!
//! Invariant: with an echo, an answer begins after the echo of its own command, so what came before the command is never its answer.

use super::failure::{self, Failure};
use super::frames::Framing;
use super::incoming::{Incoming, Match};
use super::pattern::Pattern;
use super::{Console, Stop};
use crate::error::{Error, Kind};
use crate::port::address::Address;
use std::time::{Duration, Instant};

/// How long the echo of a command may come after a prompt, which then was an earlier one.
const ECHO: Duration = Duration::from_millis(200);

/// How a unit is talked to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a call waits.
    pub timeout: Duration,
    /// What ends a line that is sent.
    pub newline: String,
    /// What the unit sends when it waits for a command.
    pub prompt: Option<Pattern>,
    /// What an answer holds if the unit refuses a command.
    pub error: Option<Pattern>,
    /// How frames are delimited.
    pub frame: Option<Framing>,
    /// Whether the unit sends commands back.
    pub echo: bool,
}

/// Settings as far as somebody chose them.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// [`Settings::timeout`].
    pub timeout: Option<Duration>,
    /// [`Settings::newline`].
    pub newline: Option<String>,
    /// [`Settings::prompt`].
    pub prompt: Option<Pattern>,
    /// [`Settings::error`].
    pub error: Option<Pattern>,
    /// [`Settings::frame`].
    pub frame: Option<Framing>,
    /// [`Settings::echo`].
    pub echo: Option<bool>,
}

impl Choice {
    /// Completed by `other`, for what was not chosen.
    #[must_use]
    pub fn or(self, other: &Choice) -> Choice {
        Choice {
            timeout: self.timeout.or(other.timeout),
            newline: self.newline.or_else(|| other.newline.clone()),
            prompt: self.prompt.or_else(|| other.prompt.clone()),
            error: self.error.or_else(|| other.error.clone()),
            frame: self.frame.or_else(|| other.frame.clone()),
            echo: self.echo.or(other.echo),
        }
    }

    /// With defaults for this kind of port.
    pub fn complete(self, address: &Address) -> Settings {
        // What the key Enter sends; programs and plain sockets read lines.
        let newline = if matches!(address, Address::Tcp(_) | Address::Exec(_)) { "\n" } else { "\r" };
        Settings {
            timeout: self.timeout.unwrap_or(super::TIMEOUT),
            newline: self.newline.unwrap_or_else(|| newline.to_owned()),
            prompt: self.prompt,
            error: self.error,
            frame: self.frame,
            echo: self.echo.unwrap_or(true),
        }
    }
}

/// What ends an answer, and where it begins.
enum Heard {
    /// The answer.
    Answer(Match),
    /// A prompt, before any echo.
    Prompt,
}

impl Console {
    /// Sends a line, and takes what comes up to the first of `ends`. The match is without the echo of the line.
    ///
    /// # Errors
    /// [`Kind::TimeoutError`] with the last lines; a closed or lost console.
    pub fn exchange(
        &self,
        settings: &Settings,
        line: &str,
        ends: &[Pattern],
        limit: Duration,
        stop: Stop<'_>,
    ) -> Result<Match, Failure> {
        let end = Instant::now().checked_add(limit);
        let left = || end.map_or(limit, |end| end.saturating_duration_since(Instant::now()));
        let echo = line.trim();
        self.write(format!("{line}{}", settings.newline).as_bytes(), stop)?;
        let missing = |incoming: &Incoming| failure::not_seen(ends, limit, incoming);
        if echo.is_empty() || !settings.echo {
            return self.wait(left(), stop, |incoming| incoming.take_match(ends), missing);
        }
        let after_echo = |incoming: &mut Incoming| {
            let from = super::pattern::position(incoming.waiting(), echo.as_bytes())? + echo.len();
            incoming.take_match_from(from, ends)
        };
        let heard = self.wait(
            left(),
            stop,
            |incoming| match after_echo(incoming) {
                Some(found) => Some(Heard::Answer(found)),
                None => incoming.has_match(ends).then_some(Heard::Prompt),
            },
            missing,
        )?;
        if let Heard::Answer(found) = heard {
            return Ok(found);
        }
        // An earlier prompt, or a unit without an echo.
        match self.wait(left().min(ECHO), stop, after_echo, missing) {
            Err(Failure::Error(error)) if matches!(error.kind(), Kind::TimeoutError | Kind::ConnectionLost) => {
                self.wait(Duration::ZERO, stop, |incoming| incoming.take_match(ends), missing)
            }
            other => other,
        }
    }

    /// Sends a line, and gives what comes before the prompt, without the echo.
    ///
    /// # Errors
    /// As [`Console::exchange`]; [`Kind::InstrumentError`] if the unit refuses the command.
    pub fn command(
        &self,
        settings: &Settings,
        prompt: &Pattern,
        line: &str,
        limit: Duration,
        stop: Stop<'_>,
    ) -> Result<String, Failure> {
        let found = self.exchange(settings, line, std::slice::from_ref(prompt), limit, stop)?;
        let answer = answer(&found.before, settings.echo);
        self.judge(settings, line, &answer)?;
        Ok(answer)
    }

    /// Checks that an answer is not a refusal.
    pub(super) fn judge(&self, settings: &Settings, line: &str, answer: &str) -> Result<(), Failure> {
        let Some(place) = settings.error.as_ref().and_then(|pattern| pattern.find(answer.as_bytes(), 0)) else {
            return Ok(());
        };
        let bounds = (answer[..place.range.start].rfind('\n').map_or(0, |at| at + 1), place.range.end);
        let end = answer[bounds.1..].find('\n').map_or(answer.len(), |at| bounds.1 + at);
        let said: String = answer[bounds.0..end].trim().chars().take(160).collect();
        let message = format!("`{line}` was refused: {}", crate::visible::text(&said));
        let mut error = Error::new(Kind::InstrumentError, message).with_device(self.name());
        let lines = self.last_lines();
        if lines.len() > 1 {
            error = error.with_help(format!("the last lines were:\n  {}", lines.join("\n  ")));
        }
        Err(error.into())
    }
}

/// An answer with LF for line ends, and without empty lines around it. `echo`: it follows the echo of its command, after which units
/// send blanks.
pub(super) fn answer(bytes: &[u8], echo: bool) -> String {
    let answer = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    let start: &[char] = if echo { &[' ', '\n'] } else { &['\n'] };
    answer.trim_start_matches(start).trim_end_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_neither_carriage_returns_nor_empty_lines_around_it() {
        assert_eq!(answer(b"\r\nU-Boot 2024\r\ngcc 13\r\n", true), "U-Boot 2024\ngcc 13");
        assert_eq!(answer(b" \r\n\r\n 1.2\r\n", true), "1.2");
        assert_eq!(answer(b" a\n", false), " a");
        assert_eq!(answer(b"a\xffb", true), "a\u{fffd}b");
        assert_eq!(answer(b"", true), "");
    }
}
