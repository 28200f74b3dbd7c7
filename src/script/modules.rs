//! `import`: the standard modules inside the binary, and files next to the importing script.
//!
//! Invariant: a module is read, compiled and evaluated once a run; a cycle is an error that names it.

use crate::bound;
use crate::device::class::{Class, ItemKind};
use crate::disk;
use crate::error::{Error, Kind};
use crate::gate::Gate;
use crate::origin::Origin;
use crate::script::diagnostics::errors::{Fallible, raise_at};
use crate::script::engine::compile;
use crate::script::objects::{dispatch, proxy};
use crate::script::run::{Run, lock, place};
use crate::script::sources::without_mark;
use include_dir::{Dir, include_dir};
use rhai::{AST, ASTNode, Engine, EvalAltResult, Expr, Module, ModuleResolver, Position, Scope, Shared, Stmt};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

static LIBRARY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/stdlib");

/// How the names begin that Rhai gives to closures.
pub(crate) const CLOSURE: &str = "anon$";

/// What was loaded so far.
#[derive(Default)]
pub(crate) struct Loader {
    trees: Mutex<HashMap<String, AST>>,
    modules: Mutex<HashMap<String, Shared<Module>>>,
    /// What each script imports by a literal name.
    imports: Mutex<HashMap<String, Vec<String>>>,
    /// Modules that were imported and are not there.
    missing: Mutex<Vec<String>>,
    /// Modules that are being evaluated, outermost first.
    loading: Mutex<Vec<String>>,
    /// Names of items and methods that scripts declare.
    items: Mutex<Vec<String>>,
    /// Functions of scripts: name, number of parameters, script.
    functions: Mutex<Vec<(String, usize, String)>>,
    /// Closures: the name that Rhai gave them, and their script.
    closures: Mutex<HashMap<String, String>>,
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

    fn note_functions(&self, name: &str, tree: &AST) {
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
    pub fn check_functions(&self, run: &Run, class: &Class) -> crate::Result<()> {
        let functions = lock(&self.functions);
        for item in
            class.items().filter(|item| matches!(item.kind, ItemKind::Task | ItemKind::Setup | ItemKind::Thread))
        {
            let needed = item.params.iter().filter(|param| param.default.is_none()).count();
            let clash = functions
                .iter()
                .find(|(name, count, _)| *name == *item.name && (needed..=item.params.len()).contains(count));
            let Some((name, _, script)) = clash else { continue };
            let text = run.sources.get(script).unwrap_or_default();
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

/// The names of the standard modules.
pub(crate) fn library() -> Vec<String> {
    let mut names: Vec<String> = LIBRARY
        .files()
        .filter_map(|file| file.path().file_stem())
        .map(|stem| format!("std/{}", stem.to_string_lossy()))
        .collect();
    names.sort();
    names
}

/// The text of the standard module `name`, which begins with `std/`.
pub(crate) fn library_text(name: &str) -> Option<&'static str> {
    LIBRARY.get_file(format!("{}.rhai", name.strip_prefix("std/")?))?.contents_utf8()
}

/// The name of the script that `path` means in `source`.
pub(crate) fn resolve(source: Option<&str>, path: &str) -> String {
    if path.starts_with("std/") {
        return path.to_owned();
    }
    let folder = source.map(Path::new).and_then(Path::parent).unwrap_or(Path::new(""));
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if joined.file_name().is_some() => {
                joined.pop();
            }
            other => joined.push(other),
        }
    }
    let name = joined.to_string_lossy().replace('\\', "/");
    if name.ends_with(".rhai") { name } else { format!("{name}.rhai") }
}

/// The text of a script by its name, if the gate lets it pass. `None`: there is none.
///
/// # Errors
/// PermissionError; ScriptError if it cannot be read, or is not text.
pub(crate) fn read(gate: &Gate, name: &str) -> crate::Result<Option<String>> {
    if name.starts_with("std/") {
        return Ok(library_text(name).map(str::to_owned));
    }
    let failed = |message: String| Err(Error::new(Kind::ScriptError, message));
    match gate.read(name)?.bytes(bound::SCRIPT) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(without_mark(text))),
            Err(error) => {
                let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                failed(format!("`{name}` is no UTF-8 text (line {line})"))
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => failed(format!("`{name}` cannot be read: {}", disk::reason(&error))),
    }
}

/// The compiled script `name`. `path` and `position`: how and where it is imported.
fn load(run: &Run, engine: &Engine, name: &str, path: &str, position: Position) -> Fallible<AST> {
    if let Some(tree) = lock(&run.loader.trees).get(name) {
        return Ok(tree.clone());
    }
    let Some(text) = read(&run.host.gate(), name).map_err(|error| raise_at(error, position))? else {
        lock(&run.loader.missing).push(name.to_owned());
        return Err(Box::new(EvalAltResult::ErrorModuleNotFound(path.to_owned(), position)));
    };
    let tree = compile(run, engine, name, &text)
        .map_err(|error| Box::new(EvalAltResult::ErrorInModule(name.to_owned(), error, position)))?;
    run.loader.note_functions(name, &tree);
    lock(&run.loader.trees).insert(name.to_owned(), tree.clone());
    Ok(tree)
}

