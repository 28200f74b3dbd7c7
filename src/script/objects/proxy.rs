//! Proxies of board objects: `let p = d.proxy("sensor"); p.gain = 4; p.read(2)`.
//!
//! Rhai falls back to the string indexer for unknown properties, which would make `p.key` and `p["key"]` the same.
//! Therefore the properties used in scripts are registered by name. Invariant: one script operation is one
//! operation on the object.

use crate::device::{Function, Index, Items, Operation, OperationResult, Proxied};
use crate::script::errors;
use crate::script::errors::{Fallible, ScriptError, argument, call_place, placed, raise};
use crate::script::handles::{DeviceHandle, ProxyHandle};
use crate::script::objects::convert::{describe, to_dynamic, to_value};
use crate::script::objects::dispatch;
use crate::script::run::Run;
use crate::value::Value;
use rhai::{Dynamic, Engine, EvalAltResult, FuncRegistration, ImmutableString, Map, Module, NativeCallContext};
use std::any::TypeId;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

/// Built-in members of proxies: name, and numbers of arguments.
const BUILT_IN: &[(&str, &[usize])] = &[
    ("fetch", &[0]),
    ("repr", &[0]),
    ("hash", &[0]),
    ("len", &[0]),
    ("contains", &[1]),
    ("slice", &[2, 3]),
    ("delitem", &[1]),
    ("getattr", &[1]),
    ("setattr", &[2]),
    ("delattr", &[1]),
];

/// Whether a proxy function with `arity` further arguments of any type is registered here.
pub(crate) fn is_built_in(name: &str, arity: usize) -> bool {
    BUILT_IN.iter().any(|(known, arities)| *known == name && arities.contains(&arity))
}

/// Registers proxies as a type of the language.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    engine
        .register_type_with_name::<ProxyHandle>("proxy")
        .register_fn("proxy", |context: NativeCallContext<'_>, device: &mut DeviceHandle, code: ImmutableString| {
            placed(&context, make(&context, device, &code, &Map::new()))
        })
        .register_fn(
            "proxy",
            |context: NativeCallContext<'_>, device: &mut DeviceHandle, code: ImmutableString, options: Map| {
                placed(&context, make(&context, device, &code, &options))
            },
        );
    texts(engine);
    parts(engine, run);
    operators(engine);
    let mut module = Module::new();
    module.set_iter_result(TypeId::of::<ProxyHandle>(), |value| {
        let items = value.try_cast::<ProxyHandle>().map(|handle| handle.proxy.items());
        Box::new(items.into_iter().flat_map(Loop))
    });
    engine.register_global_module(module.into());
}

fn make(context: &NativeCallContext<'_>, device: &DeviceHandle, code: &str, options: &Map) -> Fallible<Dynamic> {
    let mut delete = None;
    for (name, value) in options {
        match (name.as_str(), value.as_bool()) {
            ("delete", Ok(on)) => delete = Some(on),
            ("delete", Err(_)) => {
                return argument(format!("`delete` is {}", describe(value)), "use `true` or `false`");
            }
            _ => return argument(format!("`proxy` has no option `{name}`"), "its option is `delete`"),
        }
    }
    make_within(context, device, code, delete, None)
}

/// Creates a proxy within its own time limit.
pub(crate) fn make_within(
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    code: &str,
    delete: Option<bool>,
    timeout: Option<Duration>,
) -> Fallible<Dynamic> {
    match device.device.proxy_within(code, delete, timeout, call_place(context).as_ref()).map_err(raise)? {
        Proxied::One(answer) => Ok(dynamic(answer)),
        Proxied::Many(proxies) => {
            Ok(proxies.into_iter().map(|proxy| dynamic(OperationResult::Object(proxy))).collect())
        }
    }
}

fn dynamic(answer: OperationResult) -> Dynamic {
    match answer {
        OperationResult::Value(value) => to_dynamic(value),
        OperationResult::Object(proxy) => Dynamic::from(ProxyHandle::new(proxy)),
    }
}

fn perform(context: &NativeCallContext<'_>, handle: &ProxyHandle, operation: &Operation<'_>) -> Fallible<Dynamic> {
    handle.touch();
    handle.proxy.run(operation, call_place(context).as_ref()).map(dynamic).map_err(raise)
}

