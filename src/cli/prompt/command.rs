//! The commands of the prompt: `:help`, `:devices`, `:open` and so on.
//!
//! Invariant: an invalid command reports an error and changes nothing.

use super::Prompt;
use crate::cli::{misuse, readable};
use crate::name::nearest;
use crate::phrase::did_you_mean;
use std::path::Path;

/// The commands, for completion.
pub const NAMES: &[&str] =
    &["help", "devices", "open", "close", "ls", "sync", "mount", "py", "run", "reload", "time", "save", "quit"];

const HELP: &str = "\
Type Rhai; its value is shown. Open brackets, back-ticks and device blocks continue on the next line.

  :help [NAME]   Show this text, or describe a class, device, task, function or module
  :devices       List open devices
  :open [PORT]   Open a device without tasks as `d`, for example `:open sim`
  :close [NAME]  Close a device, or all of them
  :ls [PATH]     List files on the board
  :sync FOLDER   Make the board's files equal to a folder; see `:sync --help`
  :mount FOLDER  Show the board a folder at /remote, read-only; `:mount!` lets it write
  :py            Open the board's own prompt; press Ctrl-] to return
  :run FILE      Run a script here; its variables and devices stay
  :reload        Run changed scripts and modules again; boards stay connected
  :time EXPR     Evaluate and show the time; short expressions run several times
  :save FILE     Save successful inputs as a script; `:save!` overwrites a file
  :quit          Close all devices and leave, like Ctrl-D

With several boards, `:ls`, `:sync`, `:mount` and `:py` take a board's name as first argument.

What is surely wrong is underlined once you type on. `help`, `?`, `exit` and `quit` work without the colon.

Tab completes, the right arrow accepts the grey hint, Ctrl-R searches the history. Ctrl-C clears the line, or interrupts.
";

/// What the prompt does after an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Read the next input.
    Stay,
    /// Leave the prompt.
    Leave,
}

/// Words that people try, and the commands that they mean.
const TRIED: &[(&str, &str)] = &[
    ("help", "help"),
    ("help()", "help"),
    ("?", "help"),
    ("exit", "quit"),
    ("quit", "quit"),
    ("quit()", "quit"),
    ("q", "quit"),
];

impl Prompt {
    /// The command that an input means, if it is a word that people try and no name of the session.
    pub(super) fn command_of(&self, input: &str) -> Option<&'static str> {
        let input = input.trim().trim_end_matches(';');
        let (_, command) = TRIED.iter().find(|(word, _)| *word == input)?;
        let name = input.trim_end_matches("()");
        (!self.session.has(name)).then_some(command)
    }

    /// Runs the command `line`, without its colon.
    pub(super) fn command(&mut self, line: &str) -> Next {
        let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let argument = argument.trim();
        match name {
            "help" | "h" | "?" => self.help(argument),
            "devices" => self.devices(),
            "open" => return self.open(argument),
            "close" => self.close(argument),
            "ls" => self.ls(argument),
            "sync" => self.sync(argument),
            "mount" => self.mount(argument, false),
            "mount!" => self.mount(argument, true),
            "py" => self.py(argument),
            "run" => return self.run(argument),
            "reload" => return self.reload(),
            "time" => return self.time(argument),
            "save" => self.save(argument, false),
            "save!" => self.save(argument, true),
            "quit" | "q" | "exit" => return Next::Leave,
            other => {
                let help = match nearest(other, NAMES.iter().copied()) {
                    Some(near) => did_you_mean(&format!(":{near}")),
                    None => "`:help` lists the commands".to_owned(),
                };
                self.complain(&misuse(format!("unknown command `:{other}`"), help));
            }
        }
        Next::Stay
    }

    fn help(&self, name: &str) {
        match name {
            "" => self.console.text(HELP),
            name => match self.session.help(name) {
                Some(text) => self.console.text(&text),
                None => self.complain(&misuse(
                    format!("no help for `{name}`"),
                    "`:help` takes a class, a device, a task, a function, `alias::name`, or a module such as `std/stats`",
                )),
            },
        }
    }

    fn devices(&self) {
        let devices = self.host.devices();
        if devices.is_empty() {
            self.console.text("no device is open; use `:open PORT` to open one\n");
        }
        for device in devices {
            let is = device.implementation();
            let (major, minor, patch) = is.version;
            let line = format!("{}  {}  {} {major}.{minor}.{patch}\n", device.name(), device.port(), is.name);
            self.console.text(&line);
        }
    }

    fn open(&mut self, port: &str) -> Next {
        let port = if port.is_empty() { String::new() } else { literal(port) };
        self.evaluate(&format!("let d = Device.open({port});"))
    }

    fn close(&mut self, name: &str) {
        let devices = self.host.devices();
        let wanted: Vec<_> = devices.iter().rev().filter(|device| name.is_empty() || device.name() == name).collect();
        if wanted.is_empty() {
            let message =
                if name.is_empty() { "no device is open".to_owned() } else { format!("no device `{name}` is open") };
            return self.complain(&misuse(message, "`:devices` lists the open devices"));
        }
        let closed = self.calling(|session| match name {
            "" => session.close_all(),
            _ => wanted
                .iter()
                .filter_map(|device| device.close().err())
                .map(|error| crate::diagnostic::Diagnostic::from_error(&error))
                .collect(),
        });
        for failure in closed {
            self.complain(&failure);
        }
    }

    fn run(&mut self, path: &str) -> Next {
        let path = path.trim_matches('"');
        if path.is_empty() {
            self.complain(&misuse("missing script", "for example `:run bench.rhai`"));
            return Next::Stay;
        }
        let path = Path::new(path);
        match readable(path) {
            Ok(()) => self.run_file(path),
            Err(failure) => {
                self.complain(&failure);
                Next::Stay
            }
        }
    }
}

/// `text` as a string literal of Rhai.
fn literal(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.trim_matches('"').chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_become_literals() {
        assert_eq!(literal("sim"), "\"sim\"");
        assert_eq!(literal("\"sim\""), "\"sim\"");
        assert_eq!(literal("exec:a \"b\" \\c"), "\"exec:a \\\"b\\\" \\\\c\"");
    }
}
