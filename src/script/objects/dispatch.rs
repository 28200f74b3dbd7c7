//! Dispatches calls of declared items: `bench.read_adc(26)` calls a native function for this name and arity.
//!
//! Every method name in a script is registered for devices, classes and simulated boards, so that misspelt names
//! are reported here, with their position, and not by Rhai. Invariant: one script call is one device call.

use crate::device::Called;
use crate::device::class::Item;
use crate::error::{Error, Kind};
use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, call_place, placed, raise, refuse};
use crate::script::handles::{
    BatchHandle, ClassHandle, DeviceHandle, GeneratorHandle, InstrumentHandle, Kwargs, ProxyHandle, SimHandle,
};
use crate::script::members::{self, Member, Use};
use crate::script::names;
use crate::script::objects::{batch, console, convert, instrument, methods, proxy, sim};
use crate::script::run::Run;
use crate::script::run::console::ConsoleHandle;
use crate::script::run::receivers::receivers;
use crate::value::Value;
use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, Map, NativeCallContext};
use std::any::TypeId;
use std::sync::Arc;

/// Maximum arity registered per name.
const MOST_ARGUMENTS: usize = 12;

/// Methods of every value, which are not registered.
const COMMON: &[&str] = &["to_string", "to_debug", "type_of", "is_shared", "print", "debug"];

/// Registers the types, and everything that does not depend on the script's names.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    engine
        .register_type_with_name::<ClassHandle>("DeviceClass")
        .register_type_with_name::<DeviceHandle>("Device")
        .register_type_with_name::<SimHandle>("Sim")
        .register_type_with_name::<Kwargs>("kw")
        .register_fn("kw", Kwargs);
    for arity in 0..=MOST_ARGUMENTS {
        let types = vec![TypeId::of::<Dynamic>(); arity + 1];
        let shared = run.clone();
        engine.register_raw_fn(
            names::CALL,
            &types,
            move |context: NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
                placed(&context, call_anything(&shared, &context, args))
            },
        );
    }
    let shared = run.clone();
    #[expect(deprecated, reason = "Rhai marks this hook as volatile that way; the version is pinned")]
    engine.on_missing_function(move |name, args, _, context| {
        // Devices of modules with computed names. All registered calls are already handled.
        // Also called after errors of functions that exist, such as the operators, whose errors name their place.
        let is_known = |args: &[&mut Dynamic]| shared.declarations.is_registered(name, args.len().saturating_sub(1));
        if rhai::is_valid_identifier(name) && !COMMON.contains(&name) && !is_known(args) {
            batch::refuse_deferred(args)?;
        }
        let Some((first, rest)) = args.split_first_mut() else { return Ok(None) };
        let ours = first.is::<DeviceHandle>()
            || first.is::<ClassHandle>()
            || first.is::<SimHandle>()
            || first.is::<BatchHandle>()
            || first.is::<InstrumentHandle>() && !instrument::members::answers(name, rest.len())
            || first.is::<ConsoleHandle>() && !console::members::answers(name, rest.len());
        let taken = match first.is::<ProxyHandle>() {
            true => proxy::is_built_in(name, rest.len()),
            false if first.is::<InstrumentHandle>() || first.is::<ConsoleHandle>() => !ours,
            false => !ours || members::is_reserved(name),
        };
        if taken || !rhai::is_valid_identifier(name) || COMMON.contains(&name) {
            return Ok(None);
        }
        if shared.declarations.is_registered(name, rest.len()) {
            return Ok(None);
        }
        let state = context.global_runtime_state();
        let inner = NativeCallContext::new_with_all_fields(context.engine(), name, None, state, rhai::Position::NONE);
        answer(&shared, &inner, name, first, rest).map(Some)
    });
}

