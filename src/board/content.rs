//! What is written to files of a board: read piece by piece while it is sent, and again if it has to be sent again.
//!
//! Uses [`super::digest`]. Invariant: no more of a file is in memory than was asked for; what is read to its end is all of
//! what was announced, or there is an error.

use super::digest::{DigestKind, Digester};
use crate::disk;
use crate::error::{Error, Kind, Result};
use std::io::{self, ErrorKind, Read};

/// What a file is to hold.
pub trait Content {
    /// Its length in bytes.
    fn size(&self) -> u64;

    /// Opens it at its start. It may be opened several times, one after the other.
    ///
    /// # Errors
    /// Of the operating system.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;

    /// An error of [`Content::open`] or of reading, for a person.
    fn failed(&self, error: &io::Error) -> Error {
        Error::new(Kind::ScriptError, format!("what is sent cannot be read: {}", disk::reason(error)))
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

/// A file to be written.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    /// Where to, from `/` on.
    pub path: &'a str,
    /// What it is to hold.
    pub content: &'a dyn Content,
    /// Its digest, as the board computes it, if it is known: then other content is an error.
    pub digest: Option<&'a [u8]>,
}

/// A file that is being read.
pub struct Reading<'a> {
    upload: &'a Upload<'a>,
    from: Box<dyn Read + 'a>,
    /// Bytes that are still to come.
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

    /// Bytes that were not read yet.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The digest of what was read to its end.
    ///
    /// # Errors
    /// Of [`Content::failed`]: there is more than was announced, or it is not what it was.
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

    /// Announces a size of its own.
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
    fn content_is_all_that_was_announced_or_an_error() {
        let content = b"123456789".to_vec();
        let digest = b"cbf43926".to_vec();
        assert_eq!(all(&content, None).unwrap(), (content.clone(), digest.clone()));
        assert_eq!(all(&content, Some(&digest)).unwrap(), (content.clone(), digest.clone()));
        for (size, expected) in [(8, None), (10, None), (9, Some(b"cbf43927".as_slice()))] {
            let error = all(&Odd(size, content.clone()), expected).unwrap_err();
            assert_eq!(error.message(), "what is sent cannot be read: it changed while it was read");
        }
    }
}
