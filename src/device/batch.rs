//! A batch: calls of tasks that do not depend on each other, in as few exchanges as the board has memory for.
//!
//! The calls are lines of one command, or go round in a loop if one task is called repeatedly; each adds its result to a list on the
//! board, and the list is the reply. After an error, the length of that list says which call failed. The list starts with the number of its exchange, so that an older one is never taken
//! for it. Invariant: calls run in order, and none runs after one that failed.

use crate::board::command::{Command, Payload};
use crate::board::large::Large;
use crate::device::calls::literal;
use crate::device::class::{Item, ItemKind};
use crate::device::handle::Device;
use crate::device::large::Lifted;
use crate::device::limits::Limit;
use crate::device::state::{self, Run, State};
use crate::device::{arguments, calls};
use crate::error::{Error, Kind, Result};
use crate::origin::Origin;
use crate::value::{Remote, Value};
use std::fmt::Write as _;
use std::sync::Arc;

/// Longest source, in bytes, of the calls of one exchange: what a board with less than 64 KB of free memory compiles at once, and
/// what others do.
const SMALL_EXCHANGE: usize = 200;
const EXCHANGE: usize = 4096;

/// A call in a batch, checked.
pub struct BatchCall {
    item: Arc<Item>,
    /// Its arguments as source.
    arguments: String,
    /// Whether all of them are passed by position.
    positional: bool,
    /// The large values that the source uses.
    large: Vec<Large>,
    /// Objects of the board among them.
    objects: Vec<Remote>,
    /// The board's epoch in which it was checked.
    epoch: u64,
    at: Option<Origin>,
}

/// How an exchange ended.
enum Exchange {
    Done(BatchResult),
    /// The board has no memory to compile it: no call has run.
    TooLarge(Error),
    /// Nobody knows how many calls have run.
    Lost(Error),
}

/// What a batch gave: the results of the calls that ran, in order, and the error that ended it early.
#[derive(Default)]
pub struct BatchResult {
    /// One for each call that returned.
    pub values: Vec<Value>,
    /// The error of the next one.
    pub error: Option<Error>,
}

impl Device {
    /// Checks a call of a task for a batch; nothing is sent. `at`: the position of the call in the script.
    ///
    /// # Errors
    /// UnknownTaskError, ArgumentError, ClosedError.
    pub fn prepare(
        &self,
        name: &str,
        args: &[Value],
        named: &[(String, Value)],
        at: Option<&Origin>,
    ) -> Result<BatchCall> {
        let prepared = self.prepare_call(name, args, named, at);
        prepared.map_err(|error| state::called_at(error.with_device(self.name()), at))
    }

    fn prepare_call(
        &self,
        name: &str,
        args: &[Value],
        named: &[(String, Value)],
        at: Option<&Origin>,
    ) -> Result<BatchCall> {
        let mut state = self.lock();
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        let Some(bound) = state.find(name).filter(|bound| bound.item.options.register) else {
            return Err(calls::unknown(self.name(), name, &state));
        };
        let (item, is_generator) = (bound.item.clone(), bound.is_generator);
        if let Some(what) = excluded(&item, is_generator) {
            return Err(Error::new(Kind::ArgumentError, format!("{what} cannot be part of a batch"))
                .with_help(format!("call it outside of `batch`: `d.{name}(…)`"))
                .with_item(item.label()));
        }
        let values = arguments::bind(&item, args, named).map_err(|error| error.with_item(item.label()))?;
        let objects = self.admit_all(&mut state, &item, &values)?;
        let mut lifted = Lifted::new(&mut state);
        let source = arguments::source(&item, &values, &mut |value| lifted.lift(value));
        let source = source.map_err(|error| error.with_item(item.label()))?;
        let large = lifted.values;
        Ok(BatchCall {
            positional: arguments::positional_only(&values),
            arguments: source,
            large,
            item,
            objects,
            epoch: state.epoch,
            at: at.cloned(),
        })
    }

