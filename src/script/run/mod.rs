//! What everything of one run shares.
//!
//! What it is to do is in [`options`], when it ends in [`clock`], what has happened in [`recorder`], what its scripts declare in
//! [`declarations`]. Invariant: closures of `parallel` may use all of it at once.

pub(crate) mod board;
pub(crate) mod clock;
pub(crate) mod declarations;
pub(crate) mod folder;
pub(crate) mod groups;
pub(crate) mod ledger;
pub(crate) mod loader;
pub(crate) mod lossy;
pub(crate) mod memory;
pub(crate) mod options;
mod permissions;
pub(crate) mod recorder;
pub(crate) mod warnings;

use crate::device::Host;
use crate::gate::Gate;
use crate::script::observer::Observer;
use crate::script::run::clock::Clock;
use crate::script::run::declarations::Declarations;
use crate::script::run::ledger::Ledger;
use crate::script::run::options::RunOptions;
use crate::script::run::recorder::Recorder;
use crate::script::sources::Sources;
use std::sync::{Arc, Mutex};

/// What everything of one run shares.
pub(crate) struct Run {
    pub host: Host,
    pub observer: Arc<dyn Observer>,
    pub options: RunOptions,
    pub sources: Sources,
    pub clock: Clock,
    pub recorder: Recorder,
    pub declarations: Declarations,
    /// What a check has used up.
    pub ledger: Mutex<Ledger>,
}

impl Run {
    pub fn new(host: Host, observer: Arc<dyn Observer>, options: RunOptions) -> Run {
        host.set_gate(Gate::of_scripts(options.permissions.clone()));
        host.set_args(&options.args);
        let (clock, recorder) = (Clock::new(host.clone(), &options), Recorder::new(&options));
        let (sources, declarations, ledger) = (Sources::default(), Declarations::default(), Mutex::default());
        Run { host, observer, options, sources, clock, recorder, declarations, ledger }
    }

    /// Forgets what an earlier script of the same runner declared, and why it stopped.
    pub fn reset(&self) {
        self.declarations.reset();
        self.clock.go_on();
    }

    /// Begins a run: starts the time of its limit.
    pub fn begin(&self) {
        self.reset();
        self.clock.start();
    }

    /// Begins the next input of a session: forgets why the one before was stopped, and starts the time of the limit.
    pub fn resume(&self) {
        self.clock.go_on();
        self.clock.start();
    }
}
