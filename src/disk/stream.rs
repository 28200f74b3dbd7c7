//! Logs: files that grow during a run, and may be read meanwhile.

use super::read::set_blocking;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Starts a log named by the user: truncates an existing file; writes a pipe or a device directly.
///
/// # Errors
/// Errors of the operating system; and if nothing reads the pipe.
pub fn begin_log(path: &Path) -> io::Result<File> {
    open_log(path, OpenOptions::new().write(true).truncate(true))
}

/// Like [`begin_log`], but appends to an existing file.
///
/// # Errors
/// As [`begin_log`].
pub fn continue_log(path: &Path) -> io::Result<File> {
    open_log(path, OpenOptions::new().append(true))
}

fn open_log(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    super::read::without_waiting(options);
    let file = options.create(true).open(path).map_err(super::replace::unread_pipe)?;
    set_blocking(&file)?;
    Ok(file)
}

/// Starts a log under a new name.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`]; others of the operating system.
pub fn begin_new_log(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
