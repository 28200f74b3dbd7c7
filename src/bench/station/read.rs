//! Reads a station file.
//!
//! Invariant: every problem is reported at its line and column.

mod consoles;
mod instruments;
mod wiring;

use super::{Station, StationBoard, is_board_name, is_recipe_name};
use crate::bench::measurement::{CLOSURES, OPTIONS, Plan};
use crate::diagnostic::{Diagnostic, Place};
use crate::error::Kind;
use crate::name::nearest;
use crate::origin::Origin;
use crate::phrase::did_you_mean;
use crate::port::address::Address;
use crate::port::options::{LineOptions, WrongOption};
use crate::port::usb::UsbSpecifier;
use crate::value::Value;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;
use toml_edit::{Document, Item, TableLike};

const TOP: &[&str] =
    &["name", "reports", "boards", "consoles", "instruments", "wiring", "constants", "limits", "recipes", "packages"];
const BOARD: &[&str] = &["port", "usb", "sim", "simulate", "baudrate", "dtr", "rts", "attempts", "timeout", "user"];
const USB: &[&str] = &["vid", "pid", "serial_number", "manufacturer", "product", "location"];
/// An entry of a table: its key, its value, the span of the key.
type Entry<'d> = (String, &'d Item, Option<Range<usize>>);

type Read<T> = Result<T, Box<Diagnostic>>;

/// The source file, for the positions of problems.
struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

