//! The thread that runs a script.
//!
//! Invariant: no panic leaves it.

use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};
use std::sync::{Mutex, PoisonError};

/// Stack sizes for the script's thread, tried in this order. Deep recursion must be a script
/// error, not a crash. Nested values, such as a million closures that hold one another, are dropped recursively: the
/// script's memory limit keeps nesting within the stack. Memory is committed as the stack is used.
#[cfg(target_pointer_width = "64")]
const STACKS: [usize; 4] = [2 << 30, 1 << 30, 256 << 20, 64 << 20];
#[cfg(not(target_pointer_width = "64"))]
const STACKS: [usize; 2] = [64 << 20, 16 << 20];

/// Runs `work` on a thread with a big stack; a panic becomes an InternalError.
pub(crate) fn on_big_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Box<Diagnostic>> {
    let internal = |message: String| {
        let error = Error::new(Kind::InternalError, message)
            .with_help("this is a defect of belay-script: please report it with the script");
        Box::new(Diagnostic::from_error(&error))
    };
    // The first thread that starts takes the work.
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
        let thread = started.map_err(|error| internal(format!("cannot start a thread: {error}")))?;
        let done = thread.join().map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            internal(format!("belay-script panicked: {}", text.unwrap_or_else(|| "without a message".to_owned())))
        })?;
        done.ok_or_else(|| internal("no thread took the work".to_owned()))
    })
}
