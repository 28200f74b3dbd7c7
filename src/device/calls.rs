//! Calls items, and declares them at run time.
//!
//! Invariant: after every call the device is usable, or reports that it is lost or closed.

use crate::board::command::{Command, Payload, PlainCall};
use crate::device::class::{Body, Default as ParamDefault, Item, ItemKind, ItemOptions, Param};
use crate::device::generator::{Generator, GeneratorCall};
use crate::device::handle::Device;
use crate::device::large::Lifted;
use crate::device::limits::Limit;
use crate::device::lock::lock;
use crate::device::options::Implementation;
use crate::device::state::{self, Run, State};
use crate::device::{arguments, class, source, text};
use crate::error::{Error, Kind, Result};
use crate::name::{Name, nearest};
use crate::origin::Origin;
use crate::phrase::did_you_mean;
use crate::python::scan;
use crate::value::parse::ParseError;
use crate::value::{Remote, Value};
use std::sync::Arc;

/// The result of a call.
pub enum Called {
    /// A value; `None` for setups, threads and teardowns.
    Value(Value),
    /// A generator task has started.
    Generator(Generator),
}

impl Device {
    /// What the board reports about itself. The first call asks for its emitters, by compiling a function with each, and for
    /// the size of its floats; a device that is closed or failing reports none.
    pub fn implementation(&self) -> Implementation {
        let mut implementation = self.0.implementation.clone();
        let mut known = lock(&self.0.emitters);
        implementation.emitters = known.get_or_insert_with(|| self.probe_emitters()).clone();
        drop(known);
        implementation.float_bits = *lock(&self.0.float_bits).get_or_insert_with(|| self.probe_floats());
        implementation
    }

    pub(super) fn probe_floats(&self) -> u32 {
        let run = Run { device: self.name(), item: None, piece: None, limit: self.default_limit() };
        let command = Command::expression("float('1e100')<float('inf')");
        let reply = self.lock().run(self.host(), &run, &command);
        match reply.map(|payload| payload.value()) {
            Ok(Ok(Value::Bool(true))) => 64,
            Ok(Ok(Value::Bool(false))) => 32,
            _ => 0,
        }
    }

    pub(super) fn probe_emitters(&self) -> Vec<String> {
        let compiles = |name: &&str| {
            self.run_quietly(&format!("@micropython.{name}\ndef __belay_e():pass\ndel __belay_e")).is_ok()
        };
        ["native", "viper"].iter().filter(|name| compiles(name)).map(|name| (*name).to_owned()).collect()
    }

    /// The callable items in declaration order: kind, name, and signature, `read_adc(ch, samples = 8)`.
    pub fn tasks(&self) -> Vec<(ItemKind, Name, String)> {
        let describe = |item: &Arc<Item>| (item.kind, item.name.clone(), arguments::signature(item));
        let state = self.lock_as_it_is();
        state.bound.iter().map(|bound| &bound.item).filter(|item| item.options.register).map(describe).collect()
    }

    /// The recorded commands as sent, oldest first: a reconnect runs them again.
    pub fn history(&self) -> Vec<String> {
        let shown = |code: &str| code.strip_suffix("__belay(None)").unwrap_or(code).trim_end().to_owned();
        self.lock_as_it_is().journal.commands().map(shown).collect()
    }

    /// The kind of the callable item `name`, declared by the class or at run time.
    pub fn item(&self, name: &str) -> Option<ItemKind> {
        let state = self.lock_as_it_is();
        state.find(name).map(|bound| &bound.item).filter(|item| item.options.register).map(|item| item.kind)
    }

    /// Calls an item. `at`: the position of the call in the script.
    ///
    /// # Errors
    /// UnknownTaskError, ArgumentError, DeviceException, TimeoutError, ClosedError, ConnectionLost …
    pub fn call(&self, name: &str, args: &[Value], named: &[(String, Value)], at: Option<&Origin>) -> Result<Called> {
        self.call_item(name, args, named).map_err(|error| state::called_at(error.with_device(self.name()), at))
    }

