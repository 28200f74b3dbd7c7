//! Compares the limits that measurements took from the station file with those in it now.
//!
//! Invariant: only limits that a measurement recorded are compared.

use super::finding::{Finding, State};
use crate::bench::archive::Run;
use crate::bench::measurement::Measurement;
use crate::bench::station::Station;
use crate::value::Value;
use serde_json::Value as Json;
use std::io;
use std::path::Path;

/// Most limits that are compared: a report may have any number of measurements.
const MOST: usize = 10_000;

/// The entries that differ. `text`: that of the station file at `path`.
///
/// # Errors
/// If the report cannot be read.
pub fn of(run: Run<'_>, path: &Path, text: &str) -> io::Result<Vec<Finding>> {
    let Ok(station) = Station::parse(path, text) else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    let mut compare = |item: &Measurement| {
        for finding in changed(item, &station) {
            if findings.len() < MOST && !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    };
    for saved in run.tests() {
        saved?.test.measurements.iter().for_each(&mut compare);
    }
    for item in run.measurements() {
        compare(&item?);
    }
    Ok(findings)
}

/// The limits of a measurement that the station file gives differently now.
fn changed(item: &Measurement, station: &Station) -> Vec<Finding> {
    let Some(source) = &item.limit else { return Vec::new() };
    let Some(entry) = source.name.strip_prefix("limits.") else { return Vec::new() };
    let Some((_, Value::Dict(now))) = station.limits.iter().find(|(name, _)| name == entry) else {
        return vec![Finding::new("limit", &source.name, State::Missing).note("not in the station file")];
    };
    let Ok(Json::Object(then)) = serde_json::to_value(item) else { return Vec::new() };
    let keys = ["min", "max", "marginal_min", "marginal_max", "equals", "within_percent", "matches"];
    let keys = keys.into_iter().filter(|key| !source.own.iter().any(|own| own == key));
    let differs = keys.filter_map(|key| {
        let then = then.get(key).filter(|then| !then.is_null())?;
        let now = now.iter().find(|(name, _)| *name == Value::Str(key.to_owned())).map(|(_, now)| json(now));
        let same =
            now.as_ref().is_some_and(|now| now == then || now.as_f64().is_some() && now.as_f64() == then.as_f64());
        let now = now.map_or_else(|| "nothing".to_owned(), |now| now.to_string());
        let name = format!("{}.{key}", source.name);
        (!same).then(|| Finding::new("limit", &name, State::Changed).values(then.to_string(), now))
    });
    differs.collect()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Bool(on) => (*on).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => crate::bench::numbers::to_json(*number),
        Value::Str(text) => text.clone().into(),
        Value::List(items) => items.iter().map(json).collect(),
        _ => Json::Null,
    }
}
