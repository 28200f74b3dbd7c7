//! The comparison operators of scripts: numbers compare exactly, as in IEEE 754 and Python.
//!
//! Rhai's own operators treat floats as equal that differ by less than a relative epsilon, round integers to floats, and
//! return false for infinities; they take precedence over registered functions. So they are disabled, and the same signs are
//! registered as custom operators, except for comparisons without floats (see [`crate::script::language::counting`]).
//! Invariant: values that are not numbers compare as in Rhai.

use crate::script::errors::{Fallible, argument};

use rhai::{Array, Blob, Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext, Position, Token};
use std::any::TypeId;
use std::cmp::Ordering;
use std::ops::{Range, RangeInclusive};

/// The operators as Rhai tokens.
const OPERATORS: [Token; 6] = [
    Token::EqualsTo,
    Token::NotEqualsTo,
    Token::LessThan,
    Token::LessThanEqualsTo,
    Token::GreaterThan,
    Token::GreaterThanEqualsTo,
];

/// Rhai's own operator with this sign.
pub(crate) fn built_in(sign: &str) -> Option<Token> {
    OPERATORS.iter().find(|token| token.literal_syntax() == sign).cloned()
}

/// The signs of the operators.
pub(crate) fn operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(Token::literal_syntax)
}

/// Registers the operators, and the functions that depend on the order of floats.
pub(crate) fn register(engine: &mut Engine) {
    for token in &OPERATORS {
        engine.disable_symbol(token.literal_syntax());
        let precedence = token.precedence().map_or(90, std::num::NonZeroU8::get);
        let registered = engine.register_custom_operator(token.literal_syntax(), precedence);
        debug_assert!(registered.is_ok(), "{:?}", registered.err());
    }
    macro_rules! each {
        ($($sign:literal $operate:tt $holds:expr),* $(,)?) => {$(
            operator(engine, $sign, $holds);
            binary::<i64, i64>(engine, $sign, |a, b| integer(a) $operate integer(b));
            binary::<f64, f64>(engine, $sign, |a, b| float(a) $operate float(b));
        )*};
    }
    each!(
        "==" == |order| order == Some(Ordering::Equal),
        "!=" != |order| order != Some(Ordering::Equal),
        "<" < |order| order.is_some_and(Ordering::is_lt),
        "<=" <= |order| order.is_some_and(Ordering::is_le),
        ">" > |order| order.is_some_and(Ordering::is_gt),
        ">=" >= |order| order.is_some_and(Ordering::is_ge),
    );
    sorting(engine);
}

fn integer(value: &Dynamic) -> i64 {
    value.as_int().unwrap_or_default()
}

fn float(value: &Dynamic) -> f64 {
    value.as_float().unwrap_or(f64::NAN)
}

/// Registers an operator for two types without copying the operands.
fn binary<A: 'static, B: 'static>(engine: &mut Engine, sign: &str, holds: fn(&Dynamic, &Dynamic) -> bool) {
    let types = [TypeId::of::<A>(), TypeId::of::<B>()];
    engine.register_raw_fn(sign, types, move |_: NativeCallContext<'_>, args: &mut [&mut Dynamic]| -> Fallible<bool> {
        Ok(holds(args[0], args[1]))
    });
}

/// Registers the operator `sign` for all types except two integers or two floats. `holds` maps an order to the result.
fn operator(engine: &mut Engine, sign: &'static str, holds: fn(Option<Ordering>) -> bool) {
    let types = [TypeId::of::<Dynamic>(), TypeId::of::<Dynamic>()];
    engine.register_raw_fn(sign, types, move |context: NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
        let (a, b) = (&*args[0], &*args[1]);
        if a.type_id() != b.type_id() {
            // Different values that are not both numbers are unequal and unordered.
            return match mixed(a, b) {
                Some(order) => Ok(holds(order)),
                None if is_number(a) && is_number(b) => Err(missing(&context, sign, a, b)),
                None => Ok(sign == "!="),
            };
        }
        match alike(a, b, matches!(sign, "==" | "!=")) {
            Some(order) => Ok(holds(order)),
            None => Err(missing(&context, sign, a, b)),
        }
    });
}

/// The order of two values of different types, if defined.
fn mixed(a: &Dynamic, b: &Dynamic) -> Option<Option<Ordering>> {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_float()) {
        return Some(order(a, b));
    }
    if let (Ok(a), Ok(b)) = (a.as_float(), b.as_int()) {
        return Some(order(b, a).map(Ordering::reverse));
    }
    if let (Ok(a), Some(b)) = (a.as_char(), b.read_lock::<ImmutableString>()) {
        return Some(Some(std::iter::once(a).cmp(b.chars())));
    }
    if let (Some(a), Ok(b)) = (a.read_lock::<ImmutableString>(), b.as_char()) {
        return Some(Some(a.chars().cmp(std::iter::once(b))));
    }
    None
}

