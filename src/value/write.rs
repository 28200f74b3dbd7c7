//! Writes a [`Value`] as Python source, for the board.
//!
//! Pure; uses [`Value`] only. Invariant: the source is one expression without spaces outside strings, without any byte
//! below 0x20, and Python evaluates it to exactly the given value.

mod text;

pub use text::{bytes_to, string_to};

use crate::value::Value;
use std::fmt::Write as _;
use thiserror::Error;

/// Deepest nesting of containers in a value. A board's parser keeps the open containers in memory, and its compiler
/// recurses: 60 levels work on every known board; a small board may reject more with its own `MemoryError` or
/// `RuntimeError`.
pub const MAX_DEPTH: usize = 100;

/// Why a value has no Python source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WriteError {
    /// An object of the board of which only the `repr` is known.
    #[error("`{0}` is an object on the board without a literal and cannot be sent")]
    Opaque(String),
    /// A `list`, `dict`, `set` or `OrderedDict` as the key of a dict or the element of a set.
    #[error("a `{0}` cannot be a key of a dict or an element of a set: Python cannot hash it")]
    Unhashable(&'static str),
    /// More than [`MAX_DEPTH`] containers inside each other.
    #[error("the value is nested more than {MAX_DEPTH} containers deep")]
    TooDeep,
    /// A class or field of a `namedtuple` whose name Python does not allow.
    #[error("`{0}` cannot name a namedtuple or one of its fields")]
    FieldName(String),
}

impl WriteError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            WriteError::Opaque(_) => "keep the object on the board in a global, and send its name or its parts",
            WriteError::Unhashable(_) => "use a tuple or a frozenset instead",
            WriteError::TooDeep => "send it in parts, or flatten it",
            WriteError::FieldName(_) => "use letters, digits and `_`, not starting with a digit",
        }
    }
}

/// The Python source of `value`.
///
/// `OrderedDict` and `namedtuple` include their import, so the source uses none of the board's globals except those of a
/// [`Value::Remote`].
///
/// # Errors
/// [`WriteError`], if the value or a part of it has no source.
pub fn literal(value: &Value) -> Result<String, WriteError> {
    let mut out = String::new();
    write_to(&mut out, value)?;
    Ok(out)
}

/// Appends the Python source of `value` to `out`, like [`literal`]. After an error `out` contains a part of it.
///
/// # Errors
/// [`WriteError`], if the value or a part of it has no source.
pub fn write_to(out: &mut String, value: &Value) -> Result<(), WriteError> {
    write_replacing(out, value, &mut |_| None)
}

/// Like [`write_to`]; `replace` may give an expression to write in place of a `str`, `bytes`, `list` or `tuple`.
///
/// # Errors
/// As [`write_to`].
pub fn write_replacing(
    out: &mut String,
    value: &Value,
    replace: &mut dyn FnMut(&Value) -> Option<String>,
) -> Result<(), WriteError> {
    Writer { out, depth: 0, replace }.value(value, false)
}

struct Writer<'o> {
    out: &'o mut String,
    depth: usize,
    replace: &'o mut dyn FnMut(&Value) -> Option<String>,
}

