//! The thread that reads a console's port, so that nothing is lost while a script does something else, and timestamps are right.
//!
//! Invariant: the port is locked only while it is read without waiting, or written; the thread ends when the console is closed
//! or its port is gone.

use super::Listener;
use super::incoming::Incoming;
use crate::port::{Port, PortError, Wait};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest pause between two looks at a port that cannot be polled.
const PAUSE: Duration = Duration::from_millis(2);

/// Locks, even if another thread panicked.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread and the calls of a console share.
pub(super) struct Link {
    written: String,
    /// `None` once it is closed.
    pub(super) port: Mutex<Option<Box<dyn Port>>>,
    pub(super) watch: Mutex<Watch>,
    /// `watch` has changed.
    pub(super) changed: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What came, and what became of the console.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) incoming: Incoming,
    pub(super) listener: Option<Listener>,
    /// Whether a call waits.
    pub(super) busy: bool,
    /// Why the other end is gone.
    pub(super) gone: Option<String>,
    pub(super) closed: bool,
}

impl Link {
    /// Starts the thread.
    pub(super) fn start(name: &str, port: Box<dyn Port>) -> io::Result<Arc<Link>> {
        let link = Arc::new(Link {
            written: port.name().to_owned(),
            port: Mutex::new(Some(port)),
            watch: Mutex::default(),
            changed: Condvar::new(),
            thread: Mutex::default(),
        });
        let shared = link.clone();
        let thread = std::thread::Builder::new().name(format!("console {name}")).spawn(move || shared.read())?;
        *lock(&link.thread) = Some(thread);
        Ok(link)
    }

    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// Waits for a change, at most for `limit` and not longer than a script may be kept from stopping.
    pub(super) fn sleep<'w>(&self, watch: MutexGuard<'w, Watch>, limit: Duration) -> MutexGuard<'w, Watch> {
        let limit = limit.min(Wait::SLICE);
        self.changed.wait_timeout(watch, limit).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Closes the port and waits for the thread.
    pub(super) fn close(&self) {
        lock(&self.watch).closed = true;
        self.changed.notify_all();
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        drop(lock(&self.port).take());
        lock(&self.watch).listener = None;
    }

    /// Reads until the console is closed or its port is gone.
    fn read(&self) {
        let mut piece = Vec::new();
        while !lock(&self.watch).closed {
            piece.clear();
            let mut port = lock(&self.port);
            let Some(open) = port.as_mut() else { return };
            let outcome = open.read_available(&mut piece);
            // Received bytes enter in the order in which the port gives them, which a write reads too.
            let mut watch = lock(&self.watch);
            watch.receive(&piece);
            let idle = match outcome {
                Ok(_) if !piece.is_empty() => None,
                Ok(_) => Some(Idle::of(open.as_ref())),
                Err(PortError::Timeout | PortError::Interrupted) => Some(Idle::default()),
                Err(PortError::Gone(loss)) => {
                    watch.gone = Some(loss.to_string());
                    self.changed.notify_all();
                    return;
                }
            };
            drop((watch, port));
            match idle {
                None => self.changed.notify_all(),
                Some(idle) => idle.wait(),
            }
        }
    }
}

/// How to wait for a port without locking it.
#[derive(Default)]
struct Idle {
    #[cfg(unix)]
    descriptors: Vec<std::os::fd::OwnedFd>,
}

impl Idle {
    #[cfg(unix)]
    fn of(port: &dyn Port) -> Idle {
        let clones = port.descriptors().into_iter().map(|descriptor| descriptor.try_clone_to_owned());
        Idle { descriptors: clones.collect::<io::Result<_>>().unwrap_or_default() }
    }

    #[cfg(not(unix))]
    fn of(_: &dyn Port) -> Idle {
        Idle::default()
    }

    #[cfg(unix)]
    fn wait(&self) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut fds: Vec<PollFd<'_>> = self.descriptors.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        let limit = Timespec::try_from(Wait::SLICE).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 1_000_000 });
        if fds.is_empty() || poll(&mut fds, Some(&limit)).is_err() {
            std::thread::park_timeout(PAUSE);
        }
    }

    #[cfg(not(unix))]
    fn wait(&self) {
        std::thread::park_timeout(PAUSE);
    }
}
