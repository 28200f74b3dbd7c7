//! One board for the commands of a chain.
//!
//! Uses [`crate::device`]. Invariant: the board is opened by the first command that uses it, and once; it is restarted at most
//! once, unless a command of the chain restarts it.

use super::console::Console;
use super::session;
use crate::device::class::Class;
use crate::device::startup::convenience;
use crate::device::{Device, ExecOptions, Host, OpenOptions};
use crate::diagnostic::Diagnostic;
use crate::error::{Error, Kind};
use crate::script::Sources;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A board that several commands use, one after the other.
#[derive(Default)]
pub struct SharedBoard {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    host: Option<Host>,
    /// It is a fresh interpreter, or was one when the chain began to use it.
    is_fresh: bool,
    /// The convenience imports have run.
    has_imports: bool,
}

impl fmt::Debug for SharedBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedBoard")
    }
}

impl SharedBoard {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never restarts the board for a command that would.
    pub fn keep_memory(&self) {
        self.lock().is_fresh = true;
    }

    /// The host of the board; the first command makes it.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn host(&self, make: impl FnOnce() -> Result<Host, Diagnostic>) -> Result<Host, Diagnostic> {
        let mut state = self.lock();
        if let Some(host) = &state.host {
            return Ok(host.clone());
        }
        let host = make()?;
        state.host = Some(host.clone());
        Ok(host)
    }

    /// The board, as a command wants it: restarted if it asks for that and the chain has not done so, with the convenience imports
    /// if it has no startup code of its own.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub fn device(&self, host: &Host, class: &Arc<Class>, options: OpenOptions) -> Result<Device, Error> {
        let mut state = self.lock();
        let wants_fresh = options.soft_reset != Some(false);
        let wants_imports = options.startup.is_none();
        let open = host.devices().pop().filter(Device::is_open);
        let device = match open {
            Some(device) if wants_fresh && !state.is_fresh => {
                match device.restart() {
                    Ok(()) => state.has_imports = false,
                    // Its port starts a new interpreter each time.
                    Err(error) if error.kind() == Kind::FeatureUnavailableError => {}
                    Err(error) => return Err(error),
                }
                device
            }
            Some(device) => device,
            None => {
                // What is left of a lost one has nothing to tear down.
                host.close_all();
                let soft_reset = if state.is_fresh { Some(false) } else { options.soft_reset };
                let options = OpenOptions { startup: Some(String::new()), soft_reset, ..options };
                state.has_imports = false;
                host.open(class, None, options, &mut |_, _| Ok(()))?
            }
        };
        state.is_fresh |= wants_fresh;
        if wants_imports && !state.has_imports {
            let code = convenience(&device.firmware().name);
            device.exec_with(code, &ExecOptions { record: Some(true), ..ExecOptions::default() }, None, None)?;
            state.has_imports = true;
        }
        Ok(device)
    }

    /// Whether the board is open.
    pub fn is_open(&self) -> bool {
        self.lock().host.as_ref().is_some_and(|host| !host.devices().is_empty())
    }

    /// Restarts the board for a command that asks for it: later ones need not.
    ///
    /// # Errors
    /// As [`Device::restart`].
    pub fn restart(&self, device: &Device) -> Result<(), Error> {
        device.restart()?;
        let mut state = self.lock();
        (state.is_fresh, state.has_imports) = (true, false);
        Ok(())
    }

    /// Says that a command has left the board to its own programs: the next one opens it again.
    pub fn forget(&self) {
        let mut state = self.lock();
        (state.is_fresh, state.has_imports) = (false, false);
    }

    /// Closes the board, if it is open; prints what fails, and returns the exit status.
    pub fn close(&self, console: &Console) -> u8 {
        let Some(host) = std::mem::take(&mut *self.lock()).host else { return 0 };
        let failures: Vec<Diagnostic> = host.close_all().into_iter().map(session::plain).collect();
        session::finish_recording(&host, console, &Sources::default());
        super::report_failures(console, &failures, &Sources::default())
    }
}
