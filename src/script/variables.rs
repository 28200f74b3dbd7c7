//! Limits of every engine, and variables outside of any scope.
//!
//! Invariant: debug and release builds behave the same, because every limit is set here.

use crate::script::diagnostics::errors;
use crate::script::handles::{ClassHandle, ConsolesHandle, InstrumentClassHandle, InstrumentHandle};
use crate::script::names::{CONSOLE_CLASS, DEVICE_CLASS, INSTRUMENT_CLASS};
use crate::script::natives::station;
use crate::script::run::Run;
use rhai::{Dynamic, Engine, EvalAltResult, EvalContext, OptimizationLevel};

/// Sets the limits of every engine, except those of operations and sizes.
pub(crate) fn set_up(engine: &mut Engine) {
    // An optimizer must not remove a loop that polls a board.
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_max_call_levels(64);
    engine.set_max_expr_depths(128, 64);
    engine.set_max_modules(1024);
}

/// The value of a variable that differs from the scope's, or is not in it.
///
/// # Errors
/// If the station file is missing.
pub(crate) fn variable(
    run: &Run,
    name: &str,
    context: &EvalContext<'_, '_, '_, '_, '_, '_>,
) -> Result<Option<Dynamic>, Box<EvalAltResult>> {
    let known = context.scope().get(name);
    if name == "args" && known.is_none() {
        return Ok(Some(arguments(run)));
    }
    if name == "station" && known.is_none() {
        let station = run.station();
        return station::variable(station).map(Some);
    }
    if run.declarations.is_caught(name) {
        return Ok(known.and_then(|value| errors::complete(run, context.engine(), value)));
    }
    if let Some(value) = known
        && value.is_shared()
        && value.is::<InstrumentHandle>()
    {
        // A copy, so that the closure of `lock` may use the instrument that the call has.
        return Ok(Some(value.flatten_clone()));
    }
    if !name.starts_with(|first: char| first.is_uppercase()) {
        return Ok(None);
    }
    Ok(match known {
        // A copy, so that closures never share, and lock, a class.
        Some(value)
            if value.is::<ClassHandle>() || value.is::<InstrumentClassHandle>() || value.is::<ConsolesHandle>() =>
        {
            Some(value.flatten_clone())
        }
        Some(_) => None,
        None => match run.declarations.class(context.source().unwrap_or_default(), name) {
            Some(class) => Some(Dynamic::from(class)),
            None if name == CONSOLE_CLASS => Some(Dynamic::from(ConsolesHandle::console())),
            None if name == DEVICE_CLASS => Some(Dynamic::from(ClassHandle::device())),
            None if name == INSTRUMENT_CLASS => Some(Dynamic::from(InstrumentClassHandle::instrument())),
            None => {
                let source = context.source().unwrap_or_default();
                let instrument = run.declarations.instrument(source, name).map(Dynamic::from);
                instrument.or_else(|| run.declarations.console(source, name).map(Dynamic::from))
            }
        },
    })
}

pub(crate) fn arguments(run: &Run) -> Dynamic {
    Dynamic::from_array(run.options.args.iter().cloned().map(Dynamic::from).collect())
}
