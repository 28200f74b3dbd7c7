//! Tables: rows with named columns, judged by column.
//!
//! Invariant: a row that does not fit the columns fails the measurement.

use super::list::{List, Values};
use super::parts::{LIST, ListLimits};
use super::plan::{precision, rounded};
use super::read::{Read, inside, items, named, pairs, text, unit, unknown, wrong};
use super::{Column, Measurement};
use crate::value::Value;

/// The options of a column.
pub const COLUMN: &[&str] = &["name", "unit", "precision", "doc"];

/// Usage of `columns`.
const USAGE: &str =
    "use an array of maps: `[#{ name: \"frequency\", unit: \"Hz\" }, #{ name: \"gain\", all: #{ min: -3 } }]`";

/// The columns of a table, with the limits of each.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The columns, in order.
    pub columns: Vec<ColumnLimits>,
}

/// A column and its limits.
#[derive(Clone, Debug, Default)]
pub struct ColumnLimits {
    pub head: Column,
    pub limits: ListLimits,
    doc: String,
    precision: Option<u8>,
}

impl Table {
    /// Reads the option `columns`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(path: &str, value: &Value) -> Read<Table> {
        let mut table = Table::default();
        for (index, column) in items(path, value, USAGE)?.iter().enumerate() {
            let at = format!("{path}[{index}]");
            let column = ColumnLimits::read(&at, column)?;
            if table.columns.iter().any(|other| other.head.name == column.head.name) {
                return wrong(path, format!("two columns have the name `{}`", column.head.name), "rename one of them");
            }
            table.columns.push(column);
        }
        if table.columns.is_empty() {
            return wrong(path, format!("`{path}` is empty"), USAGE);
        }
        Ok(table)
    }

    /// Whether a column has limits.
    pub fn is_judged(&self) -> bool {
        self.columns.iter().any(|column| !column.limits.is_empty())
    }

    /// The columns as records name them.
    pub fn heads(&self) -> Vec<Column> {
        self.columns.iter().map(|column| column.head.clone()).collect()
    }

    /// The rows by column, in the order of the columns.
    ///
    /// # Errors
    /// Which row does not fit.
    pub fn split(&self, rows: &[Value]) -> Result<Vec<Vec<Value>>, String> {
        let mut columns = vec![Vec::with_capacity(rows.len()); self.columns.len()];
        for (index, row) in rows.iter().enumerate() {
            match row {
                Value::List(cells) | Value::Tuple(cells) if cells.len() == columns.len() => {
                    columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell.clone()));
                }
                Value::List(cells) | Value::Tuple(cells) => {
                    return Err(format!("row [{index}] has {} values for {} columns", cells.len(), columns.len()));
                }
                Value::Dict(pairs) | Value::OrderedDict(pairs) => {
                    let is_known = |key: &Value| matches!(key, Value::Str(key) if self.columns.iter().any(|column| column.head.name == *key));
                    if let Some((Value::Str(key), _)) = pairs.iter().find(|(key, _)| !is_known(key)) {
                        return Err(format!("row [{index}] has `{key}`, which is not a column"));
                    }
                    for (column, cells) in self.columns.iter().zip(&mut columns) {
                        let cell = pairs.iter().find(|(key, _)| *key == Value::Str(column.head.name.clone()));
                        match cell {
                            Some((_, cell)) => cells.push(cell.clone()),
                            None => return Err(format!("row [{index}] has no `{}`", column.head.name)),
                        }
                    }
                }
                other => return Err(format!("row [{index}] is {}, not an array or a map", named(other))),
            }
        }
        for (cells, column) in columns.iter_mut().zip(&self.columns) {
            if let Some(digits) = column.precision {
                cells.iter_mut().for_each(|cell| *cell = rounded(cell, digits));
            }
        }
        Ok(columns)
    }

    /// Judges the columns; the measurements are the parts of a table. `x` of a column are the values of the first one, if they
    /// are numbers.
    pub fn judge(&self, mut cells: Vec<Vec<Value>>) -> Vec<Measurement> {
        let first = cells.first().cloned().map(Values::of);
        let x = match &first {
            Some(Values::Numbers(numbers)) if numbers.iter().all(|number| number.is_finite()) => Some(numbers.clone()),
            _ => None,
        };
        let head = self.columns.first().map(|column| column.head.clone()).unwrap_or_default();
        let judged = self.columns.iter().enumerate().filter(|(_, column)| !column.limits.is_empty());
        judged
            .map(|(index, column)| {
                let list = List {
                    values: Values::of(std::mem::take(&mut cells[index])),
                    x: x.clone().filter(|_| index > 0),
                    x_name: head.name.clone(),
                    x_unit: head.unit.clone(),
                    noun: "column",
                };
                column.judge(&list)
            })
            .collect()
    }
}

impl ColumnLimits {
    fn read(path: &str, value: &Value) -> Read<ColumnLimits> {
        let mut column = ColumnLimits::default();
        if let Value::Str(name) = value {
            column.head.name.clone_from(name);
            return Ok(column);
        }
        for (key, value) in pairs(path, value, USAGE)? {
            let at = inside(path, key);
            match key {
                "name" => column.head.name = text(&at, value, "use a string")?,
                "unit" => column.head.unit = unit(&at, value)?,
                "doc" => column.doc = text(&at, value, "use a string")?,
                "precision" => column.precision = Some(precision(&at, value)?),
                _ if column.limits.read(path, key, value)? => {}
                _ => return unknown(path, key, "a column", &[COLUMN, LIST].concat()),
            }
        }
        if column.head.name.is_empty() {
            return wrong(path, format!("`{path}` has no name"), USAGE);
        }
        Ok(column)
    }

    /// Judges its values; what it computes of them are parts.
    pub fn judge(&self, list: &List) -> Measurement {
        let mut item = Measurement {
            name: self.head.name.clone(),
            unit: self.head.unit.clone(),
            doc: self.doc.clone(),
            precision: self.precision,
            value: serde_json::json!({ "values": list.values.len() }),
            ..Measurement::default()
        };
        self.limits.judge(list, &self.head.unit).into_iter().for_each(|part| item.add_part(part));
        item
    }

    /// Rounds numbers of a series as this column asks for.
    pub fn rounded(&self, numbers: &mut [f64]) {
        if let Some(digits) = self.precision {
            numbers.iter_mut().for_each(|number| *number = super::plan::round(*number, digits));
        }
    }
}
