//! Python types that Rhai lacks, as types of the language.
//!
//! Uses [`crate::value`]. Invariant: each is sent back unchanged, except [`Opaque`].

use crate::phrase::did_you_mean;
use crate::script::errors::{Fallible, argument, placed};
use crate::script::objects::convert::{to_dynamic, to_value};
use crate::script::objects::equality::{compare, same, sign};
use crate::script::objects::values::{BigInteger, Complex, Dict, Ellipsis, NamedTuple, Opaque, PythonSet, Tuple};
use crate::value::Value;
use num_bigint::BigInt;
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext, Position};

impl Dict {
    pub fn new(pairs: Vec<(Value, Value)>, ordered: bool) -> Dict {
        Dict { pairs: pairs.into_iter().map(|(key, value)| (key, to_dynamic(value))).collect(), ordered }
    }

    fn find(&self, key: &Value) -> Option<usize> {
        self.pairs.iter().position(|(known, _)| same(known, key))
    }
}

/// Python's text of a value, for `print`.
fn python(value: Result<Value, String>) -> String {
    match value {
        Ok(value) => text(&value),
        Err(reason) => format!("(a part {reason})"),
    }
}

fn text(value: &Value) -> String {
    let all = |items: &[Value]| items.iter().map(text).collect::<Vec<_>>().join(", ");
    let pairs = |pairs: &[(Value, Value)]| {
        let pairs = pairs.iter().map(|(key, value)| format!("{}: {}", text(key), text(value)));
        format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
    };
    match value {
        Value::List(items) => format!("[{}]", all(items)),
        Value::Tuple(items) if items.len() == 1 => format!("({},)", all(items)),
        Value::Tuple(items) => format!("({})", all(items)),
        Value::Set(items) if items.is_empty() => "set()".to_owned(),
        Value::Set(items) => format!("{{{}}}", all(items)),
        Value::FrozenSet(items) if items.is_empty() => "frozenset()".to_owned(),
        Value::FrozenSet(items) => format!("frozenset({{{}}})", all(items)),
        Value::Dict(items) => pairs(items),
        Value::OrderedDict(items) => format!("OrderedDict({})", pairs(items)),
        Value::NamedTuple(name, fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}={}", text(value)));
            format!("{name}({})", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Opaque(repr) => repr.clone(),
        Value::Remote(remote) => format!("<proxy {}>", remote.expression()),
        leaf => crate::value::write::literal(leaf).unwrap_or_else(|error| error.to_string()),
    }
}

/// Registers the types.
pub(crate) fn register(engine: &mut Engine) {
    big_integer(engine);
    dict(engine);
    set(engine);
    rest(engine);
    crate::script::objects::equality::register(engine);
}

/// Small results become Rhai integers.
pub(crate) fn integer(number: BigInt) -> Dynamic {
    to_dynamic(Value::integer(number))
}

fn big_integer(engine: &mut Engine) {
    engine
        .register_type_with_name::<BigInteger>("bigint")
        .register_fn("bigint", |context: NativeCallContext<'_>, text: ImmutableString| -> Fallible<Dynamic> {
            let parsed = match text.replace('_', "").parse::<BigInt>() {
                Ok(number) => Ok(integer(number)),
                Err(_) => argument(format!("\"{text}\" is not an integer"), "write it in decimal digits"),
            };
            placed(&context, parsed)
        })
        .register_fn("bigint", |number: i64| number)
        .register_fn("to_string", |number: &mut BigInteger| number.0.to_string())
        .register_fn("to_debug", |number: &mut BigInteger| number.0.to_string())
        .register_fn("to_float", |number: &mut BigInteger| number.to_float())
        .register_fn("to_int", |number: BigInteger| number)
        .register_fn("-", |number: BigInteger| integer(-number.0));
    macro_rules! arithmetic {
        ($($sign:literal $operate:tt),*) => {$(
            engine
                .register_fn($sign, |a: BigInteger, b: BigInteger| integer(a.0 $operate b.0))
                .register_fn($sign, |a: BigInteger, b: i64| integer(a.0 $operate BigInt::from(b)))
                .register_fn($sign, |a: i64, b: BigInteger| integer(BigInt::from(a) $operate b.0));
        )*};
    }
    macro_rules! with_floats {
        ($($sign:literal $operate:tt),*) => {$(
            engine
                .register_fn($sign, |a: BigInteger, b: f64| a.to_float() $operate b)
                .register_fn($sign, |a: f64, b: BigInteger| a $operate b.to_float());
        )*};
    }
    arithmetic!("+" +, "-" -, "*" *);
    with_floats!("+" +, "-" -, "*" *, "/" /);
    engine
        .register_fn("%", |a: BigInteger, b: BigInteger| remainder(&a.0, &b.0))
        .register_fn("%", |a: BigInteger, b: i64| remainder(&a.0, &BigInt::from(b)))
        .register_fn("%", |a: i64, b: BigInteger| remainder(&BigInt::from(a), &b.0));
    macro_rules! compare {
        ($($sign:literal $operate:tt),*) => {$(
            engine
                .register_fn($sign, |a: BigInteger, b: BigInteger| a.0 $operate b.0)
                .register_fn($sign, |a: BigInteger, b: i64| a.0 $operate BigInt::from(b))
                .register_fn($sign, |a: i64, b: BigInteger| BigInt::from(a) $operate b.0)
                .register_fn($sign, |a: BigInteger, b: f64| sign(compare(&a.0, b)) $operate 0.0)
                .register_fn($sign, |a: f64, b: BigInteger| 0.0 $operate sign(compare(&b.0, a)));
        )*};
    }
    compare!("==" ==, "!=" !=, "<" <, "<=" <=, ">" >, ">=" >=);
}

