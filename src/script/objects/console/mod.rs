//! `Console`: consoles of units under test.
//!
//! [`opening`] opens them, [`options`] reads the options, [`login`] logs in; [`declare`] reads `console` blocks, [`items`] calls what they declare. Uses [`crate::console`]. Invariant: every wait ends with the run, and with the
//! innermost time limit.

pub(crate) mod calls;
pub(crate) mod declare;
pub(crate) mod items;
mod login;
pub(crate) mod members;
pub(crate) mod opening;
pub(crate) mod options;

use self::calls::{ended, found, limit, pattern, send};
use crate::console::class::Item;
use crate::console::failure::Failure;
use crate::console::frames::Framing;
use crate::console::incoming::Match;
use crate::console::pattern::{Expression, Pattern};
use crate::error::{Error, Kind};
use crate::port::ControlLine;
use crate::script::errors::{Fallible, argument, located, placed, raise, refuse};
use crate::script::handles::{ConsolesHandle, RegexHandle};

use crate::script::run::Run;
use crate::script::run::console::{ConsoleHandle, OpenConsole};
use rhai::{Array, Blob, Dynamic, Engine, ImmutableString, Map, NativeCallContext as Context};
use std::sync::Arc;
use std::time::Duration;

/// Registers `Console`, consoles and regular expressions.
pub(crate) fn register(engine: &mut Engine, run: &Arc<Run>) {
    engine
        .register_type_with_name::<ConsolesHandle>("ConsoleClass")
        .register_type_with_name::<ConsoleHandle>("Console")
        .register_type_with_name::<RegexHandle>("Regex")
        .register_fn("to_string", |class: &mut ConsolesHandle| title(class))
        .register_fn("to_debug", |class: &mut ConsolesHandle| title(class))
        .register_get("name", |class: &mut ConsolesHandle| class.0.class.name.clone())
        .register_get("doc", |class: &mut ConsolesHandle| class.0.class.doc.clone())
        .register_get("items", |class: &mut ConsolesHandle| items_of(class))
        .register_fn("to_string", |regex: &mut RegexHandle| regex.0.source().to_owned())
        .register_fn("to_debug", |regex: &mut RegexHandle| Pattern::Regex(regex.0.clone()).to_string())
        .register_fn("regex", |context: Context<'_>, source: ImmutableString| {
            placed(&context, Expression::new(&source).map(RegexHandle).map_err(raise))
        });
    opening::register(engine, run);
    properties(engine);
    sending(engine, run);
    breaking(engine, run);
    expecting(engine, run);
    reading(engine, run);
    login::register(engine, run);
}

fn title(class: &ConsolesHandle) -> String {
    let name = &class.0.class.name;
    if class.0.class.origin.is_some() { format!("console class {name}") } else { name.clone() }
}

/// The items of a class as maps.
fn items_of(class: &ConsolesHandle) -> Array {
    let item = |item: &Arc<Item>| {
        let fields = [
            ("kind", item.kind.word().to_owned()),
            ("name", item.name.clone()),
            ("signature", item.signature()),
            ("doc", item.doc.clone()),
        ];
        Dynamic::from_map(fields.into_iter().map(|(name, text)| (name.into(), Dynamic::from(text))).collect())
    };
    class.0.class.items().iter().map(item).collect()
}

fn properties(engine: &mut Engine) {
    engine
        .register_get("class", |console: &mut ConsoleHandle| console.0.class.clone())
        .register_get("name", |console: &mut ConsoleHandle| console.0.console.name().to_owned())
        .register_get("port", |console: &mut ConsoleHandle| console.0.console.port().to_owned())
        .register_get("is_open", |console: &mut ConsoleHandle| console.0.console.is_open())
        .register_fn("set_dtr", |context: Context<'_>, console: &mut ConsoleHandle, on: bool| {
            set_line(&context, console, ControlLine::Dtr, on)
        })
        .register_fn("set_rts", |context: Context<'_>, console: &mut ConsoleHandle, on: bool| {
            set_line(&context, console, ControlLine::Rts, on)
        })
        .register_get("last_lines", |console: &mut ConsoleHandle| -> Array {
            console.0.console.last_lines().into_iter().map(Dynamic::from).collect()
        })
        .register_fn("to_string", |console: &mut ConsoleHandle| shown(&console.0))
        .register_fn("to_debug", |console: &mut ConsoleHandle| shown(&console.0))
        .register_fn("==", |a: &mut ConsoleHandle, b: ConsoleHandle| Arc::ptr_eq(&a.0, &b.0))
        .register_fn("!=", |a: &mut ConsoleHandle, b: ConsoleHandle| !Arc::ptr_eq(&a.0, &b.0));
}

