//! Replays a recording.

use super::{ABILITIES, Event, HEADER, quote, unquote};
use crate::bound;
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::port::loss::Loss;
use crate::port::{Abilities, Port, PortError, Wait};
use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

/// A port that replies like the recorded one, as long as the host writes what the recorded host wrote.
///
/// It takes no time: late data of the recording arrives at once. Neither the split of the host's bytes into writes nor
/// the number of polls for unsolicited output matters.
#[derive(Debug)]
pub struct ReplayPort {
    name: String,
    abilities: Abilities,
    token: Option<String>,
    /// What is to come, each with its line.
    events: VecDeque<(usize, Event)>,
    /// How many bytes of the first event the host has written.
    written: usize,
    /// Output of the board that a write skipped and that is not read yet.
    early: Vec<u8>,
    /// Whether the last event was a wait without data: the host may wait again.
    idle: bool,
    /// The last line of the session.
    last: usize,
    gone: Option<Loss>,
}

/// How long a wait without data takes at most.
const IN_VAIN: Duration = Duration::from_millis(20);

impl ReplayPort {
    /// Reads the recording. `turn`: the index of its session.
    ///
    /// # Errors
    /// [`Kind::DeviceNotFoundError`] if the file does not exist, [`Kind::ConnectionFailedError`] if it cannot be read, is not a
    /// recording or has no such session.
    pub fn open(path: &str, turn: usize) -> Result<ReplayPort> {
        let bytes = disk::read(Path::new(path), bound::RECORDING).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::new(Kind::DeviceNotFoundError, format!("recording `{path}` not found"))
                    .with_help("make one with `--record FILE`")
            }
            _ => Error::new(
                Kind::ConnectionFailedError,
                format!("cannot read the recording `{path}`: {}", disk::reason(&error)),
            ),
        })?;
        let text = String::from_utf8_lossy(&bytes);
        ReplayPort::parse(&text, turn).map(|port| ReplayPort { name: format!("replay:{path}"), ..port }).map_err(
            |why| {
                Error::new(Kind::ConnectionFailedError, format!("`{path}` {why}"))
                    .with_help("make one with `--record FILE`")
            },
        )
    }

    /// The session of a recording.
    ///
    /// # Errors
    /// The problem, as the end of a sentence.
    pub(super) fn parse(text: &str, turn: usize) -> Result<ReplayPort, String> {
        let mut lines = text.split_inclusive('\n').zip(1..).filter_map(|(line, number)| {
            // The last line of a killed run may be incomplete.
            Some((line.strip_suffix('\n')?.trim_end_matches('\r'), number))
        });
        match lines.next() {
            Some((HEADER, _)) => {}
            Some((line, _)) if line.starts_with("belay-script recording ") => {
                return Err("was made by a later version of belay-script".to_owned());
            }
            _ => return Err("is not a recording".to_owned()),
        }
        let mut port = ReplayPort {
            name: String::new(),
            abilities: Abilities { replayed: true, ..Abilities::default() },
            token: None,
            events: VecDeque::new(),
            written: 0,
            early: Vec::new(),
            idle: false,
            last: 0,
            gone: None,
        };
        let mut sessions = 0;
        let mut known = false;
        for (line, number) in lines {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || format!("is invalid at line {number}");
            let (session, rest) = line.split_once(' ').ok_or_else(wrong)?;
            let session: usize = session.parse().map_err(|_| wrong())?;
            sessions = sessions.max(session);
            if session.checked_sub(1) == Some(turn) {
                port.take(rest, number).ok_or_else(wrong)?;
                port.last = number;
                known = true;
            }
        }
        match sessions {
            _ if known => Ok(port),
            0 => Err("contains no session".to_owned()),
            1 => Err("contains one session, which this run has already opened".to_owned()),
            _ => Err(format!("contains {sessions} sessions, all of which this run has already opened")),
        }
    }

    fn take(&mut self, text: &str, number: usize) -> Option<()> {
        let (word, rest) = text.split_once(' ')?;
        match word {
            "port" => {
                let (_, rest) = unquote(rest)?;
                for word in rest.split_whitespace() {
                    // Ignore an ability of a later version.
                    if let Some((_, ability)) = ABILITIES.iter().find(|(name, _)| *name == word) {
                        *ability(&mut self.abilities) = true;
                    }
                }
            }
            "token" => self.token = String::from_utf8(unquote(rest)?.0).ok(),
            _ => {
                let _: u128 = word.parse().ok()?;
                self.events.push_back((number, Event::from_text(rest)?));
            }
        }
        Some(())
    }

    /// The session differs from the recorded one; from now on the port is gone.
    fn differ(&mut self, how: &str) -> PortError {
        let place = match self.events.front() {
            Some((line, _)) => format!("at line {line}"),
            None => format!("after line {}", self.last),
        };
        let how = Loss::Deviates(format!("`{}` {place}: {how}", self.name));
        self.gone = Some(how.clone());
        PortError::Gone(how)
    }

    fn check(&self, wait: Wait) -> Result<(), PortError> {
        if let Some(how) = &self.gone {
            return Err(PortError::Gone(how.clone()));
        }
        if wait.interruptible && crate::interrupt::pending() { Err(PortError::Interrupted) } else { Ok(()) }
    }

    /// Ends an operation as in the recording.
    fn fail(&mut self, error: PortError) -> PortError {
        self.events.pop_front();
        if let PortError::Gone(how) = &error {
            self.gone = Some(how.clone());
        }
        error
    }

    fn wait_in_vain(&mut self, wait: Wait) -> PortError {
        self.idle = true;
        let left = wait.deadline.map_or(IN_VAIN, |end| end.saturating_duration_since(Instant::now()).min(IN_VAIN));
        // A caller that polls until a point in time must not spin.
        std::thread::park_timeout(left);
        PortError::Timeout
    }
}

