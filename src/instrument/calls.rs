//! Calls of declared items: arguments are checked and written, replies read as declared.
//!
//! Uses [`super::class`]. Invariants: nothing is sent before every argument is accepted; a teardown runs whatever else failed.

use super::class::{Item, ItemKind, Param, ParamKind, Returns};
use super::handle::{CallOptions, Instrument, block_of, checked, numbers_of};
use super::link::{Limits, Link};
use crate::error::{Error, Kind, Result};
use crate::interrupt;
use crate::phrase::{arguments, did_you_mean};
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// Converts a text such as `500 mV` to a number of this unit; `None` if it is not a number with a unit that fits.
pub type Convert = fn(&str, &str) -> Option<f64>;

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
    let wrong =
        |message: String| Error::new(Kind::ArgumentError, message).with_help(format!("it is `{}`", item.signature()));
    if positional.len() > item.params.len() {
        let (most, given) = (arguments(item.params.len()), positional.len());
        return Err(wrong(format!("`{}` takes {most}, not {given}", item.name)));
    }
    for (name, _) in named {
        match item.params.iter().position(|param| param.name == *name) {
            Some(index) if index < positional.len() => {
                return Err(wrong(format!("`{}` got two values for `{name}`", item.name)));
            }
            Some(_) => {}
            None => {
                let error = wrong(format!("`{}` has no parameter `{name}`", item.name));
                let near = crate::name::nearest(name, item.params.iter().map(|param| param.name.as_str()));
                return Err(near.map_or(error.clone(), |near| error.with_help(did_you_mean(near))));
            }
        }
    }
    let mut values = Vec::new();
    for (index, param) in item.params.iter().enumerate() {
        let given = positional
            .get(index)
            .or_else(|| named.iter().find(|(name, _)| *name == param.name).map(|(_, value)| value));
        let value = match (given, &param.default) {
            (Some(value), _) => in_unit(param, value, convert),
            (None, Some(default)) => default.clone(),
            (None, None) => return Err(wrong(format!("`{}` needs a value for `{}`", item.name, param.name))),
        };
        param.accept(&value).map_err(|reason| wrong(format!("`{}` is {reason}", param.name)))?;
        values.push(value);
    }
    Ok(values)
}

/// A text with a unit as a number of the parameter's unit.
fn in_unit(param: &Param, value: &Value, convert: Convert) -> Value {
    match value {
        Value::Str(text) if !param.unit.is_empty() && matches!(param.kind, ParamKind::Float | ParamKind::Any) => {
            convert(text, &param.unit).map_or_else(|| value.clone(), Value::Float)
        }
        _ => value.clone(),
    }
}
