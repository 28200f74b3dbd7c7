//! A child process on its own pseudo-terminal.
//!
//! Uses `rustix` and this layer's [`Wait`]. Invariant: dropping a [`Child`] leaves neither a running process nor a zombie;
//! if the host is killed, its terminal closes, which hangs up on the child's session.

use super::{PortError, Wait};
use crate::port::loss::Loss;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, FdFlags};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use rustix::pty::OpenptFlags;
use rustix::termios::{InputModes, LocalModes, OptionalActions, OutputModes, Termios};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Buffer size of one read. A terminal returns up to 4 KiB at once.
const READ_LIMIT: usize = 16 * 1024;

/// Time for a child to exit after it closed its terminal.
const END_LIMIT: Duration = Duration::from_millis(500);

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// By itself, with this status.
    Exited(i32),
    /// By the signal of this number.
    Signalled(i32),
    /// It closed its terminal but kept running; it was killed.
    ClosedTerminal,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exited(status) => write!(f, "ended with status {status}"),
            Ending::Signalled(signal) => write!(f, "was killed by signal {signal}"),
            Ending::ClosedTerminal => write!(f, "closed its terminal"),
        }
    }
}

/// The result of one read from the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// This number of bytes.
    Bytes(usize),
    /// Nothing yet.
    Nothing,
    /// The other side is closed, and everything it wrote has been read.
    Closed,
}

/// What a child does to itself between fork and exec: system calls only.
pub(super) type Confine = Box<dyn FnMut() -> io::Result<()> + Send + Sync>;

/// A child process and the master side of its terminal.
#[derive(Debug)]
pub(super) struct Child {
    master: OwnedFd,
    pid: Pid,
    ended: Option<Ending>,
    /// The other side of the terminal, held to recover input that the child did not read, and a handle that reports the
    /// child's end. Without them, unread input is lost.
    far_side: Option<(OwnedFd, OwnedFd)>,
}

impl Child {
    /// Starts `command` with a new terminal as its standard streams and controlling terminal.
    ///
    /// The terminal passes bytes unchanged. With `signals`, Ctrl-C and the like become signals. The descriptors in `keep`
    /// stay open in the child, under the same numbers.
    pub(super) fn spawn(command: Command, signals: bool, keep: Vec<OwnedFd>) -> io::Result<Child> {
        Child::spawn_confined(command, signals, keep, None)
    }

