//! Recordings of the traffic between host and boards: `--record FILE` writes one, `replay:FILE` replays it.
//!
//! Uses [`crate::error`]. Invariant: every line is written immediately and completely, so the recording of a killed run is
//! valid up to its last line. Ports log in below this layer, so it contains no passwords.
//!
//! # The file
//! Text, one event per line. The first line is `belay-script recording 1`, where `1` is the version of the format. Empty
//! lines and lines that start with `#` are ignored. All others start with the number of the session, 1 for the port
//! opened first:
//!
//! | line | meaning |
//! |---|---|
//! | `1 port "sim" soft_reset raw_paste` | a port was opened: its name, then its abilities |
//! | `1 token "dG9rZW4"` | the token that frames the replies of this session |
//! | `1 1234 > "print(1)\x04"` | 1234 µs later the host wrote these bytes |
//! | `1 1250 < "OK1\r\n"` | the host waited and received these bytes |
//! | `1 1300 = "beep"` | the host read these available bytes without waiting |
//! | `1 1400 ! timeout` | the wait ended without data; also `interrupted` (Ctrl-C) and `gone "how"` |
//! | `1 1500 !> timeout` | the write of the previous line failed like this |
//!
//! In quotes, `\\`, `\"`, `\r`, `\n`, `\t` and `\xNN` are escapes; all other bytes are printable ASCII.

mod record;
mod replay;

pub use record::Recorder;
pub use replay::ReplayPort;

use super::{Abilities, PortError};
use crate::port::loss::Loss;
use std::fmt::Write as _;

/// The first line.
const HEADER: &str = "belay-script recording 1";

/// One event on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    /// The host wrote.
    Written(Vec<u8>),
    /// The host waited and received.
    Read(Vec<u8>),
    /// The host read without waiting.
    Found(Vec<u8>),
    /// A read failed.
    Failed(PortError),
    /// The previous write failed.
    Refused(PortError),
}

/// The field of an ability.
type Ability = fn(&mut Abilities) -> &mut bool;

/// The abilities by name, in written order.
const ABILITIES: [(&str, Ability); 10] = [
    ("soft_reset", |abilities| &mut abilities.soft_reset),
    ("fresh", |abilities| &mut abilities.fresh),
    ("starts_on_open", |abilities| &mut abilities.starts_on_open),
    ("raw_paste", |abilities| &mut abilities.raw_paste),
    ("own_flash", |abilities| &mut abilities.own_flash),
    ("simulated", |abilities| &mut abilities.simulated),
    ("holds_back", |abilities| &mut abilities.holds_back),
    ("queues", |abilities| &mut abilities.queues),
    ("text_only", |abilities| &mut abilities.text_only),
    ("hard_reset", |abilities| &mut abilities.hard_reset),
];

/// Quotes bytes.
fn quote(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for &byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b'"' => text.push_str("\\\""),
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text.push('"');
    text
}

/// Parses a quoted text at the start of `text`; returns the bytes and the rest.
fn unquote(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut rest = text.strip_prefix('"')?;
    let mut bytes = Vec::new();
    loop {
        let plain = rest.find(['"', '\\'])?;
        bytes.extend_from_slice(rest.get(..plain)?.as_bytes());
        let (mark, after) = rest.get(plain..)?.split_at_checked(1)?;
        if mark == "\"" {
            return Some((bytes, after));
        }
        let (escape, after) = after.split_at_checked(1)?;
        rest = after;
        bytes.push(match escape {
            "\\" => b'\\',
            "\"" => b'"',
            "r" => b'\r',
            "n" => b'\n',
            "t" => b'\t',
            "x" => {
                let (digits, after) = after.split_at_checked(2)?;
                rest = after;
                let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                u8::from_str_radix(digits, 16).ok().filter(|_| plain)?
            }
            _ => return None,
        });
    }
}

fn failure_text(error: &PortError) -> String {
    match error {
        PortError::Timeout => "timeout".to_owned(),
        PortError::Interrupted => "interrupted".to_owned(),
        PortError::Gone(how) => format!("gone {}", quote(how.to_string().as_bytes())),
    }
}

fn failure(text: &str) -> Option<PortError> {
    match text {
        "timeout" => Some(PortError::Timeout),
        "interrupted" => Some(PortError::Interrupted),
        _ => {
            let (how, rest) = unquote(text.strip_prefix("gone ")?)?;
            rest.is_empty().then(|| PortError::Gone(Loss::Other(String::from_utf8_lossy(&how).into_owned())))
        }
    }
}

impl Event {
    fn to_text(&self) -> String {
        match self {
            Event::Written(bytes) => format!("> {}", quote(bytes)),
            Event::Read(bytes) => format!("< {}", quote(bytes)),
            Event::Found(bytes) => format!("= {}", quote(bytes)),
            Event::Failed(error) => format!("! {}", failure_text(error)),
            Event::Refused(error) => format!("!> {}", failure_text(error)),
        }
    }

    fn from_text(text: &str) -> Option<Event> {
        let (mark, rest) = text.split_once(' ')?;
        match mark {
            "!" => return failure(rest).map(Event::Failed),
            "!>" => return failure(rest).map(Event::Refused),
            _ => {}
        }
        let (bytes, rest) = unquote(rest)?;
        match mark {
            _ if !rest.is_empty() => None,
            ">" => Some(Event::Written(bytes)),
            "<" => Some(Event::Read(bytes)),
            "=" => Some(Event::Found(bytes)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
