//! The short forms of calls without compiling: lines to a loop that waits on the board, and its frames.
//!
//! A line is the text, three characters, and a line feed: the low 16 bits of the CRC-32 of all of it are 0, starting from the number of
//! replies that the board has sent, so that neither a damaged nor an old line runs. A frame is `\x1e`, five letters of the
//! connection's secret, the `repr`, `\x1e`, the low 16 bits of its CRC-32 in hexadecimal digits from the same start, and `;`.
//! Pure. Invariant: a frame of another call is never accepted.

use std::sync::LazyLock;

/// The first character of a check: its six low bits are free.
const BASE: u8 = 0x40;
/// The end of a line as far as it is checked: three characters and the line feed.
const TAIL: [u8; 4] = [BASE, BASE, BASE, b'\n'];
/// How many bits of the check are free.
const FREE: usize = 18;

/// For each bit of the sum, from the highest: a change of it and of lower bits only, and the free bits that make it.
static CHANGES: LazyLock<[(u16, u32); 16]> = LazyLock::new(|| {
    let plain = sum(&TAIL, 0);
    let mut changes = [(0, 0); 16];
    for bit in 0..FREE {
        let mut tail = TAIL;
        tail[bit / 6] ^= 1 << (bit % 6);
        let (mut change, mut bits) = (sum(&tail, 0) ^ plain, 1_u32 << bit);
        while change != 0 {
            let known = &mut changes[change.leading_zeros() as usize];
            if known.0 == 0 {
                *known = (change, bits);
                break;
            }
            (change, bits) = (change ^ known.0, bits ^ known.1);
        }
    }
    changes
});

/// What identifies the frames of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// The first bytes of a frame.
    pub mark: Vec<u8>,
    /// How many replies the board has sent before, modulo 2^32.
    pub count: u32,
}

impl Brief {
    /// The frame of the call after `count` replies, on the connection of this secret.
    pub fn new(token: &str, count: u32) -> Brief {
        Brief { mark: format!("\x1e{}", letters(token)).into_bytes(), count }
    }

    /// Whether `digits` is the sum of `text`.
    pub fn fits(&self, text: &[u8], digits: &[u8]) -> bool {
        format!("{:x}", sum(text, self.count)).as_bytes() == digits
    }

    /// The frame of a text.
    pub fn form(&self, text: &str) -> String {
        format!("{}{text}\x1e{:x};", String::from_utf8_lossy(&self.mark), sum(text.as_bytes(), self.count))
    }
}

/// The part of the secret that is in each frame.
pub fn letters(token: &str) -> &str {
    token.get(token.len().saturating_sub(5)..).unwrap_or(token)
}

/// The line of a call after `count` replies. `text`: printable ASCII.
pub fn line(text: &str, count: u32) -> String {
    let mut line = text.as_bytes().to_vec();
    let start = line.len();
    line.extend_from_slice(&TAIL);
    let mut left = sum(&line, count);
    let mut bits = 0;
    for &(change, which) in CHANGES.iter() {
        if change != 0 && left & (0x8000 >> change.leading_zeros()) != 0 {
            (left, bits) = (left ^ change, bits ^ which);
        }
    }
    for (index, byte) in line[start..start + 3].iter_mut().enumerate() {
        *byte ^= (bits >> (6 * index) & 0x3f) as u8;
    }
    String::from_utf8_lossy(&line).into_owned()
}

fn sum(bytes: &[u8], count: u32) -> u16 {
    let mut crc = crc32fast::Hasher::new_with_initial(count);
    crc.update(bytes);
    (crc.finalize() & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits_its_call_and_no_other() {
        assert!(CHANGES.iter().all(|&(change, _)| change != 0));
        for count in (0..5000).chain([65_536, 1 << 30, u32::MAX]) {
            let line = line("$0|5", count);
            assert_eq!((line.len(), sum(line.as_bytes(), count)), (8, 0), "{line:?}");
            assert!(line.ends_with('\n') && line.bytes().all(|byte| byte == b'\n' || (0x20..0x80).contains(&byte)));
            assert_ne!(sum(line.as_bytes(), count ^ 1), 0);
        }
        let line = line("$0|5", 7);
        for at in 0..8 * line.len() {
            let mut flipped = line.clone().into_bytes();
            flipped[at / 8] ^= 1 << (at % 8);
            assert_ne!(sum(&flipped, 7), 0, "bit {at}");
        }
    }

    #[test]
    fn sums_are_those_of_micropython() {
        // CPython: `"%x" % (zlib.crc32(b"10", 7) & 0xffff)`.
        let brief = Brief::new("abcdefghij", 7);
        assert_eq!(brief.form("10"), "\x1efghij10\x1eb326;");
        assert!(brief.fits(b"10", b"b326") && !brief.fits(b"11", b"b326"));
    }
}
