//! `exec` and `eval`: a line of Python on a board.
//!
//! Uses [`crate::device`].

use super::arguments::{Eval, Exec, Session};
use super::console::Console;
use super::{misuse, reason, session};
use crate::bound;
use crate::device::OpenOptions;
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::script::Sources;
use crate::value::Value;
use std::sync::Arc;

/// Runs statements; what they print passes through. Gives the exit status.
///
/// # Errors
/// If the code cannot be read from standard input.
pub fn exec(exec: &Exec, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let code = if exec.code == "-" { standard_input()? } else { exec.code.clone() };
    let work = |device: &crate::device::Device| device.exec(&code, None).map(drop);
    session::with_board(
        console,
        &exec.session.connection,
        &exec.session.limit,
        options(&exec.session),
        &Sources::default(),
        work,
    )
}

/// Prints what an expression comes to. Gives the exit status.
///
/// # Errors
/// If there is no expression.
pub fn eval(eval: &Eval, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    if eval.expression.trim().is_empty() {
        return Err(misuse("there is no expression", "for example `belay-script eval '1 + 1'`"));
    }
    // The board itself writes the value, so that every object has a text. The line end ends a comment.
    let code = format!("str(({}\n))", eval.expression.trim());
    let work = |device: &crate::device::Device| {
        let text = match device.exec(&code, None)? {
            Value::Str(text) => text,
            other => crate::value::write::literal(&other).unwrap_or_else(|error| error.to_string()),
        };
        console.text(&format!("{text}\n"));
        Ok(())
    };
    session::with_board(
        console,
        &eval.session.connection,
        &eval.session.limit,
        options(&eval.session),
        &Sources::default(),
        work,
    )
}

fn options(session: &Session) -> OpenOptions {
    let soft_reset = session.no_reset.then_some(false);
    OpenOptions { soft_reset, auto_sync_time: false, ..OpenOptions::default() }
}

fn standard_input() -> Result<String, Diagnostic> {
    match disk::input(bound::INPUT) {
        Ok(code) => Ok(code),
        Err(error) => Err(misuse(format!("standard input cannot be read: {}", reason(&error)), "it takes UTF-8 text")),
    }
}
