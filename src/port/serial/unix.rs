//! A serial port on Unix: configured by the crate `serialport`, read and written on a descriptor of our own.
//!
//! The crate's own writes block once the line's buffer is full, with no deadline; and its descriptor cannot be
//! borrowed without unsafe code. So the device is opened twice. Ours comes first, because the crate's puts up the
//! barrier (TIOCEXCL and a file lock) that keeps later openers out, ourselves included.

use super::{Failure, SerialOptions, set_lines};
use crate::port::{PortError, Wait, descriptor};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{QueueSelector, isatty, tcflush};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Major numbers of the devices that are pseudo-terminals (Linux, `devices.txt`).
const PSEUDO_TERMINALS: std::ops::RangeInclusive<u32> = 136..=143;

pub(super) struct Link {
    /// Non-blocking, for all bytes.
    pub(super) fd: OwnedFd,
    /// Whether a program is behind it.
    pseudo: bool,
    /// Holds the lock.
    _line: Box<dyn serialport::SerialPort>,
    /// Whether a write failed: then nobody may wait for its bytes on closing.
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
    pub(super) fn open(path: &str, options: &SerialOptions) -> Result<Link, Failure> {
        // Opening what is no terminal can have effects of its own (a tape, a watchdog): look first.
        let status = rustix::fs::stat(path)?;
        if FileType::from_raw_mode(status.st_mode) != FileType::CharacterDevice {
            return Err(Failure::NoTerminal);
        }
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        if !isatty(&fd) {
            return Err(Failure::NoTerminal);
        }
        // macOS refuses to set the speed of a pseudo-terminal; 0 leaves it alone.
        let pseudo = match cfg!(target_os = "linux") {
            true => PSEUDO_TERMINALS.contains(&rustix::fs::major(status.st_rdev)),
            false => path.starts_with("/dev/ttys"),
        };
        let baud_rate = if pseudo && cfg!(target_os = "macos") { 0 } else { options.baud_rate };
        let mut line = serialport::new(path, baud_rate).exclusive(options.exclusive).open()?;
        set_lines(line.as_mut(), options.lines());
        Ok(Link { fd, pseudo, _line: line, failed: false })
    }

    /// Whether it is a pseudo-terminal.
    pub(super) fn queues(&self) -> bool {
        self.pseudo
    }

    pub(super) fn read_available(&mut self, buffer: &mut Vec<u8>, gone: &str) -> Result<usize, PortError> {
        descriptor::read_available(self.fd.as_fd(), buffer).map_err(|_| PortError::Gone(gone.to_owned()))
    }

    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait, gone: &str) -> Result<usize, PortError> {
        descriptor::read(self.fd.as_fd(), buffer, wait, gone)
    }

    pub(super) fn write(&mut self, bytes: &[u8], wait: Wait, patience: Duration, gone: &str) -> Result<(), PortError> {
        let result = descriptor::write(self.fd.as_fd(), bytes, wait, patience, gone);
        self.failed = result.is_err();
        result
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Linux waits up to 30 s on closing for bytes that a locked-up board never takes.
        if self.failed {
            let _ = tcflush(&self.fd, QueueSelector::OFlush);
        }
    }
}
