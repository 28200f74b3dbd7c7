//! The outcome of a check.
//!
//! Invariant: plain data.

use crate::error::{Error, Kind};

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The board and belay-script behave correctly. Holds details, or nothing.
    Ok(String),
    /// The board, its firmware, or its port does not support what is checked. Holds the reason.
    Absent(String),
    /// The result differs.
    Wrong {
        /// The expected result.
        expected: String,
        /// The actual result.
        actual: String,
    },
}

impl Outcome {
    /// A pass without details.
    pub fn ok() -> Outcome {
        Outcome::Ok(String::new())
    }

    /// The result differs.
    pub fn wrong(expected: impl Into<String>, actual: impl Into<String>) -> Outcome {
        Outcome::Wrong { expected: expected.into(), actual: actual.into() }
    }

    /// [`Outcome::Ok`] if both are equal.
    pub fn equal<T: PartialEq + std::fmt::Debug>(expected: &T, actual: &T) -> Outcome {
        if expected == actual { Outcome::ok() } else { Outcome::wrong(shown(expected), shown(actual)) }
    }

    /// Classifies an unexpected error.
    pub fn of_error(error: &Error) -> Outcome {
        if error.kind() == Kind::FeatureUnavailableError {
            return Outcome::Absent(error.message().to_owned());
        }
        if is_memory_error(error) {
            return Outcome::Absent(format!("its memory is too small: {}", error.message()));
        }
        if error.errno() == Some(30) {
            return Outcome::Absent("its file system is read-only".to_owned());
        }
        Outcome::wrong("no error", format!("{}: {}", error.kind().name(), error.message()))
    }

    /// The word of the report.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Ok(_) => "ok",
            Outcome::Absent(_) => "not on this board",
            Outcome::Wrong { .. } => "wrong",
        }
    }
}

/// The end of a check: its outcome, or an unexpected error.
pub type Checked = Result<Outcome, Error>;

/// Longest text of a value in a report, in characters.
const MOST_SHOWN: usize = 300;

/// A value for a report.
pub fn shown(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(MOST_SHOWN) {
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
        None => text,
    }
}

/// Whether the board ran out of memory.
pub fn is_memory_error(error: &Error) -> bool {
    error.is_raised("MemoryError")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_wrong_unless_the_board_lacks_something() {
        let of = |error: Error| Outcome::of_error(&error).word();
        let absent = Error::new(Kind::FeatureUnavailableError, "the board has no threads");
        assert_eq!(of(absent), "not on this board");
        assert_eq!(of(Error::raised("MemoryError: ")), "not on this board");
        assert_eq!(of(Error::raised("OSError: [Errno 30] EROFS")), "not on this board");
        assert_eq!(of(Error::raised("OSError: [Errno 5] EIO")), "wrong");
        assert_eq!(of(Error::new(Kind::TimeoutError, "MemoryError")), "wrong");
    }

    #[test]
    fn long_values_are_cut() {
        let text = shown(&"é".repeat(1000));
        assert!(text.ends_with("… (1002 characters)"), "{text}");
    }
}
