//! The interface to an interactive terminal.
//!
//! Invariant: the terminal is restored when a visit ends.

use crate::error::{Error, Kind, Result};
use crate::port::{Port, PortError, Wait};

/// An interactive terminal.
pub trait Terminal: Send + Sync {
    /// Prepares the terminal to pass every key to the prompt of the board `device` on `port`, until the key `leave` (ASCII).
    /// Waits for a visit of another thread to end.
    ///
    /// # Errors
    /// [`unattended`] without an interactive terminal.
    fn open(&self, device: &str, port: &str, leave: u8) -> Result<Box<dyn Conversation>>;
}

/// A prepared terminal. Dropping it restores the terminal.
pub trait Conversation {
    /// Passes bytes both ways until the user leaves.
    ///
    /// # Errors
    /// See [`PortError`]: `Gone` if the board disconnects.
    fn hold(self: Box<Self>, board: &mut dyn Port, wait: Wait) -> std::result::Result<(), PortError>;
}

/// The error without an interactive terminal, for example in continuous integration.
pub fn unattended() -> Error {
    Error::new(
        Kind::FeatureUnavailableError,
        "`terminal()` needs an interactive terminal, but standard input is not one",
    )
    .with_help("run the script in a terminal, or catch this error")
}
