//! Ctrl-C, and the signals that ask a program to end.
//!
//! Uses [`crate::interrupt`]. Invariant: the first press stops what runs, so that teardowns follow; the second leaves at once.

use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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
    {
        super::terminal::restore();
        super::prompt::keys::restore();
    }
    std::process::exit(i32::from(Kind::Interrupted.exit_status()))
}

/// Presses of Ctrl-C during one input of the prompt that open a way out of whatever does not stop.
const PRESSES: u32 = 3;

/// Whether an input of the prompt is being carried out, and how often Ctrl-C was pressed since it began.
#[derive(Debug, Default)]
pub struct Calls {
    running: AtomicBool,
    presses: AtomicU32,
    /// A signal has asked to leave.
    leaving: AtomicBool,
    /// A thread closes the devices and ends the process.
    closing: AtomicBool,
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

    /// Whether a signal has asked to leave while an input was carried out.
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
    }

    /// From now on the caller closes the devices and ends the process. If another thread does that already, this waits for the
    /// end.
    pub fn close(&self) {
        while self.closing.swap(true, Ordering::SeqCst) {
            std::thread::park();
        }
    }
}

/// From now on Ctrl-C interrupts the input that is carried out; the third press for one input leaves at once. SIGTERM and
/// SIGHUP interrupt it too, and [`Calls::is_leaving`] then; the second one leaves at once. `leave`, which ends the process, is
/// called when a signal comes from outside while the prompt waits for keys. Once a process.
///
/// # Errors
/// [`Kind::InternalError`] if the operating system refuses.
pub fn watch_calls(calls: &Arc<Calls>, leave: impl Fn() + Send + Sync + 'static) -> Result<(), Diagnostic> {
    let leave = Arc::new(leave);
    let (of_keys, leave_by_key) = (calls.clone(), leave.clone());
    handle(move || {
        if of_keys.running.load(Ordering::SeqCst) {
            if of_keys.presses.fetch_add(1, Ordering::SeqCst) + 1 >= PRESSES {
                give_up();
            }
            crate::interrupt::raise();
        } else if keys_make_no_signals() {
            of_keys.close();
            leave_by_key();
        }
    })?;
    watch_requests(calls.clone(), move || leave())
        .map_err(|error| Diagnostic::new(Kind::InternalError, format!("signals cannot be watched: {error}")))
}

/// What asks the program to end is a key for ctrlc, which has interrupted the input that is carried out. It is noted besides.
#[cfg(unix)]
fn watch_requests(calls: Arc<Calls>, leave: impl Fn() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGTERM};
    use std::io::Read as _;
    let (mut came, comes) = std::os::unix::net::UnixStream::pair()?;
    signal_hook::low_level::pipe::register(SIGHUP, comes.try_clone()?)?;
    signal_hook::low_level::pipe::register(SIGTERM, comes)?;
    std::thread::Builder::new().spawn(move || {
        while came.read_exact(&mut [0]).is_ok() {
            if calls.leaving.swap(true, Ordering::SeqCst) {
                give_up();
            }
            // An input that runs now sees the note when it has ended.
            if !calls.running.load(Ordering::SeqCst) {
                calls.close();
                leave();
            }
        }
    })?;
    Ok(())
}

/// Elsewhere there is only Ctrl-C.
#[cfg(not(unix))]
fn watch_requests(_calls: Arc<Calls>, _leave: impl Fn() + Send + 'static) -> std::io::Result<()> {
    Ok(())
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
