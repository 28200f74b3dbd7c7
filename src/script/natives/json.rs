//! `json_parse` and `json_stringify`, the native functions of `std/json` (RFC 8259).
//!
//! Invariant: integers of any size and finite floats round-trip exactly; nesting is limited to what a board accepts.

use crate::script::errors::{Fallible, argument, placed};
use crate::script::objects::convert::{to_dynamic, to_value};
use crate::value::Value;
use num_bigint::BigInt;
use rhai::{Dynamic, Engine, ImmutableString, NativeCallContext as Context};
use std::fmt::Write as _;

/// Maximum depth of nesting, for reading and writing.
const DEEPEST: usize = 100;

/// Registers the functions.
pub(crate) fn register(engine: &mut Engine) {
    engine
        .register_fn("json_parse", |context: Context<'_>, text: ImmutableString| placed(&context, parse(&text)))
        .register_fn("json_stringify", |context: Context<'_>, value: Dynamic, indent: i64| {
            placed(&context, stringify(&value, indent))
        });
}

/// Converts JSON text to a value.
pub(crate) fn parse(text: &str) -> Fallible<Dynamic> {
    let mut parser = Parser { text, place: 0 };
    let value = parser.value(0).and_then(|value| match parser.next_byte() {
        None => Ok(value),
        Some(_) => Err("unexpected text after the value".to_owned()),
    });
    value.map(to_dynamic).or_else(|reason| {
        let before = &text[..parser.place.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        argument(format!("line {line}, column {column} of the JSON text: {reason}"), "")
    })
}

/// A text and the current position, which is always on a character boundary.
struct Parser<'t> {
    text: &'t str,
    place: usize,
}

