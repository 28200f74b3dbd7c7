//! Budget and state of a check.
//!
//! Invariant: a value known only at run time is [`Unknown`], not a failure of the script.

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, Module};
use std::collections::HashSet;

/// A value known only at run time.
#[derive(Clone)]
pub(crate) struct Unknown;

/// Budget and state of a check.
#[derive(Default)]
pub(crate) struct Ledger {
    pub used: u64,
    /// Whether the current value or a module used something unknown.
    pub touched: bool,
    pub foreign: bool,
    /// The functions of the engine that runs scripts.
    pub natives: HashSet<String>,
}

impl Ledger {
    /// Starts a check of scripts that will run in `engine`.
    pub fn begin(&mut self, engine: &Engine) {
        self.used = 0;
        self.foreign = false;
        let names = engine.collect_fn_metadata(None, |about| Some(about.metadata.name.to_string()), true);
        self.natives = names.into_iter().collect();
    }

    /// Records that a module contains unknown values.
    pub fn note(&mut self, module: &Module) {
        if module.iter_var().any(|(_, value)| holds_unknown(value)) {
            self.foreign = true;
        }
    }

    /// Records the use of a value known only at run time.
    pub fn unknown(&mut self) -> Dynamic {
        self.touched = true;
        Dynamic::from(Unknown)
    }

    /// Records functions that are called only at run time.
    pub fn later(&mut self, names: impl Iterator<Item = String>) {
        self.natives.extend(names);
    }

    fn is_native(&self, name: &str) -> bool {
        self.natives.contains(name)
    }

    /// Whether a failure comes from the check itself and would not occur in a run.
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
