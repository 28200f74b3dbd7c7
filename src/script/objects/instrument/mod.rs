//! Instruments as a type of the language: `Instrument.open(…)`, and what an open instrument can do.
//!
//! Uses [`crate::instrument`]. Invariant: one script call is one exchange with the instrument.

pub(crate) mod calls;
pub(crate) mod declare;
pub(crate) mod members;
pub(crate) mod options;

use crate::error::{Error, Kind};
use crate::instrument::class::Item;
use crate::instrument::simulated::{Definition, SimInstrument};
use crate::instrument::{CallOptions, Identity, Instrument, reply};
use crate::script::diagnostics::explain;
use crate::script::errors::{Fallible, argument, located, placed, raise};
use crate::script::handles::{InstrumentClassHandle, InstrumentHandle};
use crate::script::lock::lock;
use crate::script::objects::convert::{describe, to_dynamic, to_value};
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
    calls::register(engine);
}

fn opening(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("open", move |context: Context<'_>, class: &mut InstrumentClassHandle, port: Dynamic| {
        placed(&context, open(&shared, &context, class, &port, &Map::new()))
    });
    let shared = run.clone();
    engine.register_fn(
        "open",
        move |context: Context<'_>, class: &mut InstrumentClassHandle, port: Dynamic, options: Map| {
            placed(&context, open(&shared, &context, class, &port, &options))
        },
    );
    let shared = run.clone();
    engine.register_fn(
        "session",
        move |context: Context<'_>, class: &mut InstrumentClassHandle, port: Dynamic, body: FnPtr| {
            placed(&context, session(&shared, &context, class, &port, &Map::new(), &body))
        },
    );
    let shared = run.clone();
    engine.register_fn(
        "session",
        move |context: Context<'_>, class: &mut InstrumentClassHandle, port: Dynamic, options: Map, body: FnPtr| {
            placed(&context, session(&shared, &context, class, &port, &options, &body))
        },
    );
}

fn open(
    run: &Run,
    context: &Context<'_>,
    class: &InstrumentClassHandle,
    port: &Dynamic,
    options: &Map,
) -> Fallible<InstrumentHandle> {
    let options = read::of_open(options)?;
    let host = run.host_of_script();
    let opened = if let Some(map) = port.read_lock::<Map>() {
        let definition = to_value(&Dynamic::from_map(map.clone()))
            .map_err(|reason| raise(Error::new(Kind::ArgumentError, format!("the simulated instrument {reason}"))))?;
        Definition::read(&definition).and_then(|definition| {
            host.open_simulated_instrument(&class.0.class, &SimInstrument::new(definition), options)
        })
    } else if let Ok(port) = port.clone().into_string() {
        host.open_instrument(&class.0.class, &port, options)
    } else {
        return argument(
            format!("the address is {}", describe(port)),
            "use a string such as \"tcp://192.168.1.20:5025\", or a map that describes a simulated instrument",
        );
    };
    match opened {
        Ok(instrument) => {
            run.emit_instrument(&instrument);
            Ok(InstrumentHandle { instrument, class: class.clone(), wires: Arc::default() })
        }
        Err(error) => Err(raise(located(error, context))),
    }
}

fn session(
    run: &Run,
    context: &Context<'_>,
    class: &InstrumentClassHandle,
    port: &Dynamic,
    options: &Map,
    body: &FnPtr,
) -> Fallible<Dynamic> {
    let handle = open(run, context, class, port, options)?;
    let result = body.call_raw(context, None, vec![Dynamic::from(handle.clone())]);
    match (result, run.host.close_instrument(&handle.instrument)) {
        (Ok(value), Ok(())) => Ok(value),
        (Ok(_), Err(error)) => Err(raise(located(error, context))),
        (Err(error), Ok(())) => Err(error),
        (Err(error), Err(closing)) => {
            lock(&run.recorder.ending).closing.push(explain::of_error(&located(closing, context)));
            Err(error)
        }
    }
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
        calls::before(context, handle)?;
        let value = work(&handle.instrument, command, &options).map_err(|error| raise(located(error, context)))?;
        calls::after(context, handle)?;
        Ok(value)
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
        work(&handle.instrument, options.call).map_err(|error| raise(located(error, context)))
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
        handle.instrument.write_block(command, bytes, options.call).map_err(|error| raise(located(error, context)))
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
            let identity = handle.instrument.identify().map_err(|error| raise(located(error, &context)));
            placed(&context, identity.map(|identity| map_of(&identity)))
        })
        .register_fn("errors", |context: Context<'_>, handle: &mut InstrumentHandle| {
            let errors = handle.instrument.errors().map_err(|error| raise(located(error, &context)));
            placed(&context, errors.map(|errors| errors.into_iter().map(entry).collect::<Array>()))
        })
        .register_fn("wait_done", |context: Context<'_>, handle: &mut InstrumentHandle| {
            placed(&context, handle.instrument.wait_done(None).map_err(|error| raise(located(error, &context))))
        })
        .register_fn("wait_done", |context: Context<'_>, handle: &mut InstrumentHandle, limit: i64| {
            placed(&context, wait_done(&context, handle, &Dynamic::from_int(limit)))
        })
        .register_fn("wait_done", |context: Context<'_>, handle: &mut InstrumentHandle, limit: f64| {
            placed(&context, wait_done(&context, handle, &Dynamic::from_float(limit)))
        })
        .register_fn("status_byte", |context: Context<'_>, handle: &mut InstrumentHandle| {
            let status = handle.instrument.status_byte().map_err(|error| raise(located(error, &context)));
            placed(&context, status.map(i64::from))
        })
        .register_fn("clear", |context: Context<'_>, handle: &mut InstrumentHandle| {
            placed(&context, handle.instrument.clear().map_err(|error| raise(located(error, &context))))
        })
        .register_fn("lock", |context: Context<'_>, handle: &mut InstrumentHandle, body: FnPtr| {
            placed(&context, locked(&context, handle, &body))
        });
    let shared = run.clone();
    engine.register_fn("close", move |context: Context<'_>, handle: &mut InstrumentHandle| {
        let closed = shared.host.close_instrument(&handle.instrument);
        placed(&context, closed.map_err(|error| raise(located(error, &context))))
    });
}

