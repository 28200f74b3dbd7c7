//! Where divisions of integers have lost a remainder.
//!
//! Invariant: each place is told once in a run.

use crate::script::lock::lock;
use rhai::Position;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

/// What a run was told of lost remainders.
#[derive(Default)]
pub(crate) struct Lossy {
    /// The places: line and column, and the scripts.
    places: Mutex<HashMap<(usize, usize), Vec<String>>>,
    /// Whether the help was given.
    pub helped: AtomicBool,
}

impl Lossy {
    /// Whether nothing was noted at this place before.
    pub fn is_new(&self, source: &str, position: Position) -> bool {
        let place = (position.line().unwrap_or(0), position.position().unwrap_or(0));
        let mut places = lock(&self.places);
        let sources = places.entry(place).or_default();
        let is_new = !sources.iter().any(|known| known == source);
        if is_new {
            sources.push(source.to_owned());
        }
        is_new
    }
}
