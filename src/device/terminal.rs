//! Passes a board's prompt to the user in the middle of a script.
//!
//! [`Terminal`] is the seam to whoever has a keyboard and a screen. Invariant: afterwards the device can be used as before,
//! or is lost and says so; nothing is restarted by it.

use crate::device::handle::Device;
use crate::device::limits::{CONNECT_LIMIT, Limit};
use crate::device::link_errors::{self, refused};
use crate::device::person::{Terminal, unattended};
use crate::device::state::{self, State};
use crate::device::visited::VisitedPort;
use crate::error::{Error, Result};
use crate::port::{Abilities, Port, PortError};
use crate::repl::Failure;

impl Device {
    /// Passes the board's prompt to the user at the terminal until the key `leave` (ASCII; Belay's is Ctrl-], 0x1d). This does
    /// not restart the board; if the user restarts it, its declarations are sent again, as after [`Device::soft_reset`]. A
    /// program that runs when the user leaves is interrupted. A mounted folder can be used, and after a soft reset it is
    /// mounted again when the prompt has returned.
    ///
    /// # Errors
    /// FeatureUnavailableError without an interactive terminal; else as [`Device::call`].
    pub fn terminal(&self, leave: u8) -> Result<()> {
        let terminal = self.host().options.terminal.as_deref();
        self.hand_over(terminal, leave).map_err(|error| error.with_device(self.name()))
    }

    /// As [`Device::terminal`], at another terminal than the host's.
    ///
    /// # Errors
    /// As [`Device::terminal`].
    pub fn terminal_at(&self, terminal: &dyn Terminal, leave: u8) -> Result<()> {
        self.hand_over(Some(terminal), leave).map_err(|error| error.with_device(self.name()))
    }

    fn hand_over(&self, terminal: Option<&dyn Terminal>, leave: u8) -> Result<()> {
        let mut state = self.lock();
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        let terminal = terminal.ok_or_else(unattended)?;
        if state.is_lost() && self.attempts() != 0 {
            self.restore(&mut state, self.attempts())?;
        }
        state.import_all(self.host(), &self.quiet_run())?;
        state.drain(self.host(), self.name());
        loop {
            let State { board, lines, filter, mount, .. } = &mut *state;
            let Some(board) = board.as_mut().filter(|board| !board.is_lost()) else {
                return Err(state::lost(self.name()));
            };
            let conversation = terminal.open(self.name(), self.port(), leave)?;
            let (wait, _) = state::wait(self.host(), Limit { timeout: None, interruptible: true });
            let mut sink = |bytes: &[u8]| filter.feed(bytes, lines).show(self.host().output(), self.name());
            let token = board.token().to_owned();
            let mut mounts_again = false;
            let visitor = |port: &mut dyn Port| match mount.as_mut() {
                Some(mount) => {
                    let mut visited = VisitedPort::new(port, &token, mount);
                    let held = conversation.hold(&mut visited, wait);
                    mounts_again = visited.returned && held == Err(PortError::Interrupted);
                    if mounts_again { Ok(()) } else { held }
                }
                None => conversation.hold(port, wait),
            };
            let visit = board
                .pass_through(visitor, &mut sink)
                .map_err(|failure| refused_back(failure, self.port(), self.abilities()))?;
            if visit.restarted {
                // Whatever ended the visit must not cut this short.
                self.declare_again(&mut state, Limit { timeout: Some(CONNECT_LIMIT), interruptible: false })?;
            }
            if !mounts_again {
                return visit
                    .ended
                    .map_err(|error| link_errors::error(Failure::from(error), self.abilities(), None, None));
            }
        }
    }
}

/// The error of a board that was lost during the visit, or did not return from it.
fn refused_back(failure: crate::board::ConnectFailure, port: &str, abilities: Abilities) -> Error {
    match failure {
        crate::board::ConnectFailure::Link(failure) => link_errors::error(failure, abilities, None, None),
        unusable => refused(unusable, port, abilities),
    }
}
