//! Declared items bound to a board: which overload, what is sent, what comes back, in which order.
//!
//! [`Host`] holds what the devices of one run share; [`Device`] is a handle to one of them, cheap to clone and to be used
//! from any thread (calls on one device wait for each other).

pub mod class;

use crate::error::{Error, Kind, Result};
use crate::name::Name;
use crate::origin::Origin;
use crate::value::Value;
use class::{Class, ItemKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where the output of boards goes.
pub trait Output: Send + Sync {
    /// Whole or partial lines that the board `device` printed, as text with `\n` ends, the frames of tracebacks mapped.
    fn board(&self, device: &str, text: &str);
    /// A remark for the person at the terminal (standard error), for example that an interpreter is being installed.
    fn notice(&self, text: &str);
    /// How many devices are open from now on, told after every opening and closing. With several, output is prefixed by names.
    fn open_devices(&self, count: usize) {
        let _ = count;
    }
}

/// The options of `open` (language reference, "Opening and using a device").
#[derive(Clone)]
pub struct OpenOptions {
    /// Code to run after connecting. `None`: convenience imports; empty: none.
    pub startup: Option<String>,
    /// Reconnect attempts; negative: for ever.
    pub attempts: i64,
    /// Bits per second on serial ports.
    pub baudrate: u32,
    /// User for ports that ask for one.
    pub user: Option<String>,
    /// Password for ports that ask for one.
    pub password: Option<String>,
    /// Refuse to share the port.
    pub exclusive: bool,
    /// Longest time of one call, unless its item says otherwise.
    pub timeout: Option<Duration>,
    /// State of DTR on open.
    pub dtr: Option<bool>,
    /// State of RTS on open.
    pub rts: Option<bool>,
    /// Restart the board on open. `None`: if the port can.
    pub soft_reset: Option<bool>,
    /// Measure the clock's offset on open.
    pub auto_sync_time: bool,
    /// The device's name in output and errors. `None`: the class's name, then `Bench#2` and so on.
    pub name: Option<String>,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions {
            startup: None,
            attempts: 0,
            baudrate: 115_200,
            user: None,
            password: None,
            exclusive: true,
            timeout: None,
            dtr: None,
            rts: None,
            soft_reset: None,
            auto_sync_time: true,
            name: None,
        }
    }
}

/// The moments of opening at which a class's host-side methods run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Before the autoinit setups: `method pre_autoinit`.
    PreAutoinit,
    /// After them: `method post_init`.
    PostInit,
}

/// What a board says it is.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Implementation {
    /// `micropython`, `circuitpython`, or whatever the firmware calls itself.
    pub name: String,
    /// Major, minor, patch.
    pub version: (u32, u32, u32),
    /// `sys.platform`, for example `rp2`.
    pub platform: String,
    /// Architecture of native code, for example `armv6m`; empty if unknown.
    pub arch: String,
    /// The emitters that the board has: `native`, `viper`.
    pub emitters: Vec<String>,
}

/// What the devices of one run share. Cheap to clone.
#[derive(Clone)]
pub struct Host {}

impl Host {
    /// A host without devices. `port`: the port of `--port`, in any form; `None`: `BELAY_DEVICE`, else the only board.
    pub fn new(output: Arc<dyn Output>, port: Option<String>) -> Host {
        let _ = (output, port);
        Host {}
    }

    /// Ends every call, of any device, that still runs at this time, with a TimeoutError (`--timeout`).
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        let _ = deadline;
    }

    /// Bits per second on serial ports for devices whose `open` says nothing about it (`--baudrate`).
    pub fn set_baudrate(&self, baudrate: u32) {
        let _ = baudrate;
    }

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
        let _ = (class, port, options, hook);
        Err(stub())
    }

    /// The devices that are open, in the order in which they were opened.
    pub fn devices(&self) -> Vec<Device> {
        Vec::new()
    }

    /// Closes every device that is still open, latest first, running its teardowns. Every one is closed even if one fails.
    pub fn close_all(&self) -> Vec<Error> {
        Vec::new()
    }
}

