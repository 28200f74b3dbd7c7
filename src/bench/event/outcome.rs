//! Verdicts.
//!
//! Invariant: outcomes are ordered from best to worst.

use serde::{Deserialize, Serialize};

/// The verdict of a run, a test or a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not run.
    Skip,
    /// As expected.
    #[default]
    Pass,
    /// Within the limits, but near one of them.
    Marginal,
    /// Outside the limits, or an assertion failed.
    Fail,
    /// A timeout.
    Timeout,
    /// Any other failure: a board, the link, the script; or the record is truncated.
    Error,
}

impl Outcome {
    /// All outcomes, best first. A run has the worst outcome of its tests.
    pub const ALL: [Outcome; 6] =
        [Outcome::Skip, Outcome::Pass, Outcome::Marginal, Outcome::Fail, Outcome::Timeout, Outcome::Error];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Skip => "skip",
            Outcome::Pass => "pass",
            Outcome::Marginal => "marginal",
            Outcome::Fail => "fail",
            Outcome::Timeout => "timeout",
            Outcome::Error => "error",
        }
    }

    /// Whether nothing failed: pass, marginal or skip.
    pub fn is_good(self) -> bool {
        self <= Outcome::Marginal
    }

    /// Whether it ran and nothing failed.
    pub fn has_passed(self) -> bool {
        matches!(self, Outcome::Pass | Outcome::Marginal)
    }
}
