//! Shows numbers with their units, and measurements, in engineering notation: `4.2 mA` for 0.0042 A. The one way of the terminal,
//! of HTML and of JUnit.
//!
//! Pure. Invariants: a number has [`DIGITS`] digits, or as many as it takes to differ from another number that matters: the displayed
//! value never equals a limit that the judged value does not equal.

use super::scaled;
use crate::bench::measurement::Measurement;
use crate::bench::numbers;
use crate::phrase::count;
use serde_json::Value;
use std::fmt::Write as _;

/// Digits shown, unless fewer are enough.
const DIGITS: usize = 6;

/// Digits of limits, which people have written.
const DIGITS_OF_LIMITS: usize = 12;

/// A number that is smaller than its neighbour by this factor has its own prefix.
const UNREADABLE: f64 = 1e-5;

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
        let (divisor, unit) = scaled(unit, number.abs());
        Scale { power: -divisor, unit }
    }

    /// The unit with its prefix.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// A number in this scale, to `DIGITS` digits.
    pub fn number(&self, number: f64) -> String {
        // Counts are shown in full.
        let whole = self.power == 0 && number.fract() == 0.0 && number.abs() < 1e15;
        self.number_to(number, if whole { 17 } else { DIGITS })
    }

    /// A limit, with as many digits as people write.
    pub fn limit(&self, limit: f64) -> String {
        self.number_to(limit, DIGITS_OF_LIMITS)
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

    /// A text and the unit.
    pub fn with_unit(&self, number: &str) -> String {
        format!("{number} {}", self.unit).trim_end().to_owned()
    }
}

/// The scales of a measurement: one, so that value and limits can be compared, unless one of them would be unreadable.
#[derive(Clone, Debug, PartialEq)]
pub struct Scales {
    /// That of the value.
    pub value: Scale,
    /// That of the limits.
    pub limits: Scale,
}

impl Scales {
    /// The scales of a measurement.
    pub fn of(item: &Measurement) -> Scales {
        let size = |numbers: &[Option<f64>]| {
            let finite = numbers.iter().flatten().filter(|number| number.is_finite());
            finite.map(|number| number.abs()).fold(0.0, f64::max)
        };
        let (low, high) = item.limits();
        let wanted = item.equals.as_ref().and_then(numbers::from_json);
        let spread = spread(&item.value);
        let value = size(&[item.number(), spread.map(|(low, _)| low), spread.map(|(_, high)| high)]);
        let limits = size(&[low, high, item.marginal_min, item.marginal_max, wanted]);
        if item.number().is_none() && spread.is_none() {
            // Numbers beside a text, in the unit as it was written.
            let plain = Scale { power: 0, unit: item.unit.clone() };
            return Scales { value: plain.clone(), limits: plain };
        }
        let common = Scale::of(value.max(limits), &item.unit);
        let own = |size: f64, other: f64| {
            let is_unreadable = size != 0.0 && size < other * UNREADABLE;
            if is_unreadable { Scale::of(size, &item.unit) } else { common.clone() }
        };
        Scales { value: own(value, limits), limits: own(limits, value) }
    }
}

/// A measurement for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormattedMeasurement {
    /// The value with its unit: `1.23 mA`.
    pub value: String,
    /// The unit of the limits, with the prefix that suits them.
    pub unit: String,
    /// The limits: `[1 … 2]`, `[≥ 1]`, `= 5`, or nothing. They are in the unit of the value, or name theirs: `[≤ 5 mA]`.
    pub limits: String,
    /// The expected value alone, if exactly that is expected.
    pub wanted: Option<String>,
    /// The lower limit alone.
    pub min: Option<String>,
    /// The upper limit alone.
    pub max: Option<String>,
    /// Follows the limits: their unit, if it is not that of the value, after a space.
    pub limit_unit: String,
}

