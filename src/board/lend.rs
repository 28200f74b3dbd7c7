//! A board's prompt in other hands, and what has become of the board meanwhile.
//!
//! Uses [`crate::repl`]. Invariant: afterwards the helpers are on the board, or an error says that it is lost.

use super::{Board, ConnectFailure, REPEATS};
use crate::port::{Port, PortError, Wait};
use crate::repl::session::Sink;
use crate::repl::{Failure, Reply};
use std::time::Duration;

/// What came of a visit at the board's prompt.
pub struct Visit {
    /// How it ended.
    pub ended: Result<(), PortError>,
    /// Whether the board has started anew meanwhile: what was declared on it is gone, and the helpers are loaded again.
    pub restarted: bool,
}

/// Longest time of each exchange after a visit.
const AFTER_VISIT: Duration = Duration::from_secs(20);

impl Board {
    /// Leaves the raw REPL while `visitor` has the port, and comes back without a restart.
    ///
    /// # Errors
    /// See [`ConnectFailure`]: of the way back. How the visit ended is part of the [`Visit`].
    pub fn lend(
        &mut self,
        visitor: impl FnOnce(&mut dyn Port) -> Result<(), PortError>,
        sink: Sink<'_>,
    ) -> Result<Visit, ConnectFailure> {
        self.replies = None;
        let ended = self.session.lend(visitor, sink)?;
        let wait = Wait::for_at_most(AFTER_VISIT).undisturbed();
        for _ in 0..REPEATS {
            match self.session.execute("__belay_a('N','')", true, wait, sink) {
                Ok(Reply { frame: Some(_), .. }) => return Ok(Visit { ended, restarted: false }),
                // Its memory is empty, or not what it was: as after a restart.
                Ok(_) => break,
                Err(Failure::Torn(_)) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        self.load(wait, sink)?;
        Ok(Visit { ended, restarted: true })
    }
}
