//! Tables of parameters: `test "name" for row in ROWS { … }` is a test for each row.
//!
//! Invariant: the rows of a table have different names.

use super::failing::fail;
use crate::bench::numbers;
use crate::error::{Error, Kind};
use crate::script::errors::Fallible;
use crate::script::objects::convert::describe;
use crate::script::objects::values::BigInteger;
use rhai::{Array, Dynamic, ImmutableString, Map, Position};
use serde_json::Value;

/// The key of a row that names it.
const NAME: &str = "name";

/// A row of a table.
pub struct Row {
    /// The variable that holds it.
    pub variable: ImmutableString,
    pub value: Dynamic,
}

impl Row {
    /// What distinguishes its test: `volts=1, range=5`.
    pub fn label(&self) -> String {
        let Some(map) = self.value.read_lock::<Map>() else {
            return format!("{}={}", self.variable, text(&self.value));
        };
        if let Some(name) = map.get(NAME).and_then(|name| name.read_lock::<ImmutableString>())
            && !name.is_empty()
        {
            return name.to_string();
        }
        map.iter().map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join(", ")
    }

    /// The parameters for the report.
    pub fn parameters(&self) -> serde_json::Map<String, Value> {
        match self.value.read_lock::<Map>() {
            Some(map) => map.iter().map(|(name, value)| (name.to_string(), json(value))).collect(),
            None => [(self.variable.to_string(), json(&self.value))].into_iter().collect(),
        }
    }
}

/// The rows of a table: of an array, or the numbers of a range.
pub fn rows(variable: &str, table: &Dynamic, source: &str, position: Position) -> Fallible<Vec<Row>> {
    let refuse = |message: String, help: &str| {
        Err(fail(Error::new(Kind::DeclarationError, message).with_help(help), source, position))
    };
    let values: Vec<Dynamic> = if let Some(array) = table.read_lock::<Array>() {
        array.clone()
    } else if let Some(range) = table.read_lock::<std::ops::Range<i64>>() {
        range.clone().map(Dynamic::from_int).collect()
    } else if let Some(range) = table.read_lock::<std::ops::RangeInclusive<i64>>() {
        range.clone().map(Dynamic::from_int).collect()
    } else {
        return refuse(
            format!("the rows of a test are {}", describe(table)),
            "use an array of maps or values, or a range",
        );
    };
    if values.is_empty() {
        return refuse("the table of the test has no rows".to_owned(), "a test without rows checks nothing");
    }
    let row = |value: Dynamic| Row { variable: variable.into(), value: value.flatten() };
    Ok(values.into_iter().map(row).collect())
}

/// A parameter as JSON; what JSON lacks becomes a string.
pub fn json(value: &Dynamic) -> Value {
    if let Ok(whole) = value.as_int() {
        return whole.into();
    }
    if let Ok(number) = value.as_float() {
        return numbers::to_json(number);
    }
    if let Ok(on) = value.as_bool() {
        return on.into();
    }
    match value.read_lock::<Array>() {
        Some(items) => items.iter().map(json).collect(),
        None => text(value).into(),
    }
}

/// A parameter in a name: a whole float has no decimal point.
fn text(value: &Dynamic) -> String {
    if let Ok(number) = value.as_float() {
        return number.to_string();
    }
    if let Some(whole) = value.read_lock::<BigInteger>() {
        return whole.0.to_string();
    }
    let shown = value.to_string();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_by_their_values() {
        let label = |value: Dynamic| Row { variable: "n".into(), value }.label();
        let map = |pairs: &[(&str, Dynamic)]| {
            Dynamic::from_map(pairs.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
        };
        assert_eq!(label(Dynamic::from_int(3)), "n=3");
        assert_eq!(label(map(&[("volts", Dynamic::from_float(1.0)), ("range", "5 V".into())])), "range=5 V, volts=1");
        assert_eq!(label(map(&[("volts", Dynamic::from_float(0.25)), ("name", "low".into())])), "low");
    }

    #[test]
    fn ranges_are_tables_too() {
        let count = |table: Dynamic| rows("n", &table, "t", Position::NONE).map(|rows| rows.len()).ok();
        assert_eq!(count(Dynamic::from(0..3_i64)), Some(3));
        assert_eq!(count(Dynamic::from(0..=3_i64)), Some(4));
        assert_eq!(count(Dynamic::from_array(Vec::new())), None);
        assert_eq!(count(Dynamic::from_int(3)), None);
    }
}