fn texts(engine: &mut Engine) {
    fn text(context: &NativeCallContext<'_>, handle: &ProxyHandle, function: Function) -> Fallible<String> {
        perform(context, handle, &Operation::Function(function)).map(|text| text.to_string())
    }
    /// Rhai drops errors within strings and arrays: the text says why it is missing.
    fn embedded(text: Fallible<String>) -> Fallible<String> {
        text.or_else(|error| match errors::as_value(&error).read_lock::<ScriptError>() {
            Some(raised) => Ok(format!("<proxy: {}>", raised.error.message())),
            None => Err(error),
        })
    }
    fn shown(context: &NativeCallContext<'_>, handle: &ProxyHandle) -> Fallible<String> {
        text(context, handle, Function::Str)
    }
    fn debugged(context: &NativeCallContext<'_>, handle: &ProxyHandle) -> Fallible<String> {
        text(context, handle, Function::Repr).map(|repr| format!("<proxy {repr}>"))
    }
    engine
        .register_fn("print", |context: NativeCallContext<'_>, handle: &mut ProxyHandle| shown(&context, handle))
        .register_fn("debug", |context: NativeCallContext<'_>, handle: &mut ProxyHandle| debugged(&context, handle))
        .register_fn("to_string", |context: NativeCallContext<'_>, handle: &mut ProxyHandle| {
            embedded(shown(&context, handle))
        })
        .register_fn("to_debug", |context: NativeCallContext<'_>, handle: &mut ProxyHandle| {
            embedded(debugged(&context, handle))
        })
        .register_fn("repr", |context: NativeCallContext<'_>, handle: &mut ProxyHandle| {
            text(&context, handle, Function::Repr)
        });
}

fn parts(engine: &mut Engine, run: &Arc<Run>) {
    engine
        .register_fn("fetch", |context: NativeCallContext<'_>, handle: &mut ProxyHandle| {
            perform(&context, handle, &Operation::Fetch)
        })
        .register_fn("len", |context: NativeCallContext<'_>, handle: &mut ProxyHandle| {
            perform(&context, handle, &Operation::Function(Function::Len))
        })
        .register_fn("hash", |context: NativeCallContext<'_>, handle: &mut ProxyHandle| {
            perform(&context, handle, &Operation::Function(Function::Hash))
        })
        .register_fn(
            "slice",
            |context: NativeCallContext<'_>, handle: &mut ProxyHandle, start: Dynamic, stop: Dynamic| {
                let index = Index::Slice([bound(&context, &start)?, bound(&context, &stop)?, None]);
                perform(&context, handle, &Operation::Item(&index))
            },
        )
        .register_fn(
            "slice",
            |context: NativeCallContext<'_>, handle: &mut ProxyHandle, start: Dynamic, stop: Dynamic, step: Dynamic| {
                let index = Index::Slice([bound(&context, &start)?, bound(&context, &stop)?, bound(&context, &step)?]);
                perform(&context, handle, &Operation::Item(&index))
            },
        )
        .register_fn("delitem", |context: NativeCallContext<'_>, handle: &mut ProxyHandle, key: Dynamic| {
            perform(&context, handle, &Operation::DeleteItem(&index(&context, &key)?))
        })
        .register_fn("getattr", |context: NativeCallContext<'_>, handle: &mut ProxyHandle, name: ImmutableString| {
            get_attribute(&context, handle, &name)
        })
        .register_fn("delattr", |context: NativeCallContext<'_>, handle: &mut ProxyHandle, name: ImmutableString| {
            perform(&context, handle, &Operation::DeleteAttribute(&name))
        })
        .register_fn(
            "setattr",
            |context: NativeCallContext<'_>, handle: &mut ProxyHandle, name: ImmutableString, value: Dynamic| {
                set_attribute(&context, handle, &name, &value)
            },
        );
    let shared = run.clone();
    engine.register_indexer_get(move |context: NativeCallContext<'_>, handle: &mut ProxyHandle, key: Dynamic| {
        match property(&shared, &context, &key) {
            Some(name) => get_attribute(&context, handle, &name),
            None => get_item(&context, handle, &key),
        }
    });
    let shared = run.clone();
    // Pure in Rhai's sense: the object changes, not the constant that holds its proxy.
    FuncRegistration::new_index_setter().with_purity(true).register_into_engine(
        engine,
        move |context: NativeCallContext<'_>, handle: &mut ProxyHandle, key: Dynamic, value: Dynamic| match property(
            &shared, &context, &key,
        ) {
            Some(name) => set_attribute(&context, handle, &name, &value),
            None => set_item(&context, handle, &key, &value),
        },
    );
}

