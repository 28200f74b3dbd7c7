//! A pseudo-terminal, for tests that are what is behind a serial port.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;

/// The side of the board. Dropping it unplugs the board.
pub struct Terminal {
    master: OwnedFd,
    port: String,
}

impl Terminal {
    /// A new one.
    pub fn open() -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&master).expect("a terminal of ours");
        unlockpt(&master).expect("a terminal of ours");
        let port = ptsname(&master, Vec::new()).expect("a name").into_string().expect("UTF-8");
        Terminal { master, port }
    }

    /// The path of the serial port.
    pub fn port(&self) -> &str {
        &self.port
    }

    /// Waits until the other side has sent something.
    #[track_caller]
    pub fn wait(&self) {
        readable(&self.master);
    }

    /// Answers everything that is sent by `answer`, until the other side is closed.
    pub fn answer(&self, answer: &[u8]) -> JoinHandle<()> {
        let (master, answer) = (self.master.try_clone().expect("a descriptor"), answer.to_owned());
        std::thread::spawn(move || {
            let mut sent = [0; 4096];
            // The first hang-up is before the port is opened: reading waits for it.
            readable(&master);
            while rustix::io::read(&master, &mut sent).is_ok_and(|count| count > 0) {
                if rustix::io::write(&master, &answer).is_err() {
                    break;
                }
            }
        })
    }
}

/// Waits until there is something to read, or something has ended.
#[track_caller]
pub fn readable(descriptor: impl AsFd) {
    let mut watched = [PollFd::new(&descriptor, PollFlags::IN)];
    let count = poll(&mut watched, Some(&Timespec { tv_sec: 30, tv_nsec: 0 })).expect("poll");
    assert_eq!(count, 1, "nothing happened");
}