    /// Runs the calls in order, up to the first that fails.
    pub fn run_batch(&self, calls: &[BatchCall]) -> BatchResult {
        let mut values = Vec::new();
        let mut state = self.lock();
        let mut most = match &state.board {
            Some(board) if !board.is_small() => EXCHANGE,
            _ => SMALL_EXCHANGE,
        };
        while values.len() < calls.len() {
            let next = &calls[values.len()..];
            let next = &next[..fitting(next, most).min(self.with_one_limit(next))];
            match self.exchange(&mut state, next) {
                Exchange::TooLarge(_) if next.len() > 1 => most = most.min(next.iter().map(size).sum()) / 2,
                Exchange::TooLarge(error) => {
                    return BatchResult { error: Some(self.located(error, calls, values.len())), values };
                }
                Exchange::Lost(error) => {
                    let at = next.first().and_then(|call| call.at.as_ref());
                    let error = state::called_at(error.with_device(self.name()), at);
                    return BatchResult { values, error: Some(error) };
                }
                Exchange::Done(result) => {
                    values.extend(result.values);
                    if let Some(error) = result.error {
                        return BatchResult { error: Some(self.located(error, calls, values.len())), values };
                    }
                }
            }
        }
        BatchResult { values, error: None }
    }

    /// Runs calls in one exchange.
    fn exchange(&self, state: &mut State, calls: &[BatchCall]) -> Exchange {
        if self.is_closed() {
            return Exchange::Lost(state::closed(self.name()));
        }
        let stale = |call: &BatchCall| !call.objects.is_empty() && call.epoch != state.epoch;
        if calls.iter().any(stale) {
            return Exchange::Lost(
                Error::new(Kind::ConnectionLost, "an object in the arguments is gone: the board has restarted since")
                    .with_help("make the object again, and then the batch"),
            );
        }
        let number = i64::try_from(state.reserve(1)).unwrap_or(i64::MAX);
        let command = command(number, calls);
        let safe = calls.iter().all(|call| call.item.options.retry && call.objects.is_empty());
        let is_one = calls.iter().all(|call| Arc::ptr_eq(&call.item, &calls[0].item));
        let item = calls.first().filter(|_| is_one).map(|call| call.item.label());
        let run = Run { device: self.name(), item: item.as_ref(), piece: None, limit: self.batch_limit(calls) };
        let outcome = self.run_restoring(state, &run, &command, safe);
        let result = match outcome {
            Ok(payload) => match self.values_of(calls, &payload) {
                Some(values) => BatchResult { values, error: None },
                None => match self.one_by_one(state, number, calls) {
                    Ok(result) => result.unwrap_or_default(),
                    Err(error) => return Exchange::Lost(error),
                },
            },
            Err(error) if state.is_unsettled() || error.kind() == Kind::ConnectionLost => return Exchange::Lost(error),
            // It is still usable: ask it how far it came.
            Err(error) => match self.one_by_one(state, number, calls) {
                Ok(Some(mut result)) => {
                    result.error = result.error.or(Some(error));
                    result
                }
                // Nothing has run.
                Ok(None) if error.is_raised("MemoryError") => return Exchange::TooLarge(error),
                Ok(None) | Err(_) => return Exchange::Lost(error),
            },
        };
        for call in calls.iter().take(result.values.len()) {
            if call.item.options.record && call.objects.is_empty() {
                state.journal.ran(&Command::expression(&call.source()).with_large(call.large.clone()));
            }
        }
        Exchange::Done(result)
    }

    /// How many of the calls have a timeout, or how many have none.
    fn with_one_limit(&self, calls: &[BatchCall]) -> usize {
        let has_limit = |call: &&BatchCall| self.limit(&call.item).timeout.is_some();
        let first = calls.first().is_some_and(|call| has_limit(&call));
        calls.iter().take_while(|call| has_limit(call) == first).count()
    }

    /// The time for all calls: the sum of their timeouts.
    fn batch_limit(&self, calls: &[BatchCall]) -> Limit {
        let timeout = calls.iter().map(|call| self.limit(&call.item).timeout).sum();
        Limit { timeout, interruptible: true }
    }

    /// The values of a reply; `None` if one of them is not a literal.
    fn values_of(&self, calls: &[BatchCall], payload: &Payload) -> Option<Vec<Value>> {
        let Ok(Value::List(values)) = payload.value() else { return None };
        let pairs = calls.iter().zip(values.into_iter().skip(1));
        pairs.map(|(call, value)| self.value_of(call, value).ok()).collect()
    }

    /// The value of a call. That of a `trusted` task came as its `repr`.
    fn value_of(&self, call: &BatchCall, value: Value) -> Result<Value> {
        match value {
            Value::Str(text) if call.item.options.trusted => self.value(&call.item, Payload::Repr(text)),
            value => Ok(value),
        }
    }

