//! Parses the `repr` printed by a board as a [`Value`].
//!
//! Accepts the output of MicroPython, CircuitPython and CPython, and the source made by [`super::write`]. Pure; nothing is
//! ever evaluated. Invariant: any text gives a value or an error, in linear time, within the limits below, on a stack of
//! 512 KiB.

mod named;
mod number;
mod string;

use crate::value::Value;
use thiserror::Error;

/// The longest accepted text, in bytes. A value takes up to about 20 times its text in memory.
pub const MAX_SIZE: usize = crate::bound::REPLY;
/// Deepest nesting of containers.
pub const MAX_DEPTH: usize = 128;
/// Most digits of an integer; parsing takes time that grows with the square of their number.
pub const MAX_DIGITS: usize = 100_000;
/// Most elements of all ranges in one text: a few bytes of text could request any number.
pub const MAX_RANGE: usize = 1_000_000;

/// Why a text is not a value. `at` is an offset in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// The text is not, or not only, a literal.
    #[error("not a literal, from byte {at} on")]
    NotLiteral {
        /// Where the text becomes invalid.
        at: usize,
    },
    /// A lone half of a surrogate pair in a `str`, which text on other systems cannot contain.
    #[error("half a surrogate pair in a string, at byte {at}")]
    Surrogate {
        /// The start of its escape.
        at: usize,
    },
    /// More than [`MAX_SIZE`] bytes.
    #[error("the value's text is {size} bytes long, more than {MAX_SIZE}")]
    TooLarge {
        /// The length of the text in bytes.
        size: usize,
    },
    /// More than [`MAX_DEPTH`] containers inside each other.
    #[error("the value is nested more than {MAX_DEPTH} containers deep")]
    TooDeep,
    /// An integer with more than [`MAX_DIGITS`] digits.
    #[error("an integer has {digits} digits, more than {MAX_DIGITS}")]
    TooManyDigits {
        /// Their number.
        digits: usize,
    },
    /// Ranges with more than [`MAX_RANGE`] elements.
    #[error("a range has more than {MAX_RANGE} elements")]
    RangeTooLong,
}

type Result<T> = std::result::Result<T, ParseError>;

/// Parses the `repr` of one value. Surrounding white space is allowed.
///
/// A class that prints itself like a namedtuple, `Name(field=1)`, is parsed as one: the text is the same. `Name()` is not a
/// literal: it is more often an exception than a namedtuple without fields.
///
/// # Errors
/// [`ParseError::NotLiteral`] for anything except a literal; the others if a limit is exceeded.
pub fn parse(text: &str) -> Result<Value> {
    if text.len() > MAX_SIZE {
        return Err(ParseError::TooLarge { size: text.len() });
    }
    let mut reader = Reader { text, at: 0, depth: 0, range_left: MAX_RANGE, pending: Vec::new() };
    let value = reader.value()?;
    reader.skip_space();
    if reader.at == text.len() { Ok(value) } else { reader.fail() }
}

/// A place in the text, always at the start of a character.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    /// Elements that ranges may still have.
    range_left: usize,
    /// The items so far of the containers that are being read, so that each container is allocated once, at its size.
    pending: Vec<Value>,
}

impl<'t> Reader<'t> {
    fn fail<T>(&self) -> Result<T> {
        Err(ParseError::NotLiteral { at: self.at })
    }

    fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t [u8] {
        self.bytes().get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips `token`, ASCII, if it comes next.
    fn eat(&mut self, token: &[u8]) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Skips white space and then `token`.
    fn expect(&mut self, token: &[u8]) -> Result<()> {
        self.skip_space();
        if self.eat(token) { Ok(()) } else { self.fail() }
    }

    /// One value. Its arms return results unchanged, which keeps the stack frame of the recursion small.
    fn value(&mut self) -> Result<Value> {
        self.skip_space();
        match self.peek() {
            Some(b'0'..=b'9' | b'-') => self.number(),
            Some(b'\'' | b'"') => self.string().map(Value::Str),
            Some(b'b') if matches!(self.bytes().get(self.at + 1), Some(b'\'' | b'"')) => {
                self.byte_string().map(Value::Bytes)
            }
            Some(b'[') => self.list().map(Value::List),
            Some(b'(') => self.parenthesis(),
            Some(b'{') => self.braces(),
            Some(_) => self.named(),
            None => self.fail(),
        }
    }

    /// Enters a container. The caller leaves it with [`Reader::leave`], except after an error, which ends the parse.
    fn enter(&mut self) -> Result<()> {
        if self.depth == MAX_DEPTH {
            return Err(ParseError::TooDeep);
        }
        self.depth += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// After an item: whether another one follows. A comma may precede `close`.
    fn another(&mut self, close: &[u8]) -> Result<bool> {
        // What a board writes between two items.
        if let [b',', b' ', next, ..] = *self.rest()
            && next.is_ascii_graphic()
            && !close.contains(&next)
        {
            self.at += 2;
            return Ok(true);
        }
        self.skip_space();
        let comma = self.eat(b",");
        if comma {
            self.skip_space();
        }
        if self.eat(close) {
            return Ok(false);
        }
        if comma { Ok(true) } else { self.fail() }
    }

    /// The items up to `close`, one container deeper; the reader is at the first one.
    fn items(&mut self, close: &[u8]) -> Result<Vec<Value>> {
        self.enter()?;
        let first = self.pending.len();
        self.skip_space();
        let mut more = !self.eat(close);
        while more {
            // Most long values are lists of plain numbers.
            let item = match self.plain_number() {
                Some(number) => number,
                None => self.value()?,
            };
            self.pending.push(item);
            more = self.another(close)?;
        }
        self.leave();
        Ok(if first == 0 { std::mem::take(&mut self.pending) } else { self.pending.split_off(first) })
    }

    /// `[…]`
    fn list(&mut self) -> Result<Vec<Value>> {
        self.expect(b"[")?;
        self.items(b"]")
    }

    /// A tuple, a tuple with names but no class (`os.uname()` on MicroPython), or a complex number.
    fn parenthesis(&mut self) -> Result<Value> {
        let open = self.at;
        if !self.at_tuple_of_numbers()
            && let Some((real, imaginary)) = self.complex()?
        {
            return Ok(Value::Complex(real, imaginary));
        }
        self.expect(b"(")?;
        if self.at_field() {
            return self.fields().map(|fields| Value::NamedTuple(String::new(), fields));
        }
        let items = self.items(b")")?;
        // `(1)` is neither a tuple nor a repr.
        if items.len() == 1 && !self.has_comma_before_close() {
            return Err(ParseError::NotLiteral { at: open });
        }
        Ok(Value::Tuple(items))
    }

    /// Whether a whole number and a comma follow the parenthesis: the usual tuples need not be read as complex numbers first.
    fn at_tuple_of_numbers(&self) -> bool {
        let after = self.rest().get(1..).unwrap_or_default();
        let digits = after.iter().position(|&byte| !byte.is_ascii_digit() && byte != b'-' && byte != b'.');
        digits.is_some_and(|end| after.get(end) == Some(&b','))
    }

    /// Whether a comma precedes the bracket that was just read.
    fn has_comma_before_close(&self) -> bool {
        let before = self.bytes().get(..self.at.saturating_sub(1)).unwrap_or_default();
        before.trim_ascii_end().ends_with(b",")
    }

    /// A dict or a set.
    fn braces(&mut self) -> Result<Value> {
        self.expect(b"{")?;
        self.skip_space();
        if self.eat(b"}") {
            return Ok(Value::Dict(Vec::new()));
        }
        self.enter()?;
        let first = self.pending.len();
        let mut is_dict = None;
        let mut more = true;
        while more {
            let item = self.value()?;
            self.pending.push(item);
            self.skip_space();
            // The first item decides.
            if *is_dict.get_or_insert(self.peek() == Some(b':')) {
                self.expect(b":")?;
                let value = self.value()?;
                self.pending.push(value);
            }
            more = self.another(b"}")?;
        }
        self.leave();
        if is_dict != Some(true) {
            return Ok(Value::Set(self.pending.split_off(first)));
        }
        let mut pairs = Vec::with_capacity((self.pending.len() - first) / 2);
        let mut items = self.pending.drain(first..);
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            pairs.push((key, value));
        }
        Ok(Value::Dict(pairs))
    }

    /// After a key: the separator, and the value.
    fn pair_to(&mut self, pairs: &mut Vec<(Value, Value)>, key: Value, separator: &[u8]) -> Result<()> {
        self.expect(separator)?;
        let value = self.value()?;
        pairs.push((key, value));
        Ok(())
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
