//! The body of an item: dedented, checked, and wrapped as a function or as code for the board's globals.
//!
//! Uses [`super::lines`], [`super::minify`] and [`super::token`]. Invariant: a body keeps its number of lines, so that
//! a line of the board is a line of the script: `script line = body's first line + (board line - 1 - leading lines)`.

mod guard;

pub use guard::Guarded;

use super::SourceError;
use super::lines::{Code, indentation, levels};
use super::minify::{minify, normal_line_ends};
use super::token::{Fault, Literal, Token, TokenKind, line_ends};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A dedented body: its first statement is at column 0, and its lines end with LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    text: String,
    /// The starts of the logical lines and the comment lines in `text`.
    starts: Vec<usize>,
    is_empty: bool,
}

/// Source for a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The source. No final line end is added.
    pub source: String,
    /// Number of lines before the first line of the body.
    pub leading_lines: u32,
}

impl Wrapped {
    /// The line of the script for a line of the board (from 1), if the body's text starts in line `first` of the script; `None`
    /// for the lines before the body.
    pub fn script_line(&self, first: u32, board_line: u32) -> Option<u32> {
        board_line.checked_sub(1)?.checked_sub(self.leading_lines).map(|down| first.saturating_add(down))
    }
}

impl Body {
    /// Parses `text`, taken from between the quotes in a script, or from after the colon of a `def`.
    ///
    /// The first statement's indentation is the body's; if that statement is on the text's first line, the second one's is. A
    /// tab goes to the next column that is a multiple of eight. Control characters within string literals become escapes.
    ///
    /// # Errors
    /// A line that is indented less than the body, or like no outer block; an unterminated string; a character that is not
    /// valid Python, or that cannot be sent.
    pub fn parse(text: &str) -> Result<Body, SourceError> {
        let code = Code::new(text);
        if let Some(token) = code.first_error() {
            return Err(refuse(&code, token));
        }
        let columns = code.relative_columns().map_err(|index| {
            SourceError::new(
                code.lines.get(index).map_or(0, |line| line.first_line),
                "this line is indented less than the body's first line",
                "indent every line of the body at least as far as its first one",
            )
        })?;
        levels(columns.iter().copied()).map_err(|index| {
            SourceError::new(
                code.lines.get(index).map_or(0, |line| line.first_line),
                "the indentation of this line matches no outer block",
                "indent the line as far as the block it belongs to; a tab goes to the next multiple of eight columns",
            )
        })?;
        deindent(&code, &columns)
    }

    /// The dedented text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there are no statements, only comments or nothing.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The body as a function: `header` is the line `def NAME(PARAMS):`, with any decorators before it.
    pub fn as_function(&self, header: &str, minified: bool) -> Wrapped {
        let mut source = String::with_capacity(header.len() + self.text.len() + self.starts.len() + 8);
        source.push_str(header.trim_end_matches(['\r', '\n']));
        if self.is_empty {
            source.push_str("pass");
        }
        source.push('\n');
        let leading_lines = line_ends(&source);
        let mut copied = 0;
        for &start in &self.starts {
            source.push_str(self.text.get(copied..start).unwrap_or_default());
            source.push(' ');
            copied = start;
        }
        source.push_str(self.text.get(copied..).unwrap_or_default());
        finish(source, leading_lines, minified)
    }

    /// The body as code for the board's globals, after one line that assigns `assignments`: names and Python literals.
    pub fn as_globals(&self, assignments: &[(&str, &str)], minified: bool) -> Wrapped {
        let mut source = String::with_capacity(self.text.len());
        for (index, (name, literal)) in assignments.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(source, "{}{name}={literal}", if index == 0 { "" } else { ";" });
        }
        if !assignments.is_empty() {
            source.push('\n');
        }
        let leading_lines = line_ends(&source);
        source.push_str(&self.text);
        finish(source, leading_lines, minified)
    }
}

fn finish(source: String, leading_lines: u32, minified: bool) -> Wrapped {
    Wrapped { source: if minified { minify(&source) } else { source }, leading_lines }
}

