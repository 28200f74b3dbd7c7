//! Numbers of arguments in words.
//!
//! Invariant: pure.

use std::collections::BTreeSet;

/// `2 arguments`, `1 or 2 arguments`, `0 to 3 arguments`.
pub(crate) fn takes(counts: &BTreeSet<usize>) -> String {
    let list: Vec<usize> = counts.iter().copied().collect();
    match list.as_slice() {
        [] | [0] => "no arguments".to_owned(),
        [1] => "1 argument".to_owned(),
        [one] => format!("{one} arguments"),
        [one, two] => format!("{one} or {two} arguments"),
        [first, .., last] if last - first + 1 == list.len() => format!("{first} to {last} arguments"),
        [before @ .., last] => {
            let before: Vec<String> = before.iter().map(ToString::to_string).collect();
            format!("{} or {last} arguments", before.join(", "))
        }
    }
}

/// `none`, `2`.
pub(crate) fn arguments_given(count: usize) -> String {
    if count == 0 { "none".to_owned() } else { count.to_string() }
}
