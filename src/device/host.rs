//! The owner of the devices of one run: its options, its deadline, the open devices, and the connections that are kept.
//!
//! Invariant: the options of a host never change. What changes during a run has one owner each: [`Deadline`], [`Registry`],
//! [`Pool`], [`Turns`], [`Outlet`].

use crate::device::deadline::Deadline;
use crate::device::handle::Device;
use crate::device::host_options::HostOptions;
use crate::device::instrument_registry::Instruments;
use crate::device::output::{Outlet, Output};
use crate::device::pool::Pool;
use crate::device::registry::{Registry, Wiring};
use crate::device::turns::Turns;
use crate::error::Error;
use std::sync::Arc;
use std::time::Instant;

/// The owner of the devices of one run. Cheap to clone: clones share the devices.
#[derive(Clone)]
pub struct Host {
    pub(super) options: Arc<HostOptions>,
    pub(super) shared: Arc<Shared>,
}

/// What changes while a host exists.
pub(super) struct Shared {
    /// The output of the options: the run in progress makes events of what passes through it.
    pub outlet: Arc<Outlet>,
    pub deadline: Arc<Deadline>,
    pub registry: Registry,
    pub instruments: Instruments,
    pub wiring: Wiring,
    pub pool: Pool,
    pub turns: Arc<Turns>,
}

impl Host {
    /// A host without devices.
    pub fn new(options: HostOptions) -> Host {
        let outlet = Arc::new(Outlet::new(options.output));
        let shared = Shared {
            outlet: outlet.clone(),
            deadline: Arc::default(),
            registry: Registry::default(),
            instruments: Instruments::default(),
            wiring: Wiring::default(),
            pool: Pool::default(),
            turns: Arc::default(),
        };
        Host { options: Arc::new(HostOptions { output: outlet, ..options }), shared: Arc::new(shared) }
    }

    /// This host with other options for devices that are opened from it: for one script, with its permissions. Both share
    /// the open devices, the kept connections and the deadline.
    #[must_use]
    pub fn with_options(&self, options: HostOptions) -> Host {
        Host { options: Arc::new(options), shared: self.shared.clone() }
    }

    /// The options.
    pub fn options(&self) -> &HostOptions {
        &self.options
    }

    /// Ends every call of any device that is still running at this time, with a TimeoutError (`--timeout`).
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        self.shared.deadline.set(deadline);
    }

    /// Ends every call of this thread, of any device, that is still running at this time: a timeout for a part of the script,
    /// which does not affect other threads.
    pub fn set_deadline_of_thread(&self, deadline: Option<Instant>) {
        Deadline::set_of_thread(deadline);
    }

    /// The deadline of this thread: that of the run, or its own if that is earlier.
    pub fn deadline(&self) -> Option<Instant> {
        self.shared.deadline.get()
    }

    /// Passes output of all devices to `output` from now on: the run in progress makes events of it.
    pub(crate) fn redirect(&self, output: Arc<dyn Output>) {
        self.shared.outlet.redirect(output);
    }

    /// The receiver of the boards' output.
    pub fn output(&self) -> &dyn Output {
        &*self.options.output
    }

    /// Sets whether a closed device leaves its connection for the next one.
    pub fn keep_links(&self, keep: bool) {
        self.shared.pool.set_keeping(keep);
    }

    /// Starts a run: from now on, the kept connections can be reused. A run never reuses its own.
    pub fn begin_run(&self) {
        self.shared.pool.begin_run();
    }

    /// Closes the kept connections.
    pub fn release_links(&self) {
        self.shared.pool.release();
    }

    /// The open devices, in the order of opening.
    pub fn devices(&self) -> Vec<Device> {
        self.shared.registry.devices()
    }

    /// Closes every device that is still open, then every instrument, latest first, running their teardowns. Closes all of them even
    /// if one fails.
    pub fn close_all(&self) -> Vec<Error> {
        let mut errors = Vec::new();
        // The registry is not locked while closing: a teardown may be slow, and other threads use it.
        while let Some(device) = self.shared.registry.last() {
            if let Err(error) = device.close() {
                errors.push(error);
            }
            self.forget(&device);
        }
        while let Some(instrument) = self.shared.instruments.take_last() {
            if let Err(error) = instrument.close() {
                errors.push(error);
            }
        }
        errors
    }

    pub(super) fn remember(&self, device: &Device) {
        self.shared.registry.add(device, |count| self.output().open_devices(count));
    }

    pub(super) fn forget(&self, device: &Device) {
        self.shared.registry.remove(device, |count| self.output().open_devices(count));
    }
}
