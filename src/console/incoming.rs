//! What has come from a console: the bytes that no call has taken yet, and the last lines for errors.
//!
//! Pure. Invariant: at most [`UNREAD`] bytes are kept; how many were dropped is counted.

use super::pattern::{Pattern, Place};
use crate::visible;
use std::ops::Range;

/// Most bytes that wait for a call; the oldest are dropped.
pub const UNREAD: usize = 4 << 20;

/// Most bytes kept for the last lines.
const TAIL: usize = 4096;

/// Most lines that an error shows, and characters of each.
const LINES: usize = 8;
const WIDTH: usize = 160;

/// Received bytes.
#[derive(Debug, Default)]
pub struct Incoming {
    unread: Vec<u8>,
    /// How many bytes of `unread` the running call has looked at.
    scanned: usize,
    dropped: u64,
    total: u64,
    tail: Vec<u8>,
}

/// What a call found, and took together with everything before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The number of the pattern that matched.
    pub index: usize,
    /// What came before it.
    pub before: Vec<u8>,
    /// What matched.
    pub bytes: Vec<u8>,
    /// The groups of a regular expression, from 1, with their names.
    pub groups: Vec<(Option<String>, Option<Vec<u8>>)>,
}

impl Incoming {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        self.unread.extend_from_slice(bytes);
        if let Some(excess) = self.unread.len().checked_sub(UNREAD).filter(|excess| *excess > 0) {
            self.unread.drain(..excess);
            self.scanned = self.scanned.saturating_sub(excess);
            self.dropped += excess as u64;
        }
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }

    /// A call begins: it has looked at nothing.
    pub fn begin(&mut self) {
        self.scanned = 0;
    }

    /// Takes the pattern that is found first, and what came before it. Of patterns at one place the first one is taken.
    pub fn take_match(&mut self, patterns: &[Pattern]) -> Option<Match> {
        self.take_match_from(0, patterns)
    }

    /// As [`Incoming::take_match`], without the first `from` bytes, which are dropped with it.
    pub fn take_match_from(&mut self, from: usize, patterns: &[Pattern]) -> Option<Match> {
        let bytes = &self.unread[from.min(self.unread.len())..];
        let scanned = self.scanned.saturating_sub(from);
        let found = patterns
            .iter()
            .enumerate()
            .filter_map(|(index, pattern)| pattern.find(bytes, scanned).map(|place| (index, place)));
        let Some((index, place)) = found.min_by_key(|(_, place)| place.range.start) else {
            self.scanned = self.unread.len();
            return None;
        };
        let Place { range, groups } = place;
        let part = |range: Range<usize>| bytes[range].to_vec();
        let groups = groups.into_iter().map(|(name, range)| (name, range.map(part))).collect();
        let (before, bytes) = (part(0..range.start), part(range.clone()));
        self.take(from + range.end);
        Some(Match { index, before, bytes, groups })
    }

    /// Whether one of the patterns came, whatever the running call has looked at.
    pub fn has_match(&self, patterns: &[Pattern]) -> bool {
        patterns.iter().any(|pattern| pattern.find(&self.unread, 0).is_some())
    }

    /// Takes exactly `count` bytes; `None` if there are fewer.
    pub fn take_exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        (self.unread.len() >= count).then(|| self.take(count))
    }

    /// Takes everything.
    pub fn take_all(&mut self) -> Vec<u8> {
        self.take(self.unread.len())
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.scanned = 0;
        let rest = self.unread.split_off(count);
        std::mem::replace(&mut self.unread, rest)
    }

    /// How many bytes wait for a call.
    pub fn unread(&self) -> usize {
        self.unread.len()
    }

    /// The bytes that wait for a call.
    pub fn waiting(&self) -> &[u8] {
        &self.unread
    }

    /// How many bytes have come.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many bytes were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The last lines that came, whether or not a call has taken them: visible, without empty ones.
    pub fn last_lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.tail);
        let mut stream = visible::Stream::new(false);
        let mut shown = stream.feed(text.as_bytes());
        shown.push_str(&stream.flush());
        let lines: Vec<&str> = shown.split(['\n', '\r']).map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let cut = |line: &&str| match line.char_indices().nth(WIDTH) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => (*line).to_owned(),
        };
        lines.iter().skip(lines.len().saturating_sub(LINES)).map(cut).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(text: &str) -> Incoming {
        let mut incoming = Incoming::default();
        incoming.add(text.as_bytes());
        incoming
    }

    #[test]
    fn the_first_match_is_taken_with_what_came_before() {
        let mut incoming = incoming("boot\nlogin: ");
        let patterns = [Pattern::text("gin"), Pattern::text("login:"), Pattern::text("boot\nl")];
        let found = incoming.take_match(&patterns).unwrap();
        assert_eq!((found.index, found.before.as_slice(), found.bytes.as_slice()), (2, &b""[..], &b"boot\nl"[..]));
        let found = incoming.take_match(&patterns).unwrap();
        assert_eq!((found.index, found.before), (0, b"o".to_vec()));
        assert_eq!(incoming.take_match(&patterns), None);
        incoming.add(b"log");
        assert_eq!(incoming.take_match(&patterns), None);
        incoming.add(b"in:");
        let found = incoming.take_match(&patterns[1..2]).unwrap();
        assert_eq!((found.before, incoming.unread()), (b": ".to_vec(), 0));
    }

    #[test]
    fn old_bytes_are_dropped_and_counted() {
        let mut incoming = incoming("first\n");
        incoming.add(&vec![b'x'; UNREAD - 6]);
        assert_eq!((incoming.dropped(), incoming.unread()), (0, UNREAD));
        incoming.add(b"abc");
        assert_eq!((incoming.dropped(), incoming.unread()), (3, UNREAD));
        assert_eq!(incoming.take_exactly(4), Some(b"st\nx".to_vec()));
        assert_eq!(incoming.total(), UNREAD as u64 + 3);
        assert_eq!(incoming.take_exactly(UNREAD), None);
        assert_eq!(incoming.take_all().len(), UNREAD - 4);
    }

    #[test]
    fn the_last_lines_are_safe_to_show() {
        let text: String = (0..20).map(|line| format!("line {line}\r\n")).collect();
        let mut incoming = incoming(&text);
        incoming.take_all();
        incoming.add(b"\x1b[31mred\x1b[0m \x07\xff\r\n\r\n# ");
        assert_eq!(incoming.last_lines().len(), LINES);
        assert_eq!(incoming.last_lines()[LINES - 3..], ["line 19", "red \u{2407}\u{fffd}", "#"]);
        incoming.add("x".repeat(300).as_bytes());
        assert_eq!(incoming.last_lines().last().unwrap().chars().count(), WIDTH + 1);
    }
}
