//! `run FILE.py`: a Python program on the board.
//!
//! Uses [`crate::device`]. Invariant: what the program prints passes byte for byte, as it comes.

use super::arguments::Run;
use super::console::Console;
use super::{misuse, reason, session};
use crate::bound;
use crate::device::OpenOptions;
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::origin::Origin;
use crate::script::Sources;
use std::path::Path;
use std::sync::Arc;

/// Runs the file on the board; gives the exit status.
///
/// # Errors
/// If the file cannot be read, or arguments are given.
pub fn run(run: &Run, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let name = run.script.display().to_string();
    if !run.args.is_empty() {
        return Err(misuse("a Python file on a board takes no arguments", "only `.rhai` scripts see `args`"));
    }
    let source = read(&run.script)?;
    let sources = Sources::default();
    sources.insert(&name, &source);
    // The program sees a fresh board and nothing that it did not import itself.
    let options = OpenOptions { startup: Some(String::new()), auto_sync_time: false, ..OpenOptions::default() };
    let origin = Origin::new(name, 1, 1);
    session::with_board(console, &run.connection, &run.limit, options, &sources, |device| {
        if let Some(folder) = &run.mount {
            device.mount(folder, run.write)?;
        }
        device.run_program(&source, &origin, &mut |bytes| console.bytes(bytes))
    })
}

/// The text of a Python file.
///
/// # Errors
/// If it cannot be read, or is no text.
pub fn read(path: &Path) -> Result<String, Diagnostic> {
    let name = path.display();
    let bytes = disk::read_named(path, bound::SCRIPT)
        .map_err(|error| misuse(format!("`{name}` cannot be read: {}", reason(&error)), "check the path"))?;
    String::from_utf8(bytes)
        .map_err(|_| misuse(format!("`{name}` is not UTF-8 text"), "boards take UTF-8 only: convert the file"))
}
