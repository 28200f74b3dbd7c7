//! Where the limits of a measurement came from.
//!
//! Invariant: plain data.

use serde::{Deserialize, Serialize};

/// Where the limits of a measurement came from: the station file, or the script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitSource {
    /// The entry of the station file, `limits.supply` or `constants.offset`; several are separated by commas. Empty if the script wrote
    /// the limits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The station file or the script.
    pub file: String,
    /// The line there, of the entry or of the call of `measure`.
    pub line: u32,
    /// The options that the script wrote, although others came from the station file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
}

impl LimitSource {
    /// `limits.supply (station.toml:4)`, or `bench.rhai:7`.
    pub fn said(&self) -> String {
        let LimitSource { name, file, line, own } = self;
        if name.is_empty() {
            return format!("{file}:{line}");
        }
        let own = if own.is_empty() { String::new() } else { format!(", {} of the script", own.join(", ")) };
        format!("{name} ({file}:{line}{own})")
    }
}
