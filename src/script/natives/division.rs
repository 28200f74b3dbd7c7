//! The operators `/` and `/=` of scripts, which report lost remainders of integer divisions, and `floor_div`,
//! which rounds down.
//!
//! `/` is registered as a custom operator, like comparisons (see [`crate::script::language::comparing`]), except next to a float
//! literal and in standard modules; for `/=` see [`crate::script::language::marks`]: an integer on its right-hand
//! side becomes a [`Divisor`], a type unknown to Rhai. Invariant: values and errors equal Rhai's.

use crate::script::errors::{Fallible, argument, place, placed};
use crate::script::language::marks::DIVISOR_KEY;
use crate::script::library::library_text;
use crate::script::lock::lock;
use crate::script::objects::types::{big_divide, integer};
use crate::script::objects::values::BigInteger;
use crate::script::run::Run;
use num_bigint::BigInt;
use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext as Context, Position, Token};
use std::any::TypeId;
use std::sync::Arc;

const SIGN: &str = "/";

/// The integer on the right-hand side of `/=`.
#[derive(Clone)]
struct Divisor(i64);

/// Registers the operators and `floor_div`. Without a run, nothing is reported.
pub(crate) fn register(engine: &mut Engine, run: Option<&Arc<Run>>) {
    engine.disable_symbol(SIGN);
    let precedence = Token::Divide.precedence().map_or(180, std::num::NonZeroU8::get);
    let registered = engine.register_custom_operator(SIGN, precedence);
    debug_assert!(registered.is_ok(), "{:?}", registered.err());
    floats(engine);
    integers(engine, run.cloned());
    big_integers(engine, run.cloned());
    assignment(engine, run.cloned());
    engine
        .register_fn("floor_div", |context: Context<'_>, a: i64, b: i64| placed(&context, floor_integers(a, b)))
        .register_fn("floor_div", |context: Context<'_>, a: f64, b: f64| placed(&context, floor_floats(a, b)))
        .register_fn("floor_div", |context: Context<'_>, a: i64, b: f64| placed(&context, floor_floats(float(a), b)))
        .register_fn("floor_div", |context: Context<'_>, a: f64, b: i64| placed(&context, floor_floats(a, float(b))));
}

#[expect(clippy::cast_precision_loss, reason = "as Rhai has it")]
fn float(number: i64) -> f64 {
    number as f64
}

fn floats(engine: &mut Engine) {
    engine
        .register_fn(SIGN, |a: f64, b: f64| a / b)
        .register_fn(SIGN, |a: i64, b: f64| float(a) / b)
        .register_fn(SIGN, |a: f64, b: i64| a / float(b));
}

fn integers(engine: &mut Engine, run: Option<Arc<Run>>) {
    let types = [TypeId::of::<i64>(), TypeId::of::<i64>()];
    engine.register_raw_fn(SIGN, types, move |context: Context<'_>, args: &mut [&mut Dynamic]| -> Fallible<i64> {
        let (a, b) = (args[0].as_int().unwrap_or_default(), args[1].as_int().unwrap_or_default());
        divide(run.as_deref(), &context, a, b)
    });
}

fn divide(run: Option<&Run>, context: &Context<'_>, a: i64, b: i64) -> Fallible<i64> {
    if b == 0 {
        return arithmetic(format!("Division by zero: {a} / {b}"));
    }
    let Some(quotient) = a.checked_div(b) else { return arithmetic(format!("Division overflow: {a} / {b}")) };
    if quotient.wrapping_mul(b) != a {
        note(run, context, || (format!("{a} / {b}"), quotient.to_string()));
    }
    Ok(quotient)
}

fn arithmetic<T>(message: String) -> Fallible<T> {
    Err(Box::new(EvalAltResult::ErrorArithmetic(message, Position::NONE)))
}

fn big_integers(engine: &mut Engine, run: Option<Arc<Run>>) {
    let divide = move |context: &Context<'_>, a: BigInt, b: BigInt| -> Fallible<Dynamic> {
        let (quotient, is_exact) = big_divide(&a, &b)?;
        if !is_exact {
            note(run.as_deref(), context, || (format!("{a} / {b}"), quotient.to_string()));
        }
        Ok(integer(quotient))
    };
    let (one, two) = (divide.clone(), divide.clone());
    engine
        .register_fn(SIGN, move |context: Context<'_>, a: BigInteger, b: BigInteger| divide(&context, a.0, b.0))
        .register_fn(SIGN, move |context: Context<'_>, a: BigInteger, b: i64| one(&context, a.0, b.into()))
        .register_fn(SIGN, move |context: Context<'_>, a: i64, b: BigInteger| two(&context, a.into(), b.0));
}

/// `/=`, and the syntax of its right-hand side.
fn assignment(engine: &mut Engine, run: Option<Arc<Run>>) {
    engine.register_custom_syntax_with_state_raw(
        DIVISOR_KEY,
        |symbols, _, _| Ok((symbols.len() == 1).then(|| "$expr$".into())),
        false,
        |context, inputs, _| {
            let value = context.eval_expression_tree(&inputs[0])?.flatten();
            Ok(value.as_int().map_or(value, |integer| Dynamic::from(Divisor(integer))))
        },
    );
    let types = [TypeId::of::<Dynamic>(), TypeId::of::<Divisor>()];
    engine.register_raw_fn("/=", types, move |context: Context<'_>, args: &mut [&mut Dynamic]| -> Fallible<()> {
        let Some(divisor) = args[1].read_lock::<Divisor>().map(|divisor| divisor.0) else { return Ok(()) };
        *args[0] = match (args[0].as_int(), args[0].as_float()) {
            (Ok(dividend), _) => divide(run.as_deref(), &context, dividend, divisor)?.into(),
            (_, Ok(dividend)) => (dividend / float(divisor)).into(),
            _ => context.call_native_fn_raw(SIGN, true, &mut [&mut args[0].clone(), &mut divisor.into()])?,
        };
        Ok(())
    });
}

/// Reports a lost remainder once per place; the first report includes help. `division` returns the expression with its values, and the quotient.
fn note(run: Option<&Run>, context: &Context<'_>, division: impl FnOnce() -> (String, String)) {
    let Some((run, source)) = run.zip(context.call_source()) else { return };
    if library_text(source).is_some() || !lock(&run.recorder.lossy).is_new(source, context.call_position()) {
        return;
    }
    let Some(origin) = place(Some(source), context.call_position()) else { return };
    let (written, quotient) = division();
    let help = "\n  help: for a fraction write `a.to_float() / b`, or `7.0` for `7`; for the whole part write `floor_div(a, b)`";
    let help = if lock(&run.recorder.lossy).needs_help() { help } else { "" };
    run.notice(&format!("{origin}: {written} is {quotient}: dividing two integers drops the remainder{help}"));
}

/// Python's `//`.
fn floor_integers(a: i64, b: i64) -> Fallible<i64> {
    if b == 0 {
        return argument(format!("division by zero: floor_div({a}, {b})"), "");
    }
    let Some(quotient) = a.checked_div(b) else {
        return argument(format!("the result is too large: floor_div({a}, {b})"), "use `bigint`");
    };
    Ok(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

/// Python's `//`: the remainder, which is exact, decides.
fn floor_floats(a: f64, b: f64) -> Fallible<f64> {
    if b == 0.0 {
        return argument(format!("division by zero: floor_div({a:?}, {b:?})"), "");
    }
    let rest = a % b;
    let whole = (a - rest) / b;
    let whole = if rest != 0.0 && (rest < 0.0) != (b < 0.0) { whole - 1.0 } else { whole };
    let floor = whole.floor();
    Ok(if whole == 0.0 {
        0.0_f64.copysign(a / b)
    } else if whole - floor > 0.5 {
        floor + 1.0
    } else {
        floor
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_division_is_pythons() {
        for (a, b, wanted) in
            [(7, 2, 3), (-7, 2, -4), (7, -2, -4), (-7, -2, 3), (-6, 2, -3), (0, -5, 0), (i64::MIN, 1, i64::MIN)]
        {
            assert_eq!(floor_integers(a, b).unwrap(), wanted, "{a} // {b}");
        }
        assert!(floor_integers(1, 0).is_err() && floor_integers(i64::MIN, -1).is_err());
        for (a, b, wanted) in
            [(1.0, 0.1, 9.0), (-1.0, 0.1, -10.0), (7.5, 2.0, 3.0), (-7.5, 2.0, -4.0), (0.5, -1.0, -1.0)]
        {
            assert_eq!(floor_floats(a, b).unwrap(), wanted, "{a} // {b}");
        }
        assert!(floor_floats(1.0, 0.0).is_err() && floor_floats(1.0, f64::NAN).unwrap().is_nan());
    }
}
