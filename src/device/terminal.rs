//! A board's prompt in the hands of a person, in the middle of a script.
//!
//! [`Terminal`] is the seam to whoever has a keyboard and a screen. Invariant: afterwards the device can be used as before,
//! or is lost and says so; nothing is restarted by it.

use super::link::{CONNECT_LIMIT, refused};
use super::state::{self, Limit, State};
use super::{Device, faults};
use crate::error::{Error, Kind, Result};
use crate::port::{Port, PortError, Wait};
use crate::repl::Failure;

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

impl Device {
    /// Hands the board's prompt to the person at the terminal until the key `leave` (ASCII; Belay's is Ctrl-], 0x1d). The
    /// board is not restarted by this; if the person restarts it, what was declared on it is sent again, as after
    /// [`Device::soft_reset`]. What runs when the person leaves is interrupted.
    ///
    /// # Errors
    /// FeatureUnavailableError if nobody is there; else as [`Device::call`].
    pub fn terminal(&self, leave: u8) -> Result<()> {
        self.hand_over(leave).map_err(|error| error.with_device(self.name()))
    }

    fn hand_over(&self, leave: u8) -> Result<()> {
        let mut state = self.lock();
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        let terminal = self.host().terminal().ok_or_else(unattended)?;
        if state.is_lost() && self.attempts() != 0 {
            self.restore(&mut state, self.attempts())?;
        }
        state.drain(self.host(), self.name());
        let State { board, lines, filter, .. } = &mut *state;
        let Some(board) = board.as_mut().filter(|board| !board.is_lost()) else {
            return Err(state::lost(self.name()));
        };
        let conversation = terminal.open(self.name(), self.port(), leave)?;
        let (wait, _) = state::wait(self.host(), Limit { timeout: None, interruptible: true });
        let mut sink = |bytes: &[u8]| filter.feed(bytes, lines).show(self.host().output(), self.name());
        let visit = board
            .lend(|port| conversation.hold(port, wait), &mut sink)
            .map_err(|failure| refused_back(failure, self.port()))?;
        if visit.restarted {
            // Not to be cut short by what may have ended the visit.
            self.declare_again(&mut state, Limit { timeout: Some(CONNECT_LIMIT), interruptible: false })?;
        }
        visit.ended.map_err(|error| faults::error(Failure::from(error), None, None))
    }
}

/// The error of a board that was lost at its prompt, or did not come back from it.
fn refused_back(failure: crate::board::ConnectFailure, port: &str) -> Error {
    match failure {
        crate::board::ConnectFailure::Link(failure) => faults::error(failure, None, None),
        unusable => refused(unusable, port),
    }
}
