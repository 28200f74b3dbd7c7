//! Calls of declared items and methods of an instrument, and the bench side of a simulated one.
//!
//! Invariant: one script call is one call of the instrument.

use crate::bench::units;
use crate::error::{Error, Kind};
use crate::instrument::simulated::SimInstrument;
use crate::phrase::{any_of, arguments, did_you_mean};
use crate::script::errors::{Fallible, argument, located, placed, raise};
use crate::script::handles::{InstrumentHandle, InstrumentSimHandle, Kwargs};
use crate::script::lock::lock;
use crate::script::objects::convert::{describe, to_dynamic, to_value};
use crate::script::objects::instrument::members;
use crate::value::Value;
use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, NativeCallContext};

type Context<'a> = NativeCallContext<'a>;

/// `500 mV` as a number of `unit`.
pub(crate) fn in_unit(text: &str, unit: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(text.len());
    // An `E` before a letter begins a unit.
    let (number, of) = text.split_at(end);
    let number: f64 = number.trim().parse().ok()?;
    units::conversion(of.trim(), unit).map(|power| units::times_power(number, power))
}

/// Calls an item or a method by its name.
pub(crate) fn call(
    context: &Context<'_>,
    handle: &InstrumentHandle,
    name: &str,
    values: &mut [&mut Dynamic],
) -> Fallible<Dynamic> {
    let methods = || handle.class.0.methods.iter().filter(|method| method.name == name);
    if methods().next().is_some() {
        let Some(method) = methods().find(|method| method.arity == values.len()) else {
            let arities: Vec<String> = methods().map(|method| arguments(method.arity)).collect();
            return argument(format!("method `{name}` takes {}, not {}", any_of(&arities), values.len()), "");
        };
        let values = values.iter().map(|value| value.flatten_clone()).collect();
        return method.call_on(context, Dynamic::from(handle.clone()), values);
    }
    let Some(item) = handle.instrument.item(name).cloned() else { return Err(unknown(handle, name)) };
    let (positional, named) = values_of(name, values)?;
    let called = before(context, handle).and_then(|()| {
        handle.instrument.call(&item, &positional, &named, in_unit).map_err(|error| raise(located(error, context)))
    });
    let value = called?;
    after(context, handle)?;
    Ok(to_dynamic(value))
}

type Arguments = (Vec<Value>, Vec<(String, Value)>);

/// The arguments of a call, in order and by name.
pub(crate) fn values_of(name: &str, values: &[&mut Dynamic]) -> Fallible<Arguments> {
    let (mut positional, mut named) = (Vec::new(), Vec::new());
    for (index, value) in values.iter().enumerate() {
        if let Some(kwargs) = value.read_lock::<Kwargs>() {
            for (key, value) in &kwargs.0 {
                named.push((key.to_string(), plain(value, key, name)?));
            }
            continue;
        }
        positional.push(plain(value, &(index + 1).to_string(), name)?);
    }
    Ok((positional, named))
}

fn plain(value: &Dynamic, which: &str, name: &str) -> Fallible<Value> {
    to_value(value)
        .map_err(|reason| raise(Error::new(Kind::ArgumentError, format!("argument {which} of `{name}` {reason}"))))
}

fn unknown(handle: &InstrumentHandle, name: &str) -> Box<rhai::EvalAltResult> {
    let own: Vec<String> = handle
        .instrument
        .items()
        .iter()
        .map(|item| item.name.clone())
        .chain(handle.class.0.methods.iter().map(|method| method.name.clone()))
        .collect();
    let instrument = handle.instrument.name();
    if let Some((known, counts)) = members::FUNCTIONS.iter().find(|(known, _)| *known == name) {
        let counts: Vec<String> = counts.iter().map(|count| arguments(*count)).collect();
        let message = format!("`{known}` of an instrument was not called with these arguments");
        return raise(Error::new(Kind::ArgumentError, message).with_help(format!("it takes {}", any_of(&counts))));
    }
    let built_in = members::FUNCTIONS.iter().map(|(name, _)| *name);
    let near = crate::name::nearest(name, own.iter().map(String::as_str).chain(built_in));
    let help = near.map(did_you_mean).unwrap_or_else(|| match own.is_empty() {
        true => "`write` and `query` send commands".to_owned(),
        false => format!("it has {}", own.join(", ")),
    });
    let error = Error::new(Kind::UnknownTaskError, format!("`{instrument}` has no command or query `{name}`"));
    raise(error.with_device(instrument).with_help(help))
}

/// Reads what feeds a simulated instrument, before it is asked.
pub(crate) fn before(context: &Context<'_>, handle: &InstrumentHandle) -> Fallible<()> {
    let Some(sim) = handle.instrument.simulated() else { return Ok(()) };
    for (name, source) in lock(&handle.wires.0).reads.clone() {
        let value = source.call_raw(context, None, Vec::new())?;
        set(context, sim, &name, &value)?;
    }
    Ok(())
}

