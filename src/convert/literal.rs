//! Python literals as expressions of a script.
//!
//! Uses [`crate::value`]. Invariant: an expression has the value of the literal; what has none here is `None`.

use super::outline::{Word, arguments};
use crate::python::token::{Literal, TokenKind};
use crate::value::{Value, parse};
use std::collections::BTreeSet;

/// Constants of the Python source that a script may use, and those that it does use.
#[derive(Default)]
pub(super) struct Constants {
    /// Their names.
    pub known: BTreeSet<String>,
    /// Which are used.
    pub used: BTreeSet<String>,
}

/// The expression for a literal, or a known constant.
pub(super) fn expression(words: &[Word<'_>], constants: &mut Constants) -> Option<String> {
    match words {
        [name] if constants.known.contains(name.text) => {
            constants.used.insert(name.text.to_owned());
            Some(name.text.to_owned())
        }
        _ => literal(words, 0),
    }
}

/// Deepest nesting that is translated.
const DEEPEST: usize = 16;

/// The expression for a literal.
pub(super) fn literal(words: &[Word<'_>], depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    let items = |inner: &[Word<'_>]| -> Option<Vec<String>> {
        arguments(inner).into_iter().map(|item| literal(item, depth + 1)).collect()
    };
    match words {
        [] => None,
        [word] if word.kind == TokenKind::Name => match word.text {
            "None" => Some("()".to_owned()),
            "True" => Some("true".to_owned()),
            "False" => Some("false".to_owned()),
            _ => None,
        },
        [word] if word.kind == TokenKind::Number => number(word.text),
        [sign, word] if sign.text == "-" && word.kind == TokenKind::Number => Some(format!("-{}", number(word.text)?)),
        [first, ..] if matches!(first.kind, TokenKind::String(_)) => string(words).map(|text| quoted(&text)),
        [open, inner @ .., close] => match (open.text, close.text) {
            ("[", "]") => Some(format!("[{}]", items(inner)?.join(", "))),
            ("(", ")") => match arguments(inner).as_slice() {
                [one] if inner.last().is_some_and(|last| last.text != ",") => literal(one, depth + 1),
                _ => Some(format!("tuple([{}])", items(inner)?.join(", "))),
            },
            ("{", "}") => map(inner, depth),
            _ => None,
        },
        _ => None,
    }
}

/// The value of adjacent string literals.
pub(super) fn string(words: &[Word<'_>]) -> Option<String> {
    let mut text = String::new();
    for word in words {
        let TokenKind::String(literal) = word.kind else { return None };
        text.push_str(&content(word.text, literal)?);
    }
    (!words.is_empty()).then_some(text)
}

/// The value of a string literal; `None` for bytes and f-strings.
pub(super) fn content(text: &str, literal: Literal) -> Option<String> {
    let (prefix, rest) = text.split_at(literal.prefix);
    let quotes = if literal.triple { 3 } else { 1 };
    let inner = rest.get(quotes..rest.len().checked_sub(quotes)?)?;
    if literal.format || prefix.contains(['b', 'B']) {
        return None;
    }
    if literal.raw || !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    // As a literal on one line, whose escapes the parser of values knows.
    let mut line = String::from("\"");
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\n') => {}
                escaped => {
                    line.push('\\');
                    line.extend(escaped);
                }
            },
            '\n' => line.push_str("\\n"),
            '"' => line.push_str("\\\""),
            c => line.push(c),
        }
    }
    line.push('"');
    match parse::parse(&line) {
        Ok(Value::Str(text)) => Some(text),
        _ => None,
    }
}

fn map(inner: &[Word<'_>], depth: usize) -> Option<String> {
    let mut pairs = Vec::new();
    for pair in arguments(inner) {
        let colon = pair.iter().position(|word| word.text == ":")?;
        let key = quoted(&string(&pair[..colon])?);
        pairs.push(format!("{key}: {}", literal(&pair[colon + 1..], depth + 1)?));
    }
    Some(if pairs.is_empty() { "#{}".to_owned() } else { format!("#{{ {} }}", pairs.join(", ")) })
}

/// A number as it is, if a script reads it the same way.
fn number(text: &str) -> Option<String> {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let based = |radix| i64::from_str_radix(plain.get(2..)?, radix).ok().map(|_| text.to_owned());
    match plain.get(..2) {
        Some("0x") => based(16),
        Some("0o") => based(8),
        Some("0b") => based(2),
        _ if plain.bytes().all(|byte| byte.is_ascii_digit()) => {
            let value: i64 = plain.parse().ok()?;
            // `00` is valid Python; other leading zeros are not.
            Some(if plain.starts_with('0') { value.to_string() } else { text.to_owned() })
        }
        _ => {
            let value: f64 = plain.parse().ok().filter(|value: &f64| value.is_finite())?;
            let is_plain = plain.starts_with(|c: char| c.is_ascii_digit())
                && plain
                    .split_once('.')
                    .is_some_and(|(_, after)| !after.is_empty() && after.bytes().all(|byte| byte.is_ascii_digit()));
            Some(if is_plain { text.to_owned() } else { format!("{value:?}") })
        }
    }
}

/// A string of the script language.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
