//! Positions of the protocol, and bytes of a text.
//!
//! Invariant: any position gives a byte between characters of the text, and any byte a position that exists.

use lsp_types::{Position, PositionEncodingKind, Range};
use std::ops::Range as Bytes;

/// What a column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16, unless something else was agreed.
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// The first one that both sides know of those that the client prefers.
    pub fn agreed(offered: Option<&[PositionEncodingKind]>) -> Encoding {
        let known = |kind: &PositionEncodingKind| match kind.as_str() {
            "utf-8" => Some(Encoding::Utf8),
            "utf-16" => Some(Encoding::Utf16),
            "utf-32" => Some(Encoding::Utf32),
            _ => None,
        };
        offered.unwrap_or_default().iter().find_map(known).unwrap_or(Encoding::Utf16)
    }

    /// Its name in the protocol.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    /// How many columns a character takes.
    fn width(self, c: char) -> usize {
        match self {
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf16 => c.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }

    /// How many columns a text takes.
    pub fn columns(self, text: &str) -> usize {
        match self {
            Encoding::Utf8 => text.len(),
            _ if text.is_ascii() => text.len(),
            _ => text.chars().map(|c| self.width(c)).sum(),
        }
    }
}

/// Where the lines of a text begin. As the protocol has it, a line ends with LF, CR LF or CR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    encoding: Encoding,
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of `text`.
    pub fn new(text: &str, encoding: Encoding) -> Lines {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (index, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || *byte == b'\r' && bytes.get(index + 1) != Some(&b'\n') {
                starts.push(index + 1);
            }
        }
        Lines { encoding, starts }
    }

    /// What columns count.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The line of a byte, from 0.
    pub fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    /// Where a line begins.
    pub fn start(&self, line: usize) -> Option<usize> {
        self.starts.get(line).copied()
    }

    /// The bytes of a line, without its end.
    pub fn line(&self, text: &str, line: usize) -> Bytes<usize> {
        let Some(start) = self.starts.get(line).copied() else { return text.len()..text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let content = text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        start..start + content.len()
    }

    /// The byte of a position. A column beyond its line is the end of that line, a line beyond the text its end.
    pub fn byte(&self, text: &str, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        if line >= self.starts.len() {
            return text.len();
        }
        let bytes = self.line(text, line);
        let content = text.get(bytes.clone()).unwrap_or_default();
        let wanted = usize::try_from(position.character).unwrap_or(usize::MAX);
        if content.is_ascii() {
            return bytes.start + wanted.min(content.len());
        }
        let mut columns = 0;
        for (index, c) in content.char_indices() {
            columns += self.encoding.width(c);
            if columns > wanted {
                return bytes.start + index;
            }
        }
        bytes.end
    }

    /// The position of a byte.
    pub fn position(&self, text: &str, byte: usize) -> Position {
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.line_of(byte);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let column = self.encoding.columns(text.get(start..byte).unwrap_or_default());
        Position::new(number(line), number(column))
    }

    /// The range of some bytes.
    pub fn range(&self, text: &str, bytes: &Bytes<usize>) -> Range {
        Range::new(self.position(text, bytes.start), self.position(text, bytes.end.max(bytes.start)))
    }
}

/// A number of the protocol.
pub fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The byte at a line and a column of a script's origin: both from 1, lines end with LF only, columns count characters. Column 0
/// is the first character of the line that is not blank.
pub fn byte_of_origin(text: &str, line: u32, column: u32) -> usize {
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut start = mark;
    for _ in 1..line {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return text.len(),
        }
    }
    let rest = &text[start..];
    let content = rest.split('\n').next().unwrap_or_default();
    match usize::try_from(column).unwrap_or(usize::MAX).checked_sub(1) {
        None => start + content.len() - content.trim_start().len(),
        Some(skipped) => start + content.char_indices().nth(skipped).map_or(content.len(), |(index, _)| index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_count_units_of_the_encoding() {
        let text = "aé🐍b\r\nz";
        let lines = |encoding| Lines::new(text, encoding);
        for (encoding, snake, after) in [(Encoding::Utf8, 3, 7), (Encoding::Utf16, 2, 4), (Encoding::Utf32, 2, 3)] {
            let lines = lines(encoding);
            assert_eq!(lines.position(text, 3), Position::new(0, snake));
            assert_eq!(lines.position(text, 7), Position::new(0, after));
            assert_eq!(lines.byte(text, Position::new(0, snake)), 3);
            assert_eq!(lines.byte(text, Position::new(0, after)), 7);
        }
        // Half a surrogate pair is before its character.
        assert_eq!(lines(Encoding::Utf16).byte(text, Position::new(0, 3)), 3);
        assert_eq!(lines(Encoding::Utf16).byte(text, Position::new(0, 99)), 8);
        assert_eq!(lines(Encoding::Utf16).byte(text, Position::new(9, 0)), text.len());
    }

    #[test]
    fn the_first_known_encoding_is_used() {
        let offered = [PositionEncodingKind::new("utf-7"), PositionEncodingKind::UTF8, PositionEncodingKind::UTF16];
        assert_eq!(Encoding::agreed(Some(&offered)), Encoding::Utf8);
        assert_eq!(Encoding::agreed(None), Encoding::Utf16);
    }

    #[test]
    fn origins_are_found() {
        assert_eq!(byte_of_origin("ab\n  é(x)", 2, 4), "ab\n  é".len());
        assert_eq!(byte_of_origin("ab\n  é(x)", 2, 0), 5);
        assert_eq!(byte_of_origin("\u{feff}ab", 1, 2), 4);
        assert_eq!(byte_of_origin("ab", 7, 1), 2);
    }

    proptest! {
        #[test]
        fn positions_and_bytes_agree(text in "[a🐍é\r\n]{0,20}", line in 0u32..9, column in 0u32..9) {
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                let lines = Lines::new(&text, encoding);
                let byte = lines.byte(&text, Position::new(line, column));
                prop_assert!(text.is_char_boundary(byte));
                prop_assert_eq!(lines.byte(&text, lines.position(&text, byte)), byte);
            }
        }
    }
}
