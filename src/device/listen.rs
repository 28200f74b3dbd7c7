//! A board between two calls: its unsolicited output, and the names on it.
//!
//! Uses [`crate::board`]. Invariant: nothing here is recorded in the journal.

use crate::board::command::Command;
use crate::device::handle::Device;
use crate::device::limits::Limit;
use crate::device::link_errors;
use crate::device::state::{Run, State};
use crate::error::Result;
use crate::value::Value;
use std::time::Duration;

/// Most names to request from a board: the reply must fit into a small board's memory.
const MOST_NAMES: usize = 60;

impl Device {
    /// The descriptors that become readable when the board prints something: duplicates, which may be stale after the device is
    /// used. Empty if unknown, and for a device that is closed or lost.
    #[cfg(unix)]
    pub fn descriptors(&self) -> Vec<std::os::fd::OwnedFd> {
        let state = self.lock_as_it_is();
        let board = state.board.as_ref().filter(|board| !self.is_closed() && !board.is_lost());
        let found = board.map(crate::board::Board::descriptors).unwrap_or_default();
        found.into_iter().filter_map(|descriptor| descriptor.try_clone_to_owned().ok()).collect()
    }

    /// Passes on the board's output since its last use. Does not wait for more.
    ///
    /// # Errors
    /// ConnectionLost, once.
    pub fn listen(&self) -> Result<()> {
        // What comes beside the items of an open stream is passed on with them.
        let mut state = self.lock_as_it_is();
        let State { board, lines, filter, .. } = &mut *state;
        let Some(board) = board.as_mut().filter(|board| !self.is_closed() && !board.is_lost()) else { return Ok(()) };
        let mut sink = |bytes: &[u8]| filter.feed(bytes, lines).show(self.host().output(), self.name());
        board
            .drain(&mut sink)
            .map_err(|failure| link_errors::error(failure, self.abilities(), None, None).with_device(self.name()))
    }

    /// Asks the board for names that start with `prefix`, in one short exchange of at most `limit`: the attributes of `object`
    /// (a dotted name), or if that is empty, globals and built-ins. `None` if the board has no such object, or is lost.
    pub fn names(&self, object: &str, prefix: &str, limit: Duration) -> Vec<String> {
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name(prefix) || !object.split('.').all(is_name) || self.is_closed() {
            return Vec::new();
        }
        let all = match object {
            "" => "dir()+dir(__import__('builtins'))".to_owned(),
            object => format!("dir({object})"),
        };
        let code = format!("[n for n in {all} if n[:{}]=='{prefix}'][:{MOST_NAMES}]", prefix.len());
        let run = Run {
            device: self.name(),
            item: None,
            piece: None,
            limit: Limit { timeout: Some(limit), interruptible: false },
        };
        let mut state = self.lock();
        if state.is_lost() {
            return Vec::new();
        }
        let reply = state
            .import_all(self.host(), &run)
            .and_then(|()| state.run(self.host(), &run, &Command::expression(&code)));
        drop(state);
        let Ok(Ok(Value::List(found))) = reply.map(|payload| payload.value()) else { return Vec::new() };
        let mut names: Vec<String> = found
            .into_iter()
            .filter_map(|name| if let Value::Str(name) = name { Some(name.to_string()) } else { None })
            .filter(|name| !name.starts_with("__belay") && (!name.starts_with('_') || prefix.starts_with('_')))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}
