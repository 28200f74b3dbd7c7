//! What a simulated instrument is: the content of a `sim-instrument:` file, or of a map in a script.
//!
//! Invariant: an unknown key is an error that lists the known ones.

use super::header::Header;
use crate::error::{Error, Kind, Result};
use crate::phrase::did_you_mean;
use crate::value::Value;
use std::time::Duration;

const TOP: &[&str] = &["identity", "terminator", "properties", "replies"];
const PROPERTY: &[&str] = &[
    "command", "query", "value", "min", "max", "choices", "follows", "scale", "offset", "when", "noise", "digits",
    "delay", "fails",
];
const REPLY: &[&str] = &["query", "reply", "delay"];

/// A simulated instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The reply to `*IDN?`.
    pub identity: String,
    /// What ends a message, both ways.
    pub terminator: String,
    /// What it has, by name.
    pub properties: Vec<(String, Property)>,
    /// Queries with fixed replies.
    pub replies: Vec<Reply>,
}

/// Something that can be set or asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Sets it; with a question mark after it, asks for it.
    pub command: Option<Header>,
    /// Asks for it.
    pub query: Option<Header>,
    /// What it is at first, and after `*RST`.
    pub value: Value,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// Its only values.
    pub choices: Vec<Value>,
    /// The property that it follows: its value is that one's, times `scale`, plus `offset`.
    pub follows: Option<String>,
    /// See [`Property::follows`].
    pub scale: f64,
    /// See [`Property::follows`].
    pub offset: f64,
    /// It is 0 while this property is 0 or `false`.
    pub when: Option<String>,
    /// The standard deviation of what is added to each reply.
    pub noise: f64,
    /// Decimal places of the replies, which then have an exponent.
    pub digits: Option<usize>,
    /// How long a reply takes.
    pub delay: Duration,
    /// The error that every command and query of it makes: `-240,"Hardware error"`.
    pub fails: Option<(i64, String)>,
}

/// A query with a fixed reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The query as it is sent, compared without case.
    pub query: String,
    /// The reply: text, or the bytes of a block.
    pub reply: Value,
    /// How long it takes.
    pub delay: Duration,
}

fn wrong<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T> {
    let help = help.into();
    let error = Error::new(Kind::ArgumentError, message);
    Err(if help.is_empty() { error } else { error.with_help(help) })
}

/// The entries of a map.
fn entries<'v>(value: &'v Value, what: &str, known: &[&str]) -> Result<Vec<(&'v str, &'v Value)>> {
    let Value::Dict(pairs) = value else { return wrong(format!("{what} is not a map"), "") };
    let mut found = Vec::new();
    for (key, value) in pairs {
        let Value::Str(key) = key else { return wrong(format!("a key of {what} is not a string"), "") };
        if !known.is_empty() && !known.contains(&key.as_str()) {
            let near = crate::name::nearest(key, known.iter().copied());
            let help = near.map_or_else(|| format!("it has {}", known.join(", ")), did_you_mean);
            return wrong(format!("unknown key `{key}` in {what}"), help);
        }
        found.push((key.as_str(), value));
    }
    Ok(found)
}

fn text(value: &Value, what: &str) -> Result<String> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        _ => wrong(format!("{what} is not a string"), ""),
    }
}

pub(super) fn float(value: &Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "simulated values are floats")]
    match value {
        Value::Int(whole) => Some(*whole as f64),
        Value::Float(number) => Some(*number),
        Value::Bool(on) => Some(f64::from(u8::from(*on))),
        _ => None,
    }
}

fn number(value: &Value, what: &str) -> Result<f64> {
    match value {
        Value::Int(_) | Value::Float(_) => Ok(float(value).unwrap_or_default()),
        _ => wrong(format!("{what} is not a number"), ""),
    }
}

