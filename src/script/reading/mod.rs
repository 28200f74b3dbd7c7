//! Reads declarations without running a script: for `check` and `doc`.
//!
//! Invariant: no code with access to the outside runs here.

pub(crate) mod attempt;
pub(crate) mod check;
