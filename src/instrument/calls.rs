//! Calls of declared items: arguments are checked and written, replies read as declared.
//!
//! Uses [`super::class`]. Invariants: nothing is sent before every argument is accepted; a teardown runs whatever else failed.

use super::class::{Item, ItemKind, Returns};
use super::handle::{CallOptions, Instrument, block_of, checked, numbers_of};
use super::link::{Limits, Link};
use crate::error::{Error, Kind, Result};
use crate::interrupt;
use crate::message::{self, Convert};
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long a teardown may take that names no limit of its own.
const TEARDOWN: Duration = Duration::from_secs(10);

impl Instrument {
    /// The item of this name for its model.
    pub fn item(&self, name: &str) -> Option<&Arc<Item>> {
        self.0.items.iter().find(|item| item.name == name)
    }

    /// The items of its class for its model.
    pub fn items(&self) -> &[Arc<Item>] {
        &self.0.items
    }

    /// Calls an item with arguments in order, and by name.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] before anything is sent; [`Kind::ProtocolError`] for a reply that is not as declared; as
    /// [`Instrument::write`].
    pub fn call(
        &self,
        item: &Item,
        positional: &[Value],
        named: &[(String, Value)],
        convert: Convert,
    ) -> Result<Value> {
        let named_error = |error: Error| error.with_device(self.name()).with_item(item.label());
        let values = bind(item, positional, named, convert).map_err(named_error)?;
        self.run(item, &values, None).map_err(named_error)
    }

    fn run(&self, item: &Item, values: &[Value], teardown: Option<Duration>) -> Result<Value> {
        let messages = item.render(values)?;
        let options = CallOptions {
            timeout: teardown.or(item.options.timeout),
            check_errors: item.options.check_errors,
            undisturbed: teardown.is_some(),
        };
        let outcome = self.with(options, |link, limits| send(link, item, &messages, options, limits));
        match outcome {
            Err(error) if item.options.ignore_errors && error.kind() == Kind::InstrumentError => Ok(Value::None),
            other => other,
        }
    }

    /// Runs the setups that run on open.
    pub(super) fn set_up(&self) -> Result<()> {
        for item in self.0.items.iter().filter(|item| item.kind == ItemKind::Setup && item.options.autoinit) {
            let values = bind(item, &[], &[], |_, _| None)?;
            self.run(item, &values, None).map_err(|error| error.with_item(item.label()))?;
        }
        Ok(())
    }

    /// Runs the teardowns.
    pub(super) fn tear_down(&self) -> Result<()> {
        let mut failed: Option<Error> = None;
        for item in self.0.items.iter().filter(|item| item.kind == ItemKind::Teardown) {
            let limit = interrupt::teardown_limit(item.options.timeout, self.timeout().min(TEARDOWN));
            let done = bind(item, &[], &[], |_, _| None).and_then(|values| self.run(item, &values, Some(limit)));
            if let Err(error) = done {
                let error = error.with_device(self.name()).with_item(item.label());
                failed = Some(match failed {
                    Some(first) => first.with_other(error),
                    None => error,
                });
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Sends the messages of an item, and reads the reply of a query.
fn send(link: &mut Link, item: &Item, messages: &[String], options: CallOptions, limits: Limits) -> Result<Value> {
    let Some((last, before)) = messages.split_last() else { return Ok(Value::None) };
    for message in before {
        link.write(message, limits)?;
        checked(link, message, options, limits)?;
    }
    if item.kind != ItemKind::Query {
        link.write(last, limits)?;
        checked(link, last, options, limits)?;
        return Ok(Value::None);
    }
    match item.returns {
        Returns::List => {
            let data = link.query_data(last, limits)?;
            checked(link, last, options, limits)?;
            numbers_of(last, data, item.options.numbers).map(Value::List)
        }
        Returns::Block => {
            let data = link.query_data(last, limits)?;
            checked(link, last, options, limits)?;
            block_of(data).map(Value::Bytes)
        }
        returns => {
            let line = link.query(last, limits)?;
            checked(link, last, options, limits)?;
            returns.value(&line).ok_or_else(|| {
                let shown: String = line.chars().take(40).collect();
                let message = format!(
                    "the reply to `{last}` is `{}`, not a value of type `{}`",
                    shown.escape_debug(),
                    returns.word()
                );
                Error::new(Kind::ProtocolError, message)
                    .with_help("check the query, or declare another type after `->`")
            })
        }
    }
}

/// One value for each parameter.
fn bind(item: &Item, positional: &[Value], named: &[(String, Value)], convert: Convert) -> Result<Vec<Value>> {
    message::bind(&item.name, &item.params, &item.signature(), (positional, named), convert)
}