/// Passes on what a simulated instrument feeds, after a call.
pub(crate) fn after(context: &Context<'_>, handle: &InstrumentHandle) -> Fallible<()> {
    let Some(sim) = handle.instrument.simulated() else { return Ok(()) };
    let feeds = lock(&handle.wires.0).feeds.clone();
    for (index, (name, last, target)) in feeds.into_iter().enumerate() {
        let value = sim.get(&name).map_err(|error| raise(located(error, context)))?;
        if last.as_ref() != Some(&value) {
            if let Some(feed) = lock(&handle.wires.0).feeds.get_mut(index) {
                feed.1 = Some(value.clone());
            }
            let _ = target.call_raw(context, None, vec![to_dynamic(value)])?;
        }
    }
    Ok(())
}

fn set(context: &Context<'_>, sim: &SimInstrument, name: &str, value: &Dynamic) -> Fallible<()> {
    match to_value(value) {
        Ok(value) => sim.set(name, value).map_err(|error| raise(located(error, context))),
        Err(_) => argument(format!("the value of `{name}` is {}", describe(value)), "use a number, a string or a bool"),
    }
}

/// Registers `call`, and the bench side of simulated instruments.
pub(crate) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<InstrumentSimHandle>("InstrumentSim");
    engine.register_get(
        "sim",
        |context: Context<'_>, handle: &mut InstrumentHandle| -> Fallible<InstrumentSimHandle> {
            if let Some(sim) = handle.instrument.simulated() {
                return Ok(InstrumentSimHandle { sim: sim.clone(), handle: handle.clone() });
            }
            let message = format!("`{}` is not simulated, so it has no `sim`", handle.instrument.name());
            let error = Error::new(Kind::FeatureUnavailableError, message);
            placed(&context, Err(raise(error.with_help("check `is_simulated` first"))))
        },
    );
    engine
        .register_fn("get", |context: Context<'_>, sim: &mut InstrumentSimHandle, name: ImmutableString| {
            let value = sim.sim.get(&name).map(to_dynamic).map_err(|error| raise(located(error, &context)));
            placed(&context, value)
        })
        .register_fn(
            "set",
            |context: Context<'_>, sim: &mut InstrumentSimHandle, name: ImmutableString, value: Dynamic| {
                let done = set(&context, &sim.sim, &name, &value).and_then(|()| after(&context, &sim.handle));
                placed(&context, done)
            },
        )
        .register_fn("fail", |sim: &mut InstrumentSimHandle, code: i64, text: ImmutableString| {
            sim.sim.fail(code, &text)
        })
        .register_fn("silence", |sim: &mut InstrumentSimHandle, queries: i64| {
            sim.sim.be_silent(u32::try_from(queries).unwrap_or(0));
        })
        .register_fn(
            "feeds",
            |context: Context<'_>, sim: &mut InstrumentSimHandle, name: ImmutableString, target: FnPtr| {
                let known = sim.sim.get(&name).map(drop).map_err(|error| raise(located(error, &context)));
                let done = known.and_then(|()| {
                    lock(&sim.handle.wires.0).feeds.push((name.to_string(), None, alone(target)));
                    after(&context, &sim.handle)
                });
                placed(&context, done)
            },
        )
        .register_fn(
            "reads",
            |context: Context<'_>, sim: &mut InstrumentSimHandle, name: ImmutableString, source: FnPtr| {
                let known = sim.sim.get(&name).map(drop).map_err(|error| raise(located(error, &context)));
                placed(
                    &context,
                    known.map(|()| lock(&sim.handle.wires.0).reads.push((name.to_string(), alone(source)))),
                )
            },
        )
        .register_get("names", |sim: &mut InstrumentSimHandle| {
            sim.sim.names().map(|name| Dynamic::from(name.to_owned())).collect::<Array>()
        })
        .register_fn("to_string", |sim: &mut InstrumentSimHandle| format!("sim of {}", sim.handle.instrument.name()))
        .register_fn("to_debug", |sim: &mut InstrumentSimHandle| format!("sim of {}", sim.handle.instrument.name()));
}

/// A closure with copies of what it captured: a wire is used while the script has its own variables locked.
fn alone(mut function: FnPtr) -> FnPtr {
    for captured in function.iter_curry_mut() {
        *captured = captured.flatten_clone();
    }
    function
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_units_are_converted() {
        assert_eq!(in_unit("500 mV", "V"), Some(0.5));
        assert_eq!(in_unit("1.5V", "mV"), Some(1500.0));
        assert_eq!(in_unit("-2e-3 A", "mA"), Some(-2.0));
        for text in ["5", "5 A", "V", "", "x V"] {
            assert_eq!(in_unit(text, "V"), None, "{text}");
        }
    }
}
