//! Restores a lost connection: the same board, with its declarations and recorded commands.
//!
//! Uses the journal. Invariant: a connection is restored completely or not at all, and only safe commands run twice.

use crate::board::command::{Command, Payload};
use crate::device::handle::Device;
use crate::device::journal::{JournalEntry, MAX_HISTORY};
use crate::device::limits::Limit;
use crate::device::link_errors;
use crate::device::state::{self, Run, State};
use crate::error::{Error, Kind, Result};
use crate::port::{PortError, Wait};
use std::time::{Duration, Instant};

/// Time between two attempts; Belay's.
const PAUSE: Duration = Duration::from_secs(1);

impl Device {
    /// Closes the connection, makes a new one, and restores declarations and recorded commands. `attempts`: how often to try,
    /// one second apart; negative: unlimited. `None`: the option of `open`, at least once.
    ///
    /// # Errors
    /// MaxHistoryLengthError if the recording exceeded its limit; ConnectionLost if no attempt succeeds; ClosedError.
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
            .with_help("mark a task `retry` if it may run twice, or catch the error and check the board first")
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
            .with_help("open the device again; declare setups that are called often with `record = false`"));
        }
        if let Some(mut board) = state.board.take() {
            // Close the port before opening it again.
            board.leave();
        }
        let board = self.connect_again(attempts)?;
        state.reset(board);
        let replayed = self.replay(state);
        if replayed.is_err() {
            // A partial restoration would be worse than none.
            state.board = None;
        }
        replayed
    }

    fn replay(&self, state: &mut State) -> Result<()> {
        let limit = self.default_limit();
        self.start_up(state, limit)?;
        for entry in state.journal.entries().to_vec() {
            match entry {
                JournalEntry::Declared(item) => state.place(self.host(), self.name(), &item, limit)?,
                JournalEntry::Ran(command) => {
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
                    format!("the connection was not restored after {times}: {}", error.message()),
                )
                .with_help("check the board's cable and power supply; allow more `attempts`, or call `reconnect(n)`"));
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
                Err(error) => return Err(link_errors::error(error.into(), self.abilities(), None, None)),
            }
        }
    }

    /// Mounts the folder, and runs the startup code.
    pub(super) fn start_up(&self, state: &mut State, limit: Limit) -> Result<()> {
        // Every later import searches the folder; the usual ones do not need it.
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
