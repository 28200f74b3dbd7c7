//! What a board computes over a file, computed here.
//!
//! Invariant: the bytes of a digest are those that the board's helper answers (`src/board/snippets/files.py`): CRC-32 is
//! that of ISO 3309, FNV-1a has 32 bits; both come as eight hexadecimal digits.

use crate::board::files::Hash;
use sha2::Digest as _;

/// A digest in the making.
pub enum Digester {
    /// SHA-256.
    Sha256(Box<sha2::Sha256>),
    /// CRC-32, inverted.
    Crc32(u32),
    /// FNV-1a.
    Fnv1a(u32),
}

impl Digester {
    /// The digest of nothing, so far.
    pub fn new(hash: Hash) -> Digester {
        match hash {
            Hash::Sha256 => Digester::Sha256(Box::default()),
            Hash::Crc32 => Digester::Crc32(!0),
            Hash::Fnv1a => Digester::Fnv1a(0x811c_9dc5),
        }
    }

    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Digester::Sha256(state) => state.update(bytes),
            Digester::Crc32(state) => {
                for byte in bytes {
                    *state ^= u32::from(*byte);
                    for _ in 0..8 {
                        *state = (*state >> 1) ^ (0xedb8_8320 * (*state & 1));
                    }
                }
            }
            Digester::Fnv1a(state) => {
                for byte in bytes {
                    *state = (*state ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
                }
            }
        }
    }

    /// The digest.
    pub fn finish(self) -> Vec<u8> {
        match self {
            Digester::Sha256(state) => state.finalize().to_vec(),
            Digester::Crc32(state) => format!("{:08x}", !state).into_bytes(),
            Digester::Fnv1a(state) => format!("{state:08x}").into_bytes(),
        }
    }
}

/// The digest of `bytes`.
pub fn digest(hash: Hash, bytes: &[u8]) -> Vec<u8> {
    let mut digester = Digester::new(hash);
    digester.update(bytes);
    digester.finish()
}

/// A digest as people write it.
pub fn text(hash: Hash, digest: &[u8]) -> String {
    match hash {
        Hash::Sha256 => digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        Hash::Crc32 | Hash::Fnv1a => String::from_utf8_lossy(digest).into_owned(),
    }
}

/// The name of a hash.
pub fn name(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha256 => "sha256",
        Hash::Crc32 => "crc32",
        Hash::Fnv1a => "fnv1a",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let case = |hash, input: &[u8], expected: &str| assert_eq!(text(hash, &digest(hash, input)), expected);
        case(Hash::Sha256, b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        case(Hash::Sha256, b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        case(Hash::Crc32, b"", "00000000");
        case(Hash::Crc32, b"123456789", "cbf43926");
        case(Hash::Fnv1a, b"", "811c9dc5");
        case(Hash::Fnv1a, b"foobar", "bf9cf968");
    }
}
