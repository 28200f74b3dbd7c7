//! A lost connection, restored: the same board, with what was declared and done on it.
//!
//! Uses the journal. Invariant: a connection is restored wholly or not at all, and nothing runs twice that must not.

use crate::board::command::{Command, Payload};
use crate::device::faults;
use crate::device::handle::Device;
use crate::device::journal::{Entry, MAX_HISTORY};
use crate::device::limits::Limit;
use crate::device::state::{self, Run, State};
use crate::error::{Error, Kind, Result};
use crate::port::{PortError, Wait};
use std::time::{Duration, Instant};

/// Time between two attempts; Belay's.
const PAUSE: Duration = Duration::from_secs(1);

impl Device {
    /// Closes the connection, makes a new one, and restores what was declared and recorded. `attempts`: how often to
    /// try, one second apart; negative: for ever. `None`: the option of `open`, at least once.
    ///
    /// # Errors
    /// MaxHistoryLengthError if more was recorded than is kept; ConnectionLost if no attempt succeeds; ClosedError.
    pub fn reconnect(&self, attempts: Option<i64>) -> Result<()> {
        if self.is_closed() {
            return Err(state::closed(self.name()));
        }
        let attempts = match attempts.unwrap_or(self.0.attempts) {
            0 => 1,
            attempts => attempts,
        };
        self.restore(&mut self.lock(), attempts).map_err(|error| error.with_device(self.name()))
    }

    /// Runs a command. If the connection is lost before, or by it, and the device was opened with `attempts`, the
    /// connection is restored; the command runs again only if that is `safe`.
    pub(super) fn run_restoring(
        &self,
        state: &mut State,
        run: &Run<'_>,
        command: &Command,
        safe: bool,
    ) -> Result<Payload> {
        self.ready(state)?;
        if state.is_lost() && self.0.attempts != 0 {
            self.restore(state, self.0.attempts)?;
        }
        let lost = match state.run(self.host(), run, command) {
            Err(error) if error.kind() == Kind::ConnectionLost && self.0.attempts != 0 => error,
            other => return other,
        };
        self.restore(state, self.0.attempts)?;
        if safe {
            return state.run(self.host(), run, command);
        }
        Err(Error::new(Kind::ConnectionLost, format!("{}, and was restored; the call may have run", lost.message()))
            .with_help("mark a task `retry` if it may run twice, or catch the error and look at the board first")
            .with_device(self.name())
            .with_item_if(run.item))
    }

    /// Makes a new connection and replays the journal.
    pub(super) fn restore(&self, state: &mut State, attempts: i64) -> Result<()> {
        if state.journal.overflowed() {
            return Err(Error::new(
                Kind::MaxHistoryLengthError,
                format!("more than {MAX_HISTORY} commands were recorded, so the board cannot be restored"),
            )
            .with_help("open the device anew; setups that are called often can be declared with `record = false`"));
        }
        if let Some(mut board) = state.board.take() {
            // The port is freed before it is opened again.
            board.leave();
        }
        let board = self.connect_again(attempts)?;
        state.reset(board);
        let replayed = self.replay(state);
        if replayed.is_err() {
            // Half a restoration would be worse than none.
            state.board = None;
        }
        replayed
    }

    fn replay(&self, state: &mut State) -> Result<()> {
        let limit = self.default_limit();
        self.start_up(state, limit)?;
        for entry in state.journal.entries().to_vec() {
            match entry {
                Entry::Declared(item) => state.place(self.host(), self.name(), &item, limit)?,
                Entry::Ran(command) => {
                    let run = Run { device: self.name(), item: "restored command", piece: None, limit };
                    state.run(self.host(), &run, &command)?;
                }
            }
        }
        Ok(())
    }

    fn connect_again(&self, attempts: i64) -> Result<crate::board::Board> {
        let mut left = attempts;
        loop {
            let error = match self.0.link.connect(self.host(), self.name(), true) {
                Ok(board) => return Ok(board),
                Err(error) if can_change(error.kind()) => error,
                Err(error) => return Err(error),
            };
            left = if left > 0 { left - 1 } else { left };
            if left == 0 {
                let times = if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") };
                return Err(Error::new(
                    Kind::ConnectionLost,
                    format!("the connection was not restored by {times}: {}", error.message()),
                )
                .with_help(
                    "check the cable and the supply of the board; allow more `attempts`, or call `reconnect(n)`",
                ));
            }
            self.pause()?;
        }
    }

    /// Waits before the next attempt; Ctrl-C and the run's deadline end the wait.
    fn pause(&self) -> Result<()> {
        let end = Instant::now() + PAUSE;
        let wait = Wait { deadline: Some(end), interruptible: true }.until(self.host().deadline());
        loop {
            match wait.slice() {
                Ok(slice) => std::thread::park_timeout(slice),
                Err(PortError::Timeout) if Instant::now() >= end => return Ok(()),
                Err(error) => return Err(faults::error(error.into(), self.abilities(), None, None)),
            }
        }
    }

    /// Mounts the folder, and runs the startup imports, or the code that took their place.
    pub(super) fn start_up(&self, state: &mut State, limit: Limit) -> Result<()> {
        // The folder is looked into for every import that comes later; the usual ones need nothing of it.
        let early = self.0.link.has_own_startup();
        if early {
            self.show_mount(state)?;
        }
        self.run_startup(state, limit)?;
        if early { Ok(()) } else { self.show_mount(state) }
    }

    fn run_startup(&self, state: &mut State, limit: Limit) -> Result<()> {
        let Some(code) = self.0.link.startup(&self.0.implementation.name) else { return Ok(()) };
        let prepared = crate::device::source::exec(code)?;
        let run = Run { device: self.name(), item: "startup", piece: None, limit };
        state.run(self.host(), &run, &Command::statements(&prepared.source)).map(|_| ())
    }
}

/// Whether another attempt may succeed where this one failed.
fn can_change(kind: Kind) -> bool {
    kind.is_a(Kind::ConnectionFailedError) || kind == Kind::DeviceNotFoundError || kind == Kind::TimeoutError
}
