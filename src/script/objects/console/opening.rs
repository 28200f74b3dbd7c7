//! `Console.open(port, options)` and `Console.session(port, options, closure)`, also of the classes of a script.
//!
//! Invariant: the gate is asked before a port is opened, and a session always closes its console.

use super::items;
use super::options::{self, Wanted};
use crate::console::Console;
use crate::port::address::Address;
use crate::script::diagnostics::explain;
use crate::script::errors::{Fallible, argument, located, placed, raise};
use crate::script::handles::ConsolesHandle;
use crate::script::lock::lock;
use crate::script::objects::convert::describe;
use crate::script::objects::opening::is_specifier;
use crate::script::run::Run;
use crate::script::run::console::{ConsoleHandle, OpenConsole};
use rhai::{Dynamic, Engine, FnPtr, ImmutableString, Map, NativeCallContext as Context};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, run: &Arc<Run>) {
    let (plain, full) = (run.clone(), run.clone());
    engine
        .register_fn("open", move |context: Context<'_>, class: &mut ConsolesHandle, port: Dynamic| {
            placed(&context, open(&plain, &context, class, &port, &Map::new()))
        })
        .register_fn("open", move |context: Context<'_>, class: &mut ConsolesHandle, port: Dynamic, options: Map| {
            placed(&context, open(&full, &context, class, &port, &options))
        });
    let (plain, full) = (run.clone(), run.clone());
    engine
        .register_fn("session", move |context: Context<'_>, class: &mut ConsolesHandle, port: Dynamic, body: FnPtr| {
            placed(&context, session(&plain, &context, class, (&port, &Map::new()), &body))
        })
        .register_fn(
            "session",
            move |context: Context<'_>, class: &mut ConsolesHandle, port: Dynamic, options: Map, body: FnPtr| {
                placed(&context, session(&full, &context, class, (&port, &options), &body))
            },
        );
}

fn open(
    run: &Run,
    context: &Context<'_>,
    class: &ConsolesHandle,
    port: &Dynamic,
    options: &Map,
) -> Fallible<ConsoleHandle> {
    let console = open_with(run, context, class, port, options::read(options)?)?;
    note(run, &console, &class.0.class.name, port);
    match items::set_up(run, context, &console) {
        Ok(()) => Ok(console),
        // Undoes what the setups have done; a login that failed has done nothing.
        Err(error) if console.0.used.load(Ordering::Relaxed) => close_after(run, context, &console, Err(error)),
        Err(error) => {
            run.drop_console(&console.0);
            Err(error)
        }
    }
}

/// Opens a console with options that are already read.
pub(crate) fn open_with(
    run: &Run,
    context: &Context<'_>,
    class: &ConsolesHandle,
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
    let Wanted { name, port: line, settings } = wanted.of_class(&class.0);
    let address: Address = written.parse().map_err(|error| raise(located(error, context)))?;
    run.may_open(&written, &address, of_station).map_err(|error| raise(located(error, context)))?;
    let name = run.name_of_console(name.as_deref().unwrap_or(&class.0.class.name));
    let console = Console::open(&name, &address, &line, &|text| run.notice(text));
    let console = console.map_err(|error| raise(located(error, context)))?;
    Ok(keep(run, OpenConsole::new(console, class, settings.complete(&address))))
}

/// Keeps an open console until the run ends.
pub(crate) fn keep(run: &Run, open: OpenConsole) -> ConsoleHandle {
    let open = Arc::new(open);
    run.keep_console(&open);
    ConsoleHandle(open)
}

/// Records an opened console. `class`: its class, or what it is used for.
pub(crate) fn note(run: &Run, console: &ConsoleHandle, class: &str, port: &Dynamic) {
    // What a station has in place of a unit is not the unit, whatever it is.
    let of_station = port.clone().into_string().ok().and_then(|name| run.console_of_station(&name));
    let is_in_place = of_station.is_some_and(|(known, port)| known.port.as_ref() != Some(&port));
    run.emit_console(&console.0, class, is_in_place || console.0.console.is_simulated());
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

fn session(
    run: &Run,
    context: &Context<'_>,
    class: &ConsolesHandle,
    (port, options): (&Dynamic, &Map),
    body: &FnPtr,
) -> Fallible<Dynamic> {
    let console = open(run, context, class, port, options)?;
    let result = body.call_raw(context, None, vec![Dynamic::from(console.clone())]);
    close_after(run, context, &console, result)
}

/// Closes a console after what it was opened for: that error counts, one of a teardown is reported with the run.
fn close_after<T>(run: &Run, context: &Context<'_>, console: &ConsoleHandle, result: Fallible<T>) -> Fallible<T> {
    match (result, run.close_console(&console.0)) {
        (result, Ok(())) => result,
        (Ok(_), Err(error)) => Err(raise(located(error, context))),
        (Err(error), Err(closing)) => {
            lock(&run.recorder.ending).closing.push(explain::of_error(&located(closing, context)));
            Err(error)
        }
    }
}
