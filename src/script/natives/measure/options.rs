//! The options of one call of `measure`: limits of the unit's variant, closures, and plain options.
//!
//! Invariant: a limit is never replaced silently: an option that two maps hold is an error.

use crate::bench::measurement::{Measurement, Plan, Wrong};
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument};
use crate::script::handles::{DeviceHandle, InstrumentHandle};
use crate::script::natives::measure::unit;
use crate::script::objects::convert::{describe, to_value};
use crate::script::run::console::ConsoleHandle;
use crate::value::Value;
use rhai::{Dynamic, FnPtr, Map};

/// Usage of `check`.
const CHECK: &str = "write a map of closures: `check: #{ \"is even\": |v| v % 2 == 0 }`";

/// What a call of `measure` asks for.
pub(super) struct Asked {
    /// The plain options.
    pub plan: Plan,
    /// What changes the value before it is judged.
    pub transform: Option<FnPtr>,
    /// Checks of the script, with their names.
    pub checks: Vec<(String, FnPtr)>,
    /// The variant whose limits apply.
    variant: Option<String>,
    /// The name of the instrument that gave the value.
    by: Option<String>,
}

/// Raises the error of an option.
pub(super) fn raise<T>(wrong: Wrong) -> Fallible<T> {
    argument(wrong.message, wrong.help)
}

impl Asked {
    /// Reads the options: those of the limits, and those about the value. `variant`: that of the unit under test.
    pub fn read(limits: Map, about: Option<Map>, variant: Option<String>) -> Fallible<Asked> {
        let (mut options, used) = of_variant(limits, variant)?;
        let mut value_unit = None;
        for (key, value) in about.into_iter().flatten() {
            match key.as_str() {
                "unit" if options.contains_key("unit") => value_unit = Some(unit(&value)?),
                "variants" => {
                    return argument("`variants` in the second map", "write `variants` into the map of the limits");
                }
                _ if options.contains_key(&key) => {
                    let message = format!("`{key}` is in both maps");
                    return argument(message, "remove one of them: a limit is never replaced silently");
                }
                _ => {
                    options.insert(key, value);
                }
            }
        }
        let by = options.remove("by").map(|given| instrument(&given)).transpose()?;
        let transform = options.remove("transform").map(|given| closure("transform", &given)).transpose()?;
        let checks = options.remove("check").map(|given| checks(&given)).transpose()?.unwrap_or_default();
        let plain = options.iter().map(|(key, given)| match to_value(given) {
            Ok(value) => Ok((key.as_str(), value)),
            Err(_) => argument(format!("`{key}` is {}", describe(given)), "use plain values"),
        });
        let plain = plain.collect::<Fallible<Vec<(&str, Value)>>>()?;
        let mut plan = Plan::read(plain.iter().map(|(key, value)| (*key, value)), value_unit).or_else(raise)?;
        plan.is_checked = !checks.is_empty();
        Ok(Asked { plan, transform, checks, variant: used, by })
    }

    /// Adds to a record which limits were used.
    pub fn label(&self, measurement: &mut Measurement) {
        measurement.variant.clone_from(&self.variant);
        measurement.by.clone_from(&self.by);
    }
}

/// Replaces `variants` by the options of the unit's variant; returns that variant if there are any.
fn of_variant(mut options: Map, variant: Option<String>) -> Fallible<(Map, Option<String>)> {
    let Some(given) = options.remove("variants") else { return Ok((options, None)) };
    let usage = "write a map of maps: `variants: #{ \"A\": #{ max: 3.4 }, \"B\": #{ max: 5.1 } }`";
    let Some(variants) = given.read_lock::<Map>() else {
        return argument(format!("`variants` is {}", describe(&given)), usage);
    };
    let names: Vec<&str> = variants.keys().map(|name| name.as_str()).collect();
    let all = names.join(", ");
    let Some(variant) = variant else {
        let help = format!("set it by `unit(serial, #{{ variant: \"{}\" }})`", names.first().unwrap_or(&"A"));
        return argument(format!("the limits depend on the variant of the unit, which is not set: {all}"), help);
    };
    let Some(chosen) = variants.get(variant.as_str()) else {
        let near = crate::name::nearest(&variant, names.iter().copied());
        let help = near.map_or_else(|| format!("limits are given for {all}"), did_you_mean);
        return argument(format!("no limits for the variant `{variant}` of the unit"), help);
    };
    let Some(chosen) = chosen.read_lock::<Map>() else {
        return argument(format!("`variants.{variant}` is {}", describe(chosen)), usage);
    };
    for (key, value) in chosen.iter() {
        if options.insert(key.clone(), value.clone()).is_some() {
            let message = format!("`{key}` is in `variants.{variant}` and beside `variants`");
            return argument(message, "remove one of them: a limit is never replaced silently");
        }
    }
    Ok((options, Some(variant)))
}

/// The name of what `by` is: an instrument, a board, or a console.
fn instrument(given: &Dynamic) -> Fallible<String> {
    let name = |handle: &InstrumentHandle| handle.instrument.name().to_owned();
    let instrument = given.read_lock::<InstrumentHandle>().as_deref().map(name);
    let device = given.read_lock::<DeviceHandle>().map(|handle| handle.device.name().to_owned());
    let console = given.read_lock::<ConsoleHandle>().map(|handle| handle.0.console.name().to_owned());
    match instrument.or(device).or(console) {
        Some(name) => Ok(name),
        None => argument(format!("`by` is {}", describe(given)), "use the instrument that gave the value: `by: dmm`"),
    }
}

fn closure(name: &str, given: &Dynamic) -> Fallible<FnPtr> {
    match given.clone().flatten().try_cast::<FnPtr>() {
        Some(closure) => Ok(closure),
        None => argument(format!("`{name}` is {}", describe(given)), format!("use a closure: `{name}: |v| v * 2`")),
    }
}

fn checks(given: &Dynamic) -> Fallible<Vec<(String, FnPtr)>> {
    let Some(checks) = given.read_lock::<Map>() else {
        return argument(format!("`check` is {}", describe(given)), CHECK);
    };
    let mut all = Vec::with_capacity(checks.len());
    for (name, check) in checks.iter() {
        match check.clone().flatten().try_cast::<FnPtr>() {
            Some(check) => all.push((name.to_string(), check)),
            None => return argument(format!("the check \"{name}\" is {}", describe(check)), CHECK),
        }
    }
    if all.is_empty() { argument("`check` has no closure", CHECK) } else { Ok(all) }
}
