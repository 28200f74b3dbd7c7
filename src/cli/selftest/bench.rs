//! The board under test, and the operations that checks share.
//!
//! Uses [`crate::device`]. Invariant: after [`Bench::recover`] the board can be used again, or an error says that it is gone.

use super::facts::Facts;
use super::files::Scratch;
use super::plug::Plug;
use super::report::Measured;
use crate::cli::console::Console;
use crate::device::class::{Class, ItemKind};
use crate::device::{Called, Device, Host, OpenOptions, Output};
use crate::error::{Error, Kind, Result};
use crate::origin::Origin;
use crate::value::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time limit for a board to recover after a failed check.
const RECOVERY: Duration = Duration::from_secs(45);
/// How often a port that does not open is tried, and how long to wait between: a board that restarts is away for seconds.
const OPENINGS: u32 = 20;
const BETWEEN_OPENINGS: Duration = Duration::from_millis(250);

/// Keeps what the board prints; remarks go to the person.
pub struct Printed {
    text: Mutex<String>,
    console: Arc<Console>,
}

impl Printed {
    /// An empty buffer.
    pub fn new(console: Arc<Console>) -> Printed {
        Printed { text: Mutex::default(), console }
    }

    /// Output since the last call.
    pub fn take(&self) -> String {
        std::mem::take(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Output for Printed {
    fn board(&self, _device: &str, text: &str) {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }

    fn notice(&self, text: &str) {
        self.console.notice(text);
    }
}

/// The board under test.
pub struct Bench {
    /// The open device. Checks may lose its connection, [`Bench::recover`] brings it back.
    pub device: Device,
    /// Opens and cuts the port.
    pub plug: Arc<Plug>,
    /// Properties of the board.
    pub facts: Facts,
    /// Measurements.
    pub measured: Measured,
    /// Shorter checks.
    pub quick: bool,
    /// A folder on the board.
    pub scratch: Scratch,
    host: Host,
    written: String,
    printed: Arc<Printed>,
    pressed: Arc<AtomicBool>,
}

impl Bench {
    /// Opens the board of `host`'s port.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub fn open(host: Host, printed: Arc<Printed>, pressed: Arc<AtomicBool>, quick: bool) -> Result<Bench> {
        let (written, connector) = host.port_opener(None, &options())?;
        let plug = Plug::new(connector);
        let device = open(&host, &written, &plug)?;
        let (facts, measured) = (Facts::default(), Measured::default());
        Ok(Bench { device, plug, facts, measured, quick, scratch: Scratch::new(), host, written, printed, pressed })
    }

    /// The port as the user wrote it.
    pub fn port(&self) -> &str {
        &self.written
    }

    /// Output of the board since the last call.
    pub fn printed(&self) -> String {
        self.printed.take()
    }

    /// Whether the person has pressed Ctrl-C.
    pub fn is_stopped(&self) -> bool {
        self.pressed.load(Ordering::SeqCst)
    }

    /// Sets a deadline of `limit` from now for all further operations.
    pub fn bound(&self, limit: Duration) {
        self.host.set_deadline(Some(Instant::now() + limit));
    }

    /// The deadline.
    pub fn deadline(&self) -> Option<Instant> {
        self.host.deadline()
    }

    /// Sets the deadline.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        self.host.set_deadline(deadline);
    }

    /// Closes the device.
    pub fn close(&self) {
        self.set_deadline(None);
        // This fails if the board is gone, which the report already says.
        let _ = self.device.close();
    }

    /// Closes the device and opens it again: its memory is empty where the port can restart it.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub fn reopen(&mut self) -> Result<()> {
        self.bound(RECOVERY);
        let _ = self.device.close();
        self.plug.spare();
        for _ in 1..OPENINGS {
            match open(&self.host, &self.written, &self.plug) {
                Err(error) if error.kind().is_a(Kind::ConnectionFailedError) || is_away(&error) => {
                    std::thread::park_timeout(BETWEEN_OPENINGS);
                }
                opened => {
                    self.device = opened?;
                    return Ok(());
                }
            }
        }
        self.device = open(&self.host, &self.written, &self.plug)?;
        Ok(())
    }

    /// Ensures that the board can be used.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub fn recover(&mut self) -> Result<()> {
        self.plug.spare();
        self.bound(RECOVERY);
        if self.device.is_open() && self.works().is_ok_and(|works| works) {
            return Ok(());
        }
        self.reopen()
    }

    /// Whether the board answers.
    ///
    /// # Errors
    /// Of the link.
    pub fn works(&self) -> Result<bool> {
        Ok(self.device.exec("6 * 7", None)? == Value::Int(42))
    }

    /// Runs code; returns the value of an expression.
    ///
    /// # Errors
    /// As [`Device::exec`].
    pub fn exec(&self, code: &str) -> Result<Value> {
        self.device.exec(code, None)
    }

    /// As [`Bench::exec`]; `None` if the board raises an exception.
    ///
    /// # Errors
    /// Of the link.
    pub fn ask(&self, code: &str) -> Result<Option<Value>> {
        match self.device.exec(code, None) {
            Ok(value) => Ok(Some(value)),
            Err(error) if matches!(error.kind(), Kind::DeviceException | Kind::NotLiteralError) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Bytes of free memory after a collection; `None` if the board does not say.
    ///
    /// # Errors
    /// Of the link.
    pub fn free_memory(&self) -> Result<Option<u64>> {
        // Not in one expression: a statement gives `None` too.
        if self.ask("__import__('gc').collect()")?.is_none() {
            return Ok(None);
        }
        Ok(match self.ask("__import__('gc').mem_free()")? {
            Some(Value::Int(bytes)) => u64::try_from(bytes).ok(),
            _ => None,
        })
    }

    /// The raw output of a program.
    ///
    /// # Errors
    /// As [`Device::run_program`].
    pub fn output_of(&self, program: &str) -> Result<Vec<u8>> {
        let mut came = Vec::new();
        self.device.run_program(program, &Origin::new("selftest.py", 1, 1), None, &mut |bytes| {
            came.extend_from_slice(bytes)
        })?;
        Ok(came)
    }

    /// Declares an item from a whole Python `def`.
    ///
    /// # Errors
    /// As [`Device::declare`].
    pub fn declare(&self, kind: ItemKind, source: &str, options: &[(&str, Value)]) -> Result<()> {
        let options: Vec<(String, Value)> =
            options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.device.declare(kind, source, &options, None).map(drop)
    }

    /// Declares a task.
    ///
    /// # Errors
    /// As [`Device::declare`].
    pub fn task(&self, source: &str) -> Result<()> {
        self.declare(ItemKind::Task, source, &[])
    }

    /// Calls an item; returns its value.
    ///
    /// # Errors
    /// As [`Device::call`].
    pub fn call(&self, name: &str, args: &[Value]) -> Result<Value> {
        match self.device.call(name, args, &[], None)? {
            Called::Value(value) => Ok(value),
            Called::Generator(_) => Ok(Value::None),
        }
    }

    /// The host, for operations beyond those of a device.
    pub fn host(&self) -> &Host {
        &self.host
    }
}

/// The port can disappear while the board restarts.
fn is_away(error: &Error) -> bool {
    error.kind() == Kind::DeviceNotFoundError
}

fn options() -> OpenOptions {
    OpenOptions { startup: Some(String::new()), auto_sync_time: false, ..OpenOptions::default() }
}

fn open(host: &Host, written: &str, plug: &Arc<Plug>) -> Result<Device> {
    host.open_over(&Arc::new(Class::device()), written, plug.connector(), options(), &mut |_, _| Ok(()))
}
