//! Where a string literal ends, replacement fields of f-strings included.
//!
//! Uses [`super::token`]'s plain types only. Invariant: one pass, without recursion, whatever the nesting.

use super::token::{Literal, is_name_byte};
use std::ops::Range;

/// Number of letters before the quote if `bytes` begins with a string prefix and its quote.
pub(crate) fn prefix_length(bytes: &[u8]) -> Option<usize> {
    let length = bytes.iter().take(3).position(|byte| matches!(byte, b'"' | b'\''))?;
    is_prefix(&bytes[..length]).then_some(length)
}

/// Whether `letters` may stand before a quote. Nothing at all may.
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

/// What the scanner is in, innermost last.
enum Frame {
    /// The text of a string.
    Text { quote: Quote, format: bool },
    /// The expression of a replacement field of a string with this quote.
    Field { quote: Quote, brackets: usize, start: usize },
    /// The part of a replacement field behind its colon.
    Specification { quote: Quote },
}

/// Reads the literal at the start of `bytes`, whose prefix has `prefix` letters: its form and length, or the length
/// up to where its end was missed.
pub(crate) fn scan(bytes: &[u8], prefix: usize) -> Result<(Literal, usize), usize> {
    scan_fields(bytes, prefix, &mut |_| {})
}

/// The expressions of the replacement fields of the complete literal `text`, those of nested strings excluded.
pub(crate) fn fields(text: &str, literal: Literal) -> Vec<&str> {
    let mut fields = Vec::new();
    if literal.format {
        // A complete literal has been scanned before: there is nothing to learn from the result.
        let _ = scan_fields(text.as_bytes(), literal.prefix, &mut |range| fields.extend(text.get(range)));
    }
    fields
}

fn scan_fields(bytes: &[u8], prefix: usize, found: &mut impl FnMut(Range<usize>)) -> Result<(Literal, usize), usize> {
    let quote = Quote::at(&bytes[prefix.min(bytes.len())..]);
    let literal = describe(&bytes[..prefix], quote.triple);
    let mut frames = vec![Frame::Text { quote, format: literal.format }];
    let mut pos = prefix + quote.length();
    // Strings within fields that are open.
    let mut nested_strings = 0usize;
    while let (Some(frame), Some(rest)) = (frames.last_mut(), bytes.get(pos..)) {
        let Some(&byte) = rest.first() else { break };
        match frame {
            Frame::Text { quote, format } => {
                let (quote, format) = (*quote, *format);
                if quote.closes(rest) {
                    pos += quote.length();
                    frames.pop();
                    if frames.is_empty() {
                        return Ok((literal, pos));
                    }
                    nested_strings = nested_strings.saturating_sub(1);
                    continue;
                }
                match byte {
                    b'\\' if rest.len() > 1 => pos += if rest[1..].starts_with(b"\r\n") { 3 } else { 2 },
                    b'\r' | b'\n' if !quote.triple => return Err(pos),
                    b'{' if format && rest.get(1) == Some(&b'{') => pos += 2,
                    b'{' if format => {
                        frames.push(Frame::Field { quote, brackets: 0, start: pos + 1 });
                        pos += 1;
                    }
                    _ => pos += 1,
                }
            }
            Frame::Field { quote, brackets, start } => {
                let (quote, start) = (*quote, *start);
                match byte {
                    b'(' | b'[' | b'{' => *brackets += 1,
                    b')' | b']' | b'}' if *brackets > 0 => *brackets -= 1,
                    b'}' | b':' if *brackets == 0 => {
                        if nested_strings == 0 {
                            found(start..pos);
                        }
                        if byte == b':' {
                            *frame = Frame::Specification { quote };
                        } else {
                            frames.pop();
                        }
                    }
                    b'"' | b'\'' => {
                        let nested = Quote::at(rest);
                        let format = describe(letters_before(bytes, pos), nested.triple).format;
                        frames.push(Frame::Text { quote: nested, format });
                        nested_strings += 1;
                        pos += nested.length();
                        continue;
                    }
                    _ => {}
                }
                pos += 1;
            }
            Frame::Specification { quote } => {
                let quote = *quote;
                match byte {
                    b'{' => frames.push(Frame::Field { quote, brackets: 0, start: pos + 1 }),
                    b'}' => {
                        frames.pop();
                    }
                    // The string ends within a field: no Python, and the board says it best.
                    _ if quote.closes(rest) => {
                        while matches!(frames.last(), Some(Frame::Specification { .. } | Frame::Field { .. })) {
                            frames.pop();
                        }
                        continue;
                    }
                    b'\\' if rest.len() > 1 => pos += 1,
                    b'\r' | b'\n' if !quote.triple => return Err(pos),
                    _ => {}
                }
                pos += 1;
            }
        }
    }
    Err(bytes.len())
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
