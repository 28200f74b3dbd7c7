//! Names in expressions and targets.
//!
//! Invariant: each piece is passed once; nesting is bounded.

use super::cursor::{Cursor, Piece};
use super::statements::{Walk, is_keyword};
use super::{How, ScopeKind};
use crate::python::token::TokenKind;

/// How deep brackets, lambdas and strings may be nested.
const DEEPEST: usize = 60;

impl<'t> Walk<'t, '_> {
    /// Walks through an expression up to a word or operator of `ends` outside brackets, or the end of the line.
    pub fn expression(&mut self, cursor: &mut Cursor<'t>, scope: usize, ends: &[&str]) -> Option<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        while let Some(piece) = cursor.peek() {
            let is_string = matches!(piece.kind, TokenKind::String(_));
            if !is_string && ends.contains(&piece.text) {
                break;
            }
            match (piece.kind, piece.text) {
                (TokenKind::Operator, "(" | "[" | "{") => self.bracket(cursor, scope)?,
                (TokenKind::Operator, ")" | "]" | "}") => return None,
                (TokenKind::Name, "lambda") => self.lambda(cursor, scope, ends)?,
                (TokenKind::Name, _) => self.name(cursor, piece, scope)?,
                (TokenKind::String(_), _) => {
                    for mut field in Cursor::fields(&piece)? {
                        self.expression(&mut field, scope, &[])?;
                    }
                    cursor.at += 1;
                }
                _ => cursor.at += 1,
            }
        }
        self.depth -= 1;
        Some(())
    }

    fn name(&mut self, cursor: &mut Cursor<'t>, piece: Piece<'t>, scope: usize) -> Option<()> {
        let is_attribute = cursor.before() == ".";
        cursor.at += 1;
        if is_attribute {
            return Some(());
        }
        if piece.text == "as" {
            return self.targets(cursor, scope, How::Bound, &[",", ")", ":"]);
        }
        if is_keyword(piece.text) {
            return Some(());
        }
        match cursor.ahead(0) {
            ":=" => {
                let mut owner = scope;
                while let (ScopeKind::Comprehension, Some(outer)) =
                    (self.names.scopes[owner].kind, self.names.scopes[owner].outer)
                {
                    owner = outer;
                }
                self.mention(piece, owner, How::Bound);
            }
            // The name of an argument. An assignment never gets here.
            "=" => {}
            _ => self.mention(piece, scope, How::Use),
        }
        Some(())
    }

    /// What is in brackets: arguments, an index, items, or a comprehension.
    fn bracket(&mut self, cursor: &mut Cursor<'t>, scope: usize) -> Option<()> {
        let open = cursor.next()?;
        let close = cursor.piece(open.close)?.text;
        if open.is_comprehension {
            self.comprehension(cursor, scope, close)?;
        } else {
            self.expression(cursor, scope, &[close])?;
        }
        cursor.pass(close).then_some(())
    }

    fn comprehension(&mut self, cursor: &mut Cursor<'t>, outer: usize, close: &str) -> Option<()> {
        let scope = self.scope(ScopeKind::Comprehension, outer);
        let ends = ["for", "async", close];
        self.expression(cursor, scope, &ends)?;
        let mut first = true;
        while !cursor.is(close) {
            if cursor.pass("async") {
                continue;
            }
            if cursor.pass("for") {
                self.targets(cursor, scope, How::Bound, &["in"])?;
                cursor.pass("in").then_some(())?;
                // The first iterable is evaluated around the comprehension.
                self.expression(cursor, if first { outer } else { scope }, &["for", "async", "if", close])?;
                first = false;
            } else if cursor.pass("if") {
                self.expression(cursor, scope, &["for", "async", "if", close])?;
            } else {
                return None;
            }
        }
        Some(())
    }

    fn lambda(&mut self, cursor: &mut Cursor<'t>, outer: usize, ends: &[&str]) -> Option<()> {
        cursor.at += 1;
        let scope = self.scope(ScopeKind::Function, outer);
        self.parameters(cursor, scope, outer, ":")?;
        cursor.pass(":").then_some(())?;
        let ends: Vec<&str> = ends.iter().copied().chain([",", ":", "for", ")", "]", "}"]).collect();
        self.expression(cursor, scope, &ends)
    }

    /// Parameters up to `end`. Their defaults are evaluated in the scope around, their annotations never.
    pub fn parameters(&mut self, cursor: &mut Cursor<'t>, scope: usize, outer: usize, end: &str) -> Option<()> {
        while !cursor.is(end) {
            let piece = cursor.next()?;
            match (piece.kind, piece.text) {
                (TokenKind::Operator, "," | "*" | "**" | "/") => {}
                (TokenKind::Name, _) => {
                    self.mention(piece, scope, How::Parameter);
                    if end != ":" && cursor.pass(":") {
                        skip(cursor, &["=", ",", end])?;
                    }
                    if cursor.pass("=") {
                        self.expression(cursor, outer, &[",", end])?;
                    }
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// Targets of an assignment, of `for`, `as` or `del`, up to a piece of `ends`.
    pub fn targets(&mut self, cursor: &mut Cursor<'t>, scope: usize, how: How, ends: &[&str]) -> Option<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        while let Some(piece) = cursor.peek() {
            if ends.contains(&piece.text) {
                break;
            }
            match (piece.kind, piece.text) {
                (TokenKind::Operator, "," | "*") => cursor.at += 1,
                (TokenKind::Operator, "(" | "[") if !has_trailer(cursor, piece.close + 1) => {
                    cursor.at += 1;
                    let close = cursor.piece(piece.close)?.text;
                    self.targets(cursor, scope, how, &[close])?;
                    cursor.pass(close).then_some(())?;
                }
                (TokenKind::Name, name) if !is_keyword(name) && !has_trailer(cursor, cursor.at + 1) => {
                    self.mention(piece, scope, how);
                    cursor.at += 1;
                }
                _ => self.element(cursor, scope, ends)?,
            }
        }
        self.depth -= 1;
        Some(())
    }

    /// A target that is an attribute or an item of a value.
    fn element(&mut self, cursor: &mut Cursor<'t>, scope: usize, ends: &[&str]) -> Option<()> {
        let ends: Vec<&str> = ends.iter().copied().chain([","]).collect();
        let before = cursor.at;
        self.expression(cursor, scope, &ends)?;
        (cursor.at > before).then_some(())
    }
}

/// Whether the piece at `index` goes on with what is before it: an attribute, an item, a call.
fn has_trailer(cursor: &Cursor<'_>, index: usize) -> bool {
    cursor.piece(index).is_some_and(|piece| matches!(piece.text, "." | "[" | "("))
}

/// Passes everything up to a piece of `ends` outside brackets, or the end.
pub(super) fn skip(cursor: &mut Cursor<'_>, ends: &[&str]) -> Option<()> {
    while let Some(piece) = cursor.peek() {
        if ends.contains(&piece.text) {
            break;
        }
        cursor.at = piece.close.max(cursor.at) + 1;
    }
    Some(())
}
