//! `exec:COMMAND`: any program on this computer that speaks a raw REPL, on its own pseudo-terminal.
//!
//! Uses `super::pty`. Invariant: the process lives exactly as long as its [`ProcessPort`].

use super::pty::{Child, Ending, Incoming};
use super::{Abilities, Port, PortError, Wait};
use crate::error::{Error, Kind, Result};
use crate::port::loss::Loss;
use std::process::Command;
use std::time::Duration;

/// A process as a board.
///
/// The terminal turns Ctrl-C into a signal. MicroPython's unix port relies on that while code runs, but it turns the
/// terminal's signals off while it reads raw paste: code sent by raw paste could not be interrupted, so
/// [`Abilities::raw_paste`] is not set. Ctrl-D ends the process, so [`Abilities::soft_reset`] is not set either.
#[derive(Debug)]
pub struct ProcessPort {
    name: String,
    child: Child,
    /// Input that arrived during a write.
    early: Vec<u8>,
}

impl ProcessPort {
    /// Starts `command`, the text after `exec:`.
    ///
    /// Runs it as `/bin/sh -c "exec COMMAND"`: the shell interprets words, quotes and variables, and the process itself is on
    /// the terminal.
    ///
    /// # Errors
    /// [`Kind::ConnectionFailedError`] if the command is empty or cannot be started. The first read reports a program that
    /// is not found, with the shell's message and status.
    pub fn open(command: &str) -> Result<ProcessPort> {
        if command.trim().is_empty() {
            return Err(Error::new(Kind::ConnectionFailedError, "`exec:` needs a command")
                .with_help("write the command after it, such as `exec:micropython -i`"));
        }
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(format!("exec {command}"));
        let child = Child::spawn(shell, true, Vec::new())
            .map_err(|error| Error::new(Kind::ConnectionFailedError, format!("cannot start `{command}`: {error}")))?;
        Ok(ProcessPort { name: format!("exec:{command}"), child, early: Vec::new() })
    }

    fn gone(&mut self) -> PortError {
        let ending = self.child.finish();
        // POSIX, "Exit Status for Commands": the shell did not find the command.
        let why = if ending == Ending::Exited(127) { ": command not found" } else { "" };
        PortError::Gone(Loss::ProcessEnded(format!("{ending}{why}")))
    }
}

impl Port for ProcessPort {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        Abilities { fresh: true, starts_on_open: true, holds_back: true, ..Abilities::default() }
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        match self.child.write_all(bytes, &mut self.early, wait) {
            Err(PortError::Gone(_)) => Err(self.gone()),
            other => other,
        }
    }

    fn takes_now(&self) -> bool {
        self.child.poll(false, true, Duration::ZERO).1
    }

    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        if self.early.is_empty() { self.child.descriptors() } else { Vec::new() }
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        let early = self.early.len();
        buffer.append(&mut self.early);
        if !self.child.poll(true, false, Duration::ZERO).0 {
            return Ok(early);
        }
        match self.child.read(buffer) {
            Incoming::Bytes(count) => Ok(early + count),
            Incoming::Nothing => Ok(early),
            Incoming::Closed => Err(self.gone()),
        }
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        if !self.early.is_empty() {
            let count = self.early.len();
            buffer.append(&mut self.early);
            return Ok(count);
        }
        loop {
            let (readable, _) = self.child.poll(true, false, wait.slice()?);
            if !readable {
                continue;
            }
            match self.child.read(buffer) {
                Incoming::Bytes(count) => return Ok(count),
                Incoming::Nothing => {}
                Incoming::Closed => return Err(self.gone()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait() -> Wait {
        Wait::for_at_most(Duration::from_secs(10))
    }

    fn read_to_the_end(port: &mut ProcessPort) -> (String, PortError) {
        let mut seen = Vec::new();
        loop {
            if let Err(error) = port.read(&mut seen, wait()) {
                return (String::from_utf8_lossy(&seen).into_owned(), error);
            }
        }
    }

    #[test]
    fn the_shell_splits_the_command() {
        let mut port = ProcessPort::open("printf '%s|' 'a b' c").unwrap();
        assert_eq!(port.name(), "exec:printf '%s|' 'a b' c");
        let (seen, error) = read_to_the_end(&mut port);
        assert_eq!(seen, "a b|c|");
        assert_eq!(error, PortError::Gone(Loss::ProcessEnded("ended with status 0".to_owned())));
    }

    #[test]
    fn writing_to_an_ended_process_reports_its_status() {
        let mut port = ProcessPort::open("false").unwrap();
        let (_, error) = read_to_the_end(&mut port);
        assert_eq!(error, PortError::Gone(Loss::ProcessEnded("ended with status 1".to_owned())));
        assert_eq!(port.write(b"x", wait()), Err(error));
    }

    #[test]
    fn ctrl_c_sends_a_signal() {
        let mut port =
            ProcessPort::open("sh -c 'trap \"echo caught; exit 3\" INT; echo ready; while :; do :; done'").unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"ready\n") {
            port.read(&mut seen, wait()).unwrap();
        }
        port.write(b"\x03", wait()).unwrap();
        let (seen, error) = read_to_the_end(&mut port);
        assert_eq!(seen, "caught\n");
        assert_eq!(error, PortError::Gone(Loss::ProcessEnded("ended with status 3".to_owned())));
    }

    #[test]
    fn large_data_passes_both_ways() {
        let mut port = ProcessPort::open("cat").unwrap();
        let sent: Vec<u8> = (0..200_000_u32).map(|i| b'a' + (i % 26) as u8).collect();
        port.write(&sent, wait()).unwrap();
        let mut seen = Vec::new();
        while seen.len() < sent.len() {
            port.read(&mut seen, wait()).unwrap();
        }
        assert!(seen == sent);
    }

    #[test]
    fn a_deadline_ends_a_wait() {
        let mut port = ProcessPort::open("cat").unwrap();
        let short = Wait::for_at_most(Duration::from_millis(20));
        assert_eq!(port.read(&mut Vec::new(), short), Err(PortError::Timeout));
        assert!(ProcessPort::open(" ").is_err());
    }
}
