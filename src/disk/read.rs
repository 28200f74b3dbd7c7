//! Reads with a limit.

use crate::bound;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Opens a regular file, following symlinks. Rejects a pipe or a device without waiting for its other end.
///
/// # Errors
/// Errors of the operating system; [`ErrorKind::InvalidInput`] if `path` is not a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    let file = open_any(path)?;
    refuse_special(&file.metadata()?)?;
    set_blocking(&file)?;
    Ok(file)
}

/// All of a regular file.
///
/// # Errors
/// As [`open`]; [`ErrorKind::FileTooLarge`], with the limit in its message, above `most` bytes.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let size = file.metadata()?.len();
    if size > most {
        return Err(too_long(most));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(most + 1).read_to_end(&mut bytes)?;
    bounded(bytes, most)
}

/// Like [`read`], for UTF-8 text.
///
/// # Errors
/// As [`read`]; [`ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    text(read(path, most)?)
}

/// Like [`read`], for a file named on the command line: see [`open_named`].
///
/// # Errors
/// As [`read`] and [`open_named`].
pub fn read_named(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.is_file() {
        return read(path, most);
    }
    drain(open_named(path)?, most)
}

/// Opens a file named on the command line: it may be a pipe or a terminal, such as the `<(…)` of a shell. Ctrl-C ends the
/// wait for it and stays pending: then reading fails with [`ErrorKind::TimedOut`], after which no caller continues.
///
/// # Errors
/// Errors of the operating system.
pub fn open_named(path: &Path) -> io::Result<impl Read> {
    let file = open_any(path)?;
    if file.metadata()?.is_dir() {
        return Err(folder());
    }
    Ok(Waiting(file))
}

/// Like [`read_named`], for UTF-8 text.
///
/// # Errors
/// As [`read_named`] and [`read_text`].
pub fn read_text_named(path: &Path, most: u64) -> io::Result<String> {
    text(read_named(path, most)?)
}

/// All of standard input, as UTF-8 text. Ctrl-C ends the wait.
///
/// # Errors
/// As [`read_text_named`].
pub fn input(most: u64) -> io::Result<String> {
    text(input_bytes(most)?)
}

/// All of standard input. Ctrl-C ends the wait.
///
/// # Errors
/// As [`read_named`].
pub fn input_bytes(most: u64) -> io::Result<Vec<u8>> {
    drain(Waiting(io::stdin().lock()), most)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..place].iter().filter(|&&byte| byte == b'\n').count() + 1;
        io::Error::new(ErrorKind::InvalidData, format!("it is not UTF-8 text (line {line})"))
    })
}

fn bounded(bytes: Vec<u8>, most: u64) -> io::Result<Vec<u8>> {
    if bytes.len() as u64 > most { Err(too_long(most)) } else { Ok(bytes) }
}

fn too_long(most: u64) -> io::Error {
    io::Error::new(ErrorKind::FileTooLarge, format!("it is longer than {}", bound::shown(most)))
}

pub(super) fn refuse_special(about: &Metadata) -> io::Result<()> {
    match () {
        () if about.is_file() => Ok(()),
        () if about.is_dir() => Err(folder()),
        () => Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

fn folder() -> io::Error {
    io::Error::new(ErrorKind::IsADirectory, "it is a directory")
}

/// Opens without waiting for the other end of a pipe.
fn open_any(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    without_waiting(&mut options);
    options.open(path)
}

#[cfg(unix)]
pub(super) fn without_waiting(options: &mut OpenOptions) {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    // The terminal must not become the controlling one.
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
}

#[cfg(unix)]
pub(super) fn set_blocking(file: &File) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    Ok(fcntl_setfl(file, fcntl_getfl(file)? - OFlags::NONBLOCK)?)
}

#[cfg(not(unix))]
pub(super) fn set_blocking(_file: &File) -> io::Result<()> {
    Ok(())
}

fn drain(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    bounded(bytes, most)
}

/// Why a wait ended that a signal has ended.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Interrupted;

/// Whether the wait for what was to be read was ended by Ctrl-C or SIGTERM.
pub fn was_interrupted(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Interrupted>())
}

/// The descriptor to poll before each read.
struct Waiting<T>(T);

#[cfg(unix)]
impl<T: Read + std::os::fd::AsFd> Read for Waiting<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let slice = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        loop {
            if crate::interrupt::pending() {
                return Err(io::Error::new(ErrorKind::TimedOut, Interrupted));
            }
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&slice)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            match self.0.read(buffer) {
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                outcome => return outcome,
            }
        }
    }
}

/// Other systems cannot poll a pipe.
#[cfg(not(unix))]
impl<T: Read> Read for Waiting<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(result: io::Result<Vec<u8>>) -> String {
        super::super::reason(&result.unwrap_err())
    }

    #[test]
    fn rejects_a_file_above_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "1234").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"1234");
        assert_eq!(read_named(&path, 4).unwrap(), b"1234");
        assert_eq!(refusal(read(&path, 3)), "it is longer than 3 bytes");
        File::create(&path).unwrap().set_len(bound::FILE + 1).unwrap();
        assert_eq!(refusal(read(&path, bound::FILE)), "it is longer than 64 MiB");
        assert_eq!(refusal(read(folder.path(), 9)), "it is a directory");
    }

    #[test]
    fn errors_of_invalid_utf8_name_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"a\nb\xff").unwrap();
        assert_eq!(read_text(&path, 9).unwrap_err().to_string(), "it is not UTF-8 text (line 2)");
    }

    #[cfg(unix)]
    #[test]
    fn rejects_pipes_and_devices_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert_eq!(refusal(read(&path, 9)), "it is not a regular file");
        assert_eq!(refusal(read(Path::new("/dev/zero"), 9)), "it is not a regular file");
        assert_eq!(refusal(read_named(Path::new("/dev/zero"), 1 << 20)), "it is longer than 1 MiB");
        assert_eq!(read_named(Path::new("/dev/null"), 9).unwrap(), b"");
        let writer = path.clone();
        let writer = std::thread::spawn(move || std::fs::write(writer, "piped"));
        assert_eq!(read_named(&path, 9).unwrap(), b"piped");
        writer.join().unwrap().unwrap();
    }
}
