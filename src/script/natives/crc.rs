//! The native functions of `std/crc`.
//!
//! Uses [`crate::console::crc`].

use crate::console::crc::Check;
use crate::script::errors::{Fallible, argument, placed, raise};
use crate::script::objects::convert::describe;
use rhai::{Array, Blob, Dynamic, Engine, ImmutableString, NativeCallContext as Context};

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_fn("crc_of", |context: Context<'_>, name: ImmutableString, data: Dynamic| {
            placed(&context, value(&name, &data).map(|(_, value)| i64::from(value)))
        })
        .register_fn(
            "crc_bytes",
            |context: Context<'_>, name: ImmutableString, data: Dynamic, order: ImmutableString| {
                placed(&context, bytes(&name, &data, &order))
            },
        )
        .register_fn("crc_check", |context: Context<'_>, name: ImmutableString| {
            placed(&context, Check::named(&name).map(|check| i64::from(check.check_value())).map_err(raise))
        })
        .register_fn("crc_names", || -> Array { Check::names().map(Dynamic::from).collect() });
}

fn value(name: &str, data: &Dynamic) -> Fallible<(Check, u32)> {
    let check = Check::named(name).map_err(raise)?;
    if let Some(bytes) = data.read_lock::<Blob>() {
        return Ok((check, check.of(&bytes)));
    }
    if let Some(text) = data.read_lock::<ImmutableString>() {
        return Ok((check, check.of(text.as_bytes())));
    }
    argument(format!("a CRC is computed over a blob or a string, not {}", describe(data)), "")
}

/// The value as bytes, in this order.
fn bytes(name: &str, data: &Dynamic, order: &str) -> Fallible<Blob> {
    let (check, value) = value(name, data)?;
    let mut bytes = value.to_le_bytes()[..usize::from(check.bits() / 8)].to_vec();
    match order {
        "little" => {}
        "big" => bytes.reverse(),
        other => return argument(format!("unknown byte order \"{other}\""), "use \"big\" or \"little\""),
    }
    Ok(bytes)
}
