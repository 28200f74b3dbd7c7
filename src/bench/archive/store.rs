//! Keeps bytes in an unnamed file until reports need them.
//!
//! Uses [`crate::disk`]. Invariant: stored bytes are read back unchanged; at most one buffer of them is in memory, except in a
//! store made to stay in memory.

use crate::disk;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

/// Bytes per write.
const BUFFER: usize = 64 << 10;

/// Bytes per piece of a [`Log`], unless one item is longer.
const PIECE: usize = 8 << 10;

/// Position of bytes in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    at: u64,
    length: u64,
}

/// Stores pieces of bytes.
#[derive(Debug)]
pub struct Store {
    /// `None`: everything is in `buffer`.
    file: Option<File>,
    /// Bytes in the file.
    written: u64,
    /// Bytes that follow those in the file.
    buffer: Vec<u8>,
}

impl Store {
    /// A store in a file.
    ///
    /// # Errors
    /// If the operating system fails.
    pub fn scratch() -> io::Result<Store> {
        Ok(Store { file: Some(disk::scratch()?), written: 0, buffer: Vec::with_capacity(BUFFER) })
    }

    /// A store in memory, for data that is in memory anyway.
    pub fn memory() -> Store {
        Store { file: None, written: 0, buffer: Vec::new() }
    }

    /// Stores bytes.
    ///
    /// # Errors
    /// If the operating system fails, most often because the disk is full. Earlier pieces stay readable.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<Piece> {
        if let Some(file) = &mut self.file
            && self.buffer.len() + bytes.len() > BUFFER
            && !self.buffer.is_empty()
        {
            file.seek(SeekFrom::Start(self.written))?;
            file.write_all(&self.buffer)?;
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
        }
        let piece = Piece { at: self.written + self.buffer.len() as u64, length: bytes.len() as u64 };
        match &mut self.file {
            Some(file) if bytes.len() > BUFFER => {
                file.seek(SeekFrom::Start(self.written))?;
                file.write_all(bytes)?;
                self.written += bytes.len() as u64;
            }
            _ => self.buffer.extend_from_slice(bytes),
        }
        Ok(piece)
    }

    /// The bytes of a piece.
    ///
    /// # Errors
    /// If the operating system fails.
    pub fn get(&self, piece: Piece) -> io::Result<Vec<u8>> {
        let lost = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let length = usize::try_from(piece.length).map_err(|_| lost())?;
        match (&self.file, piece.at.checked_sub(self.written)) {
            (_, Some(at)) => {
                let at = usize::try_from(at).map_err(|_| lost())?;
                Ok(self.buffer.get(at..at.saturating_add(length)).ok_or_else(lost)?.to_owned())
            }
            (Some(file), None) => {
                let mut file = file;
                let mut bytes = vec![0; length];
                file.seek(SeekFrom::Start(piece.at))?;
                file.read_exact(&mut bytes)?;
                Ok(bytes)
            }
            (None, None) => Err(lost()),
        }
    }
}

/// Items of one kind in order; only the latest are in memory.
#[derive(Clone, Debug, Default)]
pub struct Log {
    count: usize,
    pieces: Vec<Piece>,
    /// The latest items.
    latest: Vec<u8>,
}

impl Log {
    /// Number of items.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds an item that `write` appends; returns its length.
    ///
    /// # Errors
    /// If the store fails.
    pub fn push(&mut self, store: &mut Store, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<usize> {
        let before = self.latest.len();
        write(&mut self.latest);
        self.count += 1;
        let length = self.latest.len() - before;
        if self.latest.len() >= PIECE {
            self.flush(store)?;
        }
        Ok(length)
    }

    /// Writes all buffered items to the store.
    ///
    /// # Errors
    /// If the store fails.
    pub fn flush(&mut self, store: &mut Store) -> io::Result<()> {
        if !self.latest.is_empty() {
            self.pieces.push(store.put(&self.latest)?);
            self.latest = Vec::new();
        }
        Ok(())
    }

    /// The flushed items in blocks of whole items.
    pub fn blocks<'a>(&'a self, store: &'a Store) -> impl Iterator<Item = io::Result<Vec<u8>>> + 'a {
        self.pieces.iter().map(|piece| store.get(*piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_was_stored() {
        for mut store in [Store::scratch().unwrap(), Store::memory()] {
            let content =
                |number: usize| vec![number as u8; number * 37 % 5000 + if number == 50 { 200_000 } else { 0 }];
            let mut pieces = Vec::new();
            for number in 0..300 {
                pieces.push(store.put(&content(number)).unwrap());
                // Reading between writes must not change anything.
                assert_eq!(store.get(pieces[number / 2]).unwrap(), content(number / 2));
            }
            for (number, piece) in pieces.iter().enumerate() {
                assert_eq!(store.get(*piece).unwrap(), content(number), "{number}");
            }
            assert!(store.get(Piece { at: 1 << 40, length: 1 }).is_err());
        }
    }

    #[test]
    fn a_log_keeps_order_and_bounds_memory() {
        let mut store = Store::scratch().unwrap();
        let mut logs = [Log::default(), Log::default()];
        for number in 0..10_000u32 {
            for log in &mut logs {
                log.push(&mut store, |to| to.extend_from_slice(&number.to_le_bytes())).unwrap();
                assert!(log.latest.len() <= PIECE);
            }
        }
        for log in &mut logs {
            log.flush(&mut store).unwrap();
            let bytes: Vec<u8> = log.blocks(&store).flat_map(Result::unwrap).collect();
            let expected: Vec<u8> = (0..10_000u32).flat_map(u32::to_le_bytes).collect();
            assert_eq!((log.count(), bytes == expected), (10_000, true));
        }
        assert!(store.buffer.len() <= BUFFER);
    }
}
