//! Separates raw bytes (`sys.stdout.buffer`) from text, and detects resets, in the output of a simulated board's process.
//!
//! The board announces raw bytes: a secret mark, their number in decimal digits, a colon; and a reset: the mark, the letter
//! of its cause, a colon (`board/_sim_sys.py`); `C` announces the start of a soft reset. Pure.
//! Invariant: the result does not depend on how the bytes are split, and no byte waits for another unless it may belong
//! to a mark.

/// First byte of every mark. It never occurs in UTF-8.
const FIRST: u8 = 0xFF;

/// Most digits of an announced number.
const MOST_DIGITS: usize = 9;

/// The letter that announces the closing of files before a soft reset.
const CLOSES: u8 = b'C';

/// The kind of a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Text: LF becomes CR LF.
    Text,
    /// Raw: passed on unchanged.
    Raw,
}

/// Follows the marks in a stream.
#[derive(Debug)]
pub(super) struct Marks {
    mark: Vec<u8>,
    /// A possible start of a mark or its number.
    held: Vec<u8>,
    /// How many raw bytes are still expected.
    left: usize,
    /// The letter of the reset that was announced.
    reset: Option<u8>,
    /// A soft reset has begun: text is dropped.
    closes: bool,
}

impl Marks {
    /// Follows marks that consist of [`FIRST`] and `secret`.
    pub(super) fn new(secret: &str) -> Marks {
        let mark = std::iter::once(FIRST).chain(secret.bytes()).collect();
        Marks { mark, held: Vec::new(), left: 0, reset: None, closes: false }
    }

    /// The letter of the announced reset. Later output is dropped.
    pub(super) fn reset(&self) -> Option<u8> {
        self.reset
    }

    /// Whether the board is closing its files before a soft reset. Later output is dropped.
    pub(super) fn closes(&self) -> bool {
        self.closes
    }

    /// Processes a byte of the process; calls `pass` with each byte for the host.
    pub(super) fn take(&mut self, byte: u8, pass: &mut impl FnMut(u8, Sort)) {
        if self.reset.is_some() {
            return;
        }
        if self.held.is_empty() && byte != FIRST {
            return self.give(byte, pass);
        }
        self.held.push(byte);
        let (head, tail) = self.held.split_at(self.held.len().min(self.mark.len()));
        let complete = tail.last() == Some(&b':') && tail.len() > 1;
        let digits = tail.strip_suffix(b":").filter(|_| complete).unwrap_or(tail);
        let number = digits.len() <= MOST_DIGITS && digits.iter().all(u8::is_ascii_digit);
        let cause = matches!(digits, [letter] if letter.is_ascii_uppercase());
        let possible = self.mark.starts_with(head) && (number || cause);
        if possible && complete && cause {
            let letter = digits.first().copied();
            self.closes |= letter == Some(CLOSES);
            self.reset = letter.filter(|&letter| letter != CLOSES);
            self.held.clear();
        } else if possible && complete {
            // Within raw bytes: an interrupt has cut off their write.
            self.left = digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
            self.held.clear();
        } else if !possible || (1..=self.held.len()).contains(&self.left) {
            // The last byte may start a mark, unless it completes the raw bytes.
            let held = std::mem::take(&mut self.held);
            let sure = if possible { held.len() } else { held.len() - 1 };
            held[..sure].iter().for_each(|&byte| self.give(byte, pass));
            held[sure..].iter().for_each(|&byte| self.take(byte, pass));
        }
    }

    fn give(&mut self, byte: u8, pass: &mut impl FnMut(u8, Sort)) {
        let sort = if self.left > 0 { Sort::Raw } else { Sort::Text };
        self.left = self.left.saturating_sub(1);
        if !self.closes {
            pass(byte, sort);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output: text unchanged, raw bytes in brackets.
    fn sorted(bytes: &[u8]) -> String {
        let mut marks = Marks::new("ab1");
        let mut out = String::new();
        for &byte in bytes {
            marks.take(byte, &mut |byte, sort| match sort {
                Sort::Text => out.push_str(&byte.escape_ascii().to_string()),
                Sort::Raw => out.push_str(&format!("[{}]", byte.escape_ascii())),
            });
        }
        out
    }

    #[test]
    fn announced_bytes_are_raw() {
        assert_eq!(sorted(b"a\xffab12:xya"), "a[x][y]a");
        assert_eq!(sorted(b"\xffab13:\n\xff:\n"), "[\\n][\\xff][:]\\n");
        assert_eq!(sorted(b"\xffab12:xy\xffab11:z."), "[x][y][z].");
        assert_eq!(sorted(b"\xffab10:a"), "a");
    }

    #[test]
    fn passes_on_the_last_raw_byte_at_once() {
        assert_eq!(sorted(b"\xffab11:\xff"), "[\\xff]");
        assert_eq!(sorted(b"\xffab13:\xffab"), "[\\xff][a][b]");
        assert_eq!(sorted(b"\xffab12:\xff\xff"), "[\\xff][\\xff]");
    }

    #[test]
    fn a_look_alike_is_text() {
        for text in ["\u{e9}", "ab12:"] {
            assert_eq!(sorted(text.as_bytes()), text.as_bytes().escape_ascii().to_string());
        }
        assert_eq!(sorted(b"\xffab2"), "\\xffab2");
        assert_eq!(sorted(b"\xff\xffab11:\n"), "\\xff[\\n]");
        assert_eq!(sorted(b"\xffab1:x"), "\\xffab1:x");
        assert_eq!(sorted(b"\xffab11234567890:"), "\\xffab11234567890:");
        assert_eq!(sorted(b"\xffab1a"), "\\xffab1a");
    }

    #[test]
    fn nothing_follows_a_reset() {
        assert_eq!(sorted(b"a\xffab1H:b"), "a");
        assert_eq!(sorted(b"a\xffab1C:b\xffab11:x\xffab1S:"), "a");
        assert_eq!(sorted(b"\xffab190:xy\xffab1C:z"), "[x][y]");
        let mut marks = Marks::new("ab1");
        b"\xffab1C:".iter().for_each(|&byte| marks.take(byte, &mut |_, _| ()));
        assert_eq!((marks.closes(), marks.reset()), (true, None));
        b"x\xffab1S:".iter().for_each(|&byte| marks.take(byte, &mut |_, _| ()));
        assert_eq!(marks.reset(), Some(b'S'));
        assert_eq!(sorted(b"\xffab1HH:"), "\\xffab1HH:");
        assert_eq!(sorted(b"\xffab1h:"), "\\xffab1h:");
    }

    #[test]
    fn a_mark_within_raw_bytes_restarts() {
        assert_eq!(sorted(b"\xffab190:xy\xffab11:z."), "[x][y][z].");
    }
}
