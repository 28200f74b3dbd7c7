//! The files that a board has open in a mounted folder.
//!
//! A program that forgets to close its files must not run out of them, nor this computer of handles: the file that was
//! used longest ago is closed, and opened again when it is used. Invariant: at most [`MOST_OPEN`] are open.

use super::folder::{Folder, Mode, Outcome, failure, number};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};

/// Most files that are open on this computer.
const MOST_OPEN: usize = 16;
/// Most files that a board has open.
const MOST: usize = 1024;

/// The files.
#[derive(Debug, Default)]
pub struct Handles {
    files: BTreeMap<u64, Handle>,
    /// Number of the newest.
    newest: u64,
    /// Counts uses.
    clock: u64,
}

#[derive(Debug)]
struct Handle {
    path: String,
    mode: Mode,
    file: Option<File>,
    used: u64,
}

impl Handles {
    /// Opens a file; gives its number and where it is written or read at first.
    pub fn open(&mut self, folder: &Folder, path: &str, mode: Mode) -> Outcome<(u64, u64)> {
        if self.files.len() >= MOST {
            return Err(number::TOO_MANY);
        }
        let file = folder.open(path, mode)?;
        let size = file.metadata().map_err(|error| failure(&error))?.len();
        self.newest += 1;
        // Opened again it is neither emptied nor made.
        let mode = Mode { truncate: false, create: false, new: false, ..mode };
        self.clock += 1;
        let handle = Handle { path: path.to_owned(), mode, file: Some(file), used: self.clock };
        self.files.insert(self.newest, handle);
        self.spare();
        Ok((self.newest, if mode.append { size } else { 0 }))
    }

    pub fn close(&mut self, number: u64) {
        self.files.remove(&number);
    }

    pub fn close_all(&mut self) {
        self.files.clear();
    }

    fn spare(&mut self) {
        while self.files.values().filter(|handle| handle.file.is_some()).count() > MOST_OPEN {
            let open = self.files.values_mut().filter(|handle| handle.file.is_some());
            if let Some(oldest) = open.min_by_key(|handle| handle.used) {
                oldest.file = None;
            }
        }
    }

    fn file(&mut self, folder: &Folder, number: u64, fits: impl Fn(Mode) -> bool) -> Outcome<(&mut File, Mode)> {
        self.clock += 1;
        let handle = self.files.get_mut(&number).filter(|handle| fits(handle.mode)).ok_or(number::BAD_FILE)?;
        handle.used = self.clock;
        if handle.file.is_none() {
            handle.file = Some(folder.open(&handle.path, handle.mode)?);
            self.spare();
        }
        let handle = self.files.get_mut(&number).ok_or(number::BAD_FILE)?;
        let mode = handle.mode;
        handle.file.as_mut().map(|file| (file, mode)).ok_or(number::BAD_FILE)
    }

    /// Up to `count` bytes from `at` on; fewer only at the end.
    pub fn read(&mut self, folder: &Folder, number: u64, at: u64, count: usize) -> Outcome<Vec<u8>> {
        let (file, _) = self.file(folder, number, |mode| mode.read)?;
        file.seek(SeekFrom::Start(at)).map_err(|error| failure(&error))?;
        let mut bytes = Vec::new();
        file.take(count as u64).read_to_end(&mut bytes).map_err(|error| failure(&error))?;
        Ok(bytes)
    }

    /// Writes at `at`, or at the end where a file was opened so; gives the place behind it.
    pub fn write(&mut self, folder: &Folder, number: u64, at: u64, bytes: &[u8]) -> Outcome<u64> {
        let (file, mode) = self.file(folder, number, |mode| mode.write)?;
        let to = if mode.append { SeekFrom::End(0) } else { SeekFrom::Start(at) };
        let start = file.seek(to).map_err(|error| failure(&error))?;
        match file.write_all(bytes) {
            Ok(()) => Ok(start + bytes.len() as u64),
            Err(error) if error.kind() == ErrorKind::WriteZero => Err(number::FULL),
            Err(error) => Err(failure(&error)),
        }
    }

    pub fn size(&mut self, folder: &Folder, number: u64) -> Outcome<u64> {
        let (file, _) = self.file(folder, number, |_| true)?;
        file.metadata().map(|about| about.len()).map_err(|error| failure(&error))
    }
}