    pub(super) fn call_item(&self, name: &str, args: &[Value], named: &[(String, Value)]) -> Result<Called> {
        let mut state = self.lock();
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        let Some(bound) = state.find(name).filter(|bound| bound.item.options.register) else {
            return Err(unknown(self.name(), name, &state));
        };
        let (item, is_generator) = (bound.item.clone(), bound.is_generator);
        let values = arguments::bind(&item, args, named).map_err(|error| error.with_item(item.label()))?;
        let remotes = self.admit_all(&mut state, &item, &values)?;
        let limit = self.limit(&item);
        if !item.kind.is_function() {
            return self.run_globals(&mut state, &item, &values, limit).map(|()| Called::Value(Value::None));
        }
        let label = item.label();
        let mut large = Lifted::new(&mut state);
        let arguments = arguments::source(&item, &values, &mut |value| large.lift(value));
        let arguments = arguments.map_err(|error| error.with_item(label.clone()))?;
        let large = large.values;
        let run = Run { device: self.name(), item: Some(&label), piece: None, limit };
        if is_generator && item.kind == ItemKind::Task {
            let number = state.next_generator;
            state.next_generator += 1;
            let call = GeneratorCall { code: format!("{name}({arguments})"), large, objects: remotes };
            let epoch = Some(state.epoch).filter(|_| !call.objects.is_empty());
            drop(state);
            return Ok(Called::Generator(Generator::new(self.clone(), item, number, call, limit, epoch)));
        }
        if item.options.return_time {
            let call = format!("{name}({arguments})");
            let safe = item.options.retry && remotes.is_empty();
            let (payload, time) = self.run_timed(&mut state, &run, (&call, &large), safe)?;
            drop(state);
            let value = self.value(&item, payload)?;
            return Ok(Called::Value(Value::List(vec![value, Value::Float(time)])));
        }
        let command = match item.kind {
            ItemKind::Thread => {
                let comma = if arguments.is_empty() { "" } else { "," };
                if !arguments::positional_only(&values) {
                    return Err(Error::new(Kind::ArgumentError, "a thread takes only positional arguments")
                        .with_help("pass every argument up to the last one that you want to set"));
                }
                let start = format!("__import__('_thread').start_new_thread({name},({arguments}{comma}))");
                Command::statements(&start)
            }
            _ => {
                let command = Command::expression(&format!("{name}({arguments})"));
                match arguments::plain(&values) {
                    Some(arguments) => command.with_call(PlainCall { name: name.to_owned(), arguments }),
                    None => command,
                }
            }
        };
        let command = command.with_large(large);
        let payload = self
            .run_restoring(&mut state, &run, &command, item.options.retry && remotes.is_empty())
            .map_err(|error| no_threads(error, &item))
            .map_err(|error| source::waits_for_input(error, scan::reads_input(&item.body.text)))?;
        state.has_threads |= item.kind == ItemKind::Thread;
        // An object of this epoch of the board is invalid in the next one.
        if item.options.record && remotes.is_empty() {
            state.journal.ran(&command);
        }
        drop(state);
        match item.kind {
            ItemKind::Task => self.value(&item, payload).map(Called::Value),
            _ => Ok(Called::Value(Value::None)),
        }
    }

