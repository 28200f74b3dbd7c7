//! A generator task that runs on a board, item by item.
//!
//! Uses its device. Invariant: dropping or closing a generator frees it on the board, unless the board has restarted since.

use crate::board::Helper;
use crate::board::command::{Command, Payload};
use crate::board::large::Large;
use crate::device::ahead::{Ahead, Source};
use crate::device::arrivals::{Arrivals, OpenStream};
use crate::device::class::Item;
use crate::device::handle::Device;
use crate::device::large::Lifted;
use crate::device::limits::{Limit, TEARDOWN_LIMIT};
use crate::device::lock::lock;
use crate::device::state;
use crate::device::state::{Run, State};
use crate::error::{Error, Kind, Result};
use crate::origin::Origin;
use crate::value::write::write_replacing;
use crate::value::{Remote, Value};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A generator task that runs on a board. Dropping it frees it on the board.
pub struct Generator {
    device: Device,
    item: Arc<Item>,
    number: u64,
    stage: Stage,
    limit: Limit,
    ahead: Ahead,
    /// What the board has pushed, with `stream`.
    arrivals: Arc<Mutex<Arrivals>>,
    /// The board's epoch in which it started.
    epoch: Option<u64>,
    /// Objects of the board in its call.
    _arguments: Vec<Remote>,
}

/// The call of a generator task.
pub(super) struct GeneratorCall {
    /// Its source.
    pub code: String,
    /// The large values that the source uses.
    pub large: Vec<Large>,
    /// Objects of the board among its arguments.
    pub objects: Vec<Remote>,
}

enum Stage {
    /// Not on the board yet: the call's source, and the large values that it uses.
    New(String, Vec<Large>),
    Running,
    Ended,
}

impl Generator {
    pub(super) fn new(
        device: Device,
        item: Arc<Item>,
        number: u64,
        call: GeneratorCall,
        limit: Limit,
        epoch: Option<u64>,
    ) -> Generator {
        let (stage, ahead, arrivals) = (Stage::New(call.code, call.large), Ahead::default(), Arc::default());
        Generator { device, item, number, stage, limit, ahead, arrivals, epoch, _arguments: call.objects }
    }

