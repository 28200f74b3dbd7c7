//! Python as text: tokens, bodies, minifying, signatures, tracebacks. Independent of connections and scripts.
//!
//! May use [`crate::error`], [`crate::origin`] and the standard library. Invariant: every function here is pure,
//! linear in the length of its input, and returns for any input.

pub mod body;
pub mod builtins;
pub mod frames;
pub mod imports;
pub mod lines;
mod literal;
pub mod minify;
pub mod names;
pub mod rewriter;
pub mod scan;
pub mod signature;
pub mod token;
pub mod traceback;

use crate::error::{Error, Kind};
use crate::origin::Origin;
use std::fmt;

/// Why Python source was rejected before it was sent to a board, and on which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// Line within the given text, from 0.
    pub line: u32,
    /// One lowercase phrase without a full stop.
    pub message: String,
    /// What to do next.
    pub help: String,
}

impl SourceError {
    pub(crate) fn new(line: u32, message: impl Into<String>, help: impl Into<String>) -> SourceError {
        SourceError { line, message: message.into(), help: help.into() }
    }

    /// The crate's error: a [`Kind::DeclarationError`] whose origin is `line` lines below `start`, the position of the text's
    /// first character.
    pub fn into_error(self, start: &Origin) -> Error {
        let origin = if self.line == 0 { start.clone() } else { start.down(self.line) };
        Error::new(Kind::DeclarationError, self.message).with_help(self.help).with_origin(origin)
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", u64::from(self.line) + 1, self.message)
    }
}

impl std::error::Error for SourceError {}

#[cfg(test)]
pub(crate) mod samples;
