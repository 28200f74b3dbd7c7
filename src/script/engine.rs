//! Rhai set up for belay-script: limits, hooks, everything that is registered.
//!
//! Invariant: debug and release builds behave alike: every limit is set here.

use crate::script::diagnostics::errors;
use crate::script::language::text::View;
use crate::script::language::{comparing, marks, syntax, text};
use crate::script::natives::{
    csv, division, files, functions, json, limits, measure, operator, parallel, process, random, series, station,
    timing,
};
use crate::script::objects::dispatch::{ClassHandle, DEVICE_CLASS};
use crate::script::objects::{convert, device, dispatch, generator, opening, proxy, sync};
use crate::script::run::{Run, place};
use crate::script::{modules, testing};
use rhai::{AST, ASTNode, Dynamic, Engine, EvalAltResult, EvalContext, OptimizationLevel, Stmt};
use std::sync::{Arc, PoisonError};

/// An engine for `run`.
pub(crate) fn engine(run: &Arc<Run>) -> Engine {
    let mut engine = Engine::new();
    set_up(&mut engine);
    engine.set_max_operations(0);
    // No limits on sizes: with one, Rhai measures a whole array whenever something is done to it.
    engine.set_max_string_size(0);
    engine.set_max_array_size(0);
    engine.set_max_map_size(0);
    hooks(&mut engine, run);
    comparing::register(&mut engine);
    division::register(&mut engine, Some(run));
    errors::register(&mut engine);
    convert::register(&mut engine);
    syntax::register(&mut engine, run);
    testing::register(&mut engine, run);
    dispatch::register(&mut engine, run);
    device::register(&mut engine, run);
    opening::register(&mut engine, run);
    generator::register(&mut engine);
    proxy::register(&mut engine, run);
    functions::register(&mut engine, run);
    measure::register(&mut engine, run);
    series::register(&mut engine, run);
    timing::register(&mut engine, run);
    parallel::register(&mut engine, run);
    files::register(&mut engine, run);
    limits::register(&mut engine, run);
    csv::register(&mut engine);
    json::register(&mut engine);
    process::register(&mut engine, run);
    random::register(&mut engine);
    operator::register(&mut engine, run);
    station::register(&mut engine);
    sync::register(&mut engine, run);
    engine.set_module_resolver(modules::Resolver(run.clone()));
    engine
}

/// What every engine has: its limits but those of operations and sizes.
pub(crate) fn set_up(engine: &mut Engine) {
    // A board can be asked for something within what an optimizer takes for an empty loop.
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_max_call_levels(64);
    engine.set_max_expr_depths(128, 64);
    engine.set_max_modules(1024);
}

#[expect(deprecated, reason = "Rhai marks its volatile hooks that way; the version is pinned")]
fn hooks(engine: &mut Engine, run: &Arc<Run>) {
    let observer = run.observer.clone();
    engine.on_print(move |text| match parallel::board() {
        None => observer.print(text),
        Some(board) => observer.print_for(&board, text),
    });
    let observer = run.observer.clone();
    engine.on_debug(move |text, source, position| observer.debug(text, place(source, position).as_ref()));
    let shared = run.clone();
    engine.on_progress(move |operations| {
        // Memory may double with every operation.
        if operations & 15 != 0 && !shared.takes_too_much() {
            return None;
        }
        shared.progress().map(Dynamic::from)
    });
    engine.on_parse_token(|token, position, _| text::token(token, position));
    let shared = run.clone();
    engine.on_var(move |name, _, context| variable(&shared, name, &context));
}

/// The value of a variable that is not as the scope has it.
///
/// # Errors
/// If there is no station.
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
        let station = run.station.read().unwrap_or_else(PoisonError::into_inner).clone();
        return station::variable(station).map(Some);
    }
    if run.is_caught(name) {
        return Ok(known.and_then(|value| errors::complete(run, context.engine(), value)));
    }
    if !name.starts_with(|first: char| first.is_uppercase()) {
        return Ok(None);
    }
    Ok(match known {
        // A copy, so that closures never share, and lock, a class.
        Some(value) if value.is::<ClassHandle>() => Some(value.flatten_clone()),
        Some(_) => None,
        None => match run.class(context.source().unwrap_or_default(), name) {
            Some(class) => Some(Dynamic::from(class)),
            None if name == DEVICE_CLASS => Some(Dynamic::from(ClassHandle::device())),
            None => None,
        },
    })
}

fn arguments(run: &Run) -> Dynamic {
    Dynamic::from_array(run.args.iter().cloned().map(Dynamic::from).collect())
}

/// Compiles the script `name`. Every compilation goes this way.
pub(crate) fn compile(run: &Run, engine: &Engine, name: &str, source: &str) -> Result<AST, Box<EvalAltResult>> {
    run.sources.insert(name, source);
    let mut readable = text::readable(source);
    // An input of a session, `<3>`, has the variables of those before.
    let is_whole = !name.starts_with('<');
    let parse = |readable: &str| {
        // Standard modules divide as they mean to.
        let marked = if modules::library_text(name).is_some() { None } else { Some(marks::marked(readable)) };
        let view = View { text: readable, is_whole, is_standard: marked.is_none() };
        text::with_text(&view, || engine.compile(marked.as_deref().unwrap_or(readable)))
    };
    let (mut ast, mut noted) = parse(&readable);
    let empty = ast.as_ref().map(empty_loops).unwrap_or_default();
    if !empty.is_empty() {
        readable = text::fill_blocks(&readable, empty);
        (ast, noted) = parse(&readable);
    }
    run.loader.note(noted.names);
    run.note_caught(text::caught_names(source));
    let mut ast = ast.map_err(|error| EvalAltResult::ErrorParsing(*error.0, error.1))?;
    ast.set_source(name);
    Ok(ast)
}

/// Where the bodies of `for` loops begin that hold no statement. Rhai drops the errors of the iterator in such a loop, so
/// each of them gets a statement.
fn empty_loops(tree: &AST) -> Vec<rhai::Position> {
    let mut found = Vec::new();
    tree.walk(&mut |nodes: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::For(parts, _))) = nodes.last()
            && parts.2.body.is_empty()
        {
            found.push(parts.2.body.position());
        }
        true
    });
    found
}
