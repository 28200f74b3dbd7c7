//! The thread on which a script runs.
//!
//! Invariant: no panic leaves it.

use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};

/// Stack of the thread that runs a script: deep recursion is an error of the script, no crash.
const STACK: usize = 64 << 20;

/// Does `work` on a thread with a big stack; a panic becomes an InternalError.
pub(crate) fn on_big_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Box<Diagnostic>> {
    let internal = |message: String| {
        let error = Error::new(Kind::InternalError, message)
            .with_help("this is a defect of belay-script: please report it with the script");
        Box::new(Diagnostic::from_error(&error))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| internal(format!("no thread could be started: {error}")))?;
        thread.join().map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            internal(format!("belay-script panicked: {}", text.unwrap_or_else(|| "without a message".to_owned())))
        })
    })
}
