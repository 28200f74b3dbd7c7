//! Declared items bound to a board: which overload, what is sent, what comes back, in which order.
//!
//! [`Host`] holds what the devices of one run share; [`Device`] is a handle to one of them, cheap to clone and to be used
//! from any thread (calls on one device wait for each other).
//!
//! Uses [`crate::board`] and the layers below. Invariant: after every call the device can be used, or is lost or closed
//! and says so.

mod about;
pub mod arguments;
mod back;
pub mod check;
pub mod class;
mod clock;
mod code;
mod emitters;
mod faults;
mod files;
mod generator;
mod host;
mod journal;
mod lines;
mod link;
mod listen;
mod mount;
mod named;
mod open;
mod operation;
mod output;
mod park;
mod proxy;
mod reconnect;
mod release;
mod reset;
mod source;
mod state;
mod terminal;
mod text;
mod timing;

pub use crate::repl::{Keyboard, Keys};
pub use code::ExecOptions;
pub use files::{Files, Space};
pub use generator::Generator;
pub use host::Host;
pub use journal::MAX_HISTORY;
pub use link::Connector;
pub use named::NamedBoard;
pub use operation::{Function, Index, Operation};
pub use proxy::{Answer, Items, Proxied, Proxy};
pub use reset::Reset;
pub use terminal::{Conversation, Terminal, unattended};

use crate::board::command::{Command, Payload};
use crate::error::{Error, Kind, Result};
use crate::name::{Name, nearest};
use crate::origin::Origin;
use crate::python::scan;
use crate::value::parse::ParseError;
use crate::value::{Remote, Value};
use class::{Body, Class, Default as ParamDefault, Item, ItemKind, ItemOptions, Param};
use host::lock;
use state::{Limit, Run, State};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::Duration;

/// Where the output of boards goes.
pub trait Output: Send + Sync {
    /// Whole or partial lines that the board `device` printed, as text with `\n` ends, the frames of tracebacks mapped.
    fn board(&self, device: &str, text: &str);
    /// The same byte for byte, but for the places in tracebacks, together with the text of it that is complete. What it does
    /// of itself is to pass the text on.
    fn printed(&self, device: &str, bytes: &[u8], text: &str) {
        let _ = bytes;
        if !text.is_empty() {
            self.board(device, text);
        }
    }
    /// The same, printed while the board started, by its boot.py: no result of anything, so it belongs on standard error.
    fn boot(&self, device: &str, text: &str) {
        self.board(device, text);
    }
    /// A remark for the person at the terminal (standard error), for example that an interpreter is being installed.
    fn notice(&self, text: &str);
    /// How many devices are open from now on, told after every opening and closing. With several, output is prefixed by
    /// their names.
    fn open_devices(&self, count: usize) {
        let _ = count;
    }
    /// How far the files of a sync of `device` are; `None`: it has ended.
    fn transfer(&self, device: &str, transfer: Option<&Transfer<'_>>) {
        let _ = (device, transfer);
    }
}

/// What is done with files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The board hashes those it has.
    Hashing,
    /// They are sent.
    Sending,
}

/// How far files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// What is done with them.
    pub stage: Stage,
    /// Bytes of files that are done.
    pub done: u64,
    /// Bytes of all files.
    pub total: u64,
    /// The path of the one under way; empty if not known.
    pub file: &'a str,
}

/// The options of `open` (language reference, "Opening a device").
#[derive(Clone)]
pub struct OpenOptions {
    /// Code to run after connecting. `None`: convenience imports; empty: none.
    pub startup: Option<String>,
    /// Reconnect attempts; negative: for ever.
    pub attempts: i64,
    /// Bits per second on serial ports. `None`: that of `--baudrate`, else 115200.
    pub baudrate: Option<u32>,
    /// User for ports that ask for one.
    pub user: Option<String>,
    /// Password for ports that ask for one.
    pub password: Option<String>,
    /// Refuse to share the port.
    pub exclusive: bool,
    /// Longest time of one call, unless its item says otherwise.
    pub timeout: Option<Duration>,
    /// State of DTR on open.
    pub dtr: Option<bool>,
    /// State of RTS on open.
    pub rts: Option<bool>,
    /// Restart the board on open. `None`: if the port can.
    pub soft_reset: Option<bool>,
    /// Measure the clock's offset on open.
    pub auto_sync_time: bool,
    /// The device's name in output and errors. `None`: the class's name, then `Bench#2` and so on.
    pub name: Option<String>,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions {
            startup: None,
            attempts: 0,
            baudrate: None,
            user: None,
            password: None,
            exclusive: true,
            timeout: None,
            dtr: None,
            rts: None,
            soft_reset: None,
            auto_sync_time: true,
            name: None,
        }
    }
}

