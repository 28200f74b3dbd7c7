//! What a bench records: tests, measurements, series and their verdicts; and the reports made from them.
//!
//! Uses [`crate::diagnostic`]. Invariant: plain data; the command line decides which reports are written.

pub mod archive;
pub mod date;
pub mod digests;
pub mod empty;
pub mod event;
pub mod limit_source;
pub mod measurement;
pub mod numbers;
pub mod operator;
pub mod picture;
pub mod record;
pub mod report;
pub mod schedule;
pub mod seal;
pub mod select;
pub mod simulated;
pub mod station;
pub mod tally;
pub mod units;
pub mod writers;