    /// The board's objects in the arguments of a call; rejects those of other boards.
    pub(super) fn admit_all(
        &self,
        state: &mut State,
        item: &Item,
        values: &[arguments::Bound<'_>],
    ) -> Result<Vec<Remote>> {
        let mut remotes = Vec::new();
        for (param, bound) in item.params.iter().zip(values) {
            let arguments::Bound::Given(value) = bound else { continue };
            let found = value.remotes();
            if !found.is_empty() || text::has_unicode(value) {
                self.admit(state, &format!("argument `{}` of `{}`", param.name, item.name), value)
                    .map_err(|error| error.with_item(item.label()))?;
                remotes.extend(found.into_iter().cloned());
            }
        }
        Ok(remotes)
    }

    /// Runs the body of a setup or teardown in the board's globals.
    pub(super) fn run_globals(
        &self,
        state: &mut State,
        item: &Item,
        values: &[arguments::Bound<'_>],
        limit: Limit,
    ) -> Result<()> {
        let mut large = Lifted::new(state);
        let assignments = arguments::assignments(item, values, &mut |value| large.lift(value))?;
        let large = large.values;
        let label = item.label();
        state.lines.forget(&label.to_string());
        let prepared = source::globals(item, &assignments, &state.lines)?;
        state.lines.insert(&prepared.defined, &prepared.piece);
        let command = Command::statements(&prepared.source).with_large(large);
        let run = Run { device: self.name(), item: Some(&label), piece: Some(&prepared.piece), limit };
        let outcome = match item.kind {
            // On close, do not restore the connection.
            ItemKind::Teardown if self.is_closed() => state.run(self.host(), &run, &command),
            _ => self.run_restoring(state, &run, &command, false),
        };
        match outcome {
            Ok(_) => {}
            Err(error) if error.kind() == Kind::DeviceException && item.options.ignore_errors => return Ok(()),
            Err(error) => return Err(source::not_compiled(error, item, state.arch())),
        }
        let given = |bound: &arguments::Bound<'_>| matches!(bound, arguments::Bound::Given(value) if !value.remotes().is_empty());
        if item.options.record && item.kind == ItemKind::Setup && !values.iter().any(given) {
            state.journal.ran(&command);
        }
        Ok(())
    }

    pub(super) fn run_quietly(&self, code: &str) -> Result<Payload> {
        let run = Run { device: self.name(), item: None, piece: None, limit: self.default_limit() };
        self.lock().run(self.host(), &run, &Command::statements(code))
    }

    /// Declares an item at run time from a whole Python `def`; returns its name.
    ///
    /// # Errors
    /// DeclarationError, SpecialFunctionNameError, DeviceException (the board rejects the code) …
    pub fn declare(
        &self,
        kind: ItemKind,
        source: &str,
        options: &[(String, Value)],
        at: Option<&Origin>,
    ) -> Result<Name> {
        self.declare_item(kind, source, options, at)
            .map_err(|error| state::called_at(error.with_device(self.name()), at))
    }

    pub(super) fn declare_item(
        &self,
        kind: ItemKind,
        text: &str,
        options: &[(String, Value)],
        at: Option<&Origin>,
    ) -> Result<Name> {
        let definition = crate::python::signature::parse_def(text)
            .map_err(|refused| Error::new(Kind::DeclarationError, refused.to_string()).with_help(refused.help))?;
        // The position of the text in the script is unknown: errors treat it as a separate file.
        let nowhere = || Origin::new(format!("<{}>", definition.name), 1, 1);
        if definition.is_async {
            return Err(Error::new(Kind::DeclarationError, "an item cannot be `async def`")
                .with_help("run the coroutine in the body: `asyncio.run(…)`"));
        }
        let mut item = Item {
            kind,
            name: Name::function(&definition.name)?,
            params: Vec::new(),
            options: ItemOptions::defaults(kind),
            returns: definition.returns.clone(),
            body: Body { text: definition.body.clone(), origin: nowhere().down(definition.body_line) },
            doc: String::new(),
            origin: at.cloned().unwrap_or_else(nowhere),
        };
        for param in definition.params.clone() {
            let default = param.default.map(ParamDefault::Source);
            item.params.push(Param { name: Name::parameter(&param.name)?, annotation: param.annotation, default });
        }
        for (name, value) in options {
            item.options.set(kind, name, value)?;
        }
        class::check_item(&item)?;
        let item = Arc::new(item);
        let mut state = self.lock();
        let fits = item.options.implementation.as_deref().is_none_or(|name| name == self.0.implementation.name);
        if fits {
            state.bind(self.host(), self.name(), &item, self.default_limit())?;
        }
        let autoinit = item.options.autoinit && fits;
        drop(state);
        if autoinit {
            self.call_item(&item.name, &[], &[])?;
        }
        Ok(item.name.clone())
    }

    /// The value of an item's reply.
    pub(super) fn value(&self, item: &Item, payload: Payload) -> Result<Value> {
        match payload.value() {
            Ok(value) => Ok(value),
            Err(_) if item.options.trusted => Ok(match payload {
                Payload::Repr(text) | Payload::Stop(text) => Value::Opaque(text),
                Payload::Bytes(bytes) => Value::Bytes(bytes),
                Payload::Value(value) => value,
            }),
            Err(_) => literal(payload).map_err(|error| error.with_device(self.name()).with_item(item.label())),
        }
    }
}

/// The value of a reply; an error if it is not a literal.
pub(super) fn literal(payload: Payload) -> Result<Value> {
    payload.value().map_err(|why| {
        let text = match &payload {
            Payload::Repr(text) | Payload::Stop(text) => text.as_str(),
            Payload::Bytes(_) | Payload::Value(_) => "",
        };
        let mut shown: String = text.chars().take(200).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        let error = Error::new(Kind::NotLiteralError, format!("the result is not a literal: {shown}"));
        error.with_help(match why {
            ParseError::NotLiteral { .. } => {
                "return numbers, strings, bytes, lists, tuples, dicts or sets, or mark the task `trusted` to get its `repr`"
                    .to_owned()
            }
            why => format!("{why}; mark the task `trusted` to get its `repr`"),
        })
    })
}

pub(super) fn unknown(device: &str, name: &str, state: &State) -> Error {
    let names: Vec<&str> = state.callable().map(Name::as_str).collect();
    let error = Error::new(Kind::UnknownTaskError, format!("`{device}` has no task `{name}`"));
    match nearest(name, names.iter().copied()) {
        Some(near) => error.with_help(did_you_mean(near)),
        None if names.is_empty() => error.with_help("its class declares none"),
        None => error.with_help(format!(
            "it has {}",
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// A board without threads raises an ImportError; terse firmware does not name the module. Starting a thread imports no
/// other one.
fn no_threads(error: Error, item: &Item) -> Error {
    if item.kind != ItemKind::Thread || !error.is_raised("ImportError") {
        return error;
    }
    Error::new(Kind::FeatureUnavailableError, "the board has no threads")
        .with_help("use a timer or an interrupt, or declare another overload `for` it: its firmware lacks `_thread`")
        .with_item(item.label())
        .with_origin(item.origin.clone())
}
