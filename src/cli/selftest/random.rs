//! Pseudo-random values, the same in every run.
//!
//! Invariant: every value is exact on every board: floats have few digits, and keys that Python considers
//! equal never occur together.

use super::facts::Facts;
use crate::value::Value;

/// The generator (xorshift64*).
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// The next number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    /// This many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[3]).collect()
    }

    fn text(&mut self, facts: &Facts) -> String {
        const ALPHABET: [char; 12] =
            ['a', 'Z', '0', ' ', '\'', '"', '\\', '\n', '\r', '\u{e9}', '\u{20ac}', '\u{1f600}'];
        let letters = if facts.unicode { 12 } else { 9 };
        (0..self.below(12)).map(|_| ALPHABET[usize::try_from(self.below(letters)).unwrap_or(0)]).collect()
    }

    fn int(&mut self, facts: &Facts) -> Value {
        let bits = if facts.big_integers { 64 } else { 30 };
        let number = self.next() >> (64 - bits) >> self.below(bits);
        Value::integer(if self.below(2) == 0 { number.into() } else { -num_bigint::BigInt::from(number) })
    }

    fn float(&mut self) -> Value {
        let eighths = i32::try_from(self.below(8000)).unwrap_or(0) - 4000;
        Value::Float(f64::from(eighths) / 8.0)
    }

    fn key(&mut self, facts: &Facts, number: u64) -> Value {
        match self.below(3) {
            0 => Value::Str(format!("{number}{}", self.text(facts))),
            1 => Value::integer((number * 1000 + 7).into()),
            _ => Value::Tuple(vec![Value::integer(number.into()), Value::Str(self.text(facts))]),
        }
    }

    fn values(&mut self, facts: &Facts, depth: u32) -> Vec<Value> {
        (0..self.below(5)).map(|_| self.value(facts, depth)).collect()
    }

    /// A value of at most `depth` levels, of types that the board supports.
    pub fn value(&mut self, facts: &Facts, depth: u32) -> Value {
        let kinds = if depth == 0 { 7 } else { 11 };
        match self.below(kinds) {
            0 => Value::None,
            1 => Value::Bool(self.below(2) == 1),
            2 | 3 => self.int(facts),
            4 => self.float(),
            5 => Value::Str(self.text(facts)),
            6 => {
                let count = usize::try_from(self.below(9)).unwrap_or(0);
                Value::Bytes(self.bytes(count))
            }
            7 => Value::List(self.values(facts, depth - 1)),
            8 => Value::Tuple(self.values(facts, depth - 1)),
            9 if facts.sets => Value::Set((0..self.below(5)).map(|number| self.key(facts, number)).collect()),
            _ => {
                let pairs = (0..self.below(5)).map(|number| (self.key(facts, number), self.value(facts, depth - 1)));
                Value::Dict(pairs.collect())
            }
        }
    }
}
