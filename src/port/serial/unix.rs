//! A serial port on Unix: configured by the crate `serialport`, read and written on our own descriptor.
//!
//! The crate's writes block without a deadline once the line's buffer is full, and its descriptor cannot be borrowed
//! without unsafe code. So the device is opened twice. Ours is opened first, because the crate then takes the lock
//! (TIOCEXCL and a file lock) that keeps out later openers, including us.

use super::{Failure, PathKind, set_lines};
use crate::port::loss::Loss;
use crate::port::options::PortOptions;
use crate::port::{ControlLine, PortError, Wait, descriptor};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{QueueSelector, isatty, tcflush};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Major numbers of the devices that are pseudo-terminals (Linux, `devices.txt`).
const PSEUDO_TERMINALS: std::ops::RangeInclusive<u32> = 136..=143;

/// The phrase for a device that is not a terminal.
const DEVICE: &str = "a character device, not a terminal";

/// Major and least minor numbers of the terminals of the computer itself (Linux, `devices.txt`): virtual consoles, the
/// console, `/dev/tty` and `/dev/ptmx`.
const OWN_TERMINALS: &[(u32, std::ops::RangeInclusive<u32>)] = &[(4, 0..=63), (5, 0..=2)];

/// As [`super::kind_of`].
pub(super) fn kind_of(path: &str) -> PathKind {
    match rustix::fs::stat(path) {
        Ok(status) => kind_of_status(path, &status),
        Err(Errno::NOENT | Errno::NOTDIR) => PathKind::Missing,
        // Without permission to stat it, it cannot be opened either.
        Err(_) => PathKind::Serial,
    }
}

fn kind_of_status(path: &str, status: &rustix::fs::Stat) -> PathKind {
    match FileType::from_raw_mode(status.st_mode) {
        FileType::CharacterDevice => {}
        FileType::RegularFile => return PathKind::Other("a regular file"),
        FileType::Directory => return PathKind::Other("a folder"),
        FileType::Fifo => return PathKind::Other("a FIFO"),
        FileType::Socket => return PathKind::Other("a socket"),
        FileType::BlockDevice => return PathKind::Other("a block device"),
        _ => return PathKind::Other("a file of another kind"),
    }
    if !cfg!(target_os = "linux") {
        let real = std::fs::canonicalize(path).unwrap_or_default();
        let pseudo = real.to_string_lossy().starts_with("/dev/ttys");
        return if pseudo { PathKind::PseudoTerminal } else { PathKind::Serial };
    }
    let (major, minor) = (rustix::fs::major(status.st_rdev), rustix::fs::minor(status.st_rdev));
    if PSEUDO_TERMINALS.contains(&major) {
        return PathKind::PseudoTerminal;
    }
    if OWN_TERMINALS.iter().any(|(own, minors)| *own == major && minors.contains(&minor)) {
        return PathKind::Other("a terminal of this computer");
    }
    // If the system does not say, opening the device will.
    match std::fs::canonicalize(format!("/sys/dev/char/{major}:{minor}/subsystem")) {
        Ok(subsystem) if !subsystem.ends_with("tty") => PathKind::Other(DEVICE),
        _ => PathKind::Serial,
    }
}

pub(super) struct Link {
    /// Non-blocking; all bytes pass through it.
    pub(super) fd: OwnedFd,
    /// Whether it is a pseudo-terminal.
    pseudo: bool,
    /// Holds the lock.
    line: Box<dyn serialport::SerialPort>,
    /// Whether a write failed: then closing must not wait for its bytes.
    failed: bool,
}

impl From<Errno> for Failure {
    fn from(error: Errno) -> Failure {
        match error {
            Errno::NOENT | Errno::NOTDIR => Failure::Missing,
            Errno::ACCESS | Errno::PERM => Failure::Forbidden,
            Errno::BUSY => Failure::Busy,
            other => Failure::Other(std::io::Error::from(other).to_string()),
        }
    }
}

impl Link {
    pub(super) fn open(path: &str, options: &PortOptions) -> Result<Link, Failure> {
        let kind = kind_of_status(path, &rustix::fs::stat(path)?);
        // Opening a device that is not a terminal can have side effects (a tape, a watchdog): check first.
        if let PathKind::Other(what) = kind {
            return Err(Failure::NoTerminal(what));
        }
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        if !isatty(&fd) {
            return Err(Failure::NoTerminal(DEVICE));
        }
        let pseudo = kind == PathKind::PseudoTerminal;
        // macOS refuses to set the speed of a pseudo-terminal; 0 leaves it unchanged.
        let baud_rate = if pseudo && cfg!(target_os = "macos") { 0 } else { options.line.baud_rate() };
        let mut line = super::framed(path, baud_rate, &options.line).exclusive(options.exclusive).open()?;
        set_lines(line.as_mut(), &options.line.lines());
        Ok(Link { fd, pseudo, line, failed: false })
    }

    /// Whether it is a pseudo-terminal.
    pub(super) fn queues(&self) -> bool {
        self.pseudo
    }

    pub(super) fn set_lines(&mut self, lines: &[(ControlLine, bool)]) {
        set_lines(self.line.as_mut(), lines);
    }

    pub(super) fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Returns whether the port can.
    pub(super) fn hold_break(&mut self, on: bool) -> bool {
        let held = if on { self.line.set_break() } else { self.line.clear_break() };
        held.is_ok()
    }

    pub(super) fn read_available(&mut self, buffer: &mut Vec<u8>, gone: &Loss) -> Result<usize, PortError> {
        descriptor::read_available(self.fd.as_fd(), buffer).map_err(|_| PortError::Gone(gone.clone()))
    }

    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait, gone: &Loss) -> Result<usize, PortError> {
        descriptor::read(self.fd.as_fd(), buffer, wait, gone)
    }

    pub(super) fn write(&mut self, bytes: &[u8], wait: Wait, patience: Duration, gone: &Loss) -> Result<(), PortError> {
        let result = descriptor::write(self.fd.as_fd(), bytes, wait, patience, gone);
        self.failed = result.is_err();
        result
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // On close, Linux waits up to 30 s for bytes that a locked-up board never accepts.
        if self.failed {
            let _ = tcflush(&self.fd, QueueSelector::OFlush);
        }
    }
}
