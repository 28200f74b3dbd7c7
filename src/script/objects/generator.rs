//! Generator tasks in scripts: an iterator for `for`, with `next`, `send` and `close`.
//!
//! Invariant: an unreachable generator is freed on the board.

use crate::device::Generator;
use crate::origin::Origin;
use crate::script::errors::{Fallible, argument, call_place, placed, raise};
use crate::script::handles::GeneratorHandle;
use crate::script::lock::lock;
use crate::script::objects::convert;
use crate::value::Value;
use rhai::{Array, Dynamic, Engine, EvalAltResult, Module, NativeCallContext};
use std::any::TypeId;
use std::sync::{Arc, Mutex};

impl GeneratorHandle {
    pub fn new(generator: Generator, name: &str, at: Option<Origin>) -> GeneratorHandle {
        GeneratorHandle { name: name.into(), at, state: Arc::new(Mutex::new(Some(generator))) }
    }

    /// The next item; `None` from the end on.
    fn resume(&self, send: &Value, at: Option<&Origin>) -> Fallible<Option<Dynamic>> {
        let mut state = lock(&self.state);
        let Some(generator) = state.as_mut() else { return Ok(None) };
        match generator.resume(send, at) {
            Ok(Some(value)) => Ok(Some(convert::to_dynamic(value))),
            Ok(None) => {
                *state = None;
                Ok(None)
            }
            Err(error) => {
                *state = None;
                Err(raise(error))
            }
        }
    }

    /// The items to its end.
    pub fn collect(&self) -> Fallible<Array> {
        let mut items = Array::new();
        while let Some(item) = self.resume(&Value::None, self.at.as_ref())? {
            items.push(item);
        }
        Ok(items)
    }

    fn close(&self) -> Fallible<()> {
        let generator = lock(&self.state).take();
        generator.map_or(Ok(()), |mut generator| generator.close()).map_err(raise)
    }
}

/// The loop over a generator.
struct Items {
    handle: GeneratorHandle,
    failed: bool,
}

impl Iterator for Items {
    type Item = Result<Dynamic, Box<EvalAltResult>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.handle.resume(&Value::None, self.handle.at.as_ref()) {
            Ok(item) => item.map(Ok),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}

/// Registers generators as a type of the language.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<GeneratorHandle>("Generator")
        .register_fn("next", |context: NativeCallContext<'_>, generator: &mut GeneratorHandle| {
            placed(&context, next(&context, generator, &Value::None))
        })
        .register_fn("send", |context: NativeCallContext<'_>, generator: &mut GeneratorHandle, value: Dynamic| {
            match convert::to_value(&value) {
                Ok(value) => placed(&context, next(&context, generator, &value)),
                Err(reason) => placed(&context, argument(format!("the value for `send` {reason}"), "")),
            }
        })
        .register_fn("close", |context: NativeCallContext<'_>, generator: &mut GeneratorHandle| {
            placed(&context, generator.close())
        })
        .register_fn("to_string", |generator: &mut GeneratorHandle| format!("generator of `{}`", generator.name))
        .register_fn("to_debug", |generator: &mut GeneratorHandle| format!("generator of `{}`", generator.name));
    let mut module = Module::new();
    module.set_iter_result(TypeId::of::<GeneratorHandle>(), |value| {
        let handle = value.try_cast::<GeneratorHandle>();
        Box::new(handle.into_iter().flat_map(|handle| Items { handle, failed: false }))
    });
    engine.register_global_module(module.into());
}

fn next(context: &NativeCallContext<'_>, generator: &GeneratorHandle, send: &Value) -> Fallible<Dynamic> {
    Ok(generator.resume(send, call_place(context).as_ref())?.unwrap_or(Dynamic::UNIT))
}
