//! Units of measured values: validation, and engineering notation.
//!
//! A unit is a product of factors: `V`, `mA`, `m/s^2`, `V/√Hz`, `°C/W`, `Vrms`. Symbols are those of the SI brochure (9th
//! edition, tables 2 to 8) and of the lab: levels, counts, revolutions, data. Pure.
//! Invariant: the displayed and the judged number are the same, except for digits that do not affect the verdict.

mod conversion;

use super::measurement::Measurement;
use crate::name::nearest;
use crate::phrase::count;
pub use conversion::{conversion, times_power};
use serde_json::Value;

/// Symbols that take prefixes.
const SCALED: &[&str] = &[
    "m", "g", "s", "A", "K", "mol", "cd", "Hz", "N", "Pa", "J", "W", "C", "V", "F", "Ω", "Ohm", "ohm", "S", "Wb", "T",
    "H", "lm", "lx", "Bq", "Gy", "Sv", "kat", "rad", "sr", "L", "l", "bar", "eV", "Wh", "VA", "var", "Ah", "B", "bit",
    "Bd", "baud", "bps", "Sps", "SPS", "As", "Vs", "Nm", "Ωm",
];

/// Symbols that do not.
const PLAIN: &[&str] = &[
    "%", "‰", "ppm", "ppb", "°", "deg", "°C", "°F", "degC", "degF", "min", "h", "d", "dB", "dBm", "dBV", "dBu", "dBA",
    "dBc", "dBi", "dBFS", "rpm", "1", "LSB", "count", "counts", "digit", "digits", "px", "pixel", "pixels", "step",
    "steps", "pulse", "pulses", "sample", "samples", "tick", "ticks", "cycle", "cycles", "%RH", "RH", "pH", "arb",
    "KiB", "MiB", "GiB", "psi", "in", "\"", "′", "″",
];

/// Suffixes allowed after the symbol of a voltage, current or power.
const KINDS: &[&str] = &["pp", "rms", "pk", "dc", "ac", "DC", "AC", "p", "_pp", "_rms", "_pk", "_dc", "_ac"];

/// Common misspellings of symbols.
const SLIPS: &[(&str, &str)] = &[
    ("volt", "V"),
    ("volts", "V"),
    ("v", "V"),
    ("amp", "A"),
    ("amps", "A"),
    ("ampere", "A"),
    ("a", "A"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("hz", "Hz"),
    ("hertz", "Hz"),
    ("watt", "W"),
    ("watts", "W"),
    ("ohms", "Ω"),
    ("celsius", "°C"),
    ("kelvin", "K"),
    ("degrees", "°"),
    ("percent", "%"),
    ("meter", "m"),
    ("metre", "m"),
    ("meters", "m"),
    ("gram", "g"),
    ("farad", "F"),
    ("henry", "H"),
    ("byte", "B"),
    ("bytes", "B"),
    ("bits", "bit"),
    ("minutes", "min"),
    ("hours", "h"),
    ("mv", "mV"),
    ("ma", "mA"),
    ("uv", "µV"),
    ("ua", "µA"),
    ("khz", "kHz"),
    ("mhz", "MHz"),
    ("millivolt", "mV"),
    ("millivolts", "mV"),
    ("milliamps", "mA"),
    ("kohm", "kΩ"),
];

/// Prefixes with their powers of ten; those of engineering notation are multiples of three.
const PREFIXES: &[(&str, i32)] = &[
    ("q", -30),
    ("r", -27),
    ("y", -24),
    ("z", -21),
    ("a", -18),
    ("f", -15),
    ("p", -12),
    ("n", -9),
    ("µ", -6),
    ("μ", -6),
    ("u", -6),
    ("m", -3),
    ("c", -2),
    ("d", -1),
    ("da", 1),
    ("h", 2),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
    ("Z", 21),
    ("Y", 24),
    ("R", 27),
    ("Q", 30),
];

/// Symbols that are never scaled to thousands.
const NO_THOUSANDS: &[&str] = &["s", "Ah", "As"];

/// A unit split at its first symbol.
struct Unit<'a> {
    /// Power of ten of its prefix.
    power: i32,
    /// The unit without that prefix.
    rest: &'a str,
    /// The first symbol without prefix, if it takes one and is not raised to a power.
    symbol: Option<&'static str>,
}

