//! `completions`: scripts for the user's shell, and the answers to what these scripts ask.
//!
//! Uses clap_complete, whose scripts start the program for each Tab. Invariant: an answer opens no board and runs no script.

mod values;

use super::arguments::{Arguments, Completions, PROGRAM};
use super::chain::{JOINT, command_of};
use super::console::Console;
use crate::diagnostic::Diagnostic;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Shells};
use std::ffi::OsString;
use std::process::ExitCode;

/// The variable by which a shell asks: it holds the shell's name.
const ASKED: &str = "BELAY_SCRIPT_COMPLETE";

/// What lets zsh complete at the first Tab, too, if it has loaded the script from a folder of `fpath`.
const ZSH_LOADED: &str = "
if [[ \"${funcstack[1]}\" == _PROGRAM ]]; then
    _clap_dynamic_completer_NAME \"$@\"
fi
";

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
    if let Some(completer) = Shells::builtins().completer(&shell.to_string()) {
        // Writing to memory cannot fail.
        let _ = completer.write_registration(ASKED, PROGRAM, PROGRAM, PROGRAM, &mut script);
    }
    if shell == Shell::Zsh {
        let name = PROGRAM.replace('-', "_");
        script.extend_from_slice(ZSH_LOADED.replace("PROGRAM", PROGRAM).replace("NAME", &name).as_bytes());
    }
    script
}

/// The words of a command line as those of the last command of its chain: what is before has the place of options, so that the
/// shell's count of words stays right. So have the options before the command, whose values may be names of commands.
fn of_last_command(mut words: Vec<OsString>) -> Vec<OsString> {
    let start = words.iter().position(|word| word == "--").map_or(words.len(), |at| at + 2).min(words.len());
    let line = &words[start..];
    let end = line.iter().position(|word| word == "--").unwrap_or(line.len());
    let first = line[..end].iter().rposition(|word| word == JOINT).map_or(0, |joint| joint + 1);
    let command = first + command_of(&line[first..], &Arguments::command());
    // Else the value of such an option is being completed.
    let known = if command < line.len() { command } else { first };
    words[start..start + known].fill("--simulate".into());
    words
}

/// Answers a shell, if it asks: the program then ends with this status.
pub fn answer() -> Option<ExitCode> {
    let shell = std::env::var(ASKED).ok().filter(|shell| !shell.is_empty())?;
    let words = of_last_command(std::env::args_os().collect());
    let asked = values::Asked::of(&shell, &words);
    let command = move || values::with_recipes(values::with_values(Arguments::command(), &asked));
    let here = std::env::current_dir().ok();
    let answered = CompleteEnv::with_factory(command).var(ASKED).try_complete(words, here.as_deref());
    match answered {
        Ok(true) => Some(ExitCode::SUCCESS),
        Ok(false) => None,
        // A shell shows nothing.
        Err(_) => Some(ExitCode::FAILURE),
    }
}
