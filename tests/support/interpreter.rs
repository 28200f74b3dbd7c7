//! The MicroPython that simulated boards run on, as a command of the shell.

use belay_script::port::sim::interpreter;

/// The command after `exec:` that starts it.
pub fn command() -> String {
    let command = interpreter::find(&|_| ()).expect("a MicroPython").command();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quote = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().expect("UTF-8").replace('\'', r"'\''"));
    words.map(quote).collect::<Vec<_>>().join(" ")
}
