//! Logical lines: the tokens of each statement line, its indentation, and the nesting of the lines of a body.
//!
//! Uses [`super::token`] only. Invariant: every significant token belongs to exactly one logical line.

use super::token::{Token, TokenKind, tokenize};

/// A logical line of Python: from its first significant token to its last, across brackets and continuations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogicalLine {
    /// Index of the first significant token.
    pub first: usize,
    /// The index after the last significant token.
    pub end: usize,
    /// Column of the first token, counted as in MicroPython: a tab goes to the next multiple of eight.
    pub column: u32,
    /// Line of the first token, from 0.
    pub first_line: u32,
    /// Line in which the last token ends, from 0.
    pub last_line: u32,
}

/// A text with its tokens and logical lines.
#[derive(Clone, Debug)]
pub struct Code<'a> {
    /// The text.
    pub source: &'a str,
    /// All of its tokens.
    pub tokens: Vec<Token>,
    /// Its logical lines, in order.
    pub lines: Vec<LogicalLine>,
}

impl<'a> Code<'a> {
    /// Parses `source`.
    pub fn new(source: &'a str) -> Code<'a> {
        let tokens = tokenize(source);
        let mut lines: Vec<LogicalLine> = Vec::new();
        let mut open = false;
        for (index, token) in tokens.iter().enumerate() {
            if token.kind == TokenKind::Newline {
                open = false;
            }
            if !token.is_significant() {
                continue;
            }
            let last_line = token.line.saturating_add(token.line_ends(source));
            match lines.last_mut().filter(|_| open) {
                Some(line) => (line.end, line.last_line) = (index + 1, last_line),
                None => lines.push(LogicalLine {
                    first: index,
                    end: index + 1,
                    column: indentation(source, &tokens, index),
                    first_line: token.line,
                    last_line,
                }),
            }
            open = true;
        }
        Code { source, tokens, lines }
    }

    /// The significant tokens of a line.
    pub fn significant(&self, line: &LogicalLine) -> impl DoubleEndedIterator<Item = &Token> + Clone {
        self.tokens[line.first..line.end].iter().filter(|token| token.is_significant())
    }

    /// Whether `token` is the operator or name `text`.
    pub fn is(&self, token: &Token, text: &str) -> bool {
        token.is(self.source, text)
    }

    /// The first invalid token.
    pub fn first_error(&self) -> Option<&Token> {
        self.tokens.iter().find(|token| matches!(token.kind, TokenKind::Error(_)))
    }

    /// Whether the line ends with a colon, so that an indented block follows.
    pub fn opens_block(&self, line: &LogicalLine) -> bool {
        self.significant(line).next_back().is_some_and(|token| self.is(token, ":"))
    }

    /// The column of a body that counts as 0, from its logical lines.
    ///
    /// The first line decides, unless it is on the line of the opening quote: then its indentation has no meaning, and the
    /// following lines decide.
    pub fn base_column(&self) -> u32 {
        let Some(first) = self.lines.first() else { return 0 };
        if !self.starts_on_quote_line() {
            return first.column;
        }
        let Some(second) = self.lines.get(1) else { return 0 };
        let least = self.lines[1..].iter().map(|line| line.column).min().unwrap_or(0);
        match self.opens_block(first) {
            false => second.column,
            true if least < second.column => least,
            // The rest is the first line's block.
            true => second.column.saturating_sub(1),
        }
    }

    /// Whether the first statement is on the very first line, after the opening quote.
    pub fn starts_on_quote_line(&self) -> bool {
        self.lines.first().is_some_and(|line| line.first_line == 0)
    }

    /// The column of each logical line relative to the body's base; `Err` holds the index of the first line that is
    /// indented less than the base.
    pub fn relative_columns(&self) -> Result<Vec<u32>, usize> {
        let base = self.base_column();
        let on_quote_line = self.starts_on_quote_line();
        let relative = |(index, line): (usize, &LogicalLine)| match index {
            0 if on_quote_line => Ok(0),
            _ => line.column.checked_sub(base).ok_or(index),
        };
        self.lines.iter().enumerate().map(relative).collect()
    }
}

/// Nesting levels for a sequence of columns, where the outermost is 0; `Err` holds the index of the first column that
/// returns to a column that no enclosing block has.
pub fn levels(columns: impl IntoIterator<Item = u32>) -> Result<Vec<usize>, usize> {
    let mut open = vec![0];
    let mut result = Vec::new();
    for (index, column) in columns.into_iter().enumerate() {
        while open.len() > 1 && open.last().is_some_and(|&top| top > column) {
            open.pop();
        }
        match open.last() {
            Some(&top) if top == column => {}
            Some(&top) if top < column && result.last().is_none_or(|&level| level < open.len()) => open.push(column),
            _ => return Err(index),
        }
        result.push(open.len() - 1);
    }
    Ok(result)
}

/// The column after the white space `blank` that starts at column 0.
pub fn width(blank: &str) -> u32 {
    blank.bytes().fold(0u32, |column, byte| match byte {
        b'\t' => (column / 8).saturating_add(1).saturating_mul(8),
        // Editors put a form feed before a definition, where CPython ignores it.
        0x0c if column == 0 => 0,
        _ => column.saturating_add(1),
    })
}

/// The column of the token at `index`, the first on its line.
pub(crate) fn indentation(source: &str, tokens: &[Token], index: usize) -> u32 {
    match index.checked_sub(1).map(|before| &tokens[before]) {
        Some(token) if token.kind == TokenKind::Indent => width(token.text(source)),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(source: &str, expected: Result<&[u32], usize>) {
        assert_eq!(Code::new(source).relative_columns().as_deref(), expected.as_ref().map(|c| *c), "{source:?}");
    }

    #[test]
    fn columns_are_relative_to_the_first_line_or_the_one_after_the_quote() {
        case("", Ok(&[]));
        case("\n    a\n      b\n    c\n", Ok(&[0, 2, 0]));
        case("\n\ta\n\t\tb\n        c", Ok(&[0, 8, 0]));
        case("\n    a\n  b\n", Err(1));
        case("a\n        b\n        c", Ok(&[0, 0, 0]));
        case("  a\n        b\n    c", Err(2));
        case("if a:\n        b\n        c", Ok(&[0, 1, 1]));
        case("if a:\n        b\n    c\n        d", Ok(&[0, 4, 0, 4]));
        case("# note\n    a\n    b", Ok(&[0, 0]));
        case("\n  a = (1,\n2)\n  '''\nx'''\n", Ok(&[0, 0]));
        case("\n  \\\n    a\n    b", Ok(&[0, 0]));
    }

    #[test]
    fn logical_lines_span_brackets_strings_and_continuations() {
        let code = Code::new("a = [\n1,\n\n2] # x\n\n'''\n''' \\\n + b\nc");
        let spans: Vec<_> = code.lines.iter().map(|line| (line.first_line, line.last_line)).collect();
        assert_eq!(spans, [(0, 3), (5, 7), (8, 8)]);
    }

    #[test]
    fn levels_follow_the_columns() {
        assert_eq!(levels([0, 4, 8, 4, 0, 2]), Ok(vec![0, 1, 2, 1, 0, 1]));
        assert_eq!(levels([0, 4, 2]), Err(2));
        assert_eq!(levels([4, 4, 0]), Ok(vec![1, 1, 0]));
    }
}