/// Compiles the main script and everything that it imports by a literal name, and registers what they call.
///
/// # Errors
/// What is wrong with one of them, as Rhai would report it at run time.
pub(crate) fn prepare(run: &Arc<Run>, engine: &mut Engine, name: &str, text: &str) -> Fallible<AST> {
    let tree = compile(run, engine, name, text)?;
    run.loader.note_functions(name, &tree);
    let mut calls = Vec::new();
    let mut properties = Vec::new();
    let mut open = vec![name.to_owned()];
    let mut done = Vec::new();
    visit(run, engine, name, &tree, (&mut calls, &mut properties), &mut open, &mut done)?;
    proxy::register_properties(run, engine, &properties);
    dispatch::register_names(engine, run, &calls, &run.loader.items());
    Ok(tree)
}

fn visit(
    run: &Run,
    engine: &Engine,
    name: &str,
    tree: &AST,
    (calls, properties): (&mut Vec<(String, usize)>, &mut Vec<String>),
    open: &mut Vec<String>,
    done: &mut Vec<String>,
) -> Fallible<()> {
    let mut imports = Vec::new();
    tree.walk(&mut |nodes: &[ASTNode<'_>]| {
        match nodes.last() {
            Some(ASTNode::Expr(Expr::MethodCall(call, _))) => calls.push((call.name.to_string(), call.args.len())),
            Some(ASTNode::Expr(Expr::Property(property, _))) => properties.push(property.2.to_string()),
            Some(ASTNode::Stmt(Stmt::Import(import, position))) => {
                if let Expr::StringConstant(path, at) = &import.0 {
                    imports.push((path.to_string(), if at.is_none() { *position } else { *at }));
                }
            }
            _ => {}
        }
        true
    });
    let targets = imports.iter().map(|(path, _)| resolve(Some(name), path)).collect();
    lock(&run.loader.imports).insert(name.to_owned(), targets);
    for (path, position) in imports {
        let target = resolve(Some(name), &path);
        if open.contains(&target) {
            return Err(cycle(open, &target, name, position));
        }
        if done.contains(&target) {
            continue;
        }
        let tree = load(run, engine, &target, &path, position)?;
        open.push(target.clone());
        visit(run, engine, &target, &tree, (&mut *calls, &mut *properties), open, done)
            .map_err(|error| Box::new(EvalAltResult::ErrorInModule(target.clone(), error, position)))?;
        open.pop();
        done.push(target);
    }
    Ok(())
}

fn cycle(open: &[String], target: &str, source: &str, position: Position) -> Box<EvalAltResult> {
    let from = open.iter().position(|name| name == target).unwrap_or(0);
    let ring: Vec<&str> = open[from..].iter().map(String::as_str).chain([target]).collect();
    let mut error = Error::new(Kind::DeclarationError, format!("`{target}` imports itself: {}", ring.join(" → ")))
        .with_help("move what both need into a third module");
    if let Some(origin) = place(Some(source), position) {
        error = error.with_origin(origin);
    }
    raise_at(error, position)
}

/// Rhai's way to modules.
pub(crate) struct Resolver(pub Arc<Run>);

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let run = &self.0;
        let name = resolve(source, path);
        if let Some(module) = lock(&run.loader.modules).get(&name) {
            return Ok(module.clone());
        }
        let loading = lock(&run.loader.loading).clone();
        if loading.contains(&name) {
            return Err(cycle(&loading, &name, source.unwrap_or_default(), position));
        }
        let tree = load(run, engine, &name, path, position)?;
        let tree = if run.checking.load(Ordering::Relaxed) {
            crate::script::reading::check::declarations(run, &tree)
        } else {
            tree
        };
        lock(&run.loader.loading).push(name.clone());
        let module = Module::eval_ast_as_new(Scope::new(), &tree, engine);
        lock(&run.loader.loading).retain(|other| *other != name);
        let module = module.map_err(|error| match *error {
            EvalAltResult::ErrorTerminated(..) | EvalAltResult::Exit(..) => error,
            _ => Box::new(EvalAltResult::ErrorInModule(name.clone(), error, position)),
        })?;
        if run.checking.load(Ordering::Relaxed) {
            run.ledger.note(&module);
        }
        let module = Shared::new(module);
        lock(&run.loader.modules).insert(name, module.clone());
        Ok(module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_relative_to_their_script() {
        fn case(source: &str, path: &str, wanted: &str) {
            assert_eq!(resolve(Some(source), path), wanted, "{path} in {source}");
        }
        case("bench.rhai", "lib/pico", "lib/pico.rhai");
        case("a/bench.rhai", "lib/pico.rhai", "a/lib/pico.rhai");
        case("a/lib/x.rhai", "../y", "a/y.rhai");
        case("../x.rhai", "y", "../y.rhai");
        case("a/b.rhai", "std/assert", "std/assert");
        case("a/b.rhai", "./c", "a/c.rhai");
    }
}
