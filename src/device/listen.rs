//! A board between two calls: what it prints unasked, and which names live on it.
//!
//! Uses [`crate::board`]. Invariant: nothing that is done here is noted: a board that is restored knows nothing of it.

use crate::board::command::Command;
use crate::device::faults;
use crate::device::handle::Device;
use crate::device::limits::Limit;
use crate::device::state::{Run, State};
use crate::error::Result;
use crate::value::Value;
use std::time::Duration;

/// Most names that a board is asked for: the answer has to fit into a small one's memory.
const MOST_NAMES: usize = 60;

impl Device {
    /// What becomes readable when the board prints something: duplicates, which may be of no use any more after a use of the
    /// device. Empty if that cannot be told, and for a device that is closed or lost.
    #[cfg(unix)]
    pub fn descriptors(&self) -> Vec<std::os::fd::OwnedFd> {
        let state = self.lock();
        let board = state.board.as_ref().filter(|board| !self.is_closed() && !board.is_lost());
        let found = board.map(crate::board::Board::descriptors).unwrap_or_default();
        found.into_iter().filter_map(|descriptor| descriptor.try_clone_to_owned().ok()).collect()
    }

    /// Passes on what the board has printed since it was used last. Does not wait for more.
    ///
    /// # Errors
    /// ConnectionLost, once.
    pub fn listen(&self) -> Result<()> {
        let mut state = self.lock();
        let State { board, lines, filter, .. } = &mut *state;
        let Some(board) = board.as_mut().filter(|board| !self.is_closed() && !board.is_lost()) else { return Ok(()) };
        let mut sink = |bytes: &[u8]| filter.feed(bytes, lines).show(self.host().output(), self.name());
        board
            .drain(&mut sink)
            .map_err(|failure| faults::error(failure, self.abilities(), None, None).with_device(self.name()))
    }

    /// Asks the board for names that begin with `prefix`, by one short exchange of at most `limit`: the attributes of
    /// `object`, names with dots between them, or if that is empty the globals and what is built in. None if the board has
    /// no such object, or is lost.
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
            item: "",
            piece: None,
            limit: Limit { timeout: Some(limit), interruptible: false },
        };
        let mut state = self.lock();
        if state.is_lost() {
            return Vec::new();
        }
        let reply = state.run(self.host(), &run, &Command::expression(&code));
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
