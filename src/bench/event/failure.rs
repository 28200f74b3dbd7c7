//! Failures as data, with the script lines involved.
//!
//! Uses [`crate::diagnostic`]. Invariant: converting a diagnostic and back loses nothing that a terminal shows.

use crate::diagnostic::{Diagnostic, Place};
use crate::error::Kind;
use crate::origin::Origin;
use serde::{Deserialize, Serialize};

/// A failure as data, with the script lines involved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Name of the error's kind.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// The script, if known.
    pub file: Option<String>,
    /// The line there, from 1.
    pub line: Option<u32>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Further facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Every place, innermost first; the first equals `file` and `line`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Spot>,
    /// Further failures of the same operation: the other teardowns of a close.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Failure>,
}

/// A place in a script, with the text of its line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// The script.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1; 0 if not known.
    pub column: u32,
    /// Label shown above it, for example `called from`; empty for the primary place.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The text of the line; empty if not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Failure {
    /// Converts a diagnostic; `text` returns the text of a script.
    pub fn of(diagnostic: &Diagnostic, text: impl Fn(&str) -> Option<std::sync::Arc<str>>) -> Failure {
        Failure::of_known(diagnostic, &text)
    }

    fn of_known(diagnostic: &Diagnostic, text: &dyn Fn(&str) -> Option<std::sync::Arc<str>>) -> Failure {
        let places = diagnostic.places.iter().map(|place| {
            let Origin { file, line, column } = &place.origin;
            let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
            let shown = text(file).and_then(|text| text.lines().nth(index).map(str::to_owned)).unwrap_or_default();
            Spot { file: file.to_string(), line: *line, column: *column, label: place.label.clone(), text: shown }
        });
        let places: Vec<Spot> = places.collect();
        Failure {
            kind: diagnostic.kind.name().to_owned(),
            message: diagnostic.title.clone(),
            file: places.first().map(|place| place.file.clone()),
            line: places.first().map(|place| place.line),
            help: diagnostic.help.clone(),
            notes: diagnostic.notes.clone(),
            places,
            others: diagnostic.others.iter().map(|other| Failure::of_known(other, text)).collect(),
        }
    }

    /// Converts back to the diagnostic, for a terminal.
    pub fn diagnostic(&self) -> Diagnostic {
        let places = self.places.iter().map(|place| Place {
            origin: Origin::new(place.file.as_str(), place.line, place.column),
            label: place.label.clone(),
        });
        Diagnostic {
            kind: Kind::from_name(&self.kind).unwrap_or(Kind::ScriptError),
            title: self.message.clone(),
            places: places.collect(),
            notes: self.notes.clone(),
            help: self.help.clone(),
            is_warning: false,
            others: self.others.iter().map(Failure::diagnostic).collect(),
        }
    }

    /// The places of this failure and of the further ones.
    pub fn all_places(&self) -> impl Iterator<Item = &Spot> {
        self.places.iter().chain(self.others.iter().flat_map(|other| &other.places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_all_that_a_terminal_shows() {
        let mut diagnostic = Diagnostic::new(Kind::DeviceException, "it broke");
        diagnostic.help = Some("mend it".to_owned());
        diagnostic.places.push(Place { origin: Origin::new("a.rhai", 2, 3), label: String::new() });
        let failure = Failure::of(&diagnostic, |_| Some("one\ntwo\n".into()));
        assert_eq!((failure.line, failure.places[0].text.as_str()), (Some(2), "two"));
        assert_eq!(failure.diagnostic(), diagnostic);
    }
}
