//! Declarations of a run's scripts, and the functions registered for them.
//!
//! Invariant: functions on every thread see every declared class.

use crate::script::handles::{ClassHandle, ConsolesHandle, InstrumentClassHandle};
use crate::script::run::loader::Loader;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Declarations of a run's scripts.
#[derive(Default)]
pub(crate) struct Declarations {
    /// The compiled scripts.
    pub loader: Loader,
    known: RwLock<Known>,
    /// First letters of catch variables, so that other variables cost nothing.
    caught_letters: AtomicU64,
}

#[derive(Default)]
struct Known {
    /// The classes visible to functions, in order of declaration: source, name, class.
    classes: Vec<(String, String, ClassHandle)>,
    /// The instrument classes, likewise.
    instruments: Vec<(String, String, InstrumentClassHandle)>,
    /// The classes of consoles, likewise.
    consoles: Vec<(String, String, ConsolesHandle)>,
    /// Names and arities with registered native functions.
    registered: HashSet<(String, usize)>,
    /// The names of catch variables.
    caught: HashSet<String>,
}

impl Declarations {
    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Clears the declarations of an earlier script of the same runner.
    pub fn reset(&self) {
        let mut known = self.write();
        known.classes.clear();
        known.instruments.clear();
        known.consoles.clear();
        drop(known);
        self.loader.forget_modules();
    }

    /// Records that native functions will be registered for a name and arity; returns whether they are new.
    pub fn register(&self, name: &str, arity: usize) -> bool {
        self.write().registered.insert((name.to_owned(), arity))
    }

    /// Whether native functions are registered for a name and arity.
    pub fn is_registered(&self, name: &str, arity: usize) -> bool {
        self.read().registered.contains(&(name.to_owned(), arity))
    }

    /// Records the catch variables of a script.
    pub fn note_caught(&self, names: Vec<String>) {
        let letters = names.iter().fold(0, |letters, name| letters | letter(name));
        self.caught_letters.fetch_or(letters, Ordering::Relaxed);
        self.write().caught.extend(names);
    }

    /// Whether a script has a catch variable with this name.
    pub fn is_caught(&self, name: &str) -> bool {
        self.caught_letters.load(Ordering::Relaxed) & letter(name) != 0 && self.read().caught.contains(name)
    }

    /// Makes a class visible to functions.
    pub fn declare(&self, source: &str, class: &ClassHandle) {
        add(&mut self.write().classes, source, &class.0.class.name, class);
    }

    /// Makes an instrument class visible to functions.
    pub fn declare_instrument(&self, source: &str, class: &InstrumentClassHandle) {
        add(&mut self.write().instruments, source, &class.0.class.name, class);
    }

    /// Makes a class of consoles visible to functions.
    pub fn declare_console(&self, source: &str, class: &ConsolesHandle) {
        add(&mut self.write().consoles, source, &class.0.class.name, class);
    }

    /// The class with this name as seen by functions in `source`.
    pub fn class(&self, source: &str, name: &str) -> Option<ClassHandle> {
        find(&self.read().classes, source, name)
    }

    /// The instrument class with this name as seen by functions in `source`.
    pub fn instrument(&self, source: &str, name: &str) -> Option<InstrumentClassHandle> {
        find(&self.read().instruments, source, name)
    }

    /// The class of consoles with this name as seen by functions in `source`.
    pub fn console(&self, source: &str, name: &str) -> Option<ConsolesHandle> {
        find(&self.read().consoles, source, name)
    }

    /// All classes in order of declaration, with the declaring script.
    pub fn classes(&self) -> Vec<(String, ClassHandle)> {
        all(&self.read().classes)
    }

    /// All instrument classes in order of declaration, with the declaring script.
    pub fn instruments(&self) -> Vec<(String, InstrumentClassHandle)> {
        all(&self.read().instruments)
    }

    /// All classes of consoles in order of declaration, with the declaring script.
    pub fn consoles(&self) -> Vec<(String, ConsolesHandle)> {
        all(&self.read().consoles)
    }
}

/// Adds a declaration in place of an earlier one. All inputs of a session count as one script: the latest declaration wins.
fn add<C: Clone>(known: &mut Vec<(String, String, C)>, source: &str, name: &str, class: &C) {
    let same = |other: &str| other == source || is_input(other) && is_input(source);
    known.retain(|(other, taken, _)| !(same(other) && taken == name));
    known.push((source.to_owned(), name.to_owned(), class.clone()));
}

/// The declaration of a name in `source`, otherwise the latest one.
fn find<C: Clone>(known: &[(String, String, C)], source: &str, name: &str) -> Option<C> {
    let here = known.iter().rev().find(|(other, taken, _)| other == source && taken == name);
    here.or_else(|| known.iter().rev().find(|(_, taken, _)| taken == name)).map(|(_, _, class)| class.clone())
}

fn all<C: Clone>(known: &[(String, String, C)]) -> Vec<(String, C)> {
    known.iter().map(|(source, _, class)| (source.clone(), class.clone())).collect()
}

/// Whether a source is an input of a session, such as `<3>`, and not a file.
pub(crate) fn is_input(source: &str) -> bool {
    source.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).is_some_and(|number| number.parse::<u64>().is_ok())
}

/// A bit for the first letter of a name.
fn letter(name: &str) -> u64 {
    name.bytes().next().map_or(0, |first| 1 << (first & 63))
}
