//! Options between the name of a test and its block.
//!
//! Invariant: an invalid option is reported at its position.

use super::{Context, fail};
use crate::device::class::seconds;
use crate::error::{Error, Kind};
use crate::phrase::did_you_mean;
use crate::script::errors::Fallible;
use crate::script::objects::convert;
use crate::value::Value;
use rhai::{Dynamic, Expr, Expression, Position};
use std::time::Duration;

/// Options of a test, a group or a hook.
#[derive(Default)]
pub struct Options {
    /// Time limit.
    pub timeout: Option<Duration>,
    /// Number of retries.
    pub retry: u32,
    /// Tests that must have passed.
    pub needs: Vec<String>,
    /// Tags for selection.
    pub tags: Vec<String>,
    /// Why it is skipped, or the error while evaluating that.
    pub skip: Option<Fallible<Option<String>>>,
}

/// Reads the options of a block; `known` are the valid ones.
pub fn options(
    context: &mut Context<'_, '_, '_, '_, '_, '_>,
    source: &str,
    ops: &str,
    inputs: &[Expression<'_>],
    what: &str,
    known: &[&str],
) -> Fallible<Options> {
    let segments = ops.chars().zip(inputs.iter().map(|input| &**input));
    read_options(segments, source, what, known, |value| context.eval_expression_tree(&Expression::from(value)))
}

/// As [`options`], with the segments of the block and their letters; `eval` evaluates a segment.
pub fn read_options<'a>(
    segments: impl Iterator<Item = (char, &'a Expr)>,
    source: &str,
    what: &str,
    known: &[&str],
    mut eval: impl FnMut(&Expr) -> Fallible<Dynamic>,
) -> Fallible<Options> {
    let mut options = Options::default();
    let mut segments = segments.peekable();
    while let Some((op, input)) = segments.next() {
        if op != 'O' {
            continue;
        }
        let name = match input {
            Expr::StringConstant(name, _) => name.as_str(),
            _ => "",
        };
        let refuse = |message: String, help: Option<String>| {
            let error = Error::new(Kind::DeclarationError, message);
            let error = match help {
                Some(help) => error.with_help(help),
                None => error,
            };
            Err(fail(error, source, input.position()))
        };
        if !known.contains(&name) {
            let near = crate::name::nearest(name, known.iter().copied());
            let help = near.map_or_else(|| format!("options: {}", known.join(", ")), did_you_mean);
            let what = if what.contains('_') { format!("`{what}`") } else { format!("a {what}") };
            return refuse(format!("{what} has no option `{name}`"), Some(help));
        }
        let value = match segments.peek() {
            Some(('V', value)) => eval(value),
            _ => Ok(Dynamic::TRUE),
        };
        if name == "skip_if" && known.contains(&"needs") {
            options.skip = Some(value.and_then(|value| reason(&value, source, input.position())));
            continue;
        }
        let value = value?;
        if name == "skip_if" {
            options.skip = Some(Ok(reason(&value, source, input.position())?));
            continue;
        }
        if let Err(wanted) = set(&mut options, name, &convert::to_value(&value).unwrap_or(Value::None)) {
            return refuse(format!("the option `{name}` takes {wanted}"), None);
        }
    }
    Ok(options)
}

/// Sets an option. The error says what it accepts.
fn set(options: &mut Options, name: &str, value: &Value) -> Result<(), &'static str> {
    match (name, value) {
        ("timeout", value) => options.timeout = Some(seconds(value).ok_or("a positive number of seconds")?),
        ("retry", Value::Bool(on)) => options.retry = u32::from(*on),
        ("retry", Value::Int(times)) if (0..=1000).contains(times) => {
            options.retry = u32::try_from(*times).unwrap_or(0);
        }
        ("retry", _) => return Err("a number from 0 to 1000"),
        ("needs", value) => options.needs = strings(value).ok_or("the name of a test, or an array of names")?,
        (_, value) => options.tags = strings(value).ok_or("an array of strings")?,
    }
    Ok(())
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
