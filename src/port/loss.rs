//! Why the other end of a port is gone.
//!
//! Invariant: data; nothing reads its text back, but a recording, which keeps the text alone ([`Loss::Other`]).

use std::time::Duration;

/// Why the other end of a port is gone. The text names the symptom.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Loss {
    /// A serial port has vanished.
    #[error("`{0}` is gone: the board was unplugged, or it restarted its USB")]
    Unplugged(String),
    /// The host at the other end of a network connection closed it.
    #[error("`{0}` closed the connection")]
    Closed(String),
    /// The pseudo-terminal of a process or of a terminal program is closed.
    #[error("the terminal is closed")]
    TerminalClosed,
    /// The process of an `exec:` port has ended; how.
    #[error("the process {0}")]
    ProcessEnded(String),
    /// The process of a simulated board has ended, or did not start; how.
    #[error("the simulated board {0}")]
    SimulatorEnded(String),
    /// The peer broke its protocol; how.
    #[error("{0}")]
    Protocol(String),
    /// The peer accepted no data for this time.
    #[error("the board accepted no data for {0:?}: the board or its connection hangs")]
    Stuck(Duration),
    /// The operating system refused an operation; which, and why.
    #[error("{0}")]
    System(String),
    /// A session did something else than the recording that it replays; where.
    #[error("the session differs from {0}")]
    Deviates(String),
    /// In the words of a recording, or of a port that another program implements.
    #[error("{0}")]
    Other(String),
    /// This program closed the session.
    #[error("the session was closed")]
    SessionClosed,
    /// The self test cut the connection on purpose.
    #[error("the self test has cut the connection")]
    CutOnPurpose,
}

impl Loss {
    /// An operation of the operating system failed.
    pub(crate) fn system(what: &str, why: impl std::fmt::Display) -> Loss {
        Loss::System(format!("{what}: {why}"))
    }
}
