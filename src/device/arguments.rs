//! Binds a call's arguments to an item's parameters, on the host, before anything is sent.
//!
//! Uses [`crate::value`] and the declaration. Invariant: every bound parameter has a value or a default.

use crate::board::resident::PlainArguments;
use crate::device::class::{Default, Item, Param};
use crate::error::{Error, Kind, Result};
use crate::name::nearest;
use crate::phrase::did_you_mean;
use crate::phrase::{self, all_of};
use crate::value::Value;
use crate::value::write::{literal, write_replacing};

/// One parameter's value for a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound<'a> {
    /// Given by the caller.
    Given(&'a Value),
    /// Its default.
    Default(&'a Default),
}

/// Binds `args` in order and `named` by name: one [`Bound`] for each parameter.
///
/// # Errors
/// [`Kind::ArgumentError`]: too many, missing, unknown, or given twice.
pub fn bind<'a>(item: &'a Item, args: &'a [Value], named: &'a [(String, Value)]) -> Result<Vec<Bound<'a>>> {
    let params = &item.params;
    if args.len() > params.len() {
        let takes = phrase::arguments(params.len());
        let given = phrase::count_with(args.len(), "was given", "were given");
        let at_most = if params.iter().any(|param| param.default.is_some()) { "at most " } else { "" };
        return Err(refuse(item, format!("`{}` takes {at_most}{takes}, {given}", item.name)));
    }
    for (index, (name, _)) in named.iter().enumerate() {
        let Some(position) = params.iter().position(|param| *param.name == **name) else {
            let error = refuse(item, format!("`{}` has no parameter `{name}`", item.name));
            return Err(match nearest(name, params.iter().map(|param| param.name.as_str())) {
                Some(near) => error.with_help(format!("{} `{}`", did_you_mean(near), signature(item))),
                None => error,
            });
        };
        if position < args.len() || named[..index].iter().any(|(other, _)| other == name) {
            return Err(refuse(item, format!("`{}` got two values for `{name}`", item.name)));
        }
    }
    let missing = |param: &&Param| param.default.is_none() && !named.iter().any(|(name, _)| **name == *param.name);
    let absent: Vec<String> =
        params.iter().skip(args.len()).filter(missing).map(|param| format!("`{}`", param.name)).collect();
    if !absent.is_empty() {
        return Err(refuse(item, format!("`{}` needs a value for {}", item.name, all_of(&absent))));
    }
    let bound = params.iter().enumerate().map(|(index, param)| {
        let by_name = || named.iter().find(|(name, _)| **name == *param.name).map(|(_, value)| value);
        match (args.get(index).or_else(by_name), &param.default) {
            (Some(value), _) => Bound::Given(value),
            (None, Some(default)) => Bound::Default(default),
            // Checked above.
            (None, None) => Bound::Given(&Value::None),
        }
    });
    Ok(bound.collect())
}

fn refuse(item: &Item, message: String) -> Error {
    Error::new(Kind::ArgumentError, message).with_help(format!("it is declared as `{}`", signature(item)))
}

/// Gives an expression to use in place of a large text or bytes.
pub type Replace<'a> = &'a mut dyn FnMut(&Value) -> Option<String>;

