//! The short forms of calls without compiling: lines to a loop that waits on the board, and its frames.
//!
//! A line is the text, three characters, and a line feed: the low 16 bits of the CRC-32 of all of it are 0, starting from the number of
//! replies that the board has sent, so that neither a damaged nor an old line runs. A frame is `\x1e`, five letters of the
//! connection's secret, the `repr`, `\x1e`, the low 16 bits of its CRC-32 in hexadecimal digits from the same start, and `;`.
//!
//! The loop of a small board, which has neither `crc32` nor the memory to format text, has simpler forms. A line is numbers in decimal
//! digits: a check, the number of the function, and the arguments; twice the check is the sum of all bytes of the line, and of the
//! number of replies before. So no loss goes unseen, as it leaves the sum smaller, or the check by far; nor does a flipped bit. The
//! board repeats the line as it reads it. A frame is `\x1e`, the five letters, the value's text twice, the number of replies in decimal
//! digits, with spaces between them, and `;`. Pure. Invariant: a frame of another call is never accepted.

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
    /// Whether they have the form of small boards.
    pub is_small: bool,
}

impl Brief {
    /// The frame of the call after `count` replies, on the connection of this secret.
    pub fn new(token: &str, count: u32) -> Brief {
        Brief { mark: format!("\x1e{}", letters(token)).into_bytes(), count, is_small: false }
    }

    /// The text of a frame of a small board, between the mark and `;`. `None`: it is not whole.
    pub fn value<'a>(&self, inside: &'a [u8]) -> Option<&'a str> {
        let mut parts = std::str::from_utf8(inside).ok()?.strip_prefix(' ')?.split(' ');
        let (value, again, count) = (parts.next()?, parts.next()?, parts.next()?);
        let is_whole = value == again && count == self.count.to_string() && parts.next().is_none();
        is_whole.then_some(value)
    }

    /// Whether `digits` is the sum of `text`.
    pub fn fits(&self, text: &[u8], digits: &[u8]) -> bool {
        format!("{:x}", sum(text, self.count)).as_bytes() == digits
    }

    /// The frame of a text.
    pub fn form(&self, text: &str) -> String {
        if self.is_small {
            return format!("{} {text} {text} {};", String::from_utf8_lossy(&self.mark), self.count);
        }
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

/// The line of a small board for the function of this number after `count` replies, without its end. `arguments`: `|5|-6`. `None`: a
/// check was not found.
pub fn small_line(function: usize, arguments: &str, count: u32) -> Option<String> {
    let rest = format!("{function}{}", arguments.replace('|', " "));
    // A check has digits that are in the sum, so it does not always exist: then another space makes another sum.
    (1..40).find_map(|spaces| {
        let rest = format!("{:spaces$}{rest}", "");
        let fixed = u64::from(count) + rest.bytes().map(u64::from).sum::<u64>();
        // Digits are from 0x30 to 0x39, and of 20 there are fewer than 1200.
        (fixed / 2..fixed / 2 + 600).find_map(|check| {
            let digits = check.to_string();
            let sum = fixed + digits.bytes().map(u64::from).sum::<u64>();
            (sum == 2 * check).then(|| format!("{digits}{rest}"))
        })
    })
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

    /// As the loop reads it.
    fn accepts(line: &[u8], count: u32) -> bool {
        let Ok(text) = std::str::from_utf8(line) else { return false };
        let numbers: Option<Vec<i64>> = text.split_whitespace().map(|word| word.parse().ok()).collect();
        let sum: i64 = line.iter().map(|&byte| i64::from(byte)).sum();
        numbers.is_some_and(|numbers| numbers.len() > 1 && sum + i64::from(count) == 2 * numbers[0])
    }

    #[test]
    fn a_damaged_line_of_a_small_board_is_refused() {
        for count in (0..300).chain([9_999, 65_536, 1 << 30, u32::MAX]) {
            for (function, arguments) in [(0, ""), (0, "|5"), (11, "|-7|123456789"), (3, "|0|0|0")] {
                let line = small_line(function, arguments, count).unwrap();
                assert!(line.len() < 45 && accepts(line.as_bytes(), count), "{line:?} after {count}");
                assert!(!accepts(line.as_bytes(), count + u32::from(count < u32::MAX)) || count == u32::MAX);
                for begin in 0..line.len() {
                    for end in begin + 1..=line.len() {
                        let lost = [&line.as_bytes()[..begin], &line.as_bytes()[end..]].concat();
                        assert!(
                            !accepts(&lost, count),
                            "{line:?} after {count} as {:?}",
                            String::from_utf8_lossy(&lost)
                        );
                    }
                    for bit in 0..8 {
                        let mut flipped = line.clone().into_bytes();
                        flipped[begin] ^= 1 << bit;
                        assert!(!accepts(&flipped, count), "{line:?} after {count}: bit {bit} of {begin}");
                    }
                }
            }
        }
    }

    #[test]
    fn frames_of_small_boards_have_their_value_twice() {
        let brief = Brief { is_small: true, ..Brief::new("abcdefghij", 7) };
        assert_eq!(brief.form("10"), "\x1efghij 10 10 7;");
        assert_eq!(brief.value(b" 10 10 7"), Some("10"));
        for other in [" 10 11 7", " 10 10 8", " 10 10", "10 10 7", " 10 10 7 7", " 1 10 7"] {
            assert_eq!(brief.value(other.as_bytes()), None, "{other}");
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