fn deindent(code: &Code<'_>, columns: &[u32]) -> Result<Body, SourceError> {
    let base = code.base_column();
    let mut text = String::with_capacity(code.source.len());
    let mut starts = Vec::new();
    let mut next_line = 0usize;
    for (index, token) in code.tokens.iter().enumerate() {
        let end = next_line.checked_sub(1).and_then(|line| code.lines.get(line)).map_or(0, |line| line.end);
        let starts_line = code.lines.get(next_line).is_some_and(|line| line.first == index);
        match token.kind {
            TokenKind::Newline | TokenKind::NonLogicalNewline => text.push('\n'),
            // Before the first or after the last token of a line, a plain line end has the same effect.
            TokenKind::Continuation => text.push_str(if index < end { "\\\n" } else { "\n" }),
            TokenKind::Indent => {}
            TokenKind::Blank if index >= end && text.ends_with('\n') => {}
            TokenKind::Blank => text.push_str(&token.text(code.source).replace(['\x0b', '\x0c'], " ")),
            TokenKind::Comment => {
                // Within brackets or after a statement, a comment stays in place.
                if index >= end && text.bytes().last().is_none_or(|byte| byte == b'\n') {
                    let column = indentation(code.source, &code.tokens, index).saturating_sub(base);
                    begin_line(&mut text, &mut starts, column);
                }
                let comment = token.text(code.source);
                if comment.bytes().any(is_control) {
                    return Err(control_character(token.line, "a comment"));
                }
                text.push_str(&comment.replace(['\x0b', '\x0c'], " "));
            }
            _ => {
                if starts_line {
                    begin_line(&mut text, &mut starts, columns.get(next_line).copied().unwrap_or(0));
                    next_line += 1;
                }
                match token.kind {
                    TokenKind::String(literal) => text.push_str(&string(code.source, token, literal)?),
                    _ => text.push_str(token.text(code.source)),
                }
            }
        }
    }
    Ok(Body { text, starts, is_empty: code.lines.is_empty() })
}

fn begin_line(text: &mut String, starts: &mut Vec<usize>, column: u32) {
    starts.push(text.len());
    text.extend(std::iter::repeat_n(' ', column as usize));
}

/// Bytes that a raw REPL would interpret as commands, or that are not safe on a line.
fn is_control(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0e..=0x1f)
}

/// A string literal that can be sent: control characters as escapes, line ends as LF.
fn string<'a>(source: &'a str, token: &Token, literal: Literal) -> Result<Cow<'a, str>, SourceError> {
    let text = normal_line_ends(token.text(source));
    if !text.bytes().any(is_control) {
        return Ok(text);
    }
    if literal.raw {
        return Err(control_character(token.line, "a raw string"));
    }
    if literal.format && text.contains('{') {
        return Err(control_character(token.line, "an f-string"));
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut escaped = false;
    for char in text.chars() {
        match u8::try_from(char) {
            Ok(byte) if is_control(byte) => {
                // A backslash before a control character is literal.
                let _ = write!(out, "{}\\x{byte:02x}", if escaped { "\\" } else { "" });
            }
            _ => out.push(char),
        }
        escaped = char == '\\' && !escaped;
    }
    Ok(Cow::Owned(out))
}

fn control_character(line: u32, place: &str) -> SourceError {
    SourceError::new(
        line,
        format!("a control character in {place} cannot be sent to a board"),
        "write it as an escape such as `\\x03` in an ordinary string",
    )
}

