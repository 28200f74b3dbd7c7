//! The options of opening a device, and the identity of its board.
//!
//! Invariant: plain data.

use crate::port::options::LineOptions;
use std::time::Duration;

/// The options of `open` (language reference, "Opening a device").
#[derive(Clone)]
pub struct OpenOptions {
    /// Code to run after connecting. `None`: convenience imports; empty: none.
    pub startup: Option<String>,
    /// Reconnect attempts; negative: unlimited.
    pub attempts: i64,
    /// The line and the login. Where they are not set, those of the named board apply, then those of the host.
    pub line: LineOptions,
    /// Refuse to share the port.
    pub exclusive: bool,
    /// Timeout of one call, unless its item sets one.
    pub timeout: Option<Duration>,
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
            line: LineOptions::default(),
            exclusive: true,
            timeout: None,
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

/// What a board reports about itself.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Implementation {
    /// `micropython`, `circuitpython`, or another name reported by the firmware.
    pub name: String,
    /// Major, minor, patch.
    pub version: (u32, u32, u32),
    /// `sys.platform`, for example `rp2`.
    pub platform: String,
    /// Architecture of native code, for example `armv6m`; empty if unknown.
    pub arch: String,
    /// The code emitters that the board has: `native`, `viper`.
    pub emitters: Vec<String>,
    /// Bits of its floats: 64, or 32 (or 30, which cannot be distinguished), where `1e100` is `inf`; 0: none, or unknown.
    pub float_bits: u32,
}

impl Implementation {
    /// Whether `sys.stdin` returns nothing while a program runs: MicroPython's WebAssembly port receives its input one
    /// character at a time (`ports/webassembly/main.c`), and its `sys.stdin` is the host program's.
    pub(crate) fn reads_no_input(&self) -> bool {
        self.platform == "webassembly"
    }
}