/// Formats a measurement in engineering notation: the prefix suits value and limits.
pub fn format(measurement: &Measurement) -> FormattedMeasurement {
    let (min, max) = measurement.limits();
    let Scales { value: scale, limits: of_limits } = Scales::of(measurement);
    let others = [min, max, measurement.marginal_min, measurement.marginal_max];
    let others: Vec<f64> = others.into_iter().flatten().collect();
    let shown = |number: f64| scale.number_beside(number, &others);
    let value = match (measurement.number(), spread(&measurement.value)) {
        (Some(number), _) => scale.with_unit(&shown(number)),
        (None, Some((low, high))) => scale.with_unit(&format!("{} … {}", shown(low), shown(high))),
        (None, None) => listed(&measurement.value, &measurement.unit),
    };
    let wanted = measurement.equals.as_ref().filter(|_| measurement.within_percent.is_none());
    let wanted = wanted.map(|wanted| match numbers::from_json(wanted).filter(|_| wanted.is_number()) {
        Some(number) => of_limits.limit(number),
        None => plain(wanted),
    });
    let is_own = of_limits.unit != scale.unit;
    let mut formatted = FormattedMeasurement {
        value: value.trim_end().to_owned(),
        limits: String::new(),
        wanted,
        min: min.map(|limit| of_limits.limit(limit)),
        max: max.map(|limit| of_limits.limit(limit)),
        limit_unit: if is_own { format!(" {}", of_limits.unit) } else { String::new() },
        unit: of_limits.unit,
    };
    formatted.limits = conditions(measurement, &formatted);
    formatted
}

/// The lowest and the highest value of a list, as its part `all` holds them.
pub fn spread(value: &Value) -> Option<(f64, f64)> {
    let number = |key: &str| value.get(key).and_then(numbers::from_json);
    number("lowest").zip(number("highest"))
}

/// Longest list whose values are shown, in characters.
const LONGEST_LIST: usize = 60;

/// A value that is not a number, with its unit. Long lists are counted.
fn listed(value: &Value, unit: &str) -> String {
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    if let Some(samples) = number("samples") {
        return count(samples, "sample");
    }
    if let Some(values) = number("values") {
        return count(values, "value");
    }
    if let Some(from) = number("from") {
        let place = value.get("x").and_then(numbers::from_json);
        return place.map_or_else(|| format!("from [{from}]"), |x| format!("from {}", digits(x, 0, DIGITS)));
    }
    match value {
        Value::Null => "()".to_owned(),
        Value::Array(items) if items.iter().any(|item| item.is_array() || item.is_object()) => {
            count(items.len(), "row")
        }
        Value::Array(items) => {
            let text = format!("{} {unit}", plain(value));
            let is_short = items.len() <= LONGEST_LIST && text.chars().count() <= LONGEST_LIST;
            if is_short { text } else { count(items.len(), "value") }
        }
        other => format!("{} {unit}", plain(other)),
    }
}

/// A number with its unit in engineering notation.
pub fn engineering(number: f64, unit: &str) -> String {
    with_digits(number, unit, DIGITS)
}

/// Like [`engineering`], with the digits that tell two measured values apart.
pub fn exact(number: f64, unit: &str) -> String {
    with_digits(number, unit, DIGITS_OF_LIMITS)
}

