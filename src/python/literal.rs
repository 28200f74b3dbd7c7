//! Finds the end of a string literal, including replacement fields of f-strings.
//!
//! Uses [`super::token`]'s plain types only. Invariant: one pass, without recursion, for any nesting.

use super::token::{Literal, is_name_byte};
use std::ops::Range;

/// Number of letters before the quote if `bytes` starts with a string prefix and its quote.
pub(crate) fn prefix_length(bytes: &[u8]) -> Option<usize> {
    let length = bytes.iter().take(3).position(|byte| matches!(byte, b'"' | b'\''))?;
    is_prefix(&bytes[..length]).then_some(length)
}

/// Whether `letters` is a valid string prefix. The empty one is.
pub(crate) fn is_prefix(letters: &[u8]) -> bool {
    let lower = |index: usize| letters.get(index).map_or(0, u8::to_ascii_lowercase);
    match letters.len() {
        0 => true,
        1 => b"rbuft".contains(&lower(0)),
        2 => matches!(&[lower(0), lower(1)], b"rb" | b"br" | b"rf" | b"fr" | b"rt" | b"tr"),
        _ => false,
    }
}

fn describe(letters: &[u8], triple: bool) -> Literal {
    let has = |wanted: &[u8]| letters.iter().any(|letter| wanted.contains(&letter.to_ascii_lowercase()));
    Literal { prefix: letters.len(), triple, raw: has(b"r"), format: has(b"ft") }
}

/// The delimiter of a string.
#[derive(Clone, Copy)]
struct Quote {
    byte: u8,
    triple: bool,
}

impl Quote {
    fn at(bytes: &[u8]) -> Quote {
        let byte = bytes.first().copied().unwrap_or(0);
        let triple = bytes.get(1) == Some(&byte) && bytes.get(2) == Some(&byte);
        Quote { byte, triple }
    }

    fn length(self) -> usize {
        if self.triple { 3 } else { 1 }
    }

    fn closes(self, bytes: &[u8]) -> bool {
        bytes.len() >= self.length() && bytes[..self.length()].iter().all(|&byte| byte == self.byte)
    }
}

/// The context of the scanner, innermost last.
#[derive(Clone, Copy)]
enum Context {
    /// The text of a string.
    Text { quote: Quote, format: bool },
    /// The expression of a replacement field of a string with this quote.
    Field { quote: Quote, brackets: usize, start: usize },
    /// The part of a replacement field after its colon.
    Specification { quote: Quote },
}

/// Scans the literal at the start of `bytes`, whose prefix has `prefix` letters: its form and length, or the length up to
/// where its end is missing.
pub(crate) fn scan(bytes: &[u8], prefix: usize) -> Result<(Literal, usize), usize> {
    scan_fields(bytes, prefix, &mut |_| {})
}

/// The expressions of the replacement fields of the complete literal `text`, without those of nested strings.
pub(crate) fn fields(text: &str, literal: Literal) -> Vec<&str> {
    field_ranges(text, literal).into_iter().filter_map(|range| text.get(range)).collect()
}

/// As [`fields`]: where they are in the text.
pub(crate) fn field_ranges(text: &str, literal: Literal) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    if literal.format {
        // A complete literal was scanned before: ignore the result.
        let _ = scan_fields(text.as_bytes(), literal.prefix, &mut |range| fields.push(range));
    }
    fields
}

fn scan_fields(bytes: &[u8], prefix: usize, found: &mut impl FnMut(Range<usize>)) -> Result<(Literal, usize), usize> {
    let quote = Quote::at(bytes.get(prefix..).unwrap_or_default());
    let literal = describe(bytes.get(..prefix).unwrap_or_default(), quote.triple);
    let frames = vec![Context::Text { quote, format: literal.format }];
    let mut scanner = Scanner { bytes, pos: prefix + quote.length(), frames, nested_strings: 0 };
    while let (Some(&frame), Some(&byte)) = (scanner.frames.last(), bytes.get(scanner.pos)) {
        match frame {
            Context::Text { quote, format } => {
                scanner.text(byte, quote, format)?;
                if scanner.frames.is_empty() {
                    return Ok((literal, scanner.pos));
                }
            }
            Context::Field { quote, brackets, start } => {
                if scanner.field(byte, quote, brackets, start) && scanner.nested_strings == 0 {
                    found(start..scanner.pos - 1);
                }
            }
            Context::Specification { quote } => scanner.specification(byte, quote)?,
        }
    }
    Err(bytes.len())
}

