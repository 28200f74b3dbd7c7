//! Evaluates inputs one by one in one scope: the core of the prompt.
//!
//! Each input is its own source, so that errors show excerpts of it. Functions of earlier inputs stay callable, the
//! newest of a name first; imports and variables stay too, even if an input fails later.
//!
//! Uses Rhai's runtime state. Invariant: an input changes the session only through declarations and assignments; a failure
//! reverts nothing and closes no device.

pub(crate) mod reload;
pub(crate) mod repeat;
pub(crate) mod shown;
pub(crate) mod typed;

use crate::device::Device;
use crate::diagnostic::Diagnostic;
use crate::script::handles::{ClassHandle, DeviceHandle};
use crate::script::inputs::{Loaded, Stale};
use crate::script::language::text;
use crate::script::lock::lock;
use crate::script::run::Run;
use crate::script::runner::{Finished, Runner, finish};
use crate::script::sources::Sources;
use crate::script::stack::on_big_stack;
use crate::script::{modules, testing};
use crate::value::Value;
use rhai::{AST, Dynamic, Engine, Expr, GlobalRuntimeState, Module, NativeCallContext};
use rhai::{EvalAltResult, Position, Scope, Stmt};
use std::sync::Arc;

/// Evaluates inputs one by one.
pub struct Session {
    pub(crate) run: Arc<Run>,
    pub(crate) engine: Engine,
    pub(crate) scope: Scope<'static>,
    pub(crate) state: GlobalRuntimeState,
    /// The evaluated script files, the latest last.
    pub(crate) scripts: Vec<Loaded>,
    /// Files that could not be reloaded.
    pub(crate) owed: Stale,
    /// Functions declared by inputs: input, name, number of parameters.
    declared: Vec<(String, String, usize)>,
}

impl Runner {
    /// Starts a session. Each input may take the runner's `limit`.
    pub fn session(self) -> Session {
        let Runner { run, engine, .. } = self;
        run.reset();
        let mut state = engine.new_global_runtime_state();
        // Rhai searches the first library for the functions of a function pointer. It must find them by
        // name, whichever input declared them.
        state.lib.push(Module::new().into());
        let (scripts, owed) = (Vec::new(), Stale::default());
        Session { run, engine, scope: Scope::new(), state, scripts, owed, declared: Vec::new() }
    }
}

impl Session {
    /// Evaluates an input; errors refer to `name`. Returns the value as plain data (as text, [`Value::Opaque`],
    /// if a board cannot receive it), or `None` if it is `()` or the input ends with a declaration or a semicolon.
    ///
    /// # Errors
    /// Why it ended early. Earlier declarations stay.
    pub fn eval(&mut self, name: &str, text: &str) -> Result<Option<Value>, Box<Diagnostic>> {
        self.run.resume();
        let result = on_big_stack(|| self.evaluate(name, text));
        self.run.clock.end();
        result?
    }

    fn evaluate(&mut self, name: &str, text: &str) -> Result<Option<Value>, Box<Diagnostic>> {
        let result = self.prepare(name, text).and_then(|tree| {
            let value = self.statements(name, &tree)?;
            match self.is_of_interest(&tree, text, &value) {
                true => self.plain(&value).map(Some),
                false => Ok(None),
            }
        });
        result.map_err(|error| {
            Box::new(crate::script::diagnostics::explain::of_failure(&self.run, &self.engine, &error, name))
        })
    }

    /// Compiles an input, and declares its functions.
    pub(crate) fn prepare(&mut self, name: &str, text: &str) -> Result<AST, Box<EvalAltResult>> {
        let tree = modules::prepare(&self.run, &mut self.engine, name, text)?;
        if tree.has_functions() {
            self.state.lib.push(tree.shared_lib().clone());
            let functions = tree.iter_functions().filter(|function| !function.name.starts_with("anon$"));
            self.declared.extend(functions.map(|known| (name.to_owned(), known.name.to_owned(), known.params.len())));
        }
        Ok(tree)
    }

    /// Evaluates the statements of an input.
    pub(crate) fn statements(&mut self, name: &str, tree: &AST) -> Result<Dynamic, Box<EvalAltResult>> {
        self.state.source = Some(name.into());
        self.state.num_modules_loaded = 0;
        let Session { run, engine, scope, state, .. } = self;
        let value = testing::perform(run, engine, name, tree.statements(), state, scope)?;
        Ok(value.flatten())
    }

    /// Whether to show the value of an input.
    pub(crate) fn is_of_interest(&self, tree: &AST, text: &str, value: &Dynamic) -> bool {
        !is_quiet(tree, text) && !value.is_unit()
    }

    /// A value as plain data.
    pub(crate) fn plain(&self, value: &Dynamic) -> Result<Value, Box<EvalAltResult>> {
        let context =
            NativeCallContext::new_with_all_fields(&self.engine, "to_debug", None, &self.state, Position::NONE);
        shown::plain(&context, value, 0)
    }