/// The error for an invalid token.
pub(crate) fn refuse(code: &Code<'_>, token: &Token) -> SourceError {
    let character = token.text(code.source).chars().next().unwrap_or_default();
    match token.kind {
        TokenKind::Error(Fault::OpenString) => {
            SourceError::new(token.line, "unterminated string", "close the string with the quotes that opened it")
        }
        TokenKind::Error(Fault::StrayBackslash) => SourceError::new(
            token.line,
            "a backslash outside a string must end its line",
            "remove the backslash, or the spaces after it",
        ),
        _ if character.is_ascii_control() => control_character(token.line, "code"),
        _ => SourceError::new(
            token.line,
            format!("`{character}` is not valid Python"),
            "remove the character, or put it into a string",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::samples::soup;
    use proptest::prelude::*;

    #[track_caller]
    fn case(text: &str, function: &str) {
        let wrapped = Body::parse(text).unwrap().as_function("def f():", false);
        assert_eq!(wrapped.source, function, "{text:?}");
        assert_eq!(wrapped.leading_lines, 1);
    }

    #[track_caller]
    fn refused(text: &str, line: u32, part: &str) {
        let error = Body::parse(text).unwrap_err();
        assert!(error.message.contains(part), "{error:?}");
        assert_eq!(error.line, line, "{error:?}");
    }

    #[test]
    fn wraps_a_body_as_a_function_line_by_line() {
        case("led.off()", "def f():\n led.off()");
        case("\n        a = 1\n        if a:\n            b\n    ", "def f():\n\n a = 1\n if a:\n     b\n");
        case("if a:\n        b\n    else:\n        c\n", "def f():\n if a:\n     b\n else:\n     c\n");
        case("\n\ta\n\tif b:\n\t\tc", "def f():\n\n a\n if b:\n         c");
        case("\r\n  a\r\n\r\n  b", "def f():\n\n a\n\n b");
        case("\n    a\n# low\n      # deep\n    b # c\n", "def f():\n\n a\n # low\n   # deep\n b # c\n");
        case("\n    a = [\n  1,\n\t2]\n    b", "def f():\n\n a = [\n  1,\n\t2]\n b");
        case("\n    a = '''\nx\n      y'''\n    b", "def f():\n\n a = '''\nx\n      y'''\n b");
        case("\n    a = 1 + \\\n  2\n    b", "def f():\n\n a = 1 + \\\n  2\n b");
        case("\n  \\\n    a\n    b", "def f():\n\n\n a\n b");
        case("\n\x0c  a\x0c= 1", "def f():\n\n a = 1");
        case("a; b\n    c", "def f():\n a; b\n c");
    }

    #[test]
    fn an_empty_body_passes() {
        case("", "def f():pass\n");
        case("\n   \n", "def f():pass\n\n\n");
        case(" # nothing\n  # here", "def f():pass\n  # nothing\n   # here");
        let body = Body::parse("\n # a\n").unwrap();
        assert!(body.is_empty());
        assert_eq!(body.as_function("def f():", true).source, "def f():pass\n\n\n");
        assert_eq!(body.as_globals(&[], false).source, "\n # a\n");
    }

    #[test]
    fn assignments_precede_globals_code() {
        let body = Body::parse("\n    from machine import Pin\n    led = Pin(pin, Pin.OUT)\n    ").unwrap();
        let wrapped = body.as_globals(&[("pin", "25"), ("name", "'a;b'")], true);
        assert_eq!(wrapped.source, "pin=25;name='a;b'\n\nfrom machine import Pin\nled=Pin(pin,Pin.OUT)\n");
        assert_eq!(wrapped.leading_lines, 1);
        assert_eq!(wrapped.script_line(10, 4), Some(12));
        assert_eq!(wrapped.script_line(10, 1), None);
        assert_eq!(body.as_globals(&[], false).leading_lines, 0);
    }

    #[test]
    fn a_minified_function_keeps_its_lines() {
        let body = Body::parse("\n    '''Doc.\n    '''\n    return  a + 1  # one\n").unwrap();
        let wrapped = body.as_function("@micropython.native\ndef f( a ):", true);
        assert_eq!(wrapped.source, "@micropython.native\ndef f(a):\n\n 0\n\n return a+1\n");
        assert_eq!(wrapped.leading_lines, 2);
    }

    #[test]
    fn escapes_control_characters_in_strings_and_rejects_others() {
        case("x = 'a\x03b'", "def f():\n x = 'a\\x03b'");
        case("x = b'\\\x04'", "def f():\n x = b'\\\\\\x04'");
        case("x = '\\\\\x1b'", "def f():\n x = '\\\\\\x1b'");
        case("x = f'\x01'", "def f():\n x = f'\\x01'");
        case("x = 'a\tb'", "def f():\n x = 'a\tb'");
        refused("\nx = r'\x03'", 1, "raw string");
        refused("\n\nx = f'{a}\x03'", 2, "f-string");
        refused("a\x03", 0, "control character in code");
        refused("# a\x1b", 0, "comment");
    }

    #[test]
    fn rejects_invalid_python_with_its_line() {
        refused("\n    a\n  b", 2, "less than the body's first line");
        refused("\n  if a:\n      b\n    c", 3, "no outer block");
        refused("\n a = '", 1, "unterminated");
        refused("\n a ? b", 1, "`?` is not valid Python");
        refused("\n a \\ b", 1, "backslash");
    }

    proptest! {
        #[test]
        fn bodies_keep_their_lines(text in prop_oneof![any::<String>(), soup()], minified: bool) {
            if let Ok(body) = Body::parse(&text) {
                prop_assert_eq!(line_ends(body.text()), line_ends(&text));
                let wrapped = body.as_function("def f():", minified);
                prop_assert_eq!(line_ends(&wrapped.source), line_ends(&text) + 1);
                prop_assert!(!wrapped.source.bytes().any(|byte| is_control(byte) || byte == b'\r'));
                let globals = body.as_globals(&[("a", "1")], minified);
                prop_assert_eq!(line_ends(&globals.source), line_ends(&text) + 1);
                // A dedented body stays the same.
                let again = Body::parse(&format!("\n{}", body.text())).unwrap();
                prop_assert_eq!(again.text(), format!("\n{}", body.text()));
            }
        }
    }
}
