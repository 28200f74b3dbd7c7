//! The running groups of tests, their hooks, and the names that were used in them.
//!
//! Invariant: only data; [`crate::script::testing`] runs it.

use crate::bench::event::{GroupKind, Outcome};
use crate::origin::Origin;
use crate::script::run::board;
use rhai::{Expr, Position};
use std::collections::HashMap;
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
    Running,
    Done,
    Failed,
}

/// A test of a group that did not pass.
#[derive(Clone)]
pub(crate) struct Failed {
    pub name: String,
    /// The board whose closure of `for_each_board` ran it.
    board: Option<String>,
}

/// A running group, or the script itself.
pub(crate) struct GroupFrame {
    pub id: u64,
    /// `None` for the script.
    pub name: Option<String>,
    pub kind: GroupKind,
    pub tags: Vec<String>,
    /// Why its tests are skipped.
    pub skip: Option<String>,
    /// Why those of one board are, whose closure of `for_each_board` reached a checkpoint.
    skip_of: HashMap<String, String>,
    /// Whether the rest of it is skipped once a test has not passed.
    pub stops: bool,
    /// Its tests that did not pass.
    pub failed: Vec<Failed>,
    /// The worst of its tests.
    pub worst: Option<Outcome>,
    pub source: String,
    pub level: usize,
    pub thread: ThreadId,
    /// Number of enclosing `parallel` calls when it began.
    pub depth: u64,
    pub hooks: Vec<Hook>,
    pub prepared: Prepared,
}

impl GroupFrame {
    /// A beginning group, or the script itself.
    pub fn new(name: Option<String>, source: &str, level: usize, depth: u64) -> GroupFrame {
        GroupFrame {
            id: 0,
            name,
            kind: GroupKind::default(),
            tags: Vec::new(),
            skip: None,
            skip_of: HashMap::new(),
            stops: false,
            failed: Vec::new(),
            worst: None,
            source: source.to_owned(),
            level,
            thread: std::thread::current().id(),
            depth,
            hooks: Vec::new(),
            prepared: Prepared::Not,
        }
    }

    /// The first test that did not pass, of this thread's board or of none.
    pub fn first_failed(&self) -> Option<&Failed> {
        let own = board::board();
        self.failed.iter().find(|failed| failed.board.is_none() || own.is_none() || failed.board == own)
    }

    /// Skips its further tests; in a closure of `for_each_board`, those of its board.
    pub fn skip_rest(&mut self, reason: &str) {
        match board::board() {
            Some(board) => {
                self.skip_of.entry(board).or_insert_with(|| reason.to_owned());
            }
            None => {
                self.skip.get_or_insert_with(|| reason.to_owned());
            }
        }
    }

    /// Why further tests are skipped, if they are.
    pub fn reason(&self) -> Option<String> {
        let failed = || self.first_failed().filter(|_| self.stops);
        let of_board = || board::board().and_then(|board| self.skip_of.get(&board).cloned());
        self.skip
            .clone()
            .or_else(of_board)
            .or_else(|| Some(format!("`{}` did not pass, and the {} stops", failed()?.name, self.kind.word())))
    }
}

/// The running groups, outermost first.
#[derive(Default)]
pub(crate) struct Frames {
    list: Vec<GroupFrame>,
    /// Number of groups begun.
    begun: u64,
    /// Where tests and groups were declared, by their paths.
    declared: HashMap<(bool, Vec<String>), Origin>,
}

impl Frames {
    /// Forgets everything: a script starts.
    pub fn reset(&mut self) {
        self.list.clear();
        self.declared.clear();
    }

    /// Begins a group or script, and assigns its number, which it returns.
    pub fn push(&mut self, frame: GroupFrame) -> u64 {
        self.begun += 1;
        self.list.push(GroupFrame { id: self.begun, ..frame });
        self.begun
    }

    /// The frames of this thread, `depth` calls of `parallel` deep, outermost first.
    pub fn around(&mut self, depth: u64) -> Vec<&mut GroupFrame> {
        let thread = std::thread::current().id();
        self.list.iter_mut().filter(|frame| frame.thread == thread || frame.depth < depth).collect()
    }

    /// The names of the enclosing groups on this thread, and of its board.
    pub fn path(&mut self, depth: u64) -> Vec<String> {
        let names = self.around(depth).into_iter().filter_map(|frame| frame.name.clone());
        names.chain(board::board()).collect()
    }

    /// The path of a group that begins here.
    pub fn path_of(&mut self, depth: u64, name: &str) -> Vec<String> {
        let names = self.around(depth).into_iter().filter_map(|frame| frame.name.clone());
        names.chain([name.to_owned()]).chain(board::board()).collect()
    }

    /// The tags of the enclosing groups on this thread, and why they skip tests.
    pub fn inherited(&mut self, depth: u64) -> (Vec<String>, Option<String>) {
        let around = self.around(depth);
        let tags = around.iter().flat_map(|frame| frame.tags.clone()).collect();
        (tags, around.iter().find_map(|frame| frame.reason()))
    }

    /// Adds the outcome of a test that ended on this thread.
    pub fn ended(&mut self, depth: u64, name: &str, outcome: Outcome) {
        for frame in self.around(depth) {
            frame.worst = frame.worst.max(Some(outcome));
            if !outcome.is_good() {
                frame.failed.push(Failed { name: name.to_owned(), board: board::board() });
            }
        }
    }

    /// Declares a test or a group with this path. Returns where that name was used before, if it was.
    pub fn declare(&mut self, is_test: bool, path: Vec<String>, origin: Origin) -> Option<Origin> {
        match self.declared.entry((is_test, path)) {
            std::collections::hash_map::Entry::Occupied(known) => Some(known.get().clone()),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(origin);
                None
            }
        }
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
