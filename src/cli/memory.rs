//! How much memory scripts may take (`--max-memory`).
//!
//! Invariant: without a counting allocator, as in programs that embed the library, memory is not limited.

use super::arguments::Allowed;
use crate::script::Memory;
use std::sync::OnceLock;

/// Returns the number of bytes this program has allocated.
static USED: OnceLock<fn() -> usize> = OnceLock::new();

/// Says how memory is counted. Once.
pub fn count_by(used: fn() -> usize) {
    let _ = USED.set(used);
}

/// The memory that scripts may take.
pub fn limit(allowed: &Allowed) -> Option<Memory> {
    USED.get().map(|&used| Memory { most: allowed.max_memory, used })
}

/// A number of bytes: digits, and `k`, `m` or `g` for 1024, 1024 k and 1024 m.
///
/// # Errors
/// If it is something else, or less than `LEAST`.
pub fn size(text: &str) -> Result<usize, String> {
    let (digits, shift) = match text.to_ascii_lowercase().as_bytes() {
        [.., b'k'] => (&text[..text.len() - 1], 10),
        [.., b'm'] => (&text[..text.len() - 1], 20),
        [.., b'g'] => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| plain).and_then(|number: usize| number.checked_mul(1 << shift));
    match number {
        Some(number) if number >= LEAST => Ok(number),
        Some(_) => Err(format!("at least {}m", LEAST >> 20)),
        None => Err("not a size; use a number of bytes, such as 512m or 2g".to_owned()),
    }
}

/// Least memory that a script can be given: the program itself takes a few MiB.
const LEAST: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(size("1g"), Ok(1 << 30));
        assert_eq!(size("512M"), Ok(512 << 20));
        assert_eq!(size("33554432"), Ok(32 << 20));
        for text in ["", "g", "1x", "-1", "1m", "99999999999g", "1.5g"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
