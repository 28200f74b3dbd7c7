//! The parts of a reply, and line ends within a frame. Uses [`super::checksum`]; plain data.

use super::checksum;
use std::borrow::Cow;

/// The content of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// The `repr` of a value.
    Repr,
    /// The bytes of a value, in base64.
    Base64,
    /// The text of a `str`, as it is.
    Text,
    /// Numbers, packed.
    Packed,
    /// The end of a generator; the `repr` of its return value.
    Stop,
    /// How many replies the board has sent, and the letter of the last kind.
    Number,
    /// Not a reply: a running program asks the host for something.
    Question,
}

impl FrameKind {
    /// The letter of its frames.
    pub fn letter(self) -> u8 {
        match self {
            FrameKind::Repr => b'R',
            FrameKind::Base64 => b'B',
            FrameKind::Text => b'T',
            FrameKind::Packed => b'P',
            FrameKind::Stop => b'S',
            FrameKind::Number => b'N',
            FrameKind::Question => b'Q',
        }
    }

    /// The kind for this letter.
    pub fn from_letter(letter: u8) -> Option<FrameKind> {
        match letter {
            b'R' => Some(FrameKind::Repr),
            b'B' => Some(FrameKind::Base64),
            b'T' => Some(FrameKind::Text),
            b'P' => Some(FrameKind::Packed),
            b'S' => Some(FrameKind::Stop),
            b'N' => Some(FrameKind::Number),
            b'Q' => Some(FrameKind::Question),
            _ => None,
        }
    }
}

/// A frame with a value from the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyFrame {
    /// The kind of its content.
    pub kind: FrameKind,
    /// The text.
    pub text: String,
}

/// The bytes that a board sends for a frame, with a checksum and without.
pub fn forms(token: &str, kind: FrameKind, text: &str) -> [String; 2] {
    let (letter, length) = (kind.letter(), text.chars().count());
    let sum = checksum::of(letter, text.as_bytes(), length);
    let letter = char::from(letter);
    [sum.as_str(), ""].map(|sum| format!("\x1e{token}{letter}{length}:{text}\x1e{token}{sum};"))
}

/// The text of `length` characters that was received as `bytes`; `None`: bytes were lost or added.
///
/// A board's `print` sends CR LF for each LF, a CR before it or not (MicroPython, `shared/runtime/stdout_helpers.c`); the
/// length is that of the original text. Firmware without Unicode counts bytes.
pub(super) fn sent(bytes: &[u8], length: usize) -> Option<Cow<'_, [u8]>> {
    let characters = bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
    if characters == length || bytes.len() == length {
        return Some(Cow::Borrowed(bytes));
    }
    let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
    let ends = bytes.windows(2).filter(|pair| pair == b"\r\n").count();
    if lines == 0 || ends != lines || (characters - lines != length && bytes.len() - lines != length) {
        return None;
    }
    let added = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
    Some((0..bytes.len()).filter(|&at| !added(at)).map(|at| bytes[at]).collect())
}

/// `text` as such a `print` sends it.
pub fn with_returns(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// The end of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The value, if the program sent one.
    pub frame: Option<ReplyFrame>,
    /// The board's text of an exception; empty if there was none. May contain any bytes.
    pub error: Vec<u8>,
}

impl Reply {
    /// The line number in the last entry of its traceback.
    pub fn error_line(&self) -> Option<usize> {
        let text = String::from_utf8_lossy(&self.error);
        let (_, after) = text.rsplit_once("\", line ")?;
        let digits = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
        after[..digits].parse().ok()
    }

    /// Whether the program did not compile: its traceback has a line, but no function or module.
    pub fn is_uncompiled(&self) -> bool {
        let has = |text: &[u8]| super::find(&self.error, text).is_some();
        (has(b"\nSyntaxError") || has(b"\nIndentationError")) && !has(b", in ")
    }

    /// The text that threads printed into the traceback of a program that the host cut off. `None`: it is not such a
    /// traceback, so the texts cannot be separated.
    pub fn strangers(&self) -> Option<Vec<u8>> {
        // The pieces as the board prints them, each at once, and whether a line end comes before.
        const PIECES: [(&[u8], bool); 8] = [
            (b"Traceback (most recent call last):", false),
            (b"  File \"", true),
            (b"<stdin>", false),
            (b"\", line ", false),
            (b"SyntaxError", true),
            (b": ", false),
            (b"invalid syntax", false),
            (b"", true),
        ];
        let (mut strangers, mut rest) = (Vec::new(), self.error.as_slice());
        for (piece, on_new_line) in PIECES {
            let at = if piece.is_empty() { rest.len() } else { super::find(rest, piece)? };
            let mut between = &rest[..at];
            rest = &rest[at + piece.len()..];
            if on_new_line {
                let end = super::find(between, b"\n")?;
                strangers.extend_from_slice(between[..end].strip_suffix(b"\r").unwrap_or(&between[..end]));
                between = &between[end + 1..];
            }
            strangers.extend_from_slice(between);
            if piece.ends_with(b"line ") {
                let digits = rest.iter().position(|letter| !letter.is_ascii_digit())?;
                rest = &rest[digits..];
            }
        }
        Some(strangers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_shows_whether_line_ends_were_replaced() {
        for text in ["", "a", "a\nb", "\n", "\n\n", "a\r\nb", "\r", "\r\r\n\n", "\u{e9}\n\u{1f600}\r\n", "\n\r"] {
            for came in [text.to_owned(), with_returns(text)] {
                for length in [text.chars().count(), text.len()] {
                    assert_eq!(sent(came.as_bytes(), length).as_deref(), Some(text.as_bytes()), "{came:?}");
                }
            }
        }
    }

    #[test]
    fn text_printed_in_between_is_an_error() {
        for (came, length) in [("a\r\nx\n", 3), ("ab", 1), ("a\r\n", 1), ("a\n", 1), ("\r\n\n", 1), ("a", 2)] {
            assert_eq!(sent(came.as_bytes(), length), None, "{came:?}");
        }
    }
}
