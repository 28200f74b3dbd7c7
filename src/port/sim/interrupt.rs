//! Delivers Ctrl-C to a simulated board at the right moment, in the right form.
//!
//! MicroPython's unix port expects an interrupt as SIGINT while code runs, and as the byte 3 while it reads a line. It
//! catches the signal exactly while code may be interrupted, which `/proc` shows. So the process is stopped, inspected,
//! and then given one or the other: nothing can change in between.
//!
//! The place where it stopped matters too. The port raises KeyboardInterrupt inside the signal handler, wherever the
//! process was: in the middle of a garbage collection (which leaves the heap locked), of a change of a dictionary, of a
//! write to the flash. A board raises it between two instructions of the virtual machine, or while it sleeps. So the
//! signal is sent only at such a place ([`super::safety`]), or anywhere if [`PATIENCE`] passes without one.
//!
//! Invariant: each press is delivered exactly once, in one of the two forms.

use crate::port::pty::Child;
use std::time::{Duration, Instant};

/// How long to wait for a safe moment for the signal.
#[cfg(target_os = "linux")]
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a process may neither run code nor read (it compiles, it boots) before it gets the byte.
#[cfg(target_os = "linux")]
const BUSY_LIMIT: Duration = Duration::from_millis(250);

/// On systems where the interpreter cannot be inspected, a second press within this time waits: the first may still be on
/// its way, and another signal would end a MicroPython that has a lock around its virtual machine.
#[cfg(target_os = "linux")]
const SPACING: Duration = Duration::from_millis(50);

/// A press within this time of another is delivered without waiting again: as on a board, it may arrive while the
/// handler of the first KeyboardInterrupt runs.
#[cfg(target_os = "linux")]
const TOGETHER: Duration = Duration::from_micros(500);

/// Bytes written to a terminal reach a waiting reader within this time.
#[cfg(target_os = "linux")]
const SETTLED: Duration = Duration::from_millis(2);

/// What happened to a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "the terminal makes the signals there"))]
pub(super) enum Press {
    /// The signal was sent.
    Signalled,
    /// The byte must be written.
    Byte,
    /// Not now: ask again soon.
    Later,
}

/// The state of a pending press, for one process of a board.
#[derive(Debug, Default)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "the terminal makes the signals there"))]
pub(super) struct Interrupter {
    pressed: Option<Instant>,
    signalled: Option<Instant>,
    /// The addresses of the interpreter's functions, once searched for.
    #[cfg(target_os = "linux")]
    module: Option<Option<super::safety::Module>>,
}

impl Interrupter {
    /// How long to wait before asking again: a safe moment may be short.
    pub(super) const AGAIN: Duration = Duration::from_micros(50);

    /// Records that other bytes were sent since the last press: the next press is independent.
    pub(super) fn pass_on(&mut self) {
        self.signalled = None;
    }

    /// Delivers a press if it is safe now. `written`: when the process was last written to.
    #[cfg(target_os = "linux")]
    pub(super) fn press(&mut self, child: &Child, written: Option<Instant>) -> Press {
        use super::safety::{self, Doing, Module};
        let pid = child.pid();
        let pressed = *self.pressed.get_or_insert_with(Instant::now);
        let known = self.module.as_ref().and_then(Option::as_ref);
        if let (Some(module), Some(last)) = (known, self.signalled)
            && last.elapsed() < TOGETHER
            && safety::interrupt(pid, Some(module), pressed.elapsed(), PATIENCE)
        {
            (self.signalled, self.pressed) = (Some(Instant::now()), None);
            return Press::Signalled;
        }
        let spacing = if known.is_some() { Duration::ZERO } else { SPACING };
        let result = match safety::doing(pid) {
            Doing::Reading if written.is_none_or(|written| written.elapsed() > SETTLED) => Press::Byte,
            Doing::Catching if self.signalled.is_some_and(|last| last.elapsed() < spacing) => Press::Later,
            Doing::Catching => {
                let module = self.module.get_or_insert_with(|| Module::find(pid));
                let sent = safety::interrupt(pid, module.as_ref(), pressed.elapsed(), PATIENCE);
                if sent { Press::Signalled } else { Press::Later }
            }
            Doing::Unknown => Press::Byte,
            Doing::Reading | Doing::Busy if pressed.elapsed() > BUSY_LIMIT => Press::Byte,
            Doing::Reading | Doing::Busy => Press::Later,
        };
        if result == Press::Signalled {
            self.signalled = Some(Instant::now());
        }
        if result != Press::Later {
            self.pressed = None;
        }
        result
    }

    /// The terminal turns the byte into the signal, unless it is configured otherwise.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn press(&mut self, _child: &Child, _written: Option<Instant>) -> Press {
        Press::Byte
    }
}
