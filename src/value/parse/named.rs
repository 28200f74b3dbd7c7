//! Literals that start with a name: constants, classes that print themselves as a call, namedtuples.
//!
//! Invariant: a name outside the closed list below is read only as the class of a namedtuple with fields.

use super::{ParseError, Reader, Result};
use crate::value::Value;

impl<'t> Reader<'t> {
    /// A constant or a call.
    pub(super) fn named(&mut self) -> Result<Value> {
        let start = self.at;
        Ok(match self.name() {
            "None" => Value::None,
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            "Ellipsis" => Value::Ellipsis,
            "inf" => Value::Float(f64::INFINITY),
            "nan" => Value::Float(f64::NAN),
            "infj" => Value::Complex(0.0, f64::INFINITY),
            "nanj" => Value::Complex(0.0, f64::NAN),
            name if !name.is_empty() && self.eat(b"(") => {
                return self.call(name, start);
            }
            _ => return Err(ParseError::NotLiteral { at: start }),
        })
    }

    /// Skips an identifier; empty if there is none.
    fn name(&mut self) -> &'t str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        if name.starts_with(char::is_numeric) {
            return "";
        }
        self.at += end;
        name
    }

    /// The call of `name`, which is at `start`; the reader is after the opening parenthesis.
    fn call(&mut self, name: &str, start: usize) -> Result<Value> {
        match name {
            "set" => self.closed(Value::Set(Vec::new())),
            "frozenset" => self.elements().map(Value::FrozenSet),
            "bytearray" => self.byte_array(),
            "dict_keys" | "dict_values" | "dict_items" => self.view(),
            "array" => self.array(),
            "range" => self.range(),
            "OrderedDict" => self.ordered_pairs().map(Value::OrderedDict),
            "float" => self.float_of_text(),
            "complex" => self.complex_of_parts(),
            "__import__" => self.import(),
            _ if self.at_field() => self.fields().map(|fields| Value::NamedTuple(name.to_owned(), fields)),
            _ => Err(ParseError::NotLiteral { at: start }),
        }
    }

    /// `b'…')` after `bytearray(`.
    fn byte_array(&mut self) -> Result<Value> {
        let bytes = self.byte_string()?;
        self.closed(Value::Bytes(bytes))
    }

    /// `[…])` after the name of a view of a dict.
    fn view(&mut self) -> Result<Value> {
        let items = self.list()?;
        self.closed(Value::List(items))
    }

    /// `value`, if the call ends here.
    fn closed(&mut self, value: Value) -> Result<Value> {
        self.expect(b")")?;
        Ok(value)
    }

    fn next_is(&mut self, byte: u8) -> bool {
        self.skip_space();
        self.peek() == Some(byte)
    }

    /// `)`, `[…])` or `{…})` after `frozenset(`.
    fn elements(&mut self) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        if self.next_is(b'[') {
            items = self.list()?;
        } else if self.next_is(b'{') {
            let at = self.at;
            let Value::Set(elements) = self.braces()? else { return Err(ParseError::NotLiteral { at }) };
            items = elements;
        }
        self.expect(b")")?;
        Ok(items)
    }

    /// `)`, `{…})` (MicroPython, CPython from 3.12) or `[(…, …), …])` after `OrderedDict(`.
    fn ordered_pairs(&mut self) -> Result<Vec<(Value, Value)>> {
        let mut pairs = Vec::new();
        self.skip_space();
        // The text before a key, between it and its value, after the value, and at the end.
        let form: Option<[&[u8]; 4]> = match self.peek() {
            Some(b'{') => Some([b"", b":", b"", b"}"]),
            Some(b'[') => Some([b"(", b",", b")", b"]"]),
            _ => None,
        };
        if let Some([open, between, end, close]) = form {
            self.at += 1;
            self.enter()?;
            self.skip_space();
            let mut more = !self.eat(close);
            while more {
                self.expect(open)?;
                let key = self.value()?;
                self.pair_to(&mut pairs, key, between)?;
                self.expect(end)?;
                more = self.another(close)?;
            }
            self.leave();
        }
        self.expect(b")")?;
        Ok(pairs)
    }

    /// `'H', [1, 2])` or, for an empty one, `'H')`, after `array(`.
    fn array(&mut self) -> Result<Value> {
        if !matches!(self.peek(), Some(b'\'' | b'"')) {
            return self.fail();
        }
        self.string()?;
        let items = if self.next_is(b',') {
            self.expect(b",")?;
            self.skip_space();
            self.list()?
        } else {
            Vec::new()
        };
        self.closed(Value::List(items))
    }

    /// `start, stop)` or `start, stop, step)` after `range(`.
    fn range(&mut self) -> Result<Value> {
        let at = self.at;
        let start = self.bound()?;
        self.expect(b",")?;
        let stop = self.bound()?;
        let step = if self.next_is(b',') {
            self.expect(b",")?;
            self.bound()?
        } else {
            1
        };
        self.expect(b")")?;
        if step == 0 {
            return Err(ParseError::NotLiteral { at });
        }
        // All three are within 64 bits: their differences cannot overflow.
        let distance = if step > 0 { stop - start } else { start - stop };
        let count = if distance > 0 { (distance + step.abs() - 1) / step.abs() } else { 0 };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.range_left = self.range_left.checked_sub(count).ok_or(ParseError::RangeTooLong)?;
        // Every element is between two numbers of 64 bits.
        let numbers = (0..count as i128).filter_map(|index| i64::try_from(start + index * step).ok());
        Ok(Value::List(numbers.map(Value::Int).collect()))
    }

    fn bound(&mut self) -> Result<i128> {
        self.skip_space();
        let at = self.at;
        match self.number()? {
            Value::Int(number) => Ok(number.into()),
            _ => Err(ParseError::NotLiteral { at }),
        }
    }

    /// `'inf')` or `'nan')` after `float(`: [`crate::value::write`]'s form of floats without a literal.
    fn float_of_text(&mut self) -> Result<Value> {
        if self.eat(b"'inf')") {
            Ok(Value::Float(f64::INFINITY))
        } else if self.eat(b"'nan')") {
            Ok(Value::Float(f64::NAN))
        } else {
            self.fail()
        }
    }

    /// `1.0, 2.0)` after `complex(`.
    fn complex_of_parts(&mut self) -> Result<Value> {
        self.enter()?;
        let real = self.part()?;
        self.expect(b",")?;
        let imaginary = self.part()?;
        self.leave();
        self.closed(Value::Complex(real, imaginary))
    }

    fn part(&mut self) -> Result<f64> {
        self.skip_space();
        let at = self.at;
        match self.value()? {
            Value::Float(number) => Ok(number),
            Value::Int(number) => Ok(number as f64),
            _ => Err(ParseError::NotLiteral { at }),
        }
    }

    /// The two expressions with `__import__('collections')` that [`crate::value::write`] makes.
    fn import(&mut self) -> Result<Value> {
        if !self.eat(b"'collections').") {
            return self.fail();
        }
        if self.eat(b"OrderedDict(") {
            return Ok(Value::OrderedDict(self.ordered_pairs()?));
        }
        if !self.eat(b"namedtuple(") {
            return self.fail();
        }
        let at = self.at;
        let (class, names) = self.class()?;
        let values = self.items(b")")?;
        if names.len() != values.len() {
            return Err(ParseError::NotLiteral { at });
        }
        Ok(Value::NamedTuple(class, names.into_iter().zip(values).collect()))
    }

    /// `'P',('x','y'))(` after `namedtuple(`: the class and its fields.
    fn class(&mut self) -> Result<(String, Vec<String>)> {
        let class = self.string()?;
        self.expect(b",(")?;
        let mut names = Vec::new();
        let mut more = !self.eat(b")");
        while more {
            names.push(self.string()?);
            more = self.another(b")")?;
        }
        self.expect(b")(")?;
        Ok((class, names))
    }

    /// Whether `name=` comes next. Skips white space only.
    pub(super) fn at_field(&mut self) -> bool {
        self.skip_space();
        let start = self.at;
        let named = !self.name().is_empty() && self.peek() == Some(b'=');
        self.at = start;
        named
    }

    /// `name=value, …)`, at least one.
    pub(super) fn fields(&mut self) -> Result<Vec<(String, Value)>> {
        self.enter()?;
        let mut fields = Vec::new();
        let mut more = true;
        while more {
            self.skip_space();
            let name = self.name();
            if name.is_empty() {
                return self.fail();
            }
            self.expect(b"=")?;
            let value = self.value()?;
            fields.push((name.to_owned(), value));
            more = self.another(b")")?;
        }
        self.leave();
        Ok(fields)
    }
}
