//! Warnings that were told.
//!
//! Invariant: each is told once, also by several runs that share this.

use crate::script::lock::lock;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// The warnings that were told. Cheap to clone.
#[derive(Clone, Default)]
pub struct Told(Arc<Mutex<HashSet<String>>>);

impl Told {
    /// Whether a warning was not told before.
    pub(crate) fn is_new(&self, warning: &str) -> bool {
        lock(&self.0).insert(warning.to_owned())
    }
}
