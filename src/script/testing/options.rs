//! Options of tests, groups and hooks: between the name and the block, or in the map of a call.
//!
//! Invariant: an invalid option is reported at its position.

use super::failing::{Context, fail};
use super::form::op;
use super::rows::json;
use crate::bench::event::Outcome;
use crate::device::class::seconds;
use crate::error::{Error, Kind};
use crate::phrase::did_you_mean;
use crate::script::errors::Fallible;
use crate::script::objects::convert;
use crate::value::Value;
use rhai::{Dynamic, Expr, Expression, Position};
use std::time::Duration;

pub(crate) const OPTIONS: &[&str] =
    &["timeout", "retry", "retry_on", "needs", "measures", "skip_if", "tags", "parameters"];
pub(crate) const GROUP_OPTIONS: &[&str] = &["tags", "skip_if", "stop_on_failure"];
pub(crate) const HOOK_OPTIONS: &[&str] = &["timeout"];

/// Options of a test, a group or a hook.
#[derive(Default)]
pub struct Options {
    /// Time limit.
    pub timeout: Option<Duration>,
    /// Number of retries.
    pub retry: u32,
    /// The outcomes after which it is retried; empty: all that are not good.
    pub retry_on: Vec<Outcome>,
    /// Tests that must have passed.
    pub needs: Vec<String>,
    /// Measurements without which it fails.
    pub measures: Vec<String>,
    /// Tags for selection.
    pub tags: Vec<String>,
    /// Parameters for the report.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// Whether a group skips the rest of its tests once one has not passed.
    pub stop_on_failure: Option<bool>,
    /// Why it is skipped, or the error while evaluating that.
    pub skip: Option<Fallible<Option<String>>>,
}

/// Where options stand: the script, and what they belong to, with the options that it has.
pub struct Whose<'a> {
    pub source: &'a str,
    pub what: &'a str,
    pub known: &'a [&'a str],
}

