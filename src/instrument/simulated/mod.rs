//! Simulated instruments: properties with ranges, noise, delays and errors, which SCPI commands set and ask for.
//!
//! [`SimInstrument`] is one; [`SimInstrument::port`] connects to it. Uses [`crate::port`] and [`crate::value`]. Invariants: it errs
//! on the side of a real one (short and long headers, an error queue, a reply to every query or none); all connections see one state.

mod definition;
mod header;
mod hislip;
mod port;
pub mod server;

use crate::error::{Error, Kind, Result};
use crate::instrument::block;
use crate::message::Dialect;
use crate::message::argument::number;
use crate::phrase::did_you_mean;
use crate::value::{Value, toml};
pub use definition::Definition;
use definition::{Property, float};
pub use port::SimPort;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The simulated instruments that this program has: for each one its name and its file.
const BUILT_IN: [(&str, &str); 4] = [
    ("std/psu", include_str!("built_in/psu.toml")),
    ("std/dmm", include_str!("built_in/dmm.toml")),
    ("std/load", include_str!("built_in/load.toml")),
    ("std/scope", include_str!("built_in/scope.toml")),
];

/// The file of a simulated instrument that this program has.
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of the simulated instruments that this program has.
pub fn built_in_names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// Most entries of the error queue, as of common instruments.
const QUEUE: usize = 20;

/// A simulated instrument. Clones are the same one.
#[derive(Clone)]
pub struct SimInstrument(Arc<Inner>);

struct Inner {
    definition: Definition,
    state: Mutex<State>,
}

struct State {
    /// The value of each property.
    values: Vec<Value>,
    errors: VecDeque<(i64, String)>,
    /// How many queries are still to stay without a reply.
    silent: u32,
    /// The state of the noise.
    noise: u64,
}

/// What a message brings: each reply with the time that it takes.
pub(super) type Replies = Vec<(Vec<u8>, Duration)>;

/// What one command brings: a reply with the time that it takes, or an error.
type Answer = std::result::Result<Option<(Vec<u8>, Duration)>, (i64, String)>;