fn remainder(a: &BigInt, b: &BigInt) -> Fallible<Dynamic> {
    divisor(b)?;
    Ok(integer(a % b))
}

/// The quotient, rounded towards zero, and whether the division is exact.
pub(crate) fn big_divide(a: &BigInt, b: &BigInt) -> Fallible<(BigInt, bool)> {
    divisor(b)?;
    Ok((a / b, a % b == BigInt::ZERO))
}

/// # Errors
/// If it is zero.
fn divisor(number: &BigInt) -> Fallible<()> {
    if *number != BigInt::ZERO {
        return Ok(());
    }
    Err(Box::new(EvalAltResult::ErrorArithmetic("Division by zero".to_owned(), Position::NONE)))
}

fn key_of(key: &Dynamic) -> Fallible<Value> {
    to_value(key).or_else(|reason| argument(format!("the key {reason}"), ""))
}

fn dict(engine: &mut Engine) {
    engine
        .register_type_with_name::<Dict>("dict")
        .register_fn("dict", || Dict { pairs: Vec::new(), ordered: false })
        .register_fn("keys", |dict: &mut Dict| -> Array {
            dict.pairs.iter().map(|pair| to_dynamic(pair.0.clone())).collect()
        })
        .register_fn("values", |dict: &mut Dict| -> Array { dict.pairs.iter().map(|pair| pair.1.clone()).collect() })
        .register_fn("len", |dict: &mut Dict| i64::try_from(dict.pairs.len()).unwrap_or(i64::MAX))
        .register_get("len", |dict: &mut Dict| i64::try_from(dict.pairs.len()).unwrap_or(i64::MAX))
        .register_fn("contains", |context: NativeCallContext<'_>, dict: &mut Dict, key: Dynamic| -> Fallible<bool> {
            Ok(dict.find(&placed(&context, key_of(&key))?).is_some())
        })
        .register_fn("get", |context: NativeCallContext<'_>, dict: &mut Dict, key: Dynamic| -> Fallible<Dynamic> {
            Ok(dict.find(&placed(&context, key_of(&key))?).map_or(Dynamic::UNIT, |index| dict.pairs[index].1.clone()))
        })
        .register_fn("to_string", |dict: &mut Dict| python(to_value(&Dynamic::from(dict.clone()))))
        .register_fn("to_debug", |dict: &mut Dict| python(to_value(&Dynamic::from(dict.clone()))))
        .register_indexer_get(|context: NativeCallContext<'_>, dict: &mut Dict, key: Dynamic| -> Fallible<Dynamic> {
            match dict.find(&placed(&context, key_of(&key))?) {
                Some(index) => Ok(dict.pairs[index].1.clone()),
                None => {
                    let help = "check with `contains(key)`, or use `get(key)`";
                    placed(&context, argument(format!("the dict has no key `{key}`"), help))
                }
            }
        })
        .register_indexer_set(
            |context: NativeCallContext<'_>, dict: &mut Dict, key: Dynamic, value: Dynamic| -> Fallible<()> {
                let key = placed(&context, key_of(&key))?;
                match dict.find(&key) {
                    Some(index) => dict.pairs[index].1 = value,
                    None => dict.pairs.push((key, value)),
                }
                Ok(())
            },
        );
    let mut module = rhai::Module::new();
    // As in Python, iterating over a dict yields its keys.
    module.set_iter(std::any::TypeId::of::<Dict>(), |dict| {
        let pairs = dict.try_cast::<Dict>().map(|dict| dict.pairs).unwrap_or_default();
        Box::new(pairs.into_iter().map(|(key, _)| to_dynamic(key)))
    });
    module.set_iter(std::any::TypeId::of::<PythonSet>(), |set| {
        let items = set.try_cast::<PythonSet>().map(|set| set.items).unwrap_or_default();
        Box::new(items.into_iter().map(to_dynamic))
    });
    engine.register_global_module(module.into());
}

