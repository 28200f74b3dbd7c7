//! The significant tokens of one logical line, with the pairs of their brackets.
//!
//! Invariant: every bracket of a line has its partner, or there is no cursor.

use crate::python::literal;
use crate::python::token::{Token, TokenKind, tokenize};

/// A piece of a line.
#[derive(Clone, Copy)]
pub(super) struct Piece<'t> {
    pub kind: TokenKind,
    pub text: &'t str,
    /// The first byte in the whole text.
    pub start: usize,
    /// The index of the bracket that closes this one.
    pub close: usize,
    /// It opens a comprehension.
    pub is_comprehension: bool,
}

/// A position in a line.
pub(super) struct Cursor<'t> {
    pieces: Vec<Piece<'t>>,
    pub at: usize,
}

/// How the words end that are glued to a number: Python would read them as keywords.
const GLUED: &[&str] = &["if", "else", "for", "or", "and", "in", "is", "not"];

impl<'t> Cursor<'t> {
    /// The tokens of `source`, which begins at byte `base` of the whole text. `None` if they are not well formed.
    pub fn new<'s>(source: &'t str, tokens: impl Iterator<Item = &'s Token>, base: usize) -> Option<Cursor<'t>> {
        let mut pieces: Vec<Piece<'t>> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        for token in tokens {
            let text = token.text(source);
            let is_number = token.kind == TokenKind::Number && !text.starts_with("0x") && !text.starts_with("0X");
            if matches!(token.kind, TokenKind::Error(_)) || is_number && GLUED.iter().any(|word| text.ends_with(word)) {
                return None;
            }
            let index = pieces.len();
            match (token.kind, text) {
                (TokenKind::Operator, "(" | "[" | "{") => open.push(index),
                (TokenKind::Operator, ")" | "]" | "}") => {
                    let begin: &mut Piece<'_> = pieces.get_mut(open.pop()?)?;
                    if !matches!((begin.text, text), ("(", ")") | ("[", "]") | ("{", "}")) {
                        return None;
                    }
                    begin.close = index;
                }
                (TokenKind::Name, "for") => {
                    if let Some(begin) = open.last().and_then(|begin| pieces.get_mut(*begin)) {
                        begin.is_comprehension = true;
                    }
                }
                _ => {}
            }
            let start = base + token.start;
            pieces.push(Piece { kind: token.kind, text, start, close: index, is_comprehension: false });
        }
        let is_finished = pieces.last().is_none_or(|last| {
            last.kind != TokenKind::Operator || matches!(last.text, ")" | "]" | "}" | ":" | ";" | "," | "..." | "*")
        });
        (open.is_empty() && is_finished).then_some(Cursor { pieces, at: 0 })
    }

    /// The expressions in the replacement fields of a string.
    pub fn fields(piece: &Piece<'t>) -> Option<Vec<Cursor<'t>>> {
        let TokenKind::String(form) = piece.kind else { return Some(Vec::new()) };
        let cursor = |range: std::ops::Range<usize>| {
            let field = expression(piece.text.get(range.clone())?);
            let tokens = tokenize(field);
            Cursor::new(field, tokens.iter().filter(|token| token.is_significant()), piece.start + range.start)
        };
        literal::field_ranges(piece.text, form).into_iter().map(cursor).collect()
    }

    pub fn peek(&self) -> Option<Piece<'t>> {
        self.piece(self.at)
    }

    pub fn piece(&self, index: usize) -> Option<Piece<'t>> {
        self.pieces.get(index).copied()
    }

    /// The text of the piece `count` places ahead; empty after the last one.
    pub fn ahead(&self, count: usize) -> &'t str {
        self.piece(self.at + count).map_or("", |piece| piece.text)
    }

    /// The text of the piece before; empty before the first one.
    pub fn before(&self) -> &'t str {
        self.at.checked_sub(1).and_then(|index| self.piece(index)).map_or("", |piece| piece.text)
    }

    pub fn next(&mut self) -> Option<Piece<'t>> {
        let piece = self.peek()?;
        self.at += 1;
        Some(piece)
    }

    /// Passes the piece if it is this one.
    pub fn pass(&mut self, text: &str) -> bool {
        let is_it = self.is(text);
        self.at += usize::from(is_it);
        is_it
    }

    /// Whether the next piece is this operator or word.
    pub fn is(&self, text: &str) -> bool {
        self.peek().is_some_and(|piece| !matches!(piece.kind, TokenKind::String(_)) && piece.text == text)
    }

    pub fn is_at_end(&self) -> bool {
        self.at >= self.pieces.len()
    }

    /// The pieces of the line.
    pub fn pieces(&self) -> &[Piece<'t>] {
        &self.pieces
    }
}

/// The expression of a replacement field: without `!r` and `=` at its end.
fn expression(field: &str) -> &str {
    let field = field.trim_end();
    let field = ["!r", "!s", "!a"].iter().find_map(|end| field.strip_suffix(end)).unwrap_or(field).trim_end();
    match field.strip_suffix('=') {
        Some(rest) if !rest.ends_with(['=', '!', '<', '>']) => rest,
        _ => field,
    }
}
