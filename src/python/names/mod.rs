//! The names in Python: which are bound where, and what each mention means.
//!
//! Uses [`super::lines`], `super::literal` and [`super::token`]. Invariant: code whose structure is not understood gives
//! `None`, so that no conclusion is drawn from half of it.

mod cursor;
mod expressions;
mod statements;

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

/// What kind of scope the code is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// The board's globals.
    Module,
    /// A function or a lambda.
    Function,
    /// The body of a class, which functions within it do not see.
    Class,
    /// A comprehension or a generator expression.
    Comprehension,
}

/// A scope.
#[derive(Clone, Debug)]
pub struct Scope<'t> {
    /// Its kind.
    pub kind: ScopeKind,
    /// The scope around it; `None` for the whole text.
    pub outer: Option<usize>,
    bound: HashSet<&'t str>,
    globals: HashSet<&'t str>,
    nonlocals: HashSet<&'t str>,
}

/// How a name is mentioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Its value is used.
    Use,
    /// It is assigned alone: `x = …`.
    Assigned,
    /// It is imported.
    Imported,
    /// It is bound in another way: by `for`, `def`, `with`, as one of several targets.
    Bound,
    /// It is changed: `x += …`, which needs a value before.
    Changed,
    /// It is a parameter of a function within the text.
    Parameter,
    /// It is in a `global` or `nonlocal` statement.
    Declared,
    /// It is deleted.
    Deleted,
}

/// What catches an exception that a name raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caught {
    /// Nothing.
    Not,
    /// A handler for every exception.
    Broadly,
    /// A handler for a NameError: the code asks whether there is such a name.
    AsNameError,
}

/// A name at a place.
#[derive(Clone, Debug)]
pub struct Mention<'t> {
    /// The name.
    pub name: &'t str,
    /// The first byte in the text.
    pub start: usize,
    /// The number of its scope.
    pub scope: usize,
    /// How it is mentioned.
    pub how: How,
    /// What catches the exception if it is unknown.
    pub caught: Caught,
    /// Whether it is reached whenever the text runs.
    pub is_certain: bool,
}

/// The names in a text.
#[derive(Clone, Debug)]
pub struct Names<'t> {
    /// The scopes; the first is that of the whole text.
    pub scopes: Vec<Scope<'t>>,
    /// Every mention, in the order of the code's statements.
    pub mentions: Vec<Mention<'t>>,
    /// The code may bind more names than are seen here, such as by `import *` or `exec`.
    pub is_open: bool,
    /// The code names the viper emitter, which has types of its own.
    pub has_viper: bool,
    /// The number of logical lines.
    pub lines: usize,
}

/// Functions and modules by which code binds names that are not written as such.
const OPENERS: &[&str] = &["exec", "execfile", "globals", "locals", "vars", "__import__", "__main__", "builtins"];

