//! The digests that boards compute over files: SHA-256 with `hashlib`, CRC-32 with `binascii`, and FNV-1a with neither.
//!
//! Uses the crates `sha2` and `crc32fast` and [`super::files`]. Invariant: the bytes of a digest are those that the board's snippet
//! returns.
//!
//! CRC-32 is that of ISO 3309 as in `binascii.crc32`: polynomial `0xedb88320` reflected, start and end inverted.
//! FNV-1a has 32 bits: offset basis 2166136261, prime 16777619.

use sha2::{Digest as _, Sha256};
use std::io::{self, Read};

pub use super::files::Hash as DigestKind;

/// The digest of `bytes`.
pub fn digest(kind: DigestKind, bytes: &[u8]) -> Vec<u8> {
    let mut digester = Digester::new(kind);
    digester.update(bytes);
    digester.finish()
}

/// The digest of the content of `reader`, and its length in bytes. Stops after `limit` bytes.
///
/// # Errors
/// Those of the reader.
pub fn digest_reader(kind: DigestKind, reader: &mut impl Read, limit: u64) -> io::Result<(Vec<u8>, u64)> {
    let mut digester = Digester::new(kind);
    let mut buffer = vec![0; 64 * 1024];
    let mut length = 0u64;
    while length < limit {
        let wanted = usize::try_from(limit - length).unwrap_or(usize::MAX).min(buffer.len());
        match reader.read(&mut buffer[..wanted]) {
            Ok(0) => break,
            Ok(count) => {
                digester.update(&buffer[..count]);
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((digester.finish(), length))
}

/// An incremental digest.
#[derive(Clone, Debug)]
pub struct Digester(State);

#[derive(Clone, Debug)]
enum State {
    Sha256(Sha256),
    Crc32(crc32fast::Hasher),
    Fnv1a(u32),
}

impl Digester {
    /// An empty digest.
    pub fn new(kind: DigestKind) -> Digester {
        Digester(match kind {
            DigestKind::Sha256 => State::Sha256(Sha256::new()),
            DigestKind::Crc32 => State::Crc32(crc32fast::Hasher::new()),
            DigestKind::Fnv1a => State::Fnv1a(0x811c_9dc5),
        })
    }

    /// Appends `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(sha256) => sha256.update(bytes),
            State::Crc32(crc) => crc.update(bytes),
            State::Fnv1a(value) => {
                *value = bytes.iter().fold(*value, |value, byte| (value ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
            }
        }
    }

    /// The digest of all appended bytes.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            State::Sha256(sha256) => sha256.finalize().to_vec(),
            State::Crc32(crc) => format!("{:08x}", crc.finalize()).into_bytes(),
            State::Fnv1a(value) => format!("{value:08x}").into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(kind: DigestKind, bytes: &[u8]) -> String {
        match kind {
            DigestKind::Sha256 => digest(kind, bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
            _ => String::from_utf8(digest(kind, bytes)).unwrap(),
        }
    }

    #[test]
    fn published_values() {
        let sha256 = |bytes: &[u8]| hex(DigestKind::Sha256, bytes);
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hex(DigestKind::Crc32, b""), "00000000");
        assert_eq!(hex(DigestKind::Crc32, b"123456789"), "cbf43926");
        assert_eq!(hex(DigestKind::Crc32, b"The quick brown fox jumps over the lazy dog"), "414fa339");
        assert_eq!(hex(DigestKind::Fnv1a, b""), "811c9dc5");
        assert_eq!(hex(DigestKind::Fnv1a, b"foobar"), "bf9cf968");
        assert_eq!(hex(DigestKind::Fnv1a, b"fooba"), "39aaa18a");
    }

    #[test]
    fn pieces_and_readers_give_the_same_digest() {
        let bytes: Vec<u8> = (0..200_003u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for kind in [DigestKind::Sha256, DigestKind::Crc32, DigestKind::Fnv1a] {
            let whole = digest(kind, &bytes);
            assert_eq!(whole.len(), kind.length());
            for size in [1, 7, 8, 4096] {
                let mut digester = Digester::new(kind);
                bytes.chunks(size).for_each(|piece| digester.update(piece));
                assert_eq!(digester.finish(), whole, "{kind:?} by {size}");
            }
            let length = bytes.len() as u64;
            assert_eq!(digest_reader(kind, &mut bytes.as_slice(), u64::MAX).unwrap(), (whole, length));
            let begin = digest(kind, &bytes[..70_000]);
            assert_eq!(digest_reader(kind, &mut bytes.as_slice(), 70_000).unwrap(), (begin, 70_000));
        }
    }
}