fn set_line(context: &Context<'_>, console: &ConsoleHandle, line: ControlLine, on: bool) -> Fallible<()> {
    console.0.console.set_line(line, on).map_err(|failure| match failure {
        Failure::Error(error) => raise(located(error, context)),
        Failure::Stopped => raise(located(Error::new(Kind::Interrupted, "interrupted"), context)),
    })
}

fn shown(open: &OpenConsole) -> String {
    let state = if open.console.is_open() { "" } else { " (closed)" };
    format!("{} on {}{state}", open.console.name(), open.console.port())
}

fn sending(engine: &mut Engine, run: &Arc<Run>) {
    let shared = run.clone();
    engine.register_fn("send", move |context: Context<'_>, console: &mut ConsoleHandle, text: ImmutableString| {
        send(&shared, &context, console, text.as_bytes())
    });
    let shared = run.clone();
    engine.register_fn("send_line", move |context: Context<'_>, console: &mut ConsoleHandle, text: ImmutableString| {
        let line = format!("{text}{}", console.0.settings.newline);
        send(&shared, &context, console, line.as_bytes())
    });
    let shared = run.clone();
    engine.register_fn("send_line", move |context: Context<'_>, console: &mut ConsoleHandle| {
        let newline = console.0.settings.newline.clone();
        send(&shared, &context, console, newline.as_bytes())
    });
    let shared = run.clone();
    engine.register_fn("write", move |context: Context<'_>, console: &mut ConsoleHandle, bytes: Blob| {
        send(&shared, &context, console, &bytes)
    });
}

/// The usual length of a break; longer than a character at any usual speed.
const BREAK: Duration = Duration::from_millis(250);

fn breaking(engine: &mut Engine, run: &Arc<Run>) {
    let (usual, given) = (run.clone(), run.clone());
    engine
        .register_fn("send_break", move |context: Context<'_>, console: &mut ConsoleHandle| {
            send_break(&usual, &context, console, BREAK)
        })
        .register_fn("send_break", move |context: Context<'_>, console: &mut ConsoleHandle, seconds: Dynamic| {
            placed(
                &context,
                limit("send_break", &seconds).and_then(|length| send_break(&given, &context, console, length)),
            )
        });
}

fn send_break(run: &Run, context: &Context<'_>, console: &ConsoleHandle, length: Duration) -> Fallible<()> {
    let stop = || run.clock.progress().is_some();
    console.0.console.send_break(length, &stop).map_err(|failure| ended(run, context, failure))
}

/// Registers a function of consoles with an optional time limit as its last argument.
macro_rules! timed {
    ($engine:expr, $run:expr, $name:literal, $work:expr $(, $argument:ident : $type:ty)*) => {{
        let shared = $run.clone();
        $engine.register_fn($name, move |context: Context<'_>, console: &mut ConsoleHandle $(, $argument: $type)*| {
            let limit = console.0.settings.timeout;
            placed(&context, $work(&shared, &context, console, limit $(, $argument)*))
        });
        let shared = $run.clone();
        $engine.register_fn($name, move |context: Context<'_>, console: &mut ConsoleHandle $(, $argument: $type)*, seconds: Dynamic| {
            placed(&context, limit($name, &seconds).and_then(|limit| $work(&shared, &context, console, limit $(, $argument)*)))
        });
    }};
}

fn expecting(engine: &mut Engine, run: &Arc<Run>) {
    timed!(engine, run, "expect", expect, pattern: Dynamic);
    timed!(engine, run, "expect_any", expect_any, patterns: Array);
    timed!(engine, run, "read_until", read_until, end: Dynamic);
    timed!(engine, run, "read_line", read_line);
    timed!(engine, run, "command", command, text: ImmutableString);
}

fn expect(
    run: &Run,
    context: &Context<'_>,
    console: &ConsoleHandle,
    limit: Duration,
    wanted: Dynamic,
) -> Fallible<Map> {
    found(run, context, console, limit, &[pattern(&wanted)?]).map(map)
}

fn expect_any(
    run: &Run,
    context: &Context<'_>,
    console: &ConsoleHandle,
    limit: Duration,
    wanted: Array,
) -> Fallible<Map> {
    let patterns = wanted.iter().map(pattern).collect::<Fallible<Vec<Pattern>>>()?;
    let found = found(run, context, console, limit, &patterns)?;
    let index = i64::try_from(found.index).unwrap_or(i64::MAX);
    let mut map = map(found);
    map.insert("index".into(), Dynamic::from_int(index));
    Ok(map)
}

