//! Logs: files that grow while a run goes on, and are read while they do.

use super::read::{refuse_special, set_blocking};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Begins a log that the person named: a file that is there is emptied; a pipe or a device is written as it is.
///
/// # Errors
/// Of the operating system; and if nothing reads the pipe.
pub fn begin_log(path: &Path) -> io::Result<File> {
    open_log(path, OpenOptions::new().write(true).truncate(true))
}

/// As [`begin_log`]; what comes is added to a file that is there.
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

/// Begins a log under a name that nothing has.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`]; others of the operating system.
pub fn begin_new_log(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// A new file without a name, for what a report is made of; it goes with its last handle.
///
/// # Errors
/// Of the operating system.
pub fn scratch() -> io::Result<File> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let path = std::env::temp_dir().join(format!("belay-script-{:032x}.tmp", u128::from_ne_bytes(random)));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    // Windows keeps a file that is open: there it goes when the temporary folder is emptied.
    let _ = std::fs::remove_file(&path);
    refuse_special(&file.metadata()?)?;
    Ok(file)
}
