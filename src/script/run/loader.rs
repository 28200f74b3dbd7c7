//! The compiled scripts of a run, and the names they declare.
//!
//! Invariant: a script is compiled once, until it changes.

use crate::device::class::{Class, ItemKind};
use crate::error::{Error, Kind};
use crate::origin::Origin;
use crate::script::lock::lock;
use crate::script::run::folder::Folder;
use crate::script::sources::Sources;
use rhai::{AST, Module, Shared};
use std::collections::HashMap;
use std::sync::Mutex;

/// Prefix of the names that Rhai gives to closures.
pub(crate) const CLOSURE: &str = "anon$";

/// Everything loaded so far.
#[derive(Default)]
pub(crate) struct Loader {
    loaded: Mutex<Loaded>,
}

#[derive(Default)]
struct Loaded {
    trees: HashMap<String, AST>,
    modules: HashMap<String, Shared<Module>>,
    /// The literal imports of each script.
    imports: HashMap<String, Vec<String>>,
    /// Imported modules that do not exist.
    missing: Vec<String>,
    /// Modules being evaluated, outermost first.
    loading: Vec<String>,
    /// Names of items and methods declared by scripts.
    items: Vec<String>,
    /// Functions of scripts: name, number of parameters, script.
    functions: Vec<(String, usize, String)>,
    /// Folders whose files boards get.
    folders: Vec<Folder>,
    /// Closures: Rhai's name for them, and their script.
    closures: HashMap<String, String>,
}

impl Loader {
    /// Records names of declared items.
    pub fn note(&self, names: Vec<String>) {
        let items = &mut lock(&self.loaded).items;
        for name in names {
            if !items.contains(&name) {
                items.push(name);
            }
        }
    }

    /// Drops evaluated modules, but keeps them compiled.
    pub fn forget_modules(&self) {
        let mut loaded = lock(&self.loaded);
        loaded.modules.clear();
        loaded.loading.clear();
    }

    /// Drops these modules completely.
    pub fn forget(&self, names: &[String]) {
        let mut loaded = lock(&self.loaded);
        loaded.trees.retain(|name, _| !names.contains(name));
        loaded.modules.retain(|name, _| !names.contains(name));
    }

    /// The script `name` and its direct and indirect literal imports.
    pub fn reach(&self, name: &str) -> Vec<String> {
        let imports = &lock(&self.loaded).imports;
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

    /// Compiled modules.
    pub fn compiled(&self) -> Vec<String> {
        lock(&self.loaded).trees.keys().cloned().collect()
    }

    /// Imported modules that do not exist.
    pub fn missing(&self) -> Vec<String> {
        lock(&self.loaded).missing.clone()
    }

    /// The compiled script `name`, if it was loaded.
    pub fn tree(&self, name: &str) -> Option<AST> {
        lock(&self.loaded).trees.get(name).cloned()
    }

    /// The names of declared items.
    pub fn items(&self) -> Vec<String> {
        lock(&self.loaded).items.clone()
    }

    /// The functions of all scripts.
    pub fn functions(&self) -> Vec<(String, usize)> {
        lock(&self.loaded).functions.iter().map(|(name, count, _)| (name.clone(), *count)).collect()
    }

    /// The names of the functions of all scripts, the standard modules included.
    pub fn all_functions(&self) -> Vec<String> {
        let mut names: Vec<String> = self.functions().into_iter().map(|(name, _)| name).collect();
        for tree in lock(&self.loaded).trees.values() {
            let public = tree.iter_functions().filter(|function| function.access == rhai::FnAccess::Public);
            names.extend(public.map(|function| function.name.to_owned()));
        }
        names
    }

    /// The script that contains a closure.
    pub fn closure(&self, name: &str) -> Option<String> {
        lock(&self.loaded).closures.get(name).cloned()
    }

    /// Stores a compiled import.
    pub fn keep(&self, name: &str, tree: &AST) {
        self.note_functions(name, tree);
        lock(&self.loaded).trees.insert(name.to_owned(), tree.clone());
    }

    /// Records an imported module that does not exist.
    pub fn note_missing(&self, name: &str) {
        lock(&self.loaded).missing.push(name.to_owned());
    }

    /// Records the literal imports of a script.
    pub fn note_imports(&self, name: &str, imports: Vec<String>) {
        lock(&self.loaded).imports.insert(name.to_owned(), imports);
    }

    /// The module `name`, if it has been evaluated.
    pub fn module(&self, name: &str) -> Option<Shared<Module>> {
        lock(&self.loaded).modules.get(name).cloned()
    }

    /// Evaluates a module and tracks it in [`Loader::loading`] meanwhile.
    pub fn evaluate<T>(&self, name: &str, work: impl FnOnce() -> T) -> T {
        lock(&self.loaded).loading.push(name.to_owned());
        let result = work();
        lock(&self.loaded).loading.retain(|other| other != name);
        result
    }

    /// Modules being evaluated, outermost first.
    pub fn loading(&self) -> Vec<String> {
        lock(&self.loaded).loading.clone()
    }

    /// Stores an evaluated module.
    pub fn keep_module(&self, name: String, module: Shared<Module>) {
        lock(&self.loaded).modules.insert(name, module);
    }

    /// Records a folder whose files a board gets.
    pub fn note_folder(&self, folder: Folder) {
        let folders = &mut lock(&self.loaded).folders;
        folders.retain(|other| (&other.path, &other.by) != (&folder.path, &folder.by));
        folders.push(folder);
    }

    /// Drops the folders of these scripts, which run again.
    pub fn forget_folders(&self, scripts: &[String]) {
        lock(&self.loaded).folders.retain(|folder| !scripts.contains(&folder.by));
    }

    /// Folders whose files boards get.
    pub fn folders(&self) -> Vec<Folder> {
        lock(&self.loaded).folders.clone()
    }

    /// Records the functions and closures of a script.
    pub fn note_functions(&self, name: &str, tree: &AST) {
        let closures = tree.shared_lib().iter_script_fn_info().map(|info| info.2);
        let closures = closures.filter(|function| function.starts_with(CLOSURE));
        lock(&self.loaded).closures.extend(closures.map(|closure| (closure.to_owned(), name.to_owned())));
        if name.starts_with("std/") {
            return;
        }
        let functions = &mut lock(&self.loaded).functions;
        functions.retain(|(_, _, script)| script != name);
        for function in tree.iter_functions().filter(|function| function.this_type.is_none()) {
            functions.push((function.name.to_owned(), function.params.len(), name.to_owned()));
        }
    }

    /// Rejects a function that would be called instead of an item of `class`.
    ///
    /// # Errors
    /// DeclarationError with both places.
    pub fn check_functions(&self, sources: &Sources, class: &Class) -> crate::Result<()> {
        let functions = &lock(&self.loaded).functions;
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

/// The place of a function; Rhai does not keep the position of its name.
pub(crate) fn function_origin(text: &str, script: &str, name: &str) -> Option<Origin> {
    text.split('\n').zip(1..).find_map(|(line, number)| {
        let start = line.find("fn ")?;
        let rest = line[start + 3..].trim_start();
        let after = rest.strip_prefix(name)?;
        let column = line[..line.len() - rest.len()].chars().count() + 1;
        after.trim_start().starts_with('(').then(|| Origin::new(script, number, u32::try_from(column).unwrap_or(0)))
    })
}
