//! Serves a board on a pseudo-terminal with a symlink to it, which other tools use as a serial port.
//!
//! Uses [`crate::port`], `pump` and rustix. Invariant: symlinks of other programs are never replaced or removed.
//!
//! Clients come and go. While the slave side is open nowhere, the master reports a hang-up: then the board's output is
//! dropped, as a USB port does that no program has open. The first hang-up is made here, by opening and closing the slave
//! once; before that Linux reports none.

use super::modes::make_raw;
use super::pump::{self, Client, Look};
use crate::error::{Error, Kind, Result};
use crate::port::loss::Loss;
use crate::port::{Port, PortError, Wait};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs;
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The master side of a pseudo-terminal.
pub struct Terminal {
    master: OwnedFd,
    slave: PathBuf,
    /// Whether the client has disconnected, even if its last bytes are still unread.
    hung_up: bool,
}

/// A symlink to the slave side. Removed on drop, if it is still the same.
pub struct Link {
    path: PathBuf,
    slave: PathBuf,
}

impl Link {
    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if fs::read_link(&self.path).is_ok_and(|target| target == self.slave) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Terminal {
    /// A new pseudo-terminal in raw mode.
    ///
    /// # Errors
    /// [`Kind::ConnectionFailedError`] if the system has none left.
    pub fn open() -> Result<Terminal> {
        Terminal::try_open().map_err(|error| {
            Error::new(Kind::ConnectionFailedError, format!("no pseudo-terminal can be opened: {error}"))
                .with_help("end programs that hold many terminals, or raise the system's limit")
        })
    }

    fn try_open() -> rustix::io::Result<Terminal> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let slave = PathBuf::from(name.to_string_lossy().into_owned());
        let opened = open(&slave, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        make_raw(&opened)?;
        drop(opened);
        fcntl_setfl(&master, fcntl_getfl(&master)? | OFlags::NONBLOCK)?;
        rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC)?;
        Ok(Terminal { master, slave, hung_up: false })
    }

    /// Creates the symlink `path` to the slave side. A broken symlink is replaced, for example that of a killed server.
    ///
    /// # Errors
    /// [`Kind::DeclarationError`] (wrong usage) if the path is something else, or the folder cannot be written.
    pub fn link(&self, path: &Path) -> Result<Link> {
        let shown = path.display();
        if let Ok(there) = fs::symlink_metadata(path) {
            let own = fs::read_link(path).is_ok_and(|target| target == self.slave);
            let dangling = there.file_type().is_symlink()
                && fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
            if !own && !dangling {
                return Err(Error::new(Kind::DeclarationError, format!("`{shown}` already exists"))
                    .with_help("remove it, or name another path: only a broken symlink is replaced"));
            }
            let _ = fs::remove_file(path);
        }
        std::os::unix::fs::symlink(&self.slave, path).map_err(|error| {
            Error::new(
                Kind::DeclarationError,
                format!("the link `{shown}` cannot be created: {}", crate::disk::reason(&error)),
            )
            .with_help("name a path in an existing, writable folder")
        })?;
        Ok(Link { path: path.to_owned(), slave: self.slave.clone() })
    }

    /// Carries bytes between clients and `board` until Ctrl-C.
    ///
    /// # Errors
    /// [`Kind::ConnectionLost`] if the board ends.
    pub fn pump(&mut self, board: &mut dyn Port) -> Result<()> {
        match pump::carry(self, board, Wait { deadline: None, interruptible: true }) {
            Err(PortError::Interrupted) => {
                crate::interrupt::take();
                Ok(())
            }
            Err(PortError::Gone(why)) => {
                Err(Error::new(Kind::ConnectionLost, format!("the simulated board has ended: {why}"))
                    .with_help("start it again"))
            }
            Err(PortError::Timeout) | Ok(()) => Ok(()),
        }
    }

    fn poll(&self, flags: PollFlags, wait: Duration) -> std::result::Result<PollFlags, PortError> {
        let mut watched = [PollFd::new(&self.master, flags)];
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) as _ };
        match poll(&mut watched, Some(&timeout)) {
            Ok(_) => Ok(watched[0].revents()),
            Err(rustix::io::Errno::INTR) => Ok(PollFlags::empty()),
            Err(error) => Err(PortError::Gone(Loss::system("the pseudo-terminal fails", error))),
        }
    }
}