fn set(engine: &mut Engine) {
    fn unique(items: Array, frozen: bool) -> Fallible<PythonSet> {
        let mut set = PythonSet { items: Vec::new(), frozen };
        for item in &items {
            let item = to_value(item).or_else(|reason| argument(format!("an item {reason}"), ""))?;
            if !set.items.iter().any(|known| same(known, &item)) {
                set.items.push(item);
            }
        }
        Ok(set)
    }
    engine
        .register_type_with_name::<PythonSet>("set")
        .register_fn("set", |context: NativeCallContext<'_>, items: Array| placed(&context, unique(items, false)))
        .register_fn("frozenset", |context: NativeCallContext<'_>, items: Array| placed(&context, unique(items, true)))
        .register_fn("len", |set: &mut PythonSet| i64::try_from(set.items.len()).unwrap_or(i64::MAX))
        .register_fn(
            "contains",
            |context: NativeCallContext<'_>, set: &mut PythonSet, item: Dynamic| -> Fallible<bool> {
                let item = placed(&context, key_of(&item))?;
                Ok(set.items.iter().any(|known| same(known, &item)))
            },
        )
        .register_fn("to_array", |set: &mut PythonSet| -> Array { set.items.iter().cloned().map(to_dynamic).collect() })
        .register_fn("to_string", |set: &mut PythonSet| python(to_value(&Dynamic::from(set.clone()))))
        .register_fn("to_debug", |set: &mut PythonSet| python(to_value(&Dynamic::from(set.clone()))));
}

fn rest(engine: &mut Engine) {
    engine
        .register_type_with_name::<Complex>("complex")
        .register_fn("complex", Complex)
        .register_get("real", |number: &mut Complex| number.0)
        .register_get("imag", |number: &mut Complex| number.1)
        .register_fn("to_string", |number: &mut Complex| python(Ok(Value::Complex(number.0, number.1))))
        .register_fn("to_debug", |number: &mut Complex| python(Ok(Value::Complex(number.0, number.1))))
        .register_type_with_name::<Tuple>("tuple")
        .register_fn("tuple", Tuple)
        .register_fn("len", |tuple: &mut Tuple| i64::try_from(tuple.0.len()).unwrap_or(i64::MAX))
        .register_fn("to_array", |tuple: &mut Tuple| tuple.0.clone())
        .register_fn("to_string", |tuple: &mut Tuple| python(to_value(&Dynamic::from(tuple.clone()))))
        .register_fn("to_debug", |tuple: &mut Tuple| python(to_value(&Dynamic::from(tuple.clone()))))
        .register_type_with_name::<Ellipsis>("ellipsis")
        .register_fn("to_string", |_: &mut Ellipsis| "...")
        .register_fn("to_debug", |_: &mut Ellipsis| "...")
        .register_type_with_name::<Opaque>("opaque")
        .register_get("repr", |opaque: &mut Opaque| opaque.0.clone())
        .register_fn("to_string", |opaque: &mut Opaque| opaque.0.clone())
        .register_fn("to_debug", |opaque: &mut Opaque| opaque.0.clone());
    named_tuple(engine);
}

fn named_tuple(engine: &mut Engine) {
    engine
        .register_type_with_name::<NamedTuple>("namedtuple")
        .register_fn("len", |tuple: &mut NamedTuple| i64::try_from(tuple.fields.len()).unwrap_or(i64::MAX))
        .register_fn("to_array", |tuple: &mut NamedTuple| -> Array {
            tuple.fields.iter().map(|(_, value)| value.clone()).collect()
        })
        .register_fn("to_string", |tuple: &mut NamedTuple| python(to_value(&Dynamic::from(tuple.clone()))))
        .register_fn("to_debug", |tuple: &mut NamedTuple| python(to_value(&Dynamic::from(tuple.clone()))))
        .register_indexer_get(
            |context: NativeCallContext<'_>, tuple: &mut NamedTuple, name: ImmutableString| -> Fallible<Dynamic> {
                let found = tuple.fields.iter().find(|(known, _)| *known == name.as_str());
                let Some((_, value)) = found else {
                    let names: Vec<&str> = tuple.fields.iter().map(|(name, _)| name.as_str()).collect();
                    let near = crate::name::nearest(&name, names.iter().copied());
                    let help = near.map_or_else(|| format!("it has {}", names.join(", ")), did_you_mean);
                    return placed(&context, argument(format!("`{}` has no field `{name}`", tuple.name), help));
                };
                Ok(value.clone())
            },
        )
        .register_indexer_get(
            |context: NativeCallContext<'_>, tuple: &mut NamedTuple, index: i64| -> Fallible<Dynamic> {
                let count = i64::try_from(tuple.fields.len()).unwrap_or(i64::MAX);
                let wanted = if index < 0 { index.saturating_add(count) } else { index };
                let found = usize::try_from(wanted).ok().and_then(|wanted| tuple.fields.get(wanted));
                found.map(|(_, value)| value.clone()).ok_or_else(|| {
                    let error = EvalAltResult::ErrorArrayBounds(tuple.fields.len(), index, context.call_position());
                    Box::new(error)
                })
            },
        );
}
