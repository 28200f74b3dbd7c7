//! The options of `Console.open`.
//!
//! Invariant: an unknown or wrong option is an error that says what it takes.

use super::calls::pattern;
use crate::bench::station::StationConsole;
use crate::console::dialogue::Choice;
use crate::console::frames::{Framing, Prefix};
use crate::console::pattern::Pattern;
use crate::device::class::seconds;
use crate::phrase::did_you_mean;
use crate::port::options::{LineOptions, PortOptions};
use crate::script::errors::{Fallible, argument};
use crate::script::handles::ScriptConsoleClass;
use crate::script::objects::convert::{describe, to_value};
use crate::script::objects::line;
use crate::value::Value;
use rhai::{Dynamic, ImmutableString, Map};

/// The options.
pub(crate) const OPTIONS: &[&str] = &[
    "name",
    "timeout",
    "newline",
    "prompt",
    "error",
    "frame",
    "echo",
    "baudrate",
    "data_bits",
    "parity",
    "stop_bits",
    "flow",
    "dtr",
    "rts",
    "exclusive",
];

/// What the options say.
#[derive(Default)]
pub(crate) struct Wanted {
    pub name: Option<String>,
    pub port: PortOptions,
    pub settings: Choice,
}

impl Wanted {
    /// These options, completed by those of a station's console.
    pub fn complete(self, name: &str, known: StationConsole) -> Wanted {
        let Wanted { name: title, port, settings } = self;
        let line = port.line.clone().or(&known.line);
        Wanted {
            name: title.or_else(|| Some(name.to_owned())),
            port: PortOptions { line, ..port },
            settings: settings.or(&Choice {
                timeout: known.timeout,
                newline: known.newline,
                prompt: known.prompt.as_deref().map(Pattern::text),
                echo: known.echo,
                ..Choice::default()
            }),
        }
    }

    /// These options, completed by those of a class.
    pub fn of_class(self, class: &ScriptConsoleClass) -> Wanted {
        let line = self.port.line.clone().or(&class.line);
        Wanted { port: PortOptions { line, ..self.port }, settings: self.settings.or(&class.choice), ..self }
    }
}

/// Reads the map of options.
pub(crate) fn read(options: &Map) -> Fallible<Wanted> {
    let mut wanted = Wanted::default();
    for (name, value) in options {
        if !OPTIONS.contains(&name.as_str()) {
            let near = crate::name::nearest(name, OPTIONS.iter().copied());
            let help = near.map_or_else(|| format!("options of a console: {}", OPTIONS.join(", ")), did_you_mean);
            return argument(format!("a console has no option `{name}`"), help);
        }
        if !value.is_unit() {
            set(&mut wanted, name, value)?;
        }
    }
    Ok(wanted)
}

/// Sets one option.
pub(crate) fn set(wanted: &mut Wanted, name: &str, value: &Dynamic) -> Fallible<()> {
    let Wanted { name: title, port, settings } = wanted;
    if LineOptions::NAMES.contains(&name) {
        return line::set(&mut port.line, name, value);
    }
    if let "prompt" | "error" = name {
        let found = pattern(value)?;
        if found.is_empty() {
            let help = "write what the unit sends when it waits for a command, or when it refuses one";
            return argument(format!("the option `{name}` is empty"), help);
        }
        *(if name == "prompt" { &mut settings.prompt } else { &mut settings.error }) = Some(found);
        return Ok(());
    }
    if name == "frame" {
        settings.frame = Some(framing(value)?);
        return Ok(());
    }
    let takes = match (name, to_value(value).unwrap_or(Value::None)) {
        ("name", Value::Str(text)) if !text.is_empty() => return done(title, Some(text)),
        ("newline", Value::Str(text)) => return done(&mut settings.newline, Some(text)),
        ("name" | "newline", _) => "a string",
        ("timeout", value) => match seconds(&value) {
            Some(timeout) => return done(&mut settings.timeout, Some(timeout)),
            None => "a positive number of seconds",
        },
        ("echo", Value::Bool(on)) => return done(&mut settings.echo, Some(on)),
        ("exclusive", Value::Bool(on)) => return done(&mut port.exclusive, on),
        _ => "`true` or `false`",
    };
    argument(format!("the option `{name}` takes {takes}"), "")
}

/// How frames are delimited: `"cobs"`, `"slip"`, `#{ end: "\r\n" }`, `#{ length: 2, order: "big" }`.
fn framing(value: &Dynamic) -> Fallible<Framing> {
    let wrong = |what: String| {
        argument(what, "use \"cobs\", \"slip\", `#{ end: \"\\r\\n\" }`, or `#{ length: 2, order: \"big\" }`")
    };
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return match text.as_str() {
            "cobs" => Ok(Framing::Cobs),
            "slip" => Ok(Framing::Slip),
            other => wrong(format!("unknown frame \"{other}\"")),
        };
    }
    let Some(map) = value.read_lock::<Map>() else {
        return wrong(format!("the option `frame` is {}", describe(value)));
    };
    let mut prefix = Prefix { size: 0, is_little: false, counts_itself: false };
    let mut end = None;
    for (key, value) in map.iter() {
        match (key.as_str(), to_value(value).unwrap_or(Value::None)) {
            ("end", Value::Str(text)) if !text.is_empty() => end = Some(text.into_bytes()),
            ("end", Value::Bytes(bytes)) if !bytes.is_empty() => end = Some(bytes),
            ("end", _) => return wrong("`end` of a frame takes a string or a blob that is not empty".to_owned()),
            ("length", Value::Int(size @ (1 | 2 | 4))) => prefix.size = usize::try_from(size).unwrap_or(1),
            ("length", _) => return wrong("`length` of a frame takes 1, 2 or 4 bytes".to_owned()),
            ("order", Value::Str(order)) if ["big", "little"].contains(&order.as_str()) => {
                prefix.is_little = order == "little";
            }
            ("order", _) => return wrong("`order` of a frame takes \"big\" or \"little\"".to_owned()),
            ("counts_itself", Value::Bool(on)) => prefix.counts_itself = on,
            ("counts_itself", _) => return wrong("`counts_itself` of a frame takes `true` or `false`".to_owned()),
            (other, _) => return wrong(format!("a frame has no `{other}`")),
        }
    }
    match end {
        Some(end) if prefix.size == 0 => Ok(Framing::End(end)),
        None if prefix.size > 0 => Ok(Framing::Length(prefix)),
        _ => wrong("a frame has either an `end` or a `length`".to_owned()),
    }
}

fn done<T>(field: &mut T, value: T) -> Fallible<()> {
    *field = value;
    Ok(())
}
