//! The kinds of items that send messages.

use std::fmt;

/// The kind of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// Sends messages.
    Command,
    /// Sends messages, of which the last one brings a reply.
    Query,
    /// Like a command; runs on open if `autoinit`.
    Setup,
    /// Like a command; runs on close.
    Teardown,
}

impl ItemKind {
    /// All kinds.
    pub const ALL: [ItemKind; 4] = [ItemKind::Command, ItemKind::Query, ItemKind::Setup, ItemKind::Teardown];

    /// Its keyword.
    pub fn word(self) -> &'static str {
        match self {
            ItemKind::Command => "command",
            ItemKind::Query => "query",
            ItemKind::Setup => "setup",
            ItemKind::Teardown => "teardown",
        }
    }

    /// The kind for this keyword.
    pub fn from_word(word: &str) -> Option<ItemKind> {
        ItemKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