/// The arguments of a call as Python source, as few as possible. Defaults are on the board, so trailing ones are left out;
/// after a default that only the board knows, arguments are passed by name.
///
/// # Errors
/// [`Kind::ArgumentError`] naming the parameter whose value cannot be sent.
pub fn source(item: &Item, bound: &[Bound<'_>], replace: Replace<'_>) -> Result<String> {
    let last = bound.iter().rposition(|bound| matches!(bound, Bound::Given(_))).map_or(0, |index| index + 1);
    let mut text = String::new();
    let mut by_name = false;
    for (param, bound) in item.params.iter().zip(&bound[..last]) {
        let value = match *bound {
            Bound::Given(value) | Bound::Default(Default::Value(value)) => value,
            Bound::Default(Default::Source(_) | Default::Later(_)) => {
                by_name = true;
                continue;
            }
        };
        if !text.is_empty() {
            text.push(',');
        }
        if by_name {
            text.push_str(&param.name);
            text.push('=');
        }
        sendable(&mut text, item, param, value, replace)?;
    }
    Ok(text)
}

/// The arguments in the form that a board reads without compiling, if they are plain and passed by position.
pub fn plain(bound: &[Bound<'_>]) -> Option<PlainArguments> {
    let last = bound.iter().rposition(|bound| matches!(bound, Bound::Given(_))).map_or(0, |index| index + 1);
    if !positional_only(bound) {
        return None;
    }
    PlainArguments::of(bound[..last].iter().filter_map(|bound| match *bound {
        Bound::Given(value) | Bound::Default(Default::Value(value)) => Some(value),
        Bound::Default(Default::Source(_) | Default::Later(_)) => None,
    }))
}

/// Whether [`source`] writes these arguments by position alone.
pub fn positional_only(bound: &[Bound<'_>]) -> bool {
    let last = bound.iter().rposition(|bound| matches!(bound, Bound::Given(_))).map_or(0, |index| index + 1);
    !bound[..last].iter().any(|bound| matches!(bound, Bound::Default(Default::Source(_) | Default::Later(_))))
}

/// The arguments as assignments, for a body that runs in the board's globals: all of them, defaults included.
///
/// # Errors
/// As [`source`].
pub fn assignments(item: &Item, bound: &[Bound<'_>], replace: Replace<'_>) -> Result<Vec<(String, String)>> {
    let assign = |(param, bound): (&Param, &Bound<'_>)| {
        let mut text = String::new();
        match *bound {
            Bound::Given(value) | Bound::Default(Default::Value(value)) => {
                sendable(&mut text, item, param, value, replace)?;
            }
            Bound::Default(Default::Source(source)) => text.push_str(source),
            Bound::Default(Default::Later(_)) => text = literal_none(),
        }
        Ok((param.name.to_string(), text))
    };
    item.params.iter().zip(bound).map(assign).collect()
}

/// The placeholder for a default that is not known yet, in code that is only compiled.
fn literal_none() -> String {
    "None".to_owned()
}

fn sendable(out: &mut String, item: &Item, param: &Param, value: &Value, replace: Replace<'_>) -> Result<()> {
    write_replacing(out, value, replace).map_err(|error| {
        Error::new(Kind::ArgumentError, format!("argument `{}` of `{}` cannot be sent: {error}", param.name, item.name))
            .with_help(error.help())
    })
}

/// The parameters as a Python function's: `ch,samples=8`.
///
/// # Errors
/// [`Kind::DeclarationError`] naming the parameter whose default cannot be sent.
pub fn parameters(item: &Item) -> Result<String> {
    let mut texts = Vec::with_capacity(item.params.len());
    for param in &item.params {
        let mut text = param.name.to_string();
        if let Some(annotation) = &param.annotation {
            text.push(':');
            text.push_str(annotation);
        }
        match &param.default {
            None => {}
            Some(Default::Source(source)) => text = format!("{text}={source}"),
            Some(Default::Later(_)) => text = format!("{text}={}", literal_none()),
            Some(Default::Value(value)) => {
                let default = literal(value).map_err(|error| {
                    Error::new(
                        Kind::DeclarationError,
                        format!("the default of `{}` in {} cannot be sent: {error}", param.name, item.words()),
                    )
                    .with_origin(item.origin.clone())
                })?;
                text = format!("{text}={default}");
            }
        }
        texts.push(text);
    }
    Ok(texts.join(","))
}

/// The item's signature for users: `read_adc(ch, samples = 8) -> int`.
pub fn signature(item: &Item) -> String {
    let param = |param: &Param| {
        let annotation = param.annotation.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        let default = match &param.default {
            None => String::new(),
            Some(Default::Source(source) | Default::Later(source)) => format!(" = {source}"),
            Some(Default::Value(value)) => format!(" = {}", literal(value).unwrap_or_else(|_| "…".to_owned())),
        };
        format!("{}{annotation}{default}", param.name)
    };
    let returns = item.returns.as_ref().map(|text| format!(" -> {text}")).unwrap_or_default();
    format!("{}({}){returns}", item.name, item.params.iter().map(param).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::class::{Body, ItemKind, ItemOptions};
    use crate::name::Name;
    use crate::origin::Origin;

    fn item(params: &[(&str, Option<Default>)]) -> Item {
        let origin = Origin::new("x.rhai", 1, 1);
        Item {
            kind: ItemKind::Task,
            name: Name::function("f").unwrap(),
            params: params
                .iter()
                .map(|(name, default)| Param {
                    name: Name::parameter(name).unwrap(),
                    annotation: None,
                    default: default.clone(),
                })
                .collect(),
            returns: None,
            options: ItemOptions::defaults(ItemKind::Task),
            body: Body { text: String::new(), origin: origin.clone() },
            doc: String::new(),
            origin,
        }
    }

    fn call(item: &Item, args: &[i64], named: &[(&str, i64)]) -> Result<String> {
        let args: Vec<Value> = args.iter().map(|&number| Value::Int(number)).collect();
        let named: Vec<(String, Value)> = named.iter().map(|&(name, n)| (name.to_owned(), Value::Int(n))).collect();
        source(item, &bind(item, &args, &named)?, &mut |_| None)
    }

    #[test]
    fn binds_arguments_to_parameters() {
        let eight = Some(Default::Value(Value::Int(8)));
        let f = item(&[("ch", None), ("samples", eight.clone()), ("gain", eight)]);
        assert_eq!(call(&f, &[26], &[]).unwrap(), "26");
        assert_eq!(call(&f, &[26, 4], &[]).unwrap(), "26,4");
        assert_eq!(call(&f, &[26], &[("gain", 2)]).unwrap(), "26,8,2");
        assert_eq!(call(&f, &[], &[("samples", 1), ("ch", 3)]).unwrap(), "3,1");
        let g = item(&[
            ("a", None),
            ("p", Some(Default::Source("Pin(1)".to_owned()))),
            ("b", Some(Default::Value(Value::None))),
        ]);
        assert_eq!(call(&g, &[1], &[("b", 2)]).unwrap(), "1,b=2");
        assert_eq!(parameters(&g).unwrap(), "a,p=Pin(1),b=None");
    }

    #[test]
    fn names_wrong_arguments() {
        let f = item(&[("ch", None), ("samples", Some(Default::Value(Value::Int(8))))]);
        let message = |args: &[i64], named: &[(&str, i64)]| call(&f, args, named).unwrap_err().message().to_owned();
        assert_eq!(message(&[], &[]), "`f` needs a value for `ch`");
        assert_eq!(message(&[1, 2, 3], &[]), "`f` takes at most 2 arguments, 3 were given");
        assert_eq!(message(&[1], &[("ch", 2)]), "`f` got two values for `ch`");
        assert_eq!(message(&[1], &[("smaples", 2)]), "`f` has no parameter `smaples`");
        let help = call(&f, &[1], &[("smaples", 2)]).unwrap_err().help().unwrap().to_owned();
        assert_eq!(help, "did you mean `samples`? `f(ch, samples = 8)`");
    }
}
