//! `ls`, `tree`, `df`, `cat`, `hash`, `cp`, `rm`, `mkdir`, `rmdir`, `touch`, `mv` and `edit`: the files of a board from the command line.
//!
//! One file a group of commands; [`path`] and [`find`] say what a path means. Uses [`crate::device::Files`]. Invariant: wrong
//! arguments are found before anything changes, and no file ever appears half written under its name.

pub mod change;
pub mod copy;
pub mod digest;
pub mod edit;
pub mod extra;
pub mod find;
pub mod list;
pub mod local;
pub mod path;
pub mod plan;
pub mod read;
pub mod source;
pub mod space;

use super::arguments::Session;
use super::arguments::files::FileCommand;
use super::console::Console;
use super::{session, signals};
use crate::bench::tally::Tally;
use crate::device::{Files, OpenOptions};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind, Result};
use crate::script::Sources;
use path::Place;
use std::sync::Arc;

/// Carries out a command; returns the exit status.
///
/// # Errors
/// Of wrong arguments, or if Ctrl-C cannot be watched.
pub fn dispatch(command: &FileCommand, console: &Arc<Console>) -> std::result::Result<u8, Diagnostic> {
    match command {
        FileCommand::Ls(options) => list::ls(options, console),
        FileCommand::Tree(options) => list::tree(options, console),
        FileCommand::Df(options) => space::df(options, console),
        FileCommand::Cat(options) => read::cat(options, console),
        FileCommand::Hash(options) => read::hash(options, console),
        FileCommand::Cp(options) => copy::cp(options, console),
        FileCommand::Rm(options) => change::rm(options, console),
        FileCommand::Mkdir(options) => change::mkdir(options, console),
        FileCommand::Rmdir(options) => change::rmdir(options, console),
        FileCommand::Touch(options) => change::touch(options, console),
        FileCommand::Mv(options) => change::mv(options, console),
        FileCommand::Edit(options) => edit::edit(options, console),
    }
}

/// The context of a command.
pub struct Work<'a> {
    files: Option<Files<'a>>,
    /// Whether the board's file system is this computer's own, once asked.
    shared: Option<bool>,
    /// Where is printed.
    pub console: &'a Arc<Console>,
}

impl<'a> Work<'a> {
    /// Work with these files of a board, or without a board.
    pub fn new(files: Option<Files<'a>>, console: &'a Arc<Console>) -> Work<'a> {
        Work { files, shared: None, console }
    }

    /// Whether the board's file system is this computer's own.
    ///
    /// # Errors
    /// Of the link.
    pub fn is_shared(&mut self) -> Result<bool> {
        if self.shared.is_none() {
            self.shared = Some(self.files()?.are_this_computers()?);
        }
        Ok(self.shared.unwrap_or(true))
    }

    /// The board's files.
    ///
    /// # Errors
    /// An internal error: no path of the command was on the board, so it was not opened.
    pub fn files(&mut self) -> Result<&mut Files<'a>> {
        self.files.as_mut().ok_or_else(|| Error::new(Kind::InternalError, "the board was not opened"))
    }

    /// Refuses to change entries of `/` of this computer.
    ///
    /// # Errors
    /// FeatureUnavailableError, or of the link.
    pub fn guard(&mut self, path: &str) -> Result<()> {
        if path.trim_matches('/').contains('/') || !self.is_shared()? {
            return Ok(());
        }
        Err(Error::new(
            Kind::FeatureUnavailableError,
            format!("`{path}` is not changed: the files of this board are this computer's own"),
        )
        .with_help("name a path inside a directory of yours, for example `:/tmp/board/main.py`"))
    }
}

