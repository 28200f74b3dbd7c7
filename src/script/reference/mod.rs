//! What is written about the language, its modules and scripts: for `doc`, for editors, and for a person at the prompt.
//!
//! Invariant: nothing here talks to a board or changes a session.

pub(crate) mod built_in;
pub(crate) mod definitions;
pub(crate) mod help;
mod pages;

pub use pages::*;
