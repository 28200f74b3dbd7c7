//! `get_measurement(name)`, `get_attachment(name)`: what earlier tests have recorded.
//!
//! Invariant: a name that fits several results, or none, is an error that lists them.

use crate::bench::measurement::Measurement;
use crate::bench::numbers;
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, placed};
use crate::script::lock::lock;
use crate::script::natives::json;
use crate::script::run::Run;
use crate::script::run::results::Kind;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rhai::{Dynamic, Engine, ImmutableString, Map, NativeCallContext as Context};
use std::sync::Arc;

/// Most paths that an error lists.
const LISTED: usize = 8;

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("get_measurement", move |context: Context<'_>, name: ImmutableString| {
        placed(&context, measurement(&shared, &name))
    });
    let shared = run.clone();
    engine.register_fn("get_attachment", move |context: Context<'_>, name: ImmutableString| {
        placed(&context, attachment(&shared, &name))
    });
}

fn measurement(run: &Run, name: &str) -> Fallible<Map> {
    let near = lock(&run.recorder.record).test();
    let found = lock(&run.recorder.results).measurement(name, near);
    let (path, measurement) = match found {
        Ok(found) => found,
        Err(paths) => return missing(run, Kind::Measurement, name, &paths),
    };
    map_of(&path, &measurement)
}

/// The fields of the record, and its path.
fn map_of(path: &str, measurement: &Measurement) -> Fallible<Map> {
    let text = serde_json::to_string(measurement).unwrap_or_default();
    let mut map = json::parse(&text)?.try_cast::<Map>().unwrap_or_default();
    if let Some(number) = numbers::from_json(&measurement.value).filter(|number| !number.is_finite()) {
        map.insert("value".into(), Dynamic::from_float(number));
    }
    map.insert("path".into(), path.to_owned().into());
    map.entry("reasons".into()).or_insert_with(|| Dynamic::from_array(Vec::new()));
    Ok(map)
}

fn attachment(run: &Run, name: &str) -> Fallible<Map> {
    let near = lock(&run.recorder.record).test();
    let found = lock(&run.recorder.results).attachment(name, near);
    let (path, attachment) = match found {
        Ok(found) => found,
        Err(paths) => return missing(run, Kind::Attachment, name, &paths),
    };
    let data = STANDARD.decode(attachment.content).unwrap_or_default();
    let mut map = Map::new();
    map.insert("name".into(), attachment.name.into());
    map.insert("path".into(), path.into());
    map.insert("media".into(), attachment.media.into());
    map.insert("size".into(), Dynamic::from_int(i64::try_from(attachment.size).unwrap_or(i64::MAX)));
    map.insert("data".into(), Dynamic::from_blob(data));
    Ok(map)
}

/// The error of a name that fits no result, or several.
fn missing<T>(run: &Run, kind: Kind, name: &str, several: &[String]) -> Fallible<T> {
    let noun = match kind {
        Kind::Measurement => "measurement",
        Kind::Attachment => "attachment",
    };
    if !several.is_empty() {
        let help = format!("use one of {}", listed(several));
        return argument(format!("`{name}` is the name of several {noun}s"), help);
    }
    let paths = lock(&run.recorder.results).paths(kind);
    let names = paths.iter().flat_map(|path| [path.as_str(), path.rsplit('/').next().unwrap_or(path)]);
    let help = match crate::name::nearest(name, names) {
        Some(near) => did_you_mean(near),
        None if paths.is_empty() => format!("no {noun} was recorded before this call"),
        None => format!("recorded so far: {}", listed(&paths)),
    };
    argument(format!("no {noun} `{name}` was recorded"), help)
}

fn listed(paths: &[String]) -> String {
    let mut shown: Vec<String> = paths.iter().take(LISTED).map(|path| format!("`{path}`")).collect();
    if paths.len() > LISTED {
        shown.push(format!("{} more", paths.len() - LISTED));
    }
    shown.join(", ")
}
