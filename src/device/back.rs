//! Brings back a board whose last program did not end after its timeout, before it is used again.
//!
//! Uses [`crate::board`]. Invariant: a restarted board is never used silently: its declarations are restored, or an error
//! reports that they are gone.

use crate::board::{Back, ConnectFailure};
use crate::device::class::ItemKind;
use crate::device::handle::Device;
use crate::device::host::Host;
use crate::device::limits::PATIENT;
use crate::device::link_errors::{self, refused};
use crate::device::state::State;
use crate::error::{Error, Kind, Result};
use crate::port::Wait;
use crate::repl::Means;
use std::time::Duration;

impl State {
    /// Brings the board back, if it does not wait for a command. `None`: nothing on it was lost.
    ///
    /// # Errors
    /// ConnectionLost: it does not respond.
    pub fn get_back(&mut self, host: &Host, device: &str, wait: Wait) -> Result<Option<Means>> {
        let State { board, lines, filter, .. } = self;
        let Some(board) = board.as_mut().filter(|board| board.unsettled().is_some()) else { return Ok(None) };
        let mut sink = |bytes: &[u8]| filter.feed(bytes, lines).show(host.output(), device);
        match board.get_back(wait, &mut sink) {
            Ok(Some(Back { means, restarted: true })) => {
                self.started_anew();
                Ok(Some(means))
            }
            Ok(_) => Ok(None),
            Err(ConnectFailure::Link(failure)) => {
                Err(link_errors::error(failure, board.abilities(), None, None).with_device(device))
            }
            Err(failure) => Err(refused(failure, device, board.abilities()).with_device(device)),
        }
    }

    /// The error of a board that had to be restarted and must be restored before use.
    pub fn was_restarted(&mut self, device: &str, how: Means) -> Error {
        if let Some(mut board) = self.board.take() {
            board.leave();
        }
        let means = match how {
            Means::HardReset => "was reset",
            _ => "was restarted",
        };
        Error::new(
            Kind::ConnectionLost,
            format!("the last program did not end, so the board {means}: its declarations and setups are gone"),
        )
        .with_device(device)
        .with_help("restore it with `reconnect()`, or open the device with `#{ attempts: 3 }`")
    }
}

impl Device {
    /// Brings the board back for the teardowns, and for its next user. A restarted board has nothing left to tear down.
    ///
    /// # Errors
    /// ConnectionLost: the board does not respond, or its teardowns can no longer run.
    pub(super) fn ready_to_close(&self, state: &mut State) -> Result<()> {
        let has_teardown = state.bound.iter().any(|bound| bound.item.kind == ItemKind::Teardown);
        let restarted = state.get_back(self.host(), self.name(), Wait::for_at_most(CLOSE_LIMIT));
        match restarted {
            Ok(Some(how)) if has_teardown => Err(state.was_restarted(self.name(), how)),
            Ok(_) => Ok(()),
            Err(error) => {
                if let Some(mut board) = state.board.take() {
                    board.leave();
                }
                Err(error)
            }
        }
    }

    /// Makes the device ready for its next call. If that required a restart of the board, declares its items again; setups
    /// run again only if the device was opened with `attempts`.
    ///
    /// # Errors
    /// ConnectionLost: see [`State::get_back`] and [`State::was_restarted`].
    pub(super) fn ready(&self, state: &mut State) -> Result<()> {
        let Some(how) = state.get_back(self.host(), self.name(), PATIENT)? else { return Ok(()) };
        let has_run = state.journal.commands().next().is_some() || state.journal.overflowed();
        if self.0.attempts != 0 {
            return self.restore(state, self.0.attempts);
        }
        if has_run {
            return Err(state.was_restarted(self.name(), how));
        }
        self.host().output().notice(&format!("-- `{}`: declaring its items again", self.name()));
        self.declare_again(state, self.default_limit())
    }
}

/// How long the strong means may take when a device is closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(8);
