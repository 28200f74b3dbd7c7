//! Errors: as values of scripts, and as diagnostics for people.
//!
//! Invariant: what ends a run never becomes something that a script can catch.

pub(crate) mod errors;
pub(crate) mod explain;
pub(crate) mod habits;
pub(crate) mod unclosed;
pub(crate) mod wording;
