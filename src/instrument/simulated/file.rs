//! A `sim-instrument:` file: TOML with the fields of a [`Definition`].
//!
//! Invariant: every error names the file.

use super::Definition;
use crate::error::{Error, Kind, Result};
use crate::value::Value;
use toml_edit::{Document, Item, Value as Toml};

pub(super) fn read(name: &str, text: &str) -> Result<Definition> {
    let document = Document::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        let why = error.message().lines().map(str::trim).collect::<Vec<_>>().join("; ");
        Error::new(Kind::ParseError, format!("invalid TOML in line {line} of `{name}`: {why}"))
    })?;
    let table = document.as_table().iter().map(|(key, item)| (Value::Str(key.to_owned()), of_item(item)));
    Definition::read(&Value::Dict(table.collect())).map_err(|error| {
        let wrong = Error::new(error.kind(), format!("in `{name}`: {}", error.message()));
        match error.help() {
            Some(help) => wrong.with_help(help.to_owned()),
            None => wrong,
        }
    })
}

fn of_item(item: &Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return Value::Dict(table.iter().map(|(key, item)| (Value::Str(key.to_owned()), of_item(item))).collect());
    }
    if let Some(tables) = item.as_array_of_tables() {
        return Value::List(tables.iter().map(|table| of_item(&Item::Table(table.clone()))).collect());
    }
    item.as_value().map_or(Value::None, of_value)
}

fn of_value(value: &Toml) -> Value {
    match value {
        Toml::String(text) => Value::Str(text.value().clone()),
        Toml::Integer(number) => Value::Int(*number.value()),
        Toml::Float(number) => Value::Float(*number.value()),
        Toml::Boolean(flag) => Value::Bool(*flag.value()),
        Toml::Datetime(time) => Value::Str(time.value().to_string()),
        Toml::Array(items) => Value::List(items.iter().map(of_value).collect()),
        Toml::InlineTable(table) => {
            Value::Dict(table.iter().map(|(key, value)| (Value::Str(key.to_owned()), of_value(value))).collect())
        }
    }
}
