//! What a run knows about its inputs and tests until it ends.
//!
//! Invariant: plain data.

use crate::bench::select::Declared;
use std::collections::{BTreeMap, HashSet};

/// What is known about the inputs of the run in progress.
#[derive(Default)]
pub(crate) struct Evidence {
    /// Whether a run is in progress: inputs of a check or of a prompt are not recorded.
    pub is_running: bool,
    /// Digests of the data files that the script read, by path.
    pub read: BTreeMap<String, String>,
    /// The files that it wrote.
    pub written: HashSet<String>,
    /// The tests in the main script.
    pub declared: Vec<Declared>,
    /// The tests of each script that began or were skipped, by line and by path.
    pub begun: HashSet<(String, Mark)>,
}

/// What identifies a test in its script.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    Line(u32),
    Path(Vec<String>),
}
