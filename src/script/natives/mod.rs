//! Functions for scripts that belong to no board.
//!
//! Invariant: whatever reaches out of the script asks the gate, and whatever waits ends with the run.

pub(crate) mod csv;
pub(crate) mod division;
pub(crate) mod files;
pub(crate) mod functions;
pub(crate) mod json;
pub(crate) mod limits;
pub(crate) mod measure;
pub(crate) mod operator;
pub(crate) mod parallel;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod series;
pub(crate) mod station;
pub(crate) mod timing;
