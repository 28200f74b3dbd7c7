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

/// Makes Ctrl-C (and SIGTERM, SIGHUP) interrupt instead of kill. Does nothing if that has been done.
///
/// # Errors
/// [`Kind::InternalError`] if the operating system refuses.
pub fn watch() -> Result<(), Diagnostic> {
    static WATCHES: AtomicBool = AtomicBool::new(false);
    if WATCHES.swap(true, Ordering::SeqCst) { Ok(()) } else { watch_telling(|| {}) }
}

/// As [`watch`]; also calls `tell` at the first press, before it interrupts.
///
/// # Errors
/// As [`watch`].
pub fn watch_telling(tell: impl Fn() + Send + Sync + 'static) -> Result<(), Diagnostic> {
    let presses = AtomicU32::new(0);
    watch_signals(move |_| {
        if presses.fetch_add(1, Ordering::SeqCst) > 0 {
            give_up();
        }
        tell();
        interrupt::raise();
    })
}

/// What a signal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    /// Ctrl-C.
    Press,
    /// SIGTERM or SIGHUP: the program is asked to end.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there, only Ctrl-C exists"))]
    Request,
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
    let calls = calls.clone();
    watch_signals(move |signal| {
        let is_running = calls.running.load(Ordering::SeqCst);
        if is_running {
            if calls.presses.fetch_add(1, Ordering::SeqCst) + 1 >= PRESSES {
                give_up();
            }
            interrupt::raise();
        }
        if signal == Signal::Request && calls.leaving.swap(true, Ordering::SeqCst) {
            give_up();
        }
        // A running input checks the flag when it ends.
        if !is_running && (signal == Signal::Request || keys_make_no_signals()) {
            calls.close();
            leave();
        }
    })
}

fn refused(error: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::new(Kind::InternalError, format!("signals cannot be watched: {error}"))
}

/// Calls `react` at each signal, in a thread for each kind. A request ends the program in time.
#[cfg(unix)]
fn watch_signals(react: impl Fn(Signal) + Send + Sync + 'static) -> Result<(), Diagnostic> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let react = Arc::new(react);
    let pressed = react.clone();
    each("ctrl-c", &[SIGINT], move || pressed(Signal::Press)).map_err(refused)?;
    each("signals", &[SIGTERM, SIGHUP], move || {
        interrupt::end();
        // If no thread can be started, the next signal ends a hung program.
        let _ = std::thread::Builder::new().name("end".to_owned()).spawn(end_in_time);
        react(Signal::Request);
    })
    .map_err(refused)
}

/// Calls `react` once for each signal of these numbers, in a thread: a pipe counts them, also those that come at once.
#[cfg(unix)]
fn each(name: &str, numbers: &[i32], react: impl Fn() + Send + 'static) -> std::io::Result<()> {
    use std::io::Read as _;
    let (mut came, comes) = std::os::unix::net::UnixStream::pair()?;
    for number in numbers {
        signal_hook::low_level::pipe::register(*number, comes.try_clone()?)?;
    }
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        while came.read_exact(&mut [0]).is_ok() {
            react();
        }
    })?;
    Ok(())
}

/// Calls `react` at each Ctrl-C, in a thread.
#[cfg(not(unix))]
fn watch_signals(react: impl Fn(Signal) + Send + Sync + 'static) -> Result<(), Diagnostic> {
    ctrlc::set_handler(move || react(Signal::Press)).map_err(refused)
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
