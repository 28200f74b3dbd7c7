//! How a device is opened: connect, identify, start up, declare, initialise; and restarted.

use super::class::{Class, ItemKind};
use super::faults::connect_error;
use super::host::{Host, lock};
use super::state::{self, Limit, Run, State};
use super::{Device, Hook, Implementation, Inner, OpenOptions};
use crate::board::command::Command;
use crate::board::{Board, ConnectFailure};
use crate::error::{Error, Kind, Result};
use crate::port::Wait;
use crate::repl::Session;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const STARTUP_MICROPYTHON: &str = include_str!("../board/snippets/startup_micropython.py");
const STARTUP_CIRCUITPYTHON: &str = include_str!("../board/snippets/startup_circuitpython.py");

/// Longest time of connecting and identifying a board; booting boards are waited for.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// How long main.py may run after a soft reset before it is interrupted.
const MAIN_LIMIT: Duration = Duration::from_secs(2);

impl Host {
    /// Opens a device of `class`. `port`: any form of the language reference, "Ports"; `None`: the host's default.
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
        let name = self.reserve_name(options.name.as_deref().unwrap_or(&class.name));
        let device = match self.connect(class, port, &options, &name) {
            Ok(device) => device,
            Err(error) => {
                self.release_name(&name);
                return Err(error.with_device(&name));
            }
        };
        self.remember(&device);
        if let Err(error) = device.initialise(options.startup.as_deref(), hook) {
            // What the setups switched on is switched off again; the first error is the one to tell.
            let _ = device.close();
            return Err(error.with_device(&name));
        }
        Ok(device)
    }

    fn connect(&self, class: &Arc<Class>, port: Option<&str>, options: &OpenOptions, name: &str) -> Result<Device> {
        let (written, address) = self.address(port)?;
        let port_options = crate::port::open::OpenOptions {
            baud_rate: options.baudrate.unwrap_or(self.baudrate()),
            exclusive: options.exclusive,
            dtr: options.dtr,
            rts: options.rts,
            user: options.user.clone().or(self.login().0),
            password: options.password.clone().or(self.login().1),
            turn: self.turn(&address),
        };
        let mut port = crate::port::open::open(&address, &port_options, &|text| self.output().notice(text))?;
        if let Some(recorder) = self.recorder() {
            port = recorder.record(port);
        }
        let token = port.agree_on_token(token()?);
        let abilities = port.abilities();
        let reset = options.soft_reset.unwrap_or(!abilities.fresh) && abilities.soft_reset;
        let wait = Wait::for_at_most(CONNECT_LIMIT).until(self.deadline());
        let mut filter = super::output::Filter::default();
        let lines = super::lines::LineMap::default();
        let mut sink = |bytes: &[u8]| self.output().board(name, &filter.feed(bytes, &lines));
        let session = Session::new(port, token);
        let board = Board::connect(session, reset, wait, &mut sink).map_err(|failure| refused(failure, &written))?;
        let identity = board.identity();
        let implementation = Implementation {
            name: identity.name.clone(),
            version: identity.version,
            platform: identity.platform.clone(),
            arch: identity.arch.clone(),
            emitters: Vec::new(),
        };
        let state = State::new(board);
        Ok(Device(Arc::new(Inner {
            name: name.to_owned(),
            class: class.clone(),
            port: written,
            simulated: abilities.simulated,
            host: self.clone(),
            timeout: options.timeout,
            open: AtomicBool::new(true),
            garbage: state.garbage.clone(),
            implementation,
            emitters: Mutex::new(None),
            state: Mutex::new(state),
        })))
    }
}

impl Device {
    /// Everything of an opening after the board is there.
    fn initialise(&self, startup: Option<&str>, hook: &mut dyn FnMut(Hook, &Device) -> Result<()>) -> Result<()> {
        let implementation = &self.0.implementation.name;
        let items = self.class().select(implementation)?;
        self.start_up(startup, implementation)?;
        let limit = self.default_limit();
        let mut state = self.lock();
        for item in &items {
            state.bind(self.host(), self.name(), item, limit)?;
        }
        drop(state);
        hook(Hook::PreAutoinit, self)?;
        for item in items.iter().filter(|item| item.kind == ItemKind::Setup && item.options.autoinit) {
            let mut state = self.lock();
            let values = super::arguments::bind(item, &[], &[])?;
            self.run_globals(&mut state, item, &values, self.limit(item))?;
        }
        hook(Hook::PostInit, self)
    }

    fn start_up(&self, startup: Option<&str>, implementation: &str) -> Result<()> {
        let code = match (startup, implementation) {
            (Some(code), _) => code,
            (None, "circuitpython") => STARTUP_CIRCUITPYTHON,
            (None, _) => STARTUP_MICROPYTHON,
        };
        if code.trim().is_empty() {
            return Ok(());
        }
        let prepared = super::source::exec(code)?;
        let limit = Limit { timeout: self.0.timeout, interruptible: true };
        let run = Run { device: self.name(), item: "startup", piece: None, limit };
        self.lock().run(self.host(), &run, &Command::statements(&prepared.source)).map(|_| ())
    }

    /// Restarts the board, runs its main.py, and makes the device usable again with its declarations. Its setups do not
    /// run again: call them.
    ///
    /// # Errors
    /// FeatureUnavailableError if the port cannot; else as [`Host::open`].
    pub fn soft_reset(&self) -> Result<()> {
        let mut state = self.lock();
        let limit = Limit { timeout: Some(CONNECT_LIMIT), interruptible: true };
        let (wait, _) = state::wait(self.host(), limit);
        let State { board, lines, filter, .. } = &mut *state;
        let Some(board) = board.as_mut() else { return Err(state::closed(self.name())) };
        if !board.abilities().soft_reset {
            return Err(Error::new(Kind::FeatureUnavailableError, "a soft reset ends what is behind this port")
                .with_device(self.name())
                .with_help("close the device and open it again"));
        }
        let mut sink = |bytes: &[u8]| self.host().output().board(self.name(), &filter.feed(bytes, lines));
        board
            .soft_reset(MAIN_LIMIT, wait, &mut sink)
            .map_err(|failure| refused(failure, self.port()).with_device(self.name()))?;
        lock(&state.garbage).clear();
        let items: Vec<_> = state.bound.iter().map(|bound| bound.item.clone()).collect();
        drop(state);
        self.start_up(None, &self.0.implementation.name)?;
        let mut state = self.lock();
        for item in &items {
            state.bind(self.host(), self.name(), item, self.default_limit())?;
        }
        Ok(())
    }
}

fn refused(failure: ConnectFailure, port: &str) -> Error {
    match failure {
        ConnectFailure::Link(failure) => connect_error(failure, port),
        ConnectFailure::Unusable(text) => {
            let last = text.trim().lines().last().unwrap_or_default().to_owned();
            Error::new(
                Kind::ConnectionFailedError,
                format!("what answers at `{port}` is no usable MicroPython: {last}"),
            )
            .with_help("MicroPython 1.9 or newer, or CircuitPython, must be on the board")
        }
    }
}

/// Ten letters and digits from the operating system's randomness.
fn token() -> Result<String> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(Kind::InternalError, format!("the operating system gives no randomness: {error}"))
    })?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect())
}
