//! What a query returns.
//!
//! Invariant: pure; the text of a reply that does not fit is in the error.

use crate::instrument::reply;
use crate::value::Value;

/// The type of what a query returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Returns {
    /// A number if it is one, else a string.
    #[default]
    Auto,
    /// A number.
    Float,
    /// A whole number.
    Int,
    /// `1` and `ON`, or `0` and `OFF`.
    Bool,
    /// The text, without quotes.
    Str,
    /// Numbers: a list with commas, or a block.
    List,
    /// The bytes of a block.
    Block,
}

impl Returns {
    /// Each type with its name.
    pub const NAMES: [(&'static str, Returns); 6] = [
        ("float", Returns::Float),
        ("int", Returns::Int),
        ("bool", Returns::Bool),
        ("str", Returns::Str),
        ("list", Returns::List),
        ("block", Returns::Block),
    ];

    /// The type with this name.
    pub fn named(name: &str) -> Option<Returns> {
        Returns::NAMES.iter().find(|(known, _)| *known == name).map(|(_, returns)| *returns)
    }

    /// Its name; empty for [`Returns::Auto`].
    pub fn word(self) -> &'static str {
        Returns::NAMES.iter().find(|(_, returns)| *returns == self).map_or("", |(name, _)| name)
    }

    /// A line as a value of this type; `None` if it is not one.
    pub fn value(self, line: &str) -> Option<Value> {
        let text = line.trim();
        match self {
            Returns::Auto => Some(reply::value(text)),
            Returns::Float => match reply::number(text)? {
                #[expect(clippy::cast_precision_loss, reason = "the declaration asks for a float")]
                Value::Int(whole) => Some(Value::Float(whole as f64)),
                number => Some(number),
            },
            Returns::Int => match reply::number(text)? {
                #[expect(clippy::cast_possible_truncation, reason = "it has no fraction, and fits")]
                Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(Value::Int(number as i64)),
                Value::Int(whole) => Some(Value::Int(whole)),
                _ => None,
            },
            Returns::Bool => match text.to_ascii_uppercase().as_str() {
                "1" | "+1" | "ON" | "TRUE" => Some(Value::Bool(true)),
                "0" | "+0" | "OFF" | "FALSE" => Some(Value::Bool(false)),
                _ => None,
            },
            Returns::Str => Some(Value::Str(reply::unquoted(text).unwrap_or_else(|| text.to_owned()))),
            Returns::List | Returns::Block => None,
        }
    }
}