    /// As [`Child::spawn`]; the child calls `confine` before it starts the program.
    pub(super) fn spawn_confined(
        mut command: Command,
        signals: bool,
        keep: Vec<OwnedFd>,
        mut confine: Option<Confine>,
    ) -> io::Result<Child> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        // Another thread may be starting a process, which must not inherit the master.
        #[cfg(target_os = "linux")]
        let flags = flags | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags)?;
        rustix::io::fcntl_setfd(&master, FdFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let mut modes = rustix::termios::tcgetattr(&slave)?;
        make_transparent(&mut modes, signals);
        rustix::termios::tcsetattr(&slave, OptionalActions::Now, &modes)?;
        rustix::fs::fcntl_setfl(&master, OFlags::NONBLOCK)?;

        command.stdin(Stdio::from(slave.try_clone()?)).stdout(Stdio::from(slave.try_clone()?)).stderr(slave);
        let prepare = move || {
            rustix::process::setsid()?;
            rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
            if let Some(confine) = &mut confine {
                confine()?;
            }
            for descriptor in &keep {
                rustix::io::fcntl_setfd(descriptor, FdFlags::empty())?;
            }
            Ok(())
        };
        #[expect(unsafe_code, reason = "the only way to give a child a controlling terminal; system calls alone")]
        // SAFETY: between fork and exec the closure makes system calls only: no allocation, no lock.
        unsafe {
            command.pre_exec(prepare);
        }
        let child = command.spawn()?;
        Ok(Child { master, pid: Pid::from_child(&child), ended: None, far_side: None })
    }

    /// Also holds the other side of the terminal, for [`Child::unread`]. Linux only.
    #[cfg(target_os = "linux")]
    pub(super) fn hold_unread(&mut self) -> io::Result<()> {
        let name = rustix::pty::ptsname(&self.master, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let other_side = rustix::fs::open(&name, flags, Mode::empty())?;
        let end = rustix::process::pidfd_open(self.pid, rustix::process::PidfdFlags::empty())?;
        self.far_side = Some((other_side, end));
        Ok(())
    }

    /// Holds nothing: the end of the process shows as the end of the terminal.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn hold_unread(&mut self) -> io::Result<()> {
        self.far_side = None;
        Ok(())
    }

    /// Input that the process, which has ended, did not read.
    pub(super) fn unread(&mut self) -> Vec<u8> {
        let mut unread = Vec::new();
        let mut piece = [0; 4096];
        if let Some((other_side, _)) = &self.far_side {
            while let Ok(count @ 1..) = rustix::io::read(other_side, &mut piece) {
                unread.extend_from_slice(&piece[..count]);
            }
        }
        unread
    }

    /// Number of bytes written that the process has not read. Linux only.
    #[cfg(target_os = "linux")]
    pub(super) fn waiting(&self) -> Option<usize> {
        let (other_side, _) = self.far_side.as_ref()?;
        usize::try_from(rustix::io::ioctl_fionread(other_side).ok()?).ok()
    }

    /// The process id. Valid until [`Child::ending`] has returned how the process ended.
    #[cfg(target_os = "linux")]
    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits until there is data to read (if `to_read`) or room to write (if `to_write`), or the process ends.
    /// (readable, writable)
    pub(super) fn poll(&self, to_read: bool, to_write: bool, limit: Duration) -> (bool, bool) {
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, to_read);
        wanted.set(PollFlags::OUT, to_write);
        let mut polled = vec![PollFd::new(&self.master, wanted)];
        polled.extend(self.far_side.as_ref().map(|(_, end)| PollFd::new(end, PollFlags::IN)));
        match poll(&mut polled, Some(&timespec(limit))) {
            Ok(0) | Err(_) => (false, false),
            Ok(_) => {
                let found = polled[0].revents();
                let closed = found.intersects(PollFlags::HUP | PollFlags::ERR);
                (closed || found.contains(PollFlags::IN), found.contains(PollFlags::OUT))
            }
        }
    }

    /// The descriptors that become readable when there is data to read or the process has ended.
    pub(super) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let ends = self.far_side.as_ref().map(|(_, end)| end.as_fd());
        std::iter::once(self.master.as_fd()).chain(ends).collect()
    }

    /// Appends what is available to `buffer`, without waiting.
    pub(super) fn read(&self, buffer: &mut Vec<u8>) -> Incoming {
        buffer.reserve(READ_LIMIT);
        let result = rustix::io::read(&self.master, rustix::buffer::spare_capacity(buffer));
        match result {
            Ok(0) | Err(Errno::IO) => Incoming::Closed,
            Ok(count) => Incoming::Bytes(count),
            Err(Errno::AGAIN | Errno::INTR) => Incoming::Nothing,
            Err(_) => Incoming::Closed,
        }
    }

    /// Writes as much as there is room for, without waiting. Returns the count; `None`: the other side is closed.
    pub(super) fn write(&self, bytes: &[u8]) -> Option<usize> {
        match rustix::io::write(&self.master, bytes) {
            Ok(count) => Some(count),
            Err(Errno::AGAIN | Errno::INTR) => Some(0),
            Err(_) => None,
        }
    }

    /// Writes all of `bytes`. Input that arrives meanwhile goes to `incoming`, so that neither side blocks the other.
    pub(super) fn write_all(&self, mut bytes: &[u8], incoming: &mut Vec<u8>, wait: Wait) -> Result<(), PortError> {
        while !bytes.is_empty() {
            let (readable, writable) = self.poll(true, true, wait.slice()?);
            if readable && self.read(incoming) == Incoming::Closed {
                return Err(PortError::Gone(Loss::TerminalClosed));
            }
            if writable {
                match self.write(bytes) {
                    Some(count) => bytes = &bytes[count..],
                    None => return Err(PortError::Gone(Loss::TerminalClosed)),
                }
            }
        }
        Ok(())
    }

    /// How the process ended, if it has.
    pub(super) fn ending(&mut self) -> Option<Ending> {
        if self.ended.is_none() {
            self.ended = match rustix::process::waitpid(Some(self.pid), WaitOptions::NOHANG) {
                Ok(Some((_, status))) => ending_of(status),
                Ok(None) => None,
                Err(_) => Some(Ending::ClosedTerminal),
            };
        }
        self.ended
    }

    /// How the process ended after it closed its terminal; kills it if it keeps running.
    pub(super) fn finish(&mut self) -> Ending {
        let deadline = Instant::now() + END_LIMIT;
        let mut pause = Duration::from_micros(100);
        while Instant::now() < deadline {
            if let Some(ending) = self.ending() {
                return ending;
            }
            // Nothing to poll: on some unixes only `waitpid` reports the end of a child.
            let _ = poll(&mut [], Some(&timespec(pause)));
            pause = (pause * 2).min(Duration::from_millis(10));
        }
        self.kill();
        Ending::ClosedTerminal
    }

    /// Kills the process and its process group, and reaps it.
    pub(super) fn kill(&mut self) {
        if self.ended.is_some() {
            return;
        }
        let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
        let _ = rustix::process::kill_process(self.pid, Signal::KILL);
        while let Err(Errno::INTR) = rustix::process::waitpid(Some(self.pid), WaitOptions::empty()) {}
        self.ended = Some(Ending::Signalled(Signal::KILL.as_raw()));
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

fn ending_of(status: WaitStatus) -> Option<Ending> {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => Some(Ending::Exited(status)),
        (None, Some(signal)) => Some(Ending::Signalled(signal)),
        (None, None) => None,
    }
}

