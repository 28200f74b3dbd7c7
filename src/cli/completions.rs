//! `completions`: scripts for the user's shell.
//!
//! Uses clap_complete.

use super::arguments::{Arguments, Completions, PROGRAM};
use super::console::Console;
use crate::diagnostic::Diagnostic;
use clap::CommandFactory;

/// Prints the completion script; gives the exit status.
///
/// # Errors
/// None; it has the form of all commands.
pub fn completions(completions: &Completions, console: &Console) -> Result<u8, Diagnostic> {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Arguments::command(), PROGRAM, &mut script);
    console.bytes(&script);
    Ok(0)
}
