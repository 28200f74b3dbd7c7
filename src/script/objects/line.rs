//! The options of a serial line, where scripts open instruments and consoles.

use super::convert::to_value;
use crate::port::options::{LineOptions, WrongOption};
use crate::script::errors::{Fallible, argument};
use crate::value::Value;
use rhai::Dynamic;

/// Sets one of [`LineOptions::NAMES`].
pub(crate) fn set(line: &mut LineOptions, name: &str, value: &Dynamic) -> Fallible<()> {
    line.set(name, &to_value(value).unwrap_or(Value::None)).or_else(|wrong| match wrong {
        WrongOption::Takes(what) => argument(format!("the option `{name}` takes {what}"), ""),
        WrongOption::Unknown(message, help) => argument(message, help),
    })
}
