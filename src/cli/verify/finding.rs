//! One item of a verification: what it was, and what it is.
//!
//! Invariant: plain data; text from reports is escaped for a terminal.

use crate::visible;
use serde_json::{Value, json};
use std::fmt;

/// How an item compares with the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is as it was.
    Same,
    /// It is different.
    Changed,
    /// It is not there any more, or cannot be read.
    Missing,
    /// The log has no seal.
    Unsealed,
    /// The record says too little to compare it. Not a difference.
    Unchecked,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Same => "same",
            State::Changed => "changed",
            State::Missing => "missing",
            State::Unsealed => "unsealed",
            State::Unchecked => "unchecked",
        }
    }
}

/// One item of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    kind: &'static str,
    name: String,
    state: State,
    /// Values then and now; empty if there are none to show.
    then: String,
    now: String,
    notes: Vec<String>,
}

impl Finding {
    /// An item without values.
    pub fn new(kind: &'static str, name: &str, state: State) -> Finding {
        let (then, now, notes) = (String::new(), String::new(), Vec::new());
        Finding { kind, name: name.to_owned(), state, then, now, notes }
    }

    /// An item with a digest then, and its digest now or why there is none.
    pub fn digest(kind: &'static str, name: &str, then: &str, now: Result<String, String>) -> Finding {
        match now {
            _ if then.is_empty() => Finding::new(kind, name, State::Unchecked).note("the record has no digest of it"),
            Ok(now) if now == then => Finding::new(kind, name, State::Same).values(then.to_owned(), now),
            Ok(now) => Finding::new(kind, name, State::Changed).values(then.to_owned(), now),
            Err(why) => Finding::new(kind, name, State::Missing).values(then.to_owned(), String::new()).note(&why),
        }
    }

    /// With these values.
    #[must_use]
    pub fn values(self, then: String, now: String) -> Finding {
        Finding { then, now, ..self }
    }

    /// With a further remark.
    #[must_use]
    pub fn note(mut self, note: &str) -> Finding {
        self.notes.push(note.to_owned());
        self
    }

    /// Whether it does not differ.
    pub fn agrees(&self) -> bool {
        matches!(self.state, State::Same | State::Unchecked)
    }

    /// As a line of `--json`.
    pub fn json(&self) -> Value {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        json!({
            "state": self.state.word(),
            "kind": self.kind,
            "name": self.name,
            "then": some(&self.then),
            "now": some(&self.now),
            "notes": self.notes,
        })
    }
}

/// A digest as short as people compare it; other values as they are.
fn short(value: &str) -> String {
    let is_digest = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { format!("{}…", &value[..16]) } else { visible::name(value).into_owned() }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<9}  {:<7}  {}", self.state.word(), self.kind, visible::name(&self.name))?;
        if self.state == State::Changed && !self.then.is_empty() {
            write!(f, ": was {}, is {}", short(&self.then), short(&self.now))?;
        }
        if self.state == State::Missing && !self.then.is_empty() {
            write!(f, ": was {}", short(&self.then))?;
        }
        let notes = self.notes.iter().map(|note| visible::name(note).into_owned()).collect::<Vec<_>>().join(", ");
        if notes.is_empty() { Ok(()) } else { write!(f, ": {notes}") }
    }
}
