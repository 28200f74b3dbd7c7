//! `reset`: restarts a board.
//!
//! Uses [`crate::device`].

use super::arguments::{Limit, OnBoard, Reset as Options};
use super::console::Console;
use super::session;
use crate::device::{OpenOptions, Reset};
use crate::diagnostic::Diagnostic;
use crate::script::Sources;
use std::sync::Arc;

/// Restarts the board and passes on its first output; returns the exit status.
///
/// # Errors
/// If Ctrl-C cannot be watched.
pub fn reset(reset: &Options, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let how = match (reset.hard, reset.bootloader) {
        (true, _) => Reset::Hard,
        (_, true) => Reset::Bootloader,
        _ => Reset::Soft,
    };
    let options = OpenOptions {
        startup: Some(String::new()),
        soft_reset: Some(false),
        auto_sync_time: false,
        ..OpenOptions::default()
    };
    let limit = Limit { timeout: None };
    // The output of the board is the result.
    let sources = Sources::default();
    session::with_board_printing_to(console, console, &reset.connection, &limit, options, &sources, |device| {
        let left = device.leave_with_reset(how);
        if let Some(shared) = &reset.connection.shared {
            shared.forget();
        }
        left
    })
}

/// Restarts the interpreter without main.py; returns the exit status.
///
/// # Errors
/// If Ctrl-C cannot be watched.
pub fn soft_reset(options: &OnBoard, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let connection = &options.connection;
    // Opening a board restarts it already.
    let soft_reset = connection.shared.is_some().then_some(false);
    let opening =
        OpenOptions { startup: Some(String::new()), soft_reset, auto_sync_time: false, ..OpenOptions::default() };
    let limit = Limit { timeout: None };
    let sources = Sources::default();
    session::with_board_printing_to(console, console, connection, &limit, opening, &sources, |device| {
        connection.shared.as_ref().map_or(Ok(()), |shared| shared.restart(device))
    })
}