/// The error for a command: its number and text (SCPI-99, volume 2, 21.8).
type Fault = (i64, &'static str);
const UNDEFINED: Fault = (-113, "Undefined header");
const MISSING: Fault = (-109, "Missing parameter");
const TYPE: Fault = (-104, "Data type error");
const RANGE: Fault = (-222, "Data out of range");
const ILLEGAL: Fault = (-224, "Illegal parameter value");

fn undefined() -> (i64, String) {
    (UNDEFINED.0, UNDEFINED.1.to_owned())
}

impl SimInstrument {
    /// An instrument as it is after it was switched on.
    pub fn new(definition: Definition) -> SimInstrument {
        let values = definition.properties.iter().map(|(_, property)| property.value.clone()).collect();
        let state = State { values, errors: VecDeque::new(), silent: 0, noise: 0x9e37_79b9_7f4a_7c15 };
        SimInstrument(Arc::new(Inner { definition, state: Mutex::new(state) }))
    }

    /// An instrument by the text of a file: TOML. `name`: the file, for errors.
    ///
    /// # Errors
    /// [`Kind::ParseError`] for invalid TOML; as [`Definition::read`].
    pub fn parse(name: &str, text: &str) -> Result<SimInstrument> {
        toml::read(name, text, Definition::read).map(SimInstrument::new)
    }

    /// A connection to it. `name`: as the user wrote it.
    pub fn port(&self, name: &str) -> SimPort {
        SimPort::new(self.clone(), name)
    }

    /// The names of its properties.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.definition.properties.iter().map(|(name, _)| name.as_str())
    }

    /// What it was made of.
    pub fn definition(&self) -> &Definition {
        &self.0.definition
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn index(&self, name: &str) -> Result<usize> {
        self.names().position(|known| known == name).ok_or_else(|| {
            let error = Error::new(Kind::ArgumentError, format!("the simulated instrument has no property `{name}`"));
            match crate::name::nearest(name, self.names()) {
                Some(near) => error.with_help(did_you_mean(near)),
                None => error.with_help(format!("it has {}", self.names().collect::<Vec<_>>().join(", "))),
            }
        })
    }

    /// The value of a property, without noise.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for an unknown name.
    pub fn get(&self, name: &str) -> Result<Value> {
        let index = self.index(name)?;
        Ok(self.value(&self.state(), index))
    }

    /// Sets a property, whatever its range.
    ///
    /// # Errors
    /// As [`SimInstrument::get`]; [`Kind::ArgumentError`] for a value that is not a number, a string or a bool.
    pub fn set(&self, name: &str, value: Value) -> Result<()> {
        let index = self.index(name)?;
        if !matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_)) {
            let message = format!("`{name}` cannot be set to this value");
            return Err(Error::new(Kind::ArgumentError, message).with_help("use a number, a string or a bool"));
        }
        self.state().values[index] = value;
        Ok(())
    }

    /// Puts an entry into the error queue.
    pub fn fail(&self, code: i64, text: &str) {
        self.state().fault(code, text);
    }

    /// Leaves the next queries without a reply.
    pub fn be_silent(&self, queries: u32) {
        self.state().silent = queries;
    }

    /// Its status byte: whether its error queue holds an entry (SCPI-99, volume 1, 20.1).
    pub fn status(&self) -> u8 {
        self.state().status()
    }

    /// The value that a property has.
    fn value(&self, state: &State, index: usize) -> Value {
        let property = &self.0.definition.properties[index].1;
        let of = |name: &String| self.names().position(|known| known == name).map(|index| self.value(state, index));
        if let Some(when) = &property.when
            && of(when).and_then(|value| float(&value)) == Some(0.0)
        {
            return Value::Float(0.0);
        }
        match property.follows.as_ref().and_then(of) {
            None => state.values[index].clone(),
            Some(source) => match float(&source) {
                Some(number) => {
                    let number = number * property.scale + property.offset;
                    Value::Float(number.max(property.min.unwrap_or(f64::MIN)).min(property.max.unwrap_or(f64::MAX)))
                }
                None => source,
            },
        }
    }

    /// Takes one message, without its terminator. Returns its replies.
    pub(super) fn take(&self, message: &str) -> Replies {
        let mut state = self.state();
        let mut replies: Replies = Vec::new();
        let mut path = String::new();
        for part in parts(message) {
            let (sent, argument) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
            let (sent, argument) = (sent.trim(), argument.trim());
            // After a semicolon a header goes on where the one before it was.
            let relative = format!("{path}{sent}");
            let candidates: &[&str] =
                if sent.starts_with([':', '*']) || path.is_empty() { &[sent] } else { &[&relative, sent] };
            let mut outcome = Err(undefined());
            let mut taken = sent;
            for candidate in candidates {
                outcome = self.one(&mut state, candidate, argument, part);
                taken = candidate;
                if !matches!(&outcome, Err((code, _)) if *code == UNDEFINED.0) {
                    break;
                }
            }
            if !taken.starts_with('*') {
                path = taken.rsplit_once(':').map_or(String::new(), |(path, _)| format!("{path}:"));
            }
            match outcome {
                Ok(Some((reply, delay))) => match replies.last_mut() {
                    // The replies of one message are one line.
                    Some((line, waits)) => {
                        line.push(b';');
                        line.extend(reply);
                        *waits += delay;
                    }
                    None => replies.push((reply, delay)),
                },
                Ok(None) => {}
                Err((code, text)) => state.fault(code, &text),
            }
        }
        if !replies.is_empty() && state.silent > 0 {
            state.silent -= 1;
            return Vec::new();
        }
        for (line, _) in &mut replies {
            line.extend(self.0.definition.terminator.as_bytes());
        }
        replies
    }

    fn one(&self, state: &mut State, sent: &str, argument: &str, whole: &str) -> Answer {
        let now = |text: &str| Ok(Some((text.as_bytes().to_vec(), Duration::ZERO)));
        if let Some(reply) =
            self.0.definition.replies.iter().find(|reply| reply.query.eq_ignore_ascii_case(whole.trim()))
        {
            let bytes = match &reply.reply {
                Value::Bytes(bytes) => block::definite(bytes),
                Value::Str(text) => text.clone().into_bytes(),
                _ => Vec::new(),
            };
            return Ok(Some((bytes, reply.delay)));
        }
        let (header, is_query) = sent.strip_suffix('?').map_or((sent, false), |header| (header, true));
        for (index, (_, property)) in self.0.definition.properties.iter().enumerate() {
            let asks =
                is_query && [&property.query, &property.command].into_iter().flatten().any(|known| known.fits(header));
            let sets = !is_query && property.command.as_ref().is_some_and(|known| known.fits(header));
            if !asks && !sets {
                continue;
            }
            if let Some(fault) = &property.fails {
                return Err(fault.clone());
            }
            if sets {
                state.values[index] = taken(property, argument).map_err(|(code, text)| (code, text.to_owned()))?;
                return Ok(None);
            }
            let value = self.value(state, index);
            return Ok(Some((written(property, value, state).into_bytes(), property.delay)));
        }
        match (header.to_ascii_uppercase().as_str(), is_query) {
            ("*IDN", true) => now(&self.0.definition.identity),
            ("*OPC", true) => now("1"),
            ("*STB", true) => now(&state.status().to_string()),
            ("*ESR" | "*TST" | "*ESE" | "*SRE", true) => now("0"),
            ("*OPC" | "*WAI" | "*ESE" | "*SRE" | "*TRG", false) => Ok(None),
            ("*CLS", false) => {
                state.errors.clear();
                Ok(None)
            }
            ("*RST", false) => {
                state.values =
                    self.0.definition.properties.iter().map(|(_, property)| property.value.clone()).collect();
                Ok(None)
            }
            (_, true) if header::Header::parse("SYSTem:ERRor[:NEXT]").fits(header) => {
                let (code, text) = state.errors.pop_front().unwrap_or((0, "No error".to_owned()));
                now(&format!("{code:+},{}", Dialect::Scpi.quoted(&text)))
            }
            (_, true) if header::Header::parse("SYSTem:VERSion").fits(header) => now("1999.0"),
            _ => Err(undefined()),
        }
    }
}

