//! The seam to a person with a keyboard and a screen.
//!
//! Invariant: a terminal is as it was when a conversation has ended.

use crate::error::{Error, Kind, Result};
use crate::port::{Port, PortError, Wait};

/// A place with a keyboard and a screen, where a person may sit.
pub trait Terminal: Send + Sync {
    /// Makes the terminal ready to pass on every key, at the prompt of the board `device` on `port`, until the key `leave`
    /// (ASCII). A conversation that goes on in another thread is waited for.
    ///
    /// # Errors
    /// [`unattended`] if nobody is there.
    fn open(&self, device: &str, port: &str, leave: u8) -> Result<Box<dyn Conversation>>;
}

/// A terminal that was made ready. It is as it was when this is dropped.
pub trait Conversation {
    /// Passes bytes both ways until the person leaves.
    ///
    /// # Errors
    /// See [`PortError`]: `Gone` if the board goes.
    fn hold(self: Box<Self>, board: &mut dyn Port, wait: Wait) -> std::result::Result<(), PortError>;
}

/// The error of a conversation without a person, as in continuous integration.
pub fn unattended() -> Error {
    Error::new(Kind::FeatureUnavailableError, "there is nobody to talk to the board: standard input is no terminal")
        .with_help(
            "start the script by hand in a terminal; where nobody is, leave `terminal()` out or catch this error",
        )
}
