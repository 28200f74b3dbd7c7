//! The content of files to write to a board: read piece by piece while it is sent, and again if it must be resent.
//!
//! Uses [`super::digest`]. Invariant: no more of a file is in memory than was requested; reading to the end returns exactly
//! the announced length, or an error.

use super::digest::{DigestKind, Digester};
use crate::disk;
use crate::error::{Error, Kind, Result};
use std::io::{self, ErrorKind, Read};

/// The content of a file.
pub trait Content {
    /// Its length in bytes.
    fn size(&self) -> u64;

    /// Opens it at its start. It may be opened several times in sequence.
    ///
    /// # Errors
    /// Errors of the operating system.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;

    /// An error of [`Content::open`] or of reading, for the user.
    fn failed(&self, error: &io::Error) -> Error {
        Error::new(Kind::ScriptError, format!("cannot read the content to send: {}", disk::reason(error)))
    }
}

impl Content for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.as_slice()))
    }
}

impl Content for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(*self))
    }
}

impl<const N: usize> Content for [u8; N] {
    fn size(&self) -> u64 {
        N as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.as_slice()))
    }
}

/// A file to write.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    /// Its absolute path on the board.
    pub path: &'a str,
    /// Its content.
    pub content: &'a dyn Content,
    /// Its digest, as the board computes it, if known: then different content is an error.
    pub digest: Option<&'a [u8]>,
}

/// A file that is being read.
pub struct Reading<'a> {
    upload: &'a Upload<'a>,
    from: Box<dyn Read + 'a>,
    /// Bytes that are still expected.
    left: u64,
    digester: Digester,
}

impl<'a> Reading<'a> {
    /// Opens the content of `upload`.
    ///
    /// # Errors
    /// Of [`Content::failed`].
    pub fn begin(upload: &'a Upload<'a>, kind: DigestKind) -> Result<Reading<'a>> {
        let from = upload.content.open().map_err(|error| upload.content.failed(&error))?;
        Ok(Reading { upload, from, left: upload.content.size(), digester: Digester::new(kind) })
    }

    /// Appends `most` bytes to `buffer`, or as many as are left.
    ///
    /// # Errors
    /// Of [`Content::failed`], also if there are fewer.
    pub fn read(&mut self, buffer: &mut Vec<u8>, most: usize) -> Result<()> {
        let begin = buffer.len();
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(most);
        buffer.resize(begin + wanted, 0);
        let mut at = begin;
        while at < buffer.len() {
            match self.next(&mut buffer[at..])? {
                0 => return Err(self.changed()),
                count => at += count,
            }
        }
        self.left -= wanted as u64;
        self.digester.update(&buffer[begin..]);
        Ok(())
    }

    /// Bytes that are not read yet.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The digest of the content, after reading it to the end.
    ///
    /// # Errors
    /// Of [`Content::failed`]: there is more than announced, or it has changed.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        if self.next(&mut [0])? != 0 {
            return Err(self.changed());
        }
        let changed = self.changed();
        let digest = self.digester.finish();
        match self.upload.digest {
            Some(expected) if expected != digest => Err(changed),
            _ => Ok(digest),
        }
    }

    fn next(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.from.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => return outcome.map_err(|error| self.upload.content.failed(&error)),
            }
        }
    }

    fn changed(&self) -> Error {
        self.upload.content.failed(&disk::changed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Announces an arbitrary size.
    struct Odd(u64, Vec<u8>);

    impl Content for Odd {
        fn size(&self) -> u64 {
            self.0
        }

        fn open(&self) -> io::Result<Box<dyn Read + '_>> {
            self.1.open()
        }
    }

    fn all(content: &dyn Content, digest: Option<&[u8]>) -> Result<(Vec<u8>, Vec<u8>)> {
        let upload = Upload { path: "/a", content, digest };
        let mut reading = Reading::begin(&upload, DigestKind::Crc32)?;
        let mut bytes = Vec::new();
        while reading.left() > 0 {
            reading.read(&mut bytes, 4)?;
        }
        Ok((bytes, reading.finish()?))
    }

    #[test]
    fn content_has_the_announced_size_or_fails() {
        let content = b"123456789".to_vec();
        let digest = b"cbf43926".to_vec();
        assert_eq!(all(&content, None).unwrap(), (content.clone(), digest.clone()));
        assert_eq!(all(&content, Some(&digest)).unwrap(), (content.clone(), digest.clone()));
        for (size, expected) in [(8, None), (10, None), (9, Some(b"cbf43927".as_slice()))] {
            let error = all(&Odd(size, content.clone()), expected).unwrap_err();
            assert_eq!(error.message(), "cannot read the content to send: it changed while it was read");
        }
    }
}
