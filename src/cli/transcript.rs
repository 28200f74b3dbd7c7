//! What a board prints, kept in a file.
//!
//! Invariant: the file has every byte that came, in order; with time stamps, one before each line and nothing else.

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
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// Of the operating system.
    pub fn open(path: &Path, stamped: bool) -> io::Result<Transcript> {
        let file = File::options().append(true).create(true).open(path)?;
        Ok(Transcript { file, stamped, at_line_start: true })
    }

    /// Adds what came just now.
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

/// `bytes` with the time before each line that begins in them.
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

/// The time since 1970 in the form of ISO 8601, to the millisecond.
fn utc(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March put the leap day at their end; 719 468 days lie between 0000-03-01 and 1970-01-01, and
    // 146 097 days are 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since_1970.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let case = |seconds, expected: &str| assert_eq!(utc(Duration::from_secs(seconds)), expected);
        case(0, "1970-01-01T00:00:00.000Z");
        case(951_782_399, "2000-02-28T23:59:59.000Z");
        case(951_782_400, "2000-02-29T00:00:00.000Z");
        case(951_868_800, "2000-03-01T00:00:00.000Z");
        case(1_735_689_599, "2024-12-31T23:59:59.000Z");
        case(4_107_542_400, "2100-03-01T00:00:00.000Z");
        assert_eq!(utc(Duration::from_millis(1_000_000_000_042)), "2001-09-09T01:46:40.042Z");
    }

    #[test]
    fn each_line_has_one_stamp_however_it_comes() {
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
