//! The checksum of a frame: detects flipped bits, so that the frame is requested again.
//!
//! After the closing mark a board sends, before the `;`, the CRC-32 of the kind's letter and the text
//! (`binascii.crc32(text, crc32(letter))`), in hexadecimal digits: eight, and the last four of them for a text of fewer than
//! [`SHORT`] characters. A board without `binascii.crc32`, such as a micro:bit, sends none. Pure. Invariant: a frame without a
//! checksum is accepted, for example from a recording made before frames had one; lost bytes show in the length.

/// Texts of fewer characters have the short form.
const SHORT: usize = 64;

/// Most characters of a checksum.
pub(super) const LONGEST: usize = 8;

/// How many bytes at the start of `bytes` may be a checksum.
pub(super) fn extent(bytes: &[u8]) -> usize {
    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    bytes.iter().take_while(is_part).count()
}

/// Whether `sum` is the checksum of a frame, or missing. `length`: of the text, in the board's characters.
pub(super) fn fits(letter: u8, text: &[u8], length: usize, sum: &[u8]) -> bool {
    sum.is_empty() || of(letter, text, length).as_bytes() == sum
}

/// The checksum of a text.
pub(super) fn of(letter: u8, text: &[u8], length: usize) -> String {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[letter]);
    crc.update(text);
    let mut digits = format!("{:08x}", crc.finalize());
    if length < SHORT { digits.split_off(4) } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_match_micropython() {
        // CPython's `"%04x" % (zlib.crc32(b"R{'k': 16}") & 0xffff)`, and of 100 letters in full.
        assert!(fits(b'R', b"{'k': 16}", 9, b"399f"));
        assert!(fits(b'B', &[b'a'; 100], 100, b"328ea643"));
        assert!(fits(b'R', b"7", 1, b""));
    }

    #[test]
    fn detects_every_flipped_bit() {
        let text = b"{'key': 16, 'other': -2.5}";
        let sum = of(b'R', text, text.len());
        for at in 0..text.len() * 8 {
            let mut flipped = *text;
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(!fits(b'R', &flipped, text.len(), sum.as_bytes()), "bit {at}");
        }
        assert!(!fits(b'S', text, text.len(), sum.as_bytes()));
    }

    #[test]
    fn finds_the_end_of_a_checksum() {
        assert_eq!(extent(b"12ab;\x04"), 4);
        assert_eq!(extent(b";"), 0);
        assert_eq!(extent(b"12"), 2);
    }
}
