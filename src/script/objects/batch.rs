//! `d.batch(|b| { b.f(1); b.g(2); })`: independent calls in one exchange.
//!
//! Uses [`crate::device`]. Invariant: a deferred value is never taken for a value: what is done with it before `.value` fails.

use crate::error::Kind;
use crate::script::errors::{Fallible, argument, call_place, placed, raise, refuse};
use crate::script::handles::{BatchHandle, DeferredHandle, DeviceHandle};
use crate::script::language::comparing;
use crate::script::lock::lock;
use crate::script::members;
use crate::script::objects::{convert, dispatch};
use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, NativeCallContext};
use std::any::TypeId;
use std::sync::{Arc, Mutex};

/// Registers batches as types of the language.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<BatchHandle>("Batch")
        .register_type_with_name::<DeferredHandle>("Deferred")
        .register_fn("batch", |context: NativeCallContext<'_>, device: &mut DeviceHandle, body: FnPtr| {
            placed(&context, batch(&context, device, &body))
        })
        .register_get("value", |context: NativeCallContext<'_>, deferred: &mut DeferredHandle| {
            placed(&context, value(deferred))
        })
        .register_get("is_known", |deferred: &mut DeferredHandle| lock(&deferred.value).is_some())
        .register_fn("to_string", |deferred: &mut DeferredHandle| shown(deferred))
        .register_fn("to_debug", |deferred: &mut DeferredHandle| shown(deferred))
        .register_fn("to_string", |batch: &mut BatchHandle| format!("batch of `{}`", batch.device.device.name()))
        .register_fn("to_debug", |batch: &mut BatchHandle| format!("batch of `{}`", batch.device.device.name()));
    refuse_use(engine);
}

/// Operators besides the comparisons. The last one also inserts into strings.
const OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "**", "<<", ">>", "&", "|", "^", "+="];

/// Registers what would otherwise use a deferred value without a word: values of different types are unequal, and everything can be
/// printed.
fn refuse_use(engine: &mut Engine) {
    let (any, deferred) = (TypeId::of::<Dynamic>(), TypeId::of::<DeferredHandle>());
    let refused = |context: NativeCallContext<'_>, args: &mut [&mut Dynamic]| -> Fallible<Dynamic> {
        placed(&context, refuse_deferred(args)).map(|()| Dynamic::UNIT)
    };
    for operator in comparing::operators().chain(OPERATORS.iter().copied()) {
        let text = TypeId::of::<ImmutableString>();
        for types in [[deferred, any], [any, deferred], [text, deferred], [deferred, deferred]] {
            engine.register_raw_fn(operator, types, refused);
        }
    }
    engine.register_raw_fn("print", [deferred], refused);
}

/// Runs the closure, then its calls; returns their results in order.
fn batch(context: &NativeCallContext<'_>, device: &DeviceHandle, body: &FnPtr) -> Fallible<Array> {
    let batch = BatchHandle { device: device.clone(), calls: Arc::new(Mutex::new(Some(Vec::new()))) };
    let collected = body.call_raw(context, None, vec![Dynamic::from(batch.clone())]);
    // Taken in any case: a batch that is over takes no more calls.
    let calls = lock(&batch.calls).take().unwrap_or_default();
    let _ = collected?;
    let (calls, deferred): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
    let result = device.device.run_batch(&calls);
    for (deferred, value) in deferred.iter().zip(&result.values) {
        *lock(&deferred.value) = Some(value.clone());
    }
    match result.error {
        Some(error) => Err(raise(error)),
        None => Ok(result.values.into_iter().map(convert::to_dynamic).collect()),
    }
}

/// Adds a call to a batch: `b.name(rest…)`.
pub(crate) fn add(
    context: &NativeCallContext<'_>,
    batch: &BatchHandle,
    name: &str,
    rest: &[&mut Dynamic],
) -> Fallible<Dynamic> {
    let device = &batch.device;
    if device.class.0.methods.iter().any(|method| method.name == name) {
        let message = format!("the method `{name}` cannot be part of a batch: it runs on this computer");
        return argument(message, format!("call it outside of `batch`: `d.{name}(…)`"));
    }
    if device.device.item(name).is_none() {
        if let Some(member) = members::of_device(name) {
            let message = format!("`{name}` cannot be part of a batch, which calls tasks");
            return argument(message, format!("use it outside of `batch`: {}", member.usage));
        }
        return Err(dispatch::unknown(device, name, std::iter::empty()));
    }
    let item = device.class.0.class.items().find(|item| *item.name == *name);
    let (positional, named) = dispatch::arguments_of(item.map(|item| &**item), name, rest)?;
    let at = call_place(context);
    let call = device.device.prepare(name, &positional, &named, at.as_ref()).map_err(raise)?;
    let deferred = DeferredHandle { name: name.into(), value: Arc::default() };
    match lock(&batch.calls).as_mut() {
        Some(calls) => calls.push((call, deferred.clone())),
        None => {
            return argument(
                format!("`{name}` was called on a batch that has ended"),
                "start another `d.batch(|b| …)`",
            );
        }
    }
    Ok(Dynamic::from(deferred))
}

fn value(deferred: &DeferredHandle) -> Fallible<Dynamic> {
    let known = lock(&deferred.value).clone();
    match known {
        Some(value) => Ok(convert::to_dynamic(value)),
        None => too_early(deferred),
    }
}

fn shown(deferred: &DeferredHandle) -> String {
    format!("[the result of `{}` in a batch]", deferred.name)
}

fn too_early<T>(deferred: &DeferredHandle) -> Fallible<T> {
    if lock(&deferred.value).is_some() {
        let message = format!("the result of `{}` in a batch is used like a value", deferred.name);
        return refuse(Kind::ScriptError, message, "write `.value` after it");
    }
    refuse(
        Kind::ScriptError,
        format!("the result of `{}` is not known yet: the calls of a batch run when its closure ends", deferred.name),
        "use `.value` after the batch, or call the task on the device",
    )
}

/// Refuses a deferred value among the arguments of a function.
pub(crate) fn refuse_deferred(args: &[&mut Dynamic]) -> Fallible<()> {
    let found = args.iter().find_map(|arg| arg.read_lock::<DeferredHandle>().as_deref().cloned());
    found.map_or(Ok(()), |deferred| too_early(&deferred))
}
