//! A question to the operator, with its answer.
//!
//! Invariant: plain data; the answer is what a person would have typed.

use serde::{Deserialize, Serialize};

/// A question that was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The text of the question.
    pub text: String,
    /// Its name for `--answer`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The board in question, if several were in use at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<String>,
    /// The answer; `None` if nobody answered in time.
    pub answer: Option<String>,
    /// Who or what answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AnsweredBy>,
    /// Seconds until the answer.
    pub duration_s: f64,
}

/// Who or what answered a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// A person, at the terminal.
    Person,
    /// The option `--answer` of the command line.
    Option,
    /// The question's default, after its timeout.
    Default,
    /// The program that embeds the library.
    Program,
}

impl AnsweredBy {
    /// For readers of reports.
    pub fn words(self) -> &'static str {
        match self {
            AnsweredBy::Person => "person at the terminal",
            AnsweredBy::Option => "--answer",
            AnsweredBy::Default => "default after the timeout",
            AnsweredBy::Program => "program",
        }
    }
}