/// An unregistered property name, used only in a module imported by a computed
/// name: Rhai calls the indexer at the position of the dot.
fn property(run: &Run, context: &NativeCallContext<'_>, key: &Dynamic) -> Option<ImmutableString> {
    let name = key.read_lock::<ImmutableString>()?.clone();
    let position = context.call_position();
    let text = run.sources.get(context.call_source()?)?;
    let line = text.lines().nth(position.line()?.checked_sub(1)?)?;
    let mut rest = line.chars().skip(position.position()?.checked_sub(1)?);
    let first = rest.next()?;
    (first == '.' || (first == '?' && rest.next() == Some('.'))).then_some(name)
}

/// Registers the properties that a script uses.
pub(crate) fn register_properties(run: &Run, engine: &mut Engine, names: &[String]) {
    for name in names {
        if !run.declarations.register(&format!(".{name}"), 0) {
            continue;
        }
        let read: ImmutableString = name.into();
        let written = read.clone();
        engine.register_get(name, move |context: NativeCallContext<'_>, handle: &mut ProxyHandle| {
            get_attribute(&context, handle, &read)
        });
        FuncRegistration::new_setter(name).with_purity(true).register_into_engine(
            engine,
            move |context: NativeCallContext<'_>, handle: &mut ProxyHandle, value: Dynamic| {
                set_attribute(&context, handle, &written, &value)
            },
        );
    }
}

fn get_attribute(context: &NativeCallContext<'_>, handle: &ProxyHandle, name: &str) -> Fallible<Dynamic> {
    let read = perform(context, handle, &Operation::Attribute(name))?;
    Ok(remember(read, handle, || format!(".{name}")))
}

fn set_attribute(
    context: &NativeCallContext<'_>,
    handle: &ProxyHandle,
    name: &str,
    value: &Dynamic,
) -> Fallible<Dynamic> {
    if comes_back(value, handle, || format!(".{name}")) {
        return Ok(Dynamic::UNIT);
    }
    perform(context, handle, &Operation::SetAttribute(name, &sendable(context, "the value", value)?))
}

fn get_item(context: &NativeCallContext<'_>, handle: &ProxyHandle, key: &Dynamic) -> Fallible<Dynamic> {
    let read = perform(context, handle, &Operation::Item(&index(context, key)?))?;
    Ok(remember(read, handle, || item(key)))
}

fn set_item(
    context: &NativeCallContext<'_>,
    handle: &ProxyHandle,
    key: &Dynamic,
    value: &Dynamic,
) -> Fallible<Dynamic> {
    if comes_back(value, handle, || item(key)) {
        return Ok(Dynamic::UNIT);
    }
    perform(context, handle, &Operation::SetItem(&index(context, key)?, &sendable(context, "the value", value)?))
}

/// The item at a key, as text.
fn item(key: &Dynamic) -> String {
    let value = to_value(key).and_then(|key| crate::value::write::literal(&key).map_err(|error| error.to_string()));
    format!("[{}:{}]", key.type_name(), value.unwrap_or_default())
}

fn remember(mut read: Dynamic, from: &ProxyHandle, part: impl FnOnce() -> String) -> Dynamic {
    if let Some(mut handle) = read.write_lock::<ProxyHandle>() {
        handle.read_by = Some(from.step(part()));
    }
    read
}

fn comes_back(value: &Dynamic, to: &ProxyHandle, part: impl FnOnce() -> String) -> bool {
    let Some(handle) = value.read_lock::<ProxyHandle>() else { return false };
    handle.read_by.as_ref().is_some_and(|by| by.0 == to.identity && *by == to.step(part()))
}

