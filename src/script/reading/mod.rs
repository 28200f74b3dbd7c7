//! Declarations read without running a script: for `check` and `doc`.
//!
//! Invariant: nothing of a script that reaches anything runs here.

pub(crate) mod attempt;
pub(crate) mod check;
