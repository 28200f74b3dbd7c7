//! Passes a board's prompt through to a visitor, and checks the state of the board afterwards.
//!
//! Uses [`crate::repl`]. Invariant: afterwards the helpers are on the board, or an error says that it is lost.

use super::{Board, ConnectFailure, First, REPEATS};
use crate::port::{Port, PortError, Wait};
use crate::repl::session::Sink;
use crate::repl::{Failure, Means, Reply};
use std::time::Duration;

/// The result of a visit at the board's prompt.
pub struct Visit {
    /// How it ended.
    pub ended: Result<(), PortError>,
    /// Whether the board restarted meanwhile: declarations are gone, and the helpers are loaded again.
    pub restarted: bool,
}

/// Longest time of each exchange after a visit.
const AFTER_VISIT: Duration = Duration::from_secs(20);

impl Board {
    /// Leaves the raw REPL while `visitor` has the port, and returns without a restart.
    ///
    /// # Errors
    /// See [`ConnectFailure`], for the return. How the visit ended is part of the [`Visit`].
    pub fn pass_through(
        &mut self,
        visitor: impl FnOnce(&mut dyn Port) -> Result<(), PortError>,
        sink: Sink<'_>,
    ) -> Result<Visit, ConnectFailure> {
        let ended = self.session.pass_through(visitor, sink)?;
        let restarted = self.load_if_restarted(sink)?;
        Ok(Visit { ended, restarted })
    }

    /// Whether the board has restarted since the helpers were loaded; then loads them again.
    fn load_if_restarted(&mut self, sink: Sink<'_>) -> Result<bool, ConnectFailure> {
        self.replies = None;
        let wait = Wait::for_at_most(AFTER_VISIT).undisturbed();
        for _ in 0..REPEATS {
            match self.session.execute("__belay_a('N','')", true, wait, sink) {
                Ok(Reply { frame: Some(_), .. }) => return Ok(false),
                // Its memory is empty, or has changed: as after a restart.
                Ok(_) => break,
                Err(Failure::Torn(_)) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        self.load(&First::default(), wait, sink)?;
        Ok(true)
    }

    /// The output of a running program since it was interrupted; `None` if none runs.
    pub fn unsettled(&self) -> Option<&[u8]> {
        self.session.unsettled()
    }

    /// Brings back a board whose last program has not ended after its timeout. `None`: there was none. `wait`: for the strong
    /// means.
    ///
    /// # Errors
    /// See [`ConnectFailure`]. The session is closed then.
    pub fn get_back(&mut self, wait: Wait, sink: Sink<'_>) -> Result<Option<Back>, ConnectFailure> {
        let Some(means) = self.session.get_back(wait, sink)? else { return Ok(None) };
        Ok(Some(Back { means, restarted: self.load_if_restarted(sink)? }))
    }
}

/// How a board came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Back {
    /// What it took.
    pub means: Means,
    /// Whether it has restarted: declarations are gone, and the helpers are loaded again.
    pub restarted: bool,
}
