//! Ctrl-C, and the signals that ask a program to end.
//!
//! Uses [`crate::interrupt`]. Invariant: the first press stops what runs, so that teardowns follow; the second leaves at once.

use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// From now on Ctrl-C (and SIGTERM, SIGHUP) interrupts instead of killing. Once a process.
///
/// # Errors
/// [`Kind::InternalError`] if the operating system refuses.
pub fn watch() -> Result<(), Diagnostic> {
    watch_telling(|| {})
}

/// As [`watch`]; besides, `tell` is called at the first press, before it interrupts.
///
/// # Errors
/// As [`watch`].
pub fn watch_telling(tell: impl Fn() + Send + 'static) -> Result<(), Diagnostic> {
    let presses = AtomicU32::new(0);
    handle(move || {
        if presses.fetch_add(1, Ordering::SeqCst) > 0 {
            give_up();
        }
        tell();
        crate::interrupt::raise();
    })
}

fn handle(handler: impl FnMut() + Send + 'static) -> Result<(), Diagnostic> {
    ctrlc::set_handler(handler)
        .map_err(|error| Diagnostic::new(Kind::InternalError, format!("Ctrl-C cannot be watched: {error}")))
}

/// Leaves at once.
fn give_up() -> ! {
    #[cfg(unix)]
    super::terminal::restore();
    std::process::exit(i32::from(Kind::Interrupted.exit_status()))
}

/// Presses of Ctrl-C during one input of the prompt that open a way out of whatever does not stop.
const PRESSES: u32 = 3;

/// Whether an input of the prompt is being carried out, and how often Ctrl-C was pressed since it began.
#[derive(Debug, Default)]
pub struct Calls {
    running: std::sync::atomic::AtomicBool,
    presses: AtomicU32,
}

impl Calls {
    /// An input begins: presses from before do not count.
    pub fn begin(&self) {
        crate::interrupt::take();
        self.presses.store(0, Ordering::SeqCst);
        self.running.store(true, Ordering::SeqCst);
    }

    /// The input has ended.
    pub fn end(&self) {
        self.running.store(false, Ordering::SeqCst);
    }
}

/// From now on Ctrl-C interrupts the input that is carried out; the third press for one input leaves at once. `leave` is
/// called when a signal comes from outside while the prompt waits for keys. Once a process.
///
/// # Errors
/// [`Kind::InternalError`] if the operating system refuses.
pub fn watch_calls(calls: &Arc<Calls>, leave: impl Fn() + Send + 'static) -> Result<(), Diagnostic> {
    let calls = calls.clone();
    handle(move || {
        if calls.running.load(Ordering::SeqCst) {
            if calls.presses.fetch_add(1, Ordering::SeqCst) + 1 >= PRESSES {
                give_up();
            }
            crate::interrupt::raise();
        } else if keys_make_no_signals() {
            leave();
        }
    })
}

/// Whether the terminal is in the prompt's hands, so that a signal cannot be a key.
#[cfg(unix)]
fn keys_make_no_signals() -> bool {
    use rustix::termios::LocalModes;
    rustix::termios::tcgetattr(rustix::stdio::stdin())
        .map_or(true, |modes| !modes.local_modes.contains(LocalModes::ISIG))
}

/// Elsewhere a key is all that there is.
#[cfg(not(unix))]
fn keys_make_no_signals() -> bool {
    false
}