/// Reads the options of a block.
pub fn options(
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    whose: &Whose<'_>,
    segments: &[(char, &Expression<'_>)],
) -> Fallible<Options> {
    let segments = segments.iter().map(|(op, input)| (*op, &***input));
    read_options(segments, whose, |value| context.eval_expression_tree(&Expression::from(value)))
}

/// As [`options`]; `eval` evaluates a segment.
pub fn read_options<'a>(
    segments: impl Iterator<Item = (char, &'a Expr)>,
    whose: &Whose<'_>,
    mut eval: impl FnMut(&Expr) -> Fallible<Dynamic>,
) -> Fallible<Options> {
    let mut options = Options::default();
    let mut segments = segments.peekable();
    while let Some((op, input)) = segments.next() {
        if op != op::OPTION {
            continue;
        }
        let name = match input {
            Expr::StringConstant(name, _) => name.as_str(),
            _ => "",
        };
        whose.check(name, input.position())?;
        let value = match segments.peek() {
            Some((op::VALUE, value)) => eval(value),
            _ => Ok(Dynamic::TRUE),
        };
        options.add(whose, name, value, input.position())?;
    }
    Ok(options)
}

/// Reads the options of a call; `position` is that of the map.
pub fn of_map(value: &Dynamic, whose: &Whose<'_>, position: Position) -> Fallible<Options> {
    let mut options = Options::default();
    let Some(map) = value.read_lock::<rhai::Map>() else {
        let message = format!("the options of `{}` are {}, not a map", whose.what, convert::describe(value));
        return Err(fail(Error::new(Kind::DeclarationError, message), whose.source, position));
    };
    for (name, value) in map.iter() {
        whose.check(name, position)?;
        options.add(whose, name, Ok(value.clone()), position)?;
    }
    Ok(options)
}

impl Whose<'_> {
    fn check(&self, name: &str, position: Position) -> Fallible<()> {
        if self.known.contains(&name) {
            return Ok(());
        }
        let near = crate::name::nearest(name, self.known.iter().copied());
        let help = near.map_or_else(|| format!("options: {}", self.known.join(", ")), did_you_mean);
        let what = if self.what.contains('_') { format!("`{}`", self.what) } else { format!("a {}", self.what) };
        let error = Error::new(Kind::DeclarationError, format!("{what} has no option `{name}`")).with_help(help);
        Err(fail(error, self.source, position))
    }
}

impl Options {
    fn add(&mut self, whose: &Whose<'_>, name: &str, value: Fallible<Dynamic>, position: Position) -> Fallible<()> {
        if name == "skip_if" && whose.known.contains(&"needs") {
            self.skip = Some(value.and_then(|value| reason(&value, whose.source, position)));
            return Ok(());
        }
        let value = value?;
        if name == "skip_if" {
            self.skip = Some(Ok(reason(&value, whose.source, position)?));
            return Ok(());
        }
        if name == "parameters" {
            let Some(map) = value.read_lock::<rhai::Map>() else {
                let error = Error::new(Kind::DeclarationError, "the option `parameters` takes a map");
                return Err(fail(error, whose.source, position));
            };
            self.parameters = map.iter().map(|(name, value)| (name.to_string(), json(value))).collect();
            return Ok(());
        }
        if let Err(wanted) = self.set(name, &convert::to_value(&value).unwrap_or(Value::None)) {
            let error = Error::new(Kind::DeclarationError, format!("the option `{name}` takes {wanted}"));
            return Err(fail(error, whose.source, position));
        }
        Ok(())
    }

    /// Sets an option. The error says what it accepts.
    fn set(&mut self, name: &str, value: &Value) -> Result<(), &'static str> {
        match (name, value) {
            ("timeout", value) => self.timeout = Some(seconds(value).ok_or("a positive number of seconds")?),
            ("retry", Value::Bool(on)) => self.retry = u32::from(*on),
            ("retry", Value::Int(times)) if (0..=1000).contains(times) => {
                self.retry = u32::try_from(*times).unwrap_or(0);
            }
            ("retry", _) => return Err("a number from 0 to 1000"),
            ("retry_on", value) => self.retry_on = outcomes(value).ok_or(RETRY_ON)?,
            ("needs", value) => self.needs = strings(value).ok_or("the name of a test, or an array of names")?,
            ("measures", value) => {
                self.measures = strings(value).ok_or("the name of a measurement, or an array of names")?;
            }
            ("stop_on_failure", Value::Bool(on)) => self.stop_on_failure = Some(*on),
            ("stop_on_failure", _) => return Err("`true` or `false`"),
            (_, value) => self.tags = strings(value).ok_or("an array of strings")?,
        }
        Ok(())
    }
}

const RETRY_ON: &str = "one or several of \"fail\", \"timeout\", \"error\"";

/// One outcome that is not good, or several.
fn outcomes(value: &Value) -> Option<Vec<Outcome>> {
    let of = |word: &String| Outcome::ALL.into_iter().find(|outcome| !outcome.is_good() && outcome.word() == word);
    strings(value)?.iter().map(of).collect()
}

/// One string, or several.
fn strings(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::Str(text) => Some(text.clone()),
        _ => None,
    };
    match value {
        Value::List(values) | Value::Tuple(values) => values.iter().map(text).collect(),
        value => Some(vec![text(value)?]),
    }
}

/// The reason for skipping, from the value of `skip_if`.
fn reason(value: &Dynamic, source: &str, position: Position) -> Fallible<Option<String>> {
    if value.is_unit() {
        return Ok(None);
    }
    if let Ok(skip) = value.as_bool() {
        return Ok(skip.then(|| "`skip_if` holds".to_owned()));
    }
    match value.clone().into_string() {
        Ok(reason) => Ok(Some(reason).filter(|reason| !reason.is_empty())),
        Err(_) => {
            let message = "the option `skip_if` takes `true` or `false`, or a string with the reason";
            Err(fail(Error::new(Kind::DeclarationError, message), source, position))
        }
    }
}
