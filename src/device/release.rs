//! Unreachable objects of a board, to be freed on the board.
//!
//! Invariant: objects are freed together with the next command, never during one, and never those of an earlier epoch.

use crate::device::lock::lock;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

/// Most objects that one statement frees: its line must fit into a small board's memory.
const MOST: usize = 48;

/// Where an object is on its board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A global of this name.
    Global(String),
    /// The dict of kept objects, by number.
    Kept(u64),
}

/// The objects to free. Cheap to clone; any thread may add to it, even while another uses the device.
#[derive(Clone, Default)]
pub struct Released(Arc<Mutex<Vec<(u64, Place)>>>);

impl Released {
    /// Adds an object of `epoch`.
    pub fn push(&self, epoch: u64, place: Place) {
        lock(&self.0).push((epoch, place));
    }

    /// Clears everything: the board has restarted.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Takes as many objects of `epoch` as one statement frees.
    pub fn take(&self, epoch: u64) -> Vec<(u64, Place)> {
        let mut places = lock(&self.0);
        places.retain(|(of, _)| *of == epoch);
        let count = places.len().min(MOST);
        let rest = places.split_off(count);
        std::mem::replace(&mut *places, rest)
    }

    /// Puts back objects that the board may not have freed. Freeing one twice is harmless.
    pub fn put_back(&self, places: Vec<(u64, Place)>) {
        lock(&self.0).extend(places);
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }
}

/// The simple statement that frees them.
pub fn statement(places: &[(u64, Place)]) -> String {
    let mut text = String::new();
    for (_, place) in places {
        if let Place::Kept(number) = place {
            // Writing to a String does not fail.
            let _ = write!(text, "{}{number}", if text.is_empty() { "__belay_ox(" } else { "," });
        }
    }
    if !text.is_empty() {
        text.push(')');
    }
    for (_, place) in places {
        if let Place::Global(name) = place {
            let _ = write!(text, "{}globals().pop('{name}',None)", if text.is_empty() { "" } else { ";" });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frees_only_objects_of_this_epoch_in_limited_batches() {
        let released = Released::default();
        released.push(0, Place::Kept(1));
        for number in 2..=60 {
            released.push(1, Place::Kept(number));
        }
        released.push(1, Place::Global("a".to_owned()));
        assert_eq!(released.take(1).len(), MOST);
        let rest = released.take(1);
        assert_eq!(rest.len(), 12);
        assert!(released.is_empty());
        released.put_back(rest[9..].to_vec());
        assert_eq!(statement(&released.take(1)), "__belay_ox(59,60);globals().pop('a',None)");
        assert_eq!(statement(&[(1, Place::Global("b".to_owned()))]), "globals().pop('b',None)");
    }
}