/// Registers the method names that a script calls or declares.
pub(crate) fn register_names(engine: &mut Engine, run: &Arc<Run>, calls: &[(String, usize)], items: &[String]) {
    let whole = items.iter().flat_map(|name| (0..=MOST_ARGUMENTS).map(move |arity| (name.clone(), arity)));
    for (name, arity) in calls.iter().cloned().chain(whole) {
        if COMMON.contains(&name.as_str()) || !rhai::is_valid_identifier(&name) {
            continue;
        }
        if !run.declarations.register(&name, arity) {
            continue;
        }
        let [device, class, _, object, _, of_instrument, of_console] = receivers();
        for first in receivers() {
            if (first == device && members::answers_on_device(&name, arity))
                || (first == class && members::answers_on_class(&name, arity))
                || (first == object && proxy::is_built_in(&name, arity))
                || (first == of_instrument && instrument::members::answers(&name, arity))
                || (first == of_console && console::members::answers(&name, arity))
            {
                continue;
            }
            let mut types = vec![TypeId::of::<Dynamic>(); arity + 1];
            types[0] = first;
            let called: Arc<str> = name.as_str().into();
            let shared = run.clone();
            engine.register_raw_fn(
                name.as_str(),
                &types,
                move |context: NativeCallContext<'_>, args: &mut [&mut Dynamic]| match args.split_first_mut() {
                    Some((first, rest)) => placed(&context, answer(&shared, &context, &called, first, rest)),
                    None => Ok(Dynamic::UNIT),
                },
            );
        }
    }
}

/// Answers the call `first.name(rest…)`.
fn answer(
    run: &Run,
    context: &NativeCallContext<'_>,
    name: &str,
    first: &Dynamic,
    rest: &mut [&mut Dynamic],
) -> Fallible<Dynamic> {
    if let Some(device) = first.read_lock::<DeviceHandle>().as_deref().cloned() {
        return call(context, &device, name, rest);
    }
    if let Some(handle) = first.read_lock::<ProxyHandle>().as_deref().inspect(|handle| handle.touch()).cloned() {
        return proxy::call_method(context, &handle, name, rest);
    }
    if let Some(batch) = first.read_lock::<BatchHandle>().as_deref().cloned() {
        return batch::add(context, &batch, name, rest);
    }
    if let Some(sim) = first.read_lock::<SimHandle>().as_deref().cloned() {
        return sim::simulate(context, &sim, name, rest);
    }
    if let Some(handle) = first.read_lock::<InstrumentHandle>().as_deref().cloned() {
        return instrument::calls::call(context, &handle, name, rest);
    }
    if let Some(handle) = first.read_lock::<ConsoleHandle>().as_deref().cloned() {
        return console::items::call(run, context, &handle, name, rest);
    }
    if let Some(class) = first.read_lock::<ClassHandle>().as_deref().cloned() {
        return unknown_on_class(&class, name, rest.len());
    }
    Ok(Dynamic::UNIT)
}

/// Calls an item or method with the name of a device function. `None` if there is none.
pub(crate) fn call_own<const N: usize>(
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    name: &str,
    mut values: [Dynamic; N],
) -> Option<Fallible<Dynamic>> {
    let has_method = device.class.0.methods.iter().any(|method| method.name == name);
    (has_method || device.device.item(name).is_some()).then(|| call(context, device, name, &mut values.each_mut()))
}

/// Calls an item or a method of a device.
pub(crate) fn call(
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    name: &str,
    values: &mut [&mut Dynamic],
) -> Fallible<Dynamic> {
    if let Some(result) = methods::call(context, device, name, values) {
        return result;
    }
    if device.device.item(name).is_none() {
        return Err(unknown(device, name, members::of_devices()));
    }
    let item = device.class.0.class.items().find(|item| *item.name == *name);
    let (positional, named) = arguments_of(item.map(|item| &**item), name, values)?;
    let at = call_place(context);
    let called = device.device.call(name, &positional, &named, at.as_ref()).map_err(raise)?;
    Ok(match called {
        Called::Value(value) => convert::to_dynamic(value),
        Called::Generator(generator) => Dynamic::from(GeneratorHandle::new(generator, name, at)),
    })
}

type Arguments = (Vec<Value>, Vec<(String, Value)>);

