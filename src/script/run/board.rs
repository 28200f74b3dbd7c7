//! The board that a thread works for.
//!
//! Invariant: what a script prints meanwhile bears its name.

use std::cell::RefCell;

thread_local! {
    /// The board that this thread works for: what the script prints meanwhile bears its name.
    static BOARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The name of the board for which this thread runs a closure of `for_each_board`.
pub(crate) fn board() -> Option<String> {
    BOARD.with_borrow(Clone::clone)
}

/// Says which board this thread works for from now on.
pub(crate) fn set(board: Option<String>) {
    BOARD.set(board);
}
