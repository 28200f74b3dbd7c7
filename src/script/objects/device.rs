//! The built-in members of devices: properties, `exec`, run-time declarations, life cycle, `sim`.
//!
//! Uses [`crate::device`]. Invariant: every name registered here is either reserved, or gives way to an item of
//! the same name.

use crate::device::class::{ItemKind, ItemOptions};
use crate::error::{Error, Kind};
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, call_place, located, placed, raise};
use crate::script::handles::{ClassHandle, DeviceHandle, SimHandle};
use crate::script::members::{self, HISTORY_LENGTH, Use};
use crate::script::objects::{convert, dispatch, sync};
use crate::script::run::Run;
use crate::script::run::folder::Access;
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};
use std::path::Path;
use std::sync::Arc;

/// The default key that ends `terminal`: Ctrl-], as in Belay.
const LEAVE: u8 = 0x1d;

fn history_length() -> i64 {
    i64::try_from(crate::device::MAX_HISTORY).unwrap_or(i64::MAX)
}

/// Registers devices and classes as types of the language.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    properties(engine);
    classes(engine, run);
    mounts(engine, run);
    crate::script::objects::exec::register(engine, run);
    engine
        .register_fn("soft_reset", |context: NativeCallContext<'_>, device: &mut DeviceHandle| {
            device.device.soft_reset().map_err(|error| raise(located(error, &context)))
        })
        .register_fn("sync_time", |context: NativeCallContext<'_>, device: &mut DeviceHandle| {
            device.device.sync_time(None).map_err(|error| raise(located(error, &context)))
        })
        .register_fn("sync_time", |context: NativeCallContext<'_>, device: &mut DeviceHandle, samples: i64| {
            let samples = u32::try_from(samples).unwrap_or(0).min(1000);
            device.device.sync_time(Some(samples)).map_err(|error| raise(located(error, &context)))
        })
        .register_fn("reconnect", |context: NativeCallContext<'_>, device: &mut DeviceHandle| {
            device.device.reconnect(None).map_err(|error| raise(located(error, &context)))
        })
        .register_fn("reconnect", |context: NativeCallContext<'_>, device: &mut DeviceHandle, attempts: i64| {
            device.device.reconnect(Some(attempts)).map_err(|error| raise(located(error, &context)))
        })
        .register_fn("terminal", |context: NativeCallContext<'_>, device: &mut DeviceHandle| {
            device.device.terminal(LEAVE).map_err(|error| raise(located(error, &context)))
        })
        .register_fn("terminal", |context: NativeCallContext<'_>, device: &mut DeviceHandle, leave: Dynamic| {
            let left = exit_character(&leave).and_then(|leave| device.device.terminal(leave));
            left.map_err(|error| raise(located(error, &context)))
        })
        .register_fn("close", |context: NativeCallContext<'_>, device: &mut DeviceHandle| {
            device.device.close().map_err(|error| raise(located(error, &context)))
        });
    for kind in [ItemKind::Setup, ItemKind::Task, ItemKind::Thread, ItemKind::Teardown] {
        let (plain, shared) = (run.clone(), run.clone());
        engine
            .register_fn(
                kind.word(),
                move |context: NativeCallContext<'_>, device: &mut DeviceHandle, source: ImmutableString| {
                    let values = [Dynamic::from(source.clone())];
                    let own = dispatch::call_own(&context, device, kind.word(), values);
                    let declared = || declare(&plain, &context, device, kind, &source, &Map::new());
                    placed(&context, own.unwrap_or_else(declared))
                },
            )
            .register_fn(
                kind.word(),
                move |context: NativeCallContext<'_>,
                      device: &mut DeviceHandle,
                      source: ImmutableString,
                      options: Map| {
                    let values = [Dynamic::from(source.clone()), Dynamic::from_map(options.clone())];
                    let own = dispatch::call_own(&context, device, kind.word(), values);
                    let declared = || declare(&shared, &context, device, kind, &source, &options);
                    placed(&context, own.unwrap_or_else(declared))
                },
            );
    }
}

fn mounts(engine: &mut Engine, run: &Arc<Run>) {
    let (plain, full) = (run.clone(), run.clone());
    engine
        .register_fn(
            "mount",
            move |context: NativeCallContext<'_>, device: &mut DeviceHandle, folder: ImmutableString| {
                placed(&context, mount(&plain, &context, device, &folder, &Map::new()))
            },
        )
        .register_fn(
            "mount",
            move |context: NativeCallContext<'_>, device: &mut DeviceHandle, folder: ImmutableString, options: Map| {
                placed(&context, mount(&full, &context, device, &folder, &options))
            },
        )
        .register_fn("unmount", |context: NativeCallContext<'_>, device: &mut DeviceHandle| {
            device.device.unmount().map_err(|error| raise(located(error, &context)))
        });
}

