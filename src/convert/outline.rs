//! Python source as nested statements, each with the physical lines it takes up.
//!
//! Uses [`crate::python`]. Invariant: the statements of a block cover all of its logical lines, in order.

use crate::python::SourceError;
use crate::python::body::refuse;
use crate::python::lines::{Code, levels, width};
use crate::python::token::TokenKind;
use std::ops::Range;

/// A valid source: its tokens and its physical lines.
pub(super) struct Source<'s> {
    pub code: Code<'s>,
    /// The physical lines without their line ends.
    pub lines: Vec<&'s str>,
}

/// A significant token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'s> {
    pub text: &'s str,
    pub kind: TokenKind,
}

/// A simple statement, or a compound one with its decorators and its whole block.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// Indices of the logical lines of its decorators.
    pub decorators: Range<usize>,
    /// Index of its own first logical line.
    pub head: usize,
    /// The index after its last logical line.
    pub end: usize,
    /// Its physical lines, decorators and trailing comments of its block included.
    pub lines: Range<usize>,
}

impl<'s> Source<'s> {
    /// Reads `text`, whose lines end with LF.
    ///
    /// # Errors
    /// Invalid characters, unbalanced brackets, and wrong indentation, with the line.
    pub fn new(text: &'s str) -> Result<Source<'s>, SourceError> {
        let code = Code::new(text);
        if let Some(token) = code.first_error() {
            return Err(refuse(&code, token));
        }
        balanced(&code)?;
        let source = Source { code, lines: text.split('\n').collect() };
        source.indented()?;
        source.decorated()?;
        Ok(source)
    }

    /// The significant tokens of a logical line.
    pub fn words(&self, line: usize) -> Vec<Word<'s>> {
        let Some(line) = self.code.lines.get(line) else { return Vec::new() };
        let word = |token: &crate::python::token::Token| Word { text: token.text(self.code.source), kind: token.kind };
        self.code.significant(line).map(word).collect()
    }

    /// The texts of the significant tokens of a logical line.
    pub fn texts(&self, line: usize) -> Vec<&'s str> {
        self.words(line).iter().map(|word| word.text).collect()
    }

    /// Whether a logical line begins with `text`.
    pub fn begins(&self, line: usize, text: &str) -> bool {
        self.code.lines.get(line).is_some_and(|line| self.code.is(&self.code.tokens[line.first], text))
    }

    /// All statements at the outermost level.
    pub fn all(&self) -> Vec<Statement> {
        self.statements(0..self.code.lines.len())
    }

    /// The statements of the block of `outer`.
    pub fn inner(&self, outer: &Statement) -> Vec<Statement> {
        self.statements(outer.head + 1..outer.end)
    }

    /// The statements in these logical lines, which are one block.
    fn statements(&self, range: Range<usize>) -> Vec<Statement> {
        let mut found = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let (first, column) = (at, self.code.lines[at].column);
            while at + 1 < range.end && self.begins(at, "@") {
                at += 1;
            }
            let head = at;
            let inside = |line: usize| line < range.end && self.code.lines[line].column > column;
            let goes_on = |line: usize| {
                let words = ["else", "elif", "except", "finally"];
                line < range.end && words.iter().any(|word| self.begins(line, word))
            };
            at += 1;
            while inside(at) || goes_on(at) {
                at += 1;
            }
            let start = self.code.lines[first].first_line as usize;
            let end = self.last_line(at, column);
            found.push(Statement { decorators: first..head, head, end: at, lines: start..end });
        }
        found
    }

    /// The physical line after a block in `column` that ends before the logical line `end`: comments that are indented
    /// deeper belong to it.
    fn last_line(&self, end: usize, column: u32) -> usize {
        let start = self.code.lines[end - 1].last_line as usize + 1;
        let limit = self.code.lines.get(end).map_or(self.lines.len(), |next| next.first_line as usize);
        let mut last = start;
        for line in start..limit {
            let text = self.lines[line].trim_start();
            if text.is_empty() {
                continue;
            }
            if width(&self.lines[line][..self.lines[line].len() - text.len()]) <= column {
                break;
            }
            last = line + 1;
        }
        last
    }

    fn indented(&self) -> Result<(), SourceError> {
        let lines = &self.code.lines;
        let wrong = |index: usize, message: &str, help: &str| {
            Err(SourceError::new(lines.get(index).map_or(0, |line| line.first_line), message, help))
        };
        for (index, line) in lines.iter().enumerate() {
            let outer = index.checked_sub(1).and_then(|before| lines.get(before));
            let opens = outer.is_some_and(|before| self.code.opens_block(before));
            let column = outer.map_or(0, |before| before.column);
            if line.column > column && !opens {
                return wrong(index, "unexpected indentation", "indent this line like the one above it");
            }
            if line.column <= column && opens {
                return wrong(index, "expected an indented block", "indent the block after the colon");
            }
        }
        match levels(lines.iter().map(|line| line.column)) {
            Ok(_) => Ok(()),
            Err(index) => wrong(
                index,
                "the indentation of this line matches no outer block",
                "indent the line as far as the block it belongs to",
            ),
        }
    }

    fn decorated(&self) -> Result<(), SourceError> {
        for (index, line) in self.code.lines.iter().enumerate().filter(|(index, _)| self.begins(*index, "@")) {
            let next = |word: &str| self.begins(index + 1, word);
            if !["@", "def", "class", "async"].into_iter().any(next) {
                return Err(SourceError::new(
                    line.first_line,
                    "the decorator is not followed by a definition",
                    "write it directly above a `def` or a `class`",
                ));
            }
        }
        Ok(())
    }
}

