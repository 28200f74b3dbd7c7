//! Calls of declared items and methods of a console, and the setups that run on open.
//!
//! Invariant: nothing is sent before every argument is accepted.

use super::calls::ended;
use super::members;
use crate::console::class::{Item, ItemKind};
use crate::error::{Error, Kind};
use crate::phrase::{any_of, arguments, did_you_mean};
use crate::script::errors::{Fallible, argument, raise};
use crate::script::handles::Method;
use crate::script::objects::convert::to_dynamic;
use crate::script::objects::instrument::calls::{in_unit, values_of};
use crate::script::run::Run;
use crate::script::run::console::ConsoleHandle;
use crate::value::Value;
use rhai::{Dynamic, NativeCallContext as Context};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Calls an item or a method by its name.
pub(crate) fn call(
    run: &Run,
    context: &Context<'_>,
    handle: &ConsoleHandle,
    name: &str,
    values: &mut [&mut Dynamic],
) -> Fallible<Dynamic> {
    let class = &handle.0.class.0;
    let methods = || class.methods.iter().filter(|method| method.name == name);
    if methods().next().is_some() {
        let Some(method) = methods().find(|method| method.arity == values.len()) else {
            let arities: Vec<String> = methods().map(|method| arguments(method.arity)).collect();
            return argument(format!("method `{name}` takes {}, not {}", any_of(&arities), values.len()), "");
        };
        let values = values.iter().map(|value| value.flatten_clone()).collect();
        return method.call_on(context, Dynamic::from(handle.clone()), values);
    }
    let Some(item) = class.class.item(name).cloned() else { return Err(unknown(handle, name)) };
    let (positional, named) = values_of(name, values)?;
    invoke(run, context, handle, &item, &positional, &named)
}

fn invoke(
    run: &Run,
    context: &Context<'_>,
    handle: &ConsoleHandle,
    item: &Arc<Item>,
    positional: &[Value],
    named: &[(String, Value)],
) -> Fallible<Dynamic> {
    let open = &*handle.0;
    let failed = |failure| ended(run, context, item.named(&open.console, failure));
    let values = item.bind(positional, named, in_unit).map_err(|error| failed(error.into()))?;
    if item.is_closure {
        return Ok(closure(handle, &item.name)
            .map(|method| {
                let values = values.into_iter().map(to_dynamic).collect();
                method.call_on(context, Dynamic::from(handle.clone()), values)
            })
            .transpose()?
            .unwrap_or(Dynamic::UNIT));
    }
    open.console.check().map_err(failed)?;
    open.used.store(true, Ordering::Relaxed);
    let limit = item.options.timeout.unwrap_or(open.settings.timeout);
    let stop = || run.clock.progress().is_some();
    item.run(&open.console, &open.settings, &values, limit, &stop).map(to_dynamic).map_err(failed)
}

fn closure(handle: &ConsoleHandle, name: &str) -> Option<Arc<Method>> {
    handle.0.class.0.closures.iter().find(|closure| closure.name == name).cloned()
}

/// Runs the setups that run on open.
pub(super) fn set_up(run: &Run, context: &Context<'_>, handle: &ConsoleHandle) -> Fallible<()> {
    let class = handle.0.class.0.class.clone();
    for item in class.items().iter().filter(|item| item.kind == ItemKind::Setup && item.options.autoinit) {
        let _ = invoke(run, context, handle, item, &[], &[])?;
    }
    Ok(())
}

fn unknown(handle: &ConsoleHandle, name: &str) -> Box<rhai::EvalAltResult> {
    let (console, class) = (handle.0.console.name(), &handle.0.class.0);
    if let Some((known, counts)) = members::FUNCTIONS.iter().find(|(known, _)| *known == name) {
        let counts: Vec<String> = counts.iter().map(|count| arguments(*count)).collect();
        let message = format!("`{known}` of a console was not called with these arguments");
        return raise(Error::new(Kind::ArgumentError, message).with_help(format!("it takes {}", any_of(&counts))));
    }
    let items = class.class.items().iter().map(|item| item.name.as_str());
    let own: Vec<&str> = items.chain(class.methods.iter().map(|method| method.name.as_str())).collect();
    let near = crate::name::nearest(name, own.iter().copied().chain(members::FUNCTIONS.iter().map(|(name, _)| *name)));
    let help = near.map(did_you_mean).unwrap_or_else(|| match own.is_empty() {
        true => "`command` sends a line and returns the answer".to_owned(),
        false => format!("it has {}", own.join(", ")),
    });
    let error = Error::new(Kind::UnknownTaskError, format!("`{console}` has no command or query `{name}`"));
    raise(error.with_device(console).with_help(help))
}
