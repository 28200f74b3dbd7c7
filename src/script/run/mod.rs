//! Shared state of a run.
//!
//! Its options are in [`options`], its end in [`clock`], its events in [`events`] and [`recorder`], the declarations of its scripts in
//! [`declarations`]. Invariant: closures of `parallel` may use all of it concurrently.

pub(crate) mod board;
pub(crate) mod clock;
pub(crate) mod console;
mod consoles;
pub(crate) mod declarations;
pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod folder;
pub(crate) mod groups;
mod identity;
pub(crate) mod ledger;
pub(crate) mod loader;
pub(crate) mod lossy;
pub(crate) mod memory;
pub(crate) mod monitors;
mod noted;
pub(crate) mod options;
mod permissions;
pub(crate) mod receivers;
pub(crate) mod recorder;
pub(crate) mod results;
pub(crate) mod station;
pub(crate) mod warnings;

use crate::device::Host;
use crate::gate::Gate;
use crate::script::observer::Observer;
use crate::script::run::clock::Clock;
use crate::script::run::console::OpenConsole;
use crate::script::run::declarations::Declarations;
use crate::script::run::events::Events;
use crate::script::run::ledger::Ledger;
use crate::script::run::options::RunOptions;
use crate::script::run::recorder::Recorder;
use crate::script::run::station::Bench;
use crate::script::sources::Sources;
use std::sync::{Arc, Mutex};

/// Shared state of a run.
pub(crate) struct Run {
    pub host: Host,
    pub options: RunOptions,
    /// See [`permissions`].
    gate: Mutex<Arc<Gate>>,
    /// See [`station`].
    bench: Mutex<Bench>,
    pub sources: Sources,
    pub events: Arc<Events>,
    pub clock: Clock,
    pub recorder: Recorder,
    pub declarations: Declarations,
    /// The open consoles. See [`consoles`].
    consoles: Mutex<Vec<Arc<OpenConsole>>>,
    /// State of a check.
    pub ledger: Mutex<Ledger>,
}

impl Run {
    pub fn new(host: Host, observer: Arc<dyn Observer>, options: RunOptions) -> Run {
        let gate = Mutex::new(Arc::new(Gate::of_scripts(options.permissions.clone())));
        let (clock, recorder) = (Clock::new(host.clone(), &options), Recorder::new(&options));
        let (sources, declarations, ledger) = (Sources::default(), Declarations::default(), Mutex::default());
        let events = Arc::new(Events::new(observer, &options, sources.clone()));
        host.redirect(events.clone());
        let bench = Bench { station: options.station.clone(), options: host.options().clone() };
        let (bench, consoles) = (Mutex::new(bench), Mutex::default());
        Run { host, options, gate, bench, sources, events, clock, recorder, declarations, consoles, ledger }
    }

    /// Clears the declarations of an earlier script of the same runner, and its reason for stopping.
    pub fn reset(&self) {
        self.declarations.reset();
        self.clock.go_on();
    }

    /// Begins a run: starts its time limit.
    pub fn begin(&self) {
        self.reset();
        self.clock.start();
    }

    /// Begins the next input of a session: clears the previous reason for stopping, and starts the time limit.
    pub fn resume(&self) {
        self.clock.go_on();
        self.clock.start();
    }
}
