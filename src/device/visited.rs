//! The port of a board whose prompt is in a person's hands while a folder is mounted.
//!
//! Invariant: the visitor sees everything but the board's requests for the folder, which are answered here.

use crate::board::mount::RemoteFs;
use crate::bound;
use crate::device::mount::Mount;
use crate::port::{Abilities, Port, PortError, Wait};
use std::time::Duration;

/// How long an answer may wait for the board to take it.
const PATIENCE: Duration = Duration::from_secs(5);
/// What MicroPython prints when it restarts.
const REBOOT: &[u8] = b": soft reboot";
/// What it prints when it waits for input.
const PROMPT: &[u8] = b">>> ";

/// A port that answers the requests of a mounted folder.
pub(super) struct VisitedPort<'a> {
    port: &'a mut dyn Port,
    /// What a request begins with.
    mark: Vec<u8>,
    mount: &'a mut Mount,
    /// Bytes that may be the beginning of a request.
    held: Vec<u8>,
    /// The end of what was passed on, by which a restart is recognised.
    seen: Vec<u8>,
    /// The board has restarted, so that the folder is no longer mounted.
    rebooted: bool,
    /// It has restarted and shows its prompt.
    pub returned: bool,
}

impl<'a> VisitedPort<'a> {
    /// `token`: the secret that frames requests.
    pub fn new(port: &'a mut dyn Port, token: &str, mount: &'a mut Mount) -> VisitedPort<'a> {
        let mark = format!("\x1e{token}").into_bytes();
        VisitedPort { port, mark, mount, held: Vec::new(), seen: Vec::new(), rebooted: false, returned: false }
    }

    /// Passes on what has come into `held`; answers the requests in it.
    fn sift(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let before = buffer.len();
        loop {
            match request(&self.held, &self.mark) {
                Found::None { keep } => {
                    let pass = self.held.len() - keep;
                    buffer.extend(self.held.drain(..pass));
                    break;
                }
                Found::Request { at, text, end } => {
                    buffer.extend_from_slice(&self.held[..at]);
                    self.held.drain(..end);
                    if RemoteFs::is_asked(&text) {
                        let answer = self.mount.answer(&text);
                        self.port.write(&answer, Wait::for_at_most(PATIENCE))?;
                    }
                }
            }
        }
        self.watch(&buffer[before..]);
        Ok(buffer.len() - before)
    }

    /// Looks for a restart in what is passed on.
    fn watch(&mut self, passed: &[u8]) {
        self.seen.extend_from_slice(passed);
        if let Some(at) = find(&self.seen, REBOOT) {
            self.rebooted = true;
            self.seen.drain(..at + REBOOT.len());
        }
        self.returned |= self.rebooted && self.seen.ends_with(PROMPT);
        let rest = self.seen.len().saturating_sub(REBOOT.len() + PROMPT.len());
        self.seen.drain(..rest);
    }
}

impl Port for VisitedPort<'_> {
    fn name(&self) -> &str {
        self.port.name()
    }

    fn abilities(&self) -> Abilities {
        self.port.abilities()
    }

    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        self.port.descriptors()
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        self.port.write(bytes, wait)
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        if self.returned {
            return Err(PortError::Interrupted);
        }
        self.port.read_available(&mut self.held)?;
        self.sift(buffer)
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        if self.returned {
            return Err(PortError::Interrupted);
        }
        loop {
            self.port.read(&mut self.held, wait)?;
            let count = self.sift(buffer)?;
            if count > 0 {
                return Ok(count);
            }
        }
    }
}

/// What is in the bytes of a board.
enum Found {
    /// No whole request; this many bytes at the end may be the beginning of one.
    None { keep: usize },
    /// A request, from where to where.
    Request { at: usize, text: String, end: usize },
}

/// The first request in `bytes`: the mark, `Q`, its length in characters, a colon, the text, the mark, a check sum, a semicolon.
fn request(bytes: &[u8], mark: &[u8]) -> Found {
    let Some(at) = find(bytes, mark) else {
        let longest = bytes.len().min(mark.len() - 1);
        let keep = (1..=longest).rev().find(|&length| bytes.ends_with(&mark[..length])).unwrap_or(0);
        return Found::None { keep };
    };
    let head = at + mark.len();
    let keep = if bytes.len() - at > bound::QUESTION * 2 { 0 } else { bytes.len() - at };
    let Some(colon) = bytes[head..].iter().take(12).position(|&byte| byte == b':') else {
        return Found::None { keep };
    };
    let start = head + colon + 1;
    let Some(close) = find(&bytes[start..], mark) else { return Found::None { keep } };
    let rest = start + close + mark.len();
    let Some(semicolon) = bytes[rest..].iter().take(12).position(|&byte| byte == b';') else {
        return Found::None { keep };
    };
    let text = String::from_utf8_lossy(&bytes[start..start + close]).into_owned();
    let announced = std::str::from_utf8(&bytes[head..start - 1]).ok().and_then(|head| head.strip_prefix('Q'));
    let is_whole = announced.and_then(|digits| digits.parse().ok()) == Some(text.chars().count());
    Found::Request { at, text: if is_whole { text } else { String::new() }, end: rest + semicolon + 1 }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_however_they_arrive() {
        let mark = b"\x1eTOKEN";
        let whole = b"out\x1eTOKENQ7:(1,'\xc3\xa9')\x1eTOKENabcd1234;rest";
        match request(whole, mark) {
            Found::Request { at, text, end } => assert_eq!((at, text.as_str(), end), (3, "(1,'\u{e9}')", 35)),
            Found::None { .. } => panic!("no request"),
        }
        for cut in 4..35 {
            let Found::None { keep } = request(&whole[..cut], mark) else { panic!("{cut}") };
            assert_eq!(keep, cut - 3, "{cut}");
        }
        assert!(matches!(request(b"no\x1eTO mark", mark), Found::None { keep: 0 }));
        // A torn one is taken out, and not answered.
        let Found::Request { text, .. } = request(b"\x1eTOKENQ9:(1)\x1eTOKEN;", mark) else { panic!("no request") };
        assert_eq!(text, "");
    }
}
