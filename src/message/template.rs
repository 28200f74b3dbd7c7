//! The text of a message with places for arguments: `VOLT {v:.3},(@{channel})`.
//!
//! Invariant: a place names a parameter; `{{` and `}}` are braces.

use super::argument::{Param, number};
use crate::error::{Error, Kind, Result};
use crate::value::Value;

/// Who reads a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// An instrument: `ON`, and quotes that are doubled (IEEE 488.2).
    Scpi,
    /// A command line: `on`, and quotes after a backslash.
    Shell,
}

impl Dialect {
    fn bool(self, on: bool) -> &'static str {
        match (self, on) {
            (Dialect::Scpi, true) => "ON",
            (Dialect::Scpi, false) => "OFF",
            (Dialect::Shell, true) => "on",
            (Dialect::Shell, false) => "off",
        }
    }

    /// A text in double quotes.
    pub fn quoted(self, text: &str) -> String {
        match self {
            Dialect::Scpi => format!("\"{}\"", text.replace('"', "\"\"")),
            Dialect::Shell => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

/// How an argument is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// By its type.
    Plain,
    /// With a fixed number of decimal places.
    Fixed(usize),
    /// With an exponent, and this number of decimal places.
    Exponent(usize),
    /// A bool as 1 or 0.
    Digit,
    /// In quotes, as string data.
    Quoted,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    /// The number of a parameter.
    Place(usize, Form),
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    dialect: Dialect,
    pieces: Vec<Piece>,
    text: String,
}

impl Template {
    /// Parses the messages of an item: one per line.
    ///
    /// # Errors
    /// What is wrong, as a phrase, and what to do.
    pub fn parse_all(dialect: Dialect, text: &str, params: &[Param]) -> Result<Vec<Template>, (String, String)> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| Template::parse(dialect, line, params)).collect()
    }

    fn parse(dialect: Dialect, text: &str, params: &[Param]) -> Result<Template, (String, String)> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.peek() == Some(&c) => {
                    chars.next();
                    plain.push(c);
                }
                '{' => {
                    let mut inner = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(c) => inner.push(c),
                            None => {
                                return Err((
                                    format!("`{{{inner}` is not closed"),
                                    "write `{{` for a brace".to_owned(),
                                ));
                            }
                        }
                    }
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(place(&inner, params)?);
                }
                '}' => return Err(("`}` has no opening brace".to_owned(), "write `}}` for a brace".to_owned())),
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Template { dialect, pieces, text: text.to_owned() })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether an argument of this number is in it.
    pub fn uses(&self, param: usize) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Place(index, _) if *index == param))
    }

    /// Whether it has a question mark outside of quoted strings.
    pub fn asks(&self) -> bool {
        let mut quote = None;
        let texts =
            self.pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text) } else { None });
        for c in texts.flat_map(|text| text.chars()) {
            match quote {
                Some(open) if c == open => quote = None,
                Some(_) => {}
                None if c == '?' => return true,
                None if matches!(c, '"' | '\'') => quote = Some(c),
                None => {}
            }
        }
        false
    }

    /// The message with these arguments, which the parameters have accepted.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for an argument that cannot be written in the form that the text wants.
    pub fn render(&self, params: &[Param], values: &[Value]) -> Result<String> {
        let mut message = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => message.push_str(text),
                Piece::Place(index, form) => {
                    let (param, value) = (&params[*index], &values[*index]);
                    let written = write(value, *form, self.dialect).ok_or_else(|| {
                        let message = format!("`{}` cannot be written as `{}` wants it", param.name, self.text);
                        Error::new(Kind::ArgumentError, message).with_help("give the parameter a type, such as `float`")
                    })?;
                    message.push_str(&written);
                }
            }
        }
        Ok(message)
    }
}

fn place(inner: &str, params: &[Param]) -> Result<Piece, (String, String)> {
    let (name, form) = inner.split_once(':').unwrap_or((inner, ""));
    let Some(index) = params.iter().position(|param| param.name == name.trim()) else {
        let near = crate::name::nearest(name.trim(), params.iter().map(|param| param.name.as_str()));
        let help = near.map_or_else(|| "write `{{` for a brace".to_owned(), crate::phrase::did_you_mean);
        return Err((format!("unknown parameter `{}` in the message", name.trim()), help));
    };
    let form = match form {
        "" => Form::Plain,
        "q" => Form::Quoted,
        "d" => Form::Digit,
        form => {
            let digits =
                |text: &str| text.strip_prefix('.').and_then(|digits| digits.parse().ok()).filter(|count| *count <= 17);
            match (form.strip_suffix('e').and_then(digits), digits(form)) {
                (Some(count), _) => Form::Exponent(count),
                (None, Some(count)) => Form::Fixed(count),
                (None, None) => {
                    let help = "forms are `.3`, `.3e`, `q` (in quotes) and `d` (1 or 0)";
                    return Err((format!("unknown form `{form}` of `{}`", name.trim()), help.to_owned()));
                }
            }
        }
    };
    Ok(Piece::Place(index, form))
}

/// An argument as text.
fn write(value: &Value, form: Form, dialect: Dialect) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "decimal places of a whole number")]
    let float = match value {
        Value::Int(whole) => Some(*whole as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    match (form, value) {
        (Form::Plain, Value::Bool(on)) => Some(dialect.bool(*on).to_owned()),
        (Form::Plain | Form::Digit, Value::Int(whole)) => Some(whole.to_string()),
        (Form::Plain, Value::Float(value)) => Some(number(*value)),
        (Form::Plain, Value::Str(text)) => Some(text.clone()),
        (Form::Digit, Value::Bool(on)) => Some(i32::from(*on).to_string()),
        (Form::Quoted, Value::Str(text)) => Some(dialect.quoted(text)),
        (Form::Fixed(count), _) => float.map(|number| format!("{number:.count$}")),
        (Form::Exponent(count), _) => float.map(|number| format!("{number:.count$E}")),
        _ => None,
    }
}
