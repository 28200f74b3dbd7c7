//! The open files of a board in a mounted folder.
//!
//! A program that forgets to close its files must not run out of them, nor this computer of handles: the least recently
//! used file is closed, and reopened when it is used. Invariant: at most [`MOST_OPEN`] are open, and at most [`MOST`] are
//! known; numbers are never reused, so that a file of an earlier mount cannot be mistaken for another.

use super::folder::{Folder, Mode, Outcome, failure, number};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

/// Most files open on this computer.
const MOST_OPEN: usize = 16;
/// Most files open on a board. If a program drops its files, the board closes them at a garbage collection, without
/// notice: with one file more, the least recently used one is closed permanently.
const MOST: usize = 4096;

/// The number of the newest file of any mount.
static NEWEST: AtomicU64 = AtomicU64::new(0);

/// The files.
#[derive(Debug, Default)]
pub struct Handles {
    files: BTreeMap<u64, Handle>,
    /// Those open on this computer, most recently used last.
    open: VecDeque<u64>,
    /// How many are writable.
    writable: usize,
    /// Counts uses.
    clock: u64,
}

#[derive(Debug)]
struct Handle {
    path: String,
    mode: Mode,
    file: Option<File>,
    used: u64,
    /// The last write that succeeded.
    last: Option<Written>,
}

/// A write that succeeded.
#[derive(Clone, Copy, Debug)]
struct Written {
    number: u64,
    length: usize,
    /// The offset after it.
    end: u64,
}

impl Handles {
    /// Opens a file; returns its number.
    pub fn open(&mut self, folder: &Folder, path: &str, mode: Mode) -> Outcome<u64> {
        let file = folder.open(path, mode)?;
        if self.files.len() >= MOST {
            let oldest = self.files.iter().min_by_key(|(_, handle)| handle.used).map(|(&number, _)| number);
            oldest.into_iter().for_each(|number| self.close(number));
        }
        let newest = NEWEST.fetch_add(1, Ordering::Relaxed) + 1;
        // When reopened, it is neither truncated nor created.
        let mode = Mode { truncate: false, create: false, new: false, ..mode };
        let path = path.to_owned();
        let handle = Handle { path, mode, file: Some(file), used: 0, last: None };
        self.files.insert(newest, handle);
        self.writable += usize::from(mode.write);
        self.is_used(newest);
        Ok(newest)
    }

    pub fn close(&mut self, number: u64) {
        if let Some(handle) = self.files.remove(&number) {
            self.writable -= usize::from(handle.mode.write);
            self.open.retain(|&open| open != number);
        }
    }

    pub fn close_all(&mut self) {
        *self = Handles::default();
    }

    /// Whether a writable file is open: the board may buffer bytes of it.
    pub fn may_be_written(&self) -> bool {
        self.writable > 0
    }

    /// Records the use of a file open on this computer, and closes the least recently used one if there are too many.
    fn is_used(&mut self, number: u64) {
        self.clock += 1;
        if let Some(handle) = self.files.get_mut(&number) {
            handle.used = self.clock;
        }
        self.open.retain(|&open| open != number);
        self.open.push_back(number);
        if self.open.len() > MOST_OPEN {
            let oldest = self.open.pop_front().and_then(|oldest| self.files.get_mut(&oldest));
            if let Some(oldest) = oldest {
                oldest.file = None;
            }
        }
    }

    fn file(
        &mut self,
        folder: &Folder,
        number: u64,
        fits: impl Fn(Mode) -> bool,
    ) -> Outcome<(&File, &mut Option<Written>, Mode)> {
        let handle = self.files.get_mut(&number).filter(|handle| fits(handle.mode)).ok_or(number::BAD_FILE)?;
        if handle.file.is_none() {
            handle.file = Some(folder.open(&handle.path, handle.mode)?);
        }
        self.is_used(number);
        let handle = self.files.get_mut(&number).ok_or(number::BAD_FILE)?;
        let file = handle.file.as_ref().ok_or(number::BAD_FILE)?;
        Ok((file, &mut handle.last, handle.mode))
    }

    /// Up to `count` bytes from `at` on; fewer only at the end.
    pub fn read(&mut self, folder: &Folder, number: u64, at: u64, count: usize) -> Outcome<Vec<u8>> {
        let (mut file, ..) = self.file(folder, number, |mode| mode.read)?;
        file.seek(SeekFrom::Start(at)).map_err(|error| failure(&error))?;
        let mut bytes = Vec::new();
        file.take(count as u64).read_to_end(&mut bytes).map_err(|error| failure(&error))?;
        Ok(bytes)
    }

    /// Writes at `at`, or at the end of a file opened for appending; returns the offset after it. A repeated write does not
    /// write the same bytes again.
    pub fn write(&mut self, folder: &Folder, number: u64, write: u64, at: u64, bytes: &[u8]) -> Outcome<u64> {
        let (mut file, last, mode) = self.file(folder, number, |mode| mode.write)?;
        let (done, at) = match last.filter(|last| last.number == write) {
            Some(last) => (last.length, last.end),
            None => (0, at),
        };
        let rest = bytes.get(done..).unwrap_or_default();
        let mut end = at;
        if !rest.is_empty() {
            let to = if mode.append { SeekFrom::End(0) } else { SeekFrom::Start(at) };
            end = file.seek(to).map_err(|error| failure(&error))? + rest.len() as u64;
            match file.write_all(rest) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WriteZero => return Err(number::FULL),
                Err(error) => return Err(failure(&error)),
            }
        }
        *last = Some(Written { number: write, length: bytes.len().max(done), end });
        Ok(end)
    }

    pub fn size(&mut self, folder: &Folder, number: u64) -> Outcome<u64> {
        let (file, ..) = self.file(folder, number, |_| true)?;
        file.metadata().map(|about| about.len()).map_err(|error| failure(&error))
    }
}
