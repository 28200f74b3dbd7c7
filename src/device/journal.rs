//! What was done on a board, so that it can be done again after a reconnect: a record of meaning, not of text.
//!
//! Invariant: an entry is made after its success only, and a command is kept as it was sent, never wrapped twice.

use crate::board::command::Command;
use crate::device::class::Item;
use std::sync::Arc;

/// Belay's limit on recorded commands (`MAX_CMD_HISTORY_LEN`).
pub const MAX_HISTORY: usize = 1000;

/// One thing that was done.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An item was put on the board.
    Declared(Arc<Item>),
    /// A recorded command has run.
    Ran(Command),
}

/// What was done on a board, oldest first.
#[derive(Default)]
pub struct Journal {
    entries: Vec<Entry>,
    ran: usize,
    overflowed: bool,
}

impl Journal {
    /// Notes a declaration.
    pub fn declared(&mut self, item: &Arc<Item>) {
        self.entries.push(Entry::Declared(item.clone()));
    }

    /// Notes a command that has run. Beyond [`MAX_HISTORY`] it is dropped, and the journal is of no use any more.
    pub fn ran(&mut self, command: &Command) {
        if self.ran < MAX_HISTORY {
            self.ran += 1;
            self.entries.push(Entry::Ran(command.clone()));
        } else {
            self.overflowed = true;
        }
    }

    /// Whether commands are missing.
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Everything, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The commands as they were sent, oldest first.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Ran(command) => Some(command.code()),
            Entry::Declared(_) => None,
        })
    }

    /// Forgets the commands, whose effects are gone after a soft reset.
    pub fn forget_commands(&mut self) {
        self.entries.retain(|entry| matches!(entry, Entry::Declared(_)));
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
