//! A folder of this computer that a board can access, and nothing outside it.
//!
//! Uses [`crate::gate`] and `super::beneath`. Invariant: everything that is read, written or reported is inside the folder,
//! whatever a path says, wherever symlinks lead, and whatever another program swaps meanwhile; a symlink is followed only if it
//! ends inside. Pipes and devices are refused.

use super::beneath::Root;
use crate::board::mount::Number;
use crate::gate::Confines;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// MicroPython's error numbers, which are Linux's.
pub mod number {
    pub use crate::board::mount::Number;

    pub const NONE_SUCH: Number = 2;
    pub const INPUT_OUTPUT: Number = 5;
    pub const BAD_FILE: Number = 9;
    pub const ACCESS: Number = 13;
    pub const EXISTS: Number = 17;
    pub const NO_DIRECTORY: Number = 20;
    pub const DIRECTORY: Number = 21;
    pub const INVALID: Number = 22;
    pub const FULL: Number = 28;
    pub const READ_ONLY: Number = 30;
    pub const NAME_TOO_LONG: Number = 36;
    pub const NOT_EMPTY: Number = 39;
    pub const LOOP: Number = 40;
}

/// The result of an operation, or the number of the board's OSError.
pub type Outcome<T> = Result<T, Number>;

/// A folder.
#[derive(Debug)]
pub struct Folder {
    /// Its path without symlinks.
    root: PathBuf,
    /// The same, held open.
    below: Root,
    writable: bool,
    /// Further limits on paths, if a script mounts it.
    confines: Option<Confines>,
}

/// An entry of a directory.
pub struct FolderEntry {
    pub name: String,
    /// Size of a file; `None`: a directory.
    pub size: Option<u64>,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    pub read: bool,
    pub write: bool,
    pub append: bool,
    pub truncate: bool,
    /// It may be created.
    pub create: bool,
    /// It must not exist.
    pub new: bool,
}

impl Mode {
    /// A mode of Python's `open`.
    pub fn parse(text: &str) -> Outcome<Mode> {
        if text.chars().any(|letter| !"rwaxbt+".contains(letter)) {
            return Err(number::INVALID);
        }
        let first = text.matches(['r', 'w', 'a', 'x']).collect::<String>();
        if first.len() > 1 {
            return Err(number::INVALID);
        }
        let (is, plus) = (|letter| first == letter, text.contains('+'));
        let read = !(is("w") || is("a") || is("x"));
        let write = !read || plus;
        Ok(Mode { read: read || plus, write, append: is("a"), truncate: is("w"), create: !read, new: is("x") })
    }
}

impl Folder {
    /// The folder at `path`; nothing outside `confines` can be reached.
    pub fn new(path: &Path, writable: bool, confines: Option<Confines>) -> io::Result<Folder> {
        let root = path.canonicalize()?;
        match root.is_dir() {
            true => Ok(Folder { below: Root::new(&root)?, root, writable, confines }),
            false => Err(ErrorKind::NotADirectory.into()),
        }
    }

    pub fn is_writable(&self) -> bool {
        self.writable
    }

    /// Refuses changes to a read-only folder.
    pub fn may_change(&self) -> Outcome<()> {
        if self.writable { Ok(()) } else { Err(number::READ_ONLY) }
    }

    /// Whether a path without symlinks may be reached.
    fn holds(&self, real: &Path) -> bool {
        let inside = |confines: &Confines| confines.holds(real, self.writable);
        real.starts_with(&self.root) && self.confines.as_ref().is_none_or(inside)
    }

    /// The file or directory at this path, with symlinks resolved.
    pub fn existing(&self, path: &str) -> Outcome<PathBuf> {
        let mut full = self.root.clone();
        full.extend(parts(path)?);
        let real = full.canonicalize().map_err(|error| failure(&error))?;
        if self.holds(&real) { Ok(real) } else { Err(number::ACCESS) }
    }

    /// The location of this path, which need not exist: its directory exists, with symlinks resolved; the last part may be a
    /// symlink.
    fn place(&self, path: &str) -> Outcome<PathBuf> {
        let parts = parts(path)?;
        let Some((name, directory)) = parts.split_last() else { return Err(number::ACCESS) };
        let directory = self.existing(&directory.join("/"))?;
        if !directory.is_dir() {
            return Err(number::NO_DIRECTORY);
        }
        let place = directory.join(name);
        if self.holds(&place) { Ok(place) } else { Err(number::ACCESS) }
    }

    /// Like [`Folder::place`], but follows a symlink in the last part.
    fn target(&self, path: &str) -> Outcome<PathBuf> {
        let place = self.place(path)?;
        match fs::symlink_metadata(&place) {
            Ok(about) if about.is_symlink() => match self.existing(path) {
                // A broken symlink: the location of a new file is unknown.
                Err(number::NONE_SUCH) => Err(number::ACCESS),
                other => other,
            },
            _ => Ok(place),
        }
    }