/// What a call gave.
pub enum Called {
    /// A value; `None` for setups, threads and teardowns.
    Value(Value),
    /// A generator task has begun.
    Generator(Generator),
}

/// One open (or closed) device.
#[derive(Clone)]
pub struct Device {}

impl Device {
    /// The name that stands in output and errors: `Bench`, `Bench#2`.
    pub fn name(&self) -> &str {
        ""
    }
    /// The class it was opened as.
    pub fn class(&self) -> &Arc<Class> {
        unreachable!()
    }
    /// The port as the user wrote it.
    pub fn port(&self) -> &str {
        ""
    }
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        false
    }
    /// Whether it is a board simulated by belay-script.
    pub fn is_simulated(&self) -> bool {
        false
    }
    /// What the board says it is.
    pub fn implementation(&self) -> Implementation {
        Implementation::default()
    }
    /// The callable items: names with parameters, in declaration order (`(kind, "read_adc(ch, samples = 8)")`).
    pub fn tasks(&self) -> Vec<(ItemKind, Name, String)> {
        Vec::new()
    }
    /// The recorded commands, oldest first.
    pub fn history(&self) -> Vec<String> {
        Vec::new()
    }
    /// The kind of the callable item `name`, declared by the class or at run time.
    pub fn item(&self, name: &str) -> Option<ItemKind> {
        let _ = name;
        None
    }
    /// Calls an item. `at`: where the call stands in the script.
    ///
    /// # Errors
    /// UnknownTaskError, ArgumentError, DeviceException, TimeoutError, ClosedError, ConnectionLost …
    pub fn call(&self, name: &str, args: &[Value], named: &[(String, Value)], at: Option<&Origin>) -> Result<Called> {
        let _ = (name, args, named, at);
        Err(stub())
    }
    /// Belay's `device(cmd)`: an expression gives its value, statements give `Value::None`.
    ///
    /// # Errors
    /// As [`Device::call`].
    pub fn exec(&self, code: &str, at: Option<&Origin>) -> Result<Value> {
        let _ = (code, at);
        Err(stub())
    }
    /// Runs a whole program in the board's globals (a `.py` file of `run`). What it prints goes to `sink` byte for byte, as it
    /// comes, instead of to the [`Output`]. `origin`: where the program's first character stands.
    ///
    /// # Errors
    /// As [`Device::call`]; the frames of a DeviceException name lines of `origin`'s file.
    pub fn run_program(&self, source: &str, origin: &Origin, sink: &mut dyn FnMut(&[u8])) -> Result<()> {
        let _ = (source, origin, sink);
        Err(stub())
    }
    /// Declares an item at run time from a whole Python `def`; gives its name.
    ///
    /// # Errors
    /// DeclarationError, SpecialFunctionNameError, DeviceException (the board refuses the code) …
    pub fn declare(
        &self,
        kind: ItemKind,
        source: &str,
        options: &[(String, Value)],
        at: Option<&Origin>,
    ) -> Result<Name> {
        let _ = (kind, source, options, at);
        Err(stub())
    }
    /// Restarts the board, runs its main.py, and makes the device usable again with its declarations.
    ///
    /// # Errors
    /// As [`Host::open`].
    pub fn soft_reset(&self) -> Result<()> {
        Err(stub())
    }
    /// Runs the teardowns and closes the port. Nothing happens if it is closed already.
    ///
    /// # Errors
    /// The first error of a teardown; all of them have run and the port is closed.
    pub fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// A generator task that runs on a board. Dropping it frees it there.
pub struct Generator {}

impl Generator {
    /// The next item, or `None` at the end. `send`: what the board's `yield` gives.
    ///
    /// # Errors
    /// As [`Device::call`].
    pub fn resume(&mut self, send: &Value, at: Option<&Origin>) -> Result<Option<Value>> {
        let _ = (send, at);
        Err(stub())
    }
    /// Ends it early; its `finally` blocks run on the board.
    ///
    /// # Errors
    /// As [`Device::call`].
    pub fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

fn stub() -> Error {
    Error::new(Kind::InternalError, "not connected yet")
}
