//! The log of the fake board's connection, for byte accounting. Invariant: entries are never removed.

/// Everything that happened.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// What the host wrote, one entry a call.
    pub writes: Vec<Vec<u8>>,
    /// What the host read.
    pub delivered: Vec<u8>,
    /// How many reads ended with a timeout.
    pub timeouts: usize,
    /// How many bytes did not fit into the input ring.
    pub lost: usize,
    /// What the host did against the rules of raw paste.
    pub violations: Vec<String>,
    /// The programs that ran.
    pub programs: Vec<String>,
    /// Number of restarts.
    pub resets: usize,
}

impl Log {
    /// All that the host wrote.
    pub fn written(&self) -> Vec<u8> {
        self.writes.concat()
    }
}
