//! Numbers in registers: 16, 32 and 64 bits, integers and floats, in both word orders.
//!
//! Pure. Invariant: what is written is read back; a number that does not fit is refused.

use crate::error::{Error, Kind, Result};
use crate::phrase::{any_of, count};

/// The type of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// An integer from 0.
    Unsigned(u8),
    /// An integer in two's complement.
    Signed(u8),
    /// A float of IEEE 754.
    Float(u8),
}

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
}

/// The types by their names.
const TYPES: [(&str, Type); 8] = [
    ("u16", Type::Unsigned(16)),
    ("i16", Type::Signed(16)),
    ("u32", Type::Unsigned(32)),
    ("i32", Type::Signed(32)),
    ("f32", Type::Float(32)),
    ("u64", Type::Unsigned(64)),
    ("i64", Type::Signed(64)),
    ("f64", Type::Float(64)),
];

impl Type {
    /// The type with this name.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for an unknown name.
    pub fn named(name: &str) -> Result<Type> {
        TYPES.iter().find(|(known, _)| *known == name).map(|(_, of)| *of).ok_or_else(|| {
            let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
            Error::new(Kind::ArgumentError, format!("unknown type \"{name}\" of a register"))
                .with_help(format!("use {}", any_of(&names)))
        })
    }

    fn bits(self) -> u8 {
        let (Type::Unsigned(bits) | Type::Signed(bits) | Type::Float(bits)) = self;
        bits
    }

    /// How many registers a number takes.
    pub fn registers(self) -> u16 {
        u16::from(self.bits() / 16)
    }

    /// The number in registers. `is_low_first`: the register with the lowest bits comes first.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for a number that scripts cannot hold.
    pub fn read(self, registers: &[u16], is_low_first: bool) -> Result<Number> {
        let fold = |raw: u64, word: &u16| raw << 16 | u64::from(*word);
        let raw = if is_low_first { registers.iter().rev().fold(0, fold) } else { registers.iter().fold(0, fold) };
        let bits = u32::from(self.bits());
        Ok(match self {
            Type::Unsigned(_) => Number::Int(i64::try_from(raw).map_err(|_| {
                Error::new(Kind::ArgumentError, format!("{raw} is more than scripts can hold"))
                    .with_help("read it as \"i64\", or as registers")
            })?),
            Type::Signed(_) => Number::Int(raw.cast_signed() << (64 - bits) >> (64 - bits)),
            Type::Float(32) => Number::Float(f32::from_bits(u32::try_from(raw).unwrap_or_default()).into()),
            Type::Float(_) => Number::Float(f64::from_bits(raw)),
        })
    }

    /// The registers of a number.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`] for a number that does not fit.
    pub fn write(self, number: Number, is_low_first: bool) -> Result<Vec<u16>> {
        let bits = u32::from(self.bits());
        let refused = |range: String| {
            let shown = match number {
                Number::Int(number) => number.to_string(),
                Number::Float(number) => number.to_string(),
            };
            Err(Error::new(
                Kind::ArgumentError,
                format!("{shown} does not fit into {}: it takes {range}", count(u64::from(bits), "bit")),
            ))
        };
        let raw = match (self, number) {
            #[expect(clippy::cast_precision_loss, reason = "the nearest float")]
            (Type::Float(32), Number::Int(number)) => u64::from((number as f32).to_bits()),
            #[expect(clippy::cast_possible_truncation, reason = "the nearest float; one that is too large is refused")]
            (Type::Float(32), Number::Float(number)) => match number as f32 {
                small if small.is_finite() || !number.is_finite() => u64::from(small.to_bits()),
                _ => return refused("a float of 32 bits".to_owned()),
            },
            #[expect(clippy::cast_precision_loss, reason = "the nearest float")]
            (Type::Float(_), Number::Int(number)) => (number as f64).to_bits(),
            (Type::Float(_), Number::Float(number)) => number.to_bits(),
            (_, Number::Float(_)) => return refused("an integer".to_owned()),
            (Type::Unsigned(_), Number::Int(number)) => match u64::try_from(number) {
                Ok(raw) if bits == 64 || raw < 1 << bits => raw,
                _ => {
                    return refused(format!(
                        "0 to {}",
                        if bits == 64 { i64::MAX.to_string() } else { ((1_u64 << bits) - 1).to_string() }
                    ));
                }
            },
            (Type::Signed(_), Number::Int(number)) => {
                let least = i64::MIN >> (64 - bits);
                if number < least || number > -(least + 1) {
                    return refused(format!("{least} to {}", -(least + 1)));
                }
                number.cast_unsigned()
            }
        };
        let word = |index: u32| u16::try_from(raw >> (16 * index) & 0xffff).unwrap_or_default();
        let low_first = (0..bits / 16).map(word);
        Ok(if is_low_first { low_first.collect() } else { low_first.rev().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_those_of_other_programs() {
        let case = |of: &str, number: Number, registers: &[u16]| {
            let of = Type::named(of).unwrap();
            assert_eq!(of.write(number, false).unwrap(), registers);
            assert_eq!(of.read(registers, false).unwrap(), number);
            let turned: Vec<u16> = registers.iter().rev().copied().collect();
            assert_eq!(of.write(number, true).unwrap(), turned);
            assert_eq!(of.read(&turned, true).unwrap(), number);
        };
        case("u16", Number::Int(65_535), &[0xffff]);
        case("i16", Number::Int(-2), &[0xfffe]);
        case("u32", Number::Int(0x1234_5678), &[0x1234, 0x5678]);
        case("i32", Number::Int(-1), &[0xffff, 0xffff]);
        case("f32", Number::Float(-12.5), &[0xc148, 0]);
        case("f64", Number::Float(1.0), &[0x3ff0, 0, 0, 0]);
        case("i64", Number::Int(i64::MIN), &[0x8000, 0, 0, 0]);
        case("u64", Number::Int(i64::MAX), &[0x7fff, 0xffff, 0xffff, 0xffff]);
        assert_eq!(Type::named("f32").unwrap().write(Number::Int(2), false).unwrap(), [0x4000, 0]);
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let message =
            |of: &str, number: Number| Type::named(of).unwrap().write(number, false).unwrap_err().message().to_owned();
        assert_eq!(message("u16", Number::Int(65_536)), "65536 does not fit into 16 bits: it takes 0 to 65535");
        assert_eq!(message("i16", Number::Int(-32_769)), "-32769 does not fit into 16 bits: it takes -32768 to 32767");
        assert_eq!(message("u32", Number::Int(-1)), "-1 does not fit into 32 bits: it takes 0 to 4294967295");
        assert_eq!(message("i32", Number::Float(1.5)), "1.5 does not fit into 32 bits: it takes an integer");
        assert!(message("f32", Number::Float(1e300)).ends_with("it takes a float of 32 bits"));
        assert!(Type::named("u64").unwrap().read(&[0xffff; 4], false).is_err());
        assert_eq!(Type::named("int").unwrap_err().help(), Some("use u16, i16, u32, i32, f32, u64, i64 or f64"));
    }

    proptest! {
        #[test]
        fn integers_round_trip(number: i64, low: bool) {
            for (_, of) in TYPES.iter().filter(|(_, of)| !matches!(of, Type::Float(_))) {
                if let Ok(registers) = of.write(Number::Int(number), low) {
                    prop_assert_eq!(of.read(&registers, low).unwrap(), Number::Int(number));
                }
            }
        }
    }
}