/// Checks a unit.
///
/// # Errors
/// A suggestion, if there is one.
pub fn check(unit: &str) -> Result<(), Option<String>> {
    if unit.is_empty() {
        return Ok(());
    }
    let mut wrong = None;
    for factor in factors(unit) {
        if !is_factor(factor) {
            wrong = Some(factor);
            break;
        }
    }
    let Some(wrong) = wrong else { return Ok(()) };
    let slip = SLIPS.iter().find(|(slip, _)| slip.eq_ignore_ascii_case(wrong)).map(|(_, meant)| (*meant).to_owned());
    let known = || {
        let whole = SCALED.iter().chain(PLAIN).copied();
        let same = whole.clone().find(|symbol| symbol.eq_ignore_ascii_case(wrong));
        same.or_else(|| nearest(wrong, whole)).map(str::to_owned)
    };
    Err(slip.or_else(known))
}

/// The factors of a unit: `m/s^2` has `m` and `s^2`.
fn factors(unit: &str) -> impl Iterator<Item = &str> {
    unit.split(['/', '·', '*', '⋅', ' ']).map(|factor| factor.trim_matches(['(', ')']))
}

fn is_factor(factor: &str) -> bool {
    let factor = factor.strip_prefix('√').unwrap_or(factor);
    let factor = factor.strip_prefix("sqrt(").unwrap_or(factor);
    let (symbol, _) = exponent(factor);
    PLAIN.contains(&symbol) || split(symbol).is_some()
}

/// The symbol before an exponent, and whether there is one.
fn exponent(factor: &str) -> (&str, bool) {
    let bare = factor.trim_end_matches(['⁻', '¹', '²', '³']);
    if bare.len() < factor.len() {
        return (bare, true);
    }
    match factor.split_once('^') {
        Some((symbol, power)) if power.trim_start_matches('-').parse::<u8>().is_ok() => (symbol, true),
        _ => (factor, false),
    }
}

/// Splits a symbol into a power of ten and a symbol that takes prefixes: `mA` is -3 and `A`.
fn split(symbol: &str) -> Option<(i32, &'static str, &str)> {
    let known = |text: &str| {
        let kind = |base: &&&str| {
            let kinds = matches!(**base, "V" | "A" | "W");
            text.strip_prefix(**base).is_some_and(|end| end.is_empty() || kinds && KINDS.contains(&end))
        };
        // `Vs` is not a `V` with a suffix.
        SCALED.iter().find(|base| **base == text).or_else(|| SCALED.iter().find(|base| kind(base))).copied()
    };
    if let Some(base) = known(symbol) {
        return Some((0, base, symbol));
    }
    PREFIXES.iter().find_map(|(prefix, power)| {
        let rest = symbol.strip_prefix(prefix)?;
        known(rest).map(|base| (*power, base, rest))
    })
}

fn parse(unit: &str) -> Unit<'_> {
    let end = unit.find(['/', '·', '*', '⋅', ' ']).unwrap_or(unit.len());
    let first = &unit[..end];
    let (symbol, raised) = exponent(first);
    match split(symbol) {
        // Only in the numerator: `m/s` scales; `s^-1` and `m²` do not.
        Some((power, base, rest)) if !raised && !PLAIN.contains(&symbol) => {
            let start = symbol.len() - rest.len();
            Unit { power, rest: &unit[start..], symbol: Some(base) }
        }
        _ => Unit { power: 0, rest: unit, symbol: None },
    }
}