    /// The next item, or `None` at the end. `send`: the value of the board's `yield`; the first time `Value::None`.
    ///
    /// # Errors
    /// As [`Device::call`]. After an error the generator has ended.
    pub fn resume(&mut self, send: &Value, at: Option<&Origin>) -> Result<Option<Value>> {
        if self.item.options.stream {
            return self.resume_stream(send).map_err(|error| state::called_at(error, at));
        }
        if self.item.options.prefetch > 1 {
            return self.resume_ahead(send, at);
        }
        let number = self.number;
        self.device.accepts(&format!("the value sent to `{}`", self.item.name), send)?;
        let timed = self.item.options.return_time;
        let next = if timed { "__belay_t" } else { "__belay_n" };
        let device = self.device.clone();
        let label = self.item.label();
        let run = Run { device: device.name(), item: Some(&label), piece: None, limit: self.limit };
        let mut state = device.lock();
        let mut lifted = Lifted::new(&mut state);
        let mut literal = String::new();
        write_replacing(&mut literal, send, &mut |value| lifted.lift(value)).map_err(|error| {
            Error::new(Kind::ArgumentError, format!("cannot send the value to `{}`: {error}", self.item.name))
                .with_help(error.help())
        })?;
        let mut large = lifted.values;
        let code = match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Ended => return Ok(None),
            Stage::New(..) if *send != Value::None => {
                return Err(Error::new(Kind::ArgumentError, "cannot send a value before the first item")
                    .with_help("call `next()` once, then `send(value)`"));
            }
            Stage::New(call, values) => {
                large = values;
                format!("{};{next}({number},None)", start(number, &call))
            }
            Stage::Running => format!("{next}({number},{literal})"),
        };
        self.ready(&mut state).map_err(|error| state::called_at(error, at))?;
        let command = Command::new(code).with_large(large);
        let outcome = self.step(&mut state, &run, &command);
        match outcome {
            Ok((Payload::Stop(_), _)) => Ok(None),
            Ok((payload, sent)) => {
                self.stage = Stage::Running;
                self.value_of_item(&mut state, payload, sent).map(Some)
            }
            Err(error) => Err(self.failed(&mut state, error)),
        }
        .map_err(|error| state::called_at(error, at))
    }

    /// As [`Generator::resume`], with items that travel together.
    fn resume_ahead(&mut self, send: &Value, at: Option<&Origin>) -> Result<Option<Value>> {
        self.takes_nothing(send, "prefetch")?;
        let device = self.device.clone();
        let (number, item) = (self.number, self.item.clone());
        let label = item.label();
        let run = Run { device: device.name(), item: Some(&label), piece: None, limit: self.limit };
        let source = Source { device: &device, item: &item, number, run };
        loop {
            if let Some(next) = self.ahead.next() {
                return next.map(Some).map_err(|error| {
                    self.ahead.clear();
                    if matches!(std::mem::replace(&mut self.stage, Stage::Ended), Stage::Running) {
                        lock(&device.garbage()).push(number);
                    }
                    state::called_at(error, at)
                });
            }
            let start = match std::mem::replace(&mut self.stage, Stage::Ended) {
                Stage::Ended => return Ok(None),
                Stage::New(call, large) => (format!("{};", start(number, &call)), large),
                Stage::Running => (String::new(), Vec::new()),
            };
            let mut state = device.lock();
            self.ready(&mut state).map_err(|error| state::called_at(error, at))?;
            if let Err(error) = self.ahead.fetch(&mut state, &source, start) {
                return Err(state::called_at(self.failed(&mut state, error), at));
            }
            if !self.ahead.ended {
                self.stage = Stage::Running;
            }
        }
    }

    /// As [`Generator::resume`], with items that the board pushes.
    fn resume_stream(&mut self, send: &Value) -> Result<Option<Value>> {
        self.takes_nothing(send, "stream")?;
        let device = self.device.clone();
        let arrivals = self.arrivals.clone();
        loop {
            let here = lock(&arrivals).take();
            if let Some(next) = here {
                return next.and_then(|payload| device.value(&self.item, payload)).map(Some).inspect_err(|_| {
                    lock(&arrivals).close();
                    if matches!(std::mem::replace(&mut self.stage, Stage::Ended), Stage::Running) {
                        lock(&device.garbage()).push(self.number);
                    }
                });
            }
            if matches!(self.stage, Stage::Ended) {
                return Ok(None);
            }
            let mut state = device.lock_as_it_is();
            if lock(&arrivals).has_news() {
                // Another call has stopped the stream meanwhile.
                continue;
            }
            let stage = std::mem::replace(&mut self.stage, Stage::Ended);
            if lock(&arrivals).ended || matches!(stage, Stage::Ended) {
                return Ok(None);
            }
            let outcome = match state.stream.as_ref().is_some_and(|stream| stream.number == self.number) {
                true => state.go_on_streaming(device.host(), device.name()),
                false => self.start_stream(&mut state, stage),
            };
            match outcome {
                Ok(()) => self.stage = Stage::Running,
                Err(error) if lock(&arrivals).has_news() => lock(&arrivals).fail(self.failed(&mut state, error)),
                Err(error) => return Err(self.failed(&mut state, error)),
            }
        }
    }

    /// Starts the stream, or takes it up again after another use of the device has stopped it.
    fn start_stream(&mut self, state: &mut State, stage: Stage) -> Result<()> {
        let device = self.device.clone();
        state.pause_stream(device.host(), device.name(), false);
        self.ready(state)?;
        let (start, large) = match stage {
            Stage::New(call, large) => (format!("{};", start(self.number, &call)), large),
            Stage::Running | Stage::Ended => (String::new(), Vec::new()),
        };
        let (item, arrivals) = (self.item.clone(), self.arrivals.clone());
        let stream = OpenStream { number: self.number, item, limit: self.limit, arrivals };
        state.start_stream(device.host(), device.name(), stream, (&start, &large))
    }

    /// Checks that nothing is sent to a generator that does not wait for it.
    fn takes_nothing(&self, send: &Value, option: &str) -> Result<()> {
        if *send == Value::None {
            return Ok(());
        }
        let message = format!("nothing can be sent to `{}`, which runs ahead with `{option}`", self.item.name);
        Err(Error::new(Kind::ArgumentError, message).with_help(format!("leave `{option}` out")))
    }

    /// Checks that it can go on, and starts its epoch.
    fn ready(&mut self, state: &mut State) -> Result<()> {
        let device = &self.device;
        if device.is_closed() {
            return Err(state::closed(device.name()));
        }
        if self.epoch.is_none() && state.is_lost() && device.attempts() != 0 {
            // It has not started, so nothing is lost.
            device.restore(state, device.attempts())?;
        }
        if self.item.options.return_time {
            device.need_clock(state)?;
        }
        if *self.epoch.get_or_insert(state.epoch) != state.epoch {
            return Err(self.gone());
        }
        Ok(())
    }

    /// What becomes of it after an exchange that failed; returns the error.
    fn failed(&self, state: &mut State, error: Error) -> Error {
        if error.kind() == Kind::ConnectionLost && self.device.attempts() != 0 {
            let restored = self.device.restore(state, self.device.attempts());
            return restored.map_or_else(|worse| worse, |()| self.gone());
        }
        // An interrupt may have hit the helper instead of the generator: then it still exists.
        lock(&state.garbage).push(self.number);
        error
    }

    /// Returns the reply, and when it was requested.
    fn step(&self, state: &mut State, run: &Run<'_>, command: &Command) -> Result<(Payload, Instant)> {
        let host = self.device.host();
        state.need(host, run, Helper::Generators)?;
        if self.item.options.return_time {
            state.need(host, run, Helper::TimedGenerators)?;
            // Other exchanges must not count as time to the board.
            state.free(host, run);
        }
        state.bring(host, run, command.large())?;
        let sent = Instant::now();
        Ok((state.run(host, run, &Command::new(command.code()))?, sent))
    }

    /// With `return_time`, a list of value and timestamp.
    fn value_of_item(&self, state: &mut State, payload: Payload, sent: Instant) -> Result<Value> {
        if !self.item.options.return_time {
            return self.device.value(&self.item, payload);
        }
        let (payload, time) = self.device.stamp(state, &payload, sent)?;
        Ok(Value::List(vec![self.device.value(&self.item, payload)?, Value::Float(time)]))
    }

    fn gone(&self) -> Error {
        Error::new(Kind::ConnectionLost, "the generator is gone: the board has restarted since")
            .with_device(self.device.name())
            .with_item(self.item.label())
            .with_help("call the task again")
    }

    /// Ends it early; its `finally` blocks run on the board.
    ///
    /// # Errors
    /// As [`Device::call`].
    pub fn close(&mut self) -> Result<()> {
        self.ahead.clear();
        lock(&self.arrivals).close();
        if !matches!(std::mem::replace(&mut self.stage, Stage::Ended), Stage::Running) {
            return Ok(());
        }
        let device = self.device.clone();
        let label = self.item.label();
        let run = Run { device: device.name(), item: Some(&label), piece: None, limit: self.limit };
        let command = Command::statements(&format!("__belay_c({})", self.number));
        let mut state = device.lock();
        if self.epoch != Some(state.epoch) {
            return Ok(());
        }
        state.run(device.host(), &run, &command).map(|_| ())
    }
}

/// Starts a generator. On a board that has restarted unnoticed, the helper is what is missing first, and not the task.
fn start(number: u64, call: &str) -> String {
    format!("__belay_d;__belay_d[{number}]={call}")
}

impl Drop for Generator {
    fn drop(&mut self) {
        if !matches!(self.stage, Stage::Running) {
            return;
        }
        // Never during another call: freed now if the device is idle, else before the next command.
        let device = self.device.clone();
        if self.epoch != device.try_lock().map(|state| state.epoch).or(self.epoch) {
            return;
        }
        lock(&device.garbage()).push(self.number);
        if let Some(mut state) = device.try_lock() {
            let label = self.item.label();
            let limit = Limit { timeout: Some(TEARDOWN_LIMIT), interruptible: true };
            let run = Run { device: device.name(), item: Some(&label), piece: None, limit };
            state.pause_stream(device.host(), device.name(), true);
            state.free_garbage(device.host(), &run);
        }
    }
}
