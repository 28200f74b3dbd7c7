//! Reads what a file or a map says of a simulated unit.
//!
//! Invariant: entries of one table do not overlap; an unknown key is an error that lists the known ones.

use super::{Definition, Entry};
use crate::error::{Error, Kind, Result};
use crate::modbus::pdu::Table;
use crate::modbus::values::{Number, Type};
use crate::phrase::did_you_mean;
use crate::value::Value;

const TABLES: [(&str, Table); 4] = [
    ("coils", Table::Coils),
    ("discrete_inputs", Table::DiscreteInputs),
    ("holding_registers", Table::HoldingRegisters),
    ("input_registers", Table::InputRegisters),
];
const KEYS: [&str; 6] = ["unit", "word_order", "coils", "discrete_inputs", "holding_registers", "input_registers"];
const OF_BITS: [&str; 6] = ["name", "address", "count", "value", "follows", "fails"];
const OF_REGISTERS: [&str; 9] = ["name", "address", "count", "type", "value", "min", "max", "follows", "fails"];

fn wrong<T>(message: String, help: impl Into<String>) -> Result<T> {
    Err(Error::new(Kind::ArgumentError, message).with_help(help))
}

fn known(of: &str, key: &str, keys: &[&str]) -> Result<()> {
    if keys.contains(&key) {
        return Ok(());
    }
    let near = crate::name::nearest(key, keys.iter().copied());
    wrong(
        format!("unknown key `{key}` in {of}"),
        near.map_or_else(|| format!("keys: {}", keys.join(", ")), did_you_mean),
    )
}

impl Definition {
    /// Reads a description.
    pub(super) fn read(described: &Value) -> Result<Definition> {
        let mut definition = Definition { unit: 1, is_low_first: false, entries: Vec::new() };
        let fields = fields(described, "a simulated unit")?;
        for (key, value) in &fields {
            known("a simulated unit", key, &KEYS)?;
            match (*key, value) {
                ("unit", Value::Int(unit @ 1..=247)) => definition.unit = u8::try_from(*unit).unwrap_or(1),
                ("unit", _) => return wrong("`unit` is wrong".to_owned(), "use a whole number from 1 to 247"),
                ("word_order", Value::Str(order)) if ["big", "little"].contains(&order.as_str()) => {
                    definition.is_low_first = order == "little";
                }
                ("word_order", _) => return wrong("`word_order` is wrong".to_owned(), "use \"big\" or \"little\""),
                _ => {}
            }
        }
        for (key, table) in TABLES {
            let Some((_, value)) = fields.iter().find(|(known, _)| *known == key) else { continue };
            let Value::List(entries) = value else {
                return wrong(format!("`{key}` is not a list"), format!("write `[[{key}]]` above each entry"));
            };
            for entry in entries {
                let entry = read_entry(key, table, entry, definition.is_low_first)?;
                definition.add(entry)?;
            }
        }
        for entry in &definition.entries {
            let Some(name) = &entry.follows else { continue };
            match definition.named(name) {
                None => {
                    return wrong(format!("`follows` names the unknown entry `{name}`"), "add `name` to that entry");
                }
                Some(source) if (source.of, source.is_bits()) != (entry.of, entry.is_bits()) => {
                    return wrong(format!("an entry that follows `{name}` is of another type"), "give both one type");
                }
                Some(_) => {}
            }
        }
        Ok(definition)
    }

    fn add(&mut self, entry: Entry) -> Result<()> {
        let end = usize::from(entry.address) + entry.words.len();
        if end > 1 << 16 {
            return wrong(format!("an entry at {} ends after 65535", entry.address), "choose a lower address");
        }
        let overlaps = self.entries.iter().find(|other| {
            let (start, others) = (usize::from(other.address), usize::from(other.address) + other.words.len());
            other.table == entry.table && start < end && usize::from(entry.address) < others
        });
        match overlaps {
            Some(other) => wrong(
                format!("the entries at {} and {} overlap", other.address, entry.address),
                "a number of 32 bits takes two registers, one of 64 bits four",
            ),
            None => {
                self.entries.push(entry);
                Ok(())
            }
        }
    }
}

