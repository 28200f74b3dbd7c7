//! The start of a run: what is known before the script runs.
//!
//! Invariant: plain data, complete when the event is made.

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
    /// Host name and operating system.
    #[serde(default)]
    pub host: String,
    /// Arguments of the script.
    pub args: Vec<String>,
    /// Who ran it.
    pub operator: Option<String>,
    /// Serial number of the unit under test.
    #[serde(alias = "unit")]
    pub serial: Option<String>,
}
