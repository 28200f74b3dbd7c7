//! The shared state of the devices of one run: the output, the default port, the deadline, and the list of open devices.
//!
//! Invariant: a device is in the list from opening to closing, and names in it are unique.

use crate::device::handle::Device;
use crate::device::kept::Pool;
use crate::device::lock::lock;
use crate::device::named::Known;
use crate::device::output::{Outlet, Output};
use crate::device::person::Terminal;
use crate::error::{Error, Result};
use crate::gate::Gate;
use crate::port::address::Address;
use crate::port::options::LineOptions;
use crate::port::trace::Recorder;
use std::cell::Cell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The shared state of the devices of one run. Cheap to clone.
#[derive(Clone)]
pub struct Host(pub(super) Arc<Shared>);

pub(super) struct Shared {
    output: Arc<Outlet>,
    port: Option<String>,
    deadline: Mutex<Option<Instant>>,
    /// The line and the login, unless `open` sets others.
    line: Mutex<LineOptions>,
    recorder: Mutex<Option<Recorder>>,
    terminal: Mutex<Option<Arc<dyn Terminal>>>,
    turns: Turns,
    /// The folder that every device mounts, and whether it is writable.
    mount: Mutex<Option<(PathBuf, bool)>>,
    known: Mutex<Known>,
    /// What may be opened for a script.
    gate: Mutex<Arc<Gate>>,
    /// The script's arguments on the command line: a port among them was named by the user.
    args: Mutex<Vec<String>>,
    registry: Mutex<Registry>,
    /// See [`crate::device::pool`].
    pub(super) pool: Mutex<Pool>,
}

/// The devices that are open, and their names.
#[derive(Default)]
struct Registry {
    /// In the order in which they were opened.
    open: Vec<Device>,
    /// Names given to devices, also to those that are being opened.
    reserved: Vec<String>,
}

