//! Objects that stay on a board: each operation on one is one exchange.
//!
//! Invariant: an object exists as long as a [`Proxy`] or a [`Remote`] of it; after the last one is dropped, the object is
//! freed together with the next command.

use crate::board::Helper;
use crate::board::command::{Command, Payload};
use crate::device::calls::literal;
use crate::device::handle::Device;
use crate::device::operation::{Code, Operation, Writer};
use crate::device::release::Place;
use crate::device::state::{self, Run, State};
use crate::error::{Error, Kind, Result};
use crate::name::Name;
use crate::origin::Origin;
use crate::value::{Remote, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Numbers that one batch of an iteration may use.
const BATCH: u64 = 32;

/// An object that stays on a board. Cheap to clone.
#[derive(Clone)]
pub struct Proxy(Arc<Held>);

/// Freed with the last clone.
struct Held {
    device: Device,
    /// The board's epoch in which it exists.
    epoch: u64,
    place: Place,
    free: AtomicBool,
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.free.load(Ordering::Relaxed) && !self.device.is_closed() {
            self.device.released().push(self.epoch, self.place.clone());
        }
    }
}

/// The result of an operation: a value if the object is `None`, a bool, int, float, str or bytes.
pub enum OperationResult {
    /// A value, not kept on the board.
    Value(Value),
    /// An object that stays on the board.
    Object(Proxy),
}

/// The result of [`Device::proxy`].
pub enum Proxied {
    /// Of an expression, or of an import of one name.
    One(OperationResult),
    /// Of an import of several names.
    Many(Vec<Proxy>),
}

impl Device {
    /// The object of `code`: an expression, a global's name, or an import. `delete`: whether the board frees it after the last
    /// clone is dropped; `None`: unless it has its own name.
    ///
    /// # Errors
    /// ArgumentError for other code; else as [`Device::call`].
    pub fn proxy(&self, code: &str, delete: Option<bool>, at: Option<&Origin>) -> Result<Proxied> {
        self.proxy_within(code, delete, None, at)
    }

    /// Like [`Device::proxy`], with its own timeout.
    ///
    /// # Errors
    /// As [`Device::proxy`].
    pub fn proxy_within(
        &self,
        code: &str,
        delete: Option<bool>,
        timeout: Option<Duration>,
        at: Option<&Origin>,
    ) -> Result<Proxied> {
        self.make_proxy(code, delete, timeout).map_err(|error| state::called_at(error.with_device(self.name()), at))
    }

    fn make_proxy(&self, code: &str, delete: Option<bool>, timeout: Option<Duration>) -> Result<Proxied> {
        let prepared = crate::device::source::exec(code)?;
        let refused =
            |error: crate::python::SourceError| Error::new(Kind::ArgumentError, error.message).with_help(error.help);
        let imported = crate::python::imports::imported(code).transpose().map_err(refused)?;
        if imported.is_none() && !prepared.is_expression {
            return Err(Error::new(Kind::ArgumentError, "`proxy` needs an expression or an import")
                .with_help("run statements with `exec(code)` first, then pass the name of their result"));
        }
        let mut limit = self.default_limit();
        limit.timeout = timeout.or(limit.timeout);
        let run = Run { device: self.name(), item: None, piece: None, limit };
        let mut state = self.lock();
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        self.revive(&mut state)?;
        let is_import = imported.is_some();
        let names = match imported {
            Some(names) => names,
            None if Name::parameter(&prepared.source).is_ok() => vec![prepared.source.clone()],
            None => {
                state.need(self.host(), &run, Helper::Proxies)?;
                let number = state.reserve(1);
                let command = Command::simple(format!("__belay_ok({number},({}{}))", prepared.source, end(code)));
                let epoch = state.epoch;
                let payload = self.run_restoring(&mut state, &run, &command, false);
                return self.answer(&state, epoch, payload, number, delete.unwrap_or(true)).map(Proxied::One);
            }
        };
        // The plain name, as a statement, raises the board's NameError if it is undefined.
        let command = Command::statements(&prepared.source);
        self.run_restoring(&mut state, &run, &command, !is_import)?;
        if is_import {
            state.journal.ran(&command);
        }
        let epoch = state.epoch;
        drop(state);
        let global = |name: String| self.held(epoch, Place::Global(name), delete.unwrap_or(false));
        let mut proxies: Vec<Proxy> = names.into_iter().map(global).collect();
        Ok(match (proxies.pop(), proxies.is_empty()) {
            (Some(only), true) => Proxied::One(OperationResult::Object(only)),
            (last, _) => {
                proxies.extend(last);
                Proxied::Many(proxies)
            }
        })
    }

