//! Bytes on their way to a program on a board that reads its input, such that none of them is taken for a command. Pure.
//!
//! Should the board restart or be interrupted in the middle, what is still under way is text without end at a prompt.
//! Short texts are escaped. Long ones are masked: a few bytes, with which all others are combined by exclusive or, cost a
//! slow line less than escapes, and a board less work. Invariant: what is escaped or masked holds no byte that means
//! something to a prompt, and no escape is cut in two.

/// Bytes that mean something to a prompt, a terminal or a serial server on the way, and the mark of an escaped one:
/// Ctrl-A to Ctrl-E, return, XON and XOFF, Ctrl-Z and Ctrl-\, and `}`.
pub(super) const ESCAPED: &[u8] = b"\x01\x02\x03\x04\x05\r\x11\x13\x1a\x1c}";
/// The same but for the mark, which means something to the receiver of escaped bytes alone.
pub(super) const FORBIDDEN: &[u8] = ESCAPED.split_at(ESCAPED.len() - 1).0;
/// The mark of an escaped byte, which follows it.
pub(super) const ESCAPE: u8 = b'}';
/// What an escaped byte differs by.
pub(super) const FLIP: u8 = 0x20;

/// Bytes that one byte of a mask is for, about: of more, it pays less and less often that the mask is shorter, because more
/// chunks have none for all of their bytes and end early.
const MASKED_BY_ONE: usize = 85;

/// Length of the mask of at most `size` bytes, itself included.
pub(super) fn mask_length(size: usize) -> usize {
    ((size + MASKED_BY_ONE / 2) / MASKED_BY_ONE).max(1)
}

/// Appends a mask of `length` bytes, and as much of `plain` as has, masked by them in turn, no more than `size` bytes with
/// the mask, and none that means something to a prompt; gives how many bytes of it that are.
pub(super) fn mask(plain: &[u8], length: usize, size: usize, out: &mut Vec<u8>) -> usize {
    let most = plain.len().min(size - length);
    let mut masks = vec![Masks::new(); length];
    let mut places = (0..length).cycle();
    // As many as all have a mask for; few enough always have one.
    let fits = |byte: &&u8| places.next().is_some_and(|place| masks[place].take(**byte));
    let count = plain[..most].iter().take_while(fits).count();
    let mask: Vec<u8> = masks.iter().map(Masks::first).collect();
    out.extend_from_slice(&mask);
    out.extend(plain[..count].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    count
}

/// The bytes that may stand at one place of a mask.
#[derive(Clone)]
struct Masks {
    ruled_out: [bool; 256],
    left: usize,
}

impl Masks {
    /// All that are not forbidden themselves.
    fn new() -> Masks {
        let mut masks = Masks { ruled_out: [false; 256], left: 256 };
        masks.take(0);
        masks
    }

    /// Rules out those that make of `byte` a forbidden one. If none were left then, nothing changes and it gives false.
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

/// Appends as much of `plain` as has at most `most` bytes when escaped; gives how many bytes of it that are.
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
    fn what_is_masked_comes_back_and_means_nothing_to_a_prompt() {
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
    fn noise_costs_few_bytes_for_its_mask() {
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
                // A short chunk has a longer head.
                cost += length + if length + count == size { 1 } else { 4 };
                rest = &rest[count..];
            }
            assert!(cost * 1000 <= noise.len() * most, "{cost} bytes for {} in chunks of {size}", noise.len());
        }
    }
}
