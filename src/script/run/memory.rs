//! Memory limit of a run.
//!
//! Invariant: the check after every operation costs one counter read.

use crate::error::{Error, Kind};

/// Memory limit of a run.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Bytes that the whole program may allocate while a script runs.
    pub most: usize,
    /// Returns the number of allocated bytes.
    pub used: fn() -> usize,
}

impl Memory {
    /// The error if the limit is exceeded.
    pub(crate) fn excess(&self) -> Option<Error> {
        ((self.used)() > self.most).then(|| {
            Error::new(Kind::ScriptError, format!("the script uses more than {} of memory", shown(self.most as u64)))
                .with_help("allow more with `--max-memory SIZE`, or keep less at a time")
        })
    }
}

/// Formats bytes as on the command line.
pub(crate) fn shown(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}
