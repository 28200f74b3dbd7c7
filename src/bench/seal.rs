//! The seal of a `--jsonl` log: its last line, with the SHA-256 of all bytes before it.
//!
//! It shows that a log was changed or truncated by accident; who forges a log can compute it again, so only a signature shows that.
//! Invariant: a log that this file sealed is found intact, and no other is.

use super::digests::Digest;
use super::report::next_line;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead};

/// The line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seal {
    event: Sealed,
    /// Seconds since 1970, by the host's clock.
    pub at: f64,
    /// Number of lines before it.
    pub lines: u64,
    /// SHA-256 of all bytes before it, in hexadecimal.
    pub sha256: String,
}

/// The name of the line, where other lines name their event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sealed {
    Sealed,
}

/// Computes the seal of a log while it is written.
#[derive(Clone, Debug, Default)]
pub struct Sealer {
    digest: Digest,
    lines: u64,
}

impl Sealer {
    /// Adds a line, with its line end.
    pub fn add(&mut self, line: &[u8]) {
        self.digest.add(line);
        self.lines += 1;
    }

    /// The seal of the lines so far; `None` if there are none. `at`: the time, in seconds since 1970.
    pub fn seal(&self, at: f64) -> Option<Seal> {
        let sha256 = self.digest.clone().finish();
        (self.lines > 0).then_some(Seal { event: Sealed::Sealed, at, lines: self.lines, sha256 })
    }
}

/// What a log says about itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Intact {
    /// It is as it was sealed.
    Yes(Seal),
    /// It has another digest than its seal says.
    Changed {
        /// The seal.
        seal: Seal,
        /// The digest of the bytes before it.
        now: String,
    },
    /// Lines follow the seal.
    Continued,
    /// It has no seal: the run was killed or still runs, the log was truncated, or an older version wrote it.
    Unsealed,
}

/// Whether a log is as it was sealed.
///
/// # Errors
/// If reading fails; [`io::ErrorKind::FileTooLarge`] for a line above [`crate::bound::LOG_LINE`].
pub fn check(mut log: impl BufRead) -> io::Result<Intact> {
    let mut sealer = Sealer::default();
    let (mut line, mut found) = (Vec::new(), None);
    while next_line(&mut log, &mut line)? {
        if found.is_some() {
            return Ok(Intact::Continued);
        }
        match serde_json::from_slice::<Seal>(&line) {
            Ok(seal) => found = Some(seal),
            Err(_) => sealer.add(&line),
        }
    }
    let now = sealer.digest.finish();
    Ok(match found {
        None => Intact::Unsealed,
        Some(seal) if seal.sha256 == now && seal.lines == sealer.lines => Intact::Yes(seal),
        Some(seal) => Intact::Changed { seal, now },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_sealed_log_is_found() {
        let lines = ["{\"at\":1.0,\"run\":1,\"event\":\"a\"}\n", "{\"at\":2.0,\"run\":1,\"event\":\"b\"}\n"];
        let mut sealer = Sealer::default();
        assert_eq!(sealer.seal(3.0), None);
        lines.iter().for_each(|line| sealer.add(line.as_bytes()));
        let seal = sealer.seal(3.0).unwrap();
        let text = format!("{}{}\n", lines.concat(), serde_json::to_string(&seal).unwrap());
        assert!(text.contains(r#"{"event":"sealed","at":3.0,"lines":2,"sha256":"#), "{text}");
        assert_eq!(check(text.as_bytes()).unwrap(), Intact::Yes(seal));
        for index in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[index] ^= 1;
            // The last line end is not part of anything; the time of the seal is not sealed.
            let at = text.rfind("\"at\":").unwrap();
            if index != text.len() - 1 && !(at..at + 8).contains(&index) {
                assert!(!matches!(check(&changed[..]).unwrap(), Intact::Yes(_)), "{index}");
            }
        }
        for end in 0..text.len() - 1 {
            assert!(!matches!(check(&text.as_bytes()[..end]).unwrap(), Intact::Yes(_)), "{end}");
        }
        assert_eq!(check(format!("{text}{}", lines[0]).as_bytes()).unwrap(), Intact::Continued);
        assert_eq!(check(format!("{text}{text}").as_bytes()).unwrap(), Intact::Continued);
    }
}