type Parsed<T> = Result<T, String>;

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.place..]
    }

    /// The next byte after white space.
    fn next_byte(&mut self) -> Option<u8> {
        self.place = self.text.len() - self.rest().trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.rest().bytes().next()
    }

    fn take(&mut self, word: &str) -> bool {
        let taken = self.rest().starts_with(word);
        self.place += if taken { word.len() } else { 0 };
        taken
    }

    fn value(&mut self, depth: usize) -> Parsed<Value> {
        if depth > DEEPEST {
            return Err(format!("nested deeper than {DEEPEST}"));
        }
        match self.next_byte() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::Str),
            Some(b'-' | b'0'..=b'9') => self.number(),
            None => Err("missing value".to_owned()),
            Some(_) => {
                let words = [("null", Value::None), ("true", Value::Bool(true)), ("false", Value::Bool(false))];
                let known = words.into_iter().find(|(word, _)| self.take(word));
                known.map(|(_, value)| value).ok_or_else(|| "invalid value".to_owned())
            }
        }
    }

    /// After an element: returns whether another one follows.
    fn another(&mut self, end: u8) -> Parsed<bool> {
        match self.next_byte() {
            Some(byte) if byte == end || byte == b',' => {
                self.place += 1;
                Ok(byte == b',')
            }
            _ => Err(format!("expected `,` or `{}`", char::from(end))),
        }
    }

    fn array(&mut self, depth: usize) -> Parsed<Value> {
        self.place += 1;
        let mut items = Vec::new();
        if self.next_byte() == Some(b']') {
            self.place += 1;
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.another(b']')? {
                return Ok(Value::List(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Parsed<Value> {
        self.place += 1;
        let mut pairs = Vec::new();
        if self.next_byte() == Some(b'}') {
            self.place += 1;
            return Ok(Value::Dict(pairs));
        }
        loop {
            if self.next_byte() != Some(b'"') {
                return Err("expected a key in double quotes".to_owned());
            }
            let key = self.string()?;
            if self.next_byte() != Some(b':') {
                return Err("expected `:`".to_owned());
            }
            self.place += 1;
            pairs.push((Value::Str(key), self.value(depth + 1)?));
            if !self.another(b'}')? {
                return Ok(Value::Dict(pairs));
            }
        }
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.place += count;
        count
    }

    fn number(&mut self) -> Parsed<Value> {
        let start = self.place;
        self.take("-");
        let first = self.rest().bytes().next();
        let whole = self.digits();
        if whole == 0 || first == Some(b'0') && whole > 1 {
            return Err("invalid number".to_owned());
        }
        let mut is_float = false;
        if self.take(".") {
            is_float = true;
            if self.digits() == 0 {
                return Err("missing digits after the decimal point".to_owned());
            }
        }
        if self.take("e") || self.take("E") {
            is_float = true;
            let _ = self.take("-") || self.take("+");
            if self.digits() == 0 {
                return Err("missing digits in the exponent".to_owned());
            }
        }
        let text = &self.text[start..self.place];
        let number = match is_float {
            false => text.parse::<BigInt>().ok().map(Value::integer),
            true => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::Float),
        };
        number.ok_or_else(|| "the number is too large".to_owned())
    }

    fn string(&mut self) -> Parsed<String> {
        self.place += 1;
        let mut out = String::new();
        loop {
            let plain = self.rest().find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(self.rest().len());
            out.push_str(&self.rest()[..plain]);
            self.place += plain;
            match self.rest().bytes().next() {
                Some(b'"') => {
                    self.place += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err("unescaped control character in a string".to_owned()),
                None => return Err("unclosed string".to_owned()),
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let known = [
            ("\\\"", '"'),
            ("\\\\", '\\'),
            ("\\/", '/'),
            ("\\b", '\u{8}'),
            ("\\f", '\u{c}'),
            ("\\n", '\n'),
            ("\\r", '\r'),
            ("\\t", '\t'),
        ];
        if let Some((_, letter)) = known.into_iter().find(|(escape, _)| self.take(escape)) {
            return Ok(letter);
        }
        let wrong = || "unknown escape".to_owned();
        let high = self.unit().ok_or_else(wrong)?;
        if let Some(letter) = char::from_u32(high) {
            return Ok(letter);
        }
        let low = self.unit().filter(|low| high < 0xdc00 && (0xdc00..0xe000).contains(low));
        let code = low.map(|low| 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        code.and_then(char::from_u32).ok_or_else(|| "unpaired surrogate".to_owned())
    }

    /// The code unit of `\u1234`.
    fn unit(&mut self) -> Option<u32> {
        let digits = self.rest().strip_prefix("\\u")?.get(..4)?;
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
        self.place += 6;
        Some(number)
    }
}

/// Formats JSON: on one line if `indent` is 0, else with `indent` spaces per level.
fn stringify(value: &Dynamic, indent: i64) -> Fallible<String> {
    let indent = usize::try_from(indent).unwrap_or(0).min(16);
    let mut out = String::new();
    let written = to_value(value)
        .map_err(|reason| format!("the value {reason}").replace(", which cannot be sent", ""))
        .and_then(|value| write(&mut out, &value, indent, 0));
    match written {
        Ok(()) => Ok(out),
        Err(reason) => argument(
            format!("{reason}: JSON has no such value"),
            "it has `()`, bools, numbers, strings, arrays, and maps with strings as keys",
        ),
    }
}

fn write(out: &mut String, value: &Value, indent: usize, depth: usize) -> Parsed<()> {
    match value {
        Value::None => out.push_str("null"),
        Value::Bool(on) => out.push_str(if *on { "true" } else { "false" }),
        Value::Int(number) => _ = write!(out, "{number}"),
        Value::BigInt(number) => _ = write!(out, "{number}"),
        Value::Float(number) if number.is_finite() => _ = write!(out, "{number:?}"),
        Value::Float(number) => return Err(format!("a number is {number}")),
        Value::Str(text) => write_string(out, text),
        Value::List(items) | Value::Tuple(items) => {
            sequence(out, ('[', ']'), items, indent, depth, |out, item| write(out, item, indent, depth + 1))?;
        }
        Value::Dict(pairs) | Value::OrderedDict(pairs) => {
            sequence(out, ('{', '}'), pairs, indent, depth, |out, (key, value)| {
                let Value::Str(key) = key else { return Err("a key is not a string".to_owned()) };
                write_string(out, key);
                out.push_str(if indent > 0 { ": " } else { ":" });
                write(out, value, indent, depth + 1)
            })?;
        }
        Value::NamedTuple(_, fields) => {
            sequence(out, ('{', '}'), fields, indent, depth, |out, (key, value)| {
                write_string(out, key);
                out.push_str(if indent > 0 { ": " } else { ":" });
                write(out, value, indent, depth + 1)
            })?;
        }
        Value::Bytes(_) => return Err("a part is a blob".to_owned()),
        Value::Set(_) | Value::FrozenSet(_) => return Err("a part is a set".to_owned()),
        _ => return Err("a part is of a type of Python's own".to_owned()),
    }
    Ok(())
}

fn sequence<T>(
    out: &mut String,
    (open, close): (char, char),
    items: &[T],
    indent: usize,
    depth: usize,
    mut each: impl FnMut(&mut String, &T) -> Parsed<()>,
) -> Parsed<()> {
    let line = |out: &mut String, depth: usize| {
        if indent > 0 {
            let _ = write!(out, "\n{:1$}", "", indent * depth);
        }
    };
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        line(out, depth + 1);
        each(out, item)?;
    }
    if !items.is_empty() {
        line(out, depth);
    }
    out.push(close);
    Ok(())
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => _ = write!(out, "\\u{:04x}", u32::from(control)),
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> String {
        parse(text).and_then(|value| stringify(&value, 0)).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn values_round_trip() {
        for text in [
            "null",
            "[true,false,null]",
            "9007199254740993",
            "-9223372036854775809",
            "123456789012345678901234567890",
            "1.0",
            "1e300",
            "0.1",
            "{\"a\":{},\"b\":[[],{\"c\":-1}]}",
            "\"ä\\\"\\\\\\n\\u0001😀\"",
        ] {
            assert_eq!(round(text), text);
        }
        assert_eq!(round(" [ 1 , -0 , \"\\u00e4\\ud83d\\ude00\\/\" ] "), "[1,0,\"ä😀/\"]");
        assert_eq!(round("1E2"), "100.0");
    }

    #[test]
    fn rejects_invalid_json_with_its_position() {
        let deep = "[".repeat(500);
        for text in [
            "",
            "01",
            "-",
            "1.",
            "1e",
            "1e999",
            "[1,]",
            "[1 2]",
            "{\"a\" 1}",
            "{a:1}",
            "{\"a\":1,}",
            "tru",
            "nul1",
            "\"a",
            "\"\\x\"",
            "\"\\ud83d\"",
            "\"\\ud83d\\ud83d\"",
            "\"\\u+123\"",
            "\"\\u12ä\"",
            "\"\u{1}\"",
            "1 2",
            "+1",
            ".5",
            "NaN",
            &deep,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let error = parse("{\n  \"a\": nope\n}").unwrap_err();
        let wanted = "line 2, column 8 of the JSON text: invalid value";
        let EvalAltResult::ErrorRuntime(value, _) = &*error else { panic!("{error}") };
        assert_eq!(value.read_lock::<ScriptError>().unwrap().error.message(), wanted);
    }

    #[test]
    fn pretty_text_is_indented() {
        let value = parse("{\"a\":[1,{}],\"b\":[]}").unwrap();
        assert_eq!(stringify(&value, 2).unwrap(), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
        assert!(stringify(&Dynamic::from_float(f64::NAN), 0).is_err());
        assert!(stringify(&Dynamic::from_blob(vec![1]), 0).is_err());
    }

    use crate::script::errors::ScriptError;
    use rhai::EvalAltResult;
}