/// A measurement for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormattedMeasurement {
    /// The value with its unit: `1.23 mA`.
    pub value: String,
    /// The unit of value and limits, with the prefix that suits them.
    pub unit: String,
    /// The limits in the same unit: `[1 … 2]`, `[≥ 1]`, `= 5`, or nothing.
    pub limits: String,
    /// The expected value alone, if exactly that is expected.
    pub wanted: Option<String>,
    /// The lower limit alone.
    pub min: Option<String>,
    /// The upper limit alone.
    pub max: Option<String>,
}

/// Formats a measurement in engineering notation: the prefix suits its limits, or the value if there are none.
pub fn format(measurement: &Measurement) -> FormattedMeasurement {
    let (min, max) = measurement.limits();
    let wanted = measurement.equals.as_ref().filter(|_| measurement.within_percent.is_none()).map(plain);
    let largest = [min, max].into_iter().flatten().map(f64::abs).filter(|limit| limit.is_finite()).fold(0.0, f64::max);
    let spread = spread(&measurement.value);
    let own = measurement.number().or(spread.map(|(low, high)| low.abs().max(high.abs()))).map_or(0.0, f64::abs);
    let is_number = measurement.number().is_some() || spread.is_some();
    let scale = match is_number {
        true => Scale::of(&measurement.unit, if largest > 0.0 { largest } else { own }),
        false => Scale { power: 0, unit: measurement.unit.clone() },
    };
    let limit = |limit: f64| if is_number { scale.limit(limit) } else { digits(limit, 12) };
    let (low, high) = (min.map(limit), max.map(limit));
    let shown = |number: f64, exact: &Value| scale.value(number, min, max, exact);
    let value = match (measurement.number(), spread) {
        (Some(number), _) => format!("{} {}", shown(number, &measurement.value), scale.unit),
        (None, Some((low, high))) => {
            format!("{} … {} {}", shown(low, &Value::Null), shown(high, &Value::Null), scale.unit)
        }
        (None, None) => listed(&measurement.value, &measurement.unit),
    };
    FormattedMeasurement {
        value: value.trim_end().to_owned(),
        limits: conditions(measurement, low.as_deref(), high.as_deref()),
        unit: scale.unit,
        wanted,
        min: low,
        max: high,
    }
}

