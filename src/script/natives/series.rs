//! `record(name, unit, columns)`: series of samples; `attach(name, file)`: attachments; `unit(serial)`.
//!
//! Invariant: a sample is an event as soon as it is added, so that it survives if the run is killed.

use crate::bench::date;
use crate::bench::event::{Attachment, Event};
use crate::bench::measurement::SeriesSamples;
use crate::bound;
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, placed, raise};
use crate::script::handles::DeviceHandle;
use crate::script::lock::lock;
use crate::script::natives::measure::{number, unit};
use crate::script::objects::convert::describe;
use crate::script::run::Run;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rhai::{Array, Blob, Dynamic, Engine, INT, ImmutableString, Map, NativeCallContext as Context};
use std::sync::{Arc, Mutex};

/// A series in a script.
#[derive(Clone)]
pub(crate) struct SeriesHandle {
    run: Arc<Run>,
    number: u64,
    name: String,
    columns: usize,
    /// What `measure` judges. Its times are seconds since 1970.
    kept: Arc<Mutex<SeriesSamples>>,
}

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("record", move |context: Context<'_>, name: ImmutableString| {
        placed(&context, begin(&shared, &name, &Dynamic::from(String::new()), Array::new()))
    });
    let shared = run.clone();
    engine.register_fn("record", move |context: Context<'_>, name: ImmutableString, unit: ImmutableString| {
        placed(&context, begin(&shared, &name, &Dynamic::from(unit), Array::new()))
    });
    let shared = run.clone();
    engine.register_fn(
        "record",
        move |context: Context<'_>, name: ImmutableString, unit: ImmutableString, columns: Array| {
            placed(&context, begin(&shared, &name, &Dynamic::from(unit), columns))
        },
    );
    engine
        .register_type_with_name::<SeriesHandle>("Series")
        .register_get("name", |series: &mut SeriesHandle| series.name.clone())
        .register_fn("len", |series: &mut SeriesHandle| {
            INT::try_from(lock(&series.kept).times.len()).unwrap_or(INT::MAX)
        })
        .register_fn("times", |series: &mut SeriesHandle| floats(&series.samples().times))
        .register_fn("values", |context: Context<'_>, series: &mut SeriesHandle| placed(&context, series.values(None)))
        .register_fn("values", |context: Context<'_>, series: &mut SeriesHandle, column: ImmutableString| {
            placed(&context, series.values(Some(&column)))
        })
        .register_fn("to_string", |series: &mut SeriesHandle| format!("Series({:?})", series.name))
        .register_fn("to_debug", |series: &mut SeriesHandle| format!("Series({:?})", series.name))
        .register_fn("add", |context: Context<'_>, series: &mut SeriesHandle, values: Dynamic| {
            placed(&context, series.add(&values, None))
        })
        .register_fn("add", |context: Context<'_>, series: &mut SeriesHandle, values: Dynamic, from: Dynamic| {
            placed(&context, series.add(&values, Some(&from)))
        });
    let shared = run.clone();
    engine.register_fn("attach", move |context: Context<'_>, name: ImmutableString, path: ImmutableString| {
        placed(&context, file(&shared, &path).and_then(|bytes| attach(&shared, &name, media(&path), &bytes)))
    });
    let shared = run.clone();
    engine.register_fn("attach", move |context: Context<'_>, name: ImmutableString, bytes: Blob| {
        placed(&context, attach(&shared, &name, media(&name), &bytes))
    });
    let shared = run.clone();
    engine.register_fn("unit", move |serial: ImmutableString| {
        shared.emit(Event::UnitNamed { serial: serial.to_string(), variant: None });
    });
    let shared = run.clone();
    engine.register_fn("unit", move |context: Context<'_>, serial: ImmutableString, options: Map| {
        placed(&context, name_unit(&shared, &serial, &options))
    });
}

/// The options of `unit`.
pub(crate) const UNIT: &[&str] = &["variant"];

fn name_unit(run: &Run, serial: &str, options: &Map) -> Fallible<()> {
    let mut variant = None;
    for (option, given) in options {
        if option != "variant" {
            let near = crate::name::nearest(option, UNIT.iter().copied());
            let help = near.map_or_else(|| format!("options of `unit`: {}", UNIT.join(", ")), did_you_mean);
            return argument(format!("`unit` has no option `{option}`"), help);
        }
        match given.clone().into_string() {
            Ok(text) if !text.is_empty() => variant = Some(text),
            Ok(_) => return argument("`variant` is empty", "use a name such as \"B\""),
            Err(_) => return argument(format!("`variant` is {}", describe(given)), "use a string such as \"B\""),
        }
    }
    run.emit(Event::UnitNamed { serial: serial.to_owned(), variant });
    Ok(())
}