    /// Whether the input `name` only declares functions, all of which later inputs redeclare.
    pub fn is_superseded(&self, name: &str, text: &str) -> bool {
        let is_later = |other: &str| input_number(other) > input_number(name);
        let again = |function: &str, count: usize| {
            self.declared.iter().any(|(other, known, params)| is_later(other) && known == function && *params == count)
        };
        let mut own = self.declared.iter().filter(|(input, ..)| input == name).peekable();
        let declares = own.peek().is_some() && own.all(|(_, function, count)| again(function, *count));
        declares && self.engine.compile(text).is_ok_and(|tree| tree.statements().is_empty())
    }

    /// The status passed to `exit(status)`, if an input called it.
    pub fn exit(&self) -> Option<u8> {
        lock(&self.run.recorder.ending).exit
    }

    /// The texts of the inputs and scripts so far.
    pub fn sources(&self) -> Sources {
        self.run.sources.clone()
    }

    /// Closes every open device, the latest first, and returns the errors.
    pub fn close_all(&mut self) -> Vec<Diagnostic> {
        let mut failures = self.run.host.close_all();
        failures.extend(self.run.close_consoles());
        failures.iter().map(crate::script::diagnostics::explain::of_error).collect()
    }

    /// Closes every open device and returns the result.
    pub fn finish(self) -> Finished {
        let finished = finish(&self.run, None);
        let (report, tally) = self.run.events.take_report();
        Finished { report, tally, ..finished }
    }

    /// The variables of the session, the newest first, without duplicates.
    pub(crate) fn variables(&self) -> Vec<(&str, Dynamic)> {
        let mut seen: Vec<(&str, Dynamic)> = Vec::new();
        for (name, _, value) in self.scope.iter_raw().collect::<Vec<_>>().into_iter().rev() {
            if !seen.iter().any(|(other, _)| *other == name) {
                seen.push((name, value.flatten_clone()));
            }
        }
        seen
    }

    /// Whether an input declared a variable or a function of this name.
    pub fn has(&self, name: &str) -> bool {
        self.scope.contains(name) || self.functions().iter().any(|(known, ..)| known == name)
    }

    /// The device in the variable `name`, and its class.
    pub(crate) fn device(&self, name: &str) -> Option<DeviceHandle> {
        self.scope.get(name)?.flatten_clone().try_cast::<DeviceHandle>()
    }

    /// The open device in the variable `name`, or with that name.
    pub fn open_device(&self, name: &str) -> Option<Device> {
        let own = self.device(name).map(|handle| handle.device).filter(Device::is_open);
        own.or_else(|| self.run.host.devices().into_iter().find(|device| device.name() == name))
    }

    /// The class `name` or `alias::name`.
    pub(crate) fn class(&self, name: &str) -> Option<ClassHandle> {
        let found = match name.split_once("::") {
            Some((alias, name)) => self.import(alias)?.get_var(name)?,
            None => self.scope.get(name)?.flatten_clone(),
        };
        found.flatten().try_cast::<ClassHandle>()
    }

    /// The module imported as `name`.
    pub(crate) fn import(&self, alias: &str) -> Option<rhai::Shared<Module>> {
        self.state.get_shared_import(self.state.find_import(alias)?)
    }

    /// Modules imported by inputs, the newest of a name: name, and the words after `::` as
    /// inserted and as displayed.
    pub(crate) fn imports(&self) -> Vec<(String, Vec<(String, String)>)> {
        let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
        for (alias, module) in self.state.iter_imports() {
            if found.iter().any(|(other, _)| other == alias) {
                continue;
            }
            let functions = module.gen_fn_signatures_with_mapper(|name| name.into()).filter_map(|signature| {
                let (name, rest) = signature.split_once('(')?;
                let shown = format!("{name}({})", rest.split_once(')')?.0);
                rhai::is_valid_identifier(name).then(|| (format!("{name}("), shown))
            });
            let mut members: Vec<(String, String)> = functions.collect();
            members.extend(module.iter_var().map(|(name, _)| (name.to_owned(), name.to_owned())));
            members.sort();
            members.dedup();
            found.push((alias.to_owned(), members));
        }
        found
    }

    /// Functions declared by inputs, the newest first: name, parameters, documentation.
    pub(crate) fn functions(&self) -> Vec<(String, Vec<String>, String)> {
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

/// The number of an input such as `<3>`.
fn input_number(name: &str) -> Option<u64> {
    name.strip_prefix('<')?.strip_suffix('>')?.parse().ok()
}

/// Whether to hide the value of an input: it ends with a declaration or a semicolon.
fn is_quiet(tree: &AST, text: &str) -> bool {
    let declares = match tree.statements().last() {
        Some(Stmt::Expr(expression)) => matches!(&**expression, Expr::Custom(custom, _)
            if custom.tokens.first().is_some_and(|key| key.ends_with(" block"))),
        _ => false,
    };
    declares || text.trim_end().ends_with(';')
}
