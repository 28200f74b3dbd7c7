//! Syntax colours of typed input: Rhai, and Python within bodies.
//!
//! Uses [`crate::python`] and the prompt's scanner. Invariant: colours do not change the text.

use super::helper::PromptHelper;
use super::scan::{self, Part};
use crate::name::PYTHON_KEYWORDS;
use crate::python::token::{TokenKind, tokenize};
use rustyline::highlight::{CmdKind, Highlighter};
use std::borrow::Cow;
use std::ops::Range;

/// The codes of the colours (ECMA-48, "SGR").
const KEYWORD: &str = "1;35";
const NUMBER: &str = "33";
const TEXT: &str = "32";
const BODY: &str = "36";
const COMMENT: &str = "90";

/// What is wrong, besides its colour.
const WRONG: &str = "4";

/// A line that gets its colours.
struct Painter<'l> {
    line: &'l str,
    /// The bytes that are wrong, in order.
    wrong: &'l [Range<usize>],
    out: String,
}

/// `line` in colours; `wrong` is underlined.
fn coloured(line: &str, wrong: &[Range<usize>]) -> String {
    let mut painter = Painter { line, wrong, out: String::with_capacity(line.len() * 2) };
    for (part, range) in scan::scan(line).parts {
        match part {
            Part::Plain => painter.paint("", range),
            Part::Keyword => painter.paint(KEYWORD, range),
            Part::Number => painter.paint(NUMBER, range),
            Part::Text => painter.paint(TEXT, range),
            Part::Comment => painter.paint(COMMENT, range),
            Part::Body => painter.body(range),
        }
    }
    painter.out
}

impl Painter<'_> {
    /// A body with its back-ticks.
    fn body(&mut self, range: Range<usize>) {
        let text = &self.line[range.clone()];
        let inner = text.strip_prefix('`').unwrap_or(text);
        let start = range.end - inner.len();
        let inner = inner.strip_suffix('`').unwrap_or(inner);
        self.paint(BODY, range.start..start);
        for token in tokenize(inner) {
            let text = token.text(inner);
            let code = match token.kind {
                TokenKind::Name if PYTHON_KEYWORDS.contains(&text) => KEYWORD,
                TokenKind::Name => BODY,
                TokenKind::Number => NUMBER,
                TokenKind::String(_) => TEXT,
                TokenKind::Comment => COMMENT,
                _ => "",
            };
            self.paint(code, start + token.start..start + token.end);
        }
        self.paint(BODY, start + inner.len()..range.end);
    }

    /// A piece of the line in one colour, its wrong parts underlined.
    fn paint(&mut self, code: &str, range: Range<usize>) {
        let mut at = range.start;
        for wrong in self.wrong.iter().filter(|wrong| wrong.start < range.end && wrong.end > range.start) {
            self.piece(code, false, at..wrong.start.max(at));
            self.piece(code, true, wrong.start.max(at)..wrong.end.min(range.end));
            at = wrong.end.min(range.end);
        }
        self.piece(code, false, at..range.end);
    }

    fn piece(&mut self, code: &str, is_wrong: bool, range: Range<usize>) {
        let text = self.line.get(range).unwrap_or_default();
        let codes: Vec<&str> = [code, WRONG].into_iter().filter(|code| !code.is_empty()).collect();
        let codes = if is_wrong { codes.join(";") } else { code.to_owned() };
        if text.is_empty() || codes.is_empty() {
            return self.out.push_str(text);
        }
        for piece in ["\x1b[", &codes, "m", text, "\x1b[0m"] {
            self.out.push_str(piece);
        }
    }
}

impl Highlighter for PromptHelper {
    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        if line.starts_with(':') {
            return Cow::Borrowed(line);
        }
        let wrong = self.check.wrong(line, pos);
        Cow::Owned(coloured(line, &wrong))
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
            assert_eq!(plain(&coloured(line, &[])), line);
            let first = line.chars().next().map_or(0, char::len_utf8);
            assert_eq!(plain(&coloured(line, &[0..first, first + 1..line.len()])), line);
        }
    }

    #[test]
    fn bodies_are_python() {
        let line = "device B { task a() `return \"x\" + f(0x1f) # c` }";
        let painted = coloured(line, &[]);
        for (code, text) in
            [(KEYWORD, "device"), (KEYWORD, "return"), (TEXT, "\"x\""), (NUMBER, "0x1f"), (COMMENT, "# c")]
        {
            let wanted = format!("\x1b[{code}m{text}\x1b[0m");
            assert!(painted.contains(&wanted), "{text}: {painted:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_underlined() {
        let wrong = |start: usize, end: usize| vec![Range { start, end }];
        assert_eq!(coloured("a.bc + 10", &wrong(2, 4)), "a.\x1b[4mbc\x1b[0m + \x1b[33m10\x1b[0m");
        let painted = coloured("device B { task a() `xy + 1` }", &wrong(21, 23));
        assert!(painted.contains("\x1b[36;4mxy\x1b[0m"), "{painted:?}");
    }
}
