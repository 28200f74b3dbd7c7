//! The start of a test.
//!
//! Invariant: plain data.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The start of a test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TestBegun {
    /// Number of the test within its run, from 1.
    pub test: u64,
    /// Its name.
    pub name: String,
    /// The enclosing groups, outermost first.
    pub group: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The script that contains it.
    pub file: String,
    /// Its line there.
    pub line: u32,
    /// Its parameters: the row of its table, and the option `parameters`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
}
