//! The thread on which a script runs.
//!
//! Invariant: no panic leaves it.

use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};
use std::sync::{Mutex, PoisonError};

/// Stacks for the thread that runs a script: it gets the first one that the system gives. Deep recursion is an error of the
/// script, not a crash. What a script nests, such as a million closures that hold one another, is released by recursion: the
/// memory that a script may use cannot nest deeper than the stack reaches. Memory is taken only as far as a stack is used.
#[cfg(target_pointer_width = "64")]
const STACKS: [usize; 4] = [2 << 30, 1 << 30, 256 << 20, 64 << 20];
#[cfg(not(target_pointer_width = "64"))]
const STACKS: [usize; 2] = [64 << 20, 16 << 20];

/// Does `work` on a thread with a big stack; a panic becomes an InternalError.
pub(crate) fn on_big_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Box<Diagnostic>> {
    let internal = |message: String| {
        let error = Error::new(Kind::InternalError, message)
            .with_help("this is a defect of belay-script: please report it with the script");
        Box::new(Diagnostic::from_error(&error))
    };
    // The thread that is started takes the work.
    let work = Mutex::new(Some(work));
    let take = || {
        let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
        work.map(|work| work())
    };
    std::thread::scope(|scope| {
        let mut started = Err(std::io::Error::other("no stack"));
        for size in STACKS {
            started = std::thread::Builder::new().stack_size(size).spawn_scoped(scope, take);
            if started.is_ok() {
                break;
            }
        }
        let thread = started.map_err(|error| internal(format!("no thread could be started: {error}")))?;
        let done = thread.join().map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            internal(format!("belay-script panicked: {}", text.unwrap_or_else(|| "without a message".to_owned())))
        })?;
        done.ok_or_else(|| internal("no thread took the work".to_owned()))
    })
}
