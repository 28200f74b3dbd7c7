//! Converts between units that differ by prefixes alone: `mV` and `V`, `m/s` and `mm/s`, `cm²` and `m²`.
//!
//! Pure. Invariant: units of another dimension, or with another structure, are never converted.

use super::{PLAIN, split};

/// Spellings of one symbol: the first is the usual one.
const SPELLINGS: &[&[&str]] = &[
    &["Ω", "Ohm", "ohm"],
    &["L", "l"],
    &["Sps", "SPS"],
    &["Bd", "baud"],
    &["°", "deg"],
    &["°C", "degC"],
    &["°F", "degF"],
    &["%RH", "RH"],
];

/// What separates factors.
const SEPARATORS: [char; 5] = ['/', '·', '*', '⋅', ' '];

/// A factor of a unit.
struct Factor {
    /// Power of ten of its prefix, times its exponent.
    power: i32,
    /// All of it but the prefix, and the separator before it.
    rest: String,
    /// Whether it is unclear if it belongs to the denominator: the `K` in `W/m·K`.
    is_unclear: bool,
}

/// The power of ten by which a number of `from` is multiplied to give a number of `to`; `None` if they cannot be converted.
pub fn conversion(from: &str, to: &str) -> Option<i32> {
    if from == to {
        return Some(0);
    }
    let (from, to) = (factors(from)?, factors(to)?);
    let pairs = || from.iter().zip(&to);
    let is_same = |(a, b): (&Factor, &Factor)| a.rest == b.rest && (a.power == b.power || !a.is_unclear);
    (from.len() == to.len() && pairs().all(is_same)).then(|| pairs().map(|(a, b)| a.power - b.power).sum())
}

/// Multiplies by a power of ten. Divides by negative powers, which is exact to the last digit where 10^n is.
pub fn times_power(number: f64, power: i32) -> f64 {
    if power < 0 { number / 10_f64.powi(-power) } else { number * 10_f64.powi(power) }
}

fn factors(unit: &str) -> Option<Vec<Factor>> {
    let mut found = Vec::new();
    let (mut rest, mut separator, mut divided) = (unit, None::<char>, false);
    loop {
        let end = rest.find(SEPARATORS).unwrap_or(rest.len());
        let is_unclear = divided && separator != Some('/') && !unit.contains('(');
        divided |= separator == Some('/');
        found.push(factor(&rest[..end], separator, divided, is_unclear)?);
        let Some(next) = rest[end..].chars().next() else { return Some(found) };
        separator = Some(next);
        rest = &rest[end + next.len_utf8()..];
    }
}

fn factor(text: &str, separator: Option<char>, divided: bool, is_unclear: bool) -> Option<Factor> {
    let bare = text.trim_start_matches(['(', '√']).trim_end_matches(')');
    let bare = bare.strip_prefix("sqrt(").unwrap_or(bare);
    let is_root = text.contains('√') || text.contains("sqrt");
    let (symbol, exponent) = raised(bare)?;
    let (power, name) = match split(symbol) {
        _ if PLAIN.contains(&symbol) => (0, symbol),
        Some((power, _, rest)) => (power, rest),
        None => return None,
    };
    let name = SPELLINGS.iter().find(|all| all.contains(&name)).map_or(name, |all| all[0]);
    let separator = match separator {
        Some('*' | '⋅' | ' ') => Some('·'),
        other => other,
    };
    let exponent = if divided { -exponent } else { exponent };
    // Half a power of ten is no conversion by a prefix.
    let is_odd = is_root && power % 2 != 0;
    let power = if is_root { power * exponent / 2 } else { power * exponent };
    let kept = if is_odd { text } else { name };
    Some(Factor { power, rest: format!("{separator:?}{is_root}{exponent}{kept}"), is_unclear })
}

/// The symbol, and its exponent: `m^2`, `m²`, `s⁻¹`.
fn raised(text: &str) -> Option<(&str, i32)> {
    if let Some((symbol, exponent)) = text.split_once('^') {
        return Some((symbol, exponent.parse().ok()?));
    }
    let symbol = text.trim_end_matches(['⁻', '¹', '²', '³']);
    let exponent: String = text[symbol.len()..]
        .chars()
        .map(|letter| match letter {
            '⁻' => '-',
            '¹' => '1',
            '²' => '2',
            _ => '3',
        })
        .collect();
    if exponent.is_empty() { Some((symbol, 1)) } else { Some((symbol, exponent.parse().ok()?)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_converted_and_nothing_else() {
        let case = |from: &str, to: &str, power: Option<i32>| assert_eq!(conversion(from, to), power, "{from} {to}");
        case("mV", "V", Some(-3));
        case("V", "mV", Some(3));
        case("kΩ", "Ohm", Some(3));
        case("µA", "uA", Some(0));
        case("mVrms", "Vrms", Some(-3));
        case("mVrms", "V", None);
        case("V", "A", None);
        case("V", "", None);
        case("", "V", None);
        case("cm²", "m^2", Some(-4));
        case("mm/s", "m/s", Some(-3));
        case("V/µs", "V/s", Some(6));
        case("V/s", "V/µs", Some(-6));
        case("m/s²", "m/ms²", Some(-6));
        case("kg/m³", "g/cm³", Some(-3));
        case("N·m", "mN*m", Some(3));
        case("W/m·K", "W/m·mK", None);
        case("W/m·K", "mW/m·K", Some(3));
        case("W/(m·K)", "W/(m·mK)", Some(-3));
        case("nV/√Hz", "V/√Hz", Some(-9));
        case("V/√Hz", "V/√MHz", Some(3));
        case("V/√Hz", "V/√kHz", None);
        case("°C", "K", None);
        case("°C", "degC", Some(0));
        case("min", "s", None);
        case("MiB", "kB", None);
        case("dBm", "dBV", None);
        case("s^-1", "ms⁻¹", Some(-3));
    }

    #[test]
    fn conversion_is_exact_where_decimal_numbers_are() {
        assert_eq!(times_power(3300.0, -3), 3.3);
        assert_eq!(times_power(3.3, 3), 3300.0);
        assert_eq!(times_power(1.0, -9), 1e-9);
        assert_eq!(times_power(f64::INFINITY, -3), f64::INFINITY);
    }
}
