//! Wires between simulated instruments and simulated boards: what a station describes in `[[wiring]]`.
//!
//! Uses [`crate::value`]. Invariant: pure data and functions; who carries the values is in [`crate::device`].

use crate::value::Value;
use std::fmt;

/// The voltage at which an ADC is at its full scale, and half of which is the threshold of a pin, unless a wire says otherwise.
pub const REFERENCE: f64 = 3.3;

/// The full scale of an ADC, as `read_u16` gives it.
const FULL_SCALE: f64 = 65535.0;

/// One end of a wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A property of an instrument.
    Property {
        /// The instrument, by its name in the station.
        of: String,
        /// The property.
        name: String,
    },
    /// An ADC channel, or the pin of one, of a board.
    Adc {
        /// The board, by its name in the station.
        of: String,
        /// The channel.
        channel: u32,
    },
    /// A pin of a board.
    Pin {
        /// The board, by its name in the station.
        of: String,
        /// The pin.
        number: u32,
    },
}

impl End {
    /// The ADC or the pin that `adc26` or `pin15` means.
    pub fn of_board(of: &str, what: &str) -> Option<End> {
        let number =
            |digits: &str| digits.parse::<u32>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let of = of.to_owned();
        if let Some(channel) = what.strip_prefix("adc").and_then(number) {
            return Some(End::Adc { of, channel });
        }
        what.strip_prefix("pin").and_then(number).map(|number| End::Pin { of, number })
    }

    /// The instrument or the board.
    pub fn owner(&self) -> &str {
        match self {
            End::Property { of, .. } | End::Adc { of, .. } | End::Pin { of, .. } => of,
        }
    }

    /// Whether it is at this instrument.
    pub fn is_of_instrument(&self, instrument: &str) -> bool {
        matches!(self, End::Property { of, .. } if of == instrument)
    }

    /// Whether it is at this board.
    pub fn is_of_board(&self, board: &str) -> bool {
        matches!(self, End::Adc { of, .. } | End::Pin { of, .. } if of == board)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Property { of, name } => write!(f, "{of}.{name}"),
            End::Adc { of, channel } => write!(f, "{of}.adc{channel}"),
            End::Pin { of, number } => write!(f, "{of}.pin{number}"),
        }
    }
}

/// A wire: the value at its begin, times the gain, plus the offset, within its limits, is the value at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// Where the value comes from.
    pub from: End,
    /// Where it goes.
    pub to: End,
    /// See [`Wire`].
    pub gain: f64,
    /// See [`Wire`].
    pub offset: f64,
    /// The least value that is carried.
    pub min: Option<f64>,
    /// The greatest value that is carried.
    pub max: Option<f64>,
    /// The voltage of a pin that is high, and of the full scale of an ADC.
    pub reference: f64,
    /// The line of the station file.
    pub line: u32,
}

impl Wire {
    /// What arrives of a property's value, or of a pin's level, which is 0 or 1. A text passes between instruments as it is.
    pub fn carried(&self, value: &Value) -> Value {
        let is_level = matches!(self.from, End::Pin { .. });
        #[expect(clippy::cast_precision_loss, reason = "levels and settings of instruments")]
        let volts = match value {
            Value::Bool(on) => f64::from(u8::from(*on)) * self.reference,
            Value::Int(level) if is_level => f64::from(u8::from(*level != 0)) * self.reference,
            Value::Int(whole) => *whole as f64,
            Value::Float(number) => *number,
            other => return other.clone(),
        };
        let volts =
            (volts * self.gain + self.offset).max(self.min.unwrap_or(f64::MIN)).min(self.max.unwrap_or(f64::MAX));
        match &self.to {
            End::Property { .. } => Value::Float(volts),
            End::Pin { .. } => Value::Int(i64::from(volts >= self.reference / 2.0)),
            #[expect(clippy::cast_possible_truncation, reason = "it is at most 65535")]
            End::Adc { .. } => Value::Int((volts / self.reference * FULL_SCALE).round().clamp(0.0, FULL_SCALE) as i64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(from: End, to: End) -> Wire {
        Wire { from, to, gain: 1.0, offset: 0.0, min: None, max: None, reference: REFERENCE, line: 1 }
    }

    #[test]
    fn values_are_scaled_limited_and_converted() {
        let property = || End::Property { of: "psu".to_owned(), name: "out".to_owned() };
        let adc = || End::of_board("dut", "adc26").unwrap();
        let pin = || End::of_board("dut", "pin15").unwrap();
        let divider = Wire { gain: 0.5, ..wire(property(), adc()) };
        assert_eq!(divider.carried(&Value::Float(3.3)), Value::Int(32768));
        assert_eq!(divider.carried(&Value::Float(99.0)), Value::Int(65535));
        assert_eq!(divider.carried(&Value::Float(-1.0)), Value::Int(0));
        let regulator = Wire { max: Some(3.302), offset: -0.1, ..wire(property(), property()) };
        assert_eq!(regulator.carried(&Value::Int(5)), Value::Float(3.302));
        assert_eq!(regulator.carried(&Value::Int(2)), Value::Float(1.9));
        assert_eq!(regulator.carried(&Value::Str("CV".to_owned())), Value::Str("CV".to_owned()));
        let enable = wire(property(), pin());
        for (value, level) in
            [(Value::Bool(true), 1), (Value::Bool(false), 0), (Value::Float(1.6), 0), (Value::Int(5), 1)]
        {
            assert_eq!(enable.carried(&value), Value::Int(level), "{value:?}");
        }
        let output = Wire { reference: 1.8, ..wire(pin(), property()) };
        assert_eq!(
            (output.carried(&Value::Int(1)), output.carried(&Value::Int(0))),
            (Value::Float(1.8), Value::Float(0.0))
        );
    }

    #[test]
    fn ends_have_their_text() {
        for text in ["adc26", "pin0"] {
            assert_eq!(End::of_board("dut", text).unwrap().to_string(), format!("dut.{text}"));
        }
        for text in ["adc", "pin", "pin+1", "pin 1", "adc-1", "led", ""] {
            assert_eq!(End::of_board("dut", text), None);
        }
    }
}
