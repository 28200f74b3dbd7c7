//! Ctrl-C, and the signals that ask a program to end.
//!
//! Uses [`crate::interrupt`]. Invariants: the first press stops the script, so that teardowns run; the second exits immediately.
//! After SIGTERM or SIGHUP the program is over at [`interrupt::end_by`], whatever hangs.

use crate::diagnostic::Diagnostic;
use crate::error::Kind;
use crate::interrupt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
#[cfg(unix)]
use std::time::Instant;

/// Makes Ctrl-C (and SIGTERM, SIGHUP) interrupt instead of kill. Call once per process.
///
/// # Errors
/// [`Kind::InternalError`] if the operating system refuses.
pub fn watch() -> Result<(), Diagnostic> {
    watch_telling(|| {})
}

/// As [`watch`]; also calls `tell` at the first press, before it interrupts.
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
        interrupt::raise();
    })?;
    watch_requests(|| {}).map_err(refused)
}

fn handle(handler: impl FnMut() + Send + 'static) -> Result<(), Diagnostic> {
    ctrlc::set_handler(handler)
        .map_err(|error| Diagnostic::new(Kind::InternalError, format!("Ctrl-C cannot be watched: {error}")))
}

fn refused(error: std::io::Error) -> Diagnostic {
    Diagnostic::new(Kind::InternalError, format!("signals cannot be watched: {error}"))
}

/// Exits immediately.
fn give_up() -> ! {
    #[cfg(unix)]
    super::terminal::modes::restore();
    std::process::exit(i32::from(Kind::Interrupted.exit_status()))
}

/// Presses of Ctrl-C during one input of the prompt that exit even if the input does not stop.
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
        interrupt::take();
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
            interrupt::raise();
        } else if keys_make_no_signals() {
            of_keys.close();
            leave_by_key();
        }
    })?;
    let calls = calls.clone();
    watch_requests(move || {
        if calls.leaving.swap(true, Ordering::SeqCst) {
            give_up();
        }
        // A running input checks the flag when it ends.
        if !calls.running.load(Ordering::SeqCst) {
            calls.close();
            leave();
        }
    })
    .map_err(refused)
}

/// Calls `asked` whenever a signal asks the program to end, and ends it in time.
/// The ctrlc crate also reports these signals as Ctrl-C, which interrupts the script.
#[cfg(unix)]
fn watch_requests(asked: impl Fn() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGTERM};
    use std::io::Read as _;
    let (mut came, comes) = std::os::unix::net::UnixStream::pair()?;
    signal_hook::low_level::pipe::register(SIGHUP, comes.try_clone()?)?;
    signal_hook::low_level::pipe::register(SIGTERM, comes)?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        while came.read_exact(&mut [0]).is_ok() {
            interrupt::end();
            // If no thread can be started, the next signal ends a hung program.
            let _ = std::thread::Builder::new().name("end".to_owned()).spawn(end_in_time);
            asked();
        }
    })?;
    Ok(())
}

/// Leaves when the program has to be over; until then it may end by itself.
#[cfg(unix)]
fn end_in_time() {
    loop {
        let left = interrupt::end_by().unwrap_or_else(Instant::now).saturating_duration_since(Instant::now());
        if left.is_zero() {
            give_up();
        }
        std::thread::park_timeout(left);
    }
}

/// On other systems there is only Ctrl-C.
#[cfg(not(unix))]
fn watch_requests(_asked: impl Fn() + Send + 'static) -> std::io::Result<()> {
    Ok(())
}

/// Whether the prompt reads keys itself, so that a signal cannot come from a key.
#[cfg(unix)]
fn keys_make_no_signals() -> bool {
    !super::terminal::modes::makes_signals()
}

/// On other systems, signals come only from keys.
#[cfg(not(unix))]
fn keys_make_no_signals() -> bool {
    false
}
