//! Operations on an object on a board, as Python source.
//!
//! Invariant: every value in the source was checked: it has a literal, and objects in it are on this board.

use crate::device::handle::Device;
use crate::device::state::State;
use crate::error::{Error, Kind, Result};
use crate::name::Name;
use crate::value::Value;
use crate::value::write::{string_to, write_to};
use std::fmt::Write as _;

/// The index of an item.
pub enum Index {
    /// `object[key]`
    Key(Value),
    /// `object[start:stop:step]`
    Slice([Option<Value>; 3]),
}

/// Python's built-in functions of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `len`
    Len,
    /// `str`
    Str,
    /// `repr`
    Repr,
    /// `hash`
    Hash,
}

/// An operation on an object.
pub enum Operation<'a> {
    /// Reads an attribute.
    Attribute(&'a str),
    /// Sets an attribute.
    SetAttribute(&'a str, &'a Value),
    /// Deletes an attribute.
    DeleteAttribute(&'a str),
    /// Reads an item.
    Item(&'a Index),
    /// Sets an item.
    SetItem(&'a Index, &'a Value),
    /// Deletes an item.
    DeleteItem(&'a Index),
    /// Calls the object.
    Call(&'a [Value], &'a [(String, Value)]),
    /// Calls a method of it.
    CallMethod(&'a str, &'a [Value], &'a [(String, Value)]),
    /// Applies a built-in function.
    Function(Function),
    /// Compares it, on the left, by Python's operator.
    Compare(&'a str, &'a Value),
    /// Whether it contains a value.
    Contains(&'a Value),
    /// Reads the whole object, which must be made of literals.
    Fetch,
}

/// The code of an operation.
pub(super) enum Code {
    /// An expression whose value becomes an [`OperationResult`](crate::device::proxy::OperationResult).
    Answer(String),
    /// An expression whose literal is needed.
    Literal(String),
    /// A simple statement.
    Statement(String),
}

/// Writes the code of operations; every value in it is checked.
pub(super) struct Writer<'a> {
    pub device: &'a Device,
    pub state: &'a mut State,
}

impl Writer<'_> {
    pub fn operation(&mut self, object: &str, operation: &Operation<'_>) -> Result<Code> {
        Ok(match operation {
            Operation::Attribute(name) => Code::Answer(attribute(object, name)),
            Operation::SetAttribute(name, value) => {
                let value = self.value("the value", value)?;
                Code::Statement(match Name::parameter(name) {
                    Ok(name) => format!("{object}.{name}={value}"),
                    Err(_) => format!("setattr({object},{},{value})", string(name)),
                })
            }
            Operation::DeleteAttribute(name) => Code::Statement(match Name::parameter(name) {
                Ok(name) => format!("del {object}.{name}"),
                Err(_) => format!("delattr({object},{})", string(name)),
            }),
            Operation::Item(index) => Code::Answer(format!("{object}[{}]", self.index(index)?)),
            Operation::SetItem(index, value) => {
                Code::Statement(format!("{object}[{}]={}", self.index(index)?, self.value("the value", value)?))
            }
            Operation::DeleteItem(index) => Code::Statement(format!("del {object}[{}]", self.index(index)?)),
            Operation::Call(args, named) => {
                Code::Answer(format!("{object}({})", self.arguments("the object", args, named)?))
            }
            Operation::CallMethod(name, args, named) => {
                let arguments = self.arguments(&format!("`{name}`"), args, named)?;
                Code::Answer(format!("{}({arguments})", attribute(object, name)))
            }
            // The board's original functions: a script may have a global of the same name.
            Operation::Function(function) => Code::Answer(format!("__belay_of[{}]({object})", *function as u8)),
            Operation::Compare(operator, value) => {
                Code::Answer(format!("{object}{operator}{}", self.value("the operand", value)?))
            }
            Operation::Contains(value) => Code::Answer(format!("{} in {object}", self.value("the operand", value)?)),
            Operation::Fetch => Code::Literal(object.to_owned()),
        })
    }

    fn value(&mut self, what: &str, value: &Value) -> Result<String> {
        self.device.admit(self.state, what, value)?;
        let mut text = String::new();
        write_to(&mut text, value).map_err(|error| {
            Error::new(Kind::ArgumentError, format!("{what} cannot be sent: {error}")).with_help(error.help())
        })?;
        Ok(text)
    }

    fn index(&mut self, index: &Index) -> Result<String> {
        match index {
            Index::Key(key) => self.value("the key", key),
            Index::Slice([start, stop, step]) => {
                let mut part = |bound: &Option<Value>| match bound {
                    Some(value) => self.value("a bound of the slice", value),
                    None => Ok(String::new()),
                };
                let (start, stop) = (part(start)?, part(stop)?);
                let step = step.as_ref().map(|step| part(&Some(step.clone()))).transpose()?;
                Ok(format!("{start}:{stop}{}", step.map(|step| format!(":{step}")).unwrap_or_default()))
            }
        }
    }

    fn arguments(&mut self, of: &str, args: &[Value], named: &[(String, Value)]) -> Result<String> {
        let mut text = String::new();
        for (index, value) in args.iter().enumerate() {
            let value = self.value(&format!("argument {} of {of}", index + 1), value)?;
            let _ = write!(text, "{}{value}", if text.is_empty() { "" } else { "," });
        }
        for (name, value) in named {
            let name = Name::parameter(name)
                .map_err(|error| Error::new(Kind::ArgumentError, error.message()).with_help("rename the argument"))?;
            let value = self.value(&format!("argument `{name}` of {of}"), value)?;
            let _ = write!(text, "{}{name}={value}", if text.is_empty() { "" } else { "," });
        }
        Ok(text)
    }
}

fn attribute(object: &str, name: &str) -> String {
    match Name::parameter(name) {
        Ok(name) => format!("{object}.{name}"),
        Err(_) => format!("getattr({object},{})", string(name)),
    }
}

fn string(text: &str) -> String {
    let mut quoted = String::new();
    string_to(&mut quoted, text);
    quoted
}