/// A match for the script.
fn map(found: Match) -> Map {
    let text = |bytes: Option<&Vec<u8>>| bytes.map_or(Dynamic::UNIT, |bytes| Dynamic::from(lossy(bytes)));
    let groups: Array = found.groups.iter().map(|(_, bytes)| text(bytes.as_ref())).collect();
    let named: Map =
        found.groups.iter().filter_map(|(name, bytes)| Some((name.as_deref()?.into(), text(bytes.as_ref())))).collect();
    let mut map = Map::new();
    map.insert("text".into(), text(Some(&found.bytes)));
    map.insert("before".into(), text(Some(&found.before)));
    map.insert("groups".into(), Dynamic::from_array(groups));
    map.insert("named".into(), Dynamic::from_map(named));
    map
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What came before the end: a string, or a blob if the end is one.
fn read_until(
    run: &Run,
    context: &Context<'_>,
    console: &ConsoleHandle,
    limit: Duration,
    end: Dynamic,
) -> Fallible<Dynamic> {
    let before = found(run, context, console, limit, &[pattern(&end)?])?.before;
    Ok(if end.is_blob() { Dynamic::from_blob(before) } else { Dynamic::from(lossy(&before)) })
}

fn read_line(run: &Run, context: &Context<'_>, console: &ConsoleHandle, limit: Duration) -> Fallible<String> {
    let line = found(run, context, console, limit, &[Pattern::text("\n")])?.before;
    Ok(lossy(line.strip_suffix(b"\r").unwrap_or(&line)))
}

/// Sends a line, and gives what comes before the next prompt.
pub(super) fn command(
    run: &Run,
    context: &Context<'_>,
    console: &ConsoleHandle,
    limit: Duration,
    text: ImmutableString,
) -> Fallible<String> {
    let OpenConsole { settings, .. } = &*console.0;
    let Some(prompt) = &settings.prompt else {
        return argument(
            format!("the console `{}` has no prompt", console.0.console.name()),
            "pass it to `open`: `Console.open(port, #{ prompt: \"=> \" })`, or use `send_line` and `expect`",
        );
    };
    let stop = || run.clock.progress().is_some();
    let answer = console.0.console.command(settings, prompt, &text, limit, &stop);
    answer.map_err(|failure| ended(run, context, failure))
}

fn reading(engine: &mut Engine, run: &Arc<Run>) {
    timed!(engine, run, "read", read, count: i64);
    timed!(engine, run, "read_frame", read_frame);
    let (shared, closing, framed) = (run.clone(), run.clone(), run.clone());
    engine
        .register_fn("write_frame", move |context: Context<'_>, console: &mut ConsoleHandle, frame: Blob| {
            placed(&context, write_frame(&framed, &context, console, &frame))
        })
        .register_fn("read_available", |console: &mut ConsoleHandle| lossy(&console.0.console.take_all()))
        .register_fn("log", move |context: Context<'_>, console: &mut ConsoleHandle, path: ImmutableString| {
            placed(&context, log(&shared, console, &path))
        })
        .register_fn("close", move |context: Context<'_>, console: &mut ConsoleHandle| {
            let closed = closing.close_console(&console.0).map_err(|error| raise(located(error, &context)));
            placed(&context, closed)
        });
}

fn read(run: &Run, context: &Context<'_>, console: &ConsoleHandle, limit: Duration, count: i64) -> Fallible<Blob> {
    let Some(count) = usize::try_from(count).ok().filter(|count| *count > 0) else {
        return argument(format!("cannot read {count} bytes"), "use a positive number");
    };
    let stop = || run.clock.progress().is_some();
    console.0.console.read_exactly(count, limit, &stop).map_err(|failure| ended(run, context, failure))
}

fn framing(console: &ConsoleHandle) -> Fallible<&Framing> {
    match &console.0.settings.frame {
        Some(framing) => Ok(framing),
        None => argument(
            format!("the console `{}` has no frames", console.0.console.name()),
            "say how they are delimited: `Console.open(port, #{ frame: \"cobs\" })`",
        ),
    }
}

fn read_frame(run: &Run, context: &Context<'_>, console: &ConsoleHandle, limit: Duration) -> Fallible<Blob> {
    let framing = framing(console)?;
    let stop = || run.clock.progress().is_some();
    console.0.console.read_frame(framing, limit, &stop).map_err(|failure| ended(run, context, failure))
}

fn write_frame(run: &Run, context: &Context<'_>, console: &ConsoleHandle, frame: &[u8]) -> Fallible<()> {
    let bytes = framing(console)?.encode(frame).map_err(raise)?;
    send(run, context, console, &bytes)
}

fn log(run: &Run, console: &ConsoleHandle, path: &str) -> Fallible<()> {
    let file = run.writable(path)?;
    run.note_written(path);
    console.0.start_log(path, file).map(drop).or_else(|error| unwritten(path, &error))
}

fn unwritten<T>(path: &str, error: &std::io::Error) -> Fallible<T> {
    refuse(Kind::ScriptError, format!("\"{path}\" cannot be written: {}", crate::disk::reason(error)), "")
}
