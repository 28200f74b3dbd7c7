//! `import`: the embedded standard modules, and files next to the importing script.
//!
//! Invariant: a module is read, compiled and evaluated once per run; a cycle is an error that names it.

use crate::bound;
use crate::disk;
use crate::error::{Error, Kind};
use crate::gate::Gate;
use crate::script::compile::compile;
use crate::script::errors::{Fallible, place, raise_at};
use crate::script::library::library_text;
use crate::script::lock::lock;
use crate::script::objects::{dispatch, proxy};
use crate::script::reading::check;
use crate::script::run::Run;
use crate::script::sources::without_mark;
use rhai::{AST, ASTNode, Engine, EvalAltResult, Expr, Module, ModuleResolver, Position, Scope, Shared, Stmt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The name of the script that `path` refers to in `source`.
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

/// The text of a script, if the gate allows reading it. `None` if it does not exist.
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
                failed(format!("`{name}` is not valid UTF-8 (line {line})"))
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => failed(format!("`{name}` cannot be read: {}", disk::reason(&error))),
    }
}

/// Compiles the script `name`. `path` and `position` say how and where it is imported.
fn load(run: &Run, engine: &Engine, name: &str, path: &str, position: Position) -> Fallible<AST> {
    let loader = &run.declarations.loader;
    if let Some(tree) = loader.tree(name) {
        return Ok(tree);
    }
    let text = match run.options.open.get(name) {
        Some(text) => Some(without_mark(text.to_string())),
        None => read(&run.gate(), name).map_err(|error| raise_at(error, position))?,
    };
    let Some(text) = text else {
        loader.note_missing(name);
        return Err(Box::new(EvalAltResult::ErrorModuleNotFound(path.to_owned(), position)));
    };
    run.note_module(name, &text);
    let tree = compile(run, engine, name, &text)
        .map_err(|error| Box::new(EvalAltResult::ErrorInModule(name.to_owned(), error, position)))?;
    loader.keep(name, &tree);
    Ok(tree)
}

/// Compiles the main script and all literal imports, and registers the methods they call.
///
/// # Errors
/// The first problem, as Rhai would report it at run time.
pub(crate) fn prepare(run: &Arc<Run>, engine: &mut Engine, name: &str, text: &str) -> Fallible<AST> {
    let tree = compile(run, engine, name, text)?;
    run.declarations.loader.note_functions(name, &tree);
    let mut calls = Vec::new();
    let mut properties = Vec::new();
    let mut open = vec![name.to_owned()];
    let mut done = Vec::new();
    visit(run, engine, name, &tree, (&mut calls, &mut properties), &mut open, &mut done)?;
    proxy::register_properties(run, engine, &properties);
    dispatch::register_names(engine, run, &calls, &run.declarations.loader.items());
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
    run.declarations.loader.note_imports(name, targets);
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

/// Rhai's module resolver.
pub(crate) struct Resolver {
    pub run: Arc<Run>,
    /// Modules are read only for their declarations.
    pub checks: bool,
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let run = &self.run;
        let loader = &run.declarations.loader;
        let name = resolve(source, path);
        if let Some(module) = loader.module(&name) {
            return Ok(module);
        }
        let loading = loader.loading();
        if loading.contains(&name) {
            return Err(cycle(&loading, &name, source.unwrap_or_default(), position));
        }
        let tree = load(run, engine, &name, path, position)?;
        let tree = if self.checks { check::declarations(run, &tree) } else { tree };
        let module = loader.evaluate(&name, || Module::eval_ast_as_new(Scope::new(), &tree, engine));
        let module = module.map_err(|error| match *error {
            EvalAltResult::ErrorTerminated(..) | EvalAltResult::Exit(..) => error,
            _ => Box::new(EvalAltResult::ErrorInModule(name.clone(), error, position)),
        })?;
        if self.checks {
            lock(&run.ledger).note(&module);
        }
        let module = Shared::new(module);
        loader.keep_module(name, module.clone());
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
