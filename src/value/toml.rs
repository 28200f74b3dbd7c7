//! Reads TOML as a [`Value`].
//!
//! Pure.

use super::Value;
use crate::error::{Error, Kind, Result};
use toml_edit::{Document, Item, Value as Toml};

/// Reads a document as a dict with `read`, whose errors then name the document.
///
/// # Errors
/// [`Kind::ParseError`] with the line; those of `read`.
pub fn read<T>(name: &str, text: &str, read: impl FnOnce(&Value) -> Result<T>) -> Result<T> {
    let document = Document::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        let why = error.message().lines().map(str::trim).collect::<Vec<_>>().join("; ");
        Error::new(Kind::ParseError, format!("invalid TOML in line {line} of `{name}`: {why}"))
    })?;
    let pairs = document.as_table().iter().map(|(key, item)| (Value::Str(key.to_owned()), of_item(item)));
    read(&Value::Dict(pairs.collect())).map_err(|error| {
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

/// A single value; a date or time is a string.
pub fn of_value(value: &Toml) -> Value {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_dicts_and_errors_name_them() {
        let text = "a = 1\nb = [true, 2.5]\n[c]\nd = {e = 'x'}\n[[f]]\n[[f]]\ng = 1979-05-27\n";
        let seen = read("a.toml", text, |value| Ok(crate::value::write::literal(value).unwrap())).unwrap();
        assert_eq!(seen, "{'a':1,'b':[True,2.5],'c':{'d':{'e':'x'}},'f':[{},{'g':'1979-05-27'}]}");
        let error = read("a.toml", "a = 1\nb = ", |_| Ok(())).unwrap_err();
        assert!(error.message().starts_with("invalid TOML in line 2 of `a.toml`: "), "{error}");
        let refused = |_: &Value| Err::<(), _>(Error::new(Kind::ArgumentError, "no").with_help("do"));
        let error = read("a.toml", "", refused).unwrap_err();
        assert_eq!((error.kind(), error.message(), error.help()), (Kind::ArgumentError, "in `a.toml`: no", Some("do")));
    }
}
