//! The options of `measure`, and how a value is judged by them.
//!
//! The order: the value is converted to the unit of the limits, rounded, and judged. Invariant: what was judged is recorded,
//! and the value before it as `raw`.

use super::Measurement;
use super::limits::Limits;
use super::list::{List, Values};
use super::parts::{ListLimits, needs_list};
use super::read::{Read, finite, flag, items, named, text, to_json, unit, unknown, wrong};
use super::table::Table;
use crate::bench::units;
use crate::value::Value;
use serde_json::{Value as Json, json};

/// The options of `measure`.
pub const OPTIONS: &[&str] = &[
    "unit",
    "min",
    "max",
    "marginal_min",
    "marginal_max",
    "marginal_percent",
    "equals",
    "within_percent",
    "matches",
    "all",
    "stays",
    "count",
    "mean",
    "median",
    "rms",
    "stdev",
    "peak_to_peak",
    "slope",
    "monotonic",
    "envelope",
    "x",
    "x_unit",
    "columns",
    "variants",
    "precision",
    "doc",
    "must",
    "by",
    "check",
    "transform",
];

/// The options whose values are closures or instruments, which a station file cannot have.
pub const CLOSURES: &[&str] = &["by", "check", "transform"];

/// Most digits after the decimal point: a float has no more.
const MOST_DIGITS: i64 = 15;

/// What a measurement must meet.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Unit of the limits.
    unit: String,
    /// Unit of the value, if another one was given.
    value_unit: Option<String>,
    doc: String,
    /// Whether a failure ends the test.
    pub must: bool,
    single: Limits,
    list: ListLimits,
    table: Option<Table>,
    precision: Option<u8>,
    x: Option<Vec<f64>>,
    x_unit: String,
    /// Whether checks of the script follow: then nan, nothing and an empty list fail, too.
    pub is_checked: bool,
}

/// What is measured.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A value.
    Value(Value),
    /// A series.
    Series(SeriesSamples),
}

/// The samples of a series.
#[derive(Clone, Debug, Default)]
pub struct SeriesSamples {
    /// Its name.
    pub name: String,
    /// Unit of its columns; may be empty.
    pub unit: String,
    /// Names of its columns.
    pub columns: Vec<String>,
    /// The times of the samples, in seconds from the first one.
    pub times: Vec<f64>,
    /// The values, by column.
    pub values: Vec<Vec<f64>>,
}

/// A judged value.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What is recorded.
    pub measurement: Measurement,
    /// The value that was judged, if it is another one than the value that was given.
    pub changed: Option<Value>,
}

