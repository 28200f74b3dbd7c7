//! `Bench.open(…)` and `Bench.session(…)`: ports, options, and the methods that run on open.
//!
//! Invariant: a session always closes its device.

use crate::device::class::seconds;
use crate::device::{Device, Hook, OpenOptions};
use crate::error::{Error, Kind};
use crate::phrase::{did_you_mean, suggestion};
use crate::port::usb::{self, FoundPort};
use crate::script::diagnostics::explain;
use crate::script::errors::{Fallible, argument, located, placed, raise};
use crate::script::handles::{ClassHandle, DeviceHandle};
use crate::script::lock::lock;
use crate::script::objects::{convert, methods};
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Array, Dynamic, Engine, FnPtr, Map, NativeCallContext};
use std::any::TypeId;
use std::sync::Arc;

pub(crate) const OPTIONS: &[&str] = &[
    "startup",
    "attempts",
    "baudrate",
    "user",
    "password",
    "exclusive",
    "timeout",
    "dtr",
    "rts",
    "soft_reset",
    "auto_sync_time",
    "name",
];

/// Known implementations.
const IMPLEMENTATIONS: &[&str] = &["micropython", "circuitpython"];

/// Fields of a USB specifier, accepted as a map instead of a port.
pub(crate) const SPECIFIER: &[&str] = &["vid", "pid", "serial_number", "manufacturer", "product", "location", "device"];

/// Registers `open`, `session` and `list_devices`.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    engine.register_fn("list_devices", list_devices);
    for arity in 0..=3 {
        let mut types = vec![TypeId::of::<Dynamic>(); arity + 1];
        types[0] = TypeId::of::<ClassHandle>();
        let shared = run.clone();
        if arity <= 2 {
            engine.register_raw_fn("open", &types, move |context: NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
                let opened = class_of(args).and_then(|class| {
                    let (port, options) = port_and_options(&args[1..])?;
                    open(&shared, &context, &class, port.as_deref(), options).map(Dynamic::from)
                });
                placed(&context, opened)
            });
        }
        let shared = run.clone();
        if arity >= 1 {
            engine.register_raw_fn(
                "session",
                &types,
                move |context: NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
                    placed(&context, session(&shared, &context, args))
                },
            );
        }
    }
}

/// The connected boards, as maps with the fields of Belay's USB specifier, which `open` accepts.
fn list_devices(context: NativeCallContext<'_>) -> Fallible<Array> {
    let ports = usb::list().map_err(|error| raise(located(error, &context)))?;
    Ok(ports.iter().map(|port| Dynamic::from_map(specifier(port))).collect())
}

