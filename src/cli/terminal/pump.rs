//! Passes bytes between a board and a client: another program on a pseudo-terminal, or the user at this terminal.
//!
//! Uses [`crate::port`] and rustix. Invariants: the pump never spins; Ctrl-C as a signal ends it within a slice.

use crate::port::{Port, PortError, Wait};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// How long after the last byte the board's answer is still waited for without looking away.
const LIVELY: Duration = Duration::from_millis(500);
/// The longest wait for the board while a client may be writing.
const GLANCE: Duration = Duration::from_micros(100);
/// Practically no wait. (A deadline of now would end a read before it checks for data.)
const NO_WAIT: Duration = Duration::from_micros(100);
/// The longest time that a client's bytes wait for the board to take them.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of the client that are passed on in one piece: less than any buffer on the way, so that the board's output is
/// looked after in between.
const PIECE: usize = 256;
/// Bytes that wait for the client at most; the board is not read beyond that.
const BACKLOG: usize = 64 * 1024;
/// A board that is silent this long has finished its last answer.
const QUIET: Duration = Duration::from_secs(1);
/// The same for a board without output so far: it may be booting.
const SILENT: Duration = Duration::from_secs(5);

/// The result of polling the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// No client. The board's output is dropped.
    Absent,
    /// No input.
    Idle,
    /// It has sent input.
    Readable,
    /// It sends no more input and waits for the last answer.
    Ending,
    /// It has disconnected for good.
    Done,
}

/// The other side of the pump.
pub trait Client {
    /// Polls the client, waiting for input.
    ///
    /// # Errors
    /// If it cannot be watched.
    fn look(&mut self, wait: Duration) -> Result<Look, PortError>;
    /// The descriptor to poll for input or a hang-up. `None`: it cannot be polled.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
    /// Called when the client disconnects ([`Look::Absent`]).
    fn left(&mut self) {}
    /// Reads input without waiting. Returns the count.
    fn take(&mut self, piece: &mut [u8]) -> usize;
    /// Writes as much of the backlog as the client accepts now.
    ///
    /// # Errors
    /// If it cannot be written to.
    fn give(&mut self, backlog: &mut Vec<u8>) -> Result<(), PortError>;
    /// Waits until the client has accepted something.
    ///
    /// # Errors
    /// If it cannot be watched.
    fn look_for_room(&mut self, wait: Duration) -> Result<(), PortError>;
}

/// Passes bytes between `client` and `board` until the client ends, or `wait` is over.
///
/// # Errors
/// [`PortError::Interrupted`] by a signal, [`PortError::Timeout`] at the deadline, [`PortError::Gone`] if the board ends; what came before has been given.
pub fn carry(client: &mut dyn Client, board: &mut dyn Port, wait: Wait) -> Result<(), PortError> {
    // Bytes of the board that the client has not taken yet.
    let mut backlog = Vec::new();
    let mut last_byte = Instant::now();
    let (mut connected, mut heard) = (false, false);
    loop {
        let slice = wait.slice()?;
        let lively = last_byte.elapsed() < LIVELY;
        // While something is going on the wait is for the board, else for a client: so both are answered at once.
        let look =
            client.look(if lively || !connected || watch(client, board).is_some() { Duration::ZERO } else { slice })?;
        let quiet = if heard { QUIET } else { SILENT };
        if look == Look::Done || (look == Look::Ending && last_byte.elapsed() >= quiet) {
            return Ok(());
        }
        if connected && look == Look::Absent {
            // The next client must not get old output.
            backlog.clear();
            client.left();
        }
        connected = look != Look::Absent;
        if look == Look::Readable && feed(client, board)? {
            last_byte = Instant::now();
        }
        let wait = match look {
            Look::Readable => NO_WAIT,
            Look::Absent | Look::Ending => slice,
            _ if lively => GLANCE,
            _ => NO_WAIT,
        };
        if backlog.len() >= BACKLOG {
            client.look_for_room(slice)?;
            client.give(&mut backlog)?;
            continue;
        }
        let watched = match watch(client, board).filter(|_| backlog.is_empty()) {
            Some(mut both) if look == Look::Idle => {
                doze(&mut both, slice);
                true
            }
            both => both.is_some() && look == Look::Readable,
        };
        let came = match watched {
            true => board.read_available(&mut backlog).map(|count| count > 0),
            false => hear(board, &mut backlog, wait),
        };
        if !connected {
            backlog.clear();
        }
        client.give(&mut backlog)?;
        if came? {
            heard = true;
            last_byte = Instant::now();
        }
    }
}

/// The descriptors to poll for both sides; `None` if one of them cannot be polled.
fn watch<'a>(client: &'a dyn Client, board: &'a dyn Port) -> Option<Vec<PollFd<'a>>> {
    let board = board.descriptors();
    let client = client.descriptor().filter(|_| !board.is_empty())?;
    Some(std::iter::once(client).chain(board).map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect())
}

/// Waits for data from either side.
fn doze(watched: &mut [PollFd<'_>], wait: Duration) {
    // A signal ends the wait too: the caller checks next.
    let _ = poll(watched, Some(&Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) as _ }));
}

/// Passes on one piece of the client's input. Returns whether there was any.
fn feed(client: &mut dyn Client, board: &mut dyn Port) -> Result<bool, PortError> {
    let mut piece = [0; PIECE];
    let count = client.take(&mut piece);
    if count == 0 {
        return Ok(false);
    }
    match board.write(&piece[..count], Wait::for_at_most(PATIENCE)) {
        // If the board accepts nothing for this long, the bytes are lost, as on a real wire.
        Ok(()) | Err(PortError::Timeout) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Reads output of the board. Returns whether there was any.
fn hear(board: &mut dyn Port, backlog: &mut Vec<u8>, wait: Duration) -> Result<bool, PortError> {
    let before = backlog.len();
    match board.read(backlog, Wait::for_at_most(wait)) {
        Ok(count) => Ok(count > 0),
        Err(PortError::Timeout) => Ok(backlog.len() > before),
        Err(error) => Err(error),
    }
}

/// Sleeps without polling.
pub fn pause(wait: Duration) {
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) as _ };
    let _ = poll(&mut [], Some(&timeout));
}
