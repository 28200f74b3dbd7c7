//! Temporary files and folders that only the user can read.

use std::fs::File;
use std::io;
use tempfile::TempDir;

/// A new unnamed temporary file for the data of a report; it is deleted with its last handle.
///
/// # Errors
/// Errors of the operating system.
pub fn scratch() -> io::Result<File> {
    tempfile::tempfile()
}

/// A new temporary folder that only the user can look into; it is removed with its handle.
///
/// # Errors
/// Errors of the operating system.
pub fn scratch_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("belay-script-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}