/// The brackets of the code match.
fn balanced(code: &Code<'_>) -> Result<(), SourceError> {
    let mut open: Vec<(&str, u32)> = Vec::new();
    for token in code.tokens.iter().filter(|token| token.kind == TokenKind::Operator) {
        match token.text(code.source) {
            bracket @ ("(" | "[" | "{") => open.push((bracket, token.line)),
            bracket @ (")" | "]" | "}") => match (open.pop(), bracket) {
                (Some(("(", _)), ")") | (Some(("[", _)), "]") | (Some(("{", _)), "}") => {}
                (Some((other, line)), _) => return Err(unclosed(other, line)),
                (None, _) => {
                    let message = format!("`{bracket}` closes no bracket");
                    return Err(SourceError::new(token.line, message, "remove it"));
                }
            },
            _ => {}
        }
    }
    open.first().map_or(Ok(()), |(bracket, line)| Err(unclosed(bracket, *line)))
}

fn unclosed(bracket: &str, line: u32) -> SourceError {
    SourceError::new(line, format!("unclosed `{bracket}`"), "close the bracket")
}

/// Splits at the commas outside brackets; a comma at the end is ignored.
pub(super) fn arguments<'w, 's>(words: &'w [Word<'s>]) -> Vec<&'w [Word<'s>]> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (index, word) in words.iter().enumerate() {
        match word.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                parts.push(&words[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    if start < words.len() {
        parts.push(&words[start..]);
    }
    parts
}

/// Splits `name=value`.
pub(super) fn keyword<'w, 's>(argument: &'w [Word<'s>]) -> Option<(&'s str, &'w [Word<'s>])> {
    match argument {
        [name, equals, value @ ..] if name.kind == TokenKind::Name && equals.text == "=" => Some((name.text, value)),
        _ => None,
    }
}

/// A dotted name at the beginning, and what follows it.
pub(super) fn path<'w, 's>(words: &'w [Word<'s>]) -> Option<(Vec<&'s str>, &'w [Word<'s>])> {
    let mut parts = Vec::new();
    let mut rest = words;
    loop {
        let [first, after @ ..] = rest else { return None };
        if first.kind != TokenKind::Name {
            return None;
        }
        parts.push(first.text);
        match after {
            [dot, next @ ..] if dot.text == "." => rest = next,
            _ => return Some((parts, after)),
        }
    }
}

/// The words between the brackets, if `words` are one pair of parentheses with its content.
pub(super) fn call<'w, 's>(words: &'w [Word<'s>]) -> Option<&'w [Word<'s>]> {
    let [open, inner @ .., close] = words else { return None };
    let mut depth = 1usize;
    for word in inner {
        match word.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return None;
        }
    }
    (open.text == "(" && close.text == ")").then_some(inner)
}
