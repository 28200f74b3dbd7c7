//! Native functions that are not specific to a board.
//!
//! Invariant: access to anything outside the script goes through the gate; every wait ends with the run.

pub(crate) mod crc;
pub(crate) mod csv;
pub(crate) mod diagnoses;
pub(crate) mod division;
pub(crate) mod files;
pub(crate) mod functions;
pub(crate) mod json;
pub(crate) mod limits;
pub(crate) mod measure;
pub(crate) mod modbus;
pub(crate) mod monitors;
pub(crate) mod operator;
pub(crate) mod parallel;
pub(crate) mod process;
pub(crate) mod provenance;
pub(crate) mod random;
pub(crate) mod results;
pub(crate) mod series;
pub(crate) mod station;
pub(crate) mod timing;
pub(crate) mod verdicts;
