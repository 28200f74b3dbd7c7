//! A test of the script that was not run.
//!
//! Invariant: plain data.

use serde::{Deserialize, Serialize};

/// A selected test that the run did not reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreached {
    /// Its name.
    pub name: String,
    /// The enclosing groups, outermost first.
    pub group: Vec<String>,
    /// The script that contains it.
    pub file: String,
    /// Its line there.
    pub line: u32,
    /// Why it was not reached.
    pub reason: String,
    /// Whether it might not have run anyway: it is in a loop, a branch, a function or a closure. Such tests are not counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conditional: bool,
}

impl Unreached {
    /// Its name after those of its groups: `power / supply`.
    pub fn path(&self) -> String {
        let names: Vec<&str> = self.group.iter().chain([&self.name]).map(String::as_str).collect();
        names.join(" / ")
    }
}
