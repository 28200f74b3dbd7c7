//! How much memory a run may take.
//!
//! Invariant: what is looked at after every operation costs the reading of a counter.

use crate::error::{Error, Kind};

/// How much memory a run may take.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Bytes that the whole program may have allocated while a script runs.
    pub most: usize,
    /// How many it has allocated.
    pub used: fn() -> usize,
}

impl Memory {
    /// Why the run has to stop, if it takes too much.
    pub(crate) fn excess(&self) -> Option<Error> {
        ((self.used)() > self.most).then(|| {
            Error::new(Kind::ScriptError, format!("the script uses more than {} of memory", shown(self.most as u64)))
                .with_help("allow more with `--max-memory SIZE`, or keep less at a time")
        })
    }
}

/// A number of bytes as the command line takes it.
pub(crate) fn shown(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}
