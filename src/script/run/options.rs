//! What a run is to do and may do, from its beginning on.
//!
//! Invariant: nothing changes it while scripts run.

use crate::bench::operator::Operator;
use crate::bench::select::Selection;
use crate::bench::station::Station;
use crate::gate::Permissions;
use crate::script::run::memory::Memory;
use crate::script::run::warnings::ShownWarnings;
use std::sync::Arc;
use std::time::Duration;

/// What a [`Runner`](crate::script::Runner) and its scripts are given. The default: no arguments, no limits, no station, nobody
/// to ask, every test, the default permissions, a report.
#[derive(Clone, Default)]
pub struct RunOptions {
    /// What scripts see as `args`.
    pub args: Vec<String>,
    /// How long a run may take, or an input of a session; `None`: for any time.
    pub limit: Option<Duration>,
    /// How much memory scripts may take; `None`: any.
    pub memory: Option<Memory>,
    /// What scripts may do.
    pub permissions: Permissions,
    /// What scripts see as `station`. Its boards are to be made known to the host ([`crate::device::Host::set_boards`]).
    pub station: Option<Arc<Station>>,
    /// Who answers the questions of scripts; `None`: there is nobody to ask.
    pub operator: Option<Arc<dyn Operator>>,
    /// What the record of a run begins with.
    pub subject: Subject,
    /// Which tests are run, and in which order.
    pub selection: Selection,
    /// Leaves [`Finished::report`](crate::script::Finished) empty, for who makes reports of the observer's events, with an
    /// [`Archiver`](crate::bench::archive::Archiver): then memory does not grow with tests and samples.
    pub drops_report: bool,
    /// Analyse scripts before they run: reject those with errors, and show the warnings that are not among these.
    pub checked: Option<ShownWarnings>,
}

/// What the one who runs a script knows of the run, for its record.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Number of the run within the stream of events; 0 counts as 1.
    pub run: u32,
    /// Who runs it.
    pub operator: Option<String>,
    /// Serial number of the unit under test.
    pub unit: Option<String>,
    /// Revision of the repository in which the script lies.
    pub revision: Option<String>,
    /// Whether boards are asked for what only reports tell. It costs an exchange for each that is opened.
    pub asks_boards: bool,
}