impl Client for Terminal {
    fn look(&mut self, wait: Duration) -> std::result::Result<Look, PortError> {
        let flags = self.poll(PollFlags::IN, wait)?;
        self.hung_up = flags.contains(PollFlags::HUP);
        Ok(match flags {
            _ if flags.contains(PollFlags::IN) => Look::Readable,
            _ if self.hung_up => Look::Absent,
            _ => Look::Idle,
        })
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.master.as_fd())
    }

    fn left(&mut self) {
        // Reset the modes for the next client.
        let _ = make_raw(&self.master);
    }

    fn take(&mut self, piece: &mut [u8]) -> usize {
        // An error means that the client has disconnected, which the next poll shows.
        rustix::io::read(&self.master, piece).unwrap_or_default()
    }

    fn give(&mut self, backlog: &mut Vec<u8>) -> std::result::Result<(), PortError> {
        if self.hung_up {
            backlog.clear();
        }
        while !backlog.is_empty() {
            match rustix::io::write(&self.master, backlog) {
                Ok(count) => drop(backlog.drain(..count)),
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::IO) => backlog.clear(),
                Err(error) => return Err(PortError::Gone(Loss::system("the pseudo-terminal fails", error))),
            }
        }
        Ok(())
    }

    fn look_for_room(&mut self, wait: Duration) -> std::result::Result<(), PortError> {
        let flags = self.poll(PollFlags::OUT, wait)?;
        if flags.contains(PollFlags::HUP) {
            // A hang-up ends every poll at once: the wait is made without it.
            pump::pause(wait);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Abilities;

    /// Echoes its input; a zero byte ends it.
    #[derive(Default)]
    struct Echo(Vec<u8>);

    impl Port for Echo {
        fn name(&self) -> &str {
            "echo"
        }
        fn abilities(&self) -> Abilities {
            Abilities::default()
        }
        fn write(&mut self, bytes: &[u8], _wait: Wait) -> std::result::Result<(), PortError> {
            if bytes.contains(&0) {
                return Err(PortError::Gone(Loss::SessionClosed));
            }
            self.0.extend_from_slice(bytes);
            Ok(())
        }
        fn read(&mut self, buffer: &mut Vec<u8>, wait: Wait) -> std::result::Result<usize, PortError> {
            while self.0.is_empty() {
                pump::pause(wait.slice()?);
            }
            buffer.append(&mut self.0);
            Ok(buffer.len())
        }
    }

    fn client(path: &Path) -> OwnedFd {
        open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK, Mode::empty()).unwrap()
    }

    /// Waits at most ten seconds for `count` bytes.
    fn hear(client: &OwnedFd, count: usize) -> Vec<u8> {
        let mut heard = Vec::new();
        while heard.len() < count {
            let timeout = Timespec { tv_sec: 10, tv_nsec: 0 };
            let ready = poll(&mut [PollFd::new(client, PollFlags::IN)], Some(&timeout)).unwrap();
            assert_eq!(ready, 1, "only {} of {count} bytes came", heard.len());
            let mut piece = [0; 4096];
            let came = rustix::io::read(client, &mut piece).unwrap();
            heard.extend_from_slice(&piece[..came]);
        }
        heard
    }

    fn say(client: &OwnedFd, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            poll(&mut [PollFd::new(client, PollFlags::OUT)], Some(&Timespec { tv_sec: 10, tv_nsec: 0 })).unwrap();
            let written = rustix::io::write(client, bytes).unwrap();
            bytes = &bytes[written..];
        }
    }

    #[test]
    fn clients_reconnect_and_every_byte_passes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("board");
        let mut terminal = Terminal::open().unwrap();
        let link = terminal.link(&path).unwrap();
        let pump = std::thread::spawn(move || terminal.pump(&mut Echo::default()));

        let every: Vec<u8> = (1..=255).collect();
        let first = client(&path);
        say(&first, &every);
        assert_eq!(hear(&first, every.len()), every);
        drop(first);

        let second = client(&path);
        let much: Vec<u8> = every.iter().copied().cycle().take(40_000).collect();
        for piece in much.chunks(2_000) {
            say(&second, piece);
            assert_eq!(hear(&second, piece.len()), piece);
        }
        say(&second, b"\0");
        assert_eq!(pump.join().unwrap().unwrap_err().kind(), Kind::ConnectionLost);
        drop(link);
        assert!(fs::symlink_metadata(&path).is_err(), "the link is still there");
    }

    #[test]
    fn files_of_others_are_never_replaced_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("board");
        let terminal = Terminal::open().unwrap();

        fs::write(&path, "precious").unwrap();
        assert_eq!(terminal.link(&path).err().map(|error| error.kind()), Some(Kind::DeclarationError));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");

        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(folder.path(), &path).unwrap();
        assert!(terminal.link(&path).is_err(), "a link that leads somewhere was replaced");

        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &path).unwrap();
        let link = terminal.link(&path).unwrap();
        let again = terminal.link(&path).unwrap();
        assert_eq!(fs::read_link(&path).unwrap(), terminal.slave);

        fs::remove_file(&path).unwrap();
        fs::write(&path, "someone else's").unwrap();
        drop((link, again));
        assert!(path.exists(), "a file of someone else was removed");
        assert!(terminal.link(&folder.path().join("no/such/folder")).is_err());
    }
}