fn wait_done(context: &Context<'_>, handle: &InstrumentHandle, limit: &Dynamic) -> Fallible<()> {
    let limit = read::seconds("wait_done", limit)?;
    handle.instrument.wait_done(Some(limit)).map_err(|error| raise(located(error, context)))
}

/// Runs a closure while this thread has the instrument for itself.
fn locked(context: &Context<'_>, handle: &InstrumentHandle, body: &FnPtr) -> Fallible<Dynamic> {
    let _held = handle.instrument.lock().map_err(|error| raise(located(error, context)))?;
    body.call_raw(context, None, Vec::new())
}

fn properties(engine: &mut Engine) {
    let text = |text: Option<&str>| text.map_or(Dynamic::UNIT, |text| Dynamic::from(text.to_owned()));
    engine
        .register_get("name", |handle: &mut InstrumentHandle| handle.instrument.name().to_owned())
        .register_get("port", |handle: &mut InstrumentHandle| handle.instrument.address().to_owned())
        .register_get("is_open", |handle: &mut InstrumentHandle| handle.instrument.is_open())
        .register_get("is_simulated", |handle: &mut InstrumentHandle| handle.instrument.is_simulated())
        .register_get("identity", |handle: &mut InstrumentHandle| {
            handle.instrument.identity().map_or(Dynamic::UNIT, |identity| Dynamic::from_map(map_of(identity)))
        })
        .register_get("calibrated", move |handle: &mut InstrumentHandle| text(handle.instrument.calibrated()))
        .register_get("timeout", |handle: &mut InstrumentHandle| handle.instrument.timeout().as_secs_f64())
        .register_set(
            "timeout",
            |context: Context<'_>, handle: &mut InstrumentHandle, limit: Dynamic| -> Fallible<()> {
                placed(&context, read::seconds("timeout", &limit).map(|limit| handle.instrument.set_timeout(limit)))
            },
        )
        .register_fn("to_string", |handle: &mut InstrumentHandle| shown(&handle.instrument))
        .register_fn("to_debug", |handle: &mut InstrumentHandle| shown(&handle.instrument))
        .register_fn("to_string", |class: &mut InstrumentClassHandle| {
            format!("instrument class {}", class.0.class.name)
        })
        .register_fn("to_debug", |class: &mut InstrumentClassHandle| format!("instrument class {}", class.0.class.name))
        .register_get("class", |handle: &mut InstrumentHandle| handle.class.clone())
        .register_get("name", |class: &mut InstrumentClassHandle| class.0.class.name.clone())
        .register_get("doc", |class: &mut InstrumentClassHandle| class.0.class.doc.clone())
        .register_get("items", |class: &mut InstrumentClassHandle| items(class))
        .register_fn("==", |a: &mut InstrumentHandle, b: InstrumentHandle| a.instrument.is(&b.instrument))
        .register_fn("!=", |a: &mut InstrumentHandle, b: InstrumentHandle| !a.instrument.is(&b.instrument));
}

/// The items of a class as maps.
fn items(class: &InstrumentClassHandle) -> Array {
    let item = |item: &Arc<Item>| {
        let model = item.options.model.clone().map_or(Dynamic::UNIT, Dynamic::from);
        let fields = [
            ("kind", Dynamic::from(item.kind.word())),
            ("name", Dynamic::from(item.name.clone())),
            ("signature", Dynamic::from(item.signature())),
            ("doc", Dynamic::from(item.doc.clone())),
            ("model", model),
        ];
        Dynamic::from_map(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    };
    class.0.class.items().map(item).collect()
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
