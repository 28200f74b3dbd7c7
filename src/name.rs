//! A checked Python identifier that can be declared on a board.
//!
//! Uses [`crate::error`]. Invariant: a [`Name`] is an identifier that neither Python nor belay-script reserves.

use crate::error::{Error, Kind, Result};
use std::fmt;
use std::sync::Arc;

/// Python's keywords, including those of MicroPython's `async`.
pub(crate) const PYTHON_KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// A Python identifier that is not a keyword. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

impl Name {
    /// Checks that `text` is an ASCII identifier and not a Python keyword, as required of a parameter.
    ///
    /// # Errors
    /// [`Kind::DeclarationError`] unless it is an identifier, [`Kind::SpecialFunctionNameError`] for a keyword.
    pub fn parameter(text: &str) -> Result<Name> {
        let mut chars = text.chars();
        let starts = chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        if !starts || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(Error::new(Kind::DeclarationError, format!("`{text}` is not a Python identifier"))
                .with_help("use letters, digits and `_`, not starting with a digit"));
        }
        if text.starts_with("_belay") || text.starts_with("__belay") {
            return Err(Error::new(Kind::SpecialFunctionNameError, format!("the name `{text}` is reserved"))
                .with_help(
                    "choose another name: names that start with `_belay` or `__belay` are reserved for belay-script",
                ));
        }
        if PYTHON_KEYWORDS.contains(&text) {
            return Err(Error::new(Kind::SpecialFunctionNameError, format!("`{text}` is a keyword of Python"))
                .with_help("choose another name"));
        }
        Ok(Name(text.into()))
    }

    /// Checks that `text` can name a task, setup, thread or teardown: by the rules of [`Name::parameter`], and not a name that
    /// Python or Belay reserves (`__x__`, `_belay…`, `__belay…`).
    ///
    /// # Errors
    /// As [`Name::parameter`]; [`Kind::SpecialFunctionNameError`] for reserved names.
    pub fn function(text: &str) -> Result<Name> {
        let name = Name::parameter(text)?;
        let dunder = text.len() >= 4 && text.starts_with("__") && text.ends_with("__");
        if dunder {
            return Err(Error::new(Kind::SpecialFunctionNameError, format!("the name `{text}` is reserved"))
                .with_help("choose another name: names like `__x__` are reserved for Python"));
        }
        Ok(name)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::ops::Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// Longest word that is looked at, in bytes: the time for one grows with its length.
const LONGEST_WORD: usize = 200;

/// The most likely candidate for `word`: at most a third of its letters differ, ignoring case. None for
/// words above 200 bytes.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST_WORD {
        return None;
    }
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word && candidate.len() <= LONGEST_WORD)
        .map(|candidate| (edits(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        // Of names that differ in their case alone, the one in the case of the word.
        .min_by_key(|(distance, candidate)| (*distance, edits(word, candidate)))
        .map(|(_, candidate)| candidate)
}

/// Whether no other one of the candidates is as near to `word` as `near`.
pub fn is_only<'a>(word: &str, near: &str, candidates: impl IntoIterator<Item = &'a str>) -> bool {
    let distance = |name: &str| (edits(&word.to_lowercase(), &name.to_lowercase()), edits(word, name));
    let limit = distance(near);
    candidates.into_iter().all(|other| other == near || distance(other) > limit)
}

/// How many characters must be inserted, deleted, replaced or swapped with their neighbour to make `a` into `b`. Words above 200
/// bytes are never close.
pub fn edits(a: &str, b: &str) -> usize {
    if a.len().max(b.len()) > LONGEST_WORD { usize::MAX } else { strsim::osa_distance(a, b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_reserved_names() {
        for text in ["__x__", "_belay", "_belay_x", "__belay_next", "class", "None", "lambda"] {
            assert_eq!(Name::function(text).unwrap_err().kind(), Kind::SpecialFunctionNameError, "{text}");
        }
        for text in ["", "1a", "a-b", "a b", "é"] {
            assert_eq!(Name::function(text).unwrap_err().kind(), Kind::DeclarationError, "{text}");
        }
        for text in ["a", "_x", "__x", "read_adc", "belay"] {
            assert!(Name::function(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn suggests_the_closest_name() {
        let names = ["read_adc", "stream", "blink", "on"];
        assert_eq!(nearest("read_acd", names), Some("read_adc"));
        for (a, b, count) in [("smi", "sim", 1), ("s", "sim", 2), ("", "ab", 2), ("ca", "abc", 3)] {
            assert_eq!(edits(a, b), count, "{a} {b}");
        }
        assert_eq!(edits(&"a".repeat(201), "a"), usize::MAX);
        assert_eq!(nearest("Stream", names), Some("stream"));
        assert_eq!(nearest("xyz", names), None);
        assert_eq!(nearest("no", names), Some("on"));
        assert_eq!(nearest("nope", ["name"]), None);
        assert_eq!(nearest("nosuch", ["cosh"]), None);
        assert_eq!(nearest("blink", names), None);
        assert_eq!(nearest("benhc", ["Bench", "bench"]), Some("bench"));
        assert!(is_only("benhc", "bench", ["bench", "Bench"]) && !is_only("cat", "bat", ["bat", "hat"]));
        assert_eq!(nearest("Benhc", ["bench", "Bench"]), Some("Bench"));
    }
}
