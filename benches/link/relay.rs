//! A link between a pseudo-terminal and a board: late, or as slow as a serial line.
//!
//! Each direction has a thread that reads and one that writes when the bytes are due. Invariant: every byte passes once and in order;
//! the threads end after the client has closed its side.

use belay_script::cli::terminal::modes::make_raw;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that a serial port passes on at once, as its hardware's buffer does.
const FIFO: usize = 8;

/// How bytes pass in each direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Each arrives later by this time.
    Late(Duration),
    /// One after the other, each of which takes this time.
    EachTakes(Duration),
}

/// The terminal of a board.
///
/// # Errors
/// Of the operating system.
pub fn terminal(path: &Path) -> std::io::Result<OwnedFd> {
    Ok(open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Starts a relay to `board` for one client. Returns the path of the client's side.
///
/// # Errors
/// Of the operating system.
pub fn start(board: OwnedFd, pace: Pace) -> std::io::Result<PathBuf> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    make_raw(&master)?;
    let path = PathBuf::from(ptsname(&master, Vec::new())?.to_string_lossy().into_owned());
    let (to_board, from_client) = channel();
    let (to_client, from_board) = channel();
    let (stopped, stop) = std::io::pipe()?;
    let (reading, writing) = (rustix::io::dup(&master)?, rustix::io::dup(&board)?);
    thread::spawn(move || {
        // The other end of the pipe sees when this one is dropped: after the client has left.
        let _stop = stop;
        while let Some(bytes) = read(&reading) {
            if to_board.send((Instant::now(), bytes)).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || carry(&from_client, &writing, pace));
    thread::spawn(move || {
        loop {
            let mut watched = [PollFd::new(&board, PollFlags::IN), PollFd::new(&stopped, PollFlags::IN)];
            if poll(&mut watched, None).is_err() || !watched[1].revents().is_empty() {
                break;
            }
            let Some(bytes) = read(&board) else { break };
            if to_client.send((Instant::now(), bytes)).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || carry(&from_board, &master, pace));
    Ok(path)
}

/// The next bytes; `None` at the end.
fn read(from: &OwnedFd) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 4096];
    let count = rustix::io::read(from, &mut bytes).ok().filter(|count| *count > 0)?;
    bytes.truncate(count);
    Some(bytes)
}

/// Writes bytes when they are due.
fn carry(from: &Receiver<(Instant, Vec<u8>)>, to: &OwnedFd, pace: Pace) {
    let mut free = Instant::now();
    while let Ok((came, bytes)) = from.recv() {
        let written = match pace {
            Pace::Late(time) => {
                wait_until(came + time);
                write(to, &bytes)
            }
            Pace::EachTakes(time) => bytes.chunks(FIFO).all(|piece| {
                free = free.max(came) + time * piece.len() as u32;
                wait_until(free);
                write(to, piece)
            }),
        };
        if !written {
            break;
        }
    }
}

fn wait_until(moment: Instant) {
    thread::sleep(moment.saturating_duration_since(Instant::now()));
}

fn write(to: &OwnedFd, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(_) => return false,
        }
    }
    true
}
