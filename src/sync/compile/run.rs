//! Runs a program with a time limit, and makes a folder for its files.
//!
//! Uses [`crate::interrupt`]. Invariant: neither the program nor the folder outlives its use.

use crate::disk;
use crate::error::{Error, Kind, Result};
use crate::port::Wait;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Most output of a compiler, in bytes.
const MOST: u64 = 64 * 1024;

/// How a program ended.
pub(super) struct Said {
    pub success: bool,
    /// Its standard output, then its standard error.
    pub text: String,
}

/// Why a program did not finish.
pub(super) enum NotRun {
    Start(io::Error),
    TooLong(Duration),
    Interrupted,
}

impl NotRun {
    /// Makes the error; `wrong` makes one from a reason.
    pub fn into_error(self, program: &Path, wrong: &dyn Fn(&str) -> Error) -> Error {
        match self {
            NotRun::Start(error) => wrong(&format!("cannot be run: {error}")),
            NotRun::TooLong(limit) => wrong(&format!("took more than {limit:?}")),
            NotRun::Interrupted => {
                crate::interrupt::take();
                Error::new(Kind::Interrupted, format!("interrupted while `{}` ran", program.display()))
            }
        }
    }
}

/// Runs `command` without input; ends it after `limit`, or after Ctrl-C.
pub(super) fn run_bounded(mut command: Command, limit: Duration) -> Result<Said, NotRun> {
    let deadline = Instant::now() + limit;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = Guard(command.spawn().map_err(NotRun::Start)?);
    let out = collect(child.0.stdout.take());
    let err = collect(child.0.stderr.take());
    let mut text = heard(&out, deadline, limit)?;
    text.extend(heard(&err, deadline, limit)?);
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.0.try_wait().map_err(NotRun::Start)? {
            return Ok(Said { success: status.success(), text: String::from_utf8_lossy(&text).into_owned() });
        }
        // It closed its output: it will end soon, and not every system can poll for that.
        may_go_on(deadline, limit)?;
        std::thread::park_timeout(pause);
        pause = (pause * 2).min(Wait::SLICE);
    }
}

fn may_go_on(deadline: Instant, limit: Duration) -> Result<(), NotRun> {
    match () {
        () if crate::interrupt::pending() => Err(NotRun::Interrupted),
        () if Instant::now() >= deadline => Err(NotRun::TooLong(limit)),
        () => Ok(()),
    }
}

/// Reads a stream to its end in a thread: not every system can poll pipes.
fn collect(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            let _ = stream.by_ref().take(MOST).read_to_end(&mut bytes);
            let _ = io::copy(&mut stream, &mut io::sink());
        }
        let _ = sender.send(bytes);
    });
    receiver
}

fn heard(stream: &mpsc::Receiver<Vec<u8>>, deadline: Instant, limit: Duration) -> Result<Vec<u8>, NotRun> {
    loop {
        match stream.recv_timeout(Wait::SLICE) {
            Ok(bytes) => return Ok(bytes),
            Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
            Err(RecvTimeoutError::Timeout) => may_go_on(deadline, limit)?,
        }
    }
}

/// A program that ends with its guard, including its children.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            #[cfg(unix)]
            let _ = rustix::process::kill_process_group(
                rustix::process::Pid::from_child(&self.0),
                rustix::process::Signal::KILL,
            );
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// A private folder.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: TempDir,
    next: AtomicU64,
}

/// A temporary file.
pub(super) struct Passing(pub PathBuf);

impl Scratch {
    pub fn new() -> Result<Scratch> {
        let folder = disk::scratch_folder().map_err(|error| Scratch::unusable(&error))?;
        Ok(Scratch { folder, next: AtomicU64::new(0) })
    }

    /// Names for a source and its compiled file.
    pub fn pair(&self) -> (Passing, Passing) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = |ending: &str| Passing(self.folder.path().join(format!("{number}.{ending}")));
        (name("py"), name("mpy"))
    }

    pub fn unusable(error: &io::Error) -> Error {
        let folder = std::env::temp_dir();
        Error::new(Kind::FeatureUnavailableError, format!("cannot write to `{}`: {error}", folder.display()))
            .with_help("free space there, or set TMPDIR to a writable folder")
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
