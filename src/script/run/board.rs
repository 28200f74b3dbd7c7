//! The board of the current thread.
//!
//! Invariant: the script's output on this thread carries the board's name.

use std::cell::RefCell;

thread_local! {
    /// The board of the current thread, whose name marks the script's output.
    static BOARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The board for which this thread runs a closure of `for_each_board`.
pub(crate) fn board() -> Option<String> {
    BOARD.with_borrow(Clone::clone)
}

/// Sets the board of this thread.
pub(crate) fn set(board: Option<String>) {
    BOARD.set(board);
}
