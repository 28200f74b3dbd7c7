//! A pool of connections that outlive their device, so that the next run of a script can reuse them.
//!
//! While it keeps connections, a closed device leaves its board here, with a record of what was sent to it; the next device on
//! the same port with the same options takes it over, and only differences are sent. Invariant: a board is in the pool or
//! with one device, never both, and a run never reuses its own connections.

use crate::board::Board;
use crate::device::changes::FileChanges;
use crate::device::lock::lock;
use crate::name::Name;
use crate::port::options::PortOptions;
use std::sync::Mutex;

/// The options that must match to reuse a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The port as the user wrote it.
    pub written: String,
    /// How it was opened.
    pub options: PortOptions,
}

/// A function as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its name.
    pub name: Name,
    /// Its source, without the leading blank lines.
    pub text: String,
    /// The number of leading blank lines.
    pub blank: u32,
}

/// A board without a device.
pub(super) struct IdleBoard {
    pub key: Key,
    /// The name of its device.
    pub name: String,
    pub board: Board,
    pub left: Left,
}

/// What a device leaves on its board.
pub(super) struct Left {
    /// The functions, as sent.
    pub sent: Vec<Sent>,
    /// How the files have changed that the board can import.
    pub file_changes: FileChanges,
    /// Whether a program may still run.
    pub is_busy: bool,
}

/// The connections that are kept between runs.
#[derive(Default)]
pub(super) struct Pool(Mutex<Boards>);

#[derive(Default)]
struct Boards {
    /// Whether a closed device leaves its connection here.
    is_keeping: bool,
    /// How many runs have started.
    runs: u64,
    /// The boards, and the runs in which they were closed.
    idle: Vec<(u64, IdleBoard)>,
}

impl Pool {
    /// Sets whether [`Pool::put`] keeps boards.
    pub fn set_keeping(&self, keep: bool) {
        lock(&self.0).is_keeping = keep;
    }

    /// Starts a run: from now on, boards that were kept before can be taken.
    pub fn begin_run(&self) {
        lock(&self.0).runs += 1;
    }

    /// Closes all connections.
    pub fn release(&self) {
        for (_, mut idle) in std::mem::take(&mut lock(&self.0).idle) {
            idle.board.leave();
        }
    }

    /// Whether boards are kept now.
    pub fn is_keeping(&self) -> bool {
        lock(&self.0).is_keeping
    }

    /// Keeps a board.
    pub fn put(&self, idle: IdleBoard) {
        let mut boards = lock(&self.0);
        let run = boards.runs;
        boards.idle.push((run, idle));
    }

    /// Takes a board of an earlier run with this key, preferably that of the device of this name. Closes one of this run: its
    /// port is opened again as usual.
    pub fn take(&self, key: &Key, name: &str) -> Option<IdleBoard> {
        let mut boards = lock(&self.0);
        let current = boards.runs;
        let all = &mut boards.idle;
        let fits = |(run, idle): &(u64, IdleBoard)| idle.key == *key && *run < current;
        let index = all.iter().position(|kept| fits(kept) && kept.1.name == name);
        if let Some(index) = index.or_else(|| all.iter().position(fits)) {
            return Some(all.remove(index).1);
        }
        let own = all.iter().position(|(_, idle)| idle.key == *key)?;
        all.remove(own).1.board.leave();
        None
    }
}
