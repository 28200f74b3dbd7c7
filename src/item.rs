//! Names the code that runs on a board, for errors.
//!
//! Invariant: plain data; its text is only for the user.

use std::fmt;

/// The kind of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// Runs in the board's globals when called, or at open if `autoinit`.
    Setup,
    /// A function on the board.
    Task,
    /// A function that keeps running on the board after the call returns.
    Thread,
    /// Runs in the board's globals when the device is closed.
    Teardown,
}

impl ItemKind {
    /// Its keyword.
    pub fn word(self) -> &'static str {
        match self {
            ItemKind::Setup => "setup",
            ItemKind::Task => "task",
            ItemKind::Thread => "thread",
            ItemKind::Teardown => "teardown",
        }
    }

    /// The kind for this keyword.
    pub fn from_word(word: &str) -> Option<ItemKind> {
        [ItemKind::Setup, ItemKind::Task, ItemKind::Thread, ItemKind::Teardown]
            .into_iter()
            .find(|kind| kind.word() == word)
    }

    /// Whether the body becomes a function on the board (otherwise it runs in the board's globals).
    pub fn is_function(self) -> bool {
        matches!(self, ItemKind::Task | ItemKind::Thread)
    }
}

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What an error is about: an item of a device, or something like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemLabel {
    /// An item that a script declares.
    Declared {
        /// Its kind.
        kind: ItemKind,
        /// Its name.
        name: String,
    },
    /// An item of an instrument.
    OfInstrument {
        /// Its keyword.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A file that is compiled.
    File(String),
    /// The startup code of a device.
    Startup,
    /// A recorded command that runs again after a reconnect.
    Restored,
}

impl ItemLabel {
    /// The name alone: `read_adc`.
    pub fn name(&self) -> &str {
        match self {
            ItemLabel::Declared { name, .. } | ItemLabel::OfInstrument { name, .. } | ItemLabel::File(name) => name,
            ItemLabel::Startup => "startup",
            ItemLabel::Restored => "restored command",
        }
    }
}

impl fmt::Display for ItemLabel {
    /// `` task `read_adc` ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ItemLabel::Declared { kind, name } => write!(f, "{kind} `{name}`"),
            ItemLabel::OfInstrument { kind, name } => write!(f, "{kind} `{name}`"),
            ItemLabel::File(name) => write!(f, "file `{name}`"),
            ItemLabel::Startup | ItemLabel::Restored => f.write_str(self.name()),
        }
    }
}