/// The positional and named values of a call; errors name the argument.
pub(crate) fn arguments_of(item: Option<&Item>, name: &str, values: &[&mut Dynamic]) -> Fallible<Arguments> {
    let mut positional = Vec::new();
    let mut named = Vec::new();
    let last = values.len().saturating_sub(1);
    for (index, value) in values.iter().enumerate() {
        if let Some(kwargs) = value.read_lock::<Kwargs>() {
            if index != last {
                return argument(format!("`kw(…)` is not the last argument of `{name}`"), "put it at the end");
            }
            for (key, value) in &kwargs.0 {
                let value = convert::to_value(value).map_err(|reason| {
                    raise(Error::new(Kind::ArgumentError, format!("argument `{key}` of `{name}` {reason}")))
                })?;
                named.push((key.to_string(), value));
            }
            continue;
        }
        let value = convert::to_value(value).map_err(|reason| {
            let param = item.and_then(|item| item.params.get(index));
            let which = param.map_or_else(|| (index + 1).to_string(), |param| format!("`{}`", param.name));
            raise(Error::new(Kind::ArgumentError, format!("argument {which} of `{name}` {reason}")))
        })?;
        positional.push(value);
    }
    Ok((positional, named))
}

/// The error of an unknown name. `others` are further candidates for a suggestion.
pub(crate) fn unknown(
    device: &DeviceHandle,
    name: &str,
    others: impl Iterator<Item = &'static Member>,
) -> Box<rhai::EvalAltResult> {
    if let Some(member) = members::of_device(name) {
        let error =
            Error::new(Kind::ArgumentError, format!("`{name}` of a device was not called with these arguments"));
        return raise(error.with_help(format!("it is used as {}", member.usage)));
    }
    let tasks = device.device.tasks();
    let items: Vec<&str> = tasks.iter().map(|(_, name, _)| name.as_str()).collect();
    let methods: Vec<&str> = device.class.0.methods.iter().map(|method| method.name.as_str()).collect();
    let declared = items.iter().chain(&methods).copied();
    let class = device.class.0.class.name.as_str();
    let name_of_device = device.device.name();
    let error = Error::new(Kind::UnknownTaskError, format!("`{name_of_device}` has no task `{name}`"))
        .with_device(name_of_device);
    let hidden = device.class.0.class.items().any(|item| *item.name == *name);
    raise(if hidden {
        error.with_help(format!("`{name}` is declared with `register = false`: only code on the board can call it"))
    } else if let Some(near) = crate::name::nearest(name, declared.clone().chain(others.map(|member| member.name))) {
        error.with_help(did_you_mean(near))
    } else {
        error.with_help(list(class, &declared.collect::<Vec<_>>()))
    })
}

fn list(class: &str, names: &[&str]) -> String {
    let mut shown: Vec<&str> = Vec::new();
    for name in names {
        if !shown.contains(name) {
            shown.push(name);
        }
    }
    if shown.is_empty() {
        return format!("`{class}` declares no tasks; `exec(code)` runs code on the board");
    }
    let shown: Vec<String> = shown.iter().map(|name| format!("`{name}`")).collect();
    format!("`{class}` has {}", shown.join(", "))
}

fn unknown_on_class(class: &ClassHandle, name: &str, count: usize) -> Fallible<Dynamic> {
    let class_name = &class.0.class.name;
    let known = class.0.class.items().any(|item| *item.name == *name)
        || class.0.methods.iter().any(|method| method.name == name)
        || members::of_device(name).is_some();
    if let Some(member) = members::of_class(name).filter(|member| member.how == Use::Function) {
        return argument(
            format!("`{class_name}.{name}` was not called with these arguments ({})", crate::phrase::arguments(count)),
            member.usage,
        );
    }
    if known {
        return refuse(
            Kind::UnknownTaskError,
            format!("`{class_name}` is a class, `{name}` is called on a device of it"),
            format!("call `.open()` first: `let bench = {class_name}.open();`, then `bench.{name}(…)`"),
        );
    }
    let near = crate::name::nearest(name, members::of_classes().map(|member| member.name));
    let help = near.map_or_else(|| format!("call `.open()` first: `let bench = {class_name}.open();`"), did_you_mean);
    refuse(Kind::UnknownTaskError, format!("the class `{class_name}` has no function `{name}`"), help)
}

