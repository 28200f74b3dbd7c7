//! Numbers of arguments in words.
//!
//! Invariant: pure.

use crate::phrase::{any_of, arguments};
use std::collections::BTreeSet;

/// `2 arguments`, `1 or 2 arguments`, `0 to 3 arguments`.
pub(crate) fn takes(counts: &BTreeSet<usize>) -> String {
    let list: Vec<usize> = counts.iter().copied().collect();
    match list.as_slice() {
        [] => arguments(0),
        [one] => arguments(*one),
        [first, _, .., last] if last - first + 1 == list.len() && list.len() > 2 => {
            format!("{first} to {last} arguments")
        }
        several => {
            let several: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!("{} arguments", any_of(&several))
        }
    }
}

/// `none`, `2`.
pub(crate) fn arguments_given(count: usize) -> String {
    if count == 0 { "none".to_owned() } else { count.to_string() }
}
