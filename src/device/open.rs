//! Opens a device: connect, identify, start up, declare, initialise; and restarts it.
//!
//! Uses the other files of this folder. Invariant: a failed opening leaves no open port and no reserved name.

use crate::board::{Board, ConnectFailure};
use crate::device::class::{Class, ItemKind};
use crate::device::connector::{Connector, PortOpener};
use crate::device::first::FirstItems;
use crate::device::handle::{Device, Inner};
use crate::device::host::Host;
use crate::device::journal::JournalEntry;
use crate::device::limits::{CONNECT_LIMIT, Limit, MAIN_LIMIT};
use crate::device::link_errors::refused;
use crate::device::named::Resolved;
use crate::device::options::{Hook, Implementation, OpenOptions};
use crate::device::startup::Imports;
use crate::device::state::{self, State};
use crate::error::{Kind, Result};
use crate::port::Wait;
use crate::repl::session::Sink;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Instant;

impl Host {
    /// Opens a device of `class`. `port`: any form that `docs/src/boards.md` lists; `None`: the host's default.
    /// `hook` runs the class's host-side methods; its error ends the opening, and the port is closed again.
    ///
    /// # Errors
    /// Of every kind: see the language reference, "Errors".
    pub fn open(
        &self,
        class: &Arc<Class>,
        port: Option<&str>,
        options: OpenOptions,
        hook: &mut dyn FnMut(Hook, &Device) -> Result<()>,
    ) -> Result<Device> {
        let name = options.name.clone();
        match self.options.resolve(port, options) {
            Ok(known) => {
                // Its setups may read what it is wired to.
                let mut hook = |which, device: &Device| {
                    if let (Hook::PreAutoinit, Some(name)) = (&which, &known.board) {
                        self.join_board(name, device)?;
                    }
                    hook(which, device)
                };
                let opened = self.open_with(class, self.connector(&known), &known.options, &mut hook);
                let is_of_station = port.is_some_and(|port| self.options.is_of_station(port));
                opened.map_err(|error| if is_of_station { absent(error) } else { error })
            }
            Err(error) => self.open_with(class, Err(error), &OpenOptions { name, ..OpenOptions::default() }, hook),
        }
    }

    /// A function that opens the port that [`Host::open`] would open, without a session, and the port as the user wrote it:
    /// for callers that want the raw bytes.
    ///
    /// # Errors
    /// Of an invalid address, or of a missing default.
    pub fn port_opener(&self, port: Option<&str>, options: &OpenOptions) -> Result<(String, Box<PortOpener>)> {
        let connector = self.connector(&self.options.resolve(port, options.clone())?)?;
        Ok((connector.written().to_owned(), Box::new(move |again| connector.open_port(again))))
    }

    fn connector(&self, known: &Resolved) -> Result<Connector> {
        Connector::new(&self.options, &self.shared.deadline, &self.shared.turns, known)
    }

    /// Like [`Host::open`], over the caller's own ports: a transport that belay-script does not know. `written` is their name in
    /// messages; `opener` opens one, and another after the connection is lost.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub fn open_over(
        &self,
        class: &Arc<Class>,
        written: &str,
        opener: Box<PortOpener>,
        options: OpenOptions,
        hook: &mut dyn FnMut(Hook, &Device) -> Result<()>,
    ) -> Result<Device> {
        let connector = Connector::over(&self.options, &self.shared.deadline, written, opener, &options);
        self.open_with(class, Ok(connector), &options, hook)
    }

    fn open_with(
        &self,
        class: &Arc<Class>,
        connector: Result<Connector>,
        options: &OpenOptions,
        hook: &mut dyn FnMut(Hook, &Device) -> Result<()>,
    ) -> Result<Device> {
        let name = self.shared.registry.reserve_name(options.name.as_deref().unwrap_or(&class.name));
        let device = match connector.and_then(|connector| self.connect(class, connector, options, &name)) {
            Ok(device) => device,
            Err(error) => {
                self.shared.registry.release_name(&name);
                return Err(error.with_device(&name));
            }
        };
        self.remember(&device);
        if let Err(error) = device.initialise(hook) {
            // Undo what the setups switched on.
            let error = error.with_device(&name);
            return Err(match device.close() {
                Ok(()) => error,
                Err(closing) => error.with_other(closing),
            });
        }
        Ok(device)
    }

    fn connect(&self, class: &Arc<Class>, connector: Connector, options: &OpenOptions, name: &str) -> Result<Device> {
        let begun = Instant::now();
        let first = match class.select("") {
            // No overload depends on what the board is.
            Ok(items) if !connector.begins_otherwise() => {
                let imports = connector.startup().map_or_else(|| Imports::of("micropython"), |_| Imports::default());
                FirstItems::of(&items, imports)
            }
            _ => FirstItems::default(),
        };
        let (board, kept) = match connector.take_over(&self.shared.pool, name)? {
            Some((board, kept)) => (board, Some(kept)),
            None => (connector.connect(name, &first.first, false)?, None),
        };
        if let Some(profile) = &self.options.profile {
            profile.add(name, "connecting", board.traffic(), begun.elapsed());
        }
        let identity = board.identity();
        let implementation = Implementation {
            name: identity.name.clone(),
            version: identity.version,
            platform: identity.platform.clone(),
            arch: identity.arch.clone(),
            emitters: Vec::new(),
            float_bits: 0,
        };
        let abilities = board.abilities();
        let mut state = State::new(board);
        state.kept = kept;
        Ok(Device(Arc::new(Inner {
            name: name.to_owned(),
            class: class.clone(),
            connector,
            abilities,
            host: self.clone(),
            timeout: options.timeout,
            attempts: options.attempts,
            auto_sync_time: options.auto_sync_time,
            open: AtomicBool::new(true),
            garbage: state.garbage.clone(),
            released: state.released.clone(),
            implementation,
            emitters: Mutex::new(None),
            unicode: Mutex::new(None),
            float_bits: Mutex::new(None),
            first,
            state: Mutex::new(state),
        })))
    }
}

