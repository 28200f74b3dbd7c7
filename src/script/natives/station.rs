//! The variable `station`: the station file for scripts.
//!
//! Uses [`crate::bench::station`]. Invariant: a missing entry is an error that names the file, never `()`.

use crate::bench::station::{FILE, Station};
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, placed};
use crate::script::natives::provenance;
use crate::script::objects::convert::to_dynamic;
use crate::value::Value;
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};
use std::sync::Arc;

/// `station`.
#[derive(Clone)]
pub(crate) struct StationHandle(Arc<Station>);

/// `station.constants`, `station.limits`.
#[derive(Clone)]
struct StationTable {
    station: Arc<Station>,
    limits: bool,
}

/// The help for a name that is none of these entries: those that there are.
pub(crate) fn others(what: &str, entries: &[(String, Value)]) -> String {
    if entries.is_empty() {
        return format!("write it into `[{what}s]` of that file");
    }
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    format!("{what}s of that file: {}", names.join(", "))
}

/// The value of the variable.
///
/// # Errors
/// If the station file is missing.
pub(crate) fn variable(station: Option<Arc<Station>>) -> Result<Dynamic, Box<EvalAltResult>> {
    match station {
        Some(station) => Ok(Dynamic::from(StationHandle(station))),
        None => argument(
            "no station file found",
            format!("write a `{FILE}` beside the script, or name one with `--station FILE`"),
        ),
    }
}

impl StationTable {
    fn entries(&self) -> &[(String, Value)] {
        if self.limits { &self.station.limits } else { &self.station.constants }
    }

    fn names(&self) -> Array {
        self.entries().iter().map(|(name, _)| name.clone().into()).collect()
    }

    fn get(&self, name: &str) -> Fallible<Dynamic> {
        if let Some(index) = self.entries().iter().position(|(known, _)| known == name) {
            let mut value = to_dynamic(self.entries()[index].1.clone());
            provenance::mark(&mut value, &self.station, self.limits, index);
            return Ok(value);
        }
        let what = if self.limits { "limit" } else { "constant" };
        let near = crate::name::nearest(name, self.entries().iter().map(|(known, _)| known.as_str()));
        let help = near.map_or_else(|| others(what, self.entries()), did_you_mean);
        argument(format!("`{}` has no {what} `{name}`", self.station.file), help)
    }
}

/// Registers the types.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<StationHandle>("Station")
        .register_get("name", |station: &mut StationHandle| station.0.name.clone().map_or(Dynamic::UNIT, Dynamic::from))
        .register_get("file", |station: &mut StationHandle| station.0.file.clone())
        .register_get("reports", |station: &mut StationHandle| {
            let folder = station.0.reports.as_ref();
            folder.map_or(Dynamic::UNIT, |folder| Dynamic::from(folder.to_string_lossy().into_owned()))
        })
        .register_get("boards", |station: &mut StationHandle| -> Array {
            station.0.boards.iter().map(|(name, _)| name.clone().into()).collect()
        })
        .register_get("instruments", |station: &mut StationHandle| -> Array {
            station.0.instruments.iter().map(|(name, _)| name.clone().into()).collect()
        })
        .register_get("consoles", |station: &mut StationHandle| -> Array {
            station.0.consoles.iter().map(|(name, _)| name.clone().into()).collect()
        })
        .register_get("constants", |station: &mut StationHandle| StationTable {
            station: station.0.clone(),
            limits: false,
        })
        .register_get("limits", |station: &mut StationHandle| StationTable { station: station.0.clone(), limits: true })
        .register_fn("to_string", |station: &mut StationHandle| {
            station.0.name.clone().unwrap_or_else(|| station.0.file.clone())
        })
        .register_fn("to_debug", |station: &mut StationHandle| format!("station({})", station.0.file));
    engine
        .register_type_with_name::<StationTable>("StationTable")
        .register_indexer_get(|context: NativeCallContext<'_>, table: &mut StationTable, name: ImmutableString| {
            placed(&context, table.get(&name))
        })
        .register_fn("keys", |table: &mut StationTable| table.names())
        .register_fn("contains", |table: &mut StationTable, name: ImmutableString| {
            table.entries().iter().any(|(known, _)| *known == name.as_str())
        })
        .register_fn("to_string", |table: &mut StationTable| format!("{:?}", table.names()))
        .register_fn("to_debug", |table: &mut StationTable| format!("{:?}", table.names()));
}
