//! Ctrl-C for a simulated board: at the right moment, in the right form.
//!
//! MicroPython's unix port takes an interrupt as SIGINT while code runs, and as the byte 3 while it reads a line. It
//! catches the signal exactly while code may be interrupted, which `/proc` tells. So the process is stopped, looked
//! at, and then given one or the other: nothing can change in between.
//!
//! There is more to see while it is stopped. The port raises KeyboardInterrupt inside the signal handler, wherever the
//! process was: in the middle of a garbage collection (the heap stays locked for ever), of a change of a dictionary, of
//! a write to the flash. A board does so between two instructions of the virtual machine, or while it sleeps. So the
//! signal is sent only at such a place ([`super::safety`]); if there is none for [`PATIENCE`], anywhere.
//!
//! Invariant: one press is delivered once, in one of the two forms.

use crate::port::pty::Child;
use std::time::{Duration, Instant};

/// How long a good moment for the signal is waited for.
#[cfg(target_os = "linux")]
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a process that neither runs code nor reads may go on (it compiles, it boots) before it gets the byte.
#[cfg(target_os = "linux")]
const BUSY_LIMIT: Duration = Duration::from_millis(250);

/// A second press that follows the first within this time waits, where it cannot be seen what the interpreter does: the
/// first may still be on its way, and another signal would end a MicroPython that has a lock around its virtual machine.
#[cfg(target_os = "linux")]
const SPACING: Duration = Duration::from_millis(50);

/// A press that follows another within this time is delivered without a look at what the process did before: like a
/// board's, it is to come while what the first one has begun goes on, such as the handler of a KeyboardInterrupt.
#[cfg(target_os = "linux")]
const TOGETHER: Duration = Duration::from_micros(500);

/// Bytes written to a terminal are with the reader after this time, if it waits for them.
#[cfg(target_os = "linux")]
const SETTLED: Duration = Duration::from_millis(2);

/// What became of a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "the terminal makes the signals there"))]
pub(super) enum Press {
    /// The signal was sent.
    Signalled,
    /// The byte is to be written.
    Byte,
    /// Now is not the moment: ask again soon.
    Later,
}

/// The state of a press that is on its way, in one life of a board.
#[derive(Debug, Default)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "the terminal makes the signals there"))]
pub(super) struct Interrupter {
    pressed: Option<Instant>,
    signalled: Option<Instant>,
    /// Where the interpreter's functions lie, once looked for.
    #[cfg(target_os = "linux")]
    module: Option<Option<super::safety::Module>>,
}

impl Interrupter {
    /// How long to wait before asking again: a good moment may be a short one.
    pub(super) const AGAIN: Duration = Duration::from_micros(50);

    /// Notes that other bytes were sent since the last press: the next is for something new.
    pub(super) fn pass_on(&mut self) {
        self.signalled = None;
    }

    /// Delivers a press if now is the moment. `written`: when the process was last written to.
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

    /// The terminal turns the byte into the signal, while it is not told otherwise.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn press(&mut self, _child: &Child, _written: Option<Instant>) -> Press {
        Press::Byte
    }
}