    /// Asks for the results of an exchange, each as its `repr`, up to the first that is not a literal. `None`: it has not begun.
    fn one_by_one(&self, state: &mut State, number: i64, calls: &[BatchCall]) -> Result<Option<BatchResult>> {
        let run = Run { device: self.name(), item: None, piece: None, limit: self.default_limit() };
        let command = Command::expression("list(map(repr,globals().get('__belay_m',())))");
        let Value::List(texts) = state.run(self.host(), &run, &command).and_then(literal)? else { return Ok(None) };
        let mut texts = texts.into_iter();
        if texts.next() != Some(Value::Str(number.to_string())) {
            return Ok(None);
        }
        let mut values = Vec::new();
        for (call, text) in calls.iter().zip(texts) {
            let Value::Str(text) = text else { break };
            let value = self.value(&call.item, Payload::Repr(text)).and_then(|value| self.value_of(call, value));
            match value {
                Ok(value) => values.push(value),
                Err(error) => return Ok(Some(BatchResult { values, error: Some(error) })),
            }
        }
        Ok(Some(BatchResult { values, error: None }))
    }

    /// The error with the call that caused it. `done`: the calls before that.
    fn located(&self, error: Error, calls: &[BatchCall], done: usize) -> Error {
        let error = error.with_device(self.name());
        match calls.get(done) {
            Some(call) => state::called_at(error.with_item(call.item.label()), call.at.as_ref()),
            // All have run, but the board has no memory to send the results.
            None => error,
        }
    }
}

/// What an item is that cannot be part of a batch.
fn excluded(item: &Item, is_generator: bool) -> Option<String> {
    let name = &item.name;
    match item.kind {
        ItemKind::Task if is_generator => Some(format!("the generator task `{name}`")),
        ItemKind::Task if item.options.return_time => Some(format!("`{name}`, which has `return_time`,")),
        ItemKind::Task => None,
        kind => Some(format!("the {} `{name}`", kind.word())),
    }
}

impl BatchCall {
    fn source(&self) -> String {
        format!("{}({})", self.item.name, self.arguments)
    }

    /// Whether it can go round in a loop with `other`.
    fn is_like(&self, other: &BatchCall) -> bool {
        self.positional && other.positional && Arc::ptr_eq(&self.item, &other.item)
    }
}

/// Most rounds of a loop: its arguments are on the board's stack together.
const ROUNDS: usize = 100;

/// The calls, those of one loop together.
fn loops(calls: &[BatchCall]) -> impl Iterator<Item = &[BatchCall]> {
    calls.chunk_by(BatchCall::is_like).flat_map(|alike| alike.chunks(ROUNDS))
}

/// How many of the calls, at least one, make a command of at most about `most` bytes.
fn fitting(calls: &[BatchCall], most: usize) -> usize {
    let mut left = most;
    let mut before: Option<&BatchCall> = None;
    let fit = calls.iter().take_while(|call| {
        let size = if before.is_some_and(|before| before.is_like(call)) { weight(call) + 4 } else { size(call) };
        before = Some(call);
        let rest = left.checked_sub(size);
        left = rest.unwrap_or(0);
        rest.is_some()
    });
    fit.count().max(1)
}

/// About how many bytes a call takes that is alone on its line.
fn size(call: &BatchCall) -> usize {
    call.item.name.len() + weight(call) + 40
}

/// How many bytes its arguments take.
fn weight(call: &BatchCall) -> usize {
    call.arguments.len() + call.large.iter().map(Large::size).sum::<usize>()
}

/// The command of calls in the exchange of this number.
fn command(number: i64, calls: &[BatchCall]) -> Command {
    // On a board that has restarted unnoticed, the helper is what is missing first, and not the task.
    let mut code = format!("__belay;__belay_m=[{number}]\n");
    for alike in loops(calls) {
        let [call, rest @ ..] = alike else { continue };
        let name = &call.item.name;
        let (before, after) = if call.item.options.trusted { ("repr(", ")") } else { ("", "") };
        if rest.is_empty() {
            let _ = writeln!(code, "__belay_m+={before}{}{after},", call.source());
            continue;
        }
        code.push_str("for __belay_v in");
        for call in alike {
            let comma = if call.arguments.is_empty() { "" } else { "," };
            let _ = write!(code, "({}{comma}),", call.arguments);
        }
        code.pop();
        let _ = writeln!(code, ":__belay_m+={before}{name}(*__belay_v){after},");
    }
    code.push_str("__belay(__belay_m)");
    Command::simple(code).with_large(calls.iter().flat_map(|call| call.large.iter().cloned()).collect())
}