/// The moments of opening at which a class's host-side methods run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Before the autoinit setups: `method pre_autoinit`.
    PreAutoinit,
    /// After them: `method post_init`.
    PostInit,
}

/// What a board says it is.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Implementation {
    /// `micropython`, `circuitpython`, or whatever the firmware calls itself.
    pub name: String,
    /// Major, minor, patch.
    pub version: (u32, u32, u32),
    /// `sys.platform`, for example `rp2`.
    pub platform: String,
    /// Architecture of native code, for example `armv6m`; empty if unknown.
    pub arch: String,
    /// The code emitters that the board has: `native`, `viper`.
    pub emitters: Vec<String>,
    /// Bits of its floats: 64, or 32 (or 30, which cannot be told apart), where `1e100` is `inf`; 0: it has none, or is not
    /// known.
    pub float_bits: u32,
}

impl Implementation {
    /// Whether `sys.stdin` gives nothing while a program runs: MicroPython's WebAssembly port is handed its input one
    /// character at a time (`ports/webassembly/main.c`), and its `sys.stdin` is the host program's.
    pub(crate) fn reads_no_input(&self) -> bool {
        self.platform == "webassembly"
    }
}

/// What a call gave.
pub enum Called {
    /// A value; `None` for setups, threads and teardowns.
    Value(Value),
    /// A generator task has begun.
    Generator(Generator),
}

/// One open (or closed) device. Cheap to clone; calls from several threads wait for each other.
#[derive(Clone)]
pub struct Device(Arc<Inner>);

struct Inner {
    name: String,
    class: Arc<Class>,
    link: link::Link,
    simulated: bool,
    host: Host,
    attempts: i64,
    auto_sync_time: bool,
    timeout: Option<Duration>,
    open: AtomicBool,
    garbage: Arc<Mutex<Vec<u64>>>,
    released: release::Released,
    /// Without its emitters.
    implementation: Implementation,
    emitters: Mutex<Option<Vec<String>>>,
    /// Whether its texts hold characters beyond ASCII as such, once asked.
    unicode: Mutex<Option<bool>>,
    /// Bits of its floats, once asked.
    float_bits: Mutex<Option<u32>>,
    state: Mutex<State>,
}

impl Device {
    /// The name that stands in output and errors: `Bench`, `Bench#2`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The class it was opened as.
    pub fn class(&self) -> &Arc<Class> {
        &self.0.class
    }

    /// The port as the user wrote it.
    pub fn port(&self) -> &str {
        &self.0.link.written
    }

    /// Whether it can be used: not closed, its connection not lost.
    pub fn is_open(&self) -> bool {
        !self.is_closed() && self.try_lock().is_none_or(|state| !state.is_lost())
    }

    fn is_closed(&self) -> bool {
        !self.0.open.load(Ordering::SeqCst)
    }

    /// Whether both are the same device.
    pub fn is(&self, other: &Device) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether it is a board simulated by belay-script.
    pub fn is_simulated(&self) -> bool {
        self.0.simulated
    }

    /// What the board said when it was connected: its emitters are missing.
    pub fn firmware(&self) -> &Implementation {
        &self.0.implementation
    }

    /// What the board says it is. The first call asks it for its emitters, by compiling a function with each, and for the
    /// size of its floats; a device that is closed or busy failing has none.
    pub fn implementation(&self) -> Implementation {
        let mut implementation = self.0.implementation.clone();
        let mut known = lock(&self.0.emitters);
        implementation.emitters = known.get_or_insert_with(|| self.probe_emitters()).clone();
        drop(known);
        implementation.float_bits = *lock(&self.0.float_bits).get_or_insert_with(|| self.probe_floats());
        implementation
    }

    fn probe_floats(&self) -> u32 {
        let run = Run { device: self.name(), item: "", piece: None, limit: self.default_limit() };
        let command = Command::expression("float('1e100')<float('inf')");
        let reply = self.lock().run(self.host(), &run, &command);
        match reply.map(|payload| payload.value()) {
            Ok(Ok(Value::Bool(true))) => 64,
            Ok(Ok(Value::Bool(false))) => 32,
            _ => 0,
        }
    }

