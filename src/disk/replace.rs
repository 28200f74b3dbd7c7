//! Writes files: replaces a file completely, or not at all.

use super::read::{refuse_special, set_blocking};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// How many names to try for the temporary file.
const TRIES: u32 = 100;

/// Replaces or creates a file.
///
/// # Errors
/// Errors of the operating system, as [`Replacement`]; the old file stays.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut replacement = Replacement::create(path)?;
    replacement.write_all(bytes)?;
    replacement.keep()
}

/// Creates a new file.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] if the name is taken, even by a broken symlink; others of the operating system.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let exists = || io::Error::from(ErrorKind::AlreadyExists);
    if path.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let mut replacement = Replacement::create(path)?;
    replacement.write_all(bytes)?;
    // Another program may have taken the name meanwhile: a hard link is only created for a free name.
    let Place::Beside { temporary, target } = &replacement.place else { return Err(exists()) };
    replacement.file.sync_all()?;
    match fs::hard_link(temporary, target) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // A file system without hard links.
        Err(_) if target.symlink_metadata().is_err() => replacement.keep(),
        Err(error) => Err(error),
        Ok(()) => Ok(()),
    }
}

/// Creates a new file that only the user can read.
///
/// # Errors
/// As [`create`].
pub fn create_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.inspect_err(|_| {
        // A part of a file is worth nothing.
        let _ = fs::remove_file(path);
    })
}

/// Adds to the end of a regular file, or makes it: all of `bytes`, or nothing where the disk is full.
///
/// # Errors
/// Errors of the operating system; [`ErrorKind::InvalidInput`] if it is not a regular file.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    super::read::without_waiting(&mut options);
    let mut file = options.open(path).map_err(unread_pipe)?;
    let about = file.metadata()?;
    refuse_special(&about)?;
    set_blocking(&file)?;
    file.write_all(bytes).inspect_err(|_| {
        // Where it cannot be taken back, the part stays: the first error says why.
        let _ = file.set_len(about.len());
    })
}

/// Creates the folder of a file.
///
/// # Errors
/// Errors of the operating system.
pub fn make_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::create_dir_all(folder),
        None => Ok(()),
    }
}