fn delay(value: &Value, what: &str) -> Result<Duration> {
    match Duration::try_from_secs_f64(number(value, what)?) {
        Ok(delay) if delay < Duration::from_secs(3600) => Ok(delay),
        _ => wrong(format!("{what} is not a number of seconds up to 3600"), ""),
    }
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`].
    pub fn read(value: &Value) -> Result<Definition> {
        let mut definition = Definition {
            identity: "belay-script,SIM,0,1.0".to_owned(),
            terminator: "\n".to_owned(),
            properties: Vec::new(),
            replies: Vec::new(),
        };
        for (key, value) in entries(value, "a simulated instrument", TOP)? {
            match key {
                "identity" => definition.identity = text(value, "`identity`")?,
                "terminator" => match text(value, "`terminator`")? {
                    empty if empty.is_empty() => return wrong("`terminator` is empty", ""),
                    text => definition.terminator = text,
                },
                "properties" => {
                    for (name, value) in entries(value, "`properties`", &[])? {
                        definition.properties.push((name.to_owned(), Property::read(name, value)?));
                    }
                }
                _ => {
                    let Value::List(replies) = value else { return wrong("`replies` is not an array", "") };
                    definition.replies = replies.iter().map(Reply::read).collect::<Result<_>>()?;
                }
            }
        }
        definition.check()?;
        Ok(definition)
    }

    fn check(&self) -> Result<()> {
        for (name, property) in &self.properties {
            for other in [&property.follows, &property.when].into_iter().flatten() {
                if !self.properties.iter().any(|(known, _)| known == other) {
                    let near = crate::name::nearest(other, self.properties.iter().map(|(known, _)| known.as_str()));
                    let help = near.map(did_you_mean).unwrap_or_default();
                    return wrong(format!("`{name}` follows the unknown property `{other}`"), help);
                }
            }
            // A circle has no value.
            let (mut at, mut steps) = (Some(name), 0);
            while let Some(here) = at {
                at = self.properties.iter().find(|(known, _)| known == here).and_then(|(_, of)| of.follows.as_ref());
                steps += 1;
                if steps > self.properties.len() {
                    return wrong(format!("`{name}` follows itself"), "");
                }
            }
        }
        Ok(())
    }
}

impl Property {
    fn read(name: &str, value: &Value) -> Result<Property> {
        let mut property = Property {
            command: None,
            query: None,
            value: Value::Float(0.0),
            min: None,
            max: None,
            choices: Vec::new(),
            follows: None,
            scale: 1.0,
            offset: 0.0,
            when: None,
            noise: 0.0,
            digits: None,
            delay: Duration::ZERO,
            fails: None,
        };
        for (key, value) in entries(value, &format!("the property `{name}`"), PROPERTY)? {
            let what = format!("`{key}` of `{name}`");
            match key {
                "command" => property.command = Some(Header::parse(&text(value, &what)?)),
                "query" => property.query = Some(Header::parse(&text(value, &what)?)),
                "value" => match value {
                    Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => property.value = value.clone(),
                    _ => return wrong(format!("{what} is not a number, a string or a bool"), ""),
                },
                "min" => property.min = Some(number(value, &what)?),
                "max" => property.max = Some(number(value, &what)?),
                "choices" => match value {
                    Value::List(all) if !all.is_empty() => property.choices.clone_from(all),
                    _ => return wrong(format!("{what} is not an array"), ""),
                },
                "follows" => property.follows = Some(text(value, &what)?),
                "when" => property.when = Some(text(value, &what)?),
                "scale" => property.scale = number(value, &what)?,
                "offset" => property.offset = number(value, &what)?,
                "noise" => property.noise = number(value, &what)?.abs(),
                "digits" => match value {
                    Value::Int(count @ 0..=17) => property.digits = usize::try_from(*count).ok(),
                    _ => return wrong(format!("{what} is not a whole number up to 17"), ""),
                },
                "delay" => property.delay = delay(value, &what)?,
                _ => match crate::instrument::reply::fault(&text(value, &what)?) {
                    Some(fault) => property.fails = Some(fault),
                    None => {
                        return wrong(format!("{what} is not an error"), "write for example `-240,\"Hardware error\"`");
                    }
                },
            }
        }
        if property.command.is_none() && property.query.is_none() && property.follows.is_some() {
            return wrong(format!("the property `{name}` has no command and no query"), "add `query = \"MEAS:VOLT?\"`");
        }
        if property.query.as_ref().is_some_and(|query| !query.is_query) {
            return wrong(format!("`query` of `{name}` has no question mark"), "");
        }
        Ok(property)
    }
}

impl Reply {
    fn read(value: &Value) -> Result<Reply> {
        let mut read = Reply { query: String::new(), reply: Value::None, delay: Duration::ZERO };
        for (key, value) in entries(value, "a reply", REPLY)? {
            match (key, value) {
                ("query", value) => read.query = text(value, "`query` of a reply")?,
                ("reply", Value::Str(_) | Value::Bytes(_)) => read.reply = value.clone(),
                ("reply", _) => return wrong("`reply` is not a string or a blob", ""),
                (_, value) => read.delay = delay(value, "`delay` of a reply")?,
            }
        }
        match (&read.reply, read.query.is_empty()) {
            (Value::None, _) | (_, true) => wrong("a reply has no `query` or no `reply`", ""),
            _ => Ok(read),
        }
    }
}
