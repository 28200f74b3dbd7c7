//! The identity of one particular board, for reports.
//!
//! It is requested on demand: opening a board does not wait for it. Invariant: a board that cannot report it is not an
//! error.

use crate::device::handle::Device;
use crate::value::Value;
use std::fmt::Write as _;

/// What a board reports about itself in addition to its firmware.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// `sys.implementation._machine`, for example `Raspberry Pi Pico W with RP2040`.
    pub machine: Option<String>,
    /// `machine.unique_id()`, of CircuitPython `microcontroller.cpu.uid`, in hexadecimal.
    pub unique_id: Option<String>,
}

impl About {
    /// Parses the reply: the machine, and the bytes of the unique id.
    fn from_value(value: &Value) -> About {
        let Value::Tuple(fields) = value else { return About::default() };
        let machine = match fields.first() {
            Some(Value::Str(machine)) if !machine.is_empty() => Some(machine.clone()),
            _ => None,
        };
        let unique_id = match fields.get(1) {
            Some(Value::Bytes(bytes)) if !bytes.is_empty() => {
                Some(bytes.iter().fold(String::new(), |mut text, byte| {
                    let _ = write!(text, "{byte:02x}");
                    text
                }))
            }
            _ => None,
        };
        About { machine, unique_id }
    }
}

impl Device {
    /// As [`Device::about`], unless another thread uses the device.
    pub fn about_if_idle(&self) -> Option<About> {
        drop(self.try_lock()?);
        Some(self.about())
    }

    /// Asks the board in one exchange; what it does not report is `None`.
    pub fn about(&self) -> About {
        let id = match self.firmware().name.as_str() {
            "circuitpython" => "__import__('microcontroller').cpu.uid",
            _ => "__import__('machine').unique_id()",
        };
        let asked = |id: &str| {
            let code = format!("(getattr(__import__('sys').implementation,'_machine',None),{id})");
            self.exec(&code, None).map(|value| About::from_value(&value))
        };
        asked(id).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_any_reply() {
        let about = |text: &str| About::from_value(&crate::value::parse::parse(text).unwrap());
        let pico = about(r"('Raspberry Pi Pico with RP2040', b'\xe6a\x0c')");
        assert_eq!(pico.machine.as_deref(), Some("Raspberry Pi Pico with RP2040"));
        assert_eq!(pico.unique_id.as_deref(), Some("e6610c"));
        assert_eq!(about("(None, bytearray(b'\\x01'))").unique_id.as_deref(), Some("01"));
        for odd in ["(None, None)", "('', b'')", "(1, 'x')", "()", "7"] {
            assert_eq!(about(odd), About::default(), "{odd}");
        }
    }
}
