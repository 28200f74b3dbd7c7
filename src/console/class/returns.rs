//! What a query of a console returns.
//!
//! Invariant: pure; what of an answer does not fit is in the error.

use crate::console::pattern::{Expression, Pattern};
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// The type of what a query returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Returns {
    /// A number if the answer is one, else a string.
    #[default]
    Auto,
    /// A number.
    Float,
    /// A whole number.
    Int,
    /// `1`, `on`, `true`, `yes`, or `0`, `off`, `false`, `no`.
    Bool,
    /// The answer.
    Str,
    /// Its first line that is not empty.
    Line,
    /// Its lines.
    Lines,
}

impl Returns {
    /// Each type with its name.
    pub const NAMES: [(&'static str, Returns); 6] = [
        ("float", Returns::Float),
        ("int", Returns::Int),
        ("bool", Returns::Bool),
        ("str", Returns::Str),
        ("line", Returns::Line),
        ("lines", Returns::Lines),
    ];

    /// The type with this name.
    pub fn named(name: &str) -> Option<Returns> {
        Returns::NAMES.iter().find(|(known, _)| *known == name).map(|(_, returns)| *returns)
    }

    /// Its name; empty for [`Returns::Auto`].
    pub fn word(self) -> &'static str {
        Returns::NAMES.iter().find(|(_, returns)| *returns == self).map_or("", |(name, _)| name)
    }

    /// The value of an answer. Of a pattern, its group is the value; a map of several groups with names, otherwise an array of them.
    ///
    /// # Errors
    /// [`Kind::ProtocolError`] if the answer does not fit.
    pub fn value(self, line: &str, answer: &str, pattern: Option<&Expression>) -> Result<Value> {
        let Some(pattern) = pattern else { return self.checked(line, answer) };
        let Some(found) = Pattern::Regex(pattern.clone()).find(answer.as_bytes(), 0) else {
            let message = format!("the answer to `{line}` does not match `{}`", pattern.source());
            return Err(Error::new(Kind::ProtocolError, message).with_help(shown(answer)));
        };
        let text =
            |range: &std::ops::Range<usize>| String::from_utf8_lossy(&answer.as_bytes()[range.clone()]).into_owned();
        let of = |group: &Option<std::ops::Range<usize>>| match group {
            Some(range) => self.checked(line, &text(range)),
            None => Ok(Value::None),
        };
        match found.groups.as_slice() {
            [] => self.checked(line, &text(&found.range)),
            [(_, only)] => of(only),
            groups if groups.iter().all(|(name, _)| name.is_some()) => {
                let pair = |(name, group): &(Option<String>, _)| {
                    Ok((Value::Str(name.clone().unwrap_or_default()), of(group)?))
                };
                groups.iter().map(pair).collect::<Result<Vec<_>>>().map(Value::Dict)
            }
            groups => groups.iter().map(|(_, group)| of(group)).collect::<Result<Vec<_>>>().map(Value::List),
        }
    }

    fn checked(self, line: &str, text: &str) -> Result<Value> {
        self.convert(text).ok_or_else(|| {
            let first: String = text.trim().lines().next().unwrap_or_default().chars().take(40).collect();
            let message = format!(
                "the answer to `{line}` is \"{}\", not a value of type `{}`",
                first.escape_debug(),
                self.word()
            );
            Error::new(Kind::ProtocolError, message)
                .with_help("find the value in the answer with `pattern = \"… (\\\\S+)\"`, or declare another type")
        })
    }

    fn convert(self, text: &str) -> Option<Value> {
        let plain = text.trim();
        match self {
            Returns::Auto => Some(number(plain).unwrap_or_else(|| Value::Str(text.to_owned()))),
            Returns::Float => match number(plain)? {
                #[expect(clippy::cast_precision_loss, reason = "the declaration asks for a float")]
                Value::Int(whole) => Some(Value::Float(whole as f64)),
                number => Some(number),
            },
            Returns::Int => match number(plain)? {
                Value::Int(whole) => Some(Value::Int(whole)),
                _ => None,
            },
            Returns::Bool => match plain.to_ascii_lowercase().as_str() {
                "1" | "on" | "true" | "yes" => Some(Value::Bool(true)),
                "0" | "off" | "false" | "no" => Some(Value::Bool(false)),
                _ => None,
            },
            Returns::Str => Some(Value::Str(text.to_owned())),
            Returns::Line => {
                let first = text.lines().map(str::trim).find(|line| !line.is_empty());
                Some(Value::Str(first.unwrap_or_default().to_owned()))
            }
            Returns::Lines => {
                Some(Value::List(text.lines().map(|line| Value::Str(line.trim_end().to_owned())).collect()))
            }
        }
    }
}

/// A decimal number, or a hexadecimal one with `0x`.
fn number(text: &str) -> Option<Value> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with(['+', '-'])).map(Value::Int);
    }
    // `inf` and `nan` are words of a unit.
    text.chars().any(|c| c.is_ascii_digit()).then_some(())?;
    match text.parse::<i64>() {
        Ok(whole) => Some(Value::Int(whole)),
        Err(_) => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Float),
    }
}

/// An answer, for help.
fn shown(answer: &str) -> String {
    let lines: Vec<String> =
        answer.lines().take(8).map(|line| crate::visible::text(line).chars().take(160).collect()).collect();
    match lines.as_slice() {
        [] => "the answer is empty".to_owned(),
        [only] => format!("the answer is: {only}"),
        lines => format!("the answer begins:\n  {}", lines.join("\n  ")),
    }
}
