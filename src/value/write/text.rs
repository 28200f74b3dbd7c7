//! Literals of `str` and `bytes`.
//!
//! Invariant: the appended text is one line without control characters, and no escape can swallow the text after it.

use std::fmt::Write as _;

/// Appends `text` as a `str` literal. Printable characters stay unchanged, in UTF-8; all others are escaped.
pub fn string_to(out: &mut String, text: &str) {
    let quote = better_quote(text.as_bytes());
    out.push(char::from(quote));
    let mut rest = text;
    while let Some(plain) = rest.find(|c| !is_plain(c, quote)) {
        let (before, after) = rest.split_at(plain);
        out.push_str(before);
        let mut characters = after.chars();
        let Some(character) = characters.next() else { break };
        rest = characters.as_str();
        match u32::from(character) {
            code @ ..=0xff => byte_escape(out, code as u8, rest.as_bytes().first().copied()),
            // Writing to a String does not fail.
            code @ ..=0xffff => drop(write!(out, "\\u{code:04x}")),
            code => drop(write!(out, "\\U{code:08x}")),
        }
    }
    out.push_str(rest);
    out.push(char::from(quote));
}

/// Appends `bytes` as a `bytes` literal in ASCII.
pub fn bytes_to(out: &mut String, bytes: &[u8]) {
    let quote = better_quote(bytes);
    out.reserve(bytes.len() + 3);
    out.push('b');
    out.push(char::from(quote));
    for (index, &byte) in bytes.iter().enumerate() {
        if matches!(byte, b' '..=b'~') && byte != quote && byte != b'\\' {
            out.push(char::from(byte));
        } else {
            byte_escape(out, byte, bytes.get(index + 1).copied());
        }
    }
    out.push(char::from(quote));
}

/// The quote that needs fewer escapes.
fn better_quote(text: &[u8]) -> u8 {
    let count = |quote| text.iter().filter(|&&byte| byte == quote).count();
    if count(b'\'') > count(b'"') { b'"' } else { b'\'' }
}

fn is_plain(character: char, quote: u8) -> bool {
    match character {
        ' '..='~' => character != '\\' && character != char::from(quote),
        '\0'..='\u{9f}' => false,
        // The standard library's table of printable characters, which excludes format characters, separators, private use, and
        // marks that would join the previous character.
        _ => character.escape_debug().len() == 1,
    }
}

/// Appends the shortest escape of a byte, or of the code point with that number; `next` is the text after it.
fn byte_escape(out: &mut String, byte: u8, next: Option<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(HEX[usize::from(value & 15)]);
    let named = match byte {
        b'\\' | b'\'' | b'"' => char::from(byte),
        0x07 => 'a',
        0x08 => 'b',
        b'\t' => 't',
        b'\n' => 'n',
        0x0b => 'v',
        0x0c => 'f',
        b'\r' => 'r',
        // Octal, which takes up to three digits: a digit that follows would belong to it.
        0..=0x1f if !next.is_some_and(|next| next.is_ascii_digit()) => {
            out.push('\\');
            if byte > 7 {
                out.push(digit(byte >> 3));
            }
            out.push(digit(byte & 7));
            return;
        }
        _ => {
            out.push_str("\\x");
            out.push(digit(byte >> 4));
            out.push(digit(byte));
            return;
        }
    };
    out.push('\\');
    out.push(named);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(text: &str, source: &str) {
        let mut out = String::new();
        string_to(&mut out, text);
        assert_eq!(out, source);
    }

    #[track_caller]
    fn bytes_case(bytes: &[u8], source: &str) {
        let mut out = String::new();
        bytes_to(&mut out, bytes);
        assert_eq!(out, source);
    }

    #[test]
    fn strings() {
        case("", "''");
        case("a b", "'a b'");
        case("it's", "\"it's\"");
        case("\"'\"", "'\"\\'\"'");
        case("a\\b", "'a\\\\b'");
        case("\n\r\t\x07\x08\x0b\x0c", r"'\n\r\t\a\b\v\f'");
        case("\0\x01\x03\x04\x1f", r"'\0\1\3\4\37'");
        case("\x001\x0e9\x1fa", r"'\x001\x0e9\37a'");
        case("\x7f\u{80}\u{9f}\u{a0}\u{ad}", r"'\x7f\x80\x9f\xa0\xad'");
        case("\u{301}\u{2028}\u{2029}\u{feff}\u{e000}", r"'\u0301\u2028\u2029\ufeff\ue000'");
        case("\u{f0000}\u{10ffff}", r"'\U000f0000\U0010ffff'");
        case("é漢😀Ω", "'é漢😀Ω'");
    }

    #[test]
    fn bytes() {
        bytes_case(b"", "b''");
        bytes_case(b"it's \\", "b\"it's \\\\\"");
        bytes_case(b"\x00\x00\x010\x7f\x80\xff\r\n", r"b'\0\0\x010\x7f\x80\xff\r\n'");
    }

    #[test]
    fn no_control_character_survives() {
        let all: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let mut out = String::new();
        string_to(&mut out, &all);
        bytes_to(&mut out, &(0..=255).collect::<Vec<u8>>());
        assert!(!out.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')));
    }
}
