//! Inputs of a person, evaluated one after the other in one scope: what the prompt stands on.
//!
//! Each input is a source of its own, so that errors show excerpts of it. Functions of earlier inputs stay callable, the
//! newest of a name first; so do imports, and whatever stood in the scope before an input failed.
//!
//! Uses Rhai's runtime state. Invariant: an input changes the session only by what it declares and assigns; a failure takes
//! nothing back and closes no device.

use super::dispatch::{ClassHandle, DeviceHandle};
use super::run::{Run, lock};
use super::{Finished, Runner, Sources, finish, modules, on_big_stack, text};
use crate::diagnostic::Diagnostic;
use rhai::{AST, Caches, Dynamic, Engine, Expr, GlobalRuntimeState, ImmutableString, Module, NativeCallContext};
use rhai::{EvalAltResult, Position, Scope, Stmt};
use std::path::Path;
use std::sync::Arc;

/// Inputs that are evaluated one after the other.
pub struct Session {
    pub(super) run: Arc<Run>,
    pub(super) engine: Engine,
    pub(super) scope: Scope<'static>,
    state: GlobalRuntimeState,
}

impl Runner {
    /// Begins a session. Each input may take the runner's `limit`.
    pub fn session(self) -> Session {
        let Runner { run, engine } = self;
        run.reset();
        let mut state = engine.new_global_runtime_state();
        // Rhai looks into the first library for the functions that a function pointer was made with. It has to find them by
        // their names, in whatever input they stand.
        state.lib.push(Module::new().into());
        Session { run, engine, scope: Scope::new(), state }
    }
}

impl Session {
    /// Evaluates an input; `name` stands in the places of errors. Gives the value as text in the form of `debug`, `None` if it
    /// is `()` or the input ends with a declaration or a semicolon.
    ///
    /// # Errors
    /// Why it ended early. Everything that was declared before stays.
    pub fn eval(&mut self, name: &str, text: &str) -> Result<Option<String>, Box<Diagnostic>> {
        self.run.resume();
        let result = on_big_stack(|| self.evaluate(name, text));
        self.run.end();
        result?
    }

    /// Evaluates a script file in the scope of the session.
    ///
    /// # Errors
    /// As [`Session::eval`], and if it cannot be read.
    pub fn eval_file(&mut self, path: &Path) -> Result<(), Box<Diagnostic>> {
        let text = super::read(path)?;
        lock(&self.run.reach).set_script(path);
        self.eval(&path.to_string_lossy(), &text).map(drop)
    }

    fn evaluate(&mut self, name: &str, text: &str) -> Result<Option<String>, Box<Diagnostic>> {
        let result = self.value(name, text).and_then(|(tree, value)| match is_quiet(&tree, text) || value.is_unit() {
            true => Ok(None),
            false => self.shown(value).map(Some),
        });
        result.map_err(|error| Box::new(super::explain::of_failure(&self.run, &self.engine, &error, name)))
    }

    fn value(&mut self, name: &str, text: &str) -> Result<(AST, Dynamic), Box<EvalAltResult>> {
        let tree = modules::prepare(&self.run, &mut self.engine, name, text)?;
        if tree.has_functions() {
            self.state.lib.push(tree.shared_lib().clone());
        }
        self.state.source = Some(name.into());
        self.state.num_modules_loaded = 0;
        #[expect(deprecated, reason = "Rhai marks its volatile functions that way; the version is pinned")]
        let value =
            self.engine.eval_statements_raw(&mut self.state, &mut Caches::new(), &mut self.scope, tree.statements())?;
        Ok((tree, value.flatten()))
    }

    /// A value in the form of `debug`.
    fn shown(&self, value: Dynamic) -> Result<String, Box<EvalAltResult>> {
        let context =
            NativeCallContext::new_with_all_fields(&self.engine, "to_debug", None, &self.state, Position::NONE);
        context.call_native_fn::<ImmutableString>("to_debug", (value,)).map(|text| text.to_string())
    }

    /// The status of `exit(status)`, once an input has called that.
    pub fn exit(&self) -> Option<u8> {
        *lock(&self.run.exit)
    }

    /// The texts of the inputs and scripts so far.
    pub fn sources(&self) -> Sources {
        self.run.sources.clone()
    }

    /// Closes every device that is open, the latest first, and gives what went wrong.
    pub fn close_all(&mut self) -> Vec<Diagnostic> {
        self.run.host.close_all().iter().map(super::explain::of_error).collect()
    }

    /// Closes every device that is still open, and sums up.
    pub fn finish(self) -> Finished {
        let finished = finish(&self.run, None);
        Finished { report: self.run.take_report(), ..finished }
    }

    /// The variables of the session, the newest first, each once.
    pub(super) fn variables(&self) -> Vec<(&str, Dynamic)> {
        let mut seen: Vec<(&str, Dynamic)> = Vec::new();
        for (name, _, value) in self.scope.iter_raw().collect::<Vec<_>>().into_iter().rev() {
            if !seen.iter().any(|(other, _)| *other == name) {
                seen.push((name, value.flatten_clone()));
            }
        }
        seen
    }

    /// The device in the variable `name`, and its class.
    pub(super) fn device(&self, name: &str) -> Option<DeviceHandle> {
        self.scope.get(name)?.flatten_clone().try_cast::<DeviceHandle>()
    }

    /// The class of this name.
    pub(super) fn class(&self, name: &str) -> Option<ClassHandle> {
        self.scope.get(name)?.flatten_clone().try_cast::<ClassHandle>()
    }

    /// The functions that inputs declare, the newest first: name, parameters, documentation.
    pub(super) fn functions(&self) -> Vec<(String, Vec<String>, String)> {
        let mut found: Vec<(String, Vec<String>, String)> = Vec::new();
        for function in self.state.lib.iter().rev().flat_map(|module| module.iter_script_fn_info()) {
            let (_, _, name, _, definition) = function;
            if name.starts_with("anon$")
                || found.iter().any(|(other, params, _)| other == name && params.len() == definition.params.len())
            {
                continue;
            }
            let doc = text::strip_comment(&definition.comments.join("\n"));
            found.push((name.to_owned(), definition.params.iter().map(ToString::to_string).collect(), doc));
        }
        found
    }
}

/// Whether the value of an input is of no interest: it ends with a declaration, or a semicolon says so.
fn is_quiet(tree: &AST, text: &str) -> bool {
    let declares = match tree.statements().last() {
        Some(Stmt::Expr(expression)) => matches!(&**expression, Expr::Custom(custom, _)
            if custom.tokens.first().is_some_and(|key| key.ends_with(" block"))),
        _ => false,
    };
    declares || text.trim_end().ends_with(';')
}