struct Scanner<'a> {
    bytes: &'a [u8],
    pos: usize,
    frames: Vec<Context>,
    /// Open strings within fields.
    nested_strings: usize,
}

/// Each step consumes at least one byte, or leaves a context. `Err`: the string's end is missing at that position.
impl Scanner<'_> {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.pos..).unwrap_or_default()
    }

    fn text(&mut self, byte: u8, quote: Quote, format: bool) -> Result<(), usize> {
        if quote.closes(self.rest()) {
            self.pos += quote.length();
            self.frames.pop();
            self.nested_strings = self.nested_strings.saturating_sub(1);
            return Ok(());
        }
        let next = self.bytes.get(self.pos + 1).copied();
        match byte {
            b'\\' if self.rest().get(1..).is_some_and(|rest| rest.starts_with(b"\r\n")) => self.pos += 3,
            b'\\' if next.is_some() => self.pos += 2,
            b'\r' | b'\n' if !quote.triple => return Err(self.pos),
            b'{' if format && next == Some(b'{') => self.pos += 2,
            _ => {
                self.pos += 1;
                if byte == b'{' && format {
                    self.frames.push(Context::Field { quote, brackets: 0, start: self.pos });
                }
            }
        }
        Ok(())
    }

    /// Whether the field's expression ended with this byte.
    fn field(&mut self, byte: u8, quote: Quote, brackets: usize, start: usize) -> bool {
        let brackets = match byte {
            b'}' | b':' if brackets == 0 => {
                self.pos += 1;
                self.frames.pop();
                if byte == b':' {
                    self.frames.push(Context::Specification { quote });
                }
                return true;
            }
            b'"' | b'\'' => {
                let nested = Quote::at(self.rest());
                let format = describe(letters_before(self.bytes, self.pos), nested.triple).format;
                self.frames.push(Context::Text { quote: nested, format });
                self.nested_strings += 1;
                self.pos += nested.length();
                return false;
            }
            b'#' => {
                // A comment: ignore its quotes and brackets. Consume at least the `#`, but not the line end.
                let length = self.rest().iter().position(|byte| matches!(byte, b'\r' | b'\n'));
                self.pos += length.unwrap_or(self.rest().len()).saturating_sub(1);
                brackets
            }
            b'(' | b'[' | b'{' => brackets + 1,
            b')' | b']' | b'}' => brackets.saturating_sub(1),
            _ => brackets,
        };
        self.pos += 1;
        self.frames.pop();
        self.frames.push(Context::Field { quote, brackets, start });
        false
    }

    fn specification(&mut self, byte: u8, quote: Quote) -> Result<(), usize> {
        if quote.closes(self.rest()) {
            // The string ends within a field: invalid, but the board reports it best.
            while matches!(self.frames.last(), Some(Context::Specification { .. } | Context::Field { .. })) {
                self.frames.pop();
            }
            return Ok(());
        }
        match byte {
            b'\r' | b'\n' if !quote.triple => return Err(self.pos),
            b'{' => self.frames.push(Context::Field { quote, brackets: 0, start: self.pos + 1 }),
            b'}' => {
                self.frames.pop();
            }
            b'\\' if self.pos + 1 < self.bytes.len() => self.pos += 1,
            _ => {}
        }
        self.pos += 1;
        Ok(())
    }
}

/// The string prefix that ends at `pos`; empty if there is none.
fn letters_before(bytes: &[u8], pos: usize) -> &[u8] {
    for length in [2, 1] {
        let Some(start) = pos.checked_sub(length) else { continue };
        let alone = start == 0 || !is_name_byte(bytes[start - 1]);
        if alone && is_prefix(&bytes[start..pos]) {
            return &bytes[start..pos];
        }
    }
    &[]
}