/// The order of two values of one type. Types with equality but no order have one only if `equality` is set.
fn alike(a: &Dynamic, b: &Dynamic, equality: bool) -> Option<Option<Ordering>> {
    fn of<T: rhai::Variant + Clone>(
        a: &Dynamic,
        b: &Dynamic,
        compare: fn(&T, &T) -> Ordering,
    ) -> Option<Option<Ordering>> {
        Some(Some(compare(&*a.read_lock::<T>()?, &*b.read_lock::<T>()?)))
    }
    fn equal<T: PartialEq>(a: &T, b: &T) -> Ordering {
        if a == b { Ordering::Equal } else { Ordering::Less }
    }
    if a.is_unit() {
        return Some(equality.then_some(Ordering::Equal));
    }
    let ordered = of::<ImmutableString>(a, b, Ord::cmp).or_else(|| of::<bool>(a, b, Ord::cmp));
    let ordered = ordered.or_else(|| of::<char>(a, b, Ord::cmp));
    if ordered.is_some() || !equality {
        return ordered;
    }
    of::<Blob>(a, b, equal).or_else(|| of::<Range<i64>>(a, b, equal)).or_else(|| of::<RangeInclusive<i64>>(a, b, equal))
}

fn is_number(value: &Dynamic) -> bool {
    let small = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "f32", "u128", "i128"];
    value.is_int() || value.is_float() || small.contains(&value.type_name())
}

/// The error of an undefined operator, as in Rhai.
fn missing(context: &NativeCallContext<'_>, sign: &str, a: &Dynamic, b: &Dynamic) -> Box<EvalAltResult> {
    let name = |value: &Dynamic| context.engine().map_type_name(value.type_name()).to_owned();
    let signature = format!("{sign} ({}, {})", name(a), name(b));
    Box::new(EvalAltResult::ErrorFunctionNotFound(signature, Position::NONE))
}

/// `sort`, `sort_desc`, `order` and `order_desc` of arrays.
fn sorting(engine: &mut Engine) {
    engine
        .register_fn("sort", |array: &mut Array| sort(array, false))
        .register_fn("sort_desc", |array: &mut Array| sort(array, true))
        .register_fn("order", |array: &mut Array| sorted(array, false))
        .register_fn("order_desc", |array: &mut Array| sorted(array, true));
}

fn sorted(array: &Array, descending: bool) -> Fallible<Array> {
    let mut copy = array.clone();
    sort(&mut copy, descending)?;
    Ok(copy)
}

/// Sorts numbers, strings, characters or bools. The sort is stable; nan comes last.
fn sort(array: &mut Array, descending: bool) -> Fallible<()> {
    let numbers = array.iter().all(|item| item.is_int() || item.is_float());
    if let (Some(first), false) = (array.first(), numbers) {
        let kind = first.type_id();
        let why = if array.iter().any(|item| item.type_id() != kind) {
            "elements of different types cannot be sorted".to_owned()
        } else if alike(first, first, false).is_none() {
            "these elements have no order".to_owned()
        } else {
            String::new()
        };
        if !why.is_empty() {
            return argument(why, "say how: `array.sort(|a, b| …)`, with a number below zero if `a` comes first");
        }
    }
    let is_nan = |item: &Dynamic| item.as_float().is_ok_and(f64::is_nan);
    array.sort_by(|a, b| {
        let found = if numbers { of_numbers(a, b) } else { alike(a, b, false).flatten() };
        let found = found.unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)));
        if descending && !is_nan(a) && !is_nan(b) { found.reverse() } else { found }
    });
    Ok(())
}

fn of_numbers(a: &Dynamic, b: &Dynamic) -> Option<Ordering> {
    match (a.as_int(), b.as_int()) {
        (Ok(a), Ok(b)) => Some(a.cmp(&b)),
        (Err(_), Err(_)) => float(a).partial_cmp(&float(b)),
        _ => mixed(a, b).flatten(),
    }
}

/// Compares an integer with a float as Python does, without rounding it. `None`: the float is nan.
pub(crate) fn order(whole: i64, float: f64) -> Option<Ordering> {
    // Two to the power of 63, above every integer.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        return None;
    }
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float < -BEYOND {
        return Some(Ordering::Greater);
    }
    // Exact: it is in range and has no fraction.
    match whole.cmp(&(float.trunc() as i64)) {
        Ordering::Equal => 0.0.partial_cmp(&float.fract()),
        different => Some(different),
    }
}
