//! The kinds of items that send messages.

use crate::error::{Error, Kind};
use crate::phrase::did_you_mean;
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

impl ItemKind {
    /// The error for an option that is not among `known`. `whose`: ` of a console`, or empty.
    pub fn unknown_option(self, whose: &str, name: &str, known: &[&str]) -> Error {
        let error = Error::new(Kind::DeclarationError, format!("a {self}{whose} has no option `{name}`"));
        match crate::name::nearest(name, known.iter().copied()) {
            Some(near) => error.with_help(did_you_mean(near)),
            None => error.with_help(format!("options of a {self}: {}", known.join(", "))),
        }
    }
}

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
