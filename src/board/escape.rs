//! Encodes bytes for a program on a board that reads its input, so that none of them acts as a command. Pure.
//!
//! If the board restarts or is interrupted halfway, the bytes in transit are an unfinished line at a prompt.
//! Short texts are escaped. Long ones are masked: a few bytes, XORed with all others, cost less on a slow line than
//! escapes, and less work on a board. Invariant: escaped or masked bytes contain none with a meaning to a prompt, and no
//! escape is split.

/// Bytes with a meaning to a prompt, a terminal or a serial server in between, and the mark of an escaped one:
/// Ctrl-A to Ctrl-E, return, XON and XOFF, Ctrl-Z and Ctrl-\, and `}`.
pub(super) const ESCAPED: &[u8] = b"\x01\x02\x03\x04\x05\r\x11\x13\x1a\x1c}";
/// The same without the mark, which has a meaning only to the receiver of escaped bytes.
pub(super) const FORBIDDEN: &[u8] = ESCAPED.split_at(ESCAPED.len() - 1).0;
/// The mark that precedes an escaped byte.
pub(super) const ESCAPE: u8 = b'}';
/// The difference of an escaped byte.
pub(super) const FLIP: u8 = 0x20;

/// Approximate number of data bytes per byte of a mask: with more, chunks more often have no mask for all of their bytes and
/// end early, which costs more than the shorter mask saves.
const MASKED_BY_ONE: usize = 85;

/// Length of the mask of at most `size` bytes, itself included.
pub(super) fn mask_length(size: usize) -> usize {
    ((size + MASKED_BY_ONE / 2) / MASKED_BY_ONE).max(1)
}

/// Appends a mask of `length` bytes, and as much of `plain` as possible, masked by them in turn, so that the result has at
/// most `size` bytes including the mask, and none with a meaning to a prompt. Returns the number of bytes of `plain`.
pub(super) fn mask(plain: &[u8], length: usize, size: usize, out: &mut Vec<u8>) -> usize {
    let most = plain.len().min(size - length);
    let mut masks = vec![Masks::new(); length];
    let mut places = (0..length).cycle();
    // As many bytes as have a common mask; few enough always have one.
    let fits = |byte: &&u8| places.next().is_some_and(|place| masks[place].take(**byte));
    let count = plain[..most].iter().take_while(fits).count();
    let mask: Vec<u8> = masks.iter().map(Masks::first).collect();
    out.extend_from_slice(&mask);
    out.extend(plain[..count].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    count
}

/// The possible bytes at one place of a mask.
#[derive(Clone)]
struct Masks {
    ruled_out: [bool; 256],
    left: usize,
}

impl Masks {
    /// All that are not forbidden.
    fn new() -> Masks {
        let mut masks = Masks { ruled_out: [false; 256], left: 256 };
        masks.take(0);
        masks
    }

    /// Rules out those that turn `byte` into a forbidden one. If none would be left, changes nothing and returns false.
    fn take(&mut self, byte: u8) -> bool {
        let open = |forbidden: &&u8| !self.ruled_out[usize::from(byte ^ **forbidden)];
        let newly = FORBIDDEN.iter().filter(open).count();
        if newly == self.left {
            return false;
        }
        for forbidden in FORBIDDEN {
            self.ruled_out[usize::from(byte ^ forbidden)] = true;
        }
        self.left -= newly;
        true
    }

    /// One of them.
    fn first(&self) -> u8 {
        (0..=u8::MAX).find(|&mask| !self.ruled_out[usize::from(mask)]).unwrap_or_default()
    }
}

/// Appends as much of `plain` as has at most `most` bytes when escaped; returns the number of bytes of `plain`.
pub(super) fn escape(plain: &[u8], most: usize, out: &mut Vec<u8>) -> usize {
    let end = out.len() + most;
    for (index, &byte) in plain.iter().enumerate() {
        let escaped = ESCAPED.contains(&byte);
        if out.len() + usize::from(escaped) >= end {
            return index;
        }
        if escaped {
            out.extend_from_slice(&[ESCAPE, byte ^ FLIP]);
        } else {
            out.push(byte);
        }
    }
    plain.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masking_round_trips_without_prompt_commands() {
        let every: Vec<u8> = (0..=255).collect();
        let scattered: Vec<u8> = (0..3000u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let forbidden: Vec<u8> = FORBIDDEN.iter().copied().cycle().take(300).collect();
        for plain in [every.repeat(3), scattered, forbidden, vec![1], b"text\r\n".repeat(50)] {
            for size in [16, 28, 124, 2044] {
                let length = mask_length(size);
                let (mut rest, mut got) = (plain.as_slice(), Vec::new());
                while !rest.is_empty() {
                    let mut out = vec![b'f'];
                    let count = mask(rest, length, size, &mut out);
                    assert!(count > 0 && out.len() == 1 + length + count && out.len() <= 1 + size);
                    assert!(!out.iter().any(|byte| FORBIDDEN.contains(byte)), "{}", out.escape_ascii());
                    let (mask, masked) = out[1..].split_at(length);
                    got.extend(masked.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
                    rest = &rest[count..];
                }
                assert!(got == plain, "{size}");
            }
        }
    }

    #[test]
    fn masking_noise_costs_few_bytes() {
        let mut state = 1u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        let noise: Vec<u8> = std::iter::repeat_with(&mut next).take(100_000).collect();
        for (size, most) in [(60, 36), (124, 23), (252, 18), (2044, 14)] {
            let length = mask_length(size);
            let (mut rest, mut cost) = (noise.as_slice(), 0);
            while !rest.is_empty() {
                let count = mask(rest, length, size, &mut Vec::new());
                // A short chunk has a longer header.
                cost += length + if length + count == size { 1 } else { 4 };
                rest = &rest[count..];
            }
            assert!(cost * 1000 <= noise.len() * most, "{cost} bytes for {} in chunks of {size}", noise.len());
        }
    }
}