fn mount(
    run: &Run,
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    folder: &str,
    options: &Map,
) -> Fallible<()> {
    let mut writable = false;
    for (name, value) in options {
        match (name.as_str(), value.as_bool()) {
            ("write", Ok(write)) => writable = write,
            ("write", Err(other)) => {
                return argument(format!("the option `write` of `mount` is a {other}"), "`true` or `false`");
            }
            _ => return argument(format!("`mount` has no option `{name}`"), "it has `write`"),
        }
    }
    if writable { run.writable(folder).map(drop) } else { run.readable(folder).map(drop) }?;
    sync::note(run, context, folder, if writable { Access::MountedWritable } else { Access::Mounted });
    let mounted = device.device.mount_within(Path::new(folder), writable, run.gate().confines());
    mounted.map_err(|error| raise(located(error, context)))?;
    run.note_mount(&device.device, Path::new(folder), writable);
    Ok(())
}

/// The key given as `leave`.
fn exit_character(leave: &Dynamic) -> Result<u8, Error> {
    let text = leave.clone().into_string().ok().or_else(|| leave.as_char().ok().map(String::from)).unwrap_or_default();
    match text.as_bytes() {
        [key] if key.is_ascii() => Ok(*key),
        _ => Err(Error::new(Kind::ArgumentError, "the exit character of `terminal` is one character of ASCII")
            .with_help("for example `\"\\x18\"`, which is Ctrl-X; without one it is Ctrl-]")),
    }
}

fn properties(engine: &mut Engine) {
    engine
        .register_get("name", |d: &mut DeviceHandle| d.device.name().to_owned())
        .register_get("port", |d: &mut DeviceHandle| d.device.port().to_owned())
        .register_get("is_open", |d: &mut DeviceHandle| d.device.is_open())
        .register_get("is_simulated", |d: &mut DeviceHandle| d.device.is_simulated())
        .register_get("class", |d: &mut DeviceHandle| d.class.clone())
        .register_get("implementation", |d: &mut DeviceHandle| implementation(d))
        .register_get("history", |d: &mut DeviceHandle| strings(d.device.history()))
        .register_get("tasks", |d: &mut DeviceHandle| {
            d.device.tasks().into_iter().map(|(kind, name, text)| task(kind, &name, &text)).collect::<Array>()
        })
        .register_get(HISTORY_LENGTH, |_: &mut DeviceHandle| history_length())
        .register_get("sim", |context: NativeCallContext<'_>, d: &mut DeviceHandle| {
            if d.device.is_simulated() {
                return Ok(SimHandle(d.clone()));
            }
            let name = d.device.name();
            let message = format!("`{name}` is not a simulated board, so it has no `sim`");
            let error = Error::new(Kind::FeatureUnavailableError, message)
                .with_device(name)
                .with_help("open the device with `--port sim`, or check `is_simulated` first");
            placed(&context, Err(raise(error)))
        })
        .register_fn("to_string", |d: &mut DeviceHandle| shown(d))
        .register_fn("to_debug", |d: &mut DeviceHandle| shown(d))
        .register_fn("to_string", |sim: &mut SimHandle| format!("sim of {}", shown(&sim.0)))
        .register_fn("==", |a: &mut DeviceHandle, b: DeviceHandle| is_same(a, &b))
        .register_fn("!=", |a: &mut DeviceHandle, b: DeviceHandle| !is_same(a, &b));
    engine.register_indexer_get(
        |context: NativeCallContext<'_>, d: &mut DeviceHandle, name: ImmutableString| -> Fallible<Dynamic> {
            let found = match name.as_str() {
                "time_offset" => d.device.time_offset().map(Dynamic::from).map_err(raise),
                name => Err(no_property(d, name)),
            };
            placed(&context, found)
        },
    );
}

/// The error of an unknown property: a task without parentheses, or a misspelling.
fn no_property(d: &DeviceHandle, name: &str) -> Box<EvalAltResult> {
    let device = d.device.name();
    let (message, help) = if d.device.item(name).is_some()
        || d.class.0.methods.iter().any(|known| known.name == name)
        || members::answers_on_device(name, 0)
    {
        (format!("`{name}` of `{device}` is called with parentheses"), format!("write `.{name}(…)`"))
    } else {
        let properties = members::of_devices().filter(|member| member.how == Use::Property);
        let names: Vec<&str> = properties.map(|member| member.name).collect();
        let tasks = d.device.tasks();
        let near =
            crate::name::nearest(name, names.iter().copied().chain(tasks.iter().map(|(_, name, _)| name.as_str())));
        let help = near.map_or_else(|| format!("it has {}", names.join(", ")), did_you_mean);
        (format!("`{device}` has no property `{name}`"), help)
    };
    raise(Error::new(Kind::UnknownTaskError, message).with_device(device).with_help(help))
}