impl Plan {
    /// Reads options; `value_unit` is the unit of the value, if it is another one than that of the limits.
    ///
    /// # Errors
    /// Which option is wrong.
    pub fn read<'v>(options: impl IntoIterator<Item = (&'v str, &'v Value)>, value_unit: Option<String>) -> Read<Plan> {
        let mut plan = Plan { value_unit, ..Plan::default() };
        for (key, value) in options {
            match key {
                "unit" => plan.unit = unit(key, value)?,
                "doc" => plan.doc = text(key, value, "use a string")?,
                "must" => plan.must = flag(key, value)?,
                "precision" => plan.precision = Some(precision(key, value)?),
                "x" => plan.x = Some(axis(key, value)?),
                "x_unit" => plan.x_unit = unit(key, value)?,
                "columns" => plan.table = Some(Table::read(key, value)?),
                _ if plan.single.read("", key, value)? || plan.list.read("", key, value)? => {}
                _ => return unknown("", key, "`measure`", OPTIONS),
            }
        }
        plan.single.complete("")?;
        plan.check()?;
        Ok(plan)
    }

    /// Refuses options that have no effect together.
    fn check(&self) -> Read<()> {
        if self.table.is_some() {
            let other = [
                (!self.single.is_empty(), self.single.first()),
                (!self.list.is_empty(), self.list.first()),
                (self.x.is_some(), "x"),
                (!self.unit.is_empty(), "unit"),
                (self.precision.is_some(), "precision"),
            ];
            if let Some((_, option)) = other.into_iter().find(|(given, _)| *given) {
                let help = "write limits, `unit` and `precision` into the maps of the columns";
                return wrong("columns", format!("`columns` and `{option}` are both given"), help);
            }
        }
        if !self.x_unit.is_empty() && self.x.is_none() {
            return wrong("x_unit", "`x_unit` without `x`", "add `x`: an array with the place of each value");
        }
        if let Some(from) = &self.value_unit
            && self.conversion(from).is_none()
        {
            let help = format!("measure in a unit that differs from `{}` by its prefix alone", self.unit);
            return wrong(
                "unit",
                format!("`{from}` cannot be converted to `{}`, the unit of the limits", self.unit),
                help,
            );
        }
        Ok(())
    }

    /// The power of ten by which numbers of a unit are multiplied.
    fn conversion(&self, from: &str) -> Option<i32> {
        if self.unit.is_empty() { Some(0) } else { units::conversion(from, &self.unit) }
    }

    /// Whether there is any condition.
    pub fn is_judged(&self) -> bool {
        let table = self.table.as_ref().is_some_and(Table::is_judged);
        !self.single.is_empty() || !self.list.is_empty() || table || self.is_checked
    }

    /// Judges a value.
    ///
    /// # Errors
    /// If the options do not fit what is measured: columns that a series lacks, units that cannot be converted.
    pub fn judge(&self, name: &str, subject: Subject) -> Read<Judged> {
        let mut item = Measurement {
            name: name.to_owned(),
            unit: self.unit.clone(),
            doc: self.doc.clone(),
            precision: self.precision,
            ..Measurement::default()
        };
        match subject {
            Subject::Series(samples) => {
                self.judge_series(samples, &mut item)?;
                Ok(Judged { measurement: item, changed: None })
            }
            Subject::Value(value) => {
                let changed = self.judge_value(value, &mut item);
                Ok(Judged { measurement: item, changed })
            }
        }
    }

    /// Converts and rounds a value.
    fn prepare(&self, value: Value, item: &mut Measurement) -> (Value, bool) {
        let from = self.value_unit.as_deref().filter(|from| *from != self.unit);
        if from.is_none() && self.precision.is_none() {
            return (value, false);
        }
        item.raw = Some(to_json(&value));
        let mut new = value;
        if let Some(from) = from {
            if self.unit.is_empty() {
                item.unit = from.to_owned();
            } else {
                item.raw_unit = Some(from.to_owned());
                let power = self.conversion(from).unwrap_or(0);
                new = mapped(&new, &|number| units::times_power(number, power), power == 0);
            }
        }
        if let Some(digits) = self.precision {
            if !is_numeric(&new) {
                item.fail(format!("`precision` needs numbers, the value is {}", named(&new)));
            }
            new = rounded(&new, digits);
        }
        (new, true)
    }

    fn judge_value(&self, value: Value, item: &mut Measurement) -> Option<Value> {
        let (value, is_changed) = self.prepare(value, item);
        item.value = to_json(&value);
        if let Some(table) = &self.table {
            table_of(table, &value, item);
            return None;
        }
        self.single.apply(&value, item);
        match Values::from_list(&value) {
            Some(values) if !self.list.is_empty() => {
                let x = self.x.clone().filter(|x| x.len() == values.len());
                if let Some(x) = self.x.as_ref().filter(|_| x.is_none()) {
                    item.fail(format!("`x` has {} numbers for {} values", x.len(), values.len()));
                }
                let list = List { values, x, x_name: String::new(), x_unit: self.x_unit.clone(), noun: "array" };
                let unit = item.unit.clone();
                self.list.judge(&list, &unit).into_iter().for_each(|part| item.add_part(part));
            }
            Some(values) if values.is_empty() && self.is_checked && self.single.is_empty() => {
                item.fail("the array is empty");
            }
            None if !self.list.is_empty() => {
                item.fail(if matches!(value, Value::None) && item.reasons.is_empty() {
                    "the value is missing: it is `()`".to_owned()
                } else {
                    needs_list(&self.list, &value)
                });
            }
            _ => {}
        }
        if self.is_checked && self.single.is_empty() && self.list.is_empty() {
            match &value {
                Value::None => item.fail("the value is missing: it is `()`"),
                Value::Float(number) if number.is_nan() => item.fail("the value is nan"),
                _ => {}
            }
        }
        is_changed.then_some(value)
    }

    fn judge_series(&self, samples: SeriesSamples, item: &mut Measurement) -> Read<()> {
        let SeriesSamples { name, mut unit, columns, times, values } = samples;
        match &self.value_unit {
            Some(given) if unit.is_empty() => unit.clone_from(given),
            Some(given) if *given != unit => {
                return wrong(
                    "unit",
                    format!("the series `{name}` has the unit `{unit}`, not `{given}`"),
                    "remove `unit`",
                );
            }
            _ => {}
        }
        if self.x.is_some() {
            return wrong("x", format!("`x` for the series `{name}`, whose samples have their times"), "remove `x`");
        }
        item.value = json!({ "series": name, "samples": times.len() });
        let list = |values: Vec<f64>| List {
            values: Values::Numbers(values),
            x: Some(times.clone()),
            x_name: String::new(),
            x_unit: "s".to_owned(),
            noun: "series",
        };
        if let Some(table) = &self.table {
            for column in &table.columns {
                let Some(index) = columns.iter().position(|known| *known == column.head.name) else {
                    let message = format!("the series `{name}` has no column `{}`", column.head.name);
                    return wrong("columns", message, format!("it has {}", columns.join(", ")));
                };
                let wanted = Some(&column.head.unit).filter(|wanted| !wanted.is_empty()).unwrap_or(&unit);
                let mut numbers = converted(values[index].clone(), &unit, wanted)?;
                column.rounded(&mut numbers);
                let mut column = column.clone();
                column.head.unit.clone_from(wanted);
                item.columns.push(column.head.clone());
                item.add_part(column.judge(&list(numbers)));
            }
            return Ok(());
        }
        self.single.record(item);
        if !self.single.is_empty() {
            let option = self.single.first();
            item.fail(format!("`{option}` needs a single value, not a series; `all` limits each of its values"));
        }
        let is_judged = !self.list.is_empty() || self.is_checked;
        let [numbers] = values.as_slice() else {
            if !is_judged {
                item.unit = unit;
                return Ok(());
            }
            let message = format!("the series `{name}` has {} columns", columns.len());
            return wrong("columns", message, "judge them by `columns: [#{ name: \"3V3\", all: #{ min: 3.2 } }]`");
        };
        let wanted = if self.unit.is_empty() { unit.clone() } else { self.unit.clone() };
        let mut numbers = converted(numbers.clone(), &unit, &wanted)?;
        if let Some(digits) = self.precision {
            numbers.iter_mut().for_each(|number| *number = round(*number, digits));
        }
        item.unit = wanted.clone();
        if self.is_checked && numbers.is_empty() && self.list.is_empty() {
            item.fail("the series is empty");
        }
        self.list.judge(&list(numbers), &wanted).into_iter().for_each(|part| item.add_part(part));
        Ok(())
    }
}

