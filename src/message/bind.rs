//! Calls: one value for each parameter.
//!
//! Invariant: pure; every value has been accepted by its parameter.

use super::argument::{Param, ParamKind};
use crate::error::{Error, Kind, Result};
use crate::phrase::{arguments, did_you_mean};
use crate::value::Value;

/// Converts a text such as `500 mV` to a number of this unit; `None` if it is not a number with a unit that fits.
pub type Convert = fn(&str, &str) -> Option<f64>;

/// As it is written: `set_voltage(v: float "V" in 0..=30) -> float`. `returns` may be empty.
pub fn signature(name: &str, params: &[Param], returns: &str) -> String {
    let params: Vec<String> = params.iter().map(ToString::to_string).collect();
    let returns = if returns.is_empty() { String::new() } else { format!(" -> {returns}") };
    format!("{name}({}){returns}", params.join(", "))
}

/// Checks the parameters of a declaration; `words` names it: `` command `set_voltage` ``.
///
/// # Errors
/// What is wrong, and what to do about it.
pub fn check_params(words: &str, params: &[Param]) -> std::result::Result<(), (String, String)> {
    let mut has_default = false;
    for (index, param) in params.iter().enumerate() {
        if params[..index].iter().any(|other| other.name == param.name) {
            return Err((format!("{words} has two parameters `{}`", param.name), "rename one of them".to_owned()));
        }
        match &param.default {
            None if has_default => {
                return Err((
                    format!("parameter `{}` without default follows one with a default", param.name),
                    "give it a default, or move it to the front".to_owned(),
                ));
            }
            None => {}
            Some(default) => {
                has_default = true;
                if let Err(reason) = param.accept(default) {
                    let help = "choose a default that the parameter takes".to_owned();
                    return Err((format!("the default of `{}` is {reason}", param.name), help));
                }
            }
        }
    }
    Ok(())
}

/// One value for each parameter of `name`, from arguments in order and by name. `shown`: its signature.
///
/// # Errors
/// [`Kind::ArgumentError`] for arguments that it does not take.
pub fn bind(
    name: &str,
    params: &[Param],
    shown: &str,
    (positional, named): (&[Value], &[(String, Value)]),
    convert: Convert,
) -> Result<Vec<Value>> {
    let wrong = |message: String| Error::new(Kind::ArgumentError, message).with_help(format!("it is `{shown}`"));
    if positional.len() > params.len() {
        let (most, given) = (arguments(params.len()), positional.len());
        return Err(wrong(format!("`{name}` takes {most}, not {given}")));
    }
    for (key, _) in named {
        match params.iter().position(|param| param.name == *key) {
            Some(index) if index < positional.len() => {
                return Err(wrong(format!("`{name}` got two values for `{key}`")));
            }
            Some(_) => {}
            None => {
                let error = wrong(format!("`{name}` has no parameter `{key}`"));
                let near = crate::name::nearest(key, params.iter().map(|param| param.name.as_str()));
                return Err(near.map_or(error.clone(), |near| error.with_help(did_you_mean(near))));
            }
        }
    }
    let mut values = Vec::new();
    for (index, param) in params.iter().enumerate() {
        let given =
            positional.get(index).or_else(|| named.iter().find(|(key, _)| *key == param.name).map(|(_, value)| value));
        let value = match (given, &param.default) {
            (Some(value), _) => in_unit(param, value, convert),
            (None, Some(default)) => default.clone(),
            (None, None) => return Err(wrong(format!("`{name}` needs a value for `{}`", param.name))),
        };
        param.accept(&value).map_err(|reason| wrong(format!("`{}` is {reason}", param.name)))?;
        values.push(value);
    }
    Ok(values)
}

/// A text with a unit as a number of the parameter's unit.
fn in_unit(param: &Param, value: &Value, convert: Convert) -> Value {
    match value {
        Value::Str(text) if !param.unit.is_empty() && matches!(param.kind, ParamKind::Float | ParamKind::Any) => {
            convert(text, &param.unit).map_or_else(|| value.clone(), Value::Float)
        }
        _ => value.clone(),
    }
}
