//! `d.sim`: the bench side of a simulated board.
//!
//! Invariant: what is sent is a value, never code of the script.

use crate::error::{Error, Kind};
use crate::script::errors;
use crate::script::errors::{Fallible, argument, call_place, located, raise};
use crate::script::handles::SimHandle;
use crate::script::objects::convert;
use crate::value::Value;
use rhai::{Dynamic, NativeCallContext};

/// `d.sim.NAME(args…)`: calls the function of the simulated board's bench side.
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
        Err(error) if error.kind() == Kind::DeviceException && error.message().starts_with("AttributeError") => {
            let message = format!("the simulated board has no `{name}` for {}", errors::arguments(values.len()));
            let error = Error::new(Kind::UnknownTaskError, message)
                .with_help("it has `adc`, `pin`, `level`, `wire`, `pwm`, `i2c`, `i2c_registers`, `spi`, `spi_sent`, `uart`, `uart_sent`, `bitstream_sent`, `onewire`, `wifi`");
            Err(raise(located(error, context)))
        }
        Err(error) => Err(raise(error)),
    }
}