fn shown(device: &DeviceHandle) -> String {
    let state = if device.device.is_open() { "" } else { " (closed)" };
    format!("{} on {}{state}", device.device.name(), device.device.port())
}

fn is_same(a: &DeviceHandle, b: &DeviceHandle) -> bool {
    a.device.name() == b.device.name() && a.device.port() == b.device.port()
}

fn strings(texts: Vec<String>) -> Array {
    texts.into_iter().map(Dynamic::from).collect()
}

fn task(kind: ItemKind, name: &str, text: &str) -> Dynamic {
    let mut map = Map::new();
    map.insert("kind".into(), Dynamic::from(kind.word().to_owned()));
    map.insert("name".into(), Dynamic::from(name.to_owned()));
    map.insert("signature".into(), Dynamic::from(text.to_owned()));
    Dynamic::from_map(map)
}

fn implementation(device: &DeviceHandle) -> Map {
    let is = device.device.implementation();
    let (major, minor, patch) = is.version;
    let version: Array = [major, minor, patch].into_iter().map(|part| Dynamic::from_int(i64::from(part))).collect();
    let mut map = Map::new();
    map.insert("name".into(), Dynamic::from(is.name));
    map.insert("version".into(), Dynamic::from_array(version));
    map.insert("platform".into(), Dynamic::from(is.platform));
    map.insert("arch".into(), Dynamic::from(is.arch));
    map.insert("emitters".into(), Dynamic::from_array(strings(is.emitters)));
    map.insert("float_bits".into(), Dynamic::from_int(i64::from(is.float_bits)));
    map
}

fn classes(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine
        .register_get("name", |class: &mut ClassHandle| class.0.class.name.clone())
        .register_get("doc", |class: &mut ClassHandle| class.0.class.doc.clone())
        .register_get("items", |class: &mut ClassHandle| items(class))
        .register_get(HISTORY_LENGTH, |_: &mut ClassHandle| history_length())
        .register_fn("classes", move |_: &mut ClassHandle| {
            shared.declarations.classes().into_iter().map(|(_, class)| Dynamic::from(class)).collect::<Array>()
        })
        .register_fn("to_string", |class: &mut ClassHandle| format!("device {}", class.0.class.name))
        .register_fn("to_debug", |class: &mut ClassHandle| format!("device {}", class.0.class.name))
        .register_fn("==", |a: &mut ClassHandle, b: ClassHandle| Arc::ptr_eq(&a.0, &b.0))
        .register_fn("!=", |a: &mut ClassHandle, b: ClassHandle| !Arc::ptr_eq(&a.0, &b.0));
}

fn items(class: &ClassHandle) -> Array {
    let item = |kind: &str, name: &str, doc: &str, implementation: Option<&str>| {
        let mut map = Map::new();
        map.insert("kind".into(), Dynamic::from(kind.to_owned()));
        map.insert("name".into(), Dynamic::from(name.to_owned()));
        map.insert("doc".into(), Dynamic::from(doc.to_owned()));
        let implementation = implementation.map_or(Dynamic::UNIT, |name| Dynamic::from(name.to_owned()));
        map.insert("implementation".into(), implementation);
        Dynamic::from_map(map)
    };
    let declared = class.0.class.items().map(|declared| {
        item(declared.kind.word(), &declared.name, &declared.doc, declared.options.implementation.as_deref())
    });
    declared.chain(class.0.methods.iter().map(|method| item("method", &method.name, &method.doc, None))).collect()
}

/// Declares an item of one device at run time.
fn declare(
    run: &Run,
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    kind: ItemKind,
    source: &str,
    options: &Map,
) -> Fallible<Dynamic> {
    let mut converted = Vec::new();
    let mut scratch = ItemOptions::defaults(kind);
    for (name, value) in options {
        let value = convert::to_value(value)
            .map_err(|reason| raise(Error::new(Kind::DeclarationError, format!("the option `{name}` {reason}"))))?;
        scratch.set(kind, name, &value).map_err(raise)?;
        converted.push((name.to_string(), value));
    }
    if let Ok(definition) = crate::python::signature::parse_def(source) {
        crate::script::names::check_word(&definition.name).map_err(raise)?;
        // Errors refer to its lines in a file with this name.
        run.sources.insert(&format!("<{}>", definition.name), source);
    }
    let at = call_place(context);
    let name = device.device.declare(kind, source, &converted, at.as_ref()).map_err(raise)?;
    Ok(Dynamic::from(name.as_str().to_owned()))
}
