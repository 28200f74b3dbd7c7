//! One board for one command: opened, used, closed.
//!
//! Uses [`crate::device`]. Invariant: the device is closed whatever happened, and what its closing had to say is printed.

use super::arguments::{Connection, Limit};
use super::console::Console;
use super::signals;
use crate::bench::record::Record;
use crate::device::class::Class;
use crate::device::{Device, Host, OpenOptions};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::script::Sources;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Instant;

/// A host for the port that the command line names.
pub fn host(console: &Arc<Console>, connection: &Connection) -> Host {
    let host = Host::new(console.clone(), connection.port.clone());
    if let Some(baudrate) = connection.baudrate {
        host.set_baudrate(baudrate);
    }
    host
}

/// Does `work`; should it panic, the devices of `host` are closed before the panic goes on.
pub fn guarded<T>(host: &Host, work: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done,
        Err(defect) => {
            let _ = catch_unwind(AssertUnwindSafe(|| host.close_all()));
            resume_unwind(defect)
        }
    }
}

/// Opens the board that the command line names, works with it, closes it. Gives the exit status.
///
/// # Errors
/// Only if Ctrl-C cannot be watched; everything else is printed here, with excerpts from `sources`.
pub fn with_board(
    console: &Arc<Console>,
    connection: &Connection,
    limit: &Limit,
    options: OpenOptions,
    sources: &Sources,
    work: impl FnOnce(&Device) -> Result<(), Error>,
) -> Result<u8, Diagnostic> {
    signals::watch()?;
    let host = host(console, connection);
    host.set_deadline(limit.timeout.and_then(|limit| Instant::now().checked_add(limit)));
    let worked =
        host.open(&Arc::new(Class::device()), None, options, &mut |_, _| Ok(())).and_then(|device| work(&device));
    // The deadline is for the work, not for tidying up after it.
    host.set_deadline(None);
    let failures = worked.err().into_iter().chain(host.close_all());
    let failures: Vec<Diagnostic> = failures.map(|error| Diagnostic::from_error(&error)).collect();
    console.finish(&Record::new());
    Ok(super::report_failures(console, &failures, sources))
}