impl<'t> Names<'t> {
    /// The names in `text`, the body of a function with these parameters, or code for the board's globals that starts with these
    /// variables. `None` if the structure of the text is not understood.
    pub fn of(text: &'t str, kind: ScopeKind, params: &[&'t str]) -> Option<Names<'t>> {
        let whole = Scope {
            kind,
            outer: None,
            bound: params.iter().copied().collect(),
            globals: HashSet::new(),
            nonlocals: HashSet::new(),
        };
        let mut names = Names { scopes: vec![whole], mentions: Vec::new(), is_open: false, has_viper: false, lines: 0 };
        statements::walk(text, &mut names)?;
        names.is_open |= names.mentions.iter().any(|mention| OPENERS.contains(&mention.name));
        Some(names)
    }

    /// The scope whose variable a name is when `scope` mentions it; `None` if it is not one of the text: a global or a built-in.
    pub fn owner(&self, name: &str, scope: usize) -> Option<usize> {
        let mut number = Some(scope);
        while let Some(current) = number {
            let here = &self.scopes[current];
            if here.globals.contains(name) {
                return self.of_module(name);
            }
            // Functions do not see the names of a class around them.
            let is_seen = here.kind != ScopeKind::Class || current == scope;
            if is_seen && here.bound.contains(name) && !here.nonlocals.contains(name) {
                return Some(current);
            }
            number = here.outer;
        }
        None
    }

    fn of_module(&self, name: &str) -> Option<usize> {
        let is_module = self.scopes[0].kind == ScopeKind::Module;
        (is_module && self.scopes[0].bound.contains(name)).then_some(0)
    }

    /// The uses of names that the text does not bind: globals and built-ins.
    pub fn free(&self) -> impl Iterator<Item = &Mention<'t>> {
        self.mentions
            .iter()
            .filter(|mention| matches!(mention.how, How::Use | How::Changed | How::Deleted | How::Declared))
            .filter(|mention| self.owner(mention.name, mention.scope).is_none())
    }

    /// The globals that the text binds.
    pub fn globals(&self) -> BTreeSet<&'t str> {
        let whole = &self.scopes[0];
        let mut found: BTreeSet<&str> = BTreeSet::new();
        if whole.kind == ScopeKind::Module {
            found.extend(&whole.bound);
        }
        for scope in &self.scopes {
            found.extend(scope.bound.iter().filter(|name| scope.globals.contains(*name)));
        }
        found
    }

    /// Whether anything in the text uses the variable `name` of the whole text.
    pub fn uses(&self, name: &str) -> bool {
        self.mentions.iter().any(|mention| {
            mention.name == name
                && !matches!(mention.how, How::Parameter)
                && self.owner(name, mention.scope).is_none_or(|owner| owner == 0)
        })
    }

    /// Whether a mention is one of a global.
    pub fn is_global(&self, mention: &Mention<'_>) -> bool {
        let owner = self.owner(mention.name, mention.scope);
        owner.is_none_or(|owner| owner == 0 && self.scopes[0].kind == ScopeKind::Module)
    }

    /// Local variables that are changed or deleted but never bound: `count += 1` without `global count`.
    pub fn unbound(&self) -> impl Iterator<Item = &Mention<'t>> {
        self.mentions.iter().filter(|mention| {
            let scope = &self.scopes[mention.scope];
            mention.how == How::Changed
                && scope.kind == ScopeKind::Function
                && !scope.bound.contains(mention.name)
                && !scope.globals.contains(mention.name)
                && !scope.nonlocals.contains(mention.name)
        })
    }

    /// Variables and imports that nothing in the text uses, also globals.
    pub fn unused(&self) -> Vec<&Mention<'t>> {
        let is_binding = |mention: &&Mention<'_>| matches!(mention.how, How::Assigned | How::Imported);
        let owner = |mention: &Mention<'t>| (mention.name, self.owner(mention.name, mention.scope));
        let other = self.mentions.iter().filter(|mention| !is_binding(mention) && mention.how != How::Declared);
        let used: HashSet<(&str, Option<usize>)> = other.map(owner).collect();
        let is_of_class = |owner: Option<usize>| owner.is_some_and(|owner| self.scopes[owner].kind == ScopeKind::Class);
        let is_unused = |mention: &&Mention<'t>| {
            let owner = owner(mention);
            !used.contains(&owner) && !is_of_class(owner.1)
        };
        self.mentions.iter().filter(is_binding).filter(is_unused).collect()
    }

    /// The names that `scope` sees of the text's own scopes.
    pub fn visible(&self, scope: usize) -> BTreeSet<&'t str> {
        let mut found = BTreeSet::new();
        let mut number = Some(scope);
        while let Some(current) = number {
            let here = &self.scopes[current];
            if here.kind != ScopeKind::Class || current == scope {
                found.extend(&here.bound);
            }
            number = here.outer;
        }
        found
    }
}

impl Mention<'_> {
    /// The bytes of the name in the text.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.name.len()
    }
}

#[cfg(test)]
mod tests;
