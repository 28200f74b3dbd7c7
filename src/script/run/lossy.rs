//! Where divisions of integers have lost a remainder.
//!
//! Invariant: each place is told once in a run.

use rhai::Position;
use std::collections::HashMap;

/// What a run was told of lost remainders.
#[derive(Default)]
pub(crate) struct Lossy {
    /// The places: line and column, and the scripts.
    places: HashMap<(usize, usize), Vec<String>>,
    /// Whether the help was given.
    helped: bool,
}

impl Lossy {
    /// Whether nothing was noted at this place before.
    pub fn is_new(&mut self, source: &str, position: Position) -> bool {
        let place = (position.line().unwrap_or(0), position.position().unwrap_or(0));
        let sources = self.places.entry(place).or_default();
        let is_new = !sources.iter().any(|known| known == source);
        if is_new {
            sources.push(source.to_owned());
        }
        is_new
    }

    /// Whether the help is to be given, which it is once.
    pub fn needs_help(&mut self) -> bool {
        !std::mem::replace(&mut self.helped, true)
    }
}
