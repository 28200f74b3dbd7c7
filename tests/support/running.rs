//! The program while it runs: what it has said so far, signals, its children.
//!
//! Invariants: every wait is for an event and ends at the run's limit, with everything that was said; the program never
//! outlives its test.

use super::command::Outcome;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A program that was started.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    out: Stream,
    err: Stream,
    deadline: Instant,
    limit: Duration,
    folder: PathBuf,
    /// Removed at the end, if it is the run's own.
    owned: Option<tempfile::TempDir>,
}

/// What came on a stream.
struct Stream {
    heard: Arc<Heard>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Heard {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Stream {
    /// Reads a stream to its end in a thread.
    fn collect(mut stream: impl Read + Send + 'static) -> Stream {
        let heard = Arc::new(Heard::default());
        let into = heard.clone();
        let thread = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            loop {
                let count = stream.read(&mut piece).unwrap_or(0);
                let mut state = into.lock();
                state.bytes.extend_from_slice(&piece[..count]);
                state.ended |= count == 0;
                into.changed.notify_all();
                if state.ended {
                    return;
                }
            }
        });
        Stream { heard, thread: Some(thread) }
    }

    /// Waits until `done`, or until the stream ends, or `deadline`. Gives whether it was done.
    fn wait(&self, deadline: Instant, done: impl Fn(&State) -> bool) -> bool {
        let mut state = self.heard.lock();
        while !done(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                return false;
            }
            let waited = self.heard.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Whether `text` has come, at the latest at `deadline`.
    fn has(&self, deadline: Instant, text: &str) -> bool {
        let text = text.as_bytes();
        self.wait(deadline, |state| state.bytes.windows(text.len()).any(|window| window == text))
    }

    fn bytes(&self) -> Vec<u8> {
        self.heard.lock().bytes.clone()
    }
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Starts `command` in `folder`; it may take `limit`.
    pub fn start(mut command: Command, folder: &Path, owned: Option<tempfile::TempDir>, limit: Duration) -> Running {
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stdin = child.stdin.take();
        let out = Stream::collect(child.stdout.take().expect("a pipe"));
        let err = Stream::collect(child.stderr.take().expect("a pipe"));
        let deadline = Instant::now() + limit;
        Running { child, stdin, out, err, deadline, limit, folder: folder.to_owned(), owned }
    }

    /// The folder in which it runs.
    #[cfg(target_os = "linux")]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The id of its process.
    #[cfg(unix)]
    pub fn id(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Gives it all of its input, from a thread: it may not read it.
    pub fn feed(&mut self, input: Vec<u8>) {
        if let Some(mut stdin) = self.stdin.take() {
            std::thread::spawn(move || drop(stdin.write_all(&input)));
        }
    }

    /// Waits until it has said `text` on standard output.
    #[track_caller]
    pub fn said(&self, text: &str) {
        if !self.out.has(self.deadline, text) {
            panic!("{text:?} was not said{}", self.everything());
        }
    }

    /// Waits until it has said `text` on standard error.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn complained(&self, text: &str) {
        if !self.err.has(self.deadline, text) {
            panic!("{text:?} was not said{}", self.everything());
        }
    }

    /// Sends Ctrl-C, as a signal to this process alone.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        rustix::process::kill_process(self.id(), rustix::process::Signal::INT).expect("the program runs");
    }

    /// Its [`children`].
    #[cfg(target_os = "linux")]
    pub fn children(&self) -> Vec<rustix::process::Pid> {
        children(self.id())
    }

    /// Waits for its end; kills it, by its id, past the limit. Gives what it came to, its standard output as bytes.
    pub fn finish(mut self) -> (Vec<u8>, Outcome) {
        self.stdin = None;
        let ended = |stream: &Stream| stream.wait(self.deadline, |state| state.ended);
        let status = if ended(&self.out) && ended(&self.err) {
            for stream in [&mut self.out, &mut self.err] {
                stream.thread.take().map(JoinHandle::join);
            }
            self.child.wait().ok().and_then(|status| status.code())
        } else {
            let _ = self.child.kill();
            let _ = self.child.wait();
            None
        };
        let raw = self.out.bytes();
        let stdout = tame(&raw, &self.folder);
        let mut stderr = tame(&self.err.bytes(), &self.folder);
        if status.is_none() {
            stderr.push_str(&format!("(killed, or more than {:?})\n", self.limit));
        }
        (raw, Outcome { stdout, stderr, status })
    }

    fn everything(&self) -> String {
        let text = |stream: &Stream| String::from_utf8_lossy(&stream.bytes()).into_owned();
        format!("\n--- stdout\n{}--- stderr\n{}---", text(&self.out), text(&self.err))
    }
}

/// The processes that `parent` has started and that still run, the interpreters of a program's boards among them, oldest first.
#[cfg(target_os = "linux")]
pub fn children(parent: rustix::process::Pid) -> Vec<rustix::process::Pid> {
    let parent = parent.as_raw_nonzero().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name, in parentheses, may hold anything. After it: state, parent, … and as the 22nd the time of birth.
        let after: Vec<&str> = stat.rsplit_once(") ").map_or("", |(_, after)| after).split(' ').collect();
        if after.get(1) == Some(&parent.as_str()) && after[0] != "Z" {
            let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let born: u64 = after[19].parse().expect("a number");
            found.extend(id.and_then(rustix::process::Pid::from_raw).map(|id| (born, id.as_raw_nonzero(), id)));
        }
    }
    found.sort_by_key(|(born, number, _)| (*born, *number));
    found.into_iter().map(|(_, _, id)| id).collect()
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        drop(self.owned.take());
    }
}

/// The folder's path is different in every run.
fn tame(bytes: &[u8], folder: &Path) -> String {
    let text = String::from_utf8_lossy(bytes);
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    text.replace(&*real.to_string_lossy(), "[DIR]").replace(&*folder.to_string_lossy(), "[DIR]")
}
