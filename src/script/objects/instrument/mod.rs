//! Instruments as a type of the language: `Instrument.open(…)`, and what an open instrument can do.
//!
//! Uses [`crate::instrument`]. Invariant: one script call is one exchange with the instrument.

pub(crate) mod options;

use crate::instrument::{CallOptions, Identity, Instrument, reply};
use crate::script::diagnostics::explain;
use crate::script::errors::{Fallible, located, placed, raise};
use crate::script::handles::{InstrumentClassHandle, InstrumentHandle};
use crate::script::lock::lock;
use crate::script::objects::convert::to_dynamic;
use crate::script::objects::instrument::options as read;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Array, Blob, Dynamic, Engine, FnPtr, ImmutableString, Map, NativeCallContext};
use std::sync::Arc;

type Context<'a> = NativeCallContext<'a>;
type Text = ImmutableString;

/// Registers instruments.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    engine
        .register_type_with_name::<InstrumentClassHandle>("InstrumentClass")
        .register_type_with_name::<InstrumentHandle>("Instrument");
    opening(engine, run);
    messages(engine);
    data(engine);
    state(engine, run);
    properties(engine);
}

fn opening(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("open", move |context: Context<'_>, _: &mut InstrumentClassHandle, port: Text| {
        placed(&context, open(&shared, &context, &port, &Map::new()))
    });
    let shared = run.clone();
    engine.register_fn("open", move |context: Context<'_>, _: &mut InstrumentClassHandle, port: Text, options: Map| {
        placed(&context, open(&shared, &context, &port, &options))
    });
    let shared = run.clone();
    engine.register_fn(
        "session",
        move |context: Context<'_>, _: &mut InstrumentClassHandle, port: Text, body: FnPtr| {
            placed(&context, session(&shared, &context, &port, &Map::new(), &body))
        },
    );
    let shared = run.clone();
    engine.register_fn(
        "session",
        move |context: Context<'_>, _: &mut InstrumentClassHandle, port: Text, options: Map, body: FnPtr| {
            placed(&context, session(&shared, &context, &port, &options, &body))
        },
    );
}

fn open(run: &Run, context: &Context<'_>, port: &str, options: &Map) -> Fallible<InstrumentHandle> {
    let options = read::of_open(options)?;
    let opened = run.host_of_script().open_instrument(port, options);
    opened.map(InstrumentHandle).map_err(|error| raise(located(error, context)))
}

fn session(run: &Run, context: &Context<'_>, port: &str, options: &Map, body: &FnPtr) -> Fallible<Dynamic> {
    let handle = open(run, context, port, options)?;
    let result = body.call_raw(context, None, vec![Dynamic::from(handle.clone())]);
    match (result, close(run, &handle)) {
        (Ok(value), Ok(())) => Ok(value),
        (Ok(_), Err(error)) => Err(raise(located(error, context))),
        (Err(error), Ok(())) => Err(error),
        (Err(error), Err(closing)) => {
            lock(&run.recorder.ending).closing.push(explain::of_error(&located(closing, context)));
            Err(error)
        }
    }
}

fn close(run: &Run, handle: &InstrumentHandle) -> crate::Result<()> {
    run.host.close_instrument(&handle.0);
    Ok(())
}

/// Registers a function with a command and, as a second form, a map of options.
fn command(
    engine: &mut Engine,
    name: &'static str,
    known: &'static [&'static str],
    work: fn(&Instrument, &str, &read::Call) -> crate::Result<Dynamic>,
) {
    let run = move |context: &Context<'_>, handle: &InstrumentHandle, command: &str, options: &Map| {
        let options = read::of_call(name, known, options)?;
        work(&handle.0, command, &options).map_err(|error| raise(located(error, context)))
    };
    engine
        .register_fn(name, move |context: Context<'_>, handle: &mut InstrumentHandle, command: Text| {
            placed(&context, run(&context, handle, &command, &Map::new()))
        })
        .register_fn(name, move |context: Context<'_>, handle: &mut InstrumentHandle, command: Text, options: Map| {
            placed(&context, run(&context, handle, &command, &options))
        });
}

/// Registers a function without a command and, as a second form, with a map of options.
fn waiting(engine: &mut Engine, name: &'static str, work: fn(&Instrument, CallOptions) -> crate::Result<Dynamic>) {
    let run = move |context: &Context<'_>, handle: &InstrumentHandle, options: &Map| {
        let options = read::of_call(name, read::READ, options)?;
        work(&handle.0, options.call).map_err(|error| raise(located(error, context)))
    };
    engine
        .register_fn(name, move |context: Context<'_>, handle: &mut InstrumentHandle| {
            placed(&context, run(&context, handle, &Map::new()))
        })
        .register_fn(name, move |context: Context<'_>, handle: &mut InstrumentHandle, options: Map| {
            placed(&context, run(&context, handle, &options))
        });
}

fn messages(engine: &mut Engine) {
    command(engine, "write", read::WRITE, |i, command, options| i.write(command, options.call).map(|()| Dynamic::UNIT));
    command(engine, "query", read::WRITE, |i, command, options| {
        Ok(to_dynamic(reply::value(&i.query(command, options.call)?)))
    });
    command(engine, "query_text", read::WRITE, |i, command, options| i.query(command, options.call).map(Dynamic::from));
    waiting(engine, "read_reply", |i, options| Ok(to_dynamic(reply::value(&i.read(options)?))));
}

