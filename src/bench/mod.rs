//! What a bench records: tests, measurements, series, their verdicts; and what reports are made of.
//!
//! Uses [`crate::diagnostic`]. Invariant: plain data; how it is reported is decided by the command line.

pub mod archive;
pub mod date;
pub mod event;
pub mod html;
pub mod measurement;
pub mod numbers;
pub mod operator;
pub mod record;
pub mod report;
pub mod schedule;
pub mod select;
pub mod station;
pub mod tally;
pub mod units;