    fn probe_emitters(&self) -> Vec<String> {
        let compiles = |name: &&str| {
            self.run_quietly(&format!("@micropython.{name}\ndef __belay_e():pass\ndel __belay_e")).is_ok()
        };
        ["native", "viper"].iter().filter(|name| compiles(name)).map(|name| (*name).to_owned()).collect()
    }

    /// The callable items in declaration order: kind, name, and head for people, `read_adc(ch, samples = 8)`.
    pub fn tasks(&self) -> Vec<(ItemKind, Name, String)> {
        let describe = |item: &Arc<Item>| (item.kind, item.name.clone(), arguments::signature(item));
        let state = self.lock();
        state.bound.iter().map(|bound| &bound.item).filter(|item| item.options.register).map(describe).collect()
    }

    /// The recorded commands as they were sent, oldest first: what a reconnect runs again.
    pub fn history(&self) -> Vec<String> {
        let shown = |code: &str| code.strip_suffix("__belay(None)").unwrap_or(code).trim_end().to_owned();
        self.lock().journal.commands().map(shown).collect()
    }

    /// The kind of the callable item `name`, declared by the class or at run time.
    pub fn item(&self, name: &str) -> Option<ItemKind> {
        let state = self.lock();
        state.find(name).map(|bound| &bound.item).filter(|item| item.options.register).map(|item| item.kind)
    }

    /// Calls an item. `at`: where the call stands in the script.
    ///
    /// # Errors
    /// UnknownTaskError, ArgumentError, DeviceException, TimeoutError, ClosedError, ConnectionLost …
    pub fn call(&self, name: &str, args: &[Value], named: &[(String, Value)], at: Option<&Origin>) -> Result<Called> {
        self.call_item(name, args, named).map_err(|error| state::called_at(error.with_device(self.name()), at))
    }

    fn call_item(&self, name: &str, args: &[Value], named: &[(String, Value)]) -> Result<Called> {
        let mut state = self.lock();
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        let Some(bound) = state.find(name).filter(|bound| bound.item.options.register) else {
            return Err(unknown(self.name(), name, &state));
        };
        let (item, is_generator) = (bound.item.clone(), bound.is_generator);
        let values = arguments::bind(&item, args, named).map_err(|error| error.with_item(item.words()))?;
        let remotes = self.admit_all(&mut state, &item, &values)?;
        let limit = self.limit(&item);
        if !item.kind.is_function() {
            return self.run_globals(&mut state, &item, &values, limit).map(|()| Called::Value(Value::None));
        }
        let words = item.words();
        let arguments = arguments::source(&item, &values).map_err(|error| error.with_item(words.as_str()))?;
        let run = Run { device: self.name(), item: &words, piece: None, limit };
        if is_generator && item.kind == ItemKind::Task {
            let number = state.next_generator;
            state.next_generator += 1;
            let call = (format!("{name}({arguments})"), remotes);
            let epoch = Some(state.epoch).filter(|_| !call.1.is_empty());
            drop(state);
            return Ok(Called::Generator(Generator::new(self.clone(), item, number, call, limit, epoch)));
        }
        if item.options.return_time {
            let call = format!("{name}({arguments})");
            let (payload, time) = self.run_timed(&mut state, &run, &call, item.options.retry && remotes.is_empty())?;
            drop(state);
            let value = self.value(&item, payload)?;
            return Ok(Called::Value(Value::List(vec![value, Value::Float(time)])));
        }
        let command = match item.kind {
            ItemKind::Thread => {
                let comma = if arguments.is_empty() { "" } else { "," };
                if !arguments::positional_only(&values) {
                    return Err(Error::new(Kind::ArgumentError, "a thread takes its arguments by position")
                        .with_help("give every argument up to the last one that you want to set"));
                }
                let start = format!("__import__('_thread').start_new_thread({name},({arguments}{comma}))");
                Command::statements(&start)
            }
            _ => Command::expression(&format!("{name}({arguments})")),
        };
        let payload = self
            .run_restoring(&mut state, &run, &command, item.options.retry && remotes.is_empty())
            .map_err(|error| no_threads(error, &item))
            .map_err(|error| source::waits_for_input(error, scan::reads_input(&item.body.text)))?;
        state.has_threads |= item.kind == ItemKind::Thread;
        // An object of this life of the board means nothing in the next one.
        if item.options.record && remotes.is_empty() {
            state.journal.ran(&command);
        }
        drop(state);
        match item.kind {
            ItemKind::Task => self.value(&item, payload).map(Called::Value),
            _ => Ok(Called::Value(Value::None)),
        }
    }

