//! Groups of tests, and subtests.
//!
//! Invariant: plain data.

use super::{Failure, Outcome};
use serde::{Deserialize, Serialize};

/// A group, or a group with a verdict of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// `group`.
    #[default]
    Group,
    /// `subtest`: its first failing test ends it.
    Subtest,
}

impl GroupKind {
    /// The word in scripts and reports.
    pub fn word(self) -> &'static str {
        match self {
            GroupKind::Group => "group",
            GroupKind::Subtest => "subtest",
        }
    }

    pub(super) fn is_group(&self) -> bool {
        *self == GroupKind::Group
    }
}

/// The start of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupBegun {
    /// Its name, after those of the enclosing groups.
    pub group: Vec<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "GroupKind::is_group")]
    pub kind: GroupKind,
    /// The script that contains it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Its line there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub line: u32,
}

/// The end of a group, including its teardowns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupEnded {
    /// As in [`GroupBegun`].
    pub group: Vec<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "GroupKind::is_group")]
    pub kind: GroupKind,
    /// The worst outcome of its tests and of its own; none if no test of it was selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Duration in seconds.
    #[serde(default)]
    pub duration_s: f64,
    /// Why the rest of it was skipped, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What failed it as a whole, outside of its tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(line: &u32) -> bool {
    *line == 0
}