/// No echo, no line editing, no line end translation, no flow control.
fn make_transparent(modes: &mut Termios, signals: bool) {
    modes.output_modes.remove(OutputModes::OPOST);
    modes.input_modes.remove(InputModes::ICRNL | InputModes::INLCR | InputModes::IGNCR);
    modes.input_modes.remove(InputModes::IXON | InputModes::IXOFF | InputModes::ISTRIP | InputModes::BRKINT);
    modes.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::IEXTEN);
    modes.local_modes.set(LocalModes::ISIG, signals);
}

pub(super) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, signals: bool) -> Child {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script);
        Child::spawn(command, signals, Vec::new()).unwrap()
    }

    fn read_until(child: &Child, wanted: &str) -> String {
        let wait = Wait::for_at_most(Duration::from_secs(10));
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(wanted) {
            let (readable, _) = child.poll(true, false, wait.slice().expect("the text comes"));
            if readable && child.read(&mut seen) == Incoming::Closed {
                break;
            }
        }
        String::from_utf8_lossy(&seen).into_owned()
    }

    #[test]
    fn bytes_pass_unchanged_both_ways() {
        let child = shell("printf 'a\\nb\\r\\n'; head -c 6 | od -An -tx1", false);
        let wait = Wait::for_at_most(Duration::from_secs(10));
        let mut early = Vec::new();
        child.write_all(b"\r\n\x03\x04\x11z", &mut early, wait).unwrap();
        let seen = String::from_utf8(early).unwrap() + read_until(&child, "7a").as_str();
        assert!(seen.starts_with("a\nb\r\n"), "{seen:?}");
        assert!(seen.contains("0d 0a 03 04 11 7a"), "{seen:?}");
    }

    #[test]
    fn the_terminal_controls_the_child() {
        let child = shell("test -t 0 && echo here >/dev/tty", false);
        assert!(read_until(&child, "here").contains("here"));
    }

    #[test]
    fn distinguishes_endings() {
        let mut child = shell("exit 7", false);
        assert_eq!(child.finish(), Ending::Exited(7));
        let mut child = shell("kill -TERM $$", false);
        assert_eq!(child.finish(), Ending::Signalled(15));
        assert_eq!(child.finish().to_string(), "was killed by signal 15");
    }

    #[test]
    fn a_dropped_child_is_gone() {
        let child = shell("echo ready; trap '' HUP TERM; while :; do sleep 1; done", false);
        read_until(&child, "ready");
        let pid = child.pid;
        drop(child);
        assert!(rustix::process::test_kill_process(pid).is_err());
    }
}
