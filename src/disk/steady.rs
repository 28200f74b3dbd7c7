//! Reads a file and detects writes to it meanwhile.

use super::read::open;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

/// A file was written to while it was read.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it changed while it was read")]
struct Changed;

/// Whether `error` says that a file changed while it was read.
pub fn has_changed(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Changed>())
}

/// The metadata that reveals a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    /// The change time (ctime), which no program can set.
    #[cfg(unix)]
    changed: (i64, i64),
}

impl Stamp {
    fn of(about: &Metadata) -> Stamp {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Stamp {
            size: about.len(),
            modified: about.modified().ok(),
            #[cfg(unix)]
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }
}

/// A regular file, read from its start. At its end, reading fails if the file has changed since the start.
#[derive(Debug)]
pub struct Steady {
    file: File,
    stamp: Stamp,
    /// Bytes read.
    taken: u64,
}

impl Steady {
    /// Opens a regular file that has `size` bytes.
    ///
    /// # Errors
    /// As [`open`]; an error for which [`has_changed`] is true if it has another size.
    pub fn open(path: &Path, size: u64) -> io::Result<Steady> {
        let file = open(path)?;
        let stamp = Stamp::of(&file.metadata()?);
        if stamp.size != size {
            return Err(changed());
        }
        Ok(Steady { file, stamp, taken: 0 })
    }
}

impl Read for Steady {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.taken += count as u64;
        let at_end = count == 0 && !buffer.is_empty();
        if self.taken > self.stamp.size
            || at_end && (self.taken != self.stamp.size || Stamp::of(&self.file.metadata()?) != self.stamp)
        {
            return Err(changed());
        }
        Ok(count)
    }
}

/// The error for which [`has_changed`] is true.
pub fn changed() -> io::Error {
    io::Error::other(Changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write as _;

    /// Reads the file in two pieces, calling `between` in the middle.
    fn read_with(path: &Path, between: impl FnOnce()) -> io::Result<Vec<u8>> {
        let mut file = Steady::open(path, 4)?;
        let mut bytes = vec![0; 2];
        file.read_exact(&mut bytes)?;
        between();
        let mut buffer = [0; 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(bytes),
                count => bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[test]
    fn a_file_that_changes_while_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let begin = || fs::write(&path, "1234").unwrap();
        let change = |file: &mut File| file.write_all(b"9").unwrap();
        let open = |options: &mut fs::OpenOptions| options.open(&path).unwrap();
        begin();
        assert_eq!(read_with(&path, || ()).unwrap(), b"1234");
        let shrink = || open(fs::OpenOptions::new().write(true)).set_len(3).unwrap();
        let grow = || change(&mut open(fs::OpenOptions::new().append(true)));
        let overwrite = || change(&mut open(fs::OpenOptions::new().write(true)));
        // A program that restores the old time is detected too.
        let hide = || {
            let before = path.metadata().unwrap().modified().unwrap();
            let mut file = open(fs::OpenOptions::new().write(true));
            change(&mut file);
            file.set_modified(before).unwrap();
        };
        let changes: [&dyn Fn(); 4] = [&shrink, &grow, &overwrite, &hide];
        for (index, between) in changes.into_iter().enumerate() {
            begin();
            // File systems count time in steps: wait until the write before opening is in an earlier step.
            wait_for_next_stamp(folder.path());
            let error = read_with(&path, between).unwrap_err();
            assert!(has_changed(&error), "{index}: {error}");
        }
        fs::write(&path, "12345").unwrap();
        assert!(has_changed(&Steady::open(&path, 4).unwrap_err()));
        assert!(!has_changed(&Steady::open(&folder.path().join("none"), 4).unwrap_err()));
        // A file that takes the name meanwhile is a different file: the opened one is read to its end.
        begin();
        let replace = || {
            fs::write(folder.path().join("b"), "5678").unwrap();
            fs::rename(folder.path().join("b"), &path).unwrap();
        };
        let outcome = read_with(&path, replace);
        assert!(
            outcome.as_ref().is_ok_and(|bytes| bytes == b"1234") || outcome.is_err_and(|error| has_changed(&error))
        );
    }

    /// Writes files until the file system's clock has advanced.
    fn wait_for_next_stamp(folder: &Path) {
        let now = || {
            fs::write(folder.join("clock"), "").unwrap();
            Stamp::of(&folder.join("clock").metadata().unwrap())
        };
        let first = now();
        while now() == first {}
    }
}
