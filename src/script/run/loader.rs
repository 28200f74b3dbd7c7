//! What the scripts of a run were compiled to, and which names they declare.
//!
//! Invariant: a script is compiled once, until it has changed.

use crate::device::class::{Class, ItemKind};
use crate::error::{Error, Kind};
use crate::origin::Origin;
use crate::script::lock::lock;
use crate::script::sources::Sources;
use rhai::{AST, Module, Shared};
use std::collections::HashMap;
use std::sync::Mutex;

/// How the names begin that Rhai gives to closures.
pub(crate) const CLOSURE: &str = "anon$";

/// What was loaded so far.
#[derive(Default)]
pub(crate) struct Loader {
    pub trees: Mutex<HashMap<String, AST>>,
    pub modules: Mutex<HashMap<String, Shared<Module>>>,
    /// What each script imports by a literal name.
    pub imports: Mutex<HashMap<String, Vec<String>>>,
    /// Modules that were imported and are not there.
    pub missing: Mutex<Vec<String>>,
    /// Modules that are being evaluated, outermost first.
    pub loading: Mutex<Vec<String>>,
    /// Names of items and methods that scripts declare.
    pub items: Mutex<Vec<String>>,
    /// Functions of scripts: name, number of parameters, script.
    pub functions: Mutex<Vec<(String, usize, String)>>,
    /// Closures: the name that Rhai gave them, and their script.
    pub closures: Mutex<HashMap<String, String>>,
}

impl Loader {
    /// Notes names of declared items.
    pub fn note(&self, names: Vec<String>) {
        let mut items = lock(&self.items);
        for name in names {
            if !items.contains(&name) {
                items.push(name);
            }
        }
    }

    /// Forgets modules that were evaluated, but not what they were compiled to.
    pub fn forget_modules(&self) {
        lock(&self.modules).clear();
        lock(&self.loading).clear();
    }

    /// Forgets these modules, and what they were compiled to.
    pub fn forget(&self, names: &[String]) {
        lock(&self.trees).retain(|name, _| !names.contains(name));
        lock(&self.modules).retain(|name, _| !names.contains(name));
    }

    /// The script `name` and everything that it imports by literal names, over several scripts, too.
    pub fn reach(&self, name: &str) -> Vec<String> {
        let imports = lock(&self.imports);
        let mut found = vec![name.to_owned()];
        let mut next = 0;
        while let Some(name) = found.get(next) {
            let fresh = imports.get(name).into_iter().flatten().filter(|name| !found.contains(name));
            let fresh: Vec<String> = fresh.cloned().collect();
            found.extend(fresh);
            next += 1;
        }
        found
    }

    /// Modules that were compiled.
    pub fn compiled(&self) -> Vec<String> {
        lock(&self.trees).keys().cloned().collect()
    }

    /// Modules that were imported and are not there.
    pub fn missing(&self) -> Vec<String> {
        lock(&self.missing).clone()
    }

    /// The compiled script `name`, if it was imported.
    pub fn tree(&self, name: &str) -> Option<AST> {
        lock(&self.trees).get(name).cloned()
    }

    /// The names of declared items.
    pub fn items(&self) -> Vec<String> {
        lock(&self.items).clone()
    }

    /// The functions of all scripts.
    pub fn functions(&self) -> Vec<(String, usize)> {
        lock(&self.functions).iter().map(|(name, count, _)| (name.clone(), *count)).collect()
    }

    /// The names of the functions of all scripts, the standard modules included.
    pub fn all_functions(&self) -> Vec<String> {
        let mut names: Vec<String> = self.functions().into_iter().map(|(name, _)| name).collect();
        for tree in lock(&self.trees).values() {
            let public = tree.iter_functions().filter(|function| function.access == rhai::FnAccess::Public);
            names.extend(public.map(|function| function.name.to_owned()));
        }
        names
    }

    /// The script in which a closure stands.
    pub fn closure(&self, name: &str) -> Option<String> {
        lock(&self.closures).get(name).cloned()
    }

    pub fn note_functions(&self, name: &str, tree: &AST) {
        let closures = tree.shared_lib().iter_script_fn_info().map(|info| info.2);
        let closures = closures.filter(|function| function.starts_with(CLOSURE));
        lock(&self.closures).extend(closures.map(|closure| (closure.to_owned(), name.to_owned())));
        if name.starts_with("std/") {
            return;
        }
        let mut functions = lock(&self.functions);
        functions.retain(|(_, _, script)| script != name);
        for function in tree.iter_functions().filter(|function| function.this_type.is_none()) {
            functions.push((function.name.to_owned(), function.params.len(), name.to_owned()));
        }
    }

    /// Refuses a function that would be called in place of an item of `class`.
    ///
    /// # Errors
    /// DeclarationError with the places of both.
    pub fn check_functions(&self, sources: &Sources, class: &Class) -> crate::Result<()> {
        let functions = lock(&self.functions);
        for item in
            class.items().filter(|item| matches!(item.kind, ItemKind::Task | ItemKind::Setup | ItemKind::Thread))
        {
            let needed = item.params.iter().filter(|param| param.default.is_none()).count();
            let clash = functions
                .iter()
                .find(|(name, count, _)| *name == *item.name && (needed..=item.params.len()).contains(count));
            let Some((name, _, script)) = clash else { continue };
            let text = sources.get(script).unwrap_or_default();
            let message = format!("`{name}` is a function of the script and a {} of `{}`", item.kind, class.name);
            let mut error = Error::new(Kind::DeclarationError, message)
                .with_help("a call on the device would reach the function: rename one of them")
                .with_origin(item.origin.clone());
            if let Some(origin) = function_origin(&text, script, name) {
                error = error.with_origin(origin);
            }
            return Err(error);
        }
        Ok(())
    }
}

/// Where a function is defined; Rhai does not keep the place of its name.
pub(crate) fn function_origin(text: &str, script: &str, name: &str) -> Option<Origin> {
    text.split('\n').zip(1..).find_map(|(line, number)| {
        let start = line.find("fn ")?;
        let rest = line[start + 3..].trim_start();
        let after = rest.strip_prefix(name)?;
        let column = line[..line.len() - rest.len()].chars().count() + 1;
        after.trim_start().starts_with('(').then(|| Origin::new(script, number, u32::try_from(column).unwrap_or(0)))
    })
}
