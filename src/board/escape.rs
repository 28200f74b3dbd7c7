//! Bytes on their way to a program on a board that reads its input, such that none of them is taken for a command. Pure.
//!
//! Should the board restart or be interrupted in the middle, what is still under way is text without end at a prompt.
//! Invariant: what is escaped holds no byte that means something to a prompt, and no escape is cut in two.

/// Bytes that mean something to a prompt, a terminal or a serial server on the way, and the mark of an escaped one:
/// Ctrl-A to Ctrl-E, return, XON and XOFF, Ctrl-Z and Ctrl-\, and `}`.
pub(super) const ESCAPED: &[u8] = b"\x01\x02\x03\x04\x05\r\x11\x13\x1a\x1c}";
/// The mark of an escaped byte, which follows it.
pub(super) const ESCAPE: u8 = b'}';
/// What an escaped byte differs by.
pub(super) const FLIP: u8 = 0x20;

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
