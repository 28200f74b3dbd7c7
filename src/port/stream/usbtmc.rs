//! `usbtmc:/dev/usbtmc0`: an instrument on USB, by Linux's driver for the Test and Measurement Class.
//!
//! The driver's `read` asks the instrument for one message and blocks until it comes, or until the driver's own timeout
//! (5 s). A thread does that, so that a deadline and Ctrl-C end the wait here. Nothing is asked for before a caller waits:
//! an instrument that has nothing to say reports an error when asked (IEEE 488.2, "query unterminated").
//!
//! Uses [`crate::error`]. Invariant: at most one read is under way.

use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::port::loss::Loss;
use crate::port::{Abilities, Port, PortError, Wait};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};

/// Bytes of one read of the driver: a shorter one ends the message.
const MESSAGE: usize = 64 << 10;

/// What the thread is to do.
enum Job {
    Write(Vec<u8>),
    Read,
}

/// What came of it.
type Outcome = std::io::Result<Vec<u8>>;

pub(super) struct UsbTmcPort {
    name: String,
    jobs: Sender<Job>,
    outcomes: Receiver<Outcome>,
    /// A read is under way.
    reading: bool,
    /// The last read ended a message.
    ended: bool,
}

impl UsbTmcPort {
    /// Opens the device.
    ///
    /// # Errors
    /// [`Kind::DeviceNotFoundError`], [`Kind::ConnectionFailedError`].
    pub(super) fn open(path: &str) -> Result<UsbTmcPort> {
        let file = File::options().read(true).write(true).open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::new(Kind::DeviceNotFoundError, format!("unknown device `{path}`"))
                .with_help("plug the instrument in, and look for it with `ls /dev/usbtmc*`"),
            ErrorKind::PermissionDenied => {
                Error::new(Kind::ConnectionFailedError, format!("permission denied for `{path}`")).with_help(
                    "add a udev rule for it, such as `SUBSYSTEM==\"usbmisc\", KERNEL==\"usbtmc*\", TAG+=\"uaccess\"`",
                )
            }
            _ => Error::new(Kind::ConnectionFailedError, format!("cannot open `{path}`: {error}"))
                .with_help("close the other program that uses it"),
        })?;
        UsbTmcPort::over(file, format!("{}{path}", super::USBTMC))
    }

    fn over(file: impl Read + Write + Send + 'static, name: String) -> Result<UsbTmcPort> {
        let (jobs, todo) = mpsc::channel();
        let (done, outcomes) = mpsc::channel();
        std::thread::Builder::new()
            .name("usbtmc".to_owned())
            .spawn(move || work(file, &todo, &done))
            .map_err(|error| Error::new(Kind::ConnectionFailedError, format!("cannot open `{name}`: {error}")))?;
        Ok(UsbTmcPort { name, jobs, outcomes, reading: false, ended: false })
    }

    fn gone(&self) -> PortError {
        PortError::Gone(Loss::Unplugged(self.name.clone()))
    }

    /// Waits for the outcome of the job under way.
    fn outcome(&mut self, wait: Wait) -> Result<Outcome, PortError> {
        loop {
            match self.outcomes.recv_timeout(wait.slice()?) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(self.gone()),
            }
        }
    }

    /// What a read brought. The driver's own timeout brings nothing.
    fn keep(&mut self, outcome: Outcome, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        self.reading = false;
        match outcome {
            Ok(bytes) => {
                buffer.extend_from_slice(&bytes);
                self.ended = bytes.len() < MESSAGE;
                Ok(bytes.len())
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(0),
            Err(_) => Err(self.gone()),
        }
    }
}