fn sendable(context: &NativeCallContext<'_>, what: &str, value: &Dynamic) -> Fallible<Value> {
    placed(context, to_value(value).or_else(|reason| argument(format!("{what} {reason}"), "")))
}

/// A bound of a slice; `()` leaves it open.
fn bound(context: &NativeCallContext<'_>, value: &Dynamic) -> Fallible<Option<Value>> {
    if value.is_unit() {
        return Ok(None);
    }
    sendable(context, "a bound of the slice", value).map(Some)
}

/// An index: ranges are slices. Rhai sets the greatest integer for an omitted bound.
fn index(context: &NativeCallContext<'_>, key: &Dynamic) -> Fallible<Index> {
    let end = |stop: i64| (stop != i64::MAX).then_some(Value::Int(stop));
    if let Some(range) = key.read_lock::<Range<i64>>() {
        return Ok(Index::Slice([Some(Value::Int(range.start)), end(range.end), None]));
    }
    if let Some(range) = key.read_lock::<RangeInclusive<i64>>() {
        // Up to the last item: the position after it has no negative index.
        let stop = if *range.end() == -1 { None } else { end(range.end().saturating_add(1)) };
        return Ok(Index::Slice([Some(Value::Int(*range.start())), stop, None]));
    }
    sendable(context, "the key", key).map(Index::Key)
}

fn operators(engine: &mut Engine) {
    engine.register_fn("contains", |context: NativeCallContext<'_>, handle: &mut ProxyHandle, value: Dynamic| {
        perform(&context, handle, &Operation::Contains(&sendable(&context, "the operand", &value)?))
    });
    for (operator, reversed) in [("==", "=="), ("!=", "!="), ("<", ">"), ("<=", ">="), (">", "<"), (">=", "<=")] {
        let compare = move |context: &NativeCallContext<'_>, handle: &ProxyHandle, operator: &str, other: &Dynamic| {
            let elsewhere =
                other.read_lock::<ProxyHandle>().is_some_and(|other| !other.proxy.device().is(handle.proxy.device()));
            match operator {
                // Objects of different boards are never equal.
                "==" if elsewhere => Ok(Dynamic::FALSE),
                "!=" if elsewhere => Ok(Dynamic::TRUE),
                _ => perform(context, handle, &Operation::Compare(operator, &sendable(context, "the operand", other)?)),
            }
        };
        let (object, any) = (TypeId::of::<ProxyHandle>(), TypeId::of::<Dynamic>());
        for types in [[object, any], [any, object]] {
            engine.register_raw_fn(
                operator,
                types,
                move |context: NativeCallContext<'_>, args: &mut [&mut Dynamic]| -> Fallible<Dynamic> {
                    let [left, right] = args else { return Ok(Dynamic::UNIT) };
                    if let Some(handle) = left.read_lock::<ProxyHandle>().as_deref().cloned() {
                        return compare(&context, &handle, operator, right);
                    }
                    match right.read_lock::<ProxyHandle>().as_deref().cloned() {
                        Some(handle) => compare(&context, &handle, reversed, left),
                        None => Ok(Dynamic::UNIT),
                    }
                },
            );
        }
    }
}

/// `p.name(arguments…)`
pub(crate) fn call_method(
    context: &NativeCallContext<'_>,
    handle: &ProxyHandle,
    name: &str,
    values: &[&mut Dynamic],
) -> Fallible<Dynamic> {
    let (positional, named) = dispatch::arguments_of(None, name, values)?;
    perform(context, handle, &Operation::CallMethod(name, &positional, &named))
}

/// `p.call(arguments…)`
pub(crate) fn call(
    context: &NativeCallContext<'_>,
    handle: &ProxyHandle,
    values: &[&mut Dynamic],
) -> Fallible<Dynamic> {
    let (positional, named) = dispatch::arguments_of(None, "call", values)?;
    perform(context, handle, &Operation::Call(&positional, &named))
}

/// The loop over an object.
struct Loop(Items);

impl Iterator for Loop {
    type Item = Result<Dynamic, Box<EvalAltResult>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(None).map_err(raise).transpose().map(|item| item.map(dynamic))
    }
}