thread_local! {
    /// See [`Host::set_deadline_of_thread`].
    static OF_THREAD: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// How many times each recording was opened: it contains one session per opening.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<String, usize>>>);

impl Turns {
    /// How many times `address` was opened before, if it is a recording.
    pub(super) fn next(&self, address: &Address) -> usize {
        let Some(path) = address.recording() else { return 0 };
        let mut turns = lock(&self.0);
        let turn = turns.entry(path.to_owned()).or_default();
        *turn += 1;
        *turn - 1
    }
}

impl Host {
    /// A host without devices. `port`: the port of `--port`, in any form; `None`: `BELAY_DEVICE`, else the only board.
    pub fn new(output: Arc<dyn Output>, port: Option<String>) -> Host {
        Host(Arc::new(Shared {
            output: Arc::new(Outlet::new(output)),
            port,
            deadline: Mutex::new(None),
            line: Mutex::default(),
            recorder: Mutex::default(),
            terminal: Mutex::default(),
            turns: Turns::default(),
            mount: Mutex::default(),
            known: Mutex::default(),
            args: Mutex::default(),
            gate: Mutex::new(Arc::new(Gate::of_person())),
            registry: Mutex::default(),
            pool: Mutex::default(),
        }))
    }

    /// Ends every call of any device that is still running at this time, with a TimeoutError (`--timeout`).
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        *lock(&self.0.deadline) = deadline;
    }

    /// Ends every call of this thread, of any device, that is still running at this time: a timeout for a part of the script,
    /// which does not affect other threads.
    pub fn set_deadline_of_thread(&self, deadline: Option<Instant>) {
        OF_THREAD.set(deadline);
    }

    /// The line and the login of devices whose `open` does not set them (`--baudrate`, `--user`, `--password-file`).
    pub fn set_line(&self, line: LineOptions) {
        *lock(&self.0.line) = line;
    }

    pub(super) fn line(&self) -> LineOptions {
        lock(&self.0.line).clone()
    }

    /// Records the traffic of all ports opened from now on (`--record`).
    pub fn set_recorder(&self, recorder: Recorder) {
        *lock(&self.0.recorder) = Some(recorder);
    }

    /// The recorder of this run's ports.
    pub fn recorder(&self) -> Option<Recorder> {
        lock(&self.0.recorder).clone()
    }

    /// From now on, a script can open only what `gate` allows. Until then, [`Gate::of_person`] applies.
    pub fn set_gate(&self, gate: Gate) {
        *lock(&self.0.gate) = Arc::new(gate);
    }

    /// Sets the script's arguments from the command line: the user has named the ports among them.
    pub fn set_args(&self, args: &[String]) {
        *lock(&self.0.args) = args.to_owned();
    }

    /// Whether the command line names this port.
    pub(super) fn is_named(&self, port: &str) -> bool {
        self.default_port() == Some(port) || lock(&self.0.args).iter().any(|arg| arg == port)
    }

    /// What may be opened for a script.
    pub fn gate(&self) -> Arc<Gate> {
        lock(&self.0.gate).clone()
    }

    pub(super) fn known(&self) -> &Mutex<Known> {
        &self.0.known
    }

    pub(super) fn default_port(&self) -> Option<&str> {
        self.0.port.as_deref()
    }

    pub(super) fn mount_of_run(&self) -> &Mutex<Option<(PathBuf, bool)>> {
        &self.0.mount
    }

    /// The interactive terminal for [`Device::terminal`]. `None`: not available.
    pub fn set_terminal(&self, terminal: Arc<dyn Terminal>) {
        *lock(&self.0.terminal) = Some(terminal);
    }

    pub(super) fn terminal(&self) -> Option<Arc<dyn Terminal>> {
        lock(&self.0.terminal).clone()
    }

    pub(super) fn turns(&self) -> Turns {
        self.0.turns.clone()
    }

    /// The deadline of this thread: that of the run, or its own if that is earlier.
    pub fn deadline(&self) -> Option<Instant> {
        let of_run = *lock(&self.0.deadline);
        match (of_run, OF_THREAD.get()) {
            (Some(run), Some(own)) => Some(run.min(own)),
            (run, own) => run.or(own),
        }
    }

    pub(super) fn shared_output(&self) -> Arc<dyn Output> {
        self.0.output.clone()
    }

    /// Passes output of all devices to `output` from now on: the run in progress makes events of it.
    pub(crate) fn redirect(&self, output: Arc<dyn Output>) {
        self.0.output.redirect(output);
    }

    /// The receiver of the boards' output.
    pub fn output(&self) -> &dyn Output {
        &*self.0.output
    }

    /// The open devices, in the order of opening.
    pub fn devices(&self) -> Vec<Device> {
        lock(&self.0.registry).open.clone()
    }

    /// Closes every device that is still open, latest first, running its teardowns. Closes all of them even if one fails.
    pub fn close_all(&self) -> Vec<Error> {
        let mut errors = Vec::new();
        loop {
            // Do not hold the lock while closing: a teardown may be slow, and other threads use the list.
            let Some(device) = lock(&self.0.registry).open.last().cloned() else { return errors };
            if let Err(error) = device.close() {
                errors.push(error);
            }
            self.forget(&device);
        }
    }

    /// The address of `port`; by default that of `--port`, of `BELAY_DEVICE`, or of the only board.
    pub(super) fn address(&self, port: Option<&str>) -> Result<(String, Address)> {
        match port.or(self.0.port.as_deref()) {
            Some(text) => Ok((text.to_owned(), text.parse()?)),
            None => {
                let address = crate::port::open::default_address()?;
                Ok((address.to_string(), address))
            }
        }
    }

    /// A unique name: `wanted`, or `wanted#2` and so on.
    pub(super) fn reserve_name(&self, wanted: &str) -> String {
        let reserved = &mut lock(&self.0.registry).reserved;
        let free = |name: &String| !reserved.contains(name);
        let numbered = (2..).map(|number| format!("{wanted}#{number}"));
        let name = std::iter::once(wanted.to_owned()).chain(numbered).find(free).unwrap_or_default();
        reserved.push(name.clone());
        name
    }

    pub(super) fn release_name(&self, name: &str) {
        lock(&self.0.registry).reserved.retain(|other| other != name);
    }

    pub(super) fn remember(&self, device: &Device) {
        let open = &mut lock(&self.0.registry).open;
        open.push(device.clone());
        self.output().open_devices(open.len());
    }

    pub(super) fn forget(&self, device: &Device) {
        let open = &mut lock(&self.0.registry).open;
        open.retain(|other| !other.is(device));
        self.output().open_devices(open.len());
    }
}
