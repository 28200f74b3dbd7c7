//! Opens one board for one command, and closes it afterwards.
//!
//! Uses [`crate::device`]. Invariant: the device is always closed, and errors of closing are printed.

use super::arguments::{Connection, Limit};
use super::console::Console;
use super::{misuse, signals, station};
use crate::bench::station::Station;
use crate::bench::tally::Tally;
use crate::bound;
use crate::device::class::Class;
use crate::device::{Device, Host, HostOptions, OpenOptions, Output, Transfer};
use crate::diagnostic::Diagnostic;
use crate::disk;
use crate::error::Error;
use crate::port::options::LineOptions;
use crate::port::trace::Recorder;
use crate::script::Sources;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// A host for the port that the command line names; its boards print to `output`.
///
/// # Errors
/// If the station's file is wrong, the password cannot be read, or the recording not be written.
pub fn host<O: Output + 'static>(output: &Arc<O>, connection: &Connection) -> Result<Host, Diagnostic> {
    let recorder = recorder(connection)?;
    let (options, _) = host_options(output, connection, None, None, recorder.as_ref())?;
    Ok(Host::new(options))
}

/// The recorder of the ports, if requested.
///
/// # Errors
/// If it cannot be written.
pub fn recorder(connection: &Connection) -> Result<Option<Recorder>, Diagnostic> {
    let Some(path) = &connection.record else { return Ok(None) };
    let recorder = Recorder::create(path).map_err(|reason| {
        misuse(
            format!("the recording `{}` cannot be written: {}", path.display(), super::reason(&reason)),
            "name a file in an existing, writable folder",
        )
    });
    recorder.map(Some)
}

/// The options of a host for a script, which may have its station beside it; for `port` if there is one, with a recording that
/// has begun.
///
/// # Errors
/// If the station's file is wrong, or the password cannot be read.
pub fn host_options<O: Output + 'static>(
    output: &Arc<O>,
    connection: &Connection,
    script: Option<&Path>,
    port: Option<&str>,
    recorder: Option<&Recorder>,
) -> Result<(HostOptions, Option<Arc<Station>>), Diagnostic> {
    let options = HostOptions {
        port: port.map(str::to_owned).or_else(|| connection.port.clone()),
        line: line(connection)?,
        recorder: recorder.cloned(),
        resident: std::env::var_os("BELAY_SCRIPT_RESIDENT").is_none_or(|value| value != "off"),
        cache: crate::packages::cache::program_cache(),
        ..HostOptions::new(output.clone())
    };
    station::prepare(options, &connection.station, script)
}

/// The line and the login of the command line.
fn line(connection: &Connection) -> Result<LineOptions, Diagnostic> {
    let password = connection.password_file.as_deref().map(password).transpose()?;
    let (baud_rate, user) = (connection.baudrate, connection.user.clone());
    Ok(LineOptions { baud_rate, user, password, ..LineOptions::default() })
}

/// The first line of the file.
fn password(path: &Path) -> Result<String, Diagnostic> {
    super::readable(path)?;
    let text = disk::read_text_named(path, bound::SETTINGS).map_err(|error| {
        super::unread(&format!("`{}`", path.display()), &error, "use a file with one line of UTF-8")
    })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Warns if the recording is incomplete. The run's outcome does not change.
pub fn finish_recording(host: &Host, console: &Console, sources: &Sources) {
    if let Some(error) = host.options().recorder.as_ref().and_then(Recorder::failure) {
        console.diagnostic(&Diagnostic::from_error(&error), sources);
    }
}

/// Runs `work`; if it panics, closes the devices of `host` before the panic continues.
pub fn guarded<T>(host: &Host, work: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done,
        Err(defect) => {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                host.keep_links(false);
                host.close_all();
                host.release_links();
            }));
            resume_unwind(defect)
        }
    }
}

/// Unrequested output of boards: it goes to standard error.
pub struct Aside(pub Arc<Console>);

impl Output for Aside {
    fn board(&self, device: &str, text: &str) {
        self.0.boot(device, text);
    }

    fn printed(&self, device: &str, _bytes: &[u8], text: &str) {
        self.0.boot(device, text);
    }

    fn notice(&self, text: &str) {
        self.0.notice(text);
    }

    fn transfer(&self, device: &str, transfer: Option<&Transfer<'_>>) {
        self.0.transfer(device, transfer);
    }
}

/// Opens the board that the command line names, runs `work`, and closes the board. Returns the exit status. Unrequested
/// output of the board goes to standard error: standard output is for the output of `work`.
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
    let aside = Arc::new(Aside(console.clone()));
    with_board_printing_to(&aside, console, connection, limit, options, sources, work)
}

/// As [`with_board`]; unrequested output of the board goes to `output`.
///
/// # Errors
/// As [`with_board`].
pub fn with_board_printing_to<O: Output + 'static>(
    output: &Arc<O>,
    console: &Arc<Console>,
    connection: &Connection,
    limit: &Limit,
    options: OpenOptions,
    sources: &Sources,
    work: impl FnOnce(&Device) -> Result<(), Error>,
) -> Result<u8, Diagnostic> {
    signals::watch()?;
    let shared = connection.shared.as_deref();
    let host = match shared {
        Some(shared) => shared.host(|| host(output, connection))?,
        None => host(output, connection)?,
    };
    host.redirect(output.clone());
    host.set_deadline(limit.timeout.and_then(|limit| Instant::now().checked_add(limit)));
    let class = Arc::new(Class::device());
    let opened = match shared {
        Some(shared) => shared.device(&host, &class, options),
        None => host.open(&class, None, options, &mut |_, _| Ok(())),
    };
    let worked = opened.and_then(|device| work(&device));
    // The deadline does not apply to closing.
    host.set_deadline(None);
    let closed = if shared.is_some() { Vec::new() } else { host.close_all() };
    let failures: Vec<Diagnostic> = worked.err().into_iter().chain(closed).map(plain).collect();
    if shared.is_none() {
        finish_recording(&host, console, sources);
    }
    console.finish(&Tally::default());
    Ok(super::report_failures(console, &failures, sources))
}

/// An error of the only board of a command. Outside of a station it is named after its class, which the user never wrote.
pub fn plain(error: Error) -> Diagnostic {
    let named = error.device() == Some(&*Class::device().name);
    Diagnostic::from_error(&if named { error.without_device() } else { error })
}
