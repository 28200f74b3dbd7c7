//! What a check has used up and seen.
//!
//! Invariant: what is known only when the script runs is [`Unknown`], and no failure of the script.

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, Module};
use std::collections::HashSet;

/// A value that is known only when the script runs.
#[derive(Clone)]
pub(crate) struct Unknown;

/// What a check has used up and seen.
#[derive(Default)]
pub(crate) struct Ledger {
    pub used: u64,
    /// Whether something unknown was looked at since the last value began, or is in a module.
    pub touched: bool,
    pub foreign: bool,
    /// The functions of the engine in which scripts run.
    pub natives: HashSet<String>,
}

impl Ledger {
    /// Begins a check of scripts that run in `engine`.
    pub fn begin(&mut self, engine: &Engine) {
        self.used = 0;
        self.foreign = false;
        let names = engine.collect_fn_metadata(None, |about| Some(about.metadata.name.to_string()), true);
        self.natives = names.into_iter().collect();
    }

    /// Notes that a module holds what is unknown.
    pub fn note(&mut self, module: &Module) {
        if module.iter_var().any(|(_, value)| holds_unknown(value)) {
            self.foreign = true;
        }
    }

    /// A value that is known only when the script runs is looked at.
    pub fn unknown(&mut self) -> Dynamic {
        self.touched = true;
        Dynamic::from(Unknown)
    }

    /// Notes functions that nothing calls before the script runs.
    pub fn later(&mut self, names: impl Iterator<Item = String>) {
        self.natives.extend(names);
    }

    fn is_native(&self, name: &str) -> bool {
        self.natives.contains(name)
    }

    /// Whether a failure says nothing about the script: it would go on where it runs.
    pub fn is_unknowable(&self, error: &EvalAltResult) -> bool {
        if self.touched || self.foreign {
            return true;
        }
        match error.unwrap_inner() {
            EvalAltResult::ErrorTooManyOperations(..)
            | EvalAltResult::ErrorDataTooLarge(..)
            | EvalAltResult::ErrorStackOverflow(..)
            | EvalAltResult::ErrorTooManyModules(..)
            | EvalAltResult::ErrorTerminated(..) => true,
            EvalAltResult::ErrorFunctionNotFound(signature, _) => {
                self.is_native(signature.split([' ', '(']).next().unwrap_or_default())
            }
            _ => false,
        }
    }
}

pub(crate) fn holds_unknown(value: &Dynamic) -> bool {
    if let Some(array) = value.read_lock::<Array>() {
        return array.iter().any(holds_unknown);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return map.values().any(holds_unknown);
    }
    value.is::<Unknown>()
}
