//! Logs: files that grow during a run, and may be read meanwhile.

use super::read::{refuse_special, set_blocking};
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

/// A new unnamed temporary file for the data of a report; it is deleted with its last handle.
///
/// # Errors
/// Errors of the operating system.
pub fn scratch() -> io::Result<File> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let path = std::env::temp_dir().join(format!("belay-script-{:032x}.tmp", u128::from_ne_bytes(random)));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    // Windows cannot delete an open file: there it stays until the temporary folder is cleaned.
    let _ = std::fs::remove_file(&path);
    refuse_special(&file.metadata()?)?;
    Ok(file)
}
