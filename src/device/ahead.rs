//! Items of a generator that travel together, with `prefetch`.
//!
//! Invariants: items and the error after them come in the order in which the board computed them; a list on the board starts with the
//! serial number of its exchange, so that an older one is never taken for it.

use crate::board::Helper;
use crate::board::command::{Command, Payload};
use crate::board::large::Large;
use crate::device::calls::literal;
use crate::device::class::Item;
use crate::device::handle::Device;
use crate::device::limits::Limit;
use crate::device::state::{Run, State};
use crate::error::{Error, Kind, Result};
use crate::value::Value;
use std::collections::VecDeque;
use std::time::Duration;

/// For how long a board computes items before it sends what it has (`src/board/snippets/prefetch.py`).
const COLLECTING: Duration = Duration::from_millis(50);

/// The items that are here before the script asks for them.
#[derive(Default)]
pub(super) struct Ahead {
    items: VecDeque<Value>,
    /// What comes after them.
    error: Option<Error>,
    /// Whether the generator has ended on the board.
    pub ended: bool,
    serial: i64,
}

/// A generator on a board.
pub(super) struct Source<'a> {
    pub device: &'a Device,
    pub item: &'a Item,
    pub number: u64,
    pub run: Run<'a>,
}

impl Ahead {
    /// The next one that is here.
    pub fn next(&mut self) -> Option<Result<Value>> {
        self.items.pop_front().map(Ok).or_else(|| self.error.take().map(Err))
    }

    /// Nothing more comes.
    pub fn clear(&mut self) {
        *self = Ahead { ended: true, ..Ahead::default() };
    }

    /// Asks the board for items. `start`: a statement before that, and the large values that it uses.
    pub fn fetch(
        &mut self,
        state: &mut State,
        source: &Source<'_>,
        (start, large): (String, Vec<Large>),
    ) -> Result<()> {
        let host = source.device.host();
        state.need(host, &source.run, Helper::Generators)?;
        state.need(host, &source.run, Helper::Prefetch)?;
        self.serial += 1;
        let (number, most) = (source.number, source.item.options.prefetch);
        let command = Command::new(format!("{start}__belay_g({number},{},{most})", self.serial)).with_large(large);
        let run = Run { limit: with_collecting(source.run.limit), ..source.run };
        match state.run(host, &run, &command) {
            Ok(payload) => {
                self.ended = matches!(payload, Payload::Stop(_));
                match payload.value() {
                    Ok(Value::List(items)) if items.first() == Some(&Value::Int(self.serial)) => {
                        self.items = items.into_iter().skip(1).collect();
                    }
                    _ => self.one_by_one(state, source)?,
                }
                if self.items.is_empty() && self.error.is_none() && !self.ended {
                    return Err(Error::new(Kind::ProtocolError, "the items of the generator did not arrive"));
                }
                Ok(())
            }
            Err(error) if state.is_unsettled() => Err(error),
            // Those before the error are on the board, if it was interrupted.
            Err(error) => {
                self.ended = true;
                let _ = self.one_by_one(state, source);
                self.error = self.error.take().or(Some(error));
                Ok(())
            }
        }
    }

    /// Asks for the items of the last exchange, each as its `repr`, up to the first that is not a literal.
    fn one_by_one(&mut self, state: &mut State, source: &Source<'_>) -> Result<()> {
        let run = Run { limit: source.device.default_limit(), ..source.run };
        let command = Command::expression("list(map(repr,__belay_d.get(0,())))");
        let Value::List(texts) = state.run(source.device.host(), &run, &command).and_then(literal)? else {
            return Ok(());
        };
        let mut texts = texts.into_iter();
        if texts.next() != Some(Value::Str(self.serial.to_string())) {
            return Ok(());
        }
        for text in texts {
            let Value::Str(text) = text else { continue };
            match source.device.value(source.item, Payload::Repr(text)) {
                Ok(item) => self.items.push_back(item),
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The limit of one item, and of those before it.
fn with_collecting(limit: Limit) -> Limit {
    Limit { timeout: limit.timeout.map(|timeout| timeout + COLLECTING), ..limit }
}