/// The device with these numbers, by what the kernel says about its USB interfaces.
pub(super) fn find(vid: u16, pid: u16, serial: Option<&str>) -> Option<String> {
    let fact = |folder: &Path, name: &str| {
        let text = disk::read_text(&folder.join(name), 8192).ok()?;
        Some(text.trim().to_owned())
    };
    let mut devices: Vec<_> = std::fs::read_dir("/sys/class/usbmisc").ok()?.flatten().collect();
    devices.sort_by_key(std::fs::DirEntry::file_name);
    devices.into_iter().find_map(|entry| {
        let name = entry.file_name().into_string().ok().filter(|name| name.starts_with("usbtmc"))?;
        // `device` is the interface; the device is one above it.
        let device = entry.path().join("device").canonicalize().ok()?.parent()?.to_owned();
        let has = |name: &str, number: u16| fact(&device, name).is_some_and(|text| text == format!("{number:04x}"));
        let is_it = has("idVendor", vid)
            && has("idProduct", pid)
            && serial.is_none_or(|serial| fact(&device, "serial").as_deref() == Some(serial));
        is_it.then(|| format!("/dev/{name}"))
    })
}

/// The thread: ends when the port is dropped. One that the driver holds in a read ends after the driver's timeout.
fn work(mut file: impl Read + Write, jobs: &Receiver<Job>, done: &Sender<Outcome>) {
    while let Ok(job) = jobs.recv() {
        let outcome = match job {
            Job::Write(bytes) => file.write_all(&bytes).map(|()| Vec::new()),
            Job::Read => {
                let mut bytes = vec![0; MESSAGE];
                file.read(&mut bytes).map(|count| {
                    bytes.truncate(count);
                    bytes
                })
            }
        };
        if done.send(outcome).is_err() {
            return;
        }
    }
}

impl Port for UsbTmcPort {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        Abilities { messages: true, ..Abilities::default() }
    }

    fn ended_message(&self) -> bool {
        self.ended
    }

    fn write(&mut self, bytes: &[u8], wait: Wait) -> Result<(), PortError> {
        if self.reading {
            // The reply of a command that timed out: it belongs to nobody any more.
            let late = self.outcome(wait)?;
            self.keep(late, &mut Vec::new())?;
        }
        self.jobs.send(Job::Write(bytes.to_vec())).map_err(|_| self.gone())?;
        self.outcome(wait)?.map(drop).map_err(|_| self.gone())
    }

    fn read_available(&mut self, buffer: &mut Vec<u8>) -> Result<usize, PortError> {
        match self.outcomes.try_recv() {
            Ok(outcome) if self.reading => self.keep(outcome, buffer),
            _ => Ok(0),
        }
    }

    fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> Result<usize, PortError> {
        loop {
            if !self.reading {
                self.jobs.send(Job::Read).map_err(|_| self.gone())?;
                self.reading = true;
            }
            let outcome = self.outcome(wait)?;
            match self.keep(outcome, buffer)? {
                0 => wait.slice().map(drop)?,
                count => return Ok(count),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    /// Datagrams keep the ends of messages, as the driver does.
    struct Device(UnixDatagram);

    impl Read for Device {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            self.0.recv(bytes)
        }
    }

    impl Write for Device {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.send(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn soon() -> Wait {
        Wait::for_at_most(Duration::from_secs(10))
    }

    #[test]
    fn a_message_ends_a_reply_without_a_terminator() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let mut stream = super::super::Stream::over(Box::new(UsbTmcPort::over(Device(ours), "x".to_owned()).unwrap()));
        let mut seen = [0; 16];
        stream.write(b"*IDN?\n", soon()).unwrap();
        let count = theirs.recv(&mut seen).unwrap();
        assert_eq!(&seen[..count], b"*IDN?\n");
        theirs.send(b"A,B").unwrap();
        assert_eq!(stream.read_until(b"\n", 100, soon()).unwrap(), b"A,B");
        // A reply with its terminator leaves nothing for the next read.
        theirs.send(b"1\n").unwrap();
        assert_eq!(stream.read_until(b"\n", 100, soon()).unwrap(), b"1");
        let short = Wait::for_at_most(Duration::from_millis(30));
        assert_eq!(stream.read_until(b"\n", 100, short), Err(PortError::Timeout));
        // What comes late is dropped before the next command.
        theirs.send(b"late\n").unwrap();
        stream.write(b"Q?\n", soon()).unwrap();
        theirs.send(b"2\n").unwrap();
        assert_eq!(stream.read_until(b"\n", 100, soon()).unwrap(), b"2");
    }
}
