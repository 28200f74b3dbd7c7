//! `terminal`: connects the user to a board's prompt.
//!
//! Uses [`crate::device`] to open the port, and `pump`. Invariant: the port is free again when the command ends.

use super::modes::ModeGuard;
use super::pump::{self, Client as _, Look};
use super::screen::{Input, Keyboard, Screen, pasted};
use super::transcript::Transcript;
use crate::bound;
use crate::cli::arguments::{Limit, Terminal};
use crate::cli::console::Console;
use crate::cli::{evaluate, misuse, readable, session, signals, unread};
use crate::device::{OpenOptions, PortOpener};
use crate::diagnostic::Diagnostic;
use crate::disk::{self, reason};
use crate::error::{Error, Kind};
use crate::port::{Port, PortError, Wait};
use crate::script::Sources;
use rustix::stdio::stdin;
use rustix::termios::isatty;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Ctrl-].
const LEAVE: u8 = 0x1d;
/// Time between two attempts to reach the board again.
const PAUSE: Duration = Duration::from_secs(1);

/// Opens the board's port and passes bytes both ways; returns the exit status.
///
/// # Errors
/// Of the port, the transcript, and ConnectionLost if the board goes after the input has ended.
pub fn terminal(options: &Terminal, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    let inject = options.inject.as_deref().map(injected).transpose()?.unwrap_or_default();
    let is_in_use = options.connection.shared.as_ref().is_some_and(|shared| shared.is_open());
    if options.mounting.mount.is_some() || is_in_use {
        return with_device(options, inject, console);
    }
    signals::watch()?;
    let host = session::host(console, &options.connection)?;
    let transcript = options.log.as_deref().map(|path| {
        Transcript::open(path, options.timestamps).map_err(|error| {
            let message = format!("the transcript `{}` cannot be written: {}", path.display(), reason(&error));
            misuse(message, "name a file in an existing, writable folder")
        })
    });
    let transcript = transcript.transpose()?;
    let diagnose = |error: Error| Diagnostic::from_error(&error);
    let (written, connector) = host.port_opener(None, &OpenOptions::default()).map_err(diagnose)?;
    let board = connector(false).map_err(diagnose)?;
    let person = isatty(stdin());
    let mut screen = Screen::with(console, LEAVE, person, transcript).injecting(inject);
    let raw = person.then(ModeGuard::raw).transpose().map_err(diagnose)?;
    if person {
        screen.note(&format!("connected to `{written}`; press Ctrl-] to leave"));
    }
    let outcome = stay(&mut screen, board, &*connector, &written);
    drop(raw);
    if person {
        console.remark("-- left\n");
    }
    outcome?;
    session::finish_recording(&host, console, &Sources::default());
    Ok(0)
}

/// What Ctrl-K types.
fn injected(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    readable(path)?;
    let text = disk::read_named(path, bound::SCRIPT);
    text.map(|text| pasted(&text)).map_err(|error| unread(&format!("`{}`", path.display()), &error, "check the path"))
}

/// As [`terminal`], with a board that is connected: for a mounted folder, and in a chain.
fn with_device(options: &Terminal, inject: Vec<u8>, console: &Arc<Console>) -> Result<u8, Diagnostic> {
    if options.log.is_some() {
        let help = "leave out `--log`, or use `terminal` without a mounted folder and outside of a chain";
        return Err(misuse("`--log` cannot be combined with a mounted folder or an open board", help));
    }
    let opening = OpenOptions {
        startup: Some(String::new()),
        soft_reset: Some(false),
        auto_sync_time: false,
        ..OpenOptions::default()
    };
    let limit = Limit { timeout: None };
    session::with_board(console, &options.connection, &limit, opening, &Sources::default(), |device| {
        evaluate::mount(device, &options.mounting)?;
        device.terminal_at(&Keyboard { console: console.clone(), inject }, LEAVE)
    })
}

/// Passes bytes, and waits for the board whenever it is gone.
fn stay(
    screen: &mut Screen,
    mut board: Box<dyn Port>,
    connector: &PortOpener,
    written: &str,
) -> Result<(), Diagnostic> {
    loop {
        let forever = Wait { deadline: None, interruptible: true };
        let why = match pump::carry(screen, board.as_mut(), forever) {
            Ok(()) | Err(PortError::Timeout) => return screen.failure(),
            Err(PortError::Interrupted) => return Err(interrupted()),
            Err(PortError::Gone(why)) => why,
        };
        if screen.input != Input::Open {
            let error = Error::new(Kind::ConnectionLost, format!("the connection was lost: {why}"));
            return Err(Diagnostic::from_error(&error.with_help("check the cable and power supply of the board")));
        }
        // Close the port before opening it again.
        drop(board);
        screen.note(&format!("{why}; waiting for it to come back"));
        board = match wait_for_board(screen, connector)? {
            Some(board) => board,
            None => return screen.failure(),
        };
        screen.note(&format!("`{written}` is back"));
    }
}

/// Tries each second to open the port. `None` if the user leaves; other keys are dropped.
fn wait_for_board(screen: &mut Screen, connector: &PortOpener) -> Result<Option<Box<dyn Port>>, Diagnostic> {
    loop {
        let wait = Wait::for_at_most(PAUSE);
        loop {
            let slice = match wait.slice() {
                Ok(slice) => slice,
                Err(PortError::Interrupted) => return Err(interrupted()),
                Err(_) => break,
            };
            match screen.look(slice) {
                Ok(Look::Readable) => {
                    screen.take(&mut [0; 256]);
                }
                Ok(Look::Idle) => {}
                _ => return Ok(None),
            }
        }
        match connector(true) {
            Ok(board) => return Ok(Some(board)),
            Err(error) if error.kind().is_a(Kind::ConnectionFailedError) => {}
            Err(error) if error.kind() == Kind::DeviceNotFoundError => {}
            Err(error) => return Err(Diagnostic::from_error(&error)),
        }
    }
}

fn interrupted() -> Diagnostic {
    crate::interrupt::take();
    Diagnostic::new(Kind::Interrupted, "interrupted")
}
