//! Byte pipes to a board: serial ports, processes, simulated boards.
//!
//! [`Port`] is the one seam for hardware. Above it nobody knows which kind it is; what a port can do is data
//! that it declares ([`Abilities`]).
//!
//! Uses [`crate::error`] and [`crate::interrupt`]. Invariant: nothing waits beyond its deadline or a press of Ctrl-C.

pub mod address;
#[cfg(unix)]
pub mod descriptor;
pub mod endpoint;
pub mod kind;
pub mod open;
#[cfg(unix)]
pub mod process;
#[cfg(unix)]
mod pty;
pub mod reach;
pub mod rfc2217;
pub mod serial;
pub mod sim;
pub mod socket;
pub mod telnet;
pub mod trace;
pub mod usb;
pub mod webrepl;
pub mod websocket;

use std::time::{Duration, Instant};

/// How long to wait, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// Give up at this time. `None`: wait for ever, as a call without timeout does.
    pub deadline: Option<Instant>,
    /// Whether Ctrl-C ends the wait ([`crate::interrupt`]). Not while tidying up after one.
    pub interruptible: bool,
}

impl Wait {
    /// Longest time that one poll sleeps, so that Ctrl-C is noticed on every platform.
    pub const SLICE: Duration = Duration::from_millis(25);

    /// An interruptible wait of at most `limit`.
    pub fn for_at_most(limit: Duration) -> Wait {
        Wait { deadline: Some(Instant::now() + limit), interruptible: true }
    }

    /// The same, not to be cut short by Ctrl-C.
    pub fn undisturbed(self) -> Wait {
        Wait { interruptible: false, ..self }
    }

    /// The same, ending at `other` if that is earlier.
    pub fn until(self, other: Option<Instant>) -> Wait {
        let deadline = match (self.deadline, other) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Wait { deadline, ..self }
    }

    /// The next slice to wait.
    ///
    /// # Errors
    /// [`PortError::Timeout`] past the deadline, or once the program must end; [`PortError::Interrupted`] while Ctrl-C is
    /// pending.
    pub fn slice(&self) -> Result<Duration, PortError> {
        if self.interruptible && crate::interrupt::pending() {
            return Err(PortError::Interrupted);
        }
        if crate::interrupt::is_overdue() {
            return Err(PortError::Timeout);
        }
        match self.deadline {
            None => Ok(Wait::SLICE),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() { Err(PortError::Timeout) } else { Ok(left.min(Wait::SLICE)) }
            }
        }
    }
}

/// Why a port did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The deadline passed.
    #[error("the deadline passed")]
    Timeout,
    /// Ctrl-C was pressed.
    #[error("interrupted")]
    Interrupted,
    /// The other end is gone: unplugged, ended, closed. Says how that showed.
    #[error("{0}")]
    Gone(String),
}

impl PortError {
    /// For an other end that has taken no byte for `patience`.
    pub(crate) fn stuck(patience: Duration) -> PortError {
        PortError::Gone(format!("the board has taken no byte for {patience:?}: it hangs, or its link does"))
    }
}

/// What a port can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Ctrl-D restarts the board and the link survives it. (It ends an `exec:` process.)
    pub soft_reset: bool,
    /// Opening the port has started an interpreter in which nothing has run: there is nothing to reset.
    pub fresh: bool,
    /// What is behind the port starts when it is opened, and a Ctrl-C before its first prompt would end it.
    pub starts_on_open: bool,
    /// Code sent by raw paste can be interrupted. (Not on MicroPython's unix port behind a bare terminal.)
    pub raw_paste: bool,
    /// The board has a file system of its own, whatever its `sys.platform` says.
    pub own_flash: bool,
    /// It is a board simulated by belay-script, with its `machine`.
    pub simulated: bool,
    /// The answers come from a recording, which holds nothing but what was asked then.
    pub replayed: bool,
    /// What is written waits until it is read, however much it is: no input buffer of a board can overflow.
    pub holds_back: bool,
    /// What is written waits in this computer until the program behind the port reads it, as in a pseudo-terminal. Whether
    /// that program holds it back for a board that is slow is not known.
    pub queues: bool,
    /// Bytes from 0x80 on that are no UTF-8 do not get through.
    pub text_only: bool,
    /// The port can reset the board as its button does ([`Port::hard_reset`]), as far as it knows.
    pub hard_reset: bool,
}

/// An open byte pipe to one board.
pub trait Port: Send {
    /// The port as the user wrote it, for messages.
    fn name(&self) -> &str;

    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// The secret that frames the replies of this connection. A recording insists on the one it was made with.
    fn agree_on_token(&mut self, proposed: String) -> String {
        proposed
    }

    /// Resets the board as its button does, and returns while it boots. The link stays. What it has of the control lines of
    /// a serial port does nothing on a board that does not wire them to its reset.
    ///
    /// # Errors
    /// See [`PortError`]. Does nothing without [`Abilities::hard_reset`].
    fn hard_reset(&mut self, wait: Wait) -> Result<(), PortError> {
        let _ = wait;
        Ok(())
    }

    /// What to poll for input, by who waits for something else as well: when none of it is readable, [`Port::read_available`]
    /// gives nothing. Empty: it cannot be told without a read.
    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        Vec::new()
    }

    /// Whether a write would begin at once, as far as this computer can tell: what was written before is on its way.
    fn takes_now(&self) -> bool {
        true
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// See [`PortError`]. After an error it is unknown how much was written.
    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError>;

    /// Appends what is there already to `buffer`, without waiting. Returns the count, which may be 0.
    ///
    /// # Errors
    /// [`PortError::Gone`].
    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let moment = Wait { deadline: Some(Instant::now() + Duration::from_millis(1)), interruptible: false };
        match self.read(buffer, moment) {
            Err(PortError::Timeout | PortError::Interrupted) => Ok(0),
            other => other,
        }
    }

    /// As [`Port::read`], for who looks at something else in between: past the deadline it gives 0, and a recording holds
    /// nothing of that.
    ///
    /// # Errors
    /// As [`Port::read`], but for [`PortError::Timeout`].
    fn glance(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        match self.read(buffer, wait) {
            Err(PortError::Timeout) => Ok(0),
            other => other,
        }
    }

    /// Waits for at least one byte, then appends all that is there (at most 64 KiB) to `buffer`. Returns the count.
    ///
    /// # Errors
    /// See [`PortError`]. Bytes that came before an error are in `buffer`.
    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError>;
}
