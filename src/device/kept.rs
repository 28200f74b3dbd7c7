//! The data of a connection that may outlive its device.
//!
//! Invariant: plain data.

use crate::board::Board;
use crate::name::Name;
use crate::port::options::PortOptions;

/// The options that must match to reuse a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The port as the user wrote it.
    pub written: String,
    /// How it was opened.
    pub options: PortOptions,
}

/// A function as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its name.
    pub name: Name,
    /// Its source, without the leading blank lines.
    pub text: String,
    /// The number of leading blank lines.
    pub blank: u32,
}

/// The connections that are kept between runs.
#[derive(Default)]
pub struct Pool {
    /// Whether a closed device leaves its connection here.
    pub(super) keeps: bool,
    /// How many runs have started.
    pub(super) runs: u64,
    pub(super) idle: Vec<IdleBoard>,
}

/// A board without a device.
pub struct IdleBoard {
    pub(super) key: Key,
    /// The name of its device.
    pub(super) name: String,
    /// The run in which it was closed.
    pub(super) run: u64,
    pub(super) board: Board,
    pub(super) sent: Vec<Sent>,
    /// Whether a program may still run on it.
    pub(super) is_busy: bool,
}
