//! Restores a lost connection: the same board, with its declarations and recorded commands.
//!
//! Uses the journal. Invariant: a connection is restored completely or not at all, and only safe commands run twice.

use crate::board::Board;
use crate::board::command::{Command, Payload};
use crate::device::handle::Device;
use crate::device::journal::{JournalEntry, MAX_HISTORY};
use crate::device::limits::Limit;
use crate::device::pool::Sent;
use crate::device::startup::Imports;
use crate::device::state::{self, Run, State};
use crate::error::{Error, Kind, Result};
use crate::item::ItemLabel;
use std::time::Instant;

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
        let begun = Instant::now();
        let board = self.0.connector.connect_again(self.name(), &self.0.first.first, self.abilities(), attempts)?;
        if let Some(profile) = &self.host().options().profile {
            profile.add(self.name(), "connecting", board.traffic(), begun.elapsed());
        }
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
        self.find_first(state);
        for entry in state.journal.entries().to_vec() {
            match entry {
                JournalEntry::Declared(item) => state.place(self.host(), self.name(), &item, limit)?,
                JournalEntry::Ran(command) => {
                    let run = Run { device: self.name(), item: Some(&ItemLabel::Restored), piece: None, limit };
                    state.run(self.host(), &run, &command)?;
                }
            }
        }
        Ok(())
    }

    /// What the board has got with its helpers is not sent again.
    pub(super) fn find_first(&self, state: &mut State) {
        if !state.board.as_ref().is_some_and(Board::has_first) {
            return;
        }
        state.imports.remove(&self.0.first.imports);
        for (item, prepared) in &self.0.first.functions {
            state.lines.forget(&item.words());
            state.lines.insert(&prepared.defined, &prepared.piece);
            let (text, blank) = (prepared.text().to_owned(), prepared.blank);
            state.sent.push(Sent { name: item.name.clone(), text, blank });
            state.unchanged.push(item.name.clone());
        }
    }

    /// Mounts the folder, and runs the startup code.
    pub(super) fn start_up(&self, state: &mut State, limit: Limit) -> Result<()> {
        // Every later import searches the folder; the usual ones do not need it.
        let early = self.0.connector.startup().is_some();
        if early {
            self.show_mount(state)?;
        }
        self.run_startup(state, limit)?;
        if early { Ok(()) } else { self.show_mount(state) }
    }

    fn run_startup(&self, state: &mut State, limit: Limit) -> Result<()> {
        let Some(code) = self.0.connector.startup() else {
            state.imports = Imports::of(&self.0.implementation.name);
            return Ok(());
        };
        if code.trim().is_empty() {
            return Ok(());
        }
        let prepared = crate::device::source::exec(code)?;
        let run = Run { device: self.name(), item: Some(&ItemLabel::Startup), piece: None, limit };
        state.run(self.host(), &run, &Command::statements(&prepared.source)).map(|_| ())
    }
}