impl Writer<'_> {
    /// Writes one value. `hashed`: Python will hash it.
    fn value(&mut self, value: &Value, hashed: bool) -> Result<(), WriteError> {
        let is_replaceable = match value {
            Value::Str(_) | Value::Bytes(_) | Value::Tuple(_) => true,
            Value::List(_) => !hashed,
            _ => false,
        };
        if is_replaceable && let Some(expression) = (self.replace)(value) {
            self.out.push_str(&expression);
            return Ok(());
        }
        match value {
            Value::None => self.out.push_str("None"),
            Value::Bool(true) => self.out.push_str("True"),
            Value::Bool(false) => self.out.push_str("False"),
            Value::Int(number) => self.display(number),
            Value::BigInt(number) => self.display(number),
            Value::Float(number) => self.float(*number),
            Value::Complex(real, imaginary) => self.complex(*real, *imaginary),
            Value::Str(text) => string_to(self.out, text),
            Value::Bytes(bytes) => bytes_to(self.out, bytes),
            Value::Ellipsis => self.out.push_str("Ellipsis"),
            Value::Remote(remote) => self.out.push_str(remote.expression()),
            Value::Opaque(repr) => return Err(WriteError::Opaque(repr.clone())),
            _ => return self.container(value, hashed),
        }
        Ok(())
    }

    fn container(&mut self, value: &Value, hashed: bool) -> Result<(), WriteError> {
        if hashed && let Some(class) = unhashable(value) {
            return Err(WriteError::Unhashable(class));
        }
        if self.depth == MAX_DEPTH {
            return Err(WriteError::TooDeep);
        }
        self.depth += 1;
        match value {
            Value::List(items) => self.sequence("[", items, "]", false)?,
            Value::Tuple(items) => self.tuple(items.iter(), hashed)?,
            Value::Dict(pairs) => self.dict(pairs)?,
            Value::OrderedDict(pairs) => self.ordered_dict(pairs)?,
            Value::Set(items) if items.is_empty() => self.out.push_str("set()"),
            Value::Set(items) => self.sequence("{", items, "}", true)?,
            Value::FrozenSet(items) if items.is_empty() => self.out.push_str("frozenset()"),
            Value::FrozenSet(items) => self.sequence("frozenset([", items, "])", true)?,
            Value::NamedTuple(class, fields) => self.named_tuple(class, fields, hashed)?,
            // `value` has written all the others.
            _ => {}
        }
        self.depth -= 1;
        Ok(())
    }

    fn display(&mut self, number: &impl std::fmt::Display) {
        // Writing to a String does not fail.
        let _ = write!(self.out, "{number}");
    }

    /// The shortest digits that round-trip; Rust's `Debug` always adds a dot or an exponent.
    fn float(&mut self, number: f64) {
        if number.is_nan() {
            self.out.push_str("float('nan')");
        } else if number.is_infinite() {
            self.out.push_str(if number > 0.0 { "float('inf')" } else { "-float('inf')" });
        } else {
            let _ = write!(self.out, "{number:?}");
        }
    }

    /// `1+2j` would lose the sign of a zero and, with infinities, turn the other part into nan.
    fn complex(&mut self, real: f64, imaginary: f64) {
        // MicroPython's `complex` adds the imaginary part to 0.0, which loses the sign of a zero.
        let negate = imaginary == 0.0 && imaginary.is_sign_negative();
        let (sign, real, imaginary) = if negate { ("-", -real, 0.0) } else { ("", real, imaginary) };
        self.out.push_str(sign);
        self.out.push_str("complex(");
        self.float(real);
        self.out.push(',');
        self.float(imaginary);
        self.out.push(')');
    }

    fn sequence(&mut self, open: &str, items: &[Value], close: &str, hashed: bool) -> Result<(), WriteError> {
        self.out.push_str(open);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.value(item, hashed)?;
        }
        self.out.push_str(close);
        Ok(())
    }

    fn tuple<'v>(&mut self, items: impl ExactSizeIterator<Item = &'v Value>, hashed: bool) -> Result<(), WriteError> {
        let single = items.len() == 1;
        self.out.push('(');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.value(item, hashed)?;
        }
        self.out.push_str(if single { ",)" } else { ")" });
        Ok(())
    }

    fn dict(&mut self, pairs: &[(Value, Value)]) -> Result<(), WriteError> {
        self.out.push('{');
        for (index, (key, value)) in pairs.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.value(key, true)?;
            self.out.push(':');
            self.value(value, false)?;
        }
        self.out.push('}');
        Ok(())
    }

    /// From pairs: an intermediate dict would lose the order, because MicroPython's dict does not keep it.
    fn ordered_dict(&mut self, pairs: &[(Value, Value)]) -> Result<(), WriteError> {
        self.out.push_str("__import__('collections').OrderedDict(");
        if !pairs.is_empty() {
            self.out.push('[');
            for (index, (key, value)) in pairs.iter().enumerate() {
                self.out.push_str(if index > 0 { ",(" } else { "(" });
                self.value(key, true)?;
                self.out.push(',');
                self.value(value, false)?;
                self.out.push(')');
            }
            self.out.push(']');
        }
        self.out.push(')');
        Ok(())
    }

    /// MicroPython prints an empty class name for its own named tuples (`sys.implementation`), and accepts it.
    fn named_tuple(&mut self, class: &str, fields: &[(String, Value)], hashed: bool) -> Result<(), WriteError> {
        let names = fields.iter().map(|(name, _)| name.as_str());
        if let Some(wrong) = names.clone().chain((!class.is_empty()).then_some(class)).find(|name| !is_name(name)) {
            return Err(WriteError::FieldName(wrong.to_owned()));
        }
        self.out.push_str("__import__('collections').namedtuple(");
        string_to(self.out, class);
        self.out.push_str(",(");
        for name in names {
            string_to(self.out, name);
            self.out.push(',');
        }
        // One name needs the comma, more do not.
        if fields.len() > 1 {
            self.out.pop();
        }
        self.out.push_str("))");
        self.out.push('(');
        for (index, (_, value)) in fields.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.value(value, hashed)?;
        }
        self.out.push(')');
        Ok(())
    }
}

