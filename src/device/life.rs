//! Closes a device: runs its teardowns, and closes or keeps its connection.
//!
//! Invariant: even after errors, the device is closed and its port is free.

use crate::device::arguments;
use crate::device::class::{Item, ItemKind};
use crate::device::handle::Device;
use crate::device::limits::{Limit, TEARDOWN_LIMIT};
use crate::device::pool::Left;
use crate::error::{Error, Kind, Result};
use crate::phrase::plural;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Device {
    /// Runs the teardowns and closes the port. Does nothing if it is already closed.
    ///
    /// # Errors
    /// The first error of a teardown, with those of the others ([`Error::others`]); all have run, and the port is closed.
    pub fn close(&self) -> Result<()> {
        if !self.0.open.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let mut first = Ok(());
        // The Ctrl-C that ends the script does not end its teardowns; each further one ends one teardown.
        let pressed = crate::interrupt::take();
        let mut state = self.lock();
        if let Err(error) = self.ready_to_close(&mut state) {
            first = Err(error);
        }
        let lost = state.is_lost();
        let teardowns: Vec<Arc<Item>> = state
            .bound
            .iter()
            .map(|bound| &bound.item)
            .filter(|item| item.kind == ItemKind::Teardown)
            .cloned()
            .collect();
        if lost && !teardowns.is_empty() && first.is_ok() {
            first = Err(self.not_torn_down(&teardowns));
        }
        for item in teardowns.into_iter().filter(|_| !lost) {
            let limit = Limit {
                timeout: Some(crate::interrupt::teardown_limit(
                    item.options.timeout.or(self.0.timeout),
                    TEARDOWN_LIMIT,
                )),
                interruptible: true,
            };
            let outcome = arguments::bind(&item, &[], &[])
                .and_then(|values| self.run_globals(&mut state, &item, &values, limit))
                .map_err(|error| error.with_device(self.name()).with_item(item.label()));
            if outcome.as_ref().is_err_and(|error| error.kind() == Kind::Interrupted) {
                // This Ctrl-C has ended one teardown; the others still run.
                crate::interrupt::take();
            }
            first = match (first, outcome) {
                (Err(first), Err(other)) => Err(first.with_other(other)),
                (first, outcome) => first.and(outcome),
            };
        }
        let hidden = self.hide_mount_at_last(&mut state);
        first = match (first, hidden) {
            (Err(first), Err(other)) => Err(first.with_other(other)),
            (first, hidden) => first.and(hidden),
        };
        state.drain(self.host(), self.name());
        if let Some(board) = state.board.take() {
            let left = Left {
                sent: std::mem::take(&mut state.sent),
                file_changes: state.file_changes,
                is_busy: state.has_threads,
            };
            self.0.connector.give_back(&self.host().shared.pool, self.name(), board, left);
        }
        drop(state);
        self.host().forget(self);
        self.host().shared.registry.release_name(self.name());
        if pressed {
            crate::interrupt::raise();
        }
        first
    }

    /// The error of a lost board whose teardowns did not run.
    pub(super) fn not_torn_down(&self, teardowns: &[Arc<Item>]) -> Error {
        let names: Vec<String> = teardowns.iter().map(|item| format!("`{}`", item.name)).collect();
        let did = format!("{} {} did not run", plural(names.len(), "teardown"), names.join(", "));
        Error::new(Kind::ConnectionLost, format!("{did}: the connection is lost"))
            .with_device(self.name())
            .with_help("outputs of the board may still be on")
    }
}
