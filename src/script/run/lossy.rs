//! Places where integer divisions lost a remainder.
//!
//! Invariant: each place is reported once per run.

use rhai::Position;
use std::collections::HashMap;

/// The reports of a run.
#[derive(Default)]
pub(crate) struct Lossy {
    /// The reported places: line, column and script.
    places: HashMap<(usize, usize), Vec<String>>,
    /// Whether the help was shown.
    helped: bool,
}

impl Lossy {
    /// Records a place; returns whether it is new.
    pub fn is_new(&mut self, source: &str, position: Position) -> bool {
        let place = (position.line().unwrap_or(0), position.position().unwrap_or(0));
        let sources = self.places.entry(place).or_default();
        let is_new = !sources.iter().any(|known| known == source);
        if is_new {
            sources.push(source.to_owned());
        }
        is_new
    }

    /// Whether to show the help, which is shown once.
    pub fn needs_help(&mut self) -> bool {
        !std::mem::replace(&mut self.helped, true)
    }
}
