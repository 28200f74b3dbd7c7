//! A script with its text and its tree.
//!
//! Invariant: plain data.

use crate::origin::Origin;
use rhai::{AST, Position};
use std::sync::Arc;

/// One script with its text.
pub(crate) struct Source {
    /// The name in origins.
    pub name: String,
    pub text: Arc<str>,
    pub tree: AST,
}

impl Source {
    /// The rest of the line at a position.
    pub fn text_at(&self, position: Position) -> &str {
        self.rest(position.line(), position.position())
    }

    /// The rest of the line at an origin.
    pub fn text_of(&self, origin: &Origin) -> &str {
        self.rest(usize::try_from(origin.line).ok(), usize::try_from(origin.column).ok())
    }

    fn rest(&self, line: Option<usize>, column: Option<usize>) -> &str {
        let line = line.and_then(|line| self.text.split('\n').nth(line.checked_sub(1)?)).unwrap_or_default();
        let column = column.and_then(|column| column.checked_sub(1)).unwrap_or(0);
        line.char_indices().nth(column).map_or("", |(at, _)| &line[at..])
    }
}