/// Longest wait for optional data.
const SHORT: Duration = Duration::from_millis(100);

/// Whether a wait is for optional data.
fn is_short(wait: Wait) -> bool {
    wait.deadline.is_some_and(|end| end.saturating_duration_since(Instant::now()) <= SHORT)
}

/// The start of the written or expected data, for messages.
fn shown(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(60)];
    let more = if start.len() < bytes.len() { " …" } else { "" };
    format!("{}{more}", quote(start))
}

impl Port for ReplayPort {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        self.abilities
    }

    fn agree_on_token(&mut self, proposed: String) -> String {
        self.token.clone().unwrap_or(proposed)
    }

    fn write(&mut self, mut bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        self.check(wait)?;
        self.idle = false;
        while !bytes.is_empty() {
            match self.events.front() {
                Some((_, Event::Written(expected))) => {
                    let expected = &expected[self.written..];
                    let count = expected.iter().zip(bytes).take_while(|(a, b)| a == b).count();
                    if count < expected.len().min(bytes.len()) {
                        let how = format!(
                            "the recorded host writes {}, this one writes {}",
                            shown(&expected[count.saturating_sub(20)..]),
                            shown(&bytes[count.saturating_sub(20)..])
                        );
                        return Err(self.differ(&how));
                    }
                    bytes = &bytes[count..];
                    self.written += count;
                    if count == expected.len() {
                        self.events.pop_front();
                        self.written = 0;
                    }
                }
                // This host read later, or its wait without data came at another time.
                Some((_, Event::Found(_))) => {
                    if let Some((_, Event::Found(found))) = self.events.pop_front() {
                        self.early.extend(found);
                    }
                }
                Some((_, Event::Failed(PortError::Timeout))) => drop(self.events.pop_front()),
                Some((_, Event::Read(_))) => {
                    let how = format!("the recorded host waits for a reply, this one writes {}", shown(bytes));
                    return Err(self.differ(&how));
                }
                Some((_, Event::Failed(error) | Event::Refused(error))) => {
                    let error = error.clone();
                    return Err(self.fail(error));
                }
                None => {
                    let how = format!("the recording ends, but the host writes {}", shown(bytes));
                    return Err(self.differ(&how));
                }
            }
        }
        match self.events.front() {
            Some((_, Event::Refused(error))) => {
                let error = error.clone();
                Err(self.fail(error))
            }
            _ => Ok(()),
        }
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let before = buffer.len();
        buffer.append(&mut self.early);
        while let Some((_, Event::Found(_))) = self.events.front() {
            if let Some((_, Event::Found(found))) = self.events.pop_front() {
                buffer.extend(found);
            }
        }
        let count = buffer.len() - before;
        match (&self.gone, self.events.front()) {
            (Some(how), _) if count == 0 => Err(PortError::Gone(how.clone())),
            (None, Some((_, Event::Failed(PortError::Gone(how))))) if count == 0 => {
                let error = PortError::Gone(how.clone());
                Err(self.fail(error))
            }
            _ => Ok(count),
        }
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        self.check(wait)?;
        if !self.early.is_empty() {
            return self.read_available(buffer);
        }
        let idle = std::mem::take(&mut self.idle);
        match self.events.front() {
            Some((_, Event::Found(bytes) | Event::Read(bytes))) => {
                let count = bytes.len();
                buffer.extend_from_slice(bytes);
                self.events.pop_front();
                Ok(count)
            }
            Some((_, Event::Failed(PortError::Timeout))) => {
                self.events.pop_front();
                Err(self.wait_in_vain(wait))
            }
            Some((_, Event::Failed(error) | Event::Refused(error))) => {
                let error = error.clone();
                Err(self.fail(error))
            }
            _ if idle && wait.deadline.is_some() => Err(self.wait_in_vain(wait)),
            // A wait for optional data. In the recording, the time was over before the wait began.
            Some((_, Event::Written(_))) if is_short(wait) => Err(self.wait_in_vain(wait)),
            Some((_, Event::Written(expected))) => {
                let how = format!("the recorded host writes {}, this one waits", shown(&expected[self.written..]));
                Err(self.differ(&how))
            }
            None => Err(self.differ("the recording ends, but the host waits")),
        }
    }
}
