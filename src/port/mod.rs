//! Byte pipes to a board: serial ports, processes, simulated boards.
//!
//! [`Port`] is the one seam for hardware. No layer above knows the kind of a port; a port declares what it can do as
//! data ([`Abilities`]).
//!
//! Uses [`crate::error`] and [`crate::interrupt`]. Invariant: no wait outlasts its deadline or Ctrl-C.

pub mod address;
#[cfg(unix)]
pub mod descriptor;
pub mod endpoint;
pub mod kind;
pub mod listen;
pub mod loss;
pub mod meter;
pub mod open;
pub mod options;
#[cfg(unix)]
pub mod process;
#[cfg(unix)]
mod pty;
pub mod reach;
pub mod rfc2217;
pub mod serial;
pub mod sim;
pub mod socket;
pub mod stream;
pub mod telnet;
pub mod trace;
pub mod usb;
pub mod webrepl;
pub mod websocket;

use loss::Loss;
use std::time::{Duration, Instant};

/// How long to wait, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// Give up at this time. `None`: wait indefinitely, as a call without a timeout does.
    pub deadline: Option<Instant>,
    /// Whether Ctrl-C ends the wait ([`crate::interrupt`]). False while cleaning up after an interrupt.
    pub interruptible: bool,
}

impl Wait {
    /// Longest time that one poll sleeps, so that Ctrl-C is noticed on every platform.
    pub const SLICE: Duration = Duration::from_millis(25);

    /// An interruptible wait of at most `limit`.
    pub fn for_at_most(limit: Duration) -> Wait {
        Wait { deadline: Some(Instant::now() + limit), interruptible: true }
    }

    /// The same wait, not interruptible by Ctrl-C.
    pub fn undisturbed(self) -> Wait {
        Wait { interruptible: false, ..self }
    }

    /// The same wait, ending at `other` if that is earlier.
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

/// Why an operation on a port failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The deadline passed.
    #[error("timed out")]
    Timeout,
    /// Ctrl-C was pressed.
    #[error("interrupted")]
    Interrupted,
    /// The other end is gone: unplugged, ended, closed.
    #[error("{0}")]
    Gone(Loss),
}

impl PortError {
    /// The error for a peer that has accepted no data for `patience`.
    pub(crate) fn stuck(patience: Duration) -> PortError {
        PortError::Gone(Loss::Stuck(patience))
    }
}

/// A control line of a serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlLine {
    /// Data terminal ready.
    Dtr,
    /// Request to send.
    Rts,
}

/// What a port can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Ctrl-D restarts the board and the connection survives. (It ends an `exec:` process.)
    pub soft_reset: bool,
    /// Opening the port started a fresh interpreter: there is nothing to reset.
    pub fresh: bool,
    /// The program on the port starts when the port is opened, and Ctrl-C before its first prompt would end it.
    pub starts_on_open: bool,
    /// Code sent by raw paste can be interrupted. (Not with MicroPython's unix port on a plain terminal.)
    pub raw_paste: bool,
    /// The board has its own file system, regardless of `sys.platform`.
    pub own_flash: bool,
    /// It is a board simulated by belay-script, with its `machine`.
    pub simulated: bool,
    /// The answers come from a recording, which holds nothing but what was asked then.
    pub replayed: bool,
    /// Written data is held back until it is read, however much it is: the board's input buffer cannot overflow.
    pub holds_back: bool,
    /// Written data waits on this computer until the program at the other end reads it, as in a pseudo-terminal. Whether
    /// that program holds it back for a slow board is unknown.
    pub queues: bool,
    /// Bytes from 0x80 up that are not valid UTF-8 do not get through.
    pub text_only: bool,
    /// The peer sends messages, whose ends the port knows ([`Port::ended_message`]), and forgets a reply that was not read when it
    /// is sent the next message.
    pub messages: bool,
    /// The port can reset the board like its reset button ([`Port::hard_reset`]), as far as it knows.
    pub hard_reset: bool,
}

/// An open byte pipe to one board.
pub trait Port: Send {
    /// The port as the user wrote it, for messages.
    fn name(&self) -> &str;

    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// The secret that frames the replies of this connection. A replay requires the recorded one.
    fn agree_on_token(&mut self, proposed: String) -> String {
        proposed
    }

    /// Resets the board like its reset button, and returns while it boots. The connection stays open. On a serial port this
    /// pulses the control lines, which has no effect on a board that does not wire them to its reset.
    ///
    /// # Errors
    /// See [`PortError`]. Does nothing without [`Abilities::hard_reset`].
    fn hard_reset(&mut self, wait: Wait) -> Result<(), PortError> {
        let _ = wait;
        Ok(())
    }

    /// Switches a control line. Returns whether the port has it.
    ///
    /// # Errors
    /// See [`PortError`].
    fn set_line(&mut self, line: ControlLine, on: bool) -> Result<bool, PortError> {
        let _ = (line, on);
        Ok(false)
    }

    /// Sends a break: holds the transmit line at its active level, or lets it go. Returns whether the port can.
    ///
    /// # Errors
    /// See [`PortError`].
    fn hold_break(&mut self, on: bool) -> Result<bool, PortError> {
        let _ = on;
        Ok(false)
    }

    /// Whether the last byte that a read appended ends a message of the peer. Only ports with [`Abilities::messages`] know.
    fn ended_message(&self) -> bool {
        false
    }

    /// Clears both sides by means of the port: the peer forgets what it was asked and has not answered. Returns whether the port
    /// can.
    ///
    /// # Errors
    /// See [`PortError`]. After an error the connection cannot be used any more.
    fn clear_device(&mut self, wait: Wait) -> Result<bool, PortError> {
        let _ = wait;
        Ok(false)
    }

    /// Reads the peer's status byte (IEEE 488.2) by means of the port. `None`: the port has none.
    ///
    /// # Errors
    /// See [`PortError`].
    fn status_byte(&mut self, wait: Wait) -> Result<Option<u8>, PortError> {
        let _ = wait;
        Ok(None)
    }

    /// The descriptors to poll for input, for callers that also wait for something else: while none of them is readable,
    /// [`Port::read_available`] returns nothing. Empty: only a read can tell.
    #[cfg(unix)]
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        Vec::new()
    }

    /// Whether a write would start at once, as far as this computer can tell: earlier writes have left.
    fn takes_now(&self) -> bool {
        true
    }

    /// What has passed, if it is a [`meter::MeteredPort`]; otherwise nothing.
    fn traffic(&self) -> meter::Traffic {
        meter::Traffic::default()
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// See [`PortError`]. After an error it is unknown how much was written.
    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError>;

    /// Appends what is available to `buffer`, without waiting. Returns the count, which may be 0.
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

    /// Like [`Port::read`], for callers that check something else in between: past the deadline it returns 0, and a recording
    /// does not contain that timeout.
    ///
    /// # Errors
    /// As [`Port::read`], except [`PortError::Timeout`].
    fn glance(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        match self.read(buffer, wait) {
            Err(PortError::Timeout) => Ok(0),
            other => other,
        }
    }

    /// Waits for at least one byte, then appends everything available (about 64 KiB at most, unless `buffer` has room for more) to `buffer`. Returns the count.
    ///
    /// # Errors
    /// See [`PortError`]. Bytes that came before an error are in `buffer`.
    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError>;
}
