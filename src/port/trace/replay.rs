//! Answers from a recording.

use super::{ABILITIES, Event, HEADER, quote, unquote};
use crate::bound;
use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::port::{Abilities, Port, PortError, Wait};
use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

/// A port that answers what the recorded one answered, as long as the host writes what the recorded host wrote.
///
/// It takes no time: what came late in the recording comes at once. How the host's bytes are cut into writes does not
/// matter, nor how often it looks for output that nobody asked for.
#[derive(Debug)]
pub struct ReplayPort {
    name: String,
    abilities: Abilities,
    token: Option<String>,
    /// What is to come, each with its line.
    events: VecDeque<(usize, Event)>,
    /// How much of the first event's bytes the host has written.
    written: usize,
    /// What the board said, passed over by a write and not read yet.
    early: Vec<u8>,
    /// Whether the last thing was a wait in vain: the host may wait again.
    idle: bool,
    /// The last line of the session.
    last: usize,
    gone: Option<String>,
}

/// How long a wait in vain takes at most.
const IN_VAIN: Duration = Duration::from_millis(20);

impl ReplayPort {
    /// Reads the recording. `turn`: which of its sessions, 0 for the first.
    ///
    /// # Errors
    /// [`Kind::DeviceNotFoundError`] if there is no such file, [`Kind::ConnectionFailedError`] if it cannot be read, is no
    /// recording or has no such session.
    pub fn open(path: &str, turn: usize) -> Result<ReplayPort> {
        let bytes = disk::read(Path::new(path), bound::RECORDING).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::new(Kind::DeviceNotFoundError, format!("there is no recording `{path}`"))
                    .with_help("`--record FILE` makes one")
            }
            _ => Error::new(
                Kind::ConnectionFailedError,
                format!("the recording `{path}` cannot be read: {}", disk::reason(&error)),
            ),
        })?;
        let text = String::from_utf8_lossy(&bytes);
        ReplayPort::parse(&text, turn).map(|port| ReplayPort { name: format!("replay:{path}"), ..port }).map_err(
            |why| {
                Error::new(Kind::ConnectionFailedError, format!("the recording `{path}` {why}"))
                    .with_help("`--record FILE` makes a recording; its form is in the documentation of ports")
            },
        )
    }

    /// The session of a recording.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub(super) fn parse(text: &str, turn: usize) -> Result<ReplayPort, String> {
        let mut lines = text.split_inclusive('\n').zip(1..).filter_map(|(line, number)| {
            // The last line of a killed run may not be whole.
            Some((line.strip_suffix('\n')?.trim_end_matches('\r'), number))
        });
        match lines.next() {
            Some((HEADER, _)) => {}
            Some((line, _)) if line.starts_with("belay-script recording ") => {
                return Err("is of a later version of belay-script".to_owned());
            }
            _ => return Err("is no recording".to_owned()),
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
            let wrong = || format!("has no sense in line {number}");
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
            0 => Err("holds no session".to_owned()),
            1 => Err("holds one session, and this run has opened it already".to_owned()),
            _ => Err(format!("holds {sessions} sessions, and this run has opened them already")),
        }
    }

    fn take(&mut self, text: &str, number: usize) -> Option<()> {
        let (word, rest) = text.split_once(' ')?;
        match word {
            "port" => {
                let (_, rest) = unquote(rest)?;
                for word in rest.split_whitespace() {
                    // An ability of a later version: what it is about will show.
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

    /// The session is not the recorded one; from now on the port is gone.
    fn depart(&mut self, how: &str) -> PortError {
        let place = match self.events.front() {
            Some((line, _)) => format!("in line {line}"),
            None => format!("after line {}", self.last),
        };
        let how = format!("the session departs from `{}` {place}: {how}", self.name);
        self.gone = Some(how.clone());
        PortError::Gone(how)
    }

    fn check(&self, wait: Wait) -> Result<(), PortError> {
        if let Some(how) = &self.gone {
            return Err(PortError::Gone(how.clone()));
        }
        if wait.interruptible && crate::interrupt::pending() { Err(PortError::Interrupted) } else { Ok(()) }
    }

    /// Ends an action as it ended in the recording.
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
        // Who waits in a loop until a time has come shall not spin.
        std::thread::park_timeout(left);
        PortError::Timeout
    }
}

/// Longest time that the host waits for what may be late and need not come.
const SHORT: Duration = Duration::from_millis(100);

/// Whether a wait is for something that need not come.
fn is_short(wait: Wait) -> bool {
    wait.deadline.is_some_and(|end| end.saturating_duration_since(Instant::now()) <= SHORT)
}

/// The start of what was or should have been written.
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
                            "there the host writes {}, now it writes {}",
                            shown(&expected[count.saturating_sub(20)..]),
                            shown(&bytes[count.saturating_sub(20)..])
                        );
                        return Err(self.depart(&how));
                    }
                    bytes = &bytes[count..];
                    self.written += count;
                    if count == expected.len() {
                        self.events.pop_front();
                        self.written = 0;
                    }
                }
                // The host looked later this time, or waited for nothing at another moment.
                Some((_, Event::Found(_))) => {
                    if let Some((_, Event::Found(found))) = self.events.pop_front() {
                        self.early.extend(found);
                    }
                }
                Some((_, Event::Failed(PortError::Timeout))) => drop(self.events.pop_front()),
                Some((_, Event::Read(_))) => {
                    let how = format!("there the host waits for an answer, now it writes {}", shown(bytes));
                    return Err(self.depart(&how));
                }
                Some((_, Event::Failed(error) | Event::Refused(error))) => {
                    let error = error.clone();
                    return Err(self.fail(error));
                }
                None => {
                    let how = format!("there it ends, now the host writes {}", shown(bytes));
                    return Err(self.depart(&how));
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
            // For what may be late. When it was recorded, the time was over before there was anything to wait for.
            Some((_, Event::Written(_))) if is_short(wait) => Err(self.wait_in_vain(wait)),
            Some((_, Event::Written(expected))) => {
                let how = format!("there the host writes {}, now it waits", shown(&expected[self.written..]));
                Err(self.depart(&how))
            }
            None => Err(self.depart("there it ends, now the host waits")),
        }
    }
}
