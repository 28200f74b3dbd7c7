//! What a bench records: tests, measurements, their verdicts.
//!
//! Uses [`crate::diagnostic`]. Invariant: plain data; how it is reported is decided by the command line.

pub mod operator;
pub mod record;
pub mod station;
