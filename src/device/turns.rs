//! Counts how often recordings are opened.
//!
//! Invariant: each opening of a recording gets the next session in it.

use crate::device::lock::lock;
use crate::port::address::Address;
use std::collections::HashMap;
use std::sync::Mutex;

/// How many times each recording was opened: it contains one session per opening.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<String, usize>>);

impl Turns {
    /// How many times `address` was opened before, if it is a recording.
    pub fn next(&self, address: &Address) -> usize {
        let Some(path) = address.recording() else { return 0 };
        let mut turns = lock(&self.0);
        let turn = turns.entry(path.to_owned()).or_default();
        *turn += 1;
        *turn - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_recording_by_itself() {
        let turns = Turns::default();
        let next = |port: &str| turns.next(&port.parse().unwrap());
        assert_eq!([next("replay:a"), next("replay:b"), next("replay:a"), next("sim"), next("sim")], [0, 0, 1, 0, 0]);
    }
}
