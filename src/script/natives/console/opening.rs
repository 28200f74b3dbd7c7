//! `Console.open(port, options)` and `Console.session(port, options, closure)`.
//!
//! Invariant: the gate is asked before a port is opened, and a session always closes its console.

use super::options::{self, Wanted};
use crate::console::Console;
use crate::port::address::Address;
use crate::script::errors::{Fallible, argument, located, placed, raise};
use crate::script::handles::ConsolesHandle;
use crate::script::objects::convert::describe;
use crate::script::objects::opening::is_specifier;
use crate::script::run::Run;
use crate::script::run::console::{ConsoleHandle, OpenConsole};
use rhai::{Dynamic, Engine, FnPtr, ImmutableString, Map, NativeCallContext as Context};
use std::sync::Arc;

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let (plain, full) = (run.clone(), run.clone());
    engine
        .register_fn("open", move |context: Context<'_>, _: &mut ConsolesHandle, port: Dynamic| {
            placed(&context, open(&plain, &context, &port, &Map::new()))
        })
        .register_fn("open", move |context: Context<'_>, _: &mut ConsolesHandle, port: Dynamic, options: Map| {
            placed(&context, open(&full, &context, &port, &options))
        });
    let (plain, full) = (run.clone(), run.clone());
    engine
        .register_fn("session", move |context: Context<'_>, _: &mut ConsolesHandle, port: Dynamic, body: FnPtr| {
            placed(&context, session(&plain, &context, &port, &Map::new(), &body))
        })
        .register_fn(
            "session",
            move |context: Context<'_>, _: &mut ConsolesHandle, port: Dynamic, options: Map, body: FnPtr| {
                placed(&context, session(&full, &context, &port, &options, &body))
            },
        );
}

fn open(run: &Run, context: &Context<'_>, port: &Dynamic, options: &Map) -> Fallible<ConsoleHandle> {
    open_with(run, context, port, options::read(options)?)
}

/// Opens a console with options that are already read.
pub(in crate::script::natives) fn open_with(
    run: &Run,
    context: &Context<'_>,
    port: &Dynamic,
    wanted: Wanted,
) -> Fallible<ConsoleHandle> {
    let mut written = written(port)?;
    let named = run.console_of_station(&written);
    let of_station = named.is_some();
    let wanted = match named {
        Some((known, port)) => wanted.complete(&std::mem::replace(&mut written, port), known),
        None => wanted,
    };
    let Wanted { name, port: line, settings } = wanted;
    let address: Address = written.parse().map_err(|error| raise(located(error, context)))?;
    run.may_open(&written, &address, of_station).map_err(|error| raise(located(error, context)))?;
    let name = run.name_of_console(name.as_deref().unwrap_or("Console"));
    let console = Console::open(&name, &address, &line, &|text| run.notice(text));
    let console = console.map_err(|error| raise(located(error, context)))?;
    let open = Arc::new(OpenConsole::new(console, settings.complete(&address)));
    run.keep_console(&open);
    Ok(ConsoleHandle(open))
}

/// The port as it is written on a command line.
fn written(port: &Dynamic) -> Fallible<String> {
    if let Some(text) = port.read_lock::<ImmutableString>() {
        return Ok(text.trim().to_owned());
    }
    if let Some(map) = port.read_lock::<Map>().filter(|_| is_specifier(port)) {
        return Ok(rhai::format_map_as_json(&map));
    }
    argument(
        format!("the port of a console is {}", describe(port)),
        "a port is a string such as \"/dev/ttyUSB0\", or a map of `vid`, `pid`, `serial_number`",
    )
}

fn session(run: &Run, context: &Context<'_>, port: &Dynamic, options: &Map, body: &FnPtr) -> Fallible<Dynamic> {
    let console = open(run, context, port, options)?;
    let result = body.call_raw(context, None, vec![Dynamic::from(console.clone())]);
    run.close_console(&console.0);
    result
}
