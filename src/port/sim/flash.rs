//! The files of a simulated board: its flash, and the read-only memory with the simulator's modules.
//!
//! Invariant: a flash belongs to one board at a time.

use super::{BLOCK, SimOptions};
use crate::error::{Error, Kind, Result};
use rustix::fs::FlockOperation;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a closed board may still hold a flash file, and how often that is checked.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// A board's flash.
#[derive(Debug)]
pub(super) struct Flash {
    /// The image, open for reading and writing.
    pub(super) file: File,
    /// Its length in bytes.
    pub(super) size: u64,
    /// Whether it is blank, so that formatting loses nothing.
    pub(super) blank: bool,
}

impl Flash {
    /// The flash for `options`: a file that persists, or memory.
    pub(super) fn open(options: &SimOptions) -> Result<Flash> {
        let size = options.flash_size;
        match &options.flash {
            Some(path) => Flash::lasting(path, size),
            None => match anonymous_file().and_then(|file| file.set_len(size).map(|()| file)) {
                Ok(file) => Ok(Flash { file, size, blank: true }),
                Err(error) => Err(failed(format!("no memory for the flash of a simulated board: {error}"))),
            },
        }
    }

    fn lasting(path: &Path, size: u64) -> Result<Flash> {
        let shown = path.display();
        let cannot = |error: io::Error| failed(format!("cannot use `{shown}` as flash: {error}"));
        let mut open = OpenOptions::new();
        let mut file = open.read(true).write(true).create(true).truncate(false).open(path).map_err(cannot)?;
        let patience = Instant::now() + LOCK_PATIENCE;
        while rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            if Instant::now() < patience && !crate::interrupt::pending() {
                // The file of a board that has just been closed is free once no process that was starting at the time still holds
                // it; nothing reports when.
                std::thread::park_timeout(LOCK_PAUSE);
                continue;
            }
            return Err(failed(format!("the flash `{shown}` is in use by another board")).with_help("close that board"));
        }
        let length = file.metadata().map_err(cannot)?.len();
        if length == 0 {
            file.set_len(size).map_err(cannot)?;
        } else if length != size {
            let unit = if length % 1024 == 0 { format!("{}k", length / 1024) } else { length.to_string() };
            return Err(failed(format!("the flash `{shown}` has {length} bytes, not {size}"))
                .with_help(format!("use `flash_size={unit}`, or another file")));
        }
        let mut start = Vec::new();
        Read::by_ref(&mut file).take(2 * BLOCK).read_to_end(&mut start).map_err(cannot)?;
        let blank = start.iter().all(|&byte| byte == 0) || start.iter().all(|&byte| byte == 0xFF);
        Ok(Flash { file, size, blank })
    }
}

fn failed(message: String) -> Error {
    Error::new(Kind::ConnectionFailedError, message)
}

/// A file with `bytes` that no other program can see.
pub(super) fn file_of(bytes: &[u8]) -> io::Result<File> {
    let mut file = anonymous_file()?;
    file.write_all(bytes)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// 32 random hexadecimal digits.
pub(super) fn random_text() -> io::Result<String> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(target_os = "linux")]
fn anonymous_file() -> io::Result<File> {
    Ok(rustix::fs::memfd_create("belay-script", rustix::fs::MemfdFlags::CLOEXEC)?.into())
}

#[cfg(not(target_os = "linux"))]
fn anonymous_file() -> io::Result<File> {
    crate::disk::scratch()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flash_file_has_one_size_and_one_user() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flash.img");
        let options = SimOptions { flash: Some(path.clone()), flash_size: 65536, ..SimOptions::default() };
        let mut flash = Flash::open(&options).unwrap();
        assert!(flash.blank);
        let error = Flash::open(&options).unwrap_err();
        assert!(error.message().ends_with("is in use by another board"), "{error}");
        flash.file.rewind().unwrap();
        flash.file.write_all(b"something").unwrap();
        drop(flash);
        assert!(!Flash::open(&options).unwrap().blank);
        let error = Flash::open(&SimOptions { flash_size: 131_072, ..options }).unwrap_err();
        assert!(error.message().ends_with("has 65536 bytes, not 131072"), "{error}");
        assert_eq!(error.help(), Some("use `flash_size=64k`, or another file"));
    }

    #[test]
    fn rejects_a_flash_in_a_missing_folder() {
        let options = SimOptions { flash: Some("/no/such/folder/flash.img".into()), ..SimOptions::default() };
        assert_eq!(Flash::open(&options).unwrap_err().kind(), Kind::ConnectionFailedError);
    }
}
