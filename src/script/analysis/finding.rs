//! What the analysis finds in a script, as data.
//!
//! Invariant: plain data; a finding has the place of the text that is wrong.

use crate::diagnostic::{Diagnostic, Place};
use crate::error::Kind;
use crate::origin::Origin;

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The script fails when it reaches this.
    Error,
    /// The script runs, and probably does something else than meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// A change of the text that removes a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Where the change begins.
    pub at: Origin,
    /// How many characters of that line are replaced.
    pub length: u32,
    /// What they are replaced by.
    pub text: String,
}

/// One mistake in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where it is.
    pub origin: Origin,
    /// How sure it is.
    pub severity: Severity,
    /// It is in a `try` block, where it may be meant to fail.
    pub is_caught: bool,
    /// It depends on values, and the run reports it where it happens.
    pub is_seen_by_run: bool,
    /// What is wrong: one lowercase phrase without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The one change that removes it, if there is one.
    pub fix: Option<Fix>,
}

impl Finding {
    /// The finding as something to draw. Errors have [`Kind::ParseError`].
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic {
            places: vec![Place { origin: self.origin.clone(), label: String::new() }],
            help: self.help.clone(),
            is_warning: self.severity == Severity::Warning,
            ..Diagnostic::new(Kind::ParseError, self.message.clone())
        }
    }
}
