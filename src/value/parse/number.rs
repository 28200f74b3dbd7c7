//! Numbers: `int`, `float`, `complex`.
//!
//! Invariant: a number is scanned at most twice, the second time only after an opening parenthesis.

use super::{MAX_DIGITS, ParseError, Reader, Result};
use crate::value::Value;
use num_bigint::BigInt;

/// A number's text: from `start` to the reader's place, and its form.
struct Real {
    start: usize,
    whole: bool,
}

/// Most digits of a number that are read at once: more may not fit into 64 bits.
const MOST_AT_ONCE: usize = 18;
/// The largest whole number below which every one has an exact float, and the powers of ten that have one.
const EXACT: i64 = 1 << 53;
const POWERS: [f64; 19] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

impl Reader<'_> {
    /// A number of a usual form: digits, perhaps with a minus sign before them and a dot in between. `None`: it may have another
    /// form; nothing is skipped.
    pub(super) fn plain_number(&mut self) -> Option<Value> {
        let rest = self.rest();
        let is_negative = *rest.first()? == b'-';
        let text = rest.get(usize::from(is_negative)..)?;
        let (mut number, mut digits, mut dot) = (0i64, 0, None);
        let mut length = 0;
        for &byte in text {
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                number = number.wrapping_mul(10).wrapping_add(digit.into());
                digits += 1;
            } else if byte == b'.' && dot.is_none() {
                dot = Some(digits);
            } else {
                break;
            }
            length += 1;
        }
        let leads_with_zero = text.first() == Some(&b'0') && dot.unwrap_or(digits) > 1;
        if dot == Some(0)
            || digits == 0
            || leads_with_zero
            || matches!(text.get(length), Some(b'e' | b'E' | b'j' | b'.'))
        {
            return None;
        }
        let end = self.at + usize::from(is_negative) + length;
        let value = match dot {
            None if digits <= MOST_AT_ONCE => Value::Int(if is_negative { -number } else { number }),
            None => return None,
            Some(dot) => {
                let float = match POWERS.get(digits - dot) {
                    // Both are exact, so that their quotient is rounded once.
                    Some(power) if digits <= MOST_AT_ONCE && number <= EXACT => {
                        let float = number as f64 / power;
                        if is_negative { -float } else { float }
                    }
                    _ => self.text.get(self.at..end)?.parse().ok()?,
                };
                Value::Float(float)
            }
        };
        self.at = end;
        Some(value)
    }

    /// A number that starts with a digit or a minus sign, or the expressions for numbers without a literal, with their sign.
    pub(super) fn number(&mut self) -> Result<Value> {
        if let Some(number) = self.plain_number() {
            return Ok(number);
        }
        let rest = self.rest();
        if rest.starts_with(b"-float(") || rest.starts_with(b"-complex(") {
            self.at += 1;
            return Ok(match self.named()? {
                Value::Float(number) => Value::Float(-number),
                Value::Complex(real, imaginary) => Value::Complex(-real, -imaginary),
                other => other,
            });
        }
        let start = self.at;
        let Some(real) = self.real() else {
            self.at = start;
            return self.fail();
        };
        if !real.whole || self.peek() == Some(b'j') {
            let number = self.float(&real)?;
            return Ok(if self.eat(b"j") { Value::Complex(0.0, number) } else { Value::Float(number) });
        }
        self.integer(start)
    }

    /// `(1+2j)`, with its parentheses. Skips nothing if it is something else.
    pub(super) fn complex(&mut self) -> Result<Option<(f64, f64)>> {
        let start = self.at;
        let value = self.complex_parts()?;
        if value.is_none() {
            self.at = start;
        }
        Ok(value)
    }

    fn complex_parts(&mut self) -> Result<Option<(f64, f64)>> {
        self.expect(b"(")?;
        let Some(real) = self.real() else { return Ok(None) };
        let plus = self.peek() == Some(b'+');
        if !plus && self.peek() != Some(b'-') {
            return Ok(None);
        }
        let first = self.float(&real)?;
        self.at += usize::from(plus);
        let Some(imaginary) = self.real() else { return Ok(None) };
        if plus && self.bytes().get(imaginary.start) == Some(&b'-') {
            return Ok(None);
        }
        let second = self.float(&imaginary)?;
        Ok(self.eat(b"j)").then_some((first, second)))
    }

    /// Skips a number without its `j`. Afterwards the place is meaningful only if there was one.
    fn real(&mut self) -> Option<Real> {
        let start = self.at;
        self.eat(b"-");
        if self.eat(b"inf") || self.eat(b"nan") {
            return Some(Real { start, whole: false });
        }
        if self.skip_digits() == 0 {
            return None;
        }
        let mut whole = true;
        if self.eat(b".") {
            whole = false;
            self.skip_digits();
        }
        if self.eat(b"e") || self.eat(b"E") {
            whole = false;
            if !self.eat(b"-") {
                self.eat(b"+");
            }
            if self.skip_digits() == 0 {
                return None;
            }
        }
        Some(Real { start, whole })
    }

    fn skip_digits(&mut self) -> usize {
        let rest = self.rest();
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += count;
        count
    }

    /// The number from `real.start` to here. Rust parses everything that [`Reader::real`] accepts.
    fn float(&self, real: &Real) -> Result<f64> {
        let text = self.text.get(real.start..self.at).unwrap_or_default();
        text.parse().map_err(|_| ParseError::NotLiteral { at: real.start })
    }

    /// The integer from `start` to here.
    fn integer(&self, start: usize) -> Result<Value> {
        let text = self.text.get(start..self.at).unwrap_or_default();
        let digits = text.strip_prefix('-').unwrap_or(text);
        // Python has no octal numbers with a leading zero.
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(ParseError::NotLiteral { at: start });
        }
        if let Ok(number) = text.parse() {
            return Ok(Value::Int(number));
        }
        if digits.len() > MAX_DIGITS {
            return Err(ParseError::TooManyDigits { digits: digits.len() });
        }
        match text.parse::<BigInt>() {
            Ok(number) => Ok(Value::integer(number)),
            Err(_) => Err(ParseError::NotLiteral { at: start }),
        }
    }
}
