//! What is known of a connection that may outlive its device.
//!
//! Invariant: plain data.

use crate::board::Board;
use crate::name::Name;

/// What must be the same for a connection to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The port as the user wrote it.
    pub written: String,
    /// Bits per second.
    pub baudrate: u32,
    /// User and password.
    pub login: (Option<String>, Option<String>),
    /// Whether the port is shared, and the states of DTR and RTS.
    pub line: (bool, Option<bool>, Option<bool>),
}

/// A function as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its name.
    pub name: Name,
    /// Its source, without the blank lines in front of it.
    pub text: String,
    /// How many these are.
    pub blank: u32,
}

/// The connections that are kept between runs.
#[derive(Default)]
pub struct Pool {
    /// Whether a device that is closed leaves its connection here.
    pub(super) keeps: bool,
    /// How many runs have begun.
    pub(super) runs: u64,
    pub(super) parked: Vec<Parked>,
}

/// A board without a device.
pub struct Parked {
    pub(super) key: Key,
    /// The name of its device.
    pub(super) name: String,
    /// The run in which that was closed.
    pub(super) run: u64,
    pub(super) board: Board,
    pub(super) sent: Vec<Sent>,
    /// Something may still run on it.
    pub(super) is_busy: bool,
}
