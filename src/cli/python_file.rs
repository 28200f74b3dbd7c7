//! `run FILE.py`: a Python program on the board.
//!
//! Uses [`crate::device`]. Invariant: output of the program passes byte for byte, immediately.

use super::arguments::Run;
use super::console::Console;
#[cfg(unix)]
use super::terminal::standard_input::StandardInput;
use super::{misuse, session, unread};
use crate::bound;
#[cfg(unix)]
use crate::device::Keyboard;
use crate::device::{Device, OpenOptions};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::Error;
use crate::origin::Origin;
use crate::script::Sources;
use std::path::Path;
use std::sync::Arc;

/// Runs the file on the board; returns the exit status.
///
/// # Errors
/// If the file cannot be read, or arguments are given.
pub fn run(run: &Run, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let name = run.script.display().to_string();
    if !run.args.is_empty() {
        return Err(misuse("a Python file on a board takes no arguments", "only `.rhai` scripts get arguments"));
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
        run_program(device, &source, &origin, false, console)
    })
}

/// Runs a program on the board, with the input and output of this process. `used_up`: the input is used up.
///
/// # Errors
/// Of the program, and of the terminal.
#[cfg(unix)]
pub fn run_program(
    device: &Device,
    source: &str,
    origin: &Origin,
    used_up: bool,
    console: &Arc<Console>,
) -> Result<(), Error> {
    let mut input = match used_up {
        true => Some(StandardInput::ended(console)),
        false => StandardInput::open(console, source)?,
    };
    let reads = crate::python::scan::reads_input(source);
    // Without input, a program that reads it gets an end of file; other programs are not affected.
    if !reads && input.as_mut().is_some_and(StandardInput::is_over) {
        input = None;
    }
    let keyboard = input.as_mut().map(|input| input as &mut dyn Keyboard);
    device.run_program(source, origin, keyboard, &mut |bytes| console.bytes(bytes))
}

/// On other systems the program gets no input.
///
/// # Errors
/// Of the program.
#[cfg(not(unix))]
pub fn run_program(
    device: &Device,
    source: &str,
    origin: &Origin,
    _used_up: bool,
    console: &Arc<Console>,
) -> Result<(), Error> {
    device.run_program(source, origin, None, &mut |bytes| console.bytes(bytes))
}

/// The text of a Python file.
///
/// # Errors
/// If it cannot be read, or is not UTF-8.
pub fn read(path: &Path) -> Result<String, Diagnostic> {
    let name = path.display();
    let bytes = disk::read_named(path, bound::SCRIPT)
        .map_err(|error| unread(&format!("`{name}`"), &error, "check the path"))?;
    String::from_utf8(bytes)
        .map_err(|_| misuse(format!("`{name}` is not valid UTF-8"), "boards accept only UTF-8: convert the file"))
}
