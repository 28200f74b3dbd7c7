//! The sources of `cp` to a board, read while they are sent.
//!
//! Invariant: whatever its length, no more than a piece of a file is in memory; a file that changes meanwhile is an error.

use super::local::unreadable;
use super::plan::{Copy, From};
use super::{check_interrupt, local};
use crate::board::content::Content;
use crate::board::digest::Digester;
use crate::board::files::Hash;
use crate::device::Files;
use crate::disk::{self, Steady, reason};
use crate::error::{Error, Kind, Result};
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// Bytes that a file of the board may grow while it is copied.
const MOST_GROWN: u64 = 1 << 20;

/// A file to be sent.
pub struct Source {
    place: Place,
    size: u64,
}

enum Place {
    /// A file of this computer.
    Local(PathBuf),
    /// A file of the board, kept on this computer meanwhile.
    Spool(File),
}

impl Source {
    /// The sources of a copy. A file of the board is read from the board first.
    ///
    /// # Errors
    /// Errors of the link, or if a file of the board cannot be buffered.
    pub fn of(files: &mut Files<'_>, copy: &Copy<String>) -> Result<Source> {
        match &copy.from {
            From::Local(path) => Ok(Source { place: Place::Local(path.clone()), size: copy.size }),
            From::Board(path) => {
                let mut spool = disk::scratch().map_err(|error| no_spool(&error))?;
                let size = read(files, path, copy.size, &mut |piece| {
                    spool.write_all(piece).map_err(|error| no_spool(&error))
                })?;
                Ok(Source { place: Place::Spool(spool), size })
            }
        }
    }
}

impl Content for Source {
    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        match &self.place {
            Place::Local(path) => Ok(Box::new(Steady::open(path, self.size)?)),
            Place::Spool(file) => {
                let mut file = file;
                file.rewind()?;
                Ok(Box::new(file))
            }
        }
    }

    fn failed(&self, error: &io::Error) -> Error {
        match &self.place {
            Place::Local(path) if disk::has_changed(error) => {
                let message = format!("`{}` changed while it was copied", path.display());
                Error::new(Kind::ScriptError, message)
                    .with_help("copy again when nothing writes to it; the file on the board is unchanged")
            }
            Place::Local(path) => unreadable(path, error),
            Place::Spool(_) => no_spool(error),
        }
    }
}

fn no_spool(error: &io::Error) -> Error {
    let message = format!("a file of the board cannot be buffered for the copy: {}", reason(error));
    Error::new(Kind::ScriptError, message)
        .with_help("free space in the temporary folder, or set TMPDIR to another one; nothing was changed")
}

/// Reads a file of the board that had `size` bytes, piece by piece; gives how many it has. An endless file is refused.
///
/// # Errors
/// Of the link and of `take`; ProtocolError if it is much longer.
pub fn read(files: &mut Files<'_>, path: &str, size: u64, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<u64> {
    let mut come = 0;
    files.read(path, &mut |piece| {
        check_interrupt()?;
        come += piece.len() as u64;
        if come > size.saturating_add(MOST_GROWN) {
            let message = format!("`{path}` is longer than the {size} bytes that the board announced");
            return Err(Error::new(Kind::ProtocolError, message).with_help("copy again when no program writes to it"));
        }
        take(piece)
    })?;
    Ok(come)
}

/// The digest of a file of this computer, as the board computes it.
///
/// # Errors
/// As [`local::read`].
pub fn local_digest(path: &Path, hash: Hash) -> Result<Vec<u8>> {
    let mut digester = Digester::new(hash);
    local::read(path, &mut |piece| {
        digester.update(piece);
        Ok(())
    })?;
    Ok(digester.finish())
}
