//! A failure for the user, as data: a title, places in scripts with labels, notes and help.
//!
//! The script layer makes diagnostics, the command line draws them.
//!
//! Uses [`crate::error`] and [`crate::origin`]. Invariant: plain data.

use crate::error::Kind;
use crate::origin::Origin;

/// One place in a script that a diagnostic points at.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Where it starts. Column 0 marks the whole line.
    pub origin: Origin,
    /// Printed above the excerpt, for example `called from`; empty for the primary place.
    pub label: String,
}

/// A failure, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// The kind: decides the exit status.
    pub kind: Kind,
    /// The headline after `error: `.
    pub title: String,
    /// The places, innermost first: the primary one, then where it was called from.
    pub places: Vec<Place>,
    /// Further facts, for example a board's traceback; each may have several lines.
    pub notes: Vec<String>,
    /// What to do next.
    pub help: Option<String>,
    /// Whether it is a remark, not a failure.
    pub is_warning: bool,
    /// Other failures of the same operation, drawn below as separate failures.
    pub others: Box<[Diagnostic]>,
}

impl Diagnostic {
    /// A diagnostic with only a title.
    pub fn new(kind: Kind, title: impl Into<String>) -> Diagnostic {
        Diagnostic {
            kind,
            title: title.into(),
            places: Vec::new(),
            notes: Vec::new(),
            help: None,
            is_warning: false,
            others: Box::default(),
        }
    }

    /// The diagnostic of an [`Error`](crate::Error): its first origin is the primary place, the others are callers.
    pub fn from_error(error: &crate::Error) -> Diagnostic {
        let places = error.origins().iter().enumerate().map(|(index, origin)| Place {
            origin: origin.clone(),
            label: if index == 0 { String::new() } else { "called from".to_owned() },
        });
        Diagnostic {
            kind: error.kind(),
            title: error.headline(),
            places: places.collect(),
            notes: Vec::new(),
            help: error.help().map(str::to_owned),
            is_warning: false,
            others: error.others().iter().map(Diagnostic::from_error).collect(),
        }
    }
}