    /// The objects of the board in the arguments of a call; those of other boards are refused.
    fn admit_all(&self, state: &mut State, item: &Item, values: &[arguments::Bound<'_>]) -> Result<Vec<Remote>> {
        let mut remotes = Vec::new();
        for (param, bound) in item.params.iter().zip(values) {
            let arguments::Bound::Given(value) = bound else { continue };
            let found = value.remotes();
            if !found.is_empty() || text::has_unicode(value) {
                self.admit(state, &format!("argument `{}` of `{}`", param.name, item.name), value)
                    .map_err(|error| error.with_item(item.words()))?;
                remotes.extend(found.into_iter().cloned());
            }
        }
        Ok(remotes)
    }

    /// Runs the body of a setup or teardown in the board's globals.
    fn run_globals(&self, state: &mut State, item: &Item, values: &[arguments::Bound<'_>], limit: Limit) -> Result<()> {
        let assignments = arguments::assignments(item, values)?;
        let words = item.words();
        state.lines.forget(&words);
        let prepared = source::globals(item, &assignments, &state.lines)?;
        state.lines.insert(&prepared.defined, &prepared.piece);
        let command = Command::statements(&prepared.source);
        let run = Run { device: self.name(), item: &words, piece: Some(&prepared.piece), limit };
        let outcome = match item.kind {
            // At close nothing is restored any more.
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

    fn run_quietly(&self, code: &str) -> Result<Payload> {
        let run = Run { device: self.name(), item: "", piece: None, limit: self.default_limit() };
        self.lock().run(self.host(), &run, &Command::statements(code))
    }

    /// Declares an item at run time from a whole Python `def`; gives its name.
    ///
    /// # Errors
    /// DeclarationError, SpecialFunctionNameError, DeviceException (the board refuses the code) …
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

    fn declare_item(
        &self,
        kind: ItemKind,
        text: &str,
        options: &[(String, Value)],
        at: Option<&Origin>,
    ) -> Result<Name> {
        let definition = crate::python::signature::parse_def(text)
            .map_err(|refused| Error::new(Kind::DeclarationError, refused.to_string()).with_help(refused.help))?;
        // Where the text stands in the script is not known: it is a file of its own for errors.
        let nowhere = || Origin::new(format!("<{}>", definition.name), 1, 1);
        if definition.is_async {
            return Err(Error::new(Kind::DeclarationError, "an async task would never be awaited")
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

    /// Runs the teardowns and closes the port. Nothing happens if it is closed already.
    ///
    /// # Errors
    /// The first error of a teardown, with those of the others ([`Error::others`]); all of them have run and the port is
    /// closed.
    pub fn close(&self) -> Result<()> {
        if !self.0.open.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let mut first = Ok(());
        // The press of Ctrl-C that ends the script does not end its teardowns; another one does, one at a time.
        let pressed = crate::interrupt::take();
        let mut state = self.lock();
        if let Err(error) = self.ready_to_close(&mut state) {
            first = Err(error);
        }
        let lost = state.is_lost();
        let teardowns: Vec<Arc<Item>> = state
            .bound
            .iter()
            .map(|bound| &bound.item)
            .filter(|item| item.kind == ItemKind::Teardown)
            .cloned()
            .collect();
        if lost && !teardowns.is_empty() && first.is_ok() {
            first = Err(self.not_torn_down(&teardowns));
        }
        for item in teardowns.into_iter().filter(|_| !lost) {
            let limit = Limit {
                timeout: Some(crate::interrupt::teardown_limit(
                    item.options.timeout.or(self.0.timeout),
                    state::TEARDOWN_LIMIT,
                )),
                interruptible: true,
            };
            let outcome = arguments::bind(&item, &[], &[])
                .and_then(|values| self.run_globals(&mut state, &item, &values, limit))
                .map_err(|error| error.with_device(self.name()).with_item(item.words()));
            if outcome.as_ref().is_err_and(|error| error.kind() == Kind::Interrupted) {
                // This press has ended one teardown; the others still run.
                crate::interrupt::take();
            }
            first = match (first, outcome) {
                (Err(first), Err(other)) => Err(first.with_other(other)),
                (first, outcome) => first.and(outcome),
            };
        }
        let hidden = self.hide_mount_at_last(&mut state);
        first = match (first, hidden) {
            (Err(first), Err(other)) => Err(first.with_other(other)),
            (first, hidden) => first.and(hidden),
        };
        state.drain(self.host(), self.name());
        self.host().park(self.0.link.key(), self.name(), &mut state);
        drop(state);
        self.host().forget(self);
        self.host().release_name(self.name());
        if pressed {
            crate::interrupt::raise();
        }
        first
    }

    /// The board is gone: what the teardowns would have switched off stays as it was.
    fn not_torn_down(&self, teardowns: &[Arc<Item>]) -> Error {
        let names: Vec<String> = teardowns.iter().map(|item| format!("`{}`", item.name)).collect();
        let did = if let [name] = names.as_slice() {
            format!("teardown {name} did not run")
        } else {
            format!("teardowns {} did not run", names.join(", "))
        };
        Error::new(Kind::ConnectionLost, format!("{did}: the connection is lost"))
            .with_device(self.name())
            .with_help("what the board had switched on may still be on")
    }

    /// The value of an item's reply.
    fn value(&self, item: &Item, payload: Payload) -> Result<Value> {
        match payload.value() {
            Ok(value) => Ok(value),
            Err(_) if item.options.trusted => Ok(match payload {
                Payload::Repr(text) | Payload::Stop(text) => Value::Opaque(text),
                Payload::Bytes(bytes) => Value::Bytes(bytes),
            }),
            Err(_) => literal(payload).map_err(|error| error.with_device(self.name()).with_item(item.words())),
        }
    }

    fn limit(&self, item: &Item) -> Limit {
        Limit { timeout: item.options.timeout.or(self.0.timeout), interruptible: true }
    }

    fn default_limit(&self) -> Limit {
        Limit { timeout: self.0.timeout, interruptible: true }
    }

    /// How often a lost connection is restored: the option of `open`.
    pub fn attempts(&self) -> i64 {
        self.0.attempts
    }

    fn host(&self) -> &Host {
        &self.0.host
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        match self.0.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn garbage(&self) -> Arc<Mutex<Vec<u64>>> {
        self.0.garbage.clone()
    }

    fn released(&self) -> &release::Released {
        &self.0.released
    }
}

/// The value of a reply; a clear error if it has no literal.
fn literal(payload: Payload) -> Result<Value> {
    payload.value().map_err(|why| {
        let text = match &payload {
            Payload::Repr(text) | Payload::Stop(text) => text.as_str(),
            Payload::Bytes(_) => "",
        };
        let mut shown: String = text.chars().take(200).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        let error = Error::new(Kind::NotLiteralError, format!("the result is no literal: {shown}"));
        error.with_help(match why {
            ParseError::NotLiteral { .. } => {
                "return numbers, strings, bytes, lists, tuples, dicts or sets, or mark the task `trusted` to get its text"
                    .to_owned()
            }
            why => format!("{why}; mark the task `trusted` to get its text"),
        })
    })
}

fn unknown(device: &str, name: &str, state: &State) -> Error {
    let names: Vec<&str> = state.callable().map(Name::as_str).collect();
    let error = Error::new(Kind::UnknownTaskError, format!("`{device}` has no task `{name}`"));
    match nearest(name, names.iter().copied()) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None if names.is_empty() => error.with_help("its class declares none"),
        None => error.with_help(format!(
            "it has {}",
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// A board without threads says so by an ImportError; terse firmware does not name the module. The start of a thread imports
/// no other one.
fn no_threads(error: Error, item: &Item) -> Error {
    let missing = error.kind() == Kind::DeviceException && error.message().starts_with("ImportError");
    if item.kind != ItemKind::Thread || !missing {
        return error;
    }
    Error::new(Kind::FeatureUnavailableError, "the board has no threads")
        .with_help("its firmware lacks `_thread`; use a timer or an interrupt, or declare another overload `for` it")
        .with_item(item.words())
        .with_origin(item.origin.clone())
}
