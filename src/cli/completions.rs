//! `completions`: scripts for the user's shell.
//!
//! Uses clap_complete.

use super::arguments::{Arguments, Completions, PROGRAM};
use super::console::Console;
use crate::diagnostic::Diagnostic;
use clap::CommandFactory;
use clap_complete::Shell;

/// Prints the completion script; returns the exit status.
///
/// # Errors
/// None; the signature is that of all commands.
pub fn completions(completions: &Completions, console: &Console) -> Result<u8, Diagnostic> {
    console.bytes(&script(completions.shell));
    Ok(0)
}

/// The completion script of a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), PROGRAM, &mut script);
    if shell == Shell::Bash {
        script = mend_bash(&String::from_utf8_lossy(&script)).into_bytes();
    }
    script
}

/// clap_complete 4.6 writes the hyphen of a program's name in two ways, so that nothing is completed after a command
/// (clap-rs/clap issue 6421). A script without that fault is left as it is.
fn mend_bash(script: &str) -> String {
    let told_apart = PROGRAM.replace('-', "__subcmd__");
    script.replace(&told_apart, &PROGRAM.replace('-', "__"))
}
