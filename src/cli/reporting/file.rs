//! Files that are replaced whole.
//!
//! Invariant: under the file's name there is what was there before, or all of what is written now.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file beside its place, and then puts it there. Its folder is made.
///
/// # Errors
/// Of the operating system; what was there stays.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    make_folder(path)?;
    // What is no plain file, such as a pipe, is written as it is.
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return File::options().write(true).open(path)?.write_all(bytes);
    }
    let beside = beside(path)?;
    let written = File::create(&beside).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    let placed = written.and_then(|()| fs::rename(&beside, path));
    if placed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    placed
}

/// Makes the folder of a file.
///
/// # Errors
/// Of the operating system.
pub fn make_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::create_dir_all(folder),
        None => Ok(()),
    }
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let name =
        path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "this is no name of a file"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.new", std::process::id()));
    Ok(path.with_file_name(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/report.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(replace(&path.join("below"), b"x").is_err());
        assert!(replace(folder.path(), b"x").is_err());
        let left: Vec<_> = fs::read_dir(folder.path().join("new")).unwrap().collect();
        assert_eq!((left.len(), fs::read(&path).unwrap()), (1, b"two".to_vec()));
    }
}