/// `x.call(…)`: calls an item by name on a device; on anything else it calls a function pointer as in Rhai.
fn call_anything(run: &Run, context: &NativeCallContext<'_>, args: &mut [&mut Dynamic]) -> Fallible<Dynamic> {
    let Some((first, rest)) = args.split_first_mut() else { return Ok(Dynamic::UNIT) };
    if let Some(function) = first.read_lock::<FnPtr>().as_deref().cloned() {
        let values = rest.iter_mut().map(|value| std::mem::take(*value)).collect();
        return call_function(run, context, &function, None, values);
    }
    if let Some(device) = first.read_lock::<DeviceHandle>().as_deref().cloned() {
        return call_by_name(context, &device, rest);
    }
    if let Some(handle) = first.read_lock::<ProxyHandle>().as_deref().inspect(|handle| handle.touch()).cloned() {
        return proxy::call(context, &handle, rest);
    }
    if let Some((function, rest)) = rest.split_first_mut()
        && let Some(function) = function.read_lock::<FnPtr>().as_deref().cloned()
    {
        let values = rest.iter_mut().map(|value| std::mem::take(*value)).collect();
        return call_function(run, context, &function, Some(first), values);
    }
    argument(
        format!("`call` is used on {}", convert::describe(first)),
        "it calls a function pointer, or an item of a device by name: `d.call(\"name\", [args])`",
    )
}

/// Calls a function pointer. A closure of another script runs under that script's name, so that positions are right.
fn call_function(
    run: &Run,
    context: &NativeCallContext<'_>,
    function: &FnPtr,
    this: Option<&mut Dynamic>,
    values: Vec<Dynamic>,
) -> Fallible<Dynamic> {
    let home = run.declarations.loader.closure(function.fn_name());
    match home.filter(|home| context.call_source() != Some(home.as_str())) {
        None => function.call_raw(context, this, values),
        Some(home) => {
            let mut state = context.global_runtime_state().clone();
            state.source = Some(home.into());
            let engine = context.engine();
            let position = context.call_position();
            let inner = NativeCallContext::new_with_all_fields(engine, context.fn_name(), None, &state, position);
            function.call_raw(&inner, this, values)
        }
    }
}

fn call_by_name(
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    rest: &mut [&mut Dynamic],
) -> Fallible<Dynamic> {
    let usage = "write `d.call(\"name\", [args])`, or `d.call(\"name\", [args], kw(#{ … }))`";
    let Some((name, rest)) = rest.split_first_mut() else { return argument("`call` needs a name", usage) };
    let Some(name) = name.read_lock::<ImmutableString>().as_deref().cloned() else {
        return argument(format!("the name for `call` is {}", convert::describe(name)), usage);
    };
    let mut values: Vec<Dynamic> = match rest.first() {
        None => Vec::new(),
        Some(values) => match values.read_lock::<Array>() {
            Some(values) => values.clone(),
            None => return argument(format!("the arguments for `call` are {}", convert::describe(values)), usage),
        },
    };
    match rest.get(1) {
        None => {}
        Some(kwargs) if kwargs.is::<Kwargs>() => values.push(kwargs.flatten_clone()),
        Some(map) if map.is_map() => values.push(Dynamic::from(Kwargs(map.flatten_clone().cast::<Map>()))),
        Some(other) => {
            return argument(format!("the named arguments for `call` are {}", convert::describe(other)), usage);
        }
    }
    if rest.len() > 2 {
        return argument("`call` was given too many arguments", usage);
    }
    let declared =
        device.device.item(&name).is_some() || device.class.0.methods.iter().any(|method| method.name == name.as_str());
    if !declared && !members::is_reserved(&name) {
        return Err(unknown(device, &name, std::iter::empty()));
    }
    let mut references: Vec<&mut Dynamic> = values.iter_mut().collect();
    call(context, device, &name, &mut references)
}
