//! The values that options and arguments may have: ports, boards of the station, tests, standard modules, scripts.
//!
//! Invariant: what cannot be found out is left out, without a word.

use super::super::console::Console;
use super::super::station;
use crate::device::{Host, HostOptions};
use crate::packages::project::Project;
use crate::port::{kind, usb};
use crate::script::{RunOptions, Runner, standard_modules};
use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a shell asks.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The shell inserts words as they are, so that blanks in them are to be quoted.
    inserts_raw: bool,
    /// The scripts on the command line.
    scripts: Vec<PathBuf>,
}

impl Asked {
    /// From the words with which the shell starts the program: those of the command line come after `--`.
    pub fn of(shell: &str, words: &[OsString]) -> Asked {
        let line = words.iter().skip_while(|word| *word != "--").skip(1);
        let scripts = line.map(PathBuf::from).filter(|word| ends_with(word, &["rhai"])).collect();
        Asked { inserts_raw: shell == "bash" || shell == "powershell", scripts }
    }

    fn script(&self) -> Option<&Path> {
        self.scripts.first().map(PathBuf::as_path)
    }

    /// A word as it is to be inserted.
    fn word(&self, text: &str) -> String {
        let is_plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,~".contains(c);
        if !self.inserts_raw || text.chars().all(is_plain) {
            return text.to_owned();
        }
        text.chars().map(|c| if is_plain(c) { c.to_string() } else { format!("\\{c}") }).collect()
    }
}

/// Whether a path ends with one of these.
fn ends_with(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted))
}

/// The recipes as commands, with what they do; without a word if a file is wrong.
pub fn with_recipes(command: Command) -> Command {
    let recipes = crate::cli::recipes::all().unwrap_or_default().into_iter();
    let recipes = recipes.filter(|recipe| command.find_subcommand(&recipe.name).is_none());
    recipes.collect::<Vec<_>>().into_iter().fold(command, |command, recipe| {
        // The process ends after its answer.
        command.subcommand(Command::new(&*recipe.name.leak()).about(&*recipe.text.leak()))
    })
}

/// The command with what completes the values of its arguments, and those of its subcommands.
pub fn with_values(command: Command, asked: &Asked) -> Command {
    let name = command.get_name().to_owned();
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = command.mut_args(|argument| completed(argument, &name, asked));
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, |sub| with_values(sub, asked)))
}

fn completed(argument: Arg, command: &str, asked: &Asked) -> Arg {
    let asked = asked.clone();
    match (command, argument.get_id().as_str()) {
        (_, "port") if argument.get_short() == Some('p') => {
            argument.add(ArgValueCompleter::new(move |current: &OsStr| ports(current, &asked)))
        }
        (_, "patterns") => argument.add(ArgValueCompleter::new(move |current: &OsStr| tests(current, &asked))),
        ("run" | "check", "script" | "scripts") => argument.add(files(&["rhai", "py"])),
        ("flash", "firmware") => argument.add(files(&["uf2", "bin", "dfu"])),
        ("test", "paths") | ("repl", "load") => argument.add(files(&["rhai"])),
        ("doc", "subject") => argument.add(ArgValueCompleter::new(subjects)),
        ("select", "name") => argument.add(ArgValueCompleter::new(move |current: &OsStr| {
            chosen(current, station::board_names(asked.script()).into_iter().map(|name| (name, String::new())), &asked)
        })),
        ("update" | "remove", "packages") => argument.add(ArgValueCompleter::new(move |current: &OsStr| {
            let packages = project().into_iter().flat_map(|project| project.groups);
            let packages = packages.flat_map(|group| group.packages).collect::<Vec<_>>();
            chosen(current, packages, &asked)
        })),
        ("add" | "install", "group") => argument.add(ArgValueCompleter::new(move |current: &OsStr| {
            let groups = project().into_iter().flat_map(|project| project.groups);
            chosen(current, groups.map(|group| (group.name, String::new())).collect::<Vec<_>>(), &asked)
        })),
        _ => argument,
    }
}

/// The project of the current folder, without a word if there is none.
fn project() -> Option<Project> {
    Project::find(Path::new("")).ok().flatten()
}

/// Files with one of these endings; folders, in which there may be some, follow.
fn files(endings: &'static [&'static str]) -> ArgValueCompleter {
    ArgValueCompleter::new(PathCompleter::any().filter(move |path| ends_with(path, endings)))
}

/// The words that begin with what has been typed, with what they are.
fn chosen(
    current: &OsStr,
    words: impl IntoIterator<Item = (String, String)>,
    asked: &Asked,
) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy().replace('\\', "");
    let begins = |(word, _): &(String, String)| word.starts_with(current.as_str());
    let candidate = |(word, about): (String, String)| {
        CompletionCandidate::new(asked.word(&word)).help(Some(about).filter(|about| !about.is_empty()).map(Into::into))
    };
    words.into_iter().filter(begins).map(candidate).collect()
}

/// Boards of the station, boards that are plugged in, the forms of ports, and paths.
fn ports(current: &OsStr, asked: &Asked) -> Vec<CompletionCandidate> {
    let boards = station::board_names(asked.script()).into_iter().map(|name| (name, "board of the station".to_owned()));
    let plugged = usb::list().unwrap_or_default().into_iter().map(|port| {
        let about = port.product.clone().unwrap_or_default();
        (port.device, about)
    });
    let forms = kind::beginnings().into_iter().map(|form| (form.to_owned(), String::new()));
    let mut found = chosen(current, boards.chain(plugged).chain(forms), asked);
    if found.is_empty() {
        found.extend(PathCompleter::any().complete(current));
    }
    found
}

/// The tests of the scripts on the command line.
fn tests(current: &OsStr, asked: &Asked) -> Vec<CompletionCandidate> {
    let console = Arc::new(Console::of_process());
    let names = asked.scripts.iter().flat_map(|script| {
        let host = Host::new(HostOptions::new(console.clone()));
        let mut runner = Runner::new(host, console.clone(), RunOptions::default());
        runner.tests_of(script).unwrap_or_default().into_iter().map(|test| (test.name, String::new()))
    });
    // `!` excludes.
    let excluded = current.to_string_lossy().starts_with('!');
    let names = names.map(|(name, about)| if excluded { (format!("!{name}"), about) } else { (name, about) });
    chosen(current, names.collect::<Vec<_>>(), asked)
}

/// Standard modules, and scripts.
fn subjects(current: &OsStr) -> Vec<CompletionCandidate> {
    let modules = standard_modules().into_iter().map(|name| (name, String::new()));
    let mut found = chosen(current, modules, &Asked::default());
    found.extend(PathCompleter::any().filter(|path| ends_with(path, &["rhai"])).complete(current));
    found
}