    fn held(&self, epoch: u64, place: Place, free: bool) -> Proxy {
        Proxy(Arc::new(Held { device: self.clone(), epoch, place, free: AtomicBool::new(free) }))
    }

    /// The result in a reply; after an error the board may keep an unknown object.
    fn answer(
        &self,
        state: &State,
        epoch: u64,
        payload: Result<Payload>,
        number: u64,
        delete: bool,
    ) -> Result<OperationResult> {
        let payload = payload.inspect_err(|_| state.released.push(epoch, Place::Kept(number)))?;
        Ok(match literal(payload)? {
            Value::Tuple(_) => OperationResult::Object(self.held(epoch, Place::Kept(number), delete)),
            value => OperationResult::Value(value),
        })
    }

    /// Rejects objects of other boards, and of an earlier epoch of this one; restores a lost connection first if there are
    /// any. `what` names the value, as in ``argument `x` of `f` ``.
    pub(super) fn admit(&self, state: &mut State, what: &str, value: &Value) -> Result<()> {
        self.admit_text(state, what, value)?;
        for remote in value.remotes() {
            let Some(proxy) = Proxy::of(remote) else { continue };
            if !proxy.0.device.is(self) {
                let home = proxy.0.device.name();
                return Err(Error::new(Kind::ArgumentError, format!("{what} is an object on `{home}`"))
                    .with_help("`fetch()` its value and send that: an object stays on its board"));
            }
            self.revive(state)?;
            if proxy.0.epoch != state.epoch {
                return Err(self.gone(what));
            }
        }
        Ok(())
    }

    /// Restores a connection known to be lost, if the device was opened with `attempts`.
    fn revive(&self, state: &mut State) -> Result<()> {
        if state.is_lost() && self.attempts() != 0 {
            return self.restore(state, self.attempts());
        }
        Ok(())
    }

    fn gone(&self, what: &str) -> Error {
        Error::new(Kind::ConnectionLost, format!("{what} is gone: the board has restarted since"))
            .with_device(self.name())
            .with_help("make it again with `proxy(…)`")
    }

    /// Checks that a value can be sent to this device unchanged.
    ///
    /// # Errors
    /// ArgumentError or ConnectionLost, see [`Device::call`]. `what` names the value.
    pub fn accepts(&self, what: &str, value: &Value) -> Result<()> {
        if value.remotes().is_empty() {
            return Ok(());
        }
        self.admit(&mut self.lock(), what, value)
    }
}

impl Proxy {
    /// The proxy for a part of a value.
    pub fn of(remote: &Remote) -> Option<Proxy> {
        remote.keeper().clone().downcast::<Held>().ok().map(Proxy)
    }

    /// The object as a part of a value.
    pub fn remote(&self) -> Remote {
        Remote::new(self.expression(), self.0.clone())
    }

    /// The device of the object.
    pub fn device(&self) -> &Device {
        &self.0.device
    }

    fn expression(&self) -> String {
        match &self.0.place {
            Place::Global(name) => name.clone(),
            Place::Kept(number) => format!("__belay_o[{number}]"),
        }
    }

    /// Performs an operation on the object, in one exchange. `at`: its position in the script.
    ///
    /// # Errors
    /// DeviceException; ArgumentError for a value that cannot be sent; ConnectionLost for an object of an earlier epoch
    /// of the board; NotLiteralError of [`Operation::Fetch`]; else as [`Device::call`].
    pub fn run(&self, operation: &Operation<'_>, at: Option<&Origin>) -> Result<OperationResult> {
        let mut state = self.device().lock();
        let answer = self.exchange(&mut state, operation);
        drop(state);
        answer.map_err(|error| state::called_at(error.with_device(self.device().name()), at))
    }

