//! Syntax colours of typed input: Rhai, and Python within bodies.
//!
//! Uses [`crate::python`] and the prompt's scanner. Invariant: colours do not change the text.

use super::helper::PromptHelper;
use super::scan::{self, Part};
use crate::python::token::{TokenKind, tokenize};
use rustyline::highlight::{CmdKind, Highlighter};
use std::borrow::Cow;

/// Keywords of Python.
const PYTHON_KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// The codes of the colours (ECMA-48, "SGR").
const KEYWORD: &str = "1;35";
const NUMBER: &str = "33";
const TEXT: &str = "32";
const BODY: &str = "36";
const COMMENT: &str = "90";

/// `line` in colours.
fn coloured(line: &str) -> String {
    let mut out = String::with_capacity(line.len() * 2);
    for (part, range) in scan::scan(line).parts {
        let text = &line[range];
        match part {
            Part::Plain => out.push_str(text),
            Part::Keyword => paint(&mut out, KEYWORD, text),
            Part::Number => paint(&mut out, NUMBER, text),
            Part::Text => paint(&mut out, TEXT, text),
            Part::Comment => paint(&mut out, COMMENT, text),
            Part::Body => body(&mut out, text),
        }
    }
    out
}

/// A body with its back-ticks.
fn body(out: &mut String, text: &str) {
    let inner = text.strip_prefix('`').unwrap_or(text);
    let end = if inner.ends_with('`') { inner.len() - 1 } else { inner.len() };
    let (inner, end) = inner.split_at(end);
    paint(out, BODY, "`");
    for token in tokenize(inner) {
        let text = token.text(inner);
        match token.kind {
            TokenKind::Name if PYTHON_KEYWORDS.contains(&text) => paint(out, KEYWORD, text),
            TokenKind::Name => paint(out, BODY, text),
            TokenKind::Number => paint(out, NUMBER, text),
            TokenKind::String(_) => paint(out, TEXT, text),
            TokenKind::Comment => paint(out, COMMENT, text),
            _ => out.push_str(text),
        }
    }
    if !end.is_empty() {
        paint(out, BODY, end);
    }
}

fn paint(out: &mut String, code: &str, text: &str) {
    for piece in ["\x1b[", code, "m", text, "\x1b[0m"] {
        out.push_str(piece);
    }
}

impl Highlighter for PromptHelper {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if line.starts_with(':') { Cow::Borrowed(line) } else { Cow::Owned(coloured(line)) }
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        Cow::Owned(format!("\x1b[1;34m{prompt}\x1b[0m"))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[90m{hint}\x1b[0m"))
    }

    fn highlight_char(&self, _line: &str, _pos: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_do_not_change_the_text() {
        let plain = |text: &str| {
            let mut pieces = text.split("\x1b[");
            let first = pieces.next().unwrap_or_default().to_owned();
            pieces.fold(first, |whole, piece| whole + piece.split_once('m').map_or("", |(_, rest)| rest))
        };
        for line in [
            "let x = 1.5 + `a` // b",
            "device B { task a() `\n    if x: # é\n        return 'é' * 2``",
            "d.exec(`",
            "d.exec(``",
            "d.exec(`'open\nx`) + \"",
            "\u{1f40d} + 'é'",
        ] {
            assert_eq!(plain(&coloured(line)), line);
        }
    }

    #[test]
    fn bodies_are_python() {
        let line = "device B { task a() `return \"x\" + f(0x1f) # c` }";
        let painted = coloured(line);
        for (code, text) in
            [(KEYWORD, "device"), (KEYWORD, "return"), (TEXT, "\"x\""), (NUMBER, "0x1f"), (COMMENT, "# c")]
        {
            let wanted = format!("\x1b[{code}m{text}\x1b[0m");
            assert!(painted.contains(&wanted), "{text}: {painted:?}");
        }
    }
}
