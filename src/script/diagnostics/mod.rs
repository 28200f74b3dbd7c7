//! Errors as script values, and as diagnostics for people.
//!
//! Invariant: scripts cannot catch what ends a run.

pub(crate) mod errors;
pub(crate) mod explain;
pub(crate) mod habits;
pub(crate) mod unclosed;
pub(crate) mod wording;