    fn exchange(&self, state: &mut State, operation: &Operation<'_>) -> Result<OperationResult> {
        let mut writer = Writer { device: self.device(), state };
        let code = writer.operation(&self.expression(), operation)?;
        match code {
            Code::Answer(code) => {
                let (payload, number) = self.send(state, 1, |number| format!("__belay_ok({number},{code})"))?;
                self.device().answer(state, state.epoch, Ok(payload), number, true)
            }
            Code::Literal(code) => {
                let (payload, _) = self.send(state, 0, |_| format!("__belay({code})"))?;
                let refused = |error: Error| match error.kind() {
                    Kind::NotLiteralError => error.with_help("fetch its parts, or use its `repr()`"),
                    _ => error,
                };
                literal(payload).map(OperationResult::Value).map_err(refused)
            }
            Code::Statement(code) => {
                self.send(state, 0, |_| format!("{code};__belay(None)"))?;
                Ok(OperationResult::Value(Value::None))
            }
        }
    }

    /// Runs code that may keep `count` objects, numbered from the given one; frees them if it fails.
    fn send(&self, state: &mut State, count: u64, code: impl FnOnce(u64) -> String) -> Result<(Payload, u64)> {
        let device = self.device();
        if device.is_closed() {
            return Err(state::closed(device.name()));
        }
        let run = Run { device: device.name(), item: None, piece: None, limit: device.default_limit() };
        device.revive(state)?;
        if self.0.epoch != state.epoch {
            return Err(device.gone("the object"));
        }
        let number = state.reserve(count);
        let outcome = state
            .need(device.host(), &run, Helper::Proxies)
            .and_then(|()| state.run(device.host(), &run, &Command::simple(code(number))));
        match outcome {
            Ok(payload) => Ok((payload, number)),
            Err(error) if error.kind() == Kind::ConnectionLost && device.attempts() != 0 => {
                device.restore(state, device.attempts())?;
                Err(device.gone("the object"))
            }
            Err(error) => {
                (number..number + count).for_each(|number| state.released.push(state.epoch, Place::Kept(number)));
                Err(error)
            }
        }
    }

    /// The items of the object, like Python's `iter`.
    pub fn items(&self) -> Items {
        Items { object: self.clone(), iterator: None, ready: Vec::new().into_iter(), ended: false }
    }
}

/// The items of an object, fetched in batches: up to 32 of a list and the like, one by one of everything whose iteration
/// runs code.
pub struct Items {
    object: Proxy,
    /// The iterator on the board.
    iterator: Option<Proxy>,
    ready: std::vec::IntoIter<OperationResult>,
    ended: bool,
}

impl Items {
    /// The next item, `None` at the end and after an error.
    ///
    /// # Errors
    /// As [`Proxy::run`].
    pub fn next(&mut self, at: Option<&Origin>) -> Result<Option<OperationResult>> {
        if let Some(item) = self.ready.next() {
            return Ok(Some(item));
        }
        if self.ended {
            return Ok(None);
        }
        self.ended = true;
        let device = self.object.device().clone();
        let mut state = device.lock();
        let batch = self.batch(&mut state);
        drop(state);
        self.ready = batch.map_err(|error| state::called_at(error.with_device(device.name()), at))?.into_iter();
        Ok(self.ready.next())
    }

    fn batch(&mut self, state: &mut State) -> Result<Vec<OperationResult>> {
        let device = self.object.device();
        let epoch = self.object.0.epoch;
        let (iterator, object) = match &self.iterator {
            Some(iterator) => (iterator.clone(), String::new()),
            None => {
                let number = state.reserve(1);
                (device.held(epoch, Place::Kept(number), true), format!(",{}", self.object.expression()))
            }
        };
        let Place::Kept(place) = iterator.0.place else { return Ok(Vec::new()) };
        let code = |number| format!("__belay_oi({place},{number}{object})");
        let (payload, _) = self.object.send(state, BATCH, code)?;
        let Value::List(mut items) = literal(payload)? else { return Ok(Vec::new()) };
        self.ended = items.last() == Some(&Value::Tuple(Vec::new()));
        if self.ended {
            items.pop();
            // The board has freed it.
            iterator.0.free.store(false, Ordering::Relaxed);
        }
        self.iterator = Some(iterator);
        let answer = |item| match item {
            Value::Tuple(number) => match number.as_slice() {
                [Value::Int(number)] => {
                    OperationResult::Object(device.held(epoch, Place::Kept(number.unsigned_abs()), true))
                }
                _ => OperationResult::Value(Value::None),
            },
            value => OperationResult::Value(value),
        };
        Ok(items.into_iter().map(answer).collect())
    }
}

/// A comment at the end of an expression must not swallow the bracket.
fn end(code: &str) -> &'static str {
    if code.contains('#') { "\n" } else { "" }
}
