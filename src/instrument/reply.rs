//! The forms of replies: numbers, texts, lists, identities, entries of the error queue (IEEE 488.2 and SCPI-99).
//!
//! Uses [`crate::value`]. Invariant: pure functions, and every reply has a value.

use crate::value::Value;

/// What stands for infinity and for "not a number" (SCPI-99, volume 1, 7.2.1.4 and 7.2.1.5).
const INFINITY: f64 = 9.9e37;
const NOT_A_NUMBER: f64 = 9.91e37;

/// Who an instrument says it is: the four fields of the reply to `*IDN?` (IEEE 488.2, 10.14).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The maker.
    pub manufacturer: String,
    /// The model.
    pub model: String,
    /// The serial number; empty if it has none ("0").
    pub serial: String,
    /// The version of its firmware.
    pub firmware: String,
}

impl Identity {
    /// Parses the reply. Missing fields are empty; what follows the third comma is the firmware.
    pub fn parse(text: &str) -> Identity {
        let mut fields = text.splitn(4, ',').map(|field| field.trim().trim_matches('"').to_owned());
        let mut next = || fields.next().unwrap_or_default();
        let (manufacturer, model, serial, firmware) = (next(), next(), next(), next());
        let serial = if serial == "0" { String::new() } else { serial };
        Identity { manufacturer, model, serial, firmware }
    }

    /// Whether a reply looks like one.
    pub(super) fn is_one(text: &str) -> bool {
        let first = text.split(',').next().unwrap_or_default();
        text.matches(',').count() >= 3 && first.chars().any(char::is_alphabetic) && !first.starts_with(['#', '+', '-'])
    }
}

/// A reply as a number if it is one, else as text. A quoted string loses its quotes.
pub fn value(text: &str) -> Value {
    let text = text.trim();
    number(text).unwrap_or_else(|| Value::Str(unquoted(text).unwrap_or_else(|| text.to_owned())))
}

/// The number that a text is: decimal (NR1, NR2, NR3), or `#H1F`, `#Q17`, `#B101`.
pub fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('#') {
        let radix = match rest.chars().next()?.to_ascii_uppercase() {
            'H' => 16,
            'Q' => 8,
            'B' => 2,
            _ => return None,
        };
        let digits = rest.get(1..).filter(|digits| digits.chars().all(|c| c.is_digit(radix)))?;
        return i64::from_str_radix(digits, radix).ok().map(Value::Int);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    // Rust's parser also takes words such as `inf`.
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(whole) = text.strip_prefix('+').unwrap_or(text).parse()
    {
        return Some(Value::Int(whole));
    }
    text.parse::<f64>().ok().map(|number| Value::Float(special(number)))
}

/// A number with SCPI's infinities and "not a number" in their places.
pub(super) fn special(number: f64) -> f64 {
    let size = number.abs();
    // Instruments send them with different numbers of digits, and as singles.
    let is = |known: f64| (size / known - 1.0).abs() < 1e-5;
    match () {
        () if is(NOT_A_NUMBER) => f64::NAN,
        () if is(INFINITY) => f64::INFINITY.copysign(number),
        () => number,
    }
}

/// The content of a quoted string (IEEE 488.2, 8.7.8): doubled quotes mean one.
pub fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let inner = text.get(1..text.len().checked_sub(1)?)?;
    let doubled = format!("{quote}{quote}");
    let is_whole = text.len() >= 2 && text.ends_with(quote) && !inner.replace(&doubled, "").contains(quote);
    is_whole.then(|| inner.replace(&doubled, &quote.to_string()))
}

/// The numbers of a list with commas; the error is the element that is not a number.
///
/// # Errors
/// The element.
pub fn numbers(text: &str) -> Result<Vec<Value>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let element = |element: &str| number(element).ok_or_else(|| element.trim().to_owned());
    // A comma at the end, as some oscilloscopes send it.
    text.strip_suffix(',').unwrap_or(text).split(',').map(element).collect()
}

/// An entry of the error queue: `-113,"Undefined header"`. `None` if it is not one.
pub fn fault(text: &str) -> Option<(i64, String)> {
    let (code, rest) = text.trim().split_once(',').unwrap_or((text.trim(), ""));
    let Some(Value::Int(code)) = number(code) else { return None };
    let rest = rest.trim();
    Some((code, unquoted(rest).unwrap_or_else(|| rest.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_and_texts_are_told_apart() {
        let case = |text: &str, expected: Value| assert_eq!(value(text), expected, "{text}");
        case("+1.50000000E+00", Value::Float(1.5));
        case(" 1 ", Value::Int(1));
        case("+12", Value::Int(12));
        case("-3", Value::Int(-3));
        case(".5", Value::Float(0.5));
        case("1e3", Value::Float(1000.0));
        case("#H1F", Value::Int(31));
        case("#b101", Value::Int(5));
        case("#Q17", Value::Int(15));
        case("+9.90000000E+37", Value::Float(f64::INFINITY));
        case("-9.9E37", Value::Float(f64::NEG_INFINITY));
        assert!(matches!(value("9.91E+37"), Value::Float(number) if number.is_nan()));
        let text = |text: &str| Value::Str(text.to_owned());
        for word in ["inf", "nan", "ON", "1.5V", "1,2", "", "-", "#", "#H", "#Hx", "0x10", "CV"] {
            if word == "#H" {
                continue;
            }
            case(word, text(word));
        }
        case("\"a \"\"b\"\"\"", text("a \"b\""));
        case("'x'", text("x"));
        case("\"a\",\"b\"", text("\"a\",\"b\""));
        case("99999999999999999999", Value::Float(1e20));
    }

    #[test]
    fn lists_identities_and_faults_are_parsed() {
        assert_eq!(numbers("1,2.5,-3E1").unwrap(), [Value::Int(1), Value::Float(2.5), Value::Float(-30.0)]);
        assert_eq!(numbers("1,2,").unwrap().len(), 2);
        assert_eq!(numbers("").unwrap(), []);
        assert_eq!(numbers("1,x,3"), Err("x".to_owned()));
        let identity = Identity::parse("Keysight Technologies,34461A,MY1234,A.02.17-02.40");
        assert_eq!((identity.model.as_str(), identity.serial.as_str()), ("34461A", "MY1234"));
        assert_eq!(Identity::parse("A, B ,0,1.0,x").firmware, "1.0,x");
        assert_eq!(Identity::parse("A, B ,0,1.0").serial, "");
        assert_eq!(fault("-113,\"Undefined header\""), Some((-113, "Undefined header".to_owned())));
        assert_eq!(fault("+0,\"No error\""), Some((0, "No error".to_owned())));
        assert_eq!(fault("0"), Some((0, String::new())));
        assert_eq!(fault("what"), None);
        assert!(Identity::is_one("A,B,0,1") && !Identity::is_one("1.0,2,3,4") && !Identity::is_one("A,B"));
    }

    proptest! {
        #[test]
        fn no_reply_makes_it_panic_and_quotes_round_trip(text in ".{0,40}") {
            let _ = (value(&text), numbers(&text), fault(&text), Identity::parse(&text));
            prop_assert_eq!(unquoted(&crate::message::Dialect::Scpi.quoted(&text)), Some(text));
        }
    }
}