/// The bit of the status byte for an error queue that is not empty.
const ERRORS: u8 = 1 << 2;

impl State {
    fn status(&self) -> u8 {
        if self.errors.is_empty() { 0 } else { ERRORS }
    }

    fn fault(&mut self, code: i64, text: &str) {
        match self.errors.len() {
            0..QUEUE => self.errors.push_back((code, text.to_owned())),
            _ => {
                self.errors.pop_back();
                self.errors.push_back((-350, "Queue overflow".to_owned()));
            }
        }
    }

    /// A number from 0 to 1, the same ones in every run (xorshift).
    fn random(&mut self) -> f64 {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 7;
        self.noise ^= self.noise << 17;
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let number = (self.noise >> 11) as f64 / (1_u64 << 53) as f64;
        number
    }
}

/// The commands of a message: what is between semicolons outside of quotes.
fn parts(message: &str) -> Vec<&str> {
    let (mut parts, mut from, mut quote) = (Vec::new(), 0, None);
    for (at, c) in message.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == ';' => {
                parts.push(&message[from..at]);
                from = at + 1;
            }
            None => {}
        }
    }
    parts.push(&message[from..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// What a property becomes by an argument.
fn taken(property: &Property, argument: &str) -> std::result::Result<Value, Fault> {
    if argument.is_empty() {
        return Err(MISSING);
    }
    let value = match (&property.value, argument.to_ascii_uppercase().as_str()) {
        (Value::Bool(_), "1" | "ON") => Value::Bool(true),
        (Value::Bool(_), "0" | "OFF") => Value::Bool(false),
        (Value::Bool(_), _) => return Err(ILLEGAL),
        (Value::Str(_), _) => {
            let text = crate::instrument::reply::unquoted(argument).unwrap_or_else(|| argument.to_owned());
            // A word is the one that it begins, as its short form does.
            let word = property
                .choices
                .iter()
                .find(|choice| matches!(choice, Value::Str(known) if known.to_uppercase() == text.to_uppercase()));
            match word {
                Some(word) => word.clone(),
                None if property.choices.is_empty() => Value::Str(text),
                None => return Err(ILLEGAL),
            }
        }
        (_, "MIN" | "MINIMUM") if property.min.is_some() => Value::Float(property.min.unwrap_or_default()),
        (_, "MAX" | "MAXIMUM") if property.max.is_some() => Value::Float(property.max.unwrap_or_default()),
        (_, "DEF" | "DEFAULT") => property.value.clone(),
        _ => match crate::instrument::reply::number(argument) {
            Some(number) => number,
            None => return Err(TYPE),
        },
    };
    if let (Some(number), false) = (float(&value), matches!(value, Value::Bool(_))) {
        if property.min.is_some_and(|min| number < min) || property.max.is_some_and(|max| number > max) {
            return Err(RANGE);
        }
        let is_one = |choice: &Value| float(choice) == Some(number);
        if !property.choices.is_empty() && !property.choices.iter().any(is_one) {
            return Err(ILLEGAL);
        }
        // A property with a fraction keeps one.
        return Ok(match property.value {
            Value::Float(_) => Value::Float(number),
            _ => value,
        });
    }
    Ok(value)
}

/// A value as the instrument writes it, with its noise.
fn written(property: &Property, value: Value, state: &mut State) -> String {
    match value {
        Value::Bool(on) => u8::from(on).to_string(),
        Value::Str(text) => text,
        Value::Int(whole) if property.noise == 0.0 && property.digits.is_none() => whole.to_string(),
        other => {
            // The sum of twelve even numbers is close to a normal one, with a deviation of 1.
            let normal: f64 =
                if property.noise == 0.0 { 0.0 } else { (0..12).map(|_| state.random()).sum::<f64>() - 6.0 };
            let value = float(&other).unwrap_or_default() + normal * property.noise;
            match property.digits {
                Some(digits) => format!("{value:+.digits$E}"),
                None => number(value),
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
