//! Checkpoints, and diagnoses.
//!
//! Invariant: plain data.

use serde::{Deserialize, Serialize};

/// A checkpoint that was reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// The enclosing groups, outermost first.
    #[serde(default)]
    pub group: Vec<String>,
    /// Whether it ends the run; otherwise the innermost group.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends_run: bool,
    /// Why the rest is skipped; none if the script goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The script that contains it.
    pub file: String,
    /// Its line there.
    pub line: u32,
}

/// A named conclusion from results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Its name.
    pub name: String,
    /// What it means.
    pub text: String,
    /// The part of the unit that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The board for which it was made, in `for_each_board`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<String>,
    /// Whether it fails its test, or the run.
    pub failure: bool,
    /// The script that made it.
    pub file: String,
    /// Its line there.
    pub line: u32,
}
