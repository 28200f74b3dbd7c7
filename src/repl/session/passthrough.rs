//! A board's port in other hands for a while: a person at its friendly prompt.
//!
//! Uses [`crate::port`]. Invariant: afterwards the board waits in its raw REPL again, or the session is closed.

use super::{Failure, Session, Sink};
use crate::port::{Port, PortError, Wait};
use std::time::Duration;

/// Longest time in which the board is got back into its raw REPL.
const BACK_LIMIT: Duration = Duration::from_secs(20);

impl Session {
    /// Leaves the raw REPL, gives the port to `visitor`, and enters the raw REPL again, without a restart: what lives on
    /// the board stays. A program that still runs is interrupted. Gives how the visit ended; [`PortError::Gone`] is a
    /// failure of the session instead.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn pass_through(
        &mut self,
        visitor: impl FnOnce(&mut dyn Port) -> Result<(), PortError>,
        sink: Sink<'_>,
    ) -> Result<Result<(), PortError>, Failure> {
        if let Some(failure) = &self.closed {
            return Err(failure.clone());
        }
        let back = Wait::for_at_most(BACK_LIMIT).undisturbed();
        let outcome = self.drain(sink).and_then(|()| self.leave_loop(back, sink)).and_then(|()| {
            let visited = self
                .port
                .write(b"\x02", Wait::for_at_most(Duration::from_secs(1)).undisturbed())
                .and_then(|()| visitor(&mut *self.port));
            match visited {
                Err(PortError::Gone(why)) => Err(Failure::Lost(why)),
                // Ctrl-C and the deadline of the run have ended the visit, and must not keep the board from coming back.
                visited => self.knock(Wait::for_at_most(BACK_LIMIT).undisturbed(), sink).map(|()| visited),
            }
        });
        self.suspect = false;
        if let Err(failure) = &outcome {
            self.closed = Some(failure.clone());
        }
        outcome
    }
}