/// Opens the board if one of `places` is on it, and runs the command. Returns the exit status.
///
/// The board is restarted first, as `exec` does: its memory is free then, and nothing that runs on it uses the files.
fn run(
    console: &Arc<Console>,
    options: &Session,
    places: &[Place],
    work: impl FnOnce(&mut Work<'_>) -> Result<()>,
) -> std::result::Result<u8, Diagnostic> {
    if !places.iter().any(Place::is_board) {
        signals::watch()?;
        let worked = work(&mut Work::new(None, console));
        console.finish(&Tally::default());
        let failures: Vec<Diagnostic> = worked.err().iter().map(Diagnostic::from_error).collect();
        return Ok(super::report_failures(console, &failures, &Sources::default()));
    }
    let open = OpenOptions {
        startup: Some(String::new()),
        soft_reset: options.no_reset.then_some(false),
        auto_sync_time: false,
        ..OpenOptions::default()
    };
    session::with_board(console, &options.connection, &options.limit, open, &Sources::default(), |device| {
        work(&mut Work::new(Some(device.files()?), console))
    })
}

/// The arguments of the command line, as places.
fn places(texts: &[String]) -> std::result::Result<Vec<Place>, Diagnostic> {
    texts.iter().map(|text| Place::parse(text)).collect::<Result<_>>().map_err(|error| Diagnostic::from_error(&error))
}

/// As [`on_board`], as places, and without any the board's `/`.
fn places_or_root(command: &str, texts: &[String]) -> std::result::Result<Vec<Place>, Diagnostic> {
    if texts.is_empty() { places(&[":/".to_owned()]) } else { places_on_board(command, texts) }
}

/// As [`on_board`], as places.
fn places_on_board(command: &str, texts: &[String]) -> std::result::Result<Vec<Place>, Diagnostic> {
    on_board(command, texts).map(|paths| paths.into_iter().map(Place::Board).collect())
}

/// As [`places`], at least one of them on the board.
fn places_beside_board(command: &str, texts: &[String]) -> std::result::Result<Vec<Place>, Diagnostic> {
    let places = places(texts)?;
    if !places.iter().any(Place::is_board) {
        on_board(command, texts)?;
    }
    Ok(places)
}

/// As [`places`], all of them on the board, where `command` works: a path without a colon may be one that lacks it.
fn on_board(command: &str, texts: &[String]) -> std::result::Result<Vec<path::BoardPath>, Diagnostic> {
    let board = |place: Place| match place {
        Place::Board(path) => Ok(path),
        Place::Local(path) => Err(Diagnostic::from_error(&not_on_board(command, &path))),
    };
    places(texts)?.into_iter().map(board).collect()
}

/// A path without a colon, where a path on the board is meant.
fn not_on_board(command: &str, path: &path::LocalPath) -> Error {
    misused(
        format!("`{command}` works on the board, but `{}` is a path on this computer", path.written),
        format!("a path on the board begins with a colon: `:{}`", path.written),
    )
}

/// Refused because of the board or its state: exit status 1.
fn refused(message: impl Into<String>, help: impl Into<String>) -> Error {
    Error::new(Kind::DeviceException, message).with_help(help)
}

/// A mistake of the user: exit status 2.
fn misused(message: impl Into<String>, help: impl Into<String>) -> Error {
    Error::new(Kind::ParseError, message).with_help(help)
}

/// The path does not exist on the board.
fn missing(path: &str) -> Error {
    refused(format!("`{path}` not found on the board"), "list the files with `belay-script ls :/`")
}

/// The press of Ctrl-C, if there was one.
fn check_interrupt() -> Result<()> {
    if crate::interrupt::take() { Err(Error::new(Kind::Interrupted, "interrupted")) } else { Ok(()) }
}

/// Escapes control characters of a name, so that each name is one line.
fn shown(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        if crate::visible::is_hidden(letter) { text.extend(letter.escape_default()) } else { text.push(letter) }
    }
    text
}

/// Formats a size: `512 B`, `1.4 KiB`.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    // Avoids `1024.0`.
    while amount >= 1023.95 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_for_a_person() {
        let case = |bytes, expected| assert_eq!(human(bytes), expected);
        case(0, "0 B");
        case(1023, "1023 B");
        case(1024, "1.0 KiB");
        case(1024 * 1024 - 1, "1.0 MiB");
        case(1400 * 1024, "1.4 MiB");
        case(u64::MAX, "16384.0 PiB");
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(shown("a\nb\u{1b}[2J \u{e9}\\"), "a\\nb\\u{1b}[2J \u{e9}\\");
    }
}
