//! Reference of the language, its modules and scripts: for `doc`, editors, and the prompt.
//!
//! Invariant: nothing here accesses a board or changes a session.

pub(crate) mod built_in;
pub(crate) mod definitions;
pub(crate) mod help;
#[cfg(feature = "lsp")]
pub(crate) mod natives;
#[cfg(feature = "lsp")]
pub(crate) mod options;
mod pages;

pub use pages::*;
