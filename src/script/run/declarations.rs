//! What the scripts of a run have declared, and what is registered for them.
//!
//! Invariant: a class that was declared is seen by functions on every thread.

use crate::script::handles::ClassHandle;
use crate::script::run::loader::Loader;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What the scripts of a run have declared.
#[derive(Default)]
pub(crate) struct Declarations {
    /// What they were compiled to.
    pub loader: Loader,
    known: RwLock<Known>,
    /// The first letters of the names that scripts catch errors in, so that other variables cost nothing.
    caught_letters: AtomicU64,
}

#[derive(Default)]
struct Known {
    /// The classes in scope of functions, in the order of declaration: source, name, class.
    classes: Vec<(String, String, ClassHandle)>,
    /// Names and numbers of arguments for which native functions are registered.
    registered: HashSet<(String, usize)>,
    /// The names that scripts catch errors in.
    caught: HashSet<String>,
}

impl Declarations {
    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what an earlier script of the same runner declared.
    pub fn reset(&self) {
        self.write().classes.clear();
        self.loader.forget_modules();
    }

    /// Notes that native functions are to be registered for a name and a number of arguments; gives whether they are not yet.
    pub fn register(&self, name: &str, arity: usize) -> bool {
        self.write().registered.insert((name.to_owned(), arity))
    }

    /// Whether native functions are registered for a name and a number of arguments.
    pub fn is_registered(&self, name: &str, arity: usize) -> bool {
        self.read().registered.contains(&(name.to_owned(), arity))
    }

    /// Notes the names in which a script catches errors.
    pub fn note_caught(&self, names: Vec<String>) {
        let letters = names.iter().fold(0, |letters, name| letters | letter(name));
        self.caught_letters.fetch_or(letters, Ordering::Relaxed);
        self.write().caught.extend(names);
    }

    /// Whether a script catches errors in a variable of this name.
    pub fn is_caught(&self, name: &str) -> bool {
        self.caught_letters.load(Ordering::Relaxed) & letter(name) != 0 && self.read().caught.contains(name)
    }

    /// Makes a class known to functions.
    pub fn declare(&self, source: &str, class: &ClassHandle) {
        let name = class.0.class.name.clone();
        let classes = &mut self.write().classes;
        // Inputs of a person are one script in this: what is declared last counts.
        let same = |other: &str| other == source || is_input(other) && is_input(source);
        classes.retain(|(other, known, _)| !(same(other) && *known == name));
        classes.push((source.to_owned(), name, class.clone()));
    }

    /// The class of this name that functions in `source` see.
    pub fn class(&self, source: &str, name: &str) -> Option<ClassHandle> {
        let classes = &self.read().classes;
        let here = classes.iter().rev().find(|(other, known, _)| other == source && known == name);
        here.or_else(|| classes.iter().rev().find(|(_, known, _)| known == name)).map(|(_, _, class)| class.clone())
    }

    /// All classes, in the order of declaration, with the script that declares them.
    pub fn classes(&self) -> Vec<(String, ClassHandle)> {
        self.read().classes.iter().map(|(source, _, class)| (source.clone(), class.clone())).collect()
    }
}

/// Whether a source is an input of a person, as `<3>`, and no file.
fn is_input(source: &str) -> bool {
    source.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).is_some_and(|number| number.parse::<u64>().is_ok())
}

/// One bit for the first letter of a name.
fn letter(name: &str) -> u64 {
    name.bytes().next().map_or(0, |first| 1 << (first & 63))
}
