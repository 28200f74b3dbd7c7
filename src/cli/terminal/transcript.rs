//! Writes the output of a board to a file.
//!
//! Invariant: the file has every byte that came, in order; with timestamps, exactly one before each line.

use crate::bench::date::utc;
use crate::disk;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file that is appended to.
pub struct Transcript {
    file: File,
    stamped: bool,
    at_line_start: bool,
}

impl Transcript {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// Of the operating system.
    pub fn open(path: &Path, stamped: bool) -> io::Result<Transcript> {
        let file = disk::continue_log(path)?;
        Ok(Transcript { file, stamped, at_line_start: true })
    }

    /// Appends new output.
    ///
    /// # Errors
    /// Of the operating system.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.stamped {
            return self.file.write_all(bytes);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let text = stamp(bytes, &mut self.at_line_start, now);
        self.file.write_all(&text)
    }
}

/// `bytes` with a timestamp before each line that starts in them.
fn stamp(bytes: &[u8], at_line_start: &mut bool, now: Duration) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + 32);
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if *at_line_start {
            text.extend_from_slice(utc(now).as_bytes());
            text.push(b' ');
        }
        text.extend_from_slice(line);
        *at_line_start = line.ends_with(b"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_one_timestamp_however_it_arrives() {
        let mut start = true;
        let mut all = Vec::new();
        for piece in [&b"a"[..], b"b\r\n\n", b"", b"\xff", b"c\nd"] {
            all.extend(stamp(piece, &mut start, Duration::ZERO));
        }
        let mark = "1970-01-01T00:00:00.000Z ";
        let mut expected = format!("{mark}ab\r\n{mark}\n{mark}").into_bytes();
        expected.extend_from_slice(b"\xffc\n");
        expected.extend_from_slice(format!("{mark}d").as_bytes());
        assert_eq!(all, expected);
    }
}
