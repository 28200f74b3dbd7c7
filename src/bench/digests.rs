//! SHA-256 of texts, files and the running program, in hexadecimal.
//!
//! Uses [`crate::disk`]. Invariant: a file is read in pieces, so its size does not matter.

use super::event::Program;
use crate::disk;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Bytes per read.
const BUFFER: usize = 256 << 10;

/// A digest in progress.
#[derive(Clone, Debug, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all added bytes.
    pub fn finish(self) -> String {
        self.0.finalize().iter().fold(String::new(), |mut hexadecimal, byte| {
            let _ = write!(hexadecimal, "{byte:02x}");
            hexadecimal
        })
    }
}

/// The SHA-256 of some bytes.
pub fn of_bytes(bytes: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.add(bytes);
    digest.finish()
}

/// The SHA-256 of a regular file, and its length in bytes.
///
/// # Errors
/// If it cannot be read.
pub fn of_file(path: &Path) -> io::Result<(String, u64)> {
    let mut file = disk::open(path)?;
    let (mut digest, mut size, mut buffer) = (Digest::default(), 0, vec![0; BUFFER]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((digest.finish(), size)),
            Ok(count) => {
                digest.add(&buffer[..count]);
                size += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The executable of this process: belay-script, or the program that embeds the library. Computed once. `None` if it cannot be read.
pub fn program() -> Option<&'static Program> {
    static PROGRAM: OnceLock<Option<Program>> = OnceLock::new();
    PROGRAM.get_or_init(read_program).as_ref()
}

fn read_program() -> Option<Program> {
    let path = std::env::current_exe().ok()?;
    // Linux: the file that runs, even if an update has replaced or removed it since.
    let running = PathBuf::from("/proc/self/exe");
    let read = if cfg!(target_os = "linux") { of_file(&running) } else { of_file(&path) };
    let (sha256, size) = read.or_else(|_| of_file(&path)).ok()?;
    Some(Program { path: path.to_string_lossy().into_owned(), sha256, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_sha256sum() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of_bytes(b"abc"), abc);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "abc").unwrap();
        assert_eq!(of_file(&file).unwrap(), (abc.to_owned(), 3));
        assert!(of_file(folder.path()).is_err());
    }

    #[test]
    fn the_program_is_this_executable() {
        let program = program().unwrap();
        let file = std::env::current_exe().unwrap();
        assert_eq!((program.path.as_str(), program.size), (&*file.to_string_lossy(), file.metadata().unwrap().len()));
    }
}
