//! Units of measured values: validation, and engineering notation.
//!
//! A unit is a product of factors: `V`, `mA`, `m/s^2`, `V/√Hz`, `°C/W`, `Vrms`. Symbols are those of the SI brochure (9th
//! edition, tables 2 to 8) and of the lab: levels, counts, revolutions, data. Pure.
//! [`format()`] shows measurements, in the one way of all reports.

mod conversion;
mod shown;

use crate::name::nearest;
pub use conversion::{conversion, times_power};
pub use shown::{FormattedMeasurement, Scale, Scales, engineering, exact, format, spread};

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

/// The prefix with which `largest` has one to three digits before the point: the power of ten to divide numbers by, and
/// the unit with that prefix.
fn scaled(unit: &str, largest: f64) -> (i32, String) {
    let as_it_is = (0, unit.to_owned());
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
        Some(prefix) => (wanted - parsed.power, format!("{prefix}{}", parsed.rest)),
        None => as_it_is,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
