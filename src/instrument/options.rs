//! The options of an open instrument.
//!
//! Invariant: plain data; an option that a script sets comes before one of the station.

use crate::port::options::LineOptions;
use std::time::Duration;

/// How long a reply may take by default.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// How to open an instrument, and how to talk to it. `None`: not set here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstrumentOptions {
    /// Its name in errors and reports. Default: that of its class, or the model that it names.
    pub name: Option<String>,
    /// The serial line, and the login.
    pub line: LineOptions,
    /// What ends a message to the instrument. Default: a line feed.
    pub terminator: Option<String>,
    /// What ends a reply. Default: as [`InstrumentOptions::terminator`].
    pub read_terminator: Option<String>,
    /// How long a reply may take. Default: [`TIMEOUT`].
    pub timeout: Option<Duration>,
    /// How often a query is sent again whose reply did not come. Default: 0.
    pub retries: Option<u32>,
    /// Whether the error queue is read after each command. Default: no.
    pub check_errors: Option<bool>,
    /// The query that reads one entry of the error queue. Default: `SYST:ERR?`.
    pub error_query: Option<String>,
    /// Whether it is asked for its identity on open. Default: yes.
    pub identify: Option<bool>,
    /// When it was calibrated last, as the bench knows it, for reports.
    pub calibrated: Option<String>,
}

impl InstrumentOptions {
    /// These options, completed by `other` where they are not set.
    #[must_use]
    pub fn or(self, other: &InstrumentOptions) -> InstrumentOptions {
        InstrumentOptions {
            name: self.name.or_else(|| other.name.clone()),
            line: self.line.or(&other.line),
            terminator: self.terminator.or_else(|| other.terminator.clone()),
            read_terminator: self.read_terminator.or_else(|| other.read_terminator.clone()),
            timeout: self.timeout.or(other.timeout),
            retries: self.retries.or(other.retries),
            check_errors: self.check_errors.or(other.check_errors),
            error_query: self.error_query.or_else(|| other.error_query.clone()),
            identify: self.identify.or(other.identify),
            calibrated: self.calibrated.or_else(|| other.calibrated.clone()),
        }
    }

    /// How long a reply may take.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(TIMEOUT)
    }

    /// What ends a message to the instrument.
    pub fn terminator(&self) -> &str {
        self.terminator.as_deref().unwrap_or("\n")
    }

    /// What ends a reply.
    pub fn read_terminator(&self) -> &str {
        self.read_terminator.as_deref().unwrap_or_else(|| self.terminator())
    }

    /// The query that reads one entry of the error queue.
    pub fn error_query(&self) -> &str {
        self.error_query.as_deref().unwrap_or("SYST:ERR?")
    }
}