    /// A path without links as one from the folder on.
    fn inner<'a>(&self, real: &'a Path) -> Outcome<&'a Path> {
        real.strip_prefix(&self.root).map_err(|_| number::ACCESS)
    }

    /// The kind of a path.
    pub fn status(&self, path: &str) -> Outcome<Metadata> {
        let real = self.existing(path)?;
        let about = self.below.status(self.inner(&real)?).map_err(|error| failure(&error))?;
        if about.is_dir() || about.is_file() { Ok(about) } else { Err(number::ACCESS) }
    }

    /// A directory, as a path relative to the folder.
    pub fn enter(&self, path: &str) -> Outcome<String> {
        if !self.status(path)?.is_dir() {
            return Err(number::NO_DIRECTORY);
        }
        Ok(format!("/{}", parts(path)?.join("/")))
    }

    /// The entries of a directory whose names sort after `after`, in order. Skips symlinks out of the folder, entries that are
    /// neither file nor directory, and names that are not valid UTF-8.
    pub fn entries(&self, path: &str, after: &str) -> Outcome<impl Iterator<Item = FolderEntry>> {
        let directory = self.existing(path)?;
        let mut names = self.below.names(self.inner(&directory)?).map_err(|error| failure(&error))?;
        names.retain(|name| name.as_str() > after);
        names.sort();
        Ok(names.into_iter().filter_map(move |name| {
            let real = directory.join(&name).canonicalize().ok().filter(|real| self.holds(real))?;
            let about = self.below.status(self.inner(&real).ok()?).ok()?;
            let size = Some(about.len()).filter(|_| about.is_file());
            (about.is_file() || about.is_dir()).then_some(FolderEntry { name, size })
        }))
    }

    /// Opens a file.
    pub fn open(&self, path: &str, mode: Mode) -> Outcome<File> {
        if mode.write {
            self.may_change()?;
        }
        let real = if mode.create { self.target(path)? } else { self.existing(path)? };
        let inner = self.inner(&real)?;
        match self.below.status(inner) {
            Ok(about) if about.is_dir() => return Err(number::DIRECTORY),
            Ok(about) if !about.is_file() => return Err(number::ACCESS),
            Ok(_) if mode.new => return Err(number::EXISTS),
            _ => {}
        }
        let file = self.below.open(inner, mode).map_err(|error| failure(&error))?;
        // A pipe or a device may have taken its place meanwhile. Nothing was lost yet.
        if !file.metadata().is_ok_and(|about| about.is_file()) {
            return Err(number::ACCESS);
        }
        if mode.truncate {
            file.set_len(0).map_err(|error| failure(&error))?;
        }
        Ok(file)
    }

    pub fn make_directory(&self, path: &str) -> Outcome<()> {
        self.may_change()?;
        if parts(path)?.is_empty() {
            return Err(number::EXISTS);
        }
        let place = self.place(path)?;
        self.below.make_directory(self.inner(&place)?).map_err(|error| failure(&error))
    }

    pub fn remove_directory(&self, path: &str) -> Outcome<()> {
        self.may_change()?;
        let place = self.place(path)?;
        self.below.remove_directory(self.inner(&place)?).map_err(|error| failure(&error))
    }

    /// Removes a file, or a symlink itself.
    pub fn remove(&self, path: &str) -> Outcome<()> {
        self.may_change()?;
        let place = self.place(path)?;
        let about = fs::symlink_metadata(&place).map_err(|error| failure(&error))?;
        if about.is_dir() {
            return Err(number::DIRECTORY);
        }
        self.below.remove(self.inner(&place)?).map_err(|error| failure(&error))
    }

    pub fn rename(&self, from: &str, to: &str) -> Outcome<()> {
        self.may_change()?;
        let (from, to) = (self.place(from)?, self.place(to)?);
        self.below.rename(self.inner(&from)?, self.inner(&to)?).map_err(|error| failure(&error))
    }

    /// Block size, and the numbers of all blocks, free blocks, and blocks free for everyone; zeros if unknown.
    pub fn space(&self) -> (u64, u64, u64, u64) {
        #[cfg(unix)]
        if let Ok(space) = rustix::fs::statvfs(&self.root) {
            return (space.f_frsize, space.f_blocks, space.f_bfree, space.f_bavail);
        }
        (4096, 0, 0, 0)
    }
}

/// The parts of a path, without `.` and `..`: refuses paths out of the folder, and parts that are not plain names.
fn parts(path: &str) -> Outcome<Vec<&str>> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or(number::ACCESS)?),
            part if part.contains('\0') => return Err(number::INVALID),
            part => {
                // A drive or a separator of this computer is not a name.
                let mut components = Path::new(part).components();
                match (components.next(), components.next()) {
                    (Some(Component::Normal(name)), None) if name == part => parts.push(part),
                    _ => return Err(number::ACCESS),
                }
            }
        }
    }
    Ok(parts)
}

/// Time of the last change, in seconds since 1970.
pub fn changed(about: &Metadata) -> i64 {
    let since = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0)
}

/// The board's number for an error of this computer.
pub fn failure(error: &io::Error) -> Number {
    match error.kind() {
        ErrorKind::NotFound => number::NONE_SUCH,
        ErrorKind::PermissionDenied => number::ACCESS,
        ErrorKind::AlreadyExists => number::EXISTS,
        ErrorKind::NotADirectory => number::NO_DIRECTORY,
        ErrorKind::IsADirectory => number::DIRECTORY,
        ErrorKind::InvalidInput => number::INVALID,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => number::FULL,
        ErrorKind::ReadOnlyFilesystem => number::READ_ONLY,
        ErrorKind::InvalidFilename => number::NAME_TOO_LONG,
        ErrorKind::DirectoryNotEmpty => number::NOT_EMPTY,
        #[cfg(unix)]
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => number::LOOP,
        _ => number::INPUT_OUTPUT,
    }
}
