//! Compresses helpers for boards that can decompress them, because a slow line takes longer than decompression.
//!
//! Pure. Invariant: the packed source defines exactly what the plain source would define.

use super::identity::Identity;
use base64::Engine as _;

/// The first MicroPython with `deflate`, which some boards still leave out.
const DEFLATE_SINCE: (u32, u32, u32) = (1, 21, 0);
/// Shortest source, in bytes, that is worth it: the decompressing code is a hundred bytes itself.
const WORTH: usize = 600;

/// Whether a board with this identity can most likely decompress. `small`: the least free memory in bytes, which must hold
/// both the source and the window.
pub(super) fn suits(identity: &Identity, small: u64) -> bool {
    identity.name == "micropython"
        && identity.version >= DEFLATE_SINCE
        && identity.free.is_some_and(|free| free >= small)
}

/// Code equivalent to `source`; `None` if it would hardly be shorter.
pub(super) fn pack(source: &str) -> Option<String> {
    if source.len() < WORTH {
        return None;
    }
    let packed = miniz_oxide::deflate::compress_to_vec(source.as_bytes(), 10);
    let text = base64::engine::general_purpose::STANDARD.encode(packed);
    // No distance exceeds the source.
    let window = source.len().next_power_of_two().ilog2().clamp(8, 15);
    Some(format!(
        "exec(__import__('deflate').DeflateIO(__import__('io').BytesIO(__import__('binascii').a2b_base64('{text}')),\
         1,{window}).read())"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::helper;
    use super::*;

    #[test]
    fn packed_source_is_shorter() {
        for source in [helper::FILES, helper::RECEIVE, helper::MOUNT] {
            let packed = pack(source).unwrap();
            assert!(packed.len() * 4 < source.len() * 3, "{} of {}", packed.len(), source.len());
        }
        assert_eq!(pack("x=1\n"), None);
    }

    #[test]
    fn small_and_old_boards_get_the_source() {
        let identity =
            |name: &str, version, free| Identity { name: name.to_owned(), version, free, ..Identity::default() };
        assert!(suits(&identity("micropython", (1, 21, 0), Some(65536)), 65536));
        assert!(!suits(&identity("micropython", (1, 20, 9), Some(65536)), 65536));
        assert!(!suits(&identity("micropython", (1, 28, 0), Some(9000)), 65536));
        assert!(!suits(&identity("micropython", (1, 28, 0), None), 65536));
        assert!(!suits(&identity("circuitpython", (9, 0, 0), Some(165_536)), 65536));
    }
}
