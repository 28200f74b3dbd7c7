//! Modes of the terminal at standard input, and of pseudo-terminals.
//!
//! Uses rustix. Invariant: the terminal's modes are restored on every exit path ([`restore`]).

use crate::disk::reason;
use crate::error::{Error, Kind, Result};
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The modes to restore: first those that the terminal had when the program started, then those of the prompt while a question
/// or a board's prompt changes them once more.
static SAVED: Mutex<Vec<Termios>> = Mutex::new(Vec::new());

fn saved() -> MutexGuard<'static, Vec<Termios>> {
    SAVED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set(terminal: impl AsFd, modes: &Termios) -> rustix::io::Result<()> {
    tcsetattr(terminal, OptionalActions::Now, modes)
}

/// Passes every byte unchanged: no echo, no changed line ends, no signals.
///
/// # Errors
/// Of the operating system.
pub fn make_raw(terminal: impl AsFd) -> rustix::io::Result<()> {
    let mut modes = tcgetattr(&terminal)?;
    modes.make_raw();
    set(&terminal, &modes)
}

/// Whether keys such as Ctrl-C raise signals; they do unless the line editor controls the terminal.
pub fn makes_signals() -> bool {
    tcgetattr(stdin()).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ISIG))
}

/// Restores the modes from the start of the program, for an immediate exit.
pub fn restore() {
    if let Some(first) = saved().drain(..).next() {
        let _ = set(stdin(), &first);
    }
}

/// Other modes of the terminal at standard input, until this is dropped.
pub struct ModeGuard {
    /// Number of modes saved before.
    depth: usize,
    /// Only one reader at a time gets keys.
    _turn: Option<MutexGuard<'static, ()>>,
}

impl ModeGuard {
    /// Every key is a byte for the reader. Waits until no one else reads keys.
    ///
    /// # Errors
    /// If the terminal cannot be changed.
    pub fn raw() -> Result<ModeGuard> {
        ModeGuard::reader(Termios::make_raw)
    }

    /// Keys come one by one and are not echoed; Ctrl-C stays a signal, Enter a line end. Waits until no one else reads keys.
    ///
    /// # Errors
    /// If the terminal cannot be changed.
    pub fn keys() -> Result<ModeGuard> {
        ModeGuard::reader(one_by_one)
    }

    /// Every key but Ctrl-C waits for the next line, and is not echoed: while an input of the prompt is carried out, and between
    /// two lines. A terminal in its usual modes takes Ctrl-D for the end of a line that it then forgets, and mixes the keys into
    /// what is printed. `None`: the modes cannot be changed, and keys do that.
    pub fn typed_ahead() -> Option<ModeGuard> {
        ModeGuard::change(one_by_one, None).ok()
    }

    fn reader(change: impl FnOnce(&mut Termios)) -> Result<ModeGuard> {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        ModeGuard::change(change, Some(turn)).map_err(|error| {
            Error::new(Kind::InternalError, format!("the terminal cannot be made raw: {}", reason(&error.into())))
        })
    }

    fn change(
        change: impl FnOnce(&mut Termios),
        turn: Option<MutexGuard<'static, ()>>,
    ) -> rustix::io::Result<ModeGuard> {
        let mut saved = saved();
        let before = tcgetattr(stdin())?;
        let mut modes = before.clone();
        change(&mut modes);
        // Save first: a signal may arrive in between.
        saved.push(before);
        let guard = ModeGuard { depth: saved.len() - 1, _turn: turn };
        drop(saved);
        set(stdin(), &modes)?;
        Ok(guard)
    }
}

/// The key for Ctrl-D stays what it is: the line editor reads it from there.
fn one_by_one(modes: &mut Termios) {
    modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    modes.special_codes[SpecialCodeIndex::VMIN] = 1;
    modes.special_codes[SpecialCodeIndex::VTIME] = 0;
}

impl Drop for ModeGuard {
    fn drop(&mut self) {
        let mut saved = saved();
        if let Some(before) = saved.get(self.depth).cloned() {
            saved.truncate(self.depth);
            let _ = set(stdin(), &before);
        }
    }
}
