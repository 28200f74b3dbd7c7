//! Errors of consoles: what was missing, and the last lines that came.
//!
//! Pure.

use super::incoming::Incoming;
use super::pattern::Pattern;
use crate::bound;
use crate::error::{Error, Kind};
use crate::phrase;
use std::time::Duration;

/// Why a call ended early.
#[derive(Debug)]
pub enum Failure {
    /// The caller wanted it to stop.
    Stopped,
    /// It failed.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Error(error)
    }
}

/// None of these came in time.
pub fn not_seen(patterns: &[Pattern], limit: Duration, incoming: &Incoming) -> Error {
    let shown: Vec<String> = patterns.iter().map(Pattern::to_string).collect();
    let verb = if patterns.len() == 1 { "did not come" } else { "came" };
    let none = if patterns.len() == 1 { "" } else { "none of " };
    let message = format!("{none}{} {verb} within {}", phrase::all_of(&shown), seconds(limit));
    Error::new(Kind::TimeoutError, message).with_help(so_far(incoming, true))
}

/// Fewer bytes than these came in time.
pub fn too_few(count: usize, limit: Duration, incoming: &Incoming) -> Error {
    let came = incoming.unread();
    let message = format!("only {came} of {} came within {}", phrase::count(count as u64, "byte"), seconds(limit));
    Error::new(Kind::TimeoutError, message).with_help(so_far(incoming, true))
}

/// No whole frame came in time.
pub fn no_frame(limit: Duration, incoming: &Incoming) -> Error {
    let message = format!("no whole frame came within {}", seconds(limit));
    let help = match incoming.unread() {
        0 => "nothing came: check the port, its baud rate, and that the unit has power".to_owned(),
        count => format!("{} came, without the end of a frame", phrase::count(count as u64, "byte")),
    };
    Error::new(Kind::TimeoutError, message).with_help(help)
}

/// The other end is gone.
pub fn lost(why: &str, incoming: &Incoming) -> Error {
    let error = Error::new(Kind::ConnectionLost, why);
    if incoming.total() == 0 { error } else { error.with_help(so_far(incoming, false)) }
}

/// What came, for help.
fn so_far(incoming: &Incoming, asks: bool) -> String {
    let lines = incoming.last_lines();
    let mut help = match (incoming.total(), lines.as_slice()) {
        (0, _) if asks => "nothing came: check the port, its baud rate, and that the unit has power".to_owned(),
        (0, _) => "nothing came".to_owned(),
        (total, []) => format!("{} came, without text", phrase::count(total, "byte")),
        (_, [only]) => format!("the last line was: {only}"),
        (_, lines) => format!("the last lines were:\n  {}", lines.join("\n  ")),
    };
    if incoming.dropped() > 0 {
        let most = bound::shown(super::incoming::UNREAD as u64);
        help.push_str(&format!(
            "\n{} beyond {most} were dropped: read in time",
            phrase::count(incoming.dropped(), "byte")
        ));
    }
    help
}

/// A time as it is said: `5 s`, `0.25 s`.
fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}