/// Numbers of a series in another unit.
fn converted(numbers: Vec<f64>, from: &str, to: &str) -> Read<Vec<f64>> {
    if from == to || from.is_empty() {
        return Ok(numbers);
    }
    let Some(power) = units::conversion(from, to) else {
        let help = format!("use `{from}`, or the same unit with another prefix");
        return wrong("unit", format!("`{from}`, the unit of the series, cannot be converted to `{to}`"), help);
    };
    Ok(numbers.into_iter().map(|number| units::times_power(number, power)).collect())
}

/// Judges rows.
fn table_of(table: &Table, value: &Value, item: &mut Measurement) {
    item.columns = table.heads();
    let (Value::List(rows) | Value::Tuple(rows)) = value else {
        return item.fail(format!("`columns` needs an array of rows, the value is {}", named(value)));
    };
    match table.split(rows) {
        Ok(cells) => {
            let row = |index: usize| -> Json { cells.iter().map(|column| to_json(&column[index])).collect() };
            item.value = (0..rows.len()).map(row).collect();
            table.judge(cells).into_iter().for_each(|part| item.add_part(part));
        }
        Err(reason) => item.fail(reason),
    }
}

/// Digits after the decimal point.
pub fn precision(path: &str, value: &Value) -> Read<u8> {
    match value {
        Value::Int(digits @ 0..=MOST_DIGITS) => Ok(u8::try_from(*digits).unwrap_or_default()),
        Value::Int(digits) => wrong(
            path,
            format!("`{path}` is {digits}"),
            format!("use 0 to {MOST_DIGITS} digits after the decimal point"),
        ),
        other => {
            let help = "use the number of digits after the decimal point, an integer";
            wrong(path, format!("`{path}` is {}", named(other)), help)
        }
    }
}

fn axis(path: &str, value: &Value) -> Read<Vec<f64>> {
    let help = "use an array with a number for each value";
    let items = items(path, value, help)?;
    items.iter().enumerate().map(|(index, item)| finite(&format!("{path}[{index}]"), item)).collect()
}

/// Rounds to digits after the decimal point, ties to the even digit, as `round` of Python does.
pub fn round(number: f64, digits: u8) -> f64 {
    if !number.is_finite() {
        return number;
    }
    format!("{number:.*}", usize::from(digits)).parse().unwrap_or(number)
}

/// Rounds numbers in a value. Integers stay as they are.
pub fn rounded(value: &Value, digits: u8) -> Value {
    mapped(value, &|number| round(number, digits), true)
}

/// Changes numbers in a value; `keeps_integers`: only floats.
fn mapped(value: &Value, change: &dyn Fn(f64) -> f64, keeps_integers: bool) -> Value {
    match value {
        Value::Float(number) => Value::Float(change(*number)),
        Value::Int(_) | Value::BigInt(_) if keeps_integers => value.clone(),
        Value::Int(_) | Value::BigInt(_) => Value::Float(change(super::read::number(value).unwrap_or(f64::NAN))),
        Value::List(items) | Value::Tuple(items) => {
            Value::List(items.iter().map(|item| mapped(item, change, keeps_integers)).collect())
        }
        other => other.clone(),
    }
}

/// Whether a value is a number or a list of numbers.
fn is_numeric(value: &Value) -> bool {
    match value {
        Value::Int(_) | Value::BigInt(_) | Value::Float(_) => true,
        Value::List(items) | Value::Tuple(items) => items.iter().all(is_numeric),
        _ => false,
    }
}

impl Values {
    /// The values of a list; `None` for other values.
    fn from_list(value: &Value) -> Option<Values> {
        match value {
            Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
                Some(Values::of(items.clone()))
            }
            Value::Bytes(bytes) => Some(Values::Numbers(bytes.iter().map(|byte| f64::from(*byte)).collect())),
            _ => None,
        }
    }
}
