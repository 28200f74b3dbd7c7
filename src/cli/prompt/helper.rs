//! What rustyline asks while a person types: hints, and whether an input is whole; completion and colours are in files of
//! their own.
//!
//! Invariant: nothing here waits for a board: the words are those from before the input.

use super::scan;
use crate::script::Words;
use rustyline::completion::FilenameCompleter;
use rustyline::hint::{Hinter, HistoryHinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

/// What rustyline asks.
pub struct PromptHelper {
    pub(super) words: Words,
    pub(super) commands: &'static [&'static str],
    pub(super) paths: FilenameCompleter,
    hints: HistoryHinter,
}

impl PromptHelper {
    /// Answers with these words and commands.
    pub fn new(words: Words, commands: &'static [&'static str]) -> PromptHelper {
        PromptHelper { words, commands, paths: FilenameCompleter::new(), hints: HistoryHinter::new() }
    }
}

impl Helper for PromptHelper {}

impl Hinter for PromptHelper {
    type Hint = String;

    fn hint(&self, line: &str, pos: usize, context: &Context<'_>) -> Option<String> {
        let hint = self.hints.hint(line, pos, context)?;
        hint.lines().next().filter(|first| !first.is_empty()).map(str::to_owned)
    }
}

impl Validator for PromptHelper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match scan::goes_on(context.input()) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}
