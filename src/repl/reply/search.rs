//! Looking for what has a meaning in a board's bytes. Uses nothing. Invariant: linear in the bytes.

use super::END;

/// Where the last text stands that looks as the board's word of an exception does: behind `\x04`, whole lines, which may
/// hold anything, then `\x04`. What threads print may stand in front of it.
pub(super) fn error(bytes: &[u8]) -> Option<(usize, usize)> {
    const TRACEBACK: &[u8] = b"Traceback (most recent call last):";
    let end = (2..bytes.len()).rev().find(|&at| bytes[at] == END && bytes[at - 1] == b'\n')?;
    let text = &bytes[..end];
    let last = |needle: &[u8]| (0..text.len()).rev().find(|&at| text[at..].starts_with(needle));
    let start = last(&[&[END], TRACEBACK].concat())
        .or_else(|| Some(find(text, TRACEBACK)?.saturating_sub(1)))
        .or_else(|| text.iter().rposition(|&byte| byte == END))?;
    (start + 1 < end).then_some((start, end))
}

/// How many bytes at the end of `bytes` may become `needle`.
pub(super) fn partial(bytes: &[u8], needle: &[u8]) -> usize {
    (1..needle.len().min(bytes.len() + 1)).rev().find(|&count| bytes.ends_with(&needle[..count])).unwrap_or(0)
}

/// Where `needle` first stands in `bytes`.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, _) = needle.split_first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|&byte| byte == first) {
        let at = from + at;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
