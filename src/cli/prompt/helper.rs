//! Callbacks of rustyline: hints, and whether an input is complete; completion and colours are in separate
//! files.
//!
//! Invariant: only Tab uses a board, and only briefly; the words are those before the input.

use super::scan;
use crate::device::Device;
use crate::script::{Session, TypedCheck, Words};
use rustyline::completion::FilenameCompleter;
use rustyline::hint::{Hinter, HistoryHinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use std::collections::BTreeMap;

/// Callbacks of rustyline.
pub struct PromptHelper {
    pub(super) words: Words,
    /// Open devices by the names of variables.
    pub(super) devices: BTreeMap<String, Device>,
    pub(super) commands: &'static [&'static str],
    pub(super) paths: FilenameCompleter,
    pub(super) check: TypedCheck,
    hints: HistoryHinter,
}

impl PromptHelper {
    /// Knows these commands.
    pub fn new(commands: &'static [&'static str]) -> PromptHelper {
        let (paths, hints) = (FilenameCompleter::new(), HistoryHinter::new());
        let check = TypedCheck::default();
        PromptHelper { words: Words::default(), devices: BTreeMap::new(), commands, paths, check, hints }
    }

    /// Takes over what the session has.
    pub fn learn(&mut self, session: &Session) {
        self.words = session.words();
        self.devices = session.devices();
        self.check.learn(session);
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
