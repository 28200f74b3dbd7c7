//! The warnings already shown.
//!
//! Invariant: runs that share this show each warning once.

use crate::script::lock::lock;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// The warnings already shown. Cheap to clone.
#[derive(Clone, Default)]
pub struct ShownWarnings(Arc<Mutex<HashSet<String>>>);

impl ShownWarnings {
    /// Records a warning; returns whether it is new.
    pub(crate) fn is_new(&self, warning: &str) -> bool {
        lock(&self.0).insert(warning.to_owned())
    }
}
