//! The language as text: tokens, what Rhai is to read in their place, the grammar of `device` blocks, operators.
//!
//! Invariant: nothing here knows a run, a board or a value of a board.

pub(crate) mod comparing;
pub(crate) mod counting;
pub(crate) mod marks;
pub(crate) mod syntax;
pub(crate) mod text;
pub(crate) mod tokens;
