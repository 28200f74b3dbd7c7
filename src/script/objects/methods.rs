//! Host-side methods of device classes: closures whose `this` is the device.
//!
//! Invariant: a method runs with the functions, imports and constants of
//! the script that declares it.

use crate::device::class::Class;
use crate::error::{Error, Kind, Result};
use crate::origin::Origin;
use crate::phrase::{any_of, arguments};
use crate::script::errors::{Fallible, argument};
use crate::script::handles::{ClassHandle, DeviceHandle, Home, Kwargs, Method};
use rhai::{Dynamic, EvalContext, FnPtr, GlobalRuntimeState, NativeCallContext};
use std::sync::Arc;

impl Home {
    fn of(context: &EvalContext<'_, '_, '_, '_, '_, '_>) -> Home {
        let state = context.global_runtime_state();
        Home {
            lib: state.lib.to_vec(),
            imports: state.scan_imports_raw().map(|(name, module)| (name.clone(), module.clone())).collect(),
            source: state.source.clone(),
            state: state.clone(),
        }
    }

    /// The caller's state with this home in front.
    fn enter(&self, caller: &GlobalRuntimeState) -> GlobalRuntimeState {
        let mut state = caller.clone();
        // The caller's functions follow, for closures passed as arguments.
        state.lib.extend(self.lib.iter().cloned());
        for (name, module) in &self.imports {
            state.push_import(name.clone(), module.clone());
        }
        state.source.clone_from(&self.source);
        state.constants.clone_from(&self.state.constants);
        state
    }
}

impl Method {
    pub fn new(
        name: &str,
        mut function: FnPtr,
        doc: String,
        origin: Origin,
        context: &EvalContext<'_, '_, '_, '_, '_, '_>,
    ) -> Method {
        // Copies captured variables: a method may run on any thread.
        for captured in function.iter_curry_mut() {
            *captured = captured.flatten_clone();
        }
        let captured = function.curry().len();
        let parameters = context
            .namespaces()
            .iter()
            .find_map(|module| {
                module.iter_script_fn_info().find(|(_, _, name, _, _)| *name == function.fn_name()).map(|info| info.4)
            })
            .map(|definition| definition.params.iter().skip(captured).map(ToString::to_string).collect::<Vec<_>>())
            .unwrap_or_default();
        Method {
            name: name.to_owned(),
            arity: parameters.len(),
            parameters,
            doc,
            origin,
            function,
            home: Home::of(context),
        }
    }

    /// Calls it on `device`.
    pub fn call(
        &self,
        context: &NativeCallContext<'_>,
        device: &DeviceHandle,
        arguments: Vec<Dynamic>,
    ) -> Fallible<Dynamic> {
        self.call_on(context, Dynamic::from(device.clone()), arguments)
    }

    /// Calls it with this value as `this`.
    pub fn call_on(
        &self,
        context: &NativeCallContext<'_>,
        mut this: Dynamic,
        arguments: Vec<Dynamic>,
    ) -> Fallible<Dynamic> {
        let state = self.home.enter(context.global_runtime_state());
        let inner = NativeCallContext::new_with_all_fields(
            context.engine(),
            &self.name,
            context.fn_source(),
            &state,
            context.call_position(),
        );
        self.function.call_raw(&inner, Some(&mut this), arguments)
    }
}

/// The methods of a class, including inherited ones that it does not replace.
///
/// # Errors
/// DeclarationError if a method and an item share a name.
pub(crate) fn inherit(class: &Class, own: Vec<Arc<Method>>, mixins: &[ClassHandle]) -> Result<Vec<Arc<Method>>> {
    let mut methods = own;
    for mixin in mixins {
        for method in &mixin.0.methods {
            if !methods.iter().any(|other| other.name == method.name && other.arity == method.arity) {
                methods.push(method.clone());
            }
        }
    }
    for method in &methods {
        if let Some(item) = class.items().find(|item| *item.name == *method.name) {
            let message = format!("`{}` is both a {} and a method", method.name, item.kind);
            return Err(Error::new(Kind::DeclarationError, message)
                .with_help(format!("rename one of them: the {} is at {}", item.kind, item.origin))
                .with_origin(method.origin.clone()));
        }
    }
    Ok(methods)
}

/// Calls the method `name` of a device; `None` if it has none.
pub(crate) fn call(
    context: &NativeCallContext<'_>,
    device: &DeviceHandle,
    name: &str,
    values: &mut [&mut Dynamic],
) -> Option<Fallible<Dynamic>> {
    let mut named = device.class.0.methods.iter().filter(|method| method.name == name).peekable();
    named.peek()?;
    let arities: Vec<String> = named.clone().map(|method| arguments(method.arity)).collect();
    let Some(method) = named.find(|method| method.arity == values.len()) else {
        let message = format!("method `{name}` takes {}, not {}", any_of(&arities), values.len());
        return Some(argument(message, ""));
    };
    if values.iter().any(|value| value.is::<Kwargs>()) {
        return Some(argument(format!("method `{name}` takes no named arguments"), "pass them in order"));
    }
    let values = values.iter().map(|value| value.flatten_clone()).collect();
    Some(method.call(context, device, values))
}
