//! `mount` and `umount`: a folder of this computer for the commands of a chain.
//!
//! Uses [`crate::device`]. Invariant: the folder is mounted until the connection is closed.

use super::arguments::{Limit, Mount, OnBoard};
use super::console::Console;
use super::{misuse, session};
use crate::device::OpenOptions;
use crate::diagnostic::Diagnostic;
use crate::script::Sources;
use std::sync::Arc;

/// Mounts; returns the exit status.
///
/// # Errors
/// Outside of a chain, where it would have no use; or if Ctrl-C cannot be watched.
pub fn mount(options: &Mount, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let session = &options.session;
    if session.connection.shared.is_none() {
        let folder = options.folder.display();
        let help = format!("add the command that uses it: `belay-script mount {folder} + run main.py`");
        return Err(misuse("`mount` lasts only as long as its chain of commands", help));
    }
    let soft_reset = session.no_reset.then_some(false);
    let opening =
        OpenOptions { startup: Some(String::new()), soft_reset, auto_sync_time: false, ..OpenOptions::default() };
    let sources = Sources::default();
    session::with_board(console, &session.connection, &session.limit, opening, &sources, |device| {
        device.mount(&options.folder, options.write)
    })
}

/// Unmounts; returns the exit status.
///
/// # Errors
/// As [`mount`].
pub fn unmount(options: &OnBoard, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    if options.connection.shared.is_none() {
        let help = "each chain of commands ends with the folder unmounted";
        return Err(misuse("nothing is mounted: `umount` belongs after `mount`", help));
    }
    let opening = OpenOptions {
        startup: Some(String::new()),
        soft_reset: Some(false),
        auto_sync_time: false,
        ..OpenOptions::default()
    };
    let limit = Limit { timeout: None };
    session::with_board(console, &options.connection, &limit, opening, &Sources::default(), |device| device.unmount())
}
