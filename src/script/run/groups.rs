//! The running groups of tests, and their hooks.
//!
//! Invariant: only data; [`crate::script::testing`] runs it.

use rhai::{Expr, Position};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::thread::ThreadId;
use std::time::Duration;

/// When a block runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    SetupAll,
    SetupEach,
    TeardownEach,
    TeardownAll,
}

impl Moment {
    pub fn word(self) -> &'static str {
        match self {
            Moment::SetupAll => "setup_all",
            Moment::SetupEach => "setup_each",
            Moment::TeardownEach => "teardown_each",
            Moment::TeardownAll => "teardown_all",
        }
    }
}

/// A hook that was reached.
#[derive(Clone)]
pub(crate) struct Hook {
    pub moment: Moment,
    pub block: Arc<Expr>,
    pub timeout: Option<Duration>,
    pub at: Position,
    /// Whether its statement was reached, so that what it tears down exists.
    pub reached: bool,
}

impl Hook {
    pub fn line(&self) -> u32 {
        self.at.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0)
    }
}

/// State of a group's `setup_all`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prepared {
    Not,
    Done,
    Failed,
}

/// A running group, or the script itself.
pub(crate) struct GroupFrame {
    pub id: u64,
    /// `None` for the script.
    pub name: Option<String>,
    pub tags: Vec<String>,
    /// Why its tests are skipped.
    pub skip: Option<String>,
    pub source: String,
    pub level: usize,
    pub thread: ThreadId,
    /// Number of enclosing `parallel` calls when it began.
    pub depth: u64,
    pub hooks: Vec<Hook>,
    pub prepared: Prepared,
}

/// The running groups, outermost first.
#[derive(Default)]
pub(crate) struct Frames {
    list: Vec<GroupFrame>,
    /// Number of groups begun.
    begun: u64,
}

impl Frames {
    /// Begins a group or script, and assigns its number.
    pub fn push(&mut self, frame: GroupFrame) {
        self.begun += 1;
        self.list.push(GroupFrame { id: self.begun, ..frame });
    }
}

impl Deref for Frames {
    type Target = Vec<GroupFrame>;

    fn deref(&self) -> &Vec<GroupFrame> {
        &self.list
    }
}

impl DerefMut for Frames {
    fn deref_mut(&mut self) -> &mut Vec<GroupFrame> {
        &mut self.list
    }
}
