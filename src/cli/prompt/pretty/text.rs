//! Formats blobs, long strings, and objects that only have a text.
//!
//! Pure. Invariant: no control sequence of a terminal is left in a string.

use super::{LONGEST_WORD, MOST_ENTRIES, Page, Style, StyledLine, cut, remark};
use crate::phrase;

/// Bytes of a dump.
const MOST_BYTES: usize = 256;

/// Sixteen bytes per line: offset, hexadecimal digits, characters.
pub(super) fn dump(bytes: &[u8]) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    for (row, piece) in bytes.chunks(16).take(MOST_BYTES / 16).enumerate() {
        let mut line = StyledLine::default();
        line.push(Style::Remark, format!("{:04x}  ", row * 16));
        let digits: Vec<String> = piece.iter().map(|byte| format!("{byte:02x}")).collect();
        line.push(Style::Number, format!("{:<47}", digits.join(" ")));
        let letters = piece.iter().map(|byte| match byte {
            0x20..=0x7e => char::from(*byte),
            _ => '.',
        });
        line.push(Style::Text, format!("  {}", letters.collect::<String>()));
        lines.push(line);
    }
    let left_out = bytes.len().saturating_sub(MOST_BYTES);
    lines.push(remark(
        0,
        match left_out {
            0 => phrase::count(bytes.len(), "byte"),
            left_out => format!("… {left_out} more of {}", phrase::count(bytes.len(), "byte")),
        },
    ));
    lines
}

/// A long text or one of several lines, as it is, but for what would disturb the terminal.
pub(super) fn block_of(text: &str, page: Page) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    let count = text.lines().count();
    let (mut shown, room) = (0, page.width.saturating_sub(3).max(20));
    for (index, line) in text.lines().enumerate() {
        let harmless: Vec<char> = line.chars().take(LONGEST_WORD).flat_map(harmless).collect();
        let mut pieces = harmless.chunks(room).peekable();
        let mut first = true;
        while first || pieces.peek().is_some() {
            let mut row = StyledLine::default();
            row.push(Style::Remark, if first { "│ " } else { "┆ " });
            row.push(Style::Text, pieces.next().unwrap_or_default().iter().collect::<String>());
            lines.push(row);
            first = false;
        }
        shown = index + 1;
        if lines.len() >= MOST_ENTRIES * 2 {
            break;
        }
    }
    let size = phrase::count(text.chars().count(), "character");
    lines.push(remark(
        0,
        match count - shown {
            0 if count == 1 => size,
            0 => format!("{}, {size}", phrase::count(count, "line")),
            more => format!("… {} more; {size}", phrase::count(more, "line")),
        },
    ));
    lines
}

/// A character as it is shown.
fn harmless(letter: char) -> Vec<char> {
    match letter {
        '\t' => vec![' '; 4],
        letter if letter.is_control() => letter.escape_default().collect(),
        letter => vec![letter],
    }
}

/// The text of an object; may have several lines.
pub(super) fn opaque(text: &str) -> Vec<StyledLine> {
    let mut lines: Vec<StyledLine> = Vec::new();
    for line in text.lines().take(MOST_ENTRIES) {
        let mut row = StyledLine::default();
        row.push(Style::Object, cut(line));
        lines.push(row);
    }
    let more = text.lines().count().saturating_sub(MOST_ENTRIES);
    if more > 0 {
        lines.push(remark(0, format!("… {} more", phrase::count(more, "line"))));
    }
    lines
}