fn read_entry(of: &str, table: Table, described: &Value, is_low_first: bool) -> Result<Entry> {
    let is_bits = matches!(table, Table::Coils | Table::DiscreteInputs);
    let keys: &[&str] = if is_bits { &OF_BITS } else { &OF_REGISTERS };
    let fields = fields(described, of)?;
    let get = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    for (key, _) in &fields {
        known(of, key, keys)?;
    }
    let text = |name: &str| match get(name) {
        None => Ok(None),
        Some(Value::Str(text)) => Ok(Some(text.clone())),
        Some(_) => wrong(format!("`{name}` of {of} is not a string"), "write it in quotes"),
    };
    let whole = |name: &str, low: i64, high: i64| match get(name) {
        None => Ok(None),
        Some(Value::Int(number)) if (low..=high).contains(number) => Ok(Some(*number)),
        Some(_) => wrong(format!("`{name}` of {of} is wrong"), format!("use a whole number from {low} to {high}")),
    };
    let limit = |name: &str| match get(name).map(number) {
        None => Ok(None),
        Some(Some(Number::Int(number))) =>
        {
            #[expect(clippy::cast_precision_loss, reason = "limits are floats")]
            Ok(Some(number as f64))
        }
        Some(Some(Number::Float(number))) => Ok(Some(number)),
        Some(None) => wrong(format!("`{name}` of {of} is not a number"), "write a number"),
    };
    let Some(address) = whole("address", 0, 65_535)? else {
        return wrong(format!("an entry of {of} has no address"), "add `address = 0`; addresses start at 0");
    };
    let of_type = Type::named(text("type")?.as_deref().unwrap_or("u16"))?;
    let count = usize::try_from(whole("count", 1, 65_536)?.unwrap_or(1)).unwrap_or(1);
    let values: Vec<&Value> = match get("value") {
        Some(Value::List(all)) if all.len() == count || get("count").is_none() && !all.is_empty() => {
            all.iter().collect()
        }
        Some(Value::List(_)) => {
            return wrong(format!("`value` of {of} has another length than `count`"), "remove `count`");
        }
        Some(one) => vec![one; count],
        None => vec![&Value::None; count],
    };
    let mut words = Vec::new();
    for value in values {
        match (value, is_bits, number(value)) {
            (Value::None, true, _) => words.push(0),
            (Value::None, false, _) => words.extend(of_type.write(Number::Int(0), is_low_first)?),
            (Value::Bool(on), true, _) => words.push(u16::from(*on)),
            (_, true, _) => return wrong(format!("`value` of {of} is wrong"), "use `true` or `false`"),
            (_, false, Some(number)) => words.extend(of_type.write(number, is_low_first)?),
            (_, false, None) => return wrong(format!("`value` of {of} is not a number"), "write a number"),
        }
    }
    let fails = whole("fails", 1, 255)?.and_then(|code| u8::try_from(code).ok());
    let (min, max) = (limit("min")?, limit("max")?);
    Ok(Entry {
        table,
        name: text("name")?,
        address: u16::try_from(address).unwrap_or(u16::MAX),
        of: of_type,
        words,
        min,
        max,
        follows: text("follows")?,
        fails,
    })
}

fn fields<'v>(described: &'v Value, of: &str) -> Result<Vec<(&'v str, &'v Value)>> {
    let Value::Dict(pairs) = described else { return wrong(format!("{of} is not a table"), "write a map or a table") };
    Ok(pairs
        .iter()
        .filter_map(|(key, value)| if let Value::Str(key) = key { Some((key.as_str(), value)) } else { None })
        .collect())
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Int(whole) => Some(Number::Int(*whole)),
        Value::Float(number) => Some(Number::Float(*number)),
        _ => None,
    }
}
