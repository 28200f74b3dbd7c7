//! Numbers with units in engineering notation, several in one scale: `4.2 mA` for 0.0042 A.
//!
//! Uses [`crate::bench::units`], which knows the prefixes. Invariant: a text has [`DIGITS`] digits, or as many as it takes
//! to differ from another number that matters.

use crate::bench::units;
use std::fmt::Write as _;

/// Digits shown, unless fewer are enough.
pub const DIGITS: usize = 6;

/// A unit that is scaled by a power of ten.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The power of ten by which a number in the original unit is multiplied.
    power: i32,
    /// The unit with its new prefix.
    unit: String,
}

impl Scale {
    /// The prefix that suits numbers of this unit and about this size.
    pub fn of(number: f64, unit: &str) -> Scale {
        let (divisor, unit) = units::scaled(unit, number.abs());
        Scale { power: -divisor, unit }
    }

    /// The unit with its prefix.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// A number in this scale, to [`DIGITS`] digits.
    pub fn number(&self, number: f64) -> String {
        // Counts are shown in full.
        let whole = self.power == 0 && number.fract() == 0.0 && number.abs() < 1e15;
        self.number_to(number, if whole { 17 } else { DIGITS })
    }

    /// A limit, with as many digits as people write.
    pub fn limit(&self, limit: f64) -> String {
        self.number_to(limit, 12)
    }

    /// A number in this scale, with `count` digits, 1 to 17.
    pub fn number_to(&self, number: f64, count: usize) -> String {
        digits(number, self.power, count.clamp(1, 17))
    }

    /// A number that neither equals any of `others` nor looks as if it did.
    pub fn number_beside(&self, number: f64, others: &[f64]) -> String {
        let alike = |count: usize| {
            let shown = self.number_to(number, count);
            others.iter().any(|other| *other != number && self.number_to(*other, count) == shown)
        };
        match (DIGITS..17).find(|count| !alike(*count)) {
            Some(DIGITS) => self.number(number),
            enough => self.number_to(number, enough.unwrap_or(17)),
        }
    }
}

/// A number, a space, a unit.
pub fn join(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_owned() } else { format!("{number}\u{a0}{unit}") }
}

/// `number · 10^power` with `count` digits, without trailing zeros.
fn digits(number: f64, power: i32, count: usize) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    // From its decimal digits, so that scaling never rounds twice.
    let written = format!("{:.*e}", count - 1, number.abs());
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent = exponent.parse::<i32>().unwrap_or_default() + power;
    let mut figures: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let kept = figures.trim_end_matches('0').len();
    figures.truncate(kept.max(1));
    let mut text = String::new();
    if number < 0.0 {
        text.push('−');
    }
    if !(-6..15).contains(&exponent) {
        text.push_str(&figures[..1]);
        if figures.len() > 1 {
            let _ = write!(text, ".{}", &figures[1..]);
        }
        let _ = write!(text, "e{exponent}");
        return text;
    }
    match usize::try_from(exponent) {
        Err(_) => {
            text.push_str("0.");
            (exponent + 1..0).for_each(|_| text.push('0'));
            text.push_str(&figures);
        }
        Ok(whole) if whole + 1 >= figures.len() => {
            text.push_str(&figures);
            (figures.len()..=whole).for_each(|_| text.push('0'));
        }
        Ok(whole) => {
            let _ = write!(text, "{}.{}", &figures[..=whole], &figures[whole + 1..]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_engineering_notation() {
        let case = |number: f64, unit: &str, expected: &str| {
            let scale = Scale::of(number, unit);
            let shown = join(&scale.number(number), scale.unit());
            assert_eq!(shown.replace('\u{a0}', " "), expected, "{number} {unit}");
        };
        case(0.0042, "A", "4.2 mA");
        case(3.3, "V", "3.3 V");
        case(0.0, "V", "0 V");
        case(-0.000_012, "A", "−12 µA");
        case(1500.0, "mV", "1.5 V");
        case(0.25, "uA", "250 nA");
        case(12_000_000.0, "Hz", "12 MHz");
        case(999.999, "Hz", "999.999 Hz");
        case(4700.0, "Ω", "4.7 kΩ");
        case(90.0, "s", "90 s");
        case(0.09, "s", "90 ms");
        case(1500.0, "ms", "1.5 s");
        case(5.0, "min", "5 min");
        case(1500.0, "°C", "1500 °C");
        case(0.001, "%", "0.001 %");
        case(32768.0, "", "32768");
        case(123_456_789.0, "", "123456789");
        case(123_456.789, "", "123457");
        case(1e40, "V", "1e40 V");
        case(1.5e-30, "", "1.5e-30");
        case(f64::NAN, "V", "nan V");
        case(f64::NEG_INFINITY, "V", "−∞ V");
        case(f64::MAX, "mV", "1.79769e308 mV");
        case(f64::MIN_POSITIVE, "", "2.22507e-308");
        case(5e-324, "A", "4.94066e-324 A");
    }

    #[test]
    fn a_value_beyond_a_limit_never_looks_like_the_limit() {
        let scale = Scale::of(1.7, "V");
        assert_eq!(scale.number_beside(1.700_000_1, &[1.7]), "1.7000001");
        assert_eq!(scale.number_beside(1.7, &[1.7]), "1.7");
        assert_eq!(scale.number_beside(1.65, &[1.7]), "1.65");
        assert_eq!(scale.number_beside(0.1 + 0.2, &[0.3]), "0.30000000000000004");
    }
}
