//! Options of a run.
//!
//! Invariant: immutable while scripts run.

use crate::bench::empty::EmptyRun;
use crate::bench::operator::Operator;
use crate::bench::select::Selection;
use crate::bench::station::Station;
use crate::gate::Permissions;
use crate::script::run::memory::Memory;
use crate::script::run::warnings::ShownWarnings;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Texts of scripts that an editor holds, by the scripts' names.
pub type OpenTexts = Arc<HashMap<String, Arc<str>>>;

/// Options of a [`Runner`](crate::script::Runner). The default: no arguments, no limits, no station, no
/// operator, every test, the default permissions, a report.
#[derive(Clone, Default)]
pub struct RunOptions {
    /// The value of `args` in scripts.
    pub args: Vec<String>,
    /// Time limit of a run, or of each input of a session.
    pub limit: Option<Duration>,
    /// Memory limit of scripts.
    pub memory: Option<Memory>,
    /// Permissions of scripts.
    pub permissions: Permissions,
    /// The value of `station` in scripts. Also pass its boards to the host ([`crate::device::HostOptions::boards`]).
    pub station: Option<Arc<Station>>,
    /// Answers the questions of scripts; `None` fails them.
    pub operator: Option<Arc<dyn Operator>>,
    /// Data at the head of the report.
    pub subject: Subject,
    /// Which tests run, and in which order.
    pub selection: Selection,
    /// What a run means in which no test runs and nothing is measured.
    pub empty: EmptyRun,
    /// Leave [`Finished::report`](crate::script::Finished) empty, for callers that build reports from the observer's events with an
    /// [`Archiver`](crate::bench::archive::Archiver): memory then does not grow with tests and samples.
    pub drops_report: bool,
    /// Analyse scripts before they run: reject those with errors, and show the warnings that are not among these.
    pub checked: Option<ShownWarnings>,
    /// Texts that count in place of the files of imported modules.
    pub open: OpenTexts,
}

/// What the caller knows about the run, for the report.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Number of the run within the stream of events; 0 counts as 1.
    pub run: u32,
    /// Who runs it.
    pub operator: Option<String>,
    /// Serial number of the unit under test.
    pub serial: Option<String>,
    /// Revision of the repository that contains the script.
    pub revision: Option<String>,
    /// A report or log is written: record what only they show. Asks each opened board for details, in one exchange, and hashes the
    /// executable and the folders that boards get.
    pub is_recorded: bool,
}