/// Starts a series.
pub(crate) fn begin(run: &Arc<Run>, name: &str, given: &Dynamic, columns: Array) -> Fallible<SeriesHandle> {
    let unit = unit(given)?;
    let mut names = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        match column.clone().into_string() {
            Ok(column) => names.push(column),
            Err(_) => {
                let message = format!("column {} is {}", index + 1, describe(column));
                return argument(message, "columns have names: `record(\"supply\", \"V\", [\"3V3\", \"5V\"])`");
            }
        }
    }
    if names.is_empty() {
        names.push(name.to_owned());
    }
    let mut record = lock(&run.recorder.record);
    let (number, test) = (record.new_series(), record.test());
    drop(record);
    let kept = SeriesSamples {
        name: name.to_owned(),
        unit: unit.clone(),
        columns: names.clone(),
        times: Vec::new(),
        values: vec![Vec::new(); names.len()],
    };
    let kept = Arc::new(Mutex::new(kept));
    let handle = SeriesHandle { run: run.clone(), number, name: name.to_owned(), columns: names.len(), kept };
    run.emit(Event::SeriesBegun { series: number, test, name: name.to_owned(), unit, columns: names });
    Ok(handle)
}

impl SeriesHandle {
    /// Adds a row. `from` is its device or its time.
    pub fn add(&self, values: &Dynamic, from: Option<&Dynamic>) -> Fallible<()> {
        let mut host = date::now();
        let mut board = None;
        match from {
            None => {}
            Some(from) if from.is::<DeviceHandle>() => {
                let handle = from.clone_cast::<DeviceHandle>();
                board = Some(host + handle.device.time_offset().map_err(raise)?);
            }
            Some(time) => match number(time).filter(|time| time.is_finite()) {
                Some(time) => host = time,
                None => {
                    let help = "it is the device that the sample comes from, or a time in seconds since 1970";
                    return argument(format!("the second argument of `add` is {}", describe(time)), help);
                }
            },
        }
        let row = match values.read_lock::<Array>() {
            Some(row) => row.clone(),
            None => vec![values.clone()],
        };
        if row.len() != self.columns {
            let message = format!("`{}` has {}, and the sample {}", self.name, columns(self.columns), row.len());
            return argument(message, "give one number for each column, in an array");
        }
        let mut numbers = Vec::with_capacity(row.len());
        for value in &row {
            match number(&value.flatten_clone()) {
                Some(number) => numbers.push(number),
                None => return argument(format!("a sample holds {}", describe(value)), "samples are numbers"),
            }
        }
        let mut kept = lock(&self.kept);
        kept.times.push(host);
        kept.values.iter_mut().zip(&numbers).for_each(|(column, number)| column.push(*number));
        drop(kept);
        self.run.emit(Event::Sample { series: self.number, host, board, values: numbers });
        Ok(())
    }

    /// The values of a column so far; without a name, of the only one.
    fn values(&self, column: Option<&str>) -> Fallible<Array> {
        let kept = lock(&self.kept);
        let index = match column {
            Some(name) => kept.columns.iter().position(|known| known == name),
            None if kept.columns.len() == 1 => Some(0),
            None => {
                let message = format!("`{}` has {}", self.name, columns(self.columns));
                return argument(message, format!("name one of them: {}", kept.columns.join(", ")));
            }
        };
        match index {
            Some(index) => Ok(floats(&kept.values[index])),
            None => {
                let name = column.unwrap_or_default();
                let near = crate::name::nearest(name, kept.columns.iter().map(String::as_str));
                let help = near.map_or_else(|| format!("it has {}", kept.columns.join(", ")), did_you_mean);
                argument(format!("the series `{}` has no column `{name}`", self.name), help)
            }
        }
    }

    /// The samples so far; their times are seconds from the first one.
    pub fn samples(&self) -> SeriesSamples {
        let mut samples = lock(&self.kept).clone();
        let first = samples.times.first().copied().unwrap_or_default();
        samples.times.iter_mut().for_each(|time| *time -= first);
        samples
    }
}

fn floats(numbers: &[f64]) -> Array {
    numbers.iter().map(|number| Dynamic::from_float(*number)).collect()
}

fn columns(count: usize) -> String {
    if count == 1 { "one column".to_owned() } else { format!("{count} columns") }
}

fn file(run: &Run, path: &str) -> Fallible<Vec<u8>> {
    run.readable(path)?.bytes(bound::FILE).or_else(|error| crate::script::natives::files::failed("read", path, &error))
}

fn attach(run: &Run, name: &str, media: &str, bytes: &[u8]) -> Fallible<()> {
    if bytes.len() as u64 > bound::FILE {
        let message = format!("\"{name}\" is longer than {}", bound::shown(bound::FILE));
        return argument(message, "attach a shorter one");
    }
    let test = lock(&run.recorder.record).test();
    let attachment = Attachment {
        name: name.to_owned(),
        media: media.to_owned(),
        size: bytes.len() as u64,
        content: STANDARD.encode(bytes),
    };
    run.emit(Event::Attached { test, attachment });
    Ok(())
}

/// The media type for a file extension.
fn media(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "txt" | "log" | "rhai" | "py" | "toml" | "md" => "text/plain",
        "csv" => "text/csv",
        "json" | "jsonl" => "application/json",
        "html" => "text/html",
        "xml" => "application/xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}