fn specifier(port: &FoundPort) -> Map {
    let number = |value: Option<u16>| value.map_or(Dynamic::UNIT, |value| Dynamic::from_int(value.into()));
    let text = |value: &Option<String>| value.clone().map_or(Dynamic::UNIT, Dynamic::from);
    let fields = [
        ("vid", number(port.vid)),
        ("pid", number(port.pid)),
        ("serial_number", text(&port.serial_number)),
        ("manufacturer", text(&port.manufacturer)),
        ("product", text(&port.product)),
        ("location", text(&port.location)),
        ("device", Dynamic::from(port.device.clone())),
    ];
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn class_of(args: &[&mut Dynamic]) -> Fallible<ClassHandle> {
    match args.first().and_then(|first| first.read_lock::<ClassHandle>().as_deref().cloned()) {
        Some(class) => Ok(class),
        None => argument("only a device class can be opened", ""),
    }
}

/// The port and options of `open()`, `open(port)`, `open(options)`, `open(port, options)`.
fn port_and_options(args: &[&mut Dynamic]) -> Fallible<(Option<String>, OpenOptions)> {
    let (port, options) = match args {
        [] => (None, None),
        [only] if only.is_map() && !is_specifier(only) => (None, Some(&**only)),
        [only] => (Some(&**only), None),
        [port, options, ..] => (Some(&**port), Some(&**options)),
    };
    let port = match port {
        None => None,
        Some(port) if port.is_unit() => None,
        Some(port) if port.is_string() => port.clone().into_string().ok(),
        Some(port) if is_specifier(port) => port.read_lock::<Map>().map(|map| rhai::format_map_as_json(&map)),
        Some(port) => {
            return argument(
                format!("the port is {}", convert::describe(port)),
                "a port is a string such as \"/dev/ttyACM0\", or a map of `vid`, `pid`, `serial_number`",
            );
        }
    };
    let options = match options {
        None => OpenOptions::default(),
        Some(options) => match options.read_lock::<Map>() {
            Some(map) => open_options(&map)?,
            None if options.is_unit() => OpenOptions::default(),
            None => {
                return argument(
                    format!("the options are {}", convert::describe(options)),
                    "options are a map: `#{ baudrate: 115200 }`",
                );
            }
        },
    };
    Ok((port, options))
}

pub(crate) fn is_specifier(value: &Dynamic) -> bool {
    value
        .read_lock::<Map>()
        .is_some_and(|map| !map.is_empty() && map.keys().all(|key| SPECIFIER.contains(&key.as_str())))
}

/// Reads the map of options.
fn open_options(map: &Map) -> Fallible<OpenOptions> {
    let mut options = OpenOptions::default();
    for (name, value) in map {
        let value = match convert::to_value(value) {
            Ok(value) => value,
            Err(reason) => return argument(format!("the option `{name}` {reason}"), ""),
        };
        set(&mut options, name, value)?;
    }
    Ok(options)
}

fn set(options: &mut OpenOptions, name: &str, value: Value) -> Fallible<()> {
    if !OPTIONS.contains(&name) {
        let near = crate::name::nearest(name, OPTIONS.iter().copied());
        let help = near.map_or_else(|| format!("options of `open`: {}", OPTIONS.join(", ")), did_you_mean);
        return argument(format!("`open` has no option `{name}`"), help);
    }
    let wanted = match (name, value) {
        ("startup", Value::Str(code)) => return done(&mut options.startup, Some(code)),
        ("startup" | "user" | "password" | "name" | "timeout" | "dtr" | "rts" | "soft_reset", Value::None) => {
            return Ok(());
        }
        ("startup", _) => "code as a string",
        ("user", Value::Str(user)) => return done(&mut options.line.user, Some(user)),
        ("password", Value::Str(password)) => return done(&mut options.line.password, Some(password)),
        ("name", Value::Str(name)) if !name.is_empty() => return done(&mut options.name, Some(name)),
        ("user" | "password" | "name", _) => "a string",
        ("attempts", Value::Int(attempts)) => return done(&mut options.attempts, attempts),
        ("attempts", _) => "an integer; negative means unlimited",
        ("baudrate", Value::Int(rate)) if u32::try_from(rate).is_ok_and(|rate| rate > 0) => {
            return done(&mut options.line.baud_rate, u32::try_from(rate).ok());
        }
        ("baudrate", _) => "bits per second as a whole number",
        ("timeout", value) => match seconds(&value) {
            Some(timeout) => return done(&mut options.timeout, Some(timeout)),
            None => "a positive number of seconds",
        },
        ("exclusive", Value::Bool(on)) => return done(&mut options.exclusive, on),
        ("auto_sync_time", Value::Bool(on)) => return done(&mut options.auto_sync_time, on),
        ("dtr", Value::Bool(on)) => return done(&mut options.line.dtr, Some(on)),
        ("rts", Value::Bool(on)) => return done(&mut options.line.rts, Some(on)),
        ("soft_reset", Value::Bool(on)) => return done(&mut options.soft_reset, Some(on)),
        _ => "`true` or `false`",
    };
    argument(format!("the option `{name}` takes {wanted}"), "")
}

fn done<T>(field: &mut T, value: T) -> Fallible<()> {
    *field = value;
    Ok(())
}

/// Opens a device, running its `pre_autoinit` and `post_init`.
fn open(
    run: &Arc<Run>,
    context: &NativeCallContext<'_>,
    class: &ClassHandle,
    port: Option<&str>,
    options: OpenOptions,
) -> Fallible<DeviceHandle> {
    // Keep errors of a method unchanged, with their frames.
    let mut raised = None;
    let mut hook = |moment: Hook, device: &Device| {
        let name = match moment {
            Hook::PreAutoinit => "pre_autoinit",
            Hook::PostInit => "post_init",
        };
        let device = DeviceHandle { device: device.clone(), class: class.clone() };
        match methods::call(context, &device, name, &mut []) {
            None | Some(Ok(_)) => Ok(()),
            Some(Err(error)) => {
                let kind = crate::script::errors::kind_of(&error);
                raised = Some(error);
                Err(Error::new(kind, format!("method `{name}` failed")))
            }
        }
    };
    match run.host_of_script().open(&class.0.class, port, options, &mut hook) {
        Ok(device) => {
            let (about, double) = run.identify(&device);
            run.emit_open(&device, about);
            if let Some(error) = double {
                let error = match device.close() {
                    Ok(()) => error,
                    Err(closing) => error.with_other(closing),
                };
                return Err(raise(located(error, context)));
            }
            if let Some(mount) = &run.host.options().mount {
                let (folder, writable) = mount.folder();
                run.note_mount(&device, folder, writable);
            }
            Ok(DeviceHandle { device, class: class.clone() })
        }
        Err(error) => Err(raised.unwrap_or_else(|| raise(located(misspelt(error, class), context)))),
    }
}

/// A misspelt implementation makes an overload that matches no board.
fn misspelt(error: Error, class: &ClassHandle) -> Error {
    if error.kind() != Kind::NoMatchingExecuterError {
        return error;
    }
    let names = class.0.class.items().filter_map(|item| item.options.implementation.as_deref());
    let slip = names
        .filter(|name| !IMPLEMENTATIONS.contains(name))
        .find_map(|name| crate::name::nearest(name, IMPLEMENTATIONS.iter().copied()).map(|near| (name, near)));
    match slip {
        Some((name, near)) => error.with_help(format!("`for \"{name}\"`: {}", suggestion(format_args!("\"{near}\"")))),
        None => error,
    }
}

fn session(run: &Arc<Run>, context: &NativeCallContext<'_>, args: &mut [&mut Dynamic]) -> Fallible<Dynamic> {
    let class = class_of(args)?;
    let (body, rest) = match args.split_last_mut() {
        Some((last, rest)) => (last.flatten_clone(), rest),
        None => return Ok(Dynamic::UNIT),
    };
    let Some(body) = body.clone().try_cast::<FnPtr>() else {
        return argument(
            format!("the last argument of `session` is {}", convert::describe(&body)),
            "it is a closure that gets the device: `Bench.session(|b| { … })`",
        );
    };
    let (port, options) = port_and_options(&rest[1..])?;
    let handle = open(run, context, &class, port.as_deref(), options)?;
    let result = body.call_raw(context, None, vec![Dynamic::from(handle.clone())]);
    let closed = handle.device.close();
    match (result, closed) {
        (Ok(value), Ok(())) => Ok(value),
        (Ok(_), Err(error)) => Err(raise(located(error, context))),
        (Err(error), Ok(())) => Err(error),
        (Err(error), Err(closing)) => {
            lock(&run.recorder.ending).closing.push(explain::of_error(&located(closing, context)));
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_can_be_opened() {
        let found = FoundPort {
            device: "/dev/ttyACM3".into(),
            vid: Some(0x2e8a),
            pid: Some(5),
            serial_number: Some("E66\"1".into()),
            ..FoundPort::default()
        };
        let map = specifier(&found);
        assert_eq!(map.keys().map(|key| key.as_str()).collect::<Vec<_>>().len(), SPECIFIER.len());
        assert!(is_specifier(&Dynamic::from_map(map.clone())));
        let (port, _) = port_and_options(&[&mut Dynamic::from_map(map)]).unwrap_or_else(|error| panic!("{error}"));
        let address: crate::port::address::Address = port.unwrap().parse().unwrap();
        let crate::port::address::Address::Usb(specifier) = address else { panic!("{address}") };
        assert_eq!(specifier, found.specifier());
        assert!(specifier.fits(&found));
    }
}