fn with_digits(number: f64, unit: &str, most: usize) -> String {
    let scale = Scale::of(number, unit);
    scale.with_unit(&scale.number_to(number, most))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The conditions on the value.
fn conditions(measurement: &Measurement, shown: &FormattedMeasurement) -> String {
    let unit = &shown.limit_unit;
    let limits = match (&shown.min, &shown.max) {
        (Some(min), Some(max)) => format!("[{min} … {max}{unit}]"),
        (Some(min), None) => format!("[≥ {min}{unit}]"),
        (None, Some(max)) => format!("[≤ {max}{unit}]"),
        (None, None) => String::new(),
    };
    let equals = shown.wanted.as_ref().map(|wanted| format!("= {wanted}{unit}"));
    let matches = measurement.matches.as_ref().map(|pattern| format!("~ {pattern}"));
    let monotonic = measurement.monotonic.map(|direction| format!("[{}]", direction.word()));
    let envelope = (!measurement.envelope.is_empty()).then(|| "[margin ≥ 0]".to_owned());
    let parts = [Some(limits).filter(|limits| !limits.is_empty()), equals, matches, monotonic, envelope];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// `number · 10^power` with `count` digits, without trailing zeros.
fn digits(number: f64, power: i32, count: usize) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
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
        text.push('-');
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
    use serde_json::json;

    #[test]
    fn numbers_are_shown_in_engineering_notation() {
        let case = |number: f64, unit: &str, expected: &str| assert_eq!(engineering(number, unit), expected);
        case(0.00123, "A", "1.23 mA");
        case(1234.0, "mV", "1.234 V");
        case(3.28, "V", "3.28 V");
        case(999.9, "V", "999.9 V");
        case(1000.0, "V", "1 kV");
        case(1e-3, "V", "1 mV");
        case(-0.05, "V", "-50 mV");
        case(0.0, "V", "0 V");
        case(4.7e4, "Ω", "47 kΩ");
        case(0.001, "m/s", "1 mm/s");
        case(21.5, "°C", "21.5 °C");
        case(5000.0, "s", "5000 s");
        case(2e-8, "s", "20 ns");
        case(0.5, "m²", "0.5 m²");
        case(12_345.678_9, "", "12345.7");
        case(2.5e-9, "", "2.5e-9");
        case(f64::NAN, "V", "nan V");
        case(f64::INFINITY, "V", "inf V");
        case(0.25, "Vrms", "250 mVrms");
    }

    #[test]
    fn limits_and_value_share_a_unit_and_a_verdict() {
        let case = |value: Value, unit: &str, min: Option<f64>, max: Option<f64>, expected: (&str, &str)| {
            let measurement = Measurement { value, unit: unit.to_owned(), min, max, ..Measurement::default() };
            let shown = format(&measurement);
            assert_eq!((shown.value.as_str(), shown.limits.as_str()), expected);
        };
        case(json!(0.00123), "A", Some(0.001), Some(0.002), ("1.23 mA", "[1 … 2]"));
        case(json!(0.00123), "A", None, Some(0.5), ("1.23 mA", "[≤ 500]"));
        case(json!(3.28), "V", Some(3.2), None, ("3.28 V", "[≥ 3.2]"));
        case(json!(1.650_025_177_386_129_5), "V", Some(1.6), Some(1.7), ("1.65003 V", "[1.6 … 1.7]"));
        case(json!(3.400_000_1), "V", None, Some(3.4), ("3.4000001 V", "[≤ 3.4]"));
        case(json!(41231), "", None, None, ("41231", ""));
        case(json!(1234), "V", None, None, ("1.234 kV", ""));
        case(json!("x"), "", None, Some(2.0), ("x", "[≤ 2]"));
        case(json!("nan"), "V", Some(1.0), None, ("nan V", "[≥ 1]"));
    }

    #[test]
    fn writes_engineering_notation() {
        let case = |number: f64, unit: &str, expected: &str| {
            let scale = Scale::of(number, unit);
            assert_eq!(scale.with_unit(&scale.number(number)), expected, "{number} {unit}");
        };
        case(0.0042, "A", "4.2 mA");
        case(3.3, "V", "3.3 V");
        case(0.0, "V", "0 V");
        case(-0.000_012, "A", "-12 µA");
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
        case(f64::NEG_INFINITY, "V", "-inf V");
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

    #[test]
    fn value_and_limits_are_readable_however_far_apart_they_are() {
        let case = |value: f64, unit: &str, max: f64, expected: (&str, &str)| {
            let measurement =
                Measurement { value: json!(value), unit: unit.to_owned(), max: Some(max), ..Measurement::default() };
            let shown = format(&measurement);
            assert_eq!((shown.value.as_str(), shown.limits.as_str()), expected);
        };
        case(1.42465e-11, "mV", 1.0, ("14.2465 fV", "[≤ 1 mV]"));
        case(1.42465e-11, "mV", 1e-10, ("14.2465 fV", "[≤ 100]"));
        case(12.0, "V", 0.1, ("12 V", "[≤ 0.1]"));
        case(12e6, "V", 0.1, ("12 MV", "[≤ 100 mV]"));
        case(-5e-9, "A", 0.0, ("-5 nA", "[≤ 0]"));
        case(0.0, "A", 1e-9, ("0 nA", "[≤ 1]"));
    }
}
