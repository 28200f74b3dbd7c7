//! The groups of tests that are being run, and the blocks that stand in them.
//!
//! Invariant: data alone; what runs is in [`crate::script::testing`].

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

/// A block that was reached.
#[derive(Clone)]
pub(crate) struct Hook {
    pub moment: Moment,
    pub block: Arc<Expr>,
    pub timeout: Option<Duration>,
    pub at: Position,
    /// Its line was reached: what it tears down is there.
    pub reached: bool,
}

impl Hook {
    pub fn line(&self) -> u32 {
        self.at.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(0)
    }
}

/// Whether the `setup_all` of a group have run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prepared {
    Not,
    Done,
    Failed,
}

/// A group that is being run, or the script itself.
pub(crate) struct Frame {
    pub id: u64,
    /// `None`: the script.
    pub name: Option<String>,
    pub tags: Vec<String>,
    /// Why its tests are skipped.
    pub skip: Option<String>,
    pub source: String,
    pub level: usize,
    pub thread: ThreadId,
    /// How many calls of `parallel` were under way when it began.
    pub depth: u64,
    pub hooks: Vec<Hook>,
    pub prepared: Prepared,
}

/// The groups that are being run, outermost first.
#[derive(Default)]
pub(crate) struct Frames {
    list: Vec<Frame>,
    /// How many have begun.
    begun: u64,
}

impl Frames {
    /// A group begins, or a script. Its number is given here.
    pub fn push(&mut self, frame: Frame) {
        self.begun += 1;
        self.list.push(Frame { id: self.begun, ..frame });
    }
}

impl Deref for Frames {
    type Target = Vec<Frame>;

    fn deref(&self) -> &Vec<Frame> {
        &self.list
    }
}

impl DerefMut for Frames {
    fn deref_mut(&mut self) -> &mut Vec<Frame> {
        &mut self.list
    }
}
