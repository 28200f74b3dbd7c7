//! `d.sim`: the controls of a simulated board.
//!
//! Invariant: only values are sent, never code of the script.

use crate::error::{Error, Kind};
use crate::script::errors::{Fallible, argument, call_place, located, raise};
use crate::script::handles::SimHandle;
use crate::script::objects::convert;
use crate::value::Value;
use rhai::{Dynamic, NativeCallContext};

/// The control functions, and their numbers of arguments.
pub(crate) const FUNCTIONS: &[(&str, &[usize])] = &[
    ("adc", &[2]),
    ("pin", &[2]),
    ("level", &[1]),
    ("wire", &[2]),
    ("pwm", &[1]),
    ("i2c", &[3]),
    ("i2c_registers", &[2]),
    ("spi", &[2]),
    ("spi_sent", &[1]),
    ("uart", &[2]),
    ("uart_sent", &[1]),
    ("bitstream_sent", &[1]),
    ("onewire", &[2]),
    ("dht", &[2, 3]),
    ("wifi", &[1]),
];

/// `d.sim.NAME(args…)`: calls a control function of the simulated board.
pub(crate) fn simulate(
    context: &NativeCallContext<'_>,
    sim: &SimHandle,
    name: &str,
    values: &mut [&mut Dynamic],
) -> Fallible<Dynamic> {
    let mut arguments = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if let Ok(value) = convert::to_value(value) {
            let what = format!("argument {} of `sim.{name}`", index + 1);
            sim.0.device.accepts(&what, &value).map_err(|error| raise(located(error, context)))?;
        }
        let source = convert::to_value(value).and_then(|value: Value| {
            crate::value::write::literal(&value).map_err(|error| format!("cannot be sent: {error}"))
        });
        match source {
            Ok(source) => arguments.push(source),
            Err(reason) => return argument(format!("argument {} of `sim.{name}` {reason}", index + 1), ""),
        }
    }
    let at = call_place(context);
    let code = format!("__import__('_sim').{name}({})", arguments.join(", "));
    match sim.0.device.exec(&code, at.as_ref()) {
        Ok(value) => Ok(convert::to_dynamic(value)),
        Err(error) if error.is_raised("AttributeError") => {
            let names: Vec<String> = FUNCTIONS.iter().map(|(name, _)| format!("`{name}`")).collect();
            let message = format!("the simulated board has no `{name}` for {}", crate::phrase::arguments(values.len()));
            let error = Error::new(Kind::UnknownTaskError, message).with_help(format!("it has {}", names.join(", ")));
            Err(raise(located(error, context)))
        }
        Err(error) => Err(raise(error)),
    }
}
