//! What a check has used up and seen.
//!
//! Invariant: what is known only when the script runs is [`Unknown`], and no failure of the script.

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, Module};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// A value that is known only when the script runs.
#[derive(Clone)]
pub(crate) struct Unknown;

/// What a check has used up and seen.
#[derive(Default)]
pub(crate) struct Ledger {
    pub used: AtomicU64,
    /// Whether something unknown was looked at since the last value began, or is in a module.
    pub touched: AtomicBool,
    pub foreign: AtomicBool,
    /// The functions of the engine in which scripts run.
    pub natives: RwLock<HashSet<String>>,
}

impl Ledger {
    /// Begins a check of scripts that run in `engine`.
    pub fn begin(&self, engine: &Engine) {
        self.used.store(0, Ordering::Relaxed);
        self.foreign.store(false, Ordering::Relaxed);
        let names = engine.collect_fn_metadata(None, |about| Some(about.metadata.name.to_string()), true);
        *self.natives.write().unwrap_or_else(PoisonError::into_inner) = names.into_iter().collect();
    }

    /// Notes that a module holds what is unknown.
    pub fn note(&self, module: &Module) {
        if module.iter_var().any(|(_, value)| holds_unknown(value)) {
            self.foreign.store(true, Ordering::Relaxed);
        }
    }

    /// A value that is known only when the script runs is looked at.
    pub fn unknown(&self) -> Dynamic {
        self.touched.store(true, Ordering::Relaxed);
        Dynamic::from(Unknown)
    }

    /// Notes functions that nothing calls before the script runs.
    pub fn later(&self, names: impl Iterator<Item = String>) {
        self.natives.write().unwrap_or_else(PoisonError::into_inner).extend(names);
    }

    fn is_native(&self, name: &str) -> bool {
        self.natives.read().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// Whether a failure says nothing about the script: it would go on where it runs.
    pub fn is_unknowable(&self, error: &EvalAltResult) -> bool {
        if self.touched.load(Ordering::Relaxed) || self.foreign.load(Ordering::Relaxed) {
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