fn data(engine: &mut Engine) {
    command(engine, "query_numbers", read::NUMBERS, |i, command, options| {
        let numbers = i.query_numbers(command, options.numbers, options.call)?;
        Ok(Dynamic::from_array(numbers.into_iter().map(to_dynamic).collect()))
    });
    command(engine, "query_block", read::WRITE, |i, command, options| {
        i.query_block(command, options.call).map(Dynamic::from_blob)
    });
    waiting(engine, "read_block", |i, options| i.read_block(options).map(Dynamic::from_blob));
    let write = |context: &Context<'_>, handle: &InstrumentHandle, command: &str, bytes: &Blob, options: &Map| {
        let options = read::of_call("write_block", read::WRITE, options)?;
        handle.0.write_block(command, bytes, options.call).map_err(|error| raise(located(error, context)))
    };
    engine
        .register_fn(
            "write_block",
            move |context: Context<'_>, handle: &mut InstrumentHandle, command: Text, bytes: Blob| {
                placed(&context, write(&context, handle, &command, &bytes, &Map::new()))
            },
        )
        .register_fn(
            "write_block",
            move |context: Context<'_>, handle: &mut InstrumentHandle, command: Text, bytes: Blob, options: Map| {
                placed(&context, write(&context, handle, &command, &bytes, &options))
            },
        );
}

fn state(engine: &mut Engine, run: &Arc<Run>) {
    engine
        .register_fn("identify", |context: Context<'_>, handle: &mut InstrumentHandle| {
            let identity = handle.0.identify().map_err(|error| raise(located(error, &context)));
            placed(&context, identity.map(|identity| map_of(&identity)))
        })
        .register_fn("errors", |context: Context<'_>, handle: &mut InstrumentHandle| {
            let errors = handle.0.errors().map_err(|error| raise(located(error, &context)));
            placed(&context, errors.map(|errors| errors.into_iter().map(entry).collect::<Array>()))
        })
        .register_fn("wait_done", |context: Context<'_>, handle: &mut InstrumentHandle| {
            placed(&context, handle.0.wait_done(None).map_err(|error| raise(located(error, &context))))
        })
        .register_fn("wait_done", |context: Context<'_>, handle: &mut InstrumentHandle, limit: Dynamic| {
            let done = read::seconds("wait_done", &limit)
                .and_then(|limit| handle.0.wait_done(Some(limit)).map_err(|error| raise(located(error, &context))));
            placed(&context, done)
        })
        .register_fn("clear", |context: Context<'_>, handle: &mut InstrumentHandle| {
            placed(&context, handle.0.clear().map_err(|error| raise(located(error, &context))))
        })
        .register_fn("lock", |context: Context<'_>, handle: &mut InstrumentHandle, body: FnPtr| {
            placed(&context, locked(&context, handle, &body))
        });
    let shared = run.clone();
    engine.register_fn("close", move |context: Context<'_>, handle: &mut InstrumentHandle| {
        placed(&context, close(&shared, handle).map_err(|error| raise(located(error, &context))))
    });
}

/// Runs a closure while this thread has the instrument for itself.
fn locked(context: &Context<'_>, handle: &InstrumentHandle, body: &FnPtr) -> Fallible<Dynamic> {
    let _held = handle.0.lock().map_err(|error| raise(located(error, context)))?;
    body.call_raw(context, None, Vec::new())
}

fn properties(engine: &mut Engine) {
    let text = |text: Option<&str>| text.map_or(Dynamic::UNIT, |text| Dynamic::from(text.to_owned()));
    engine
        .register_get("name", |handle: &mut InstrumentHandle| handle.0.name().to_owned())
        .register_get("port", |handle: &mut InstrumentHandle| handle.0.address().to_owned())
        .register_get("is_open", |handle: &mut InstrumentHandle| handle.0.is_open())
        .register_get("is_simulated", |handle: &mut InstrumentHandle| handle.0.is_simulated())
        .register_get("identity", |handle: &mut InstrumentHandle| {
            handle.0.identity().map_or(Dynamic::UNIT, |identity| Dynamic::from_map(map_of(identity)))
        })
        .register_get("calibrated", move |handle: &mut InstrumentHandle| text(handle.0.calibrated()))
        .register_get("timeout", |handle: &mut InstrumentHandle| handle.0.timeout().as_secs_f64())
        .register_set(
            "timeout",
            |context: Context<'_>, handle: &mut InstrumentHandle, limit: Dynamic| -> Fallible<()> {
                placed(&context, read::seconds("timeout", &limit).map(|limit| handle.0.set_timeout(limit)))
            },
        )
        .register_fn("to_string", |handle: &mut InstrumentHandle| shown(&handle.0))
        .register_fn("to_debug", |handle: &mut InstrumentHandle| shown(&handle.0))
        .register_fn("to_string", |_: &mut InstrumentClassHandle| "Instrument".to_owned())
        .register_fn("to_debug", |_: &mut InstrumentClassHandle| "Instrument".to_owned())
        .register_fn("==", |a: &mut InstrumentHandle, b: InstrumentHandle| a.0.is(&b.0))
        .register_fn("!=", |a: &mut InstrumentHandle, b: InstrumentHandle| !a.0.is(&b.0));
}

fn shown(instrument: &Instrument) -> String {
    let state = if instrument.is_open() { "" } else { ", closed" };
    format!("instrument {} on {}{state}", instrument.name(), instrument.address())
}

/// An identity as a map.
pub(crate) fn map_of(identity: &Identity) -> Map {
    let Identity { manufacturer, model, serial, firmware } = identity;
    [("manufacturer", manufacturer), ("model", model), ("serial", serial), ("firmware", firmware)]
        .into_iter()
        .map(|(name, text)| (name.into(), Dynamic::from(text.clone())))
        .collect()
}

/// An entry of an error queue as a map.
fn entry((code, text): (i64, String)) -> Dynamic {
    let fields = [("code", to_dynamic(Value::Int(code))), ("text", Dynamic::from(text))];
    Dynamic::from_map(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}
