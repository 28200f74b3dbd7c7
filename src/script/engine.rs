//! Sets up Rhai: limits, hooks, and all registrations.
//!
//! Invariant: debug and release builds behave the same, because every limit is set here.

use crate::bench::event::{OutputChunk, OutputKind};
use crate::script::diagnostics::errors;
use crate::script::errors::place;
use crate::script::language::{comparing, text};
use crate::script::natives::{
    crc, csv, diagnoses, division, files, functions, json, limits, measure, modbus, monitors, operator, parallel,
    process, random, results, series, station, timing, verdicts,
};
use crate::script::objects::declare::Reading;
use crate::script::objects::{
    batch, console, convert, declare, device, dispatch, generator, instrument, opening, packages, proxy, sync,
};
use crate::script::run::{Run, board};
use crate::script::variables::{set_up, variable};
use crate::script::{modules, testing};
use rhai::{Dynamic, Engine};
use std::sync::Arc;

/// Creates an engine for `run`.
pub(crate) fn engine(run: &Arc<Run>) -> Engine {
    let mut engine = Engine::new();
    set_up(&mut engine);
    engine.set_max_operations(0);
    // No size limits: with one, Rhai measures a whole array on every operation.
    engine.set_max_string_size(0);
    engine.set_max_array_size(0);
    engine.set_max_map_size(0);
    hooks(&mut engine, run);
    comparing::register(&mut engine);
    division::register(&mut engine, Some(run));
    errors::register(&mut engine);
    convert::register(&mut engine);
    declare::register(&mut engine, run, Reading::Run);
    testing::register(&mut engine, run);
    dispatch::register(&mut engine, run);
    device::register(&mut engine, run);
    opening::register(&mut engine, run);
    generator::register(&mut engine);
    instrument::register(&mut engine, run);
    instrument::declare::register(&mut engine, run, Reading::Run);
    batch::register(&mut engine);
    proxy::register(&mut engine, run);
    functions::register(&mut engine, run);
    measure::register(&mut engine, run);
    series::register(&mut engine, run);
    results::register(&mut engine, run);
    timing::register(&mut engine, run);
    verdicts::register(&mut engine, run);
    monitors::register(&mut engine, run);
    diagnoses::register(&mut engine, run);
    parallel::register(&mut engine, run);
    files::register(&mut engine, run);
    limits::register(&mut engine, run);
    csv::register(&mut engine);
    console::register(&mut engine, run);
    console::declare::register(&mut engine, run, Reading::Run);
    crc::register(&mut engine);
    modbus::register(&mut engine, run);
    json::register(&mut engine);
    process::register(&mut engine, run);
    random::register(&mut engine);
    operator::register(&mut engine, run);
    station::register(&mut engine);
    sync::register(&mut engine, run);
    packages::register(&mut engine, run);
    engine.set_module_resolver(modules::Resolver { run: run.clone(), checks: false });
    engine
}

#[expect(deprecated, reason = "Rhai marks its volatile hooks that way; the version is pinned")]
fn hooks(engine: &mut Engine, run: &Arc<Run>) {
    let events = run.events.clone();
    engine.on_print(move |text| {
        let (board, text) = (board::board(), format!("{text}\n"));
        events.emit_output(OutputChunk { board, text, ..OutputChunk::default() });
    });
    let events = run.events.clone();
    engine.on_debug(move |text, source, position| {
        let (place, text) = (place(source, position).map(|place| place.to_string()), format!("{text}\n"));
        events.emit_output(OutputChunk { text, kind: OutputKind::Debug, place, ..OutputChunk::default() });
    });
    let shared = run.clone();
    engine.on_progress(move |operations| {
        // Memory may double with every operation.
        if operations & 15 != 0 && !shared.clock.takes_too_much() {
            return None;
        }
        shared.clock.progress().map(Dynamic::from)
    });
    engine.on_parse_token(|token, position, _| text::token(token, position));
    let shared = run.clone();
    engine.on_var(move |name, _, context| variable(&shared, name, &context));
}