/// The class of an unhashable container, whatever it contains.
fn unhashable(value: &Value) -> Option<&'static str> {
    match value {
        Value::List(_) => Some("list"),
        Value::Dict(_) => Some("dict"),
        Value::OrderedDict(_) => Some("OrderedDict"),
        Value::Set(_) => Some("set"),
        _ => None,
    }
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && characters.all(|c| c == '_' || c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;

    #[track_caller]
    fn case(value: Value, source: &str) {
        assert_eq!(literal(&value).as_deref(), Ok(source));
    }

    fn pair(key: Value, value: Value) -> Vec<(Value, Value)> {
        vec![(key, value)]
    }

    #[test]
    fn plain_values() {
        case(Value::None, "None");
        case(Value::Bool(true), "True");
        case(Value::Int(i64::MIN), "-9223372036854775808");
        case(Value::BigInt(BigInt::from(u64::MAX) + 1), "18446744073709551616");
        case(Value::Float(1.0), "1.0");
        case(Value::Float(-0.0), "-0.0");
        case(Value::Float(1e20), "1e20");
        case(Value::Float(5e-324), "5e-324");
        case(Value::Float(0.1), "0.1");
        case(Value::Float(f64::INFINITY), "float('inf')");
        case(Value::Float(f64::NEG_INFINITY), "-float('inf')");
        case(Value::Float(f64::NAN), "float('nan')");
        case(Value::Float(-f64::NAN), "float('nan')");
        case(Value::Ellipsis, "Ellipsis");
        case(Value::Remote(crate::value::Remote::new("_belay_3", std::sync::Arc::new(()))), "_belay_3");
    }

    #[test]
    fn complex_keeps_the_signs_of_its_zeros() {
        case(Value::Complex(1.0, -2.5), "complex(1.0,-2.5)");
        case(Value::Complex(-0.0, f64::NEG_INFINITY), "complex(-0.0,-float('inf'))");
        case(Value::Complex(1.0, -0.0), "-complex(-1.0,0.0)");
        case(Value::Complex(-0.0, -0.0), "-complex(0.0,0.0)");
    }

    #[test]
    fn containers() {
        let one = || vec![Value::Int(1)];
        let two = || vec![Value::Int(1), Value::Int(2)];
        case(Value::List(vec![]), "[]");
        case(Value::List(two()), "[1,2]");
        case(Value::Tuple(vec![]), "()");
        case(Value::Tuple(one()), "(1,)");
        case(Value::Tuple(two()), "(1,2)");
        case(Value::Dict(vec![]), "{}");
        case(Value::Dict(pair(Value::Tuple(one()), Value::List(one()))), "{(1,):[1]}");
        case(Value::Set(vec![]), "set()");
        case(Value::Set(two()), "{1,2}");
        case(Value::FrozenSet(vec![]), "frozenset()");
        case(Value::FrozenSet(two()), "frozenset([1,2])");
        case(Value::OrderedDict(vec![]), "__import__('collections').OrderedDict()");
        case(
            Value::OrderedDict(vec![(Value::Int(1), Value::None), (Value::Int(2), Value::None)]),
            "__import__('collections').OrderedDict([(1,None),(2,None)])",
        );
        let x = || ("x".to_owned(), Value::Int(1));
        let y = || ("y".to_owned(), Value::Int(2));
        case(Value::NamedTuple("P".into(), vec![x(), y()]), "__import__('collections').namedtuple('P',('x','y'))(1,2)");
        case(Value::NamedTuple("P".into(), vec![x()]), "__import__('collections').namedtuple('P',('x',))(1)");
        case(Value::NamedTuple(String::new(), vec![]), "__import__('collections').namedtuple('',())()");
    }

    #[test]
    fn replaces_strings_and_bytes_at_any_depth() {
        let list = Value::List(vec![Value::Str("long".into()), Value::Str("s".into())]);
        let value = Value::Dict(pair(Value::Bytes(b"long".to_vec()), list));
        let mut count = 0;
        let mut replace = |value: &Value| {
            let is_long = matches!(value, Value::Str(text) if text.len() > 1) || matches!(value, Value::Bytes(_));
            count += usize::from(is_long);
            is_long.then(|| format!("x[{count}]"))
        };
        let mut out = String::new();
        write_replacing(&mut out, &value, &mut replace).unwrap();
        assert_eq!(out, "{x[1]:[x[2],'s']}");
    }

    #[test]
    fn rejects_unhashable_keys() {
        #[track_caller]
        fn refused(key: Value, class: &'static str) {
            let error = Err(WriteError::Unhashable(class));
            assert_eq!(literal(&Value::Dict(pair(key.clone(), Value::None))), error);
            assert_eq!(literal(&Value::OrderedDict(pair(key.clone(), Value::None))), error);
            assert_eq!(literal(&Value::Set(vec![key.clone()])), error);
            assert_eq!(literal(&Value::FrozenSet(vec![Value::Tuple(vec![key.clone()])])), error);
            let record = Value::NamedTuple("P".into(), vec![("x".into(), key)]);
            assert_eq!(literal(&Value::Dict(pair(record, Value::None))), error);
        }
        refused(Value::List(vec![]), "list");
        refused(Value::Dict(vec![]), "dict");
        refused(Value::Set(vec![]), "set");
        refused(Value::OrderedDict(vec![]), "OrderedDict");
        let nested = Value::FrozenSet(vec![Value::FrozenSet(vec![Value::Int(1)])]);
        assert!(literal(&Value::Set(vec![nested])).is_ok());
    }

    #[test]
    fn rejects_values_without_source() {
        let opaque = Value::List(vec![Value::Opaque("<Pin 3>".into())]);
        let error = literal(&opaque).unwrap_err();
        assert!(error.to_string().starts_with("`<Pin 3>` is"), "{error}");
        let record = Value::NamedTuple("P".into(), vec![("x y".into(), Value::None)]);
        assert_eq!(literal(&record), Err(WriteError::FieldName("x y".into())));
        let record = Value::NamedTuple("1".into(), vec![]);
        assert_eq!(literal(&record), Err(WriteError::FieldName("1".into())));
    }

    #[test]
    fn depth_is_bounded() {
        let nest = |levels| (0..levels).fold(Value::None, |inner, _| Value::List(vec![inner]));
        assert!(literal(&nest(MAX_DEPTH)).is_ok());
        assert_eq!(literal(&nest(MAX_DEPTH + 1)), Err(WriteError::TooDeep));
        let wide = Value::List(vec![Value::List(vec![]); 2 * MAX_DEPTH]);
        assert!(literal(&wide).is_ok(), "siblings are not depth");
    }
}
