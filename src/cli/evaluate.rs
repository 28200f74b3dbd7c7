//! `exec` and `eval`: a line of Python on a board.
//!
//! Uses [`crate::device`]. Invariant: standard output contains only the output of the code, or the value of the expression.

use super::arguments::{Eval, Exec, Mounting, Session};
use super::console::Console;
use super::{misuse, python_file, session, unread};
use crate::bound;
use crate::device::{Device, OpenOptions};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::Error;
use crate::origin::Origin;
use crate::script::Sources;
use std::sync::Arc;

/// Runs statements; their output passes through byte for byte. Returns the exit status.
///
/// # Errors
/// If the code cannot be read from standard input.
pub fn exec(exec: &Exec, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let (code, name) = match exec.code.as_str() {
        "-" => (standard_input()?, "<stdin>"),
        code => (code.to_owned(), "<exec>"),
    };
    let Session { connection, limit, .. } = &exec.session;
    session::with_board(console, connection, limit, options(&exec.session), &sources(name, &code), |device| {
        mount(device, &exec.mounting)?;
        python_file::run_program(device, &code, &Origin::new(name, 1, 1), exec.code == "-", console)
    })
}

/// Prints the value of an expression. Returns the exit status.
///
/// # Errors
/// If the expression is missing.
pub fn eval(eval: &Eval, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let expression = eval.expression.trim();
    if expression.is_empty() {
        return Err(misuse("missing expression", "for example `belay-script eval '1 + 1'`"));
    }
    let name = "<eval>";
    let Session { connection, limit, .. } = &eval.session;
    session::with_board(console, connection, limit, options(&eval.session), &sources(name, expression), |device| {
        mount(device, &eval.mounting)?;
        if let Some(text) = device.evaluate(expression, &Origin::new(name, 1, 1))? {
            console.text(&format!("{text}\n"));
        }
        Ok(())
    })
}

/// Mounts the folder of the command line, if there is one.
///
/// # Errors
/// As [`Device::mount`].
pub fn mount(device: &Device, mounting: &Mounting) -> Result<(), Error> {
    mounting.mount.as_deref().map_or(Ok(()), |folder| device.mount(folder, mounting.write))
}

/// The code, with the file name that errors show.
fn sources(name: &str, code: &str) -> Sources {
    let sources = Sources::default();
    sources.insert(name, code);
    sources
}

/// As for `exec`, without the convenience imports: for commands with code of their own.
pub fn quiet_options(session: &Session) -> OpenOptions {
    OpenOptions { startup: Some(String::new()), ..options(session) }
}

fn options(session: &Session) -> OpenOptions {
    let soft_reset = session.no_reset.then_some(false);
    OpenOptions { soft_reset, auto_sync_time: false, ..OpenOptions::default() }
}

fn standard_input() -> Result<String, Diagnostic> {
    match disk::input(bound::INPUT) {
        Ok(code) => Ok(code),
        Err(error) => Err(unread("standard input", &error, "use UTF-8 text")),
    }
}
