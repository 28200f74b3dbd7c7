//! The journal of a board: what a reconnect must repeat.
//!
//! Invariant: an entry is added only after success, and a command is kept as sent, never wrapped twice.

use crate::board::command::Command;
use crate::device::class::Item;
use std::sync::Arc;

/// Belay's limit on recorded commands (`MAX_CMD_HISTORY_LEN`).
pub const MAX_HISTORY: usize = 1000;

/// An entry of the journal.
#[derive(Clone, Debug)]
pub enum JournalEntry {
    /// An item was put on the board.
    Declared(Arc<Item>),
    /// A recorded command has run.
    Ran(Command),
}

/// The journal of a board, oldest entry first.
#[derive(Default)]
pub struct Journal {
    entries: Vec<JournalEntry>,
    ran: usize,
    overflowed: bool,
}

impl Journal {
    /// Records a declaration.
    pub fn declared(&mut self, item: &Arc<Item>) {
        self.entries.push(JournalEntry::Declared(item.clone()));
    }

    /// Records a command that has run. Beyond [`MAX_HISTORY`] commands are dropped, and the journal can no longer be replayed.
    pub fn ran(&mut self, command: &Command) {
        if self.ran < MAX_HISTORY {
            self.ran += 1;
            self.entries.push(JournalEntry::Ran(command.clone()));
        } else {
            self.overflowed = true;
        }
    }

    /// Whether commands are missing.
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    /// The commands as sent, oldest first.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match entry {
            JournalEntry::Ran(command) => Some(command.code()),
            JournalEntry::Declared(_) => None,
        })
    }

    /// Removes the commands, whose effects are gone after a soft reset.
    pub fn forget_commands(&mut self) {
        self.entries.retain(|entry| matches!(entry, JournalEntry::Declared(_)));
        (self.ran, self.overflowed) = (0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thousand_and_first_command_is_too_many() {
        let mut journal = Journal::default();
        for number in 0..MAX_HISTORY {
            journal.ran(&Command::new(number.to_string()));
        }
        assert!(!journal.overflowed());
        journal.ran(&Command::new("one too many"));
        assert!(journal.overflowed());
        assert_eq!(journal.commands().count(), MAX_HISTORY);
        journal.forget_commands();
        assert_eq!((journal.overflowed(), journal.commands().count()), (false, 0));
    }
}