/// Parses the text of a file.
pub fn parse(file: &Path, text: &str) -> Read<Station> {
    let source = Source { file, text };
    let document = Document::parse(text)
        .map_err(|error| source.problem(error.span(), format!("invalid TOML: {}", one_line(error.message())), None))?;
    let table = document.as_table();
    source.known_keys(table, TOP, "a station file")?;
    let mut station = Station {
        file: file.to_string_lossy().into_owned(),
        sha256: crate::bench::digests::of_bytes(text.as_bytes()),
        ..Station::default()
    };
    if let Some(item) = table.get("name") {
        station.name = Some(source.text_of(item, "name")?);
    }
    if let Some(item) = table.get("reports") {
        let folder = source.text_of(item, "reports")?;
        station.reports = Some(file.parent().unwrap_or(Path::new("")).join(folder));
    }
    for (name, item, place) in source.entries(table, "boards")? {
        if !is_board_name(&name) {
            let help = "use letters, digits, `_` and `-`, but no port such as `sim` or `COM3`";
            return Err(source.problem(place, format!("invalid board name `{name}`"), Some(help.to_owned())));
        }
        let board = source.board(&name, item, place)?;
        station.boards.push((name, board));
    }
    for (name, item, place) in source.entries(table, "consoles")? {
        if !is_board_name(&name) || station.boards.iter().any(|(known, _)| *known == name) {
            let help = "use letters, digits, `_` and `-`, and no name of a board";
            return Err(source.problem(place, format!("invalid console name `{name}`"), Some(help.to_owned())));
        }
        let console = source.console(&name, item, place)?;
        station.consoles.push((name, console));
    }
    for (name, item, place) in source.entries(table, "instruments")? {
        if !is_board_name(&name) || station.boards.iter().any(|(known, _)| *known == name) {
            let help = "use letters, digits, `_` and `-`, and no name of a board";
            return Err(source.problem(place, format!("invalid instrument name `{name}`"), Some(help.to_owned())));
        }
        let instrument = source.instrument(&name, item, place)?;
        station.instruments.push((name, instrument));
    }
    station.wiring = source.wiring(table, &station)?;
    for (name, item, span) in source.entries(table, "constants")? {
        station.lines.push((format!("constants.{name}"), source.place(span).0));
        station.constants.push((name, source.value(item)?));
    }
    for (name, item, span) in source.entries(table, "limits")? {
        station.lines.push((format!("limits.{name}"), source.place(span).0));
        station.limits.push((name.clone(), source.limit(&name, item)?));
    }
    for (name, item, span) in source.entries(table, "recipes")? {
        if !is_recipe_name(&name) {
            let help = "use letters, digits, `_` and `-`, with a letter first".to_owned();
            return Err(source.problem(span, format!("invalid recipe name `{name}`"), Some(help)));
        }
        station.recipes.push((name.clone(), source.text_of(item, &name)?));
    }
    Ok(station)
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// The span of a key in a table.
fn key_span(table: &dyn TableLike, key: &str) -> Option<Range<usize>> {
    table.get_key_value(key).and_then(|(key, item)| key.span().or_else(|| item.span()))
}

impl Source<'_> {
    fn problem(&self, span: Option<Range<usize>>, title: String, help: Option<String>) -> Box<Diagnostic> {
        let (line, column) = self.place(span);
        let origin = Origin::new(&*self.file.to_string_lossy(), line, column);
        let places = vec![Place { origin, label: String::new() }];
        Box::new(Diagnostic { places, help, ..Diagnostic::new(Kind::ParseError, title) })
    }

    /// Line and column where a span starts, from 1.
    fn place(&self, span: Option<Range<usize>>) -> (u32, u32) {
        let start = span.map_or(0, |span| span.start).min(self.text.len());
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(line), number(column))
    }

    fn wrong<T>(&self, item: &Item, key: &str, wanted: &str) -> Read<T> {
        Err(self.problem(item.span(), format!("`{key}` is {}, not {wanted}", described(item)), None))
    }

    fn known_keys(&self, table: &dyn TableLike, known: &[&str], of: &str) -> Read<()> {
        let Some((key, _)) = table.iter().find(|(key, _)| !known.contains(key)) else { return Ok(()) };
        let near = nearest(key, known.iter().copied());
        let help = near.map_or_else(|| format!("use one of {}", known.join(", ")), did_you_mean);
        Err(self.problem(key_span(table, key), format!("unknown key `{key}` in {of}"), Some(help)))
    }

    /// The entries of a table of tables or values, with their names and spans.
    fn entries<'d>(&self, table: &'d dyn TableLike, key: &str) -> Read<Vec<Entry<'d>>> {
        let Some(item) = table.get(key) else { return Ok(Vec::new()) };
        let Some(inner) = item.as_table_like() else { return self.wrong(item, key, "a table") };
        Ok(inner.iter().map(|(name, item)| (name.to_owned(), item, key_span(inner, name))).collect())
    }

    fn text_of(&self, item: &Item, key: &str) -> Read<String> {
        match item.as_str() {
            Some(text) => Ok(text.to_owned()),
            None => self.wrong(item, key, "a string"),
        }
    }

    fn flag(&self, item: &Item, key: &str) -> Read<bool> {
        item.as_bool().map_or_else(|| self.wrong(item, key, "`true` or `false`"), Ok)
    }

    fn whole(&self, item: &Item, key: &str) -> Read<i64> {
        item.as_integer().map_or_else(|| self.wrong(item, key, "a whole number"), Ok)
    }

    fn board(&self, name: &str, item: &Item, place: Option<Range<usize>>) -> Read<StationBoard> {
        let Some(table) = item.as_table_like() else { return self.wrong(item, name, "a table of a board") };
        self.known_keys(table, BOARD, "a board")?;
        let mut board = StationBoard::default();
        for (key, item) in table.iter() {
            match key {
                "port" if table.contains_key("usb") => {
                    let help = "remove one of them".to_owned();
                    return Err(self.problem(
                        key_span(table, key),
                        format!("`{name}` has both `port` and `usb`"),
                        Some(help),
                    ));
                }
                "port" => board.port = Some(self.port(item)?),
                "usb" => board.port = Some(self.usb(item)?),
                "sim" => {
                    let text = self.text_of(item, key)?;
                    if !text.parse::<Address>().is_ok_and(|address| address.kind().is_simulated()) {
                        return Err(self.problem(
                            item.span(),
                            format!("`{text}` is not a simulated board"),
                            Some("use `sim`, or for example `sim:dut?heap=200k`".to_owned()),
                        ));
                    }
                    board.sim = Some(text);
                }
                "simulate" => board.simulate = self.flag(item, key)?,
                "baudrate" => match u32::try_from(self.whole(item, key)?) {
                    Ok(rate) if rate > 0 => board.line.baud_rate = Some(rate),
                    _ => return self.wrong(item, key, "a positive number of bits per second"),
                },
                "dtr" => board.line.dtr = Some(self.flag(item, key)?),
                "rts" => board.line.rts = Some(self.flag(item, key)?),
                "attempts" => board.attempts = self.whole(item, key)?,
                "timeout" => board.timeout = Some(self.seconds(item, key)?),
                _ => board.line.user = Some(self.text_of(item, key)?),
            }
        }
        if board.port.is_none() && board.sim.is_none() && !board.simulate {
            let help = "add `port = \"…\"`, `usb = { vid = …, serial_number = \"…\" }`, or `simulate = true`";
            return Err(self.problem(place, format!("missing port of the board `{name}`"), Some(help.to_owned())));
        }
        Ok(board)
    }

    /// Reads one of [`LineOptions::NAMES`].
    fn line(&self, line: &mut LineOptions, item: &Item, key: &str) -> Read<()> {
        line.set(key, &self.value(item)?).map_err(|wrong| match wrong {
            WrongOption::Takes(what) => self.problem(item.span(), format!("`{key}` takes {what}"), None),
            WrongOption::Unknown(message, help) => self.problem(item.span(), message, Some(help)),
        })
    }

    /// A time limit.
    fn seconds(&self, item: &Item, key: &str) -> Read<Duration> {
        match crate::device::class::seconds(&self.value(item)?) {
            Some(limit) => Ok(limit),
            None => self.wrong(item, key, "a positive number of seconds"),
        }
    }

    fn port(&self, item: &Item) -> Read<String> {
        let text = self.text_of(item, "port")?;
        match text.parse::<Address>() {
            Ok(_) => Ok(text),
            Err(error) => Err(self.problem(item.span(), error.message().to_owned(), error.help().map(str::to_owned))),
        }
    }

    /// Converts a USB specifier table to the form that `--port` takes.
    fn usb(&self, item: &Item) -> Read<String> {
        let Some(table) = item.as_table_like() else {
            return self.wrong(item, "usb", "a table of `vid`, `pid`, `serial_number`");
        };
        self.known_keys(table, USB, "`usb`")?;
        let mut specifier = UsbSpecifier::default();
        for (key, item) in table.iter() {
            match key {
                "vid" | "pid" => match u16::try_from(self.whole(item, key)?) {
                    Ok(number) if key == "vid" => specifier.vid = Some(number),
                    Ok(number) => specifier.pid = Some(number),
                    Err(_) => return self.wrong(item, key, "a number up to 0xffff"),
                },
                "serial_number" => specifier.serial_number = Some(self.text_of(item, key)?),
                "manufacturer" => specifier.manufacturer = Some(self.text_of(item, key)?),
                "product" => specifier.product = Some(self.text_of(item, key)?),
                _ => specifier.location = Some(self.text_of(item, key)?),
            }
        }
        if specifier == UsbSpecifier::default() {
            return Err(self.problem(
                item.span(),
                "`usb` matches every board".to_owned(),
                Some("add its `serial_number`".to_owned()),
            ));
        }
        Ok(specifier.to_string())
    }

    /// A limit: the options of `measure` that are not closures, each set of them with the options of one variant.
    fn limit(&self, name: &str, item: &Item) -> Read<Value> {
        let Some(table) = item.as_table_like() else {
            return self.wrong(item, name, "a table such as `{ unit = \"V\", min = 3.2, max = 3.4 }`");
        };
        if let Some(key) = CLOSURES.iter().find(|key| table.contains_key(key)) {
            let help = "write it into the script".to_owned();
            let what = if *key == "by" { "an instrument" } else { "a closure" };
            return Err(self.problem(key_span(table, key), format!("`{key}` is {what}"), Some(help)));
        }
        self.known_keys(table, OPTIONS, "a limit")?;
        let Value::Dict(mut options) = self.value(item)? else { return self.wrong(item, name, "a table") };
        let all = Value::Dict(options.clone());
        let is_variants = |(key, _): &(Value, Value)| *key == Value::Str("variants".to_owned());
        let Some(index) = options.iter().position(is_variants) else {
            self.check_limit(table, &options, &[])?;
            return Ok(all);
        };
        let (_, variants) = options.remove(index);
        let Value::Dict(variants) = variants else {
            let item = table.get("variants").unwrap_or(item);
            return self.wrong(item, "variants", "a table with a table of limits for each variant");
        };
        for (variant, limits) in variants {
            let (Value::Str(variant), Value::Dict(limits)) = (variant, limits) else {
                let item = table.get("variants").unwrap_or(item);
                return self.wrong(item, "variants", "a table with a table of limits for each variant");
            };
            let both = limits.iter().find(|(key, _)| options.iter().any(|(other, _)| other == key));
            if let Some((Value::Str(key), _)) = both {
                let message = format!("`{key}` is in `variants.{variant}` and beside `variants`");
                let help = "remove one of them: a limit is never replaced silently".to_owned();
                return Err(self.problem(key_span(table, key), message, Some(help)));
            }
            self.check_limit(table, &[options.clone(), limits].concat(), &["variants", &variant])?;
        }
        Ok(all)
    }

    /// Checks options; those that are not in `table` itself are in the table that `within` leads to.
    fn check_limit(&self, table: &dyn TableLike, options: &[(Value, Value)], within: &[&str]) -> Read<()> {
        let pairs = options.iter().filter_map(|(key, value)| match key {
            Value::Str(key) => Some((key.as_str(), value)),
            _ => None,
        });
        let Err(wrong) = Plan::read(pairs, None) else { return Ok(()) };
        let place = |start: Option<&dyn TableLike>| {
            let (first, rest) = wrong.path.split_first()?;
            let (mut found, mut table) = (key_span(start?, first)?, start?.get(first));
            for key in rest {
                let Some(inner) = table.and_then(Item::as_table_like) else { break };
                let Some(span) = key_span(inner, key) else { break };
                (found, table) = (span, inner.get(key));
            }
            Some(found)
        };
        let mut inner = Some(table);
        for key in within {
            inner = inner.and_then(|table| table.get(key)).and_then(Item::as_table_like);
        }
        let span = place(inner).or_else(|| place(Some(table)));
        Err(self.problem(span, wrong.message, Some(wrong.help).filter(|help| !help.is_empty())))
    }

    /// Converts a value for scripts.
    fn value(&self, item: &Item) -> Read<Value> {
        if let Some(table) = item.as_table_like() {
            let pairs = table.iter().map(|(key, item)| Ok((Value::Str(key.to_owned()), self.value(item)?)));
            return Ok(Value::Dict(pairs.collect::<Read<_>>()?));
        }
        if let Some(tables) = item.as_array_of_tables() {
            let tables = tables.iter().map(|table| self.value(&Item::Table(table.clone())));
            return Ok(Value::List(tables.collect::<Read<_>>()?));
        }
        match item {
            // Scripts have no type for dates: they are strings.
            Item::Value(value) => Ok(crate::value::toml::of_value(value)),
            _ => Ok(Value::None),
        }
    }
}

fn described(item: &Item) -> &'static str {
    match item.type_name() {
        "string" => "a string",
        "integer" => "a whole number",
        "float" => "a number",
        "boolean" => "a bool",
        "datetime" => "a time",
        "array" | "array of tables" => "an array",
        "none" => "nothing",
        _ => "a table",
    }
}
