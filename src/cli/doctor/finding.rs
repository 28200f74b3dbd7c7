//! What `doctor` finds, as data.
//!
//! Invariant: plain data; a finding that is not [`State::Ok`] or [`State::Note`] says what to do.

use serde::Serialize;
use std::path::PathBuf;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Neither good nor bad.
    Note,
    /// It may get in the way.
    Warning,
    /// Something does not work.
    Error,
}

impl State {
    /// The word in the text.
    pub fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Note => "note",
            State::Warning => "warning",
            State::Error => "error",
        }
    }
}

/// How a problem is mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mend {
    /// By these commands, as the administrator.
    Administrator(Vec<Vec<String>>),
    /// By writing a file of the user.
    Write {
        /// Where.
        path: PathBuf,
        /// What.
        #[serde(skip)]
        content: Vec<u8>,
    },
    /// By installing the MicroPython of simulated boards.
    InstallInterpreter,
    /// By the user: what `--fix` cannot do.
    Person,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check: one word.
    pub check: &'static str,
    /// How it ended.
    pub state: State,
    /// What was found, in one line.
    pub text: String,
    /// What mends it: a command, or an instruction; may be empty.
    pub help: String,
    /// How `--fix` does that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<Mend>,
}

impl Finding {
    /// Something as it should be.
    pub fn ok(check: &'static str, text: impl Into<String>) -> Finding {
        Finding { check, state: State::Ok, text: text.into(), help: String::new(), mend: None }
    }

    /// Something to know.
    pub fn note(check: &'static str, text: impl Into<String>, help: impl Into<String>) -> Finding {
        Finding { check, state: State::Note, text: text.into(), help: help.into(), mend: None }
    }

    /// A problem, and what mends it.
    pub fn problem(
        check: &'static str,
        state: State,
        text: impl Into<String>,
        help: impl Into<String>,
        mend: Mend,
    ) -> Finding {
        Finding { check, state, text: text.into(), help: help.into(), mend: Some(mend) }
    }

    /// Whether it needs to be mended.
    pub fn is_problem(&self) -> bool {
        self.state >= State::Warning
    }
}
