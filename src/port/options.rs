//! How to open a port.
//!
//! Invariant: plain data, and no password is ever displayed.

use crate::name::nearest;
use crate::phrase::{any_of, did_you_mean};
use crate::value::Value;
use std::fmt;

/// The line to a board, and the login there. `None`: not set here, so the value of the next source or the default applies.
/// Each kind of port ignores what does not apply to it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LineOptions {
    /// Bits per second; not 0. Default: 115200. Boards with native USB ignore it.
    pub baud_rate: Option<u32>,
    /// The line DTR. Default: on, because boards with TinyUSB discard their output without it.
    pub dtr: Option<bool>,
    /// The line RTS. Default: the same as DTR, because on boards with an automatic reset circuit (ESP32) equal levels let
    /// the board run, while DTR off with RTS on holds it in reset.
    pub rts: Option<bool>,
    /// Bits per character, 5 to 8. Default: 8.
    pub data_bits: Option<u8>,
    /// The check of each character. Default: none.
    pub parity: Option<Parity>,
    /// Stop bits, 1 or 2. Default: 1.
    pub stop_bits: Option<u8>,
    /// How either end makes the other one wait. Default: not at all.
    pub flow: Option<Flow>,
    /// The user's name, for ports that ask for one.
    pub user: Option<String>,
    /// The password, for ports that ask for one. Never shown.
    pub password: Option<String>,
}

/// Why the value of an option is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongOption {
    /// What it takes, for example `1 or 2`.
    Takes(&'static str),
    /// A word that it does not know: the message, and its help.
    Unknown(String, String),
}

impl LineOptions {
    /// The options that [`LineOptions::set`] takes.
    pub const NAMES: [&'static str; 7] = ["baudrate", "data_bits", "parity", "stop_bits", "flow", "dtr", "rts"];

    /// Sets the option `name`, as scripts and stations write it.
    ///
    /// # Errors
    /// A value of another type, out of range, or an unknown name.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<(), WrongOption> {
        let rate = |rate: i64| u32::try_from(rate).ok().filter(|&rate| rate > 0);
        match (name, value) {
            ("baudrate", &Value::Int(bits)) if rate(bits).is_some() => self.baud_rate = rate(bits),
            ("data_bits", &Value::Int(bits @ 5..=8)) => self.data_bits = u8::try_from(bits).ok(),
            ("stop_bits", &Value::Int(bits @ 1..=2)) => self.stop_bits = u8::try_from(bits).ok(),
            ("parity", Value::Str(text)) => self.parity = Some(named(name, text, &Parity::NAMES)?),
            ("flow", Value::Str(text)) => self.flow = Some(named(name, text, &Flow::NAMES)?),
            ("dtr", &Value::Bool(on)) => self.dtr = Some(on),
            ("rts", &Value::Bool(on)) => self.rts = Some(on),
            _ => {
                return Err(WrongOption::Takes(match name {
                    "baudrate" => "a positive number of bits per second",
                    "data_bits" => "5, 6, 7 or 8",
                    "stop_bits" => "1 or 2",
                    "parity" | "flow" => "a string",
                    _ => "`true` or `false`",
                }));
            }
        }
        Ok(())
    }

    /// Bits per second.
    pub fn baud_rate(&self) -> u32 {
        self.baud_rate.unwrap_or(115_200)
    }

    /// These options, completed by `other` where they are not set.
    #[must_use]
    pub fn or(self, other: &LineOptions) -> LineOptions {
        LineOptions {
            baud_rate: self.baud_rate.or(other.baud_rate),
            dtr: self.dtr.or(other.dtr),
            rts: self.rts.or(other.rts),
            data_bits: self.data_bits.or(other.data_bits),
            parity: self.parity.or(other.parity),
            stop_bits: self.stop_bits.or(other.stop_bits),
            flow: self.flow.or(other.flow),
            user: self.user.or_else(|| other.user.clone()),
            password: self.password.or_else(|| other.password.clone()),
        }
    }
}

