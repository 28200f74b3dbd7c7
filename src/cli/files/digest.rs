//! Digests as people write them.

use crate::board::files::Hash;

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
    fn digests_are_hexadecimal() {
        assert_eq!(text(Hash::Sha256, &[0, 0xff]), "00ff");
        assert_eq!(text(Hash::Crc32, b"cbf43926"), "cbf43926");
    }
}
