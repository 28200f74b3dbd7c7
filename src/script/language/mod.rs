//! The language as text: tokens, rewriting for Rhai, the grammar of `device` blocks, operators.
//!
//! Invariant: nothing here depends on a run, a board or a board's values.

pub(crate) mod comparing;
pub(crate) mod counting;
pub(crate) mod instrument;
pub(crate) mod marks;
pub(crate) mod syntax;
pub(crate) mod text;
pub(crate) mod tokens;