/// Free space for the user, in bytes, where `path` is or will be, if the system reports it.
pub fn available(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let there = |ancestor: &&Path| !ancestor.as_os_str().is_empty() && ancestor.exists();
        let place = path.ancestors().find(there).unwrap_or(Path::new("."));
        let space = rustix::fs::statvfs(place).ok()?;
        // Some file systems, such as those of FUSE, report zeros in all fields.
        (space.f_blocks > 0).then(|| space.f_bavail.saturating_mul(space.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// A file being written: it has a temporary name, next to its target, until [`Replacement::keep`]. Dropping it without
/// keeping leaves nothing. The target keeps its permissions, and its group if the system allows that; a symlink stays, and
/// its target is replaced. A read-only file is not replaced.
#[derive(Debug)]
pub struct Replacement {
    file: File,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Beside {
        temporary: PathBuf,
        target: PathBuf,
    },
    /// A pipe or a device named by the user: written directly.
    Itself,
}

impl Replacement {
    /// Starts to replace or create the regular file `path`.
    ///
    /// # Errors
    /// Errors of the operating system, mainly if `path` is not writable. [`ErrorKind::InvalidInput`] if it is not a regular
    /// file.
    pub fn create(path: &Path) -> io::Result<Replacement> {
        let target = match fs::symlink_metadata(path) {
            Ok(about) if about.is_symlink() => fs::canonicalize(path)?,
            _ => path.to_owned(),
        };
        let old = match fs::metadata(&target) {
            Ok(about) => {
                refuse_special(&about)?;
                let mut options = OpenOptions::new();
                options.write(true);
                #[cfg(unix)]
                super::read::without_waiting(&mut options);
                refuse_special(&options.open(&target)?.metadata()?)?;
                Some(about)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (temporary, file) = beside(&target)?;
        let replacement = Replacement { file, place: Place::Beside { temporary, target } };
        if let Some(old) = old {
            replacement.inherit(&old)?;
        }
        Ok(replacement)
    }

    /// Like [`Replacement::create`], for a file named on the command line: it may be a pipe or a device. Creates the folder.
    ///
    /// # Errors
    /// As [`Replacement::create`]; and if nothing reads the pipe.
    pub fn create_named(path: &Path) -> io::Result<Replacement> {
        make_folder(path)?;
        match fs::metadata(path) {
            Ok(about) if !about.is_file() && !about.is_dir() => {
                let mut options = OpenOptions::new();
                options.write(true);
                #[cfg(unix)]
                super::read::without_waiting(&mut options);
                let file = options.open(path).map_err(unread_pipe)?;
                set_blocking(&file)?;
                Ok(Replacement { file, place: Place::Itself })
            }
            _ => Replacement::create(path),
        }
    }

    /// Copies the file's owner and permissions.
    fn inherit(&self, old: &fs::Metadata) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let new = self.file.metadata()?;
            if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
                // Only root may change the owner; the user may set one of their own groups.
                let given = std::os::unix::fs::fchown(&self.file, Some(old.uid()), Some(old.gid()));
                let _ = given.or_else(|_| std::os::unix::fs::fchown(&self.file, None, Some(old.gid())));
            }
        }
        self.file.set_permissions(old.permissions())
    }

    /// Syncs the file to disk and gives it its final name.
    ///
    /// # Errors
    /// Errors of the operating system; then the old file stays.
    pub fn keep(mut self) -> io::Result<()> {
        let Place::Beside { temporary, target } = &self.place else { return self.file.flush() };
        self.file.sync_all()?;
        fs::rename(temporary, target)?;
        // The name is on disk only after its folder is synced. Some systems cannot do that.
        #[cfg(unix)]
        if let Ok(folder) =
            File::open(target.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new(".")))
        {
            let _ = folder.sync_all();
        }
        self.place = Place::Itself;
        Ok(())
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Place::Beside { temporary, .. } = &self.place {
            let _ = fs::remove_file(temporary);
        }
    }
}

/// A new file in the folder of `target`.
fn beside(target: &Path) -> io::Result<(PathBuf, File)> {
    if target.file_name().is_none() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not the name of a file"));
    }
    let mut number = 0;
    loop {
        let temporary = target.with_file_name(format!(".belay-{}-{number}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < TRIES => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// The system reports `no such device or address` for a pipe without a reader.
pub(super) fn unread_pipe(error: io::Error) -> io::Error {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) {
        return io::Error::new(ErrorKind::BrokenPipe, "nothing reads the pipe");
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_a_file_completely_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        replace(&path, b"one").unwrap();
        let mut half = Replacement::create(&path).unwrap();
        half.write_all(b"half").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        drop(half);
        assert_eq!((fs::read(&path).unwrap(), names(folder.path())), (b"one".to_vec(), vec!["a".to_owned()]));
        replace(&path, b"two").unwrap();
        append(&path, b" three").unwrap();
        assert_eq!((fs::read(&path).unwrap(), names(folder.path())), (b"two three".to_vec(), vec!["a".to_owned()]));
        assert!(replace(&path.join("below"), b"x").is_err());
        assert!(replace(folder.path(), b"x").is_err());
        assert_eq!(create(&path, b"x").unwrap_err().kind(), ErrorKind::AlreadyExists);
        create(&folder.path().join("b"), b"x").unwrap();
        assert_eq!((fs::read(folder.path().join("b")).unwrap(), names(folder.path()).len()), (b"x".to_vec(), 2));
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_mode_and_symlinks_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("link"));
        fs::write(&path, "one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("a", &link).unwrap();
        replace(&link, b"two").unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o640);
        std::os::unix::fs::symlink("nowhere", folder.path().join("broken")).unwrap();
        assert!(replace(&folder.path().join("broken"), b"x").is_err());
        assert!(create(&folder.path().join("broken"), b"x").is_err());
        assert!(!folder.path().join("nowhere").exists());
    }

    #[cfg(unix)]
    #[test]
    fn writes_pipes_and_devices_only_if_the_user_named_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let said = |result: io::Result<()>| super::super::reason(&result.unwrap_err());
        assert_eq!(said(replace(&path, b"x")), "it is not a regular file");
        assert_eq!(said(append(&path, b"x")), "nothing reads the pipe");
        assert_eq!(said(append(Path::new("/dev/null"), b"x")), "it is not a regular file");
        assert_eq!(said(Replacement::create_named(&path).map(drop)), "nothing reads the pipe");
        let mut sink = Replacement::create_named(Path::new("/dev/null")).unwrap();
        sink.write_all(b"x").unwrap();
        sink.keep().unwrap();
        assert!(Path::new("/dev/null").exists());
        assert_eq!(names(folder.path()), ["pipe"]);
    }
}
