//! Where the limits of a measurement came from.
//!
//! Values of the station file carry the number of their entry as Rhai's tag, which survives assignments, maps and function calls.
//! A script can set tags too, so a tag counts only if the entry has this value. Invariant: a source that is reported is true.

use crate::bench::limit_source::LimitSource;
use crate::bench::station::Station;
use crate::script::errors::call_place;
use crate::script::objects::convert::to_value;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Array, Dynamic, Map, NativeCallContext};

/// Options of `measure` that do not judge.
const OTHERS: &[&str] = &["unit", "doc", "must", "precision", "transform", "x", "x_unit"];

/// The entries of a station that values may come from, with their names in [`Station::lines`].
fn entries(station: &Station) -> impl Iterator<Item = (String, &Value)> {
    let limits = station.limits.iter().map(|(name, value)| (format!("limits.{name}"), value));
    limits.chain(station.constants.iter().map(|(name, value)| (format!("constants.{name}"), value)))
}

/// Marks a value, and all values in it, as that of an entry: the `index`th of its table.
pub(crate) fn mark(value: &mut Dynamic, station: &Station, is_limit: bool, index: usize) {
    let number = if is_limit { index } else { station.limits.len() + index };
    set(value, number + 1);
}

fn set(value: &mut Dynamic, number: usize) {
    if let Some(mut map) = value.write_lock::<Map>() {
        map.values_mut().for_each(|inner| set(inner, number));
    } else if let Some(mut array) = value.write_lock::<Array>() {
        array.iter_mut().for_each(|inner| set(inner, number));
    }
    // If there are more entries than tags, the last ones have no source.
    if let Ok(tag) = number.try_into() {
        value.set_tag(tag);
    }
}

/// The entry that a value came from.
fn entry(station: &Station, value: &Dynamic) -> Option<String> {
    let value = value.flatten_clone();
    let number = usize::try_from(value.tag()).ok()?.checked_sub(1)?;
    let (name, known) = entries(station).nth(number)?;
    holds(known, &to_value(&value).ok()?).then_some(name)
}

/// Whether an entry is this value, or contains it.
fn holds(entry: &Value, value: &Value) -> bool {
    entry == value
        || match entry {
            Value::Dict(pairs) => pairs.iter().any(|(_, inner)| holds(inner, value)),
            Value::List(items) => items.iter().any(|inner| holds(inner, value)),
            _ => false,
        }
}

/// Where these options of `measure` came from. `None` if they do not judge.
pub(crate) fn of(run: &Run, context: &NativeCallContext<'_>, options: &Map) -> Option<LimitSource> {
    let judging = || options.iter().filter(|(key, _)| !OTHERS.contains(&key.as_str()));
    judging().next()?;
    let mut names: Vec<String> = Vec::new();
    let mut own = Vec::new();
    let station = run.station();
    let station = station.as_deref();
    for (key, value) in judging() {
        match station.and_then(|station| entry(station, value)) {
            Some(name) if names.contains(&name) => {}
            Some(name) => names.push(name),
            None => own.push(key.to_string()),
        }
    }
    if let (Some(station), Some(first)) = (station, names.first()) {
        let line = station.lines.iter().find(|(name, _)| name == first).map_or(0, |(_, line)| *line);
        return Some(LimitSource { name: names.join(", "), file: station.file.clone(), line, own });
    }
    let place = call_place(context)?;
    Some(LimitSource { file: place.file.to_string(), line: place.line, ..LimitSource::default() })
}
