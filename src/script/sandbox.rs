//! The engine in which `check` and `doc` evaluate declarations: without access to the outside, and with strict
//! limits.
//!
//! It has Rhai's arithmetic, strings and containers, and the functions that scripts define. It lacks the native functions of
//! belay-script, `print` and `sleep`, and limits operations and sizes. Values whose size Rhai does not measure are
//! excluded: board values such as tuples, and function pointers that hold values. What it cannot determine is
//! [`Unknown`], or is shown as source text.
//!
//! Invariants: each default, option and constant takes at most [`EACH`] operations, all of a check
//! [`ALL`](crate::script::reading::attempt::ALL); the size of a
//! value is bounded.

use crate::script::diagnostics::errors;
use crate::script::language::comparing;
use crate::script::lock::lock;
use crate::script::natives::{division, station};
use crate::script::objects::declare::{self, Reading};
use crate::script::objects::{console, instrument};
use crate::script::reading::attempt::{EACH, MAYBE, attempt};
use crate::script::run::Run;
use crate::script::run::ledger::Unknown;
use crate::script::{modules, variables};
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicBlobPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicMathPackage, BasicStringPackage, BitFieldPackage, LogicPackage, MoreStringPackage, Package as _,
};
use rhai::{Dynamic, Engine};
use std::sync::Arc;

/// Maximum elements of a container, and bytes of a string: an engine with limits measures them repeatedly.
const MOST_ELEMENTS: usize = 1024;
const MOST_TEXT: usize = 4096;

/// The engine for the declarations of `run`.
pub(crate) fn engine_of(run: &Arc<Run>) -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BitFieldPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicBlobPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    variables::set_up(&mut engine);
    engine.set_max_operations(EACH);
    engine.set_max_string_size(MOST_TEXT);
    engine.set_max_array_size(MOST_ELEMENTS);
    engine.set_max_map_size(MOST_ELEMENTS);
    engine.register_type_with_name::<Unknown>("value of a run");
    comparing::register(&mut engine);
    division::register(&mut engine, None);
    errors::register(&mut engine);
    declare::register(&mut engine, run, Reading::Check);
    instrument::declare::register(&mut engine, run, Reading::Check);
    console::declare::register(&mut engine, run, Reading::Check);
    station::register(&mut engine);
    variables(&mut engine, run);
    let shared = run.clone();
    engine.on_progress(move |_| shared.clock.takes_too_much().then_some(Dynamic::UNIT));
    maybe(&mut engine, run);
    engine.set_module_resolver(modules::Resolver { run: run.clone(), checks: true });
    engine
}

#[expect(deprecated, reason = "Rhai marks its volatile hooks that way; the version is pinned")]
fn variables(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.on_var(move |name, _, context| {
        let known = context.scope().get(name);
        let is_unknown = known.is_some_and(|value| value.is::<Unknown>());
        if is_unknown || name == "args" && known.is_none() {
            return Ok(Some(lock(&shared.ledger).unknown()));
        }
        variables::variable(&shared, name, &context)
    });
}

/// Registers the syntax that wraps values of variables. Its state says whether a failure is the script's own, as in a value that
/// only computes and calls nothing.
fn maybe(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_custom_syntax_with_state_raw(
        MAYBE,
        |_, _, _| Ok(None),
        false,
        move |context, inputs, state| {
            let Some(input) = inputs.first() else { return Ok(Dynamic::UNIT) };
            match attempt(&shared, context, input) {
                Ok(Some(value)) => Ok(value),
                Err(error) if state.as_bool() == Ok(true) => Err(error),
                Ok(None) | Err(_) => Ok(Dynamic::from(Unknown)),
            }
        },
    );
}