/// The lowest and the highest value of a list, as its part `all` holds them.
pub fn spread(value: &Value) -> Option<(f64, f64)> {
    let number = |key: &str| value.get(key).and_then(super::numbers::from_json);
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
        let place = value.get("x").and_then(super::numbers::from_json);
        return place.map_or_else(|| format!("from [{from}]"), |x| format!("from {}", digits(x, 6)));
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

/// The prefix with which `largest` has one to three digits before the point: the power of ten to divide numbers by, and
/// the unit with that prefix.
pub fn scaled(unit: &str, largest: f64) -> (i32, String) {
    let scale = Scale::of(unit, largest);
    (scale.power, scale.unit)
}

/// A number with its unit in engineering notation.
pub fn engineering(number: f64, unit: &str) -> String {
    with_digits(number, unit, 6)
}

/// Like [`engineering`], with the digits that tell two measured values apart.
pub fn exact(number: f64, unit: &str) -> String {
    with_digits(number, unit, 12)
}

fn with_digits(number: f64, unit: &str, most: usize) -> String {
    let scale = Scale::of(unit, number.abs());
    format!("{} {}", digits(number / scale.factor(), most), scale.unit).trim_end().to_owned()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The conditions on the value.
fn conditions(measurement: &Measurement, min: Option<&str>, max: Option<&str>) -> String {
    let limits = match (min, max) {
        (Some(min), Some(max)) => format!("[{min} … {max}]"),
        (Some(min), None) => format!("[≥ {min}]"),
        (None, Some(max)) => format!("[≤ {max}]"),
        (None, None) => String::new(),
    };
    let equals = measurement.equals.as_ref().filter(|_| measurement.within_percent.is_none());
    let equals = equals.map(|wanted| format!("= {}", plain(wanted)));
    let matches = measurement.matches.as_ref().map(|pattern| format!("~ {pattern}"));
    let monotonic = measurement.monotonic.map(|direction| format!("[{}]", direction.word()));
    let envelope = (!measurement.envelope.is_empty()).then(|| "[margin ≥ 0]".to_owned());
    let parts = [Some(limits).filter(|limits| !limits.is_empty()), equals, matches, monotonic, envelope];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// How values of a unit are scaled.
struct Scale {
    /// Power of ten by which they are divided.
    power: i32,
    unit: String,
}

impl Scale {
    /// The scale with which `largest` has one to three digits before the point.
    fn of(unit: &str, largest: f64) -> Scale {
        let as_it_is = Scale { power: 0, unit: unit.to_owned() };
        let parsed = parse(unit);
        let Some(symbol) = parsed.symbol else { return as_it_is };
        if largest == 0.0 || !largest.is_finite() {
            return as_it_is;
        }
        let base = largest * 10f64.powi(parsed.power);
        #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a finite float is below 1000")]
        let exponent = (base.log10() + 1e-12).floor() as i32;
        let wanted = exponent.div_euclid(3) * 3;
        let wanted = if NO_THOUSANDS.contains(&symbol) { wanted.min(0) } else { wanted };
        let prefix = if wanted == 0 {
            Some("")
        } else {
            PREFIXES.iter().find(|(_, power)| *power == wanted).map(|(prefix, _)| *prefix)
        };
        match prefix {
            Some(prefix) => Scale { power: wanted - parsed.power, unit: format!("{prefix}{}", parsed.rest) },
            None => as_it_is,
        }
    }

    fn factor(&self) -> f64 {
        10f64.powi(self.power)
    }

    fn limit(&self, limit: f64) -> String {
        digits(limit / self.factor(), 12)
    }

    /// Six digits, or as many as it takes to be on the correct side of the limits.
    fn value(&self, number: f64, min: Option<f64>, max: Option<f64>, exact: &Value) -> String {
        if self.power == 0 && exact.is_i64() {
            return exact.to_string();
        }
        let sides = |number: f64| (min.map(|limit| number >= limit), max.map(|limit| number <= limit));
        let texts = (6..=15).map(|count| digits(number / self.factor(), count));
        let right = |text: &String| {
            let shown = text.parse::<f64>().map(|shown| shown * self.factor());
            shown.is_ok_and(|shown| sides(shown) == sides(number))
        };
        texts.into_iter().find(right).unwrap_or_else(|| (number / self.factor()).to_string())
    }
}

/// Formats a number with at most `count` significant digits.
fn digits(number: f64, count: usize) -> String {
    if number == 0.0 || !number.is_finite() {
        return if number.is_nan() { "nan".to_owned() } else { number.to_string() };
    }
    let scientific = format!("{:.*e}", count.saturating_sub(1), number);
    let rounded: f64 = scientific.parse().unwrap_or(number);
    if (1e-6..1e15).contains(&rounded.abs()) {
        return rounded.to_string();
    }
    format!("{rounded:e}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn knows_common_units() {
        for unit in [
            "", "V", "mV", "µV", "μA", "uA", "kΩ", "MHz", "m/s", "m/s^2", "m/s²", "V/√Hz", "N·m", "N*m", "kg/m³", "°C",
            "°C/W", "%", "dBm", "Vrms", "mVpp", "mAh", "kB", "MiB", "bit/s", "rpm", "LSB", "kWh", "ppm/K", "hPa",
            "s^-1", "mm", "cd/m²", "V/µs", "nV/√Hz",
        ] {
            assert_eq!(check(unit), Ok(()), "{unit}");
        }
    }

    #[test]
    fn an_invalid_unit_gets_a_suggestion() {
        let case =
            |unit: &str, expected: Option<&str>| assert_eq!(check(unit), Err(expected.map(str::to_owned)), "{unit}");
        case("volts", Some("V"));
        case("v", Some("V"));
        case("hz", Some("Hz"));
        case("mv", Some("mV"));
        case("Amps", Some("A"));
        case("furlongs", None);
        case("m//s", None);
    }

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
}