impl fmt::Debug for LineOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineOptions")
            .field("baud_rate", &self.baud_rate)
            .field("dtr", &self.dtr)
            .field("rts", &self.rts)
            .field("data_bits", &self.data_bits)
            .field("parity", &self.parity)
            .field("stop_bits", &self.stop_bits)
            .field("flow", &self.flow)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| format_args!("…")))
            .finish()
    }
}

/// What the word `text` means for the option `name`.
fn named<T: Copy>(name: &str, text: &str, names: &[(&'static str, T)]) -> Result<T, WrongOption> {
    if let Some((_, meant)) = names.iter().find(|(known, _)| *known == text) {
        return Ok(*meant);
    }
    let near = nearest(text, names.iter().map(|(known, _)| *known));
    let quoted: Vec<String> = names.iter().map(|(known, _)| format!("\"{known}\"")).collect();
    let help = near.map_or_else(|| format!("use {}", any_of(&quoted)), did_you_mean);
    Err(WrongOption::Unknown(format!("unknown {name} \"{text}\""), help))
}

/// The parity bit of each character on a serial line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parity {
    /// None is sent.
    #[default]
    None,
    /// The number of ones becomes odd.
    Odd,
    /// The number of ones becomes even.
    Even,
}

impl Parity {
    /// Each name that scripts use for it.
    pub const NAMES: [(&'static str, Parity); 3] =
        [("none", Parity::None), ("odd", Parity::Odd), ("even", Parity::Even)];
}

/// Flow control of a serial line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// None.
    #[default]
    None,
    /// The bytes XON and XOFF.
    Software,
    /// The lines RTS and CTS.
    Hardware,
}

impl Flow {
    /// Each name that scripts use for it.
    pub const NAMES: [(&'static str, Flow); 5] = [
        ("none", Flow::None),
        ("xon/xoff", Flow::Software),
        ("rts/cts", Flow::Hardware),
        ("software", Flow::Software),
        ("hardware", Flow::Hardware),
    ];
}

/// One opening of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortOptions {
    /// The line and the login.
    pub line: LineOptions,
    /// Whether to lock out other programs. (Windows always does.)
    pub exclusive: bool,
    /// How many times this recording was opened before: it contains one session per opening.
    pub turn: usize,
    /// Whether to answer the questions of a telnet server that asks for a login, as that of a board does. Default: true.
    pub logs_in: bool,
}

impl Default for PortOptions {
    fn default() -> PortOptions {
        PortOptions { line: LineOptions::default(), exclusive: true, turn: 0, logs_in: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_displays_a_password() {
        let line = LineOptions { password: Some("hush".to_owned()), ..LineOptions::default() };
        let options = PortOptions { line, ..PortOptions::default() };
        let shown = format!("{options:?} {options:#?}");
        assert!(!shown.contains("hush") && shown.contains("password: Some(…)"), "{shown}");
    }

    #[test]
    fn options_are_completed_one_by_one() {
        let some = |text: &str| Some(text.to_owned());
        let first = LineOptions { baud_rate: Some(50), dtr: Some(false), user: some("me"), ..LineOptions::default() };
        let second = LineOptions {
            baud_rate: Some(9600),
            dtr: Some(true),
            rts: Some(true),
            parity: Some(Parity::Even),
            user: some("you"),
            password: some("hush"),
            ..LineOptions::default()
        };
        let both = LineOptions {
            baud_rate: Some(50),
            dtr: Some(false),
            rts: Some(true),
            parity: Some(Parity::Even),
            user: some("me"),
            password: some("hush"),
            ..LineOptions::default()
        };
        assert_eq!(first.or(&second), both);
        assert_eq!(LineOptions::default().or(&second), second);
        assert_eq!(LineOptions::default().baud_rate(), 115_200);
    }
}
