//! The start of a run: what is known before the script runs.
//!
//! Invariant: plain data, complete when the event is made.

use super::{Program, StationFile};
use serde::{Deserialize, Serialize};

/// The start of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunBegun {
    /// [`SCHEMA`](super::SCHEMA).
    pub schema: u32,
    /// The script, as the user named it.
    pub script: String,
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
    /// Revision of the enclosing repository, if any, with `+` if files have changed since.
    pub revision: Option<String>,
    /// Version of belay-script.
    pub version: String,
    /// The computer's offset from UTC at that moment, in seconds east of Greenwich; if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset_s: Option<i32>,
    /// Host name and operating system.
    #[serde(default)]
    pub host: String,
    /// The current folder, from which relative paths start.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// The executable, if a report or log is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    /// The station file, if one applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<StationFile>,
    /// Arguments of the script.
    pub args: Vec<String>,
    /// Who ran it.
    pub operator: Option<String>,
    /// Serial number of the unit under test.
    #[serde(alias = "unit")]
    pub serial: Option<String>,
}