/// The help for a missing board of the station: `--port` is for `open()` without a name.
fn absent(error: crate::error::Error) -> crate::error::Error {
    match error.kind() {
        Kind::DeviceNotFoundError => error.with_help(
            "plug it in, or use `--simulate` to replace the station's boards with simulated ones; `--port` does not",
        ),
        _ => error,
    }
}

impl Device {
    /// The part of opening after the board is connected.
    fn initialise(&self, hook: &mut dyn FnMut(Hook, &Device) -> Result<()>) -> Result<()> {
        let implementation = &self.0.implementation.name;
        let items = self.class().select(implementation)?;
        let limit = self.default_limit();
        let mut state = self.lock();
        self.mount_at_first(&mut state)?;
        self.start_up(&mut state, limit)?;
        if state.kept.is_none() {
            self.find_first(&mut state);
        }
        self.take_up(&mut state, &items)?;
        for item in &items {
            state.bind(self.host(), self.name(), item, limit)?;
        }
        drop(state);
        hook(Hook::PreAutoinit, self)?;
        for item in items.iter().filter(|item| item.kind == ItemKind::Setup && item.options.autoinit) {
            let mut state = self.lock();
            let values = crate::device::arguments::bind(item, &[], &[])?;
            self.run_globals(&mut state, item, &values, self.limit(item))?;
        }
        hook(Hook::PostInit, self)
    }

    /// Restarts the board, runs its main.py, and makes the device usable again with its declarations. Its setups do not
    /// run again: call them.
    ///
    /// # Errors
    /// FeatureUnavailableError if the port cannot; else as [`Host::open`].
    pub fn soft_reset(&self) -> Result<()> {
        self.restart_by(|board, wait, sink| board.soft_reset(MAIN_LIMIT, wait, sink))
    }

    /// As [`Device::soft_reset`], but boot.py runs alone, as when a device is opened.
    ///
    /// # Errors
    /// As [`Device::soft_reset`].
    pub fn restart(&self) -> Result<()> {
        self.restart_by(Board::restart)
    }

    fn restart_by(
        &self,
        restart: impl FnOnce(&mut Board, Wait, Sink<'_>) -> std::result::Result<(), ConnectFailure>,
    ) -> Result<()> {
        let mut state = self.lock();
        let flushed = state.flush_mount(self.host(), &self.quiet_run());
        let limit = Limit { timeout: Some(CONNECT_LIMIT), interruptible: true };
        let (wait, _) = state::wait(self.host(), limit);
        let State { board, lines, filter, .. } = &mut *state;
        let Some(board) = board.as_mut().filter(|board| !board.is_lost()) else {
            let missing = if self.is_closed() { state::closed } else { state::lost };
            return Err(missing(self.name()));
        };
        if !board.abilities().soft_reset {
            return Err(crate::device::reset::no_soft_reset().with_device(self.name()));
        }
        let mut sink = |bytes: &[u8]| filter.feed(bytes, lines).show(self.host().output(), self.name());
        restart(board, wait, &mut sink)
            .map_err(|failure| refused(failure, self.port(), self.abilities()).with_device(self.name()))?;
        let limit = self.default_limit();
        self.declare_again(&mut state, limit)?;
        flushed
    }

    /// Makes the device usable with a restarted, connected board: sends its declarations again.
    pub(super) fn declare_again(&self, state: &mut State, limit: Limit) -> Result<()> {
        state.started_anew();
        state.journal.forget_commands();
        self.start_up(state, limit)?;
        for entry in state.journal.entries().to_vec() {
            if let JournalEntry::Declared(item) = entry {
                state.place(self.host(), self.name(), &item, limit)?;
            }
        }
        Ok(())
    }
}
