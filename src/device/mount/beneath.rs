//! Files below one folder, reached part by part from its descriptor.
//!
//! Uses rustix. Invariant: no symlink is followed, so that nothing outside is reached, whatever another program puts in the
//! place of a directory meanwhile.

use super::folder::Mode as Opening;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

/// A directory on the way, or what is only looked at.
#[cfg(target_os = "linux")]
const LOOK: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const LOOK: OFlags = OFlags::NONBLOCK.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder. Paths are relative to it, without links, `.` and `..`.
#[derive(Debug)]
pub struct Root(OwnedFd);

impl Root {
    /// The folder at `path`.
    pub fn new(path: &Path) -> io::Result<Root> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Root(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// A directory, to be looked into.
    fn directory(&self, inner: &Path) -> io::Result<OwnedFd> {
        let mut reached = openat(&self.0, ".", LOOK | OFlags::DIRECTORY, Mode::empty())?;
        for part in inner.components() {
            let Component::Normal(name) = part else { return Err(Errno::ACCESS.into()) };
            reached = openat(&reached, name, LOOK | OFlags::DIRECTORY, Mode::empty())?;
        }
        Ok(reached)
    }

    /// The directory of `inner`, and its name there. The folder itself has none.
    fn parent<'a>(&self, inner: &'a Path) -> io::Result<(OwnedFd, &'a OsStr)> {
        let name = inner.file_name().ok_or(Errno::ACCESS)?;
        Ok((self.directory(inner.parent().unwrap_or(Path::new("")))?, name))
    }

    /// Opens a file; its content stays. A pipe is not waited for.
    pub fn open(&self, inner: &Path, mode: Opening) -> io::Result<File> {
        let (directory, name) = self.parent(inner)?;
        let mut flags = match (mode.read, mode.write) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            (_, false) => OFlags::RDONLY,
        };
        flags.set(OFlags::CREATE, mode.create);
        flags.set(OFlags::EXCL, mode.new);
        flags |= OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(File::from(openat(directory, name, flags, Mode::from_raw_mode(0o666))?))
    }

    /// What is there.
    pub fn status(&self, inner: &Path) -> io::Result<Metadata> {
        if inner.as_os_str().is_empty() {
            return File::from(self.directory(inner)?).metadata();
        }
        let (directory, name) = self.parent(inner)?;
        File::from(openat(directory, name, LOOK, Mode::empty())?).metadata()
    }

    /// The names in a directory that are UTF-8.
    pub fn names(&self, inner: &Path) -> io::Result<Vec<String>> {
        let directory = openat(self.directory(inner)?, ".", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mut names = Vec::new();
        for entry in Dir::new(directory)? {
            if let Ok(name) = entry?.file_name().to_str()
                && !matches!(name, "." | "..")
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    pub fn make_directory(&self, inner: &Path) -> io::Result<()> {
        let (directory, name) = self.parent(inner)?;
        Ok(mkdirat(directory, name, Mode::from_raw_mode(0o777))?)
    }

    pub fn remove_directory(&self, inner: &Path) -> io::Result<()> {
        let (directory, name) = self.parent(inner)?;
        Ok(unlinkat(directory, name, AtFlags::REMOVEDIR)?)
    }

    /// Removes a file, or a symlink itself.
    pub fn remove(&self, inner: &Path) -> io::Result<()> {
        let (directory, name) = self.parent(inner)?;
        Ok(unlinkat(directory, name, AtFlags::empty())?)
    }

    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let ((old, name), (new, other)) = (self.parent(from)?, self.parent(to)?);
        Ok(renameat(old, name, new, other)?)
    }
}
